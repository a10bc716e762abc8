#!/usr/bin/env python3
"""Writes the numbers that `compare.test.ts` holds the engine against.

    python test/parity/compare/make_expectations.py            # both files
    python test/parity/compare/make_expectations.py --synthetic
    python test/parity/compare/make_expectations.py --samples  # after the sample lineage was made anew

Needs (versions the stored files were made with): torch 2.15.0, safetensors 0.8.0, numpy 2.4.6. No GPU.

`expectations.json` belongs to `cases.json`: checkpoints that this script and the test both make from integer hashes,
byte for byte the same (the SHA-256 of every file is stored). `expectations.samples.json` belongs to
`samples/lineage/{base,in,rl}`. All arithmetic is torch float64 over whole tensors; nothing is shared with the engine.
"""

import argparse
import hashlib
import json
import math
import re
import sys
import tempfile
from pathlib import Path

import numpy as np
import safetensors
import torch

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parent))
from hashed import bell, mix  # noqa: E402
ROOT = HERE.parents[2]

TORCH = {
    "F64": torch.float64, "F32": torch.float32, "F16": torch.float16, "BF16": torch.bfloat16,
    "F8_E4M3": torch.float8_e4m3fn, "F8_E5M2": torch.float8_e5m2,
    "I64": torch.int64, "I32": torch.int32, "I16": torch.int16, "I8": torch.int8,
    "U64": torch.uint64, "U32": torch.uint32, "U16": torch.uint16, "U8": torch.uint8, "BOOL": torch.bool,
}
SPELLING = {dtype: name for name, dtype in TORCH.items()}


# --- checkpoints from hashes (compare.test.ts has the same, in TypeScript) -------------------------------------------

def values_of(tensor, number, stage, count):
    """Weights of one tensor at one stage, before they are rounded to its dtype."""
    seed = (number * 1000) & 0xFFFFFFFF
    values = bell(seed, count) * tensor["scale"]
    for step in range(stage):
        moved = mix((seed + 500 + step) & 0xFFFFFFFF, np.arange(count, dtype=np.uint32)).astype(np.float64) / 2.0**32
        noise = bell(seed + 1 + step, count) * (tensor["scale"] * tensor["update"][step])
        values = values + np.where(moved < tensor.get("changed", [1, 1])[step], noise, 0.0)
    dtype = tensor["dtypes"][stage]
    if dtype[0] in "IU" or dtype == "BOOL":
        values = np.floor(values)
        if dtype[0] == "U":
            values = np.abs(values)
        if dtype == "I8":
            values = np.clip(values, -128, 127)
        if dtype == "BOOL":
            values = (values > 0).astype(np.float64)
    for at, index, special in tensor.get("values", []):
        if at == stage:
            values[index] = float(special.replace("Infinity", "inf"))
    return values


