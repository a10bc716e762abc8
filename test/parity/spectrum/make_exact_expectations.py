#!/usr/bin/env python3
"""Writes the numbers that `exact.test.ts` holds exact spectra against.

    python test/parity/spectrum/make_exact_expectations.py

Needs (versions the stored file was made with): torch 2.15.0, numpy 2.4.6. No GPU.

`exact.expectations.json` belongs to `exact.cases.json`: matrices that this script and the test both make from integer
hashes. Singular values are `torch.linalg.svdvals` in float64, metrics are written out here; nothing is shared with the
engine.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np
import torch

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from hashed import bell  # noqa: E402
TORCH = {"F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16}
REFLECTIONS = 3


def stored(values, dtype):
    tensor = torch.from_numpy(values)
    if dtype in ("F16", "BF16"):
        tensor = tensor.to(torch.float32)
    return tensor.to(TORCH[dtype]).to(torch.float64)


def with_spectrum(rows, columns, spec, seed):
    """diag(σ) between products of Householder reflections."""
    count = min(rows, columns)
    if "geometric" in spec:
        sigma = np.array([10.0 ** (-spec["geometric"] * i / (count - 1)) for i in range(count)])
    else:
        sigma = np.zeros(count)
        sigma[: sum(number for number, _ in spec["blocks"])] = [value for number, value in spec["blocks"] for _ in range(number)]
    matrix = np.zeros((rows, columns))
    matrix[np.arange(count), np.arange(count)] = sigma * spec.get("scale", 1.0)
    for index in range(REFLECTIONS):
        u, v = bell(seed + 10 + index, rows), bell(seed + 20 + index, columns)
        matrix = matrix - np.outer(u, (2 / (u @ u)) * (u @ matrix))
        matrix = matrix - np.outer((2 / (v @ v)) * (matrix @ v), v)
    return matrix


def delta(case, number):
    rows, columns, dtype = case["rows"], case["columns"], case["dtype"]
    seed = number * 1000
    if "spectrum" in case:
        return stored(with_spectrum(rows, columns, case["spectrum"], seed), dtype)
    scale, relative = case["update"]["scale"], case["update"]["relative"]
    before = bell(seed, rows * columns) * scale
    after = before + bell(seed + 1, rows * columns) * (scale * relative)
    return (stored(after, dtype) - stored(before, dtype)).reshape(rows, columns)


def metrics(sigma):
    spectral = sigma[0]
    if spectral == 0:
        return {"spectral": 0, "nuclear": 0, "stableRank": None, "effectiveRank": None, "conditionNumber": None, "logVolume": None, "topEnergy": {str(k): None for k in (1, 4, 16, 50)}}
    share = sigma / sigma.sum()
    share = share[share > 0]
    relative = sigma / spectral
    energy = (relative**2).sum()
    return {
        "spectral": spectral,
        "nuclear": sigma.sum(),
        "stableRank": energy,
        "effectiveRank": math.exp(-(share * np.log(share)).sum()),
        "conditionNumber": spectral / sigma[-1] if relative[-1] > 1e-6 else None,
        "logVolume": np.log(sigma[:50][relative[:50] > 1e-6]).sum(),
        "topEnergy": {str(k): (relative[:k] ** 2).sum() / energy for k in (1, 4, 16, 50)},
    }


def main():
    torch.set_num_threads(1)
    cases = json.loads((HERE / "exact.cases.json").read_text())
    expectations = {}
    for number, case in enumerate(cases):
        values = delta(case, number)
        # LAPACK scales too large and too small matrices itself, but not to the last decade.
        scale = 2.0 ** -math.floor(math.log2(values.abs().max())) if values.abs().max() > 0 else 1.0
        sigma = torch.linalg.svdvals(values * scale).numpy() / scale
        expectations[case["name"]] = {"values": [float(f"{value:.12g}") for value in sigma], "metrics": metrics(sigma)}
    text = ",\n".join(f"{json.dumps(name)}: {json.dumps(expected)}" for name, expected in expectations.items())
    (HERE / "exact.expectations.json").write_text("{\n" + text + "\n}\n")


if __name__ == "__main__":
    main()
