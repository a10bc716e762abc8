#!/usr/bin/env python3
"""Writes what `lineage.test.ts` holds the spectra of the sample lineage against.

    python test/parity/spectrum/make_expectations.py --samples    # after the sample lineage was made anew

Needs (versions the stored file was made with): numpy 2.4.6. No torch, no GPU.

Every number comes from `numpy.linalg.svd` in float64 of the difference of the stored weights; the definitions are
written out again here, and nothing is shared with the engine.
"""

import argparse
import hashlib
import json
import math
import re
from pathlib import Path

import numpy as np

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
STAGES = ("base", "in", "rl")

TOP = 50
ENERGY_RANKS = (1, 4, 16, 50)
SUBSPACE = 16
# Smaller values, relative to the largest, count as zero.
TOLERANCE = 1e-6


def read_safetensors(file):
    """Float64 arrays by name; BF16, F16, F32 and F64 are read."""
    data = file.read_bytes()
    length = int.from_bytes(data[:8], "little")
    tensors = {}
    for name, entry in json.loads(data[8 : 8 + length]).items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        raw = data[8 + length + begin : 8 + length + end]
        if entry["dtype"] == "BF16":
            # A bfloat16 is the upper half of a float32.
            values = (np.frombuffer(raw, np.uint16).astype(np.uint32) << 16).view(np.float32)
        else:
            values = np.frombuffer(raw, {"F16": np.float16, "F32": np.float32, "F64": np.float64}[entry["dtype"]])
        tensors[canonical(name)] = values.astype(np.float64).reshape(entry["shape"])
    return tensors


def canonical(name):
    """The names of transformers since 4.52."""
    name = re.sub(r"^visual\.", "model.visual.", name)
    return re.sub(r"^model\.(layers|embed_tokens|norm)\b", r"model.language_model.\1", name)


def parts(name, matrix):
    """The matrix itself, and the thirds of a vision tower's qkv."""
    yield None, matrix
    if name.endswith(".attn.qkv.weight"):
        yield from zip("qkv", np.split(matrix, 3))


def spectrum(delta):
    sigma = np.linalg.svd(delta, compute_uv=False)
    largest, fro = sigma[0], math.sqrt((delta * delta).sum())
    above = sigma[sigma > TOLERANCE * largest]
    share = sigma / sigma.sum()
    share = share[share > 0]
    return {
        "spectral": float(largest), "nuclear": float(sigma.sum()), "fro": fro, "count": len(sigma), "rank": len(above),
        "stableRank": float(fro**2 / largest**2),
        "effectiveRank": float(np.exp(-(share * np.log(share)).sum())),
        "conditionNumber": float(largest / sigma[-1]) if len(above) == len(sigma) else None,
        "logVolume": float(np.log(above[:TOP]).sum()),
        "topEnergy": {str(k): float((sigma[:k] ** 2).sum() / fro**2) for k in ENERGY_RANKS},
        "singularValues": sigma.tolist(),
    }


def overlap(a, b):
    """Principal angles between the leading directions of two updates."""
    (ua, _, va), (ub, _, vb) = np.linalg.svd(a, full_matrices=False), np.linalg.svd(b, full_matrices=False)
    k = min(SUBSPACE, *a.shape)
    cosines = [np.linalg.svd(x.T @ y, compute_uv=False) for x, y in ((ua[:, :k], ub[:, :k]), (va[:k].T, vb[:k].T))]
    left, right = (np.minimum(c, 1).tolist() for c in cosines)
    return {"k": k, "left": left, "right": right, "leftOverlap": float(np.mean(np.square(left))), "rightOverlap": float(np.mean(np.square(right)))}


def depth_of(name, vision_blocks):
    if "visual.merger." in name:
        return 0
    if found := re.search(r"visual\.blocks\.(\d+)\.", name):
        return int(found[1]) - vision_blocks
    found = re.search(r"language_model\.layers\.(\d+)\.", name)
    return int(found[1]) + 1 if found else None


def samples():
    folders = [ROOT / "samples" / "lineage" / stage for stage in STAGES]
    stages = [read_safetensors(folder / "model.safetensors") for folder in folders]
    vision_blocks = 1 + max(int(found[1]) for name in stages[0] if (found := re.search(r"visual\.blocks\.(\d+)\.", name)))
    tensors = []
    for name in stages[0]:
        if stages[0][name].ndim < 2:
            continue
        whole = [stage[name].reshape(len(stage[name]), -1) for stage in stages]
        for cut in zip(*(parts(name, matrix) for matrix in whole)):
            matrices = [matrix for _, matrix in cut]
            deltas = [after - before for before, after in zip(matrices, matrices[1:])]
            tensors.append({
                "name": name, "part": cut[0][0], "rows": matrices[0].shape[0], "columns": matrices[0].shape[1], "depth": depth_of(name, vision_blocks),
                "spectra": [spectrum(delta) for delta in deltas], "overlaps": [overlap(a, b) for a, b in zip(deltas, deltas[1:])],
            })
    fused = {tensor["name"] for tensor in tensors if tensor["part"]}
    layers = []
    for depth in sorted({tensor["depth"] for tensor in tensors if tensor["depth"] is not None}):
        group = [tensor for tensor in tensors if tensor["depth"] == depth and (tensor["part"] or tensor["name"] not in fused)]
        means = [{key: float(np.mean([tensor["spectra"][pair][key] for tensor in group])) for key in ("spectral", "stableRank", "effectiveRank")} for pair in range(len(stages) - 1)]
        layers.append({"depth": depth, "matrices": len(group), "spectra": means})
    hashes = {stage: hashlib.sha256((folder / "model.safetensors").read_bytes()).hexdigest() for stage, folder in zip(STAGES, folders)}
    write(HERE / "expectations.samples.json", {"made_with": {"numpy": np.__version__}, "stages": list(STAGES), "files": hashes, "layers": layers, "tensors": tensors})


def write(file, content):
    text = json.dumps(rounded(content), separators=(",", ":"), allow_nan=False)
    # One record a line: a changed number is a changed line.
    file.write_text(re.sub(r'(?<=[\[,])(?=\{"(?:name|depth)":)', "\n", text) + "\n")
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes")


def rounded(value):
    """Nine digits: the tests ask for fewer."""
    if isinstance(value, float):
        return float(f"{value:.9g}")
    if isinstance(value, dict):
        return {key: rounded(part) for key, part in value.items()}
    return [rounded(part) for part in value] if isinstance(value, list) else value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", action="store_true", required=True)
    parser.parse_args()
    samples()