def encode(dtype, values):
    if dtype in ("F16", "BF16", "F8_E4M3", "F8_E5M2"):
        # Rounded twice, to float32 first: what PyTorch does, said aloud so that the test can do the same.
        single = torch.from_numpy(values.astype(np.float32))
        rounded = single.to(TORCH[dtype])
        if not dtype.startswith("F8"):
            # There are many NaNs, and which one PyTorch writes depends on the processor.
            rounded = rounded.view(torch.int16)
            rounded[torch.isnan(single)] = {"F16": 0x7E00, "BF16": 0x7FC0}[dtype]
        return rounded.view(torch.uint8).numpy().tobytes() if values.size else b""
    if dtype == "F32":
        return values.astype(np.float32).tobytes()
    if dtype == "F64":
        return values.tobytes()
    if dtype == "BOOL":
        return values.astype(np.uint8).tobytes()
    return values.astype({"I": "i", "U": "u"}[dtype[0]] + str(int(dtype[1:]) // 8)).tobytes()


def name_on_disk(name, layout):
    """The names of transformers before 4.52 (`flat`) or since (`nested`, canonical)."""
    if layout == "nested":
        return name
    return re.sub(r"^model\.(visual\.)|^model\.language_model\.", lambda m: m[1] or "model.", name)


def write_checkpoint(folder, case, stage):
    folder.mkdir(parents=True)
    about = case["stages"][stage]
    stored = []
    for number, tensor in enumerate(case["tensors"]):
        if stage in tensor.get("absent", []):
            continue
        shape = tensor.get("shapes", {}).get(str(stage), tensor["shape"])
        stored.append((name_on_disk(tensor["name"], about["layout"]), shape, tensor["dtypes"][stage],
                       encode(tensor["dtypes"][stage], values_of(tensor, number, stage, math.prod(shape)))))
    shards, weight_map = about["shards"], {}
    per_shard = -(-len(stored) // shards)
    for shard in range(shards):
        file = "model.safetensors" if shards == 1 else f"model-{shard + 1:05}-of-{shards:05}.safetensors"
        part = stored[shard * per_shard:(shard + 1) * per_shard]
        header, offset = {"__metadata__": {"format": "pt"}}, 0
        for name, shape, dtype, data in part:
            header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + len(data)]}
            weight_map[name] = file
            offset += len(data)
        text = json.dumps(header, separators=(",", ":")).encode()
        text += b" " * (-len(text) % 8)
        (folder / file).write_bytes(len(text).to_bytes(8, "little") + text + b"".join(data for *_, data in part))
    if shards > 1:
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


# --- the reference ---------------------------------------------------------------------------------------------------

def canonical(name):
    name = re.sub(r"^visual\.", "model.visual.", name)
    return re.sub(r"^model\.(layers|embed_tokens|norm)\b", r"model.language_model.\1", name)


def place(name, layers, vision_layers, cuts):
    component = (
        "norm" if re.search(r"norm|\.ln_", name)
        else "embedding" if re.search(r"embed|lm_head", name)
        else "mlp" if ".mlp" in name
        else "attention" if "attn" in name
        else "other"
    )
    base = {"layer": None, "depth": None, "region": None, "component": component}
    if name.startswith("model.visual.merger"):
        return {**base, "section": "projector", "depth": 0}
    if name.startswith("model.visual"):
        block = re.match(r"model\.visual\.blocks\.(\d+)\.", name)
        if not block:
            return {**base, "section": "vision"}
        return {**base, "section": "vision", "layer": int(block[1]), "depth": int(block[1]) - vision_layers}
    layer = re.match(r"model\.language_model\.layers\.(\d+)\.", name)
    if layer:
        layer = int(layer[1])
        region = "early" if layer < cuts[0] else "mid" if layer < cuts[1] else "late"
        return {**base, "section": "language", "layer": layer, "depth": layer + 1, "region": region}
    return {**base, "section": "language" if re.match(r"model\.language_model|lm_head", name) else "other"}


def load(folder):
    """Every tensor of a checkpoint under its canonical name, and the files' hashes."""
    tensors, names, hashes = {}, {}, {}
    for file in sorted(folder.glob("*.safetensors")):
        hashes[file.name] = hashlib.sha256(file.read_bytes()).hexdigest()
        with safetensors.safe_open(file, framework="pt") as opened:
            for name in opened.keys():
                tensors[canonical(name)] = opened.get_tensor(name)
                names[canonical(name)] = name
    return tensors, names, hashes


def ulp(tensor):
    """Spacing of the storage dtype at every element, in float64; zero for integers."""
    if not tensor.dtype.is_floating_point:
        return torch.zeros(tensor.shape, dtype=torch.float64)
    info = torch.finfo(tensor.dtype)
    _, exponent = torch.frexp(tensor.to(torch.float64))  # w = m · 2^exponent, m in [½, 1)
    binade = torch.ldexp(torch.ones(tensor.shape, dtype=torch.float64), exponent - 1)
    smallest = torch.tensor(info.smallest_normal, dtype=torch.float64)
    return torch.where(tensor.to(torch.float64) == 0, smallest, torch.maximum(binade, smallest)) * info.eps


def number(value):
    value = float(value)
    return value if math.isfinite(value) else None


def sums(a, b):
    x, y = a.to(torch.float64).flatten(), b.to(torch.float64).flatten()
    finite = torch.isfinite(x) & torch.isfinite(y)
    spacing = ulp(b).flatten()[finite]
    x, y = x[finite], y[finite]
    delta = y - x
    return {
        "delta2": float((delta * delta).sum()), "a2": float((x * x).sum()), "b2": float((y * y).sum()), "ab": float((x * y).sum()),
        # 1 − cosine without cancellation: half the squared distance of the unit vectors.
        "distance": unit_distance(x, y),
        "max": float(delta.abs().max()) if delta.numel() else 0.0, "changed": int((x != y).sum()),
        "elements": int(finite.sum()), "nonFinite": int((~finite).sum()), "ulp2": float((spacing * spacing).sum()),
    }


def unit_distance(x, y):
    nx, ny = torch.linalg.vector_norm(x), torch.linalg.vector_norm(y)
    if not (0 < nx < math.inf and 0 < ny < math.inf):
        return None
    return float(((x / nx - y / ny) ** 2).sum() / 2)


def delta(s):
    fro = math.sqrt(s["delta2"])
    norms = math.sqrt(s["a2"]) * math.sqrt(s["b2"])
    return {
        "fro": number(fro),
        "relative": number(fro / math.sqrt(s["a2"])) if s["a2"] > 0 else None,
        "cosine": number(s["ab"] / norms) if norms > 0 else None,
        "oneMinusCosine": s["distance"],
        "maxAbs": number(s["max"]),
        "changed": s["changed"] / s["elements"] if s["elements"] else None,
        "changedCount": s["changed"],
        "floor": math.sqrt(s["ulp2"] / 12),
        "nonFinite": s["nonFinite"],
    }


def aggregate(group, pairs):
    weights = [entry for entry in group if len(entry["shape"]) >= 2]
    deltas = []
    for pair in range(pairs):
        parts = [entry["sums"][pair] for entry in weights if entry["sums"][pair]]
        if not parts:
            deltas.append(None)
            continue
        total = lambda key: math.fsum(part[key] for part in parts) if all(math.isfinite(part[key]) for part in parts) else math.inf  # noqa: E731
        fros = [math.sqrt(part["delta2"]) for part in parts]
        relatives = [fro / math.sqrt(part["a2"]) for fro, part in zip(fros, parts) if part["a2"] > 0 and math.isfinite(part["a2"])]
        most = lambda value: min(value, sys.float_info.max)  # noqa: E731
        a2, b2, d2 = total("a2"), total("b2"), total("delta2")
        finite = math.isfinite(a2) and math.isfinite(b2)
        deltas.append({
            "fro": most(math.sqrt(d2)), "meanFro": most(sum(fros) / len(fros)), "sumFro": most(sum(fros)),
            "relative": most(math.sqrt(d2 / a2)) if a2 > 0 and math.isfinite(a2) else None,
            "meanRelative": sum(relatives) / len(relatives) if relatives else None,
            "cosine": total("ab") / math.sqrt(a2) / math.sqrt(b2) if finite and a2 > 0 and b2 > 0 else None,
            "maxAbs": max(part["max"] for part in parts),
            "changed": total("changed") / total("elements") if total("elements") else None,
            "floor": math.sqrt(total("ulp2") / 12), "nonFinite": int(total("nonFinite")),
        })
    return {"weights": len(weights), "tensors": len(group), "parameters": sum(math.prod(entry["shape"]) for entry in group), "deltas": deltas}


def group(entries, layers, vision_layers, cuts, pairs):
    placed = [{**entry, **place(entry["name"], layers, vision_layers, cuts)} for entry in entries]
    by_depth = []
    for depth in sorted({entry["depth"] for entry in placed if entry["depth"] is not None}):
        part = [entry for entry in placed if entry["depth"] == depth]
        components = {c: aggregate([entry for entry in part if entry["component"] == c], pairs) for c in sorted({entry["component"] for entry in part})}
        by_depth.append({**{key: part[0][key] for key in ("section", "layer", "depth", "region")}, **aggregate(part, pairs), "components": components})
    edges = {"early": (0, cuts[0]), "mid": tuple(cuts), "late": (cuts[1], layers)}
    regions = []
    for region, (first, end) in edges.items():
        part = [entry for entry in placed if entry["region"] == region]
        if part:
            regions.append({"region": region, "first": first, "last": end - 1, **aggregate(part, pairs)})
    sections = []
    for section in ("vision", "projector", "language", "other"):
        part = [entry for entry in placed if entry["section"] == section]
        if part:
            sections.append({"section": section, **aggregate(part, pairs)})
    return placed, {"layers": by_depth, "regions": regions, "sections": sections}


def expectation(folders, cuts=None, recuts=()):
    stages = [load(folder) for folder in folders]
    names = list(dict.fromkeys(name for tensors, *_ in stages for name in tensors))
    entries, missing = [], []
    for name in names:
        held = [tensors.get(name) for tensors, *_ in stages]
        shapes = [None if tensor is None else list(tensor.shape) for tensor in held]
        if None in shapes or any(shape != shapes[0] for shape in shapes):
            missing.append({"name": name, "shapes": shapes})
        pairs = [sums(a, b) if a is not None and b is not None and a.shape == b.shape else None for a, b in zip(held, held[1:])]
        if not any(pairs):
            continue
        compared = [stage for stage in range(len(held)) if (stage > 0 and pairs[stage - 1]) or (stage < len(pairs) and pairs[stage])]
        norms = []
        for stage, tensor in enumerate(held):
            values = tensor.to(torch.float64) if stage in compared else None
            norms.append(None if values is None else number(math.sqrt(float((values[torch.isfinite(values)] ** 2).sum()))))
        entries.append({
            "name": name, "shape": shapes[compared[0]], "sums": pairs, "norms": norms,
            "onDisk": [about[1].get(name) for about in stages],
            "dtypes": [None if tensor is None else SPELLING[tensor.dtype] for tensor in held],
        })
    layers = 1 + max((int(m[1]) for name in names if (m := re.match(r"model\.language_model\.layers\.(\d+)\.", name))), default=-1)
    vision_layers = 1 + max((int(m[1]) for name in names if (m := re.match(r"model\.visual\.blocks\.(\d+)\.", name))), default=-1)
    cuts = cuts or [layers // 3, 2 * layers // 3]
    placed, groups = group(entries, layers, vision_layers, cuts, len(stages) - 1)
    tensors = [{**{key: entry[key] for key in ("name", "section", "layer", "depth", "component", "region", "shape", "onDisk", "dtypes", "norms")},
                "deltas": [s and delta(s) for s in entry["sums"]]} for entry in placed]
    return {
        "files": [hashes for *_, hashes in stages], "layers": layers, "visionLayers": vision_layers,
        "cuts": cuts, "tensors": tensors, **groups, "missing": missing,
        "recuts": [{"cuts": other, **group(entries, layers, vision_layers, other, len(stages) - 1)[1]} for other in recuts],
    }


def write(file, content):
    content = {"made_with": {"torch": torch.__version__.split("+")[0], "safetensors": safetensors.__version__, "numpy": np.__version__}, **content}
    text = json.dumps(content, separators=(",", ":"), allow_nan=False)
    # One record a line: a changed number is a changed line.
    file.write_text(re.sub(r'(?<=[\[,])(?=\{"(?:name|section|region|cuts)":)', "\n", text) + "\n")
    print(f"{file.relative_to(ROOT)}: {file.stat().st_size:,} bytes")


def synthetic():
    cases = json.loads((HERE / "cases.json").read_text())
    made = {}
    with tempfile.TemporaryDirectory() as temporary:
        for name, case in cases.items():
            folders = [Path(temporary, name, stage["label"]) for stage in case["stages"]]
            for stage, folder in enumerate(folders):
                write_checkpoint(folder, case, stage)
            made[name] = expectation(folders, case["cuts"], case["recuts"])
    write(HERE / "expectations.json", {"cases": made})


def samples():
    lineage = ROOT / "samples" / "lineage"
    folders = [lineage / stage for stage in ("base", "in", "rl")]
    absent = [str(folder) for folder in folders if not any(folder.glob("*.safetensors"))]
    if absent:
        print(f"no sample lineage yet ({', '.join(absent)}); expectations.samples.json is left as it is")
        return
    write(HERE / "expectations.samples.json", expectation(folders, recuts=[[1, 2]]))


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("--synthetic", action="store_true")
    parser.add_argument("--samples", action="store_true")
    chosen = parser.parse_args()
    np.seterr(over="ignore")
    torch.set_num_threads(2)
    if chosen.synthetic or not chosen.samples:
        synthetic()
    if chosen.samples or not chosen.synthetic:
        samples()
