#!/usr/bin/env python3
"""Writes what `correction.test.ts` holds corrected spectra against: updates whose true spectrum is known, stored with rounding.

    python test/parity/spectrum/make_correction_expectations.py

Needs numpy (2.4.6 made the stored file). Weights and updates come from integer hashes, by the same arithmetic here and in
`updates.ts`; the true figures are those of the update before it is stored, from `numpy.linalg.svd` in float64.

The cases are held out: the bounds of the correction were set with other seeds, shapes, ranks, sizes and fewer kinds of weights
and updates (docs/spectra.md, *What the bounds rest on*). Do not set them by these.
"""

import json
import random
import sys
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from hashed import bell  # noqa: E402

SIZE = 0.02
WEIGHTS = ("gaussian", "flat", "laplace", "student", "outlier rows", "outlier columns", "uneven rows", "uneven columns")
UPDATES = ("low rank", "halving", "power law", "few rows", "few columns", "low rank and noise", "noise", "signs", "along the weights")
SHAPES = ((208, 208), (336, 128), (136, 400), (480, 448))
RANKS = (1, 2, 5, 12, 20)
DTYPES = (("BF16", "BF16"), ("BF16", "BF16"), ("BF16", "BF16"), ("F16", "F16"), ("F32", "BF16"), ("F32", "F16"))
PER_PAIR = 6
# ‖δ‖/‖W‖, evenly in its logarithm.
LEAST, MOST = 2e-4, 2e-2


def weights_of(case):
    rows, columns, seed = case["rows"], case["columns"], case["seed"]
    own = bell(seed, rows * columns).reshape(rows, columns)

    def other(number, count=rows * columns):
        values = bell(seed + number, count)
        return values * values

    def each(number):
        return other(number).reshape(rows, columns)

    row, column = np.arange(rows)[:, None], np.arange(columns)[None, :]
    match case["weights"]:
        case "gaussian":
            values = own
        case "flat":
            values = np.where(own < 0, -1 - each(1) / 16, 1 + each(1) / 16)
        case "laplace":
            values = own * np.sqrt(each(1) + each(2))
        case "student":
            values = own / np.sqrt(each(1) + each(2) + each(3) + 0.01)
        case "outlier rows":
            values = np.where(row % 37 == 5, 12 * own, own)
        case "outlier columns":
            values = np.where(column % 97 == 11, 30 * own, own)
        case "uneven rows":
            values = own * (0.2 + other(1, rows))[:, None]
        case "uneven columns":
            values = own * (0.2 + other(1, columns))[None, :]
    return SIZE * values


def update_of(case):
    rows, columns, rank, seed = case["rows"], case["columns"], case["rank"], case["seed"]
    values = np.zeros((rows, columns))

    def add(directions, share=lambda direction: 1):
        left = bell(seed + 10, rows * directions).reshape(rows, directions)
        right = bell(seed + 11, directions * columns).reshape(directions, columns)
        for direction in range(directions):
            # One direction after the other, so that sums round as in the test.
            np.add(values, np.outer(left[:, direction] * share(direction), right[direction]), out=values)

    def noise(size):
        np.add(values, size * bell(seed + 12, rows * columns).reshape(rows, columns), out=values)

    match case["update"]:
        case "low rank":
            add(rank)
        case "halving":
            add(12, lambda direction: 2.0**-direction)
        case "power law":
            add(min(rows, columns, 64), lambda direction: 1 / (1 + direction))
        case "few rows":
            add(rank)
            values[np.arange(rows) % 8 != 3] = 0
        case "few columns":
            add(rank)
            values[:, np.arange(columns) % 6 != 1] = 0
        case "low rank and noise":
            add(rank)
            noise(np.sqrt(float(rank)))
        case "noise":
            noise(1)
        case "signs":
            add(rank)
            values = np.where(values < 0, -1.0, 1.0)
        case "along the weights":
            add(rank)
            values *= np.abs(weights_of(case))
    return values


def stored(values, dtype):
    """Rounded to nearest, ties to even."""
    if dtype == "F16":
        return values.astype(np.float16).astype(np.float64)
    floats = values.astype(np.float32)
    if dtype == "BF16":
        bits = floats.view(np.uint32)
        floats = ((bits + np.uint32(0x7FFF) + ((bits >> 16) & np.uint32(1))) & np.uint32(0xFFFF0000)).view(np.float32)
    return floats.astype(np.float64)


def figures(matrix):
    sigma = np.linalg.svd(matrix, compute_uv=False)
    energy = (sigma * sigma).sum()
    return {"stableRank": energy / sigma[0] ** 2, "topEnergy": {str(k): (sigma[:k] ** 2).sum() / energy for k in (1, 4, 16, 50)}}


def main():
    pick = random.Random(20260)
    cases = []
    for weights in WEIGHTS:
        for update in UPDATES:
            for _ in range(PER_PAIR):
                rows, columns = pick.choice(SHAPES)
                case = {"weights": weights, "update": update, "rows": rows, "columns": columns, "rank": pick.choice(RANKS), "seed": 700_000 + 100 * len(cases)}
                before_type, after_type = pick.choice(DTYPES)
                relative = LEAST * (MOST / LEAST) ** pick.random()
                start, delta = weights_of(case), update_of(case)
                factor = float(f"{relative * np.linalg.norm(start) / np.linalg.norm(delta):.9g}")
                before = stored(start, before_type)
                after = stored(before + factor * delta, after_type)
                moved = np.linalg.svd(after - before, compute_uv=False)
                cases.append({
                    **case, "dtypes": [before_type, after_type], "relative": relative, "factor": factor, "truth": figures(delta),
                    # That the test stores the same weights.
                    "stored": {"spectral": moved[0], "fro": np.linalg.norm(after - before), "moved": int((after != before).sum())},
                })
    lines = ",\n".join(json.dumps(case, default=float, separators=(",", ":")) for case in cases)
    (HERE / "correction.expectations.json").write_text(f"[\n{lines}\n]\n")
    print(f"{len(cases)} cases")


if __name__ == "__main__":
    main()
