#!/usr/bin/env python3
"""What transformers makes of position settings under old, new and both keys, nested and on top, for rope.test.ts.

Run with torch and transformers 5 installed:
    python test/parity/model/make_rope.py [FAMILY...]
Given families, only those are made anew. Writes rope.json beside this file: per case the config, and either the inverse frequencies, the factor on cos and sin and
the axis of every pair, or the error with which transformers refuses to load or run a model of that config.
"""
import base64
import copy
import json
import sys
import tempfile
import warnings
from pathlib import Path

import numpy as np
import torch
import transformers
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

HERE = Path(__file__).parent
warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_grad_enabled(False)
torch.manual_seed(0)

TEXT = dict(vocab_size=32, hidden_size=64, intermediate_size=16, num_hidden_layers=1, num_attention_heads=2, num_key_value_heads=1, max_position_embeddings=8192)
HYBRID = dict(TEXT, head_dim=32, layer_types=["full_attention"])
VISION = dict(depth=1, num_heads=2, hidden_size=16, intermediate_size=16, out_hidden_size=64, patch_size=4, num_position_embeddings=16, deepstack_visual_indexes=[0], fullatt_block_indexes=[0])
NEW = dict(rope_type="default", rope_theta=500.0)
YARN = dict(rope_type="yarn", factor=4.0, original_max_position_embeddings=1024)
LLAMA3 = dict(rope_type="llama3", factor=8.0, low_freq_factor=1.0, high_freq_factor=4.0, original_max_position_embeddings=1024)
LONG = dict(rope_type="longrope", factor=4.0, short_factor=[1.0] * 16, long_factor=[2.0] * 16, original_max_position_embeddings=1024)
SECTION = dict(mrope_section=[8, 4, 4])

