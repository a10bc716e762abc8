#!/usr/bin/env python3
"""The same figures in PyTorch: the yardstick of `npm run bench -- compare`. Prints JSON.

    python compare_torch.py BEFORE AFTER THREADS

Written with care, as one would by hand: `load_file`, then tensor by tensor in float32, with the fastest PyTorch
operations that still keep to about 1e-6 of float64. (One `vector_norm` over a large float32 tensor is up to 13 % off, and
over float64 three times slower; norms of rows, added in float64, are exact enough and the fastest of all.)
"""

import json
import sys
import time
from pathlib import Path

import torch
from safetensors.torch import load_file


def load(folder):
    tensors = {}
    for file in sorted(Path(folder).glob("*.safetensors")):
        tensors.update(load_file(file))
    return tensors


def squares(values):
    """Sum of squares: rows in float32, their sum in float64."""
    return torch.linalg.vector_norm(values, dim=-1).double().square().sum().item()


def compare(before, after):
    a, b = before.float(), after.float()
    delta = b - a
    changed = torch.count_nonzero(a != b).item()
    smallest, largest = (value.item() for value in delta.aminmax())
    a2, b2, delta2 = squares(a), squares(b), squares(delta)
    dot = (a2 + b2 - delta2) / 2
    # ulp of what is stored: the exponent bits alone are the power of two below the weight.
    exponent = (b.view(torch.int32) & 0x7F800000).view(torch.float32)
    floor = (squares(exponent) / 12) ** 0.5 * torch.finfo(after.dtype).eps
    finite = a2 < float("inf") and b2 < float("inf")
    return {
        "fro": delta2**0.5, "relative": (delta2 / a2) ** 0.5 if a2 else None, "cosine": dot / (a2 * b2) ** 0.5 if a2 and b2 else None,
        "maxAbs": max(largest, -smallest), "changed": changed / a.numel(), "floor": floor,
        "nonFinite": 0 if finite else (~(a.isfinite() & b.isfinite())).sum().item(),
    }


if __name__ == "__main__":
    _, before_folder, after_folder, threads = sys.argv
    torch.set_num_threads(int(threads))
    started = time.perf_counter()
    before, after = load(before_folder), load(after_folder)
    loaded = time.perf_counter()
    figures = {name: compare(before[name], after[name]) for name in before}
    done = time.perf_counter()
    print(json.dumps({"torch": torch.__version__, "load": loaded - started, "compute": done - loaded, "tensors": figures}))
