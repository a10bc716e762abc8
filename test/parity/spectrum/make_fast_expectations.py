#!/usr/bin/env python3
"""Writes what `fast.test.ts` holds fast spectra, metrics and overlaps against.

    python test/parity/spectrum/make_fast_expectations.py

Needs numpy (2.4.6 made the stored file). Script and test make the same matrices from integer hashes; every number comes
from `numpy.linalg.svd` in float64.
"""

import json
import math
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from hashed import bell  # noqa: E402
ROWS, COLUMNS, DIRECTIONS, OVERLAP = 352, 480, 8, 6


def update(case):
    """Directions 2^-i of hashed vectors, and noise; in float32, as it is stored."""
    left = bell(case["left"], ROWS * DIRECTIONS).reshape(ROWS, DIRECTIONS)
    right = bell(case["right"], DIRECTIONS * COLUMNS).reshape(DIRECTIONS, COLUMNS)
    scales = case["scale"] * 2.0 ** -np.arange(DIRECTIONS)
    matrix = (left * scales) @ right + case["noise"] * bell(case["seed"], ROWS * COLUMNS).reshape(ROWS, COLUMNS)
    return matrix.astype(np.float32).astype(np.float64)


def metrics(values, fro):
    share = values / values.sum()
    return {
        "spectral": values[0], "nuclear": values.sum(), "fro": fro,
        "stableRank": (fro / values[0]) ** 2,
        "effectiveRank": math.exp(-(share * np.log(share)).sum()),
        "conditionNumber": values[0] / values[-1],
        "logVolume": np.log(values[:50]).sum(),
        "topEnergy": {str(k): (values[:k] ** 2).sum() / fro ** 2 for k in (1, 4, 16, 50)},
    }


CASES = {
    "directions above noise": {"left": 1, "right": 2, "seed": 3, "scale": 1e-3, "noise": 2e-5},
    "other directions, same inputs": {"left": 4, "right": 2, "seed": 5, "scale": 2e-3, "noise": 2e-5},
    "noise alone": {"left": 6, "right": 7, "seed": 8, "scale": 0, "noise": 1e-3},
}


def main():
    matrices = {name: update(case) for name, case in CASES.items()}
    decomposed = {name: np.linalg.svd(matrix) for name, matrix in matrices.items()}
    (lu, _, lv), (ru, _, rv) = (decomposed[name] for name in list(CASES)[:2])
    content = {
        "rows": ROWS, "columns": COLUMNS, "directions": DIRECTIONS,
        "cases": {
            name: {**case, "metrics": metrics(decomposed[name][1], np.linalg.norm(matrices[name])), "values": decomposed[name][1].tolist()}
            for name, case in CASES.items()
        },
        "overlap": {
            "k": OVERLAP,
            "left": np.linalg.svd(lu[:, :OVERLAP].T @ ru[:, :OVERLAP], compute_uv=False).tolist(),
            "right": np.linalg.svd(lv[:OVERLAP] @ rv[:OVERLAP].T, compute_uv=False).tolist(),
        },
    }
    text = json.dumps(content, indent=1, default=float)
    (HERE / "fast.expectations.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