# What the language model's config holds. Rotations of text models first, those with three axes after them.
PLAIN = {
    "nothing": {},
    "parameters": dict(rope_parameters=NEW),
    "parameters null": dict(rope_parameters=None, rope_theta=500.0),
    "parameters empty": dict(rope_parameters={}, rope_theta=500.0),
    "parameters without theta": dict(rope_parameters=dict(rope_type="default"), rope_theta=500.0),
    "parameters without theta anywhere": dict(rope_parameters=dict(rope_type="default")),
    "theta in both": dict(rope_parameters=NEW, rope_theta=77.0),
    "theta null in parameters": dict(rope_parameters=dict(rope_type="default", rope_theta=None), rope_theta=77.0),
    "theta alone": dict(rope_theta=500.0),
    "theta whole": dict(rope_theta=500),
    "theta null": dict(rope_theta=None),
    "theta text": dict(rope_theta="x"),
    "theta text in parameters": dict(rope_parameters=dict(NEW, rope_theta="500")),
    "theta zero": dict(rope_theta=0.0),
    "theta negative": dict(rope_theta=-5.0),
    "parameters no object": dict(rope_parameters=[1]),
    "scaling no object": dict(rope_scaling="yarn", rope_theta=500.0),
    "scaling false": dict(rope_parameters=NEW, rope_scaling=False),
    "scaling empty": dict(rope_parameters=NEW, rope_scaling={}),
    "scaling null": dict(rope_scaling=None, rope_theta=500.0),
    "old linear by type": dict(rope_theta=500.0, rope_scaling=dict(type="linear", factor=2.0)),
    "old linear by rope_type": dict(rope_theta=500.0, rope_scaling=dict(rope_type="linear", factor=2.0)),
    "type and rope_type": dict(rope_theta=500.0, rope_scaling=dict(type="linear", rope_type="default", factor=2.0)),
    "rope_type null": dict(rope_theta=500.0, rope_scaling=dict(type="linear", rope_type=None, factor=2.0)),
    "no type at all": dict(rope_theta=500.0, rope_scaling=dict(factor=2.0)),
    "type default with factor": dict(rope_parameters=dict(NEW, factor=2.0)),
    "linear without factor": dict(rope_parameters=dict(NEW, rope_type="linear")),
    "linear factor text": dict(rope_parameters=dict(NEW, rope_type="linear", factor="2")),
    "linear factor null": dict(rope_parameters=dict(NEW, rope_type="linear", factor=None)),
    "linear factor zero": dict(rope_parameters=dict(NEW, rope_type="linear", factor=0)),
    "linear factor below one": dict(rope_parameters=dict(NEW, rope_type="linear", factor=0.5)),
    "old yarn": dict(rope_theta=500.0, rope_scaling=dict(YARN)),
    "old yarn by type": dict(rope_theta=500.0, rope_scaling=dict(type="yarn", factor=4.0, original_max_position_embeddings=1024)),
    "both: scaling added to parameters": dict(rope_parameters=NEW, rope_scaling=YARN),
    "both: scaling added, theta on top": dict(rope_parameters=NEW, rope_theta=77.0, rope_scaling=YARN),
    "both: scaling with its own theta": dict(rope_parameters=NEW, rope_scaling=dict(YARN, rope_theta=99.0)),
    "both: linear beside yarn": dict(rope_parameters=dict(YARN, rope_theta=500.0), rope_scaling=dict(type="linear", factor=3.0)),
    "both: default beside yarn": dict(rope_parameters=dict(YARN, rope_theta=500.0), rope_scaling=dict(rope_type="default")),
    "both: null beside yarn": dict(rope_parameters=dict(YARN, rope_theta=500.0), rope_scaling=None),
    "yarn": dict(rope_parameters=dict(YARN, rope_theta=500.0)),
    "yarn without original": dict(rope_parameters=dict(rope_type="yarn", rope_theta=500.0, factor=4.0)),
    "yarn without factor": dict(rope_parameters=dict(rope_type="yarn", rope_theta=500.0, original_max_position_embeddings=1024)),
    "yarn factor null": dict(rope_parameters=dict(YARN, rope_theta=500.0, factor=None)),
    "yarn original null": dict(rope_parameters=dict(YARN, rope_theta=500.0, original_max_position_embeddings=None)),
    "yarn original on top": dict(rope_parameters=dict(rope_type="yarn", rope_theta=500.0, factor=4.0), original_max_position_embeddings=512),
    "yarn original in both": dict(rope_parameters=dict(YARN, rope_theta=500.0), original_max_position_embeddings=512),
    "yarn attention factor": dict(rope_parameters=dict(YARN, rope_theta=500.0, attention_factor=0.7)),
    "yarn attention factor whole": dict(rope_parameters=dict(YARN, rope_theta=500.0, attention_factor=1)),
    "yarn attention factor zero": dict(rope_parameters=dict(YARN, rope_theta=500.0, attention_factor=0.0)),
    "yarn mscale": dict(rope_parameters=dict(YARN, rope_theta=500.0, mscale=0.9)),
    "yarn both mscales": dict(rope_parameters=dict(YARN, rope_theta=500.0, mscale=0.9, mscale_all_dim=0.5)),
    "yarn mscale_all_dim zero": dict(rope_parameters=dict(YARN, rope_theta=500.0, mscale=0.9, mscale_all_dim=0)),
    "yarn betas": dict(rope_parameters=dict(YARN, rope_theta=500.0, beta_fast=8, beta_slow=2)),
    "yarn beta zero": dict(rope_parameters=dict(YARN, rope_theta=500.0, beta_fast=0)),
    "yarn not truncated": dict(rope_parameters=dict(YARN, rope_theta=500.0, truncate=False)),
    "yarn truncate zero": dict(rope_parameters=dict(YARN, rope_theta=500.0, truncate=0)),
    "yarn truncate null": dict(rope_parameters=dict(YARN, rope_theta=500.0, truncate=None)),
    "yarn factor one": dict(rope_parameters=dict(YARN, rope_theta=500.0, factor=1.0)),
    "yarn factor below one": dict(rope_parameters=dict(YARN, rope_theta=500.0, factor=0.5)),
    "yarn theta one": dict(rope_parameters=dict(YARN, rope_theta=1.0)),
    "yarn finetuned": dict(rope_parameters=dict(YARN, rope_theta=500.0, finetuned=True)),
    "llama3": dict(rope_parameters=dict(LLAMA3, rope_theta=500.0)),
    "old llama3": dict(rope_theta=500.0, rope_scaling=LLAMA3),
    "llama3 without original": dict(rope_parameters={k: v for k, v in dict(LLAMA3, rope_theta=500.0).items() if k != "original_max_position_embeddings"}),
    "llama3 original on top": dict(rope_parameters=dict(LLAMA3, rope_theta=500.0), original_max_position_embeddings=2048),
    "llama3 without low": dict(rope_parameters={k: v for k, v in dict(LLAMA3, rope_theta=500.0).items() if k != "low_freq_factor"}),
    "dynamic": dict(rope_parameters=dict(NEW, rope_type="dynamic", factor=4.0)),
    "old dynamic": dict(rope_theta=500.0, rope_scaling=dict(type="dynamic", factor=4.0)),
    "longrope": dict(rope_parameters=dict(LONG, rope_theta=500.0)),
    "su": dict(rope_theta=500.0, rope_scaling=dict(LONG, rope_type="su")),
    "proportional": dict(rope_parameters=dict(NEW, rope_type="proportional", partial_rotary_factor=0.5)),
    "unknown type": dict(rope_parameters=dict(NEW, rope_type="spiral")),
    "mrope type": dict(rope_theta=500.0, rope_scaling=dict(type="mrope", **SECTION)),
    "mrope rope_type": dict(rope_theta=500.0, rope_scaling=dict(rope_type="mrope", **SECTION)),
    "partial in parameters": dict(rope_parameters=dict(NEW, partial_rotary_factor=0.5)),
    "partial on top": dict(rope_parameters=NEW, partial_rotary_factor=0.5),
    "partial one": dict(rope_parameters=dict(NEW, partial_rotary_factor=1.0)),
    "partial with yarn": dict(rope_parameters=dict(YARN, rope_theta=500.0, partial_rotary_factor=0.5)),
    "partial on top with yarn": dict(rope_parameters=dict(YARN, rope_theta=500.0), partial_rotary_factor=0.5),
    "partial on top with linear": dict(rope_parameters=dict(NEW, rope_type="linear", factor=2.0), partial_rotary_factor=0.5),
    "partial with llama3": dict(rope_parameters=dict(LLAMA3, rope_theta=500.0, partial_rotary_factor=0.5)),
    "by layer type": dict(rope_parameters=dict(full_attention=NEW), rope_theta=77.0),
    "by layer types": dict(rope_parameters=dict(full_attention=NEW, sliding_attention=NEW)),
    "head_dim given": dict(rope_parameters=NEW, head_dim=32),
    "max_position_embeddings for yarn": dict(rope_parameters=dict(rope_type="yarn", rope_theta=500.0, factor=4.0), max_position_embeddings=2048),
}
# With three axes: the same with sections in whichever object counts, and what is about sections.
AXES = {
    "sections missing": dict(rope_parameters=NEW),
    "sections lost to scaling": dict(rope_parameters=dict(NEW, **SECTION), rope_scaling=YARN),
    "sections in scaling": dict(rope_parameters=NEW, rope_scaling=dict(rope_type="default", **SECTION)),
    "sections of another sum": dict(rope_parameters=dict(NEW, mrope_section=[6, 4, 4])),
    "sections of two": dict(rope_parameters=dict(NEW, mrope_section=[8, 8])),
    "sections of four": dict(rope_parameters=dict(NEW, mrope_section=[4, 4, 4, 4])),
    "sections text": dict(rope_parameters=dict(NEW, mrope_section=["8", "4", "4"])),
    "sections negative": dict(rope_parameters=dict(NEW, mrope_section=[17, -1, 0])),
    "sections null": dict(rope_parameters=dict(NEW, mrope_section=None)),
    "interleaved flag off": dict(rope_parameters=dict(NEW, mrope_interleaved=False, **SECTION)),
    "interleaved flag on": dict(rope_parameters=dict(NEW, mrope_interleaved=True, **SECTION)),
    "sections on top of the text": dict(rope_parameters=NEW, mrope_section=[8, 4, 4]),
}
# Beside a nested text_config: (top level, text_config).
TOPS = {
    "top scaling": (dict(rope_scaling=dict(YARN, **SECTION)), dict(rope_parameters=dict(NEW, **SECTION))),
    "top scaling and theta": (dict(rope_scaling=dict(YARN, **SECTION), rope_theta=99.0), dict(rope_parameters=dict(NEW, **SECTION))),
    "top default scaling and theta": (dict(rope_scaling=dict(rope_type="default", **SECTION), rope_theta=99.0), dict(rope_parameters=dict(NEW, **SECTION))),
    "top parameters": (dict(rope_parameters=dict(YARN, rope_theta=99.0, **SECTION)), dict(rope_parameters=dict(NEW, **SECTION))),
    "top theta": (dict(rope_theta=99.0), dict(rope_scaling=dict(rope_type="default", **SECTION))),
    "top and nested scaling": (dict(rope_scaling=dict(YARN, **SECTION)), dict(rope_parameters=dict(NEW, **SECTION), rope_scaling=dict(type="linear", factor=3.0, **SECTION))),
    "top linear": (dict(rope_scaling=dict(type="linear", factor=3.0, **SECTION)), dict(rope_parameters=dict(NEW, **SECTION))),
    "top dynamic and theta": (dict(rope_scaling=dict(type="dynamic", factor=3.0, **SECTION), rope_theta=99.0), dict(rope_parameters=dict(NEW, **SECTION))),
    "top empty": (dict(rope_scaling={}), dict(rope_parameters=dict(NEW, **SECTION))),
    "top null": (dict(rope_scaling=None), dict(rope_parameters=dict(NEW, **SECTION))),
    "top partial": (dict(partial_rotary_factor=0.5), dict(rope_parameters=dict(NEW, **SECTION))),
    "top original": (dict(original_max_position_embeddings=512), dict(rope_parameters=dict(YARN, rope_theta=500.0, **SECTION))),
}


