#!/usr/bin/env python3
"""Writes what mergekit makes of the tensors of `cases.json`: `expectations.json`, for `methods.test.ts`.

    python test/parity/merge/make_expectations.py

Needs (versions the stored file was made with): mergekit 0.1.5, torch 2.15.0, numpy 2.4.6. No GPU.

Tensors are made from integer hashes, here and in the test, so that none is stored. mergekit's own methods run in
float64. Random masks are recorded as they are drawn and stored, so that the test can use the same. Sorting is made
stable: which of several equal differences mergekit keeps is otherwise left to the sorting algorithm.
"""

import base64
import functools
import json
import sys
from pathlib import Path

import numpy as np
import torch
from mergekit import merge_methods
from mergekit.merge_methods import TensorGroup

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from hashed import bell, mix  # noqa: E402
SCALE = 0.05
# Larger results are stored as a sample and sums.
WHOLE = 500
STRIDE = 97


def values_of(tensor, index):
    """Weights of one model: the first is the base, the others are the base and an update."""
    count = int(np.prod(tensor["shape"]))
    scale = tensor.get("scale", SCALE)
    model = tensor["models"][index]
    values = scale * bell(tensor["models"][0]["seed"], count)
    if "update" in model:
        moved = mix(model["seed"] + 500, np.arange(count, dtype=np.uint32)).astype(np.float64) / 2.0**32 < model.get("changed", 1)
        values = values + np.where(moved, scale * model["update"] * bell(model["seed"], count), 0)
    if "grid" in tensor:
        values = np.floor(values * tensor["grid"] + 0.5) / tensor["grid"]
    return torch.from_numpy(values.reshape(tensor["shape"]))


def stored(result):
    flat = result.reshape(-1).numpy()
    if flat.size <= WHOLE:
        return {"values": flat.tolist()}
    return {
        "sample": flat[::STRIDE].tolist(),
        "sums": [float(flat.sum()), float(np.abs(flat).sum()), float((flat * np.arange(flat.size)).sum())],
    }


def run(case, tensor):
    masks = []
    bernoulli = torch.bernoulli

    def record(probabilities, *args, **kwargs):
        mask = bernoulli(probabilities, *args, **kwargs)
        masks.append(mask.bool())
        return mask

    group = TensorGroup.from_tensors([values_of(tensor, index) for index in case["inputs"]], base_index=case["inputs"].index(case["base"]) if "base" in case else None)
    method = merge_methods.get(case["method"])
    models = case.get("models", [{}] * len(case["inputs"]))
    parameters = dict(case.get("shared", {}))
    for name in {name for model in models for name in model}:
        # Every input that has none gets the default, which is the same for all.
        default = next(p.default for p in method.spec.parameters if p.name == name)
        parameters[name] = {index: model.get(name, default) for index, model in enumerate(models) if name in model or index != (group.base.id if group.base else None)}
    torch.manual_seed(0)
    torch.bernoulli = record
    try:
        (result,) = method((group,), parameters=parameters, dtype=torch.float64)
    finally:
        torch.bernoulli = bernoulli
    entry = stored(result)
    if masks:
        entry["masks"] = [base64.b64encode(np.packbits(mask.reshape(-1).numpy(), bitorder="little").tobytes()).decode() for mask in masks]
    return entry


torch.sort = functools.partial(torch.sort, stable=True)
torch.argsort = functools.partial(torch.argsort, stable=True)
torch.Tensor.argsort = lambda self, **options: torch.argsort(self, **options)


def main():
    data = json.loads((HERE / "cases.json").read_text())
    result = []
    for case in data["cases"]:
        result.append({name: run(case, data["tensors"][name]) for name in case["tensors"] if max(case["inputs"]) < len(data["tensors"][name]["models"])})
    lines = ",\n".join("    " + json.dumps(entry) for entry in result)
    (HERE / "expectations.json").write_text('{\n  "note": "Made by make_expectations.py with mergekit; do not edit.",\n  "cases": [\n' + lines + "\n  ]\n}\n")


if __name__ == "__main__":
    main()
