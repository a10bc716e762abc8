#!/usr/bin/env python3
"""Writes which configs mergekit's own parser accepts: `configs.json`, for `configs.test.ts`.

    python test/parity/merge/make_configs.py

Needs (versions the stored file was made with): mergekit 0.1.5, torch 2.15.0, transformers 5.23.0. No GPU.

Every key of mergekit's schema is given every value of VALUES in turn, in a config that is valid without it. Verdicts:
`refused` where `MergeConfiguration.model_validate` does not take what `yaml.safe_load` reads, as `mergekit-yaml` does first;
`fails` where it does and the merge of two small models then fails; `merges` where a model is written.
"""

import copy
import json
import os
import shutil
import tempfile
from pathlib import Path

os.environ["HF_HUB_OFFLINE"] = "1"

import torch
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from transformers import Qwen2Config, Qwen2ForCausalLM

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]

LINEAR = {"merge_method": "linear", "models": [{"model": "a", "parameters": {"weight": 1}}, {"model": "b", "parameters": {"weight": 1}}]}
SLICES = {
    "merge_method": "linear",
    "slices": [{"sources": [{"model": "a", "layer_range": [0, 2], "parameters": {"weight": 1}}, {"model": "b", "layer_range": [0, 2], "parameters": {"weight": 1}}]}],
}
MODULES = {"merge_method": "linear", "modules": {"default": {"models": LINEAR["models"]}}}
SLICED_MODULES = {"merge_method": "linear", "modules": {"default": {"slices": SLICES["slices"]}}}
REFERENCE = {**LINEAR, "models": [{"model": {"model": {"path": "a"}}, "parameters": {"weight": 1}}, LINEAR["models"][1]]}
CASES = {**LINEAR, "parameters": {"normalize": [{"filter": "mlp", "value": True}, {"value": False}]}}
TOKENIZER = {**LINEAR, "tokenizer": {"source": "base"}}
TOKENS = {**LINEAR, "tokenizer": {"source": "base", "tokens": {"<a>": {"source": {"kind": "zero"}}}}}

# Of YAML's kinds one each, and what pydantic turns into another.
VALUES = [None, "", [], {}, "word", "5", 5, 0.5, True, ["word"], [1], [None], {"word": "word"}, {"word": 1}, {"word": None}]
RANGES = [[0], [0, 1, 2], [0, None], ["0", "2"], [0.0, 2.0], [0, 1.5], [False, True], "0-2"]

KEYS = [
    (LINEAR, [["merge_method"], ["base_model"], ["dtype"], ["out_dtype"], ["tokenizer_source"], ["tokenizer"], ["chat_template"], ["parameters"], ["models"], ["slices"], ["modules"]]),
    (LINEAR, [["models", 0], ["models", 0, "model"], ["models", 0, "parameters"], ["models", 0, "parameters", "weight"], ["parameters", "normalize"], ["override_architecture"], ["name"]]),
    (SLICES, [["models"], ["modules"], ["slices", 0], ["slices", 0, "sources"], ["slices", 0, "base_model"], ["slices", 0, "residual_weight"], ["slices", 0, "parameters"]]),
    (SLICES, [["slices", 0, "sources", 0, key] for key in ("model", "layer_range", "parameters")]),
    (MODULES, [["models"], ["slices"], ["modules", "default"]]),
    (MODULES, [["modules", "default", key] for key in ("models", "slices", "parameters")]),
    (SLICED_MODULES, [["modules", "default", key] for key in ("models", "slices", "parameters")]),
    (REFERENCE, [["models", 0, "model", key] for key in ("model", "lora", "override_architecture")]),
    (REFERENCE, [["models", 0, "model", "model", key] for key in ("path", "revision")]),
    (REFERENCE, [["models", 0, "model", "lora", "path"]]),
    (CASES, [["parameters", "normalize", 0, "filter"], ["parameters", "normalize", 0, "value"], ["parameters", "normalize", 1, "filter"]]),
    (TOKENIZER, [["tokenizer_source"]] + [["tokenizer", key] for key in ("source", "tokens", "pad_to_multiple_of")]),
    (TOKENS, [["tokenizer", "tokens", "<a>"]] + [["tokenizer", "tokens", "<a>", key] for key in ("source", "force")]),
]

# Several at once, as people write them.
WHOLE = [
    {**LINEAR, "override_architecture": None, "dtype": None, "out_dtype": None, "tokenizer_source": None, "tokenizer": None, "chat_template": None, "parameters": None, "base_model": None, "slices": None, "modules": None},
    {**SLICES, "models": [], "modules": {}},
    {**LINEAR, "tokenizer_source": "base", "tokenizer": None},
    {**LINEAR, "tokenizer_source": None, "tokenizer": {"source": "base"}},
    {**LINEAR, "tokenizer_source": "base", "tokenizer": {"source": "base"}},
    {**LINEAR, "models": [], "slices": [], "modules": {}},
]


def replaced(config, path, value):
    config = copy.deepcopy(config)
    inner = config
    for step, following in zip(path, path[1:]):
        if isinstance(inner, dict):
            inner = inner.setdefault(step, [] if isinstance(following, int) else {})
        else:
            inner = inner[step]
    inner[path[-1]] = value
    return config


def write_models():
    """`a` and `b`: two layers of a language model, with the tokenizer of the samples."""
    for seed, name in enumerate("ab"):
        torch.manual_seed(seed)
        config = Qwen2Config(vocab_size=512, hidden_size=16, intermediate_size=16, num_hidden_layers=2, num_attention_heads=2, num_key_value_heads=2)
        Qwen2ForCausalLM(config).save_pretrained(name)
        for file in ("tokenizer.json", "tokenizer_config.json"):
            shutil.copy(ROOT / "samples/lineage/in" / file, name)


def verdict(text):
    try:
        config = MergeConfiguration.model_validate(yaml.safe_load(text))
    except Exception:
        return "refused"
    try:
        with tempfile.TemporaryDirectory() as out:
            run_merge(config, out, MergeOptions(quiet=True, write_model_card=False))
            return "merges" if (Path(out) / "model.safetensors").exists() else "fails"
    except BaseException as error:
        if isinstance(error, KeyboardInterrupt):
            raise
        return "fails"


def main():
    os.chdir(tempfile.mkdtemp())
    write_models()
    configs = [(what, config) for what, config in zip(("linear", "slices", "modules", "sliced modules", "reference", "cases", "tokenizer", "tokens"), (LINEAR, SLICES, MODULES, SLICED_MODULES, REFERENCE, CASES, TOKENIZER, TOKENS))]
    for base, paths in KEYS:
        for path in paths:
            for value in VALUES + (RANGES if path[-1] == "layer_range" else []):
                configs.append((f"{'.'.join(map(str, path))}: {json.dumps(value)}", replaced(base, path, value)))
    configs += [(f"whole {index}", config) for index, config in enumerate(WHOLE)]
    rows = []
    for what, config in configs:
        # JSON is YAML, and says which texts are texts.
        text = json.dumps(config)
        rows.append(json.dumps({"what": what, "verdict": verdict(text), "config": config}))
    (HERE / "configs.json").write_text("[\n  " + ",\n  ".join(rows) + "\n]\n")


if __name__ == "__main__":
    main()