def with_sections(entry):
    entry = copy.deepcopy(entry)
    for key in ("rope_scaling", "rope_parameters"):
        if isinstance(entry.get(key), dict) and entry[key]:
            entry[key].setdefault("mrope_section", [8, 4, 4])
            return entry
    return dict(entry, rope_scaling=dict(rope_type="default", **SECTION)) if not entry.get("rope_scaling") and not entry.get("rope_parameters") else entry


def cases():
    for family in ("llama", "qwen2", "qwen3", "qwen3_5_text"):
        text = {"qwen3": dict(TEXT, head_dim=32), "qwen3_5_text": HYBRID}.get(family, TEXT)
        for name, entry in PLAIN.items():
            yield f"{family}: {name}", {"model_type": family, **text, **entry}
    for family in ("qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_5"):
        text = {"qwen3_vl": dict(TEXT, head_dim=32), "qwen3_5": HYBRID}.get(family, TEXT)
        outer = {"model_type": family, "image_token_id": 2, "vision_config": dict(VISION, embed_dim=16) if family == "qwen2_vl" else VISION}
        for name, entry in PLAIN.items():
            yield f"{family}: {name}", {**outer, "text_config": {**text, **with_sections(entry)}}
        for name, entry in AXES.items():
            yield f"{family}: {name}", {**outer, "text_config": {**text, **entry}}
        for name, (top, entry) in TOPS.items():
            yield f"{family}: {name}", {**outer, **top, "text_config": {**text, **entry}}
        if not family.startswith("qwen3"):
            for name in ("nothing", "theta alone", "old yarn", "both: scaling added to parameters", "yarn", "mrope type", "parameters", "theta in both", "yarn original on top", "partial on top"):
                yield f"{family}, flat: {name}", {**outer, **text, **with_sections(PLAIN[name])}


