#!/usr/bin/env python3
"""Rounding floors of adapters' updates, for test/parity/adapter/adapter.test.ts.

Run with torch, numpy and safetensors installed:
    python test/parity/adapter/make_floors.py
Writes floors.json beside this file: per adapter and tensor that it stores whole, the energy of one rounding in its dtype.
Nothing else of such a model was rounded on the way from the base: a weight with factors is never stored, and a weight that
the adapter does not touch is the base's own.
"""
import json
from pathlib import Path

import numpy as np
import torch
from safetensors.torch import load_file

HERE = Path(__file__).parent
MANTISSA = {torch.bfloat16: 7, torch.float16: 10, torch.float32: 23}


def floor(tensor):
    values = np.abs(tensor.double().numpy())
    places = 2.0 ** (np.floor(np.log2(values[values > 0])) - MANTISSA[tensor.dtype])
    return {"dimensions": tensor.ndim, "floor": float(np.sqrt((places**2).sum() / 12))}


def main():
    floors = {}
    for folder in sorted((HERE / "adapters").iterdir()):
        stored = load_file(folder / "adapter_model.safetensors")
        floors[folder.name] = {
            name.removeprefix("base_model.model.").replace(".base_layer.", "."): floor(tensor)
            for name, tensor in sorted(stored.items())
            if "lora_" not in name
        }
    (HERE / "floors.json").write_text(json.dumps(floors, indent=1) + "\n")


if __name__ == "__main__":
    main()
