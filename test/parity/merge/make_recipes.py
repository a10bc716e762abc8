#!/usr/bin/env python3
"""Writes what mergekit makes of the recipes in `recipes/`: `recipes.json`, for `recipes.test.ts`.

    python test/parity/merge/make_recipes.py

Needs (versions the stored file was made with): mergekit 0.1.5, torch 2.15.0, transformers 5.23.0. No GPU. To be run
again after the sample lineage was made anew.

`recipes/*.yml` are configs of mergekit, which reads their paths relative to the working folder: that of the recipes.
`recipes/*.generated.yml` are what the product writes for the recipes of its own beside them (the test holds it to that).
mergekit runs whole merges of the sample lineage. Of every tensor of a splice the SHA-256 is stored, of others sums and
samples. The splice also runs in transformers.
"""

import functools
import hashlib
import json
import os
import tempfile
from pathlib import Path

import torch
import yaml
from mergekit.config import MergeConfiguration
from mergekit.merge import run_merge
from mergekit.options import MergeOptions
from PIL import Image
from safetensors.torch import load_file
from transformers import AutoModelForImageTextToText, AutoProcessor

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
CASES = [("samples/eval/{image}", "general", 0), ("samples/eval/{image}", "math", 1), (None, "text", 2)]

# Which of several equal differences is kept is otherwise left to the sorting algorithm.
torch.sort = functools.partial(torch.sort, stable=True)
torch.argsort = functools.partial(torch.argsort, stable=True)


def figures(tensor):
    flat = tensor.reshape(-1)
    if tensor.dtype == torch.bfloat16:
        return hashlib.sha256(flat.view(torch.int16).numpy().tobytes()).hexdigest()
    values = flat.double()
    places = torch.arange(values.numel(), dtype=torch.float64)
    samples = [values[values.numel() * k // 3 + (0 if k < 3 else -1)].item() for k in range(4)]
    return [values.sum().item(), values.abs().sum().item(), (values * places).sum().item(), *samples]


@torch.no_grad()
def answers(folder):
    processor = AutoProcessor.from_pretrained(folder)
    net = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
    for image, name, index in CASES:
        item = [json.loads(line) for line in (ROOT / f"samples/eval/{name}.jsonl").read_text().splitlines()][index]
        path = image and image.format(**item)
        content = ([{"type": "image"}] if path else []) + [{"type": "text", "text": item["prompt"]}]
        prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        x = processor(text=[prompt], images=[Image.open(ROOT / path).convert("RGB")] if path else None, return_tensors="pt")
        logits = net(**x).logits[0, -1]
        yield {"image": path, "prompt": item["prompt"], "logits": [float(f"{value:.6g}") for value in logits.tolist()]}


def main():
    os.chdir(HERE / "recipes")
    out = {}
    for recipe in sorted(Path(".").glob("*.yml")):
        config = MergeConfiguration.model_validate(yaml.safe_load(recipe.read_text()))
        with tempfile.TemporaryDirectory() as folder:
            run_merge(config, folder, MergeOptions(quiet=True))
            tensors = load_file(Path(folder) / "model.safetensors")
            out[str(recipe)] = {"dtypes": sorted({str(t.dtype) for t in tensors.values()}), "tensors": {name: figures(tensor) for name, tensor in tensors.items()}}
            if recipe.name == "splice.yml":
                out[str(recipe)]["answers"] = list(answers(folder))
    lines = ",\n".join(f"  {json.dumps(name)}: {json.dumps(entry)}" for name, entry in out.items())
    (HERE / "recipes.json").write_text("{\n" + lines + "\n}\n")


if __name__ == "__main__":
    main()