def measure(config):
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "config.json").write_text(json.dumps(config))
        read = AutoConfig.from_pretrained(folder)
        vision = "vision_config" in config
        model = (AutoModelForImageTextToText if vision else AutoModelForCausalLM).from_config(read).float().eval()
        model(input_ids=torch.tensor([[3, 4, 5, 6, 7]]))
        rotary = (model.model.language_model if vision else model.model).rotary_emb
        frequencies = rotary.inv_freq.float().numpy()
        axes = torch.zeros(len(frequencies))
        if vision:
            axes = rotary.recomposition_frequencies(torch.tensor([0.0, 1.0, 2.0])[:, None, None, None].expand(3, 1, 1, len(frequencies)).clone())[0, 0, : len(frequencies)]
        if not np.isfinite(frequencies).all():
            raise ValueError("frequencies are not finite")
        return {
            "type": rotary.rope_type,
            "frequencies": base64.b64encode(frequencies.astype("<f4").tobytes()).decode(),
            "scale": float(rotary.attention_scaling),
            "axes": [int(axis) for axis in axes],
        }


def main(wanted):
    made = json.loads((HERE / "rope.json").read_text())["cases"] if wanted else []
    made = [entry for entry in made if entry["config"]["model_type"] not in wanted]
    for name, config in cases():
        if wanted and config["model_type"] not in wanted:
            continue
        entry = {"name": name, "config": config}
        try:
            entry["expected"] = measure(copy.deepcopy(config))
        except Exception as error:  # whatever it says, it does not run
            entry["refused"] = f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
        made.append(entry)
        print(name, "->", entry.get("refused") or (entry["expected"]["type"], entry["expected"]["scale"], np.frombuffer(base64.b64decode(entry["expected"]["frequencies"]), "<f4").round(5).tolist(), entry["expected"]["axes"]))
    (HERE / "rope.json").write_text(json.dumps({"transformers": transformers.__version__, "cases": made}) + "\n")


main(sys.argv[1:])
