"""What verification should find of the sample lineage's frozen runs, with torch: python test/parity/freeze/make_verify.py"""
import json
import math
import re
from pathlib import Path

import torch
from safetensors.torch import load_file

SAMPLES = Path(__file__).resolve().parents[3] / "samples/lineage"
REGIONS = {"early": range(0, 4), "mid": range(4, 8), "late": range(8, 12)}


def canonical(name):
    """The sample files spell names as transformers did before it put the parts of the model below `model`."""
    name = re.sub(r"^visual\.", "model.visual.", name)
    return re.sub(r"^model\.(layers|embed_tokens|norm)\b", r"model.language_model.\1", name)


def group_of(name):
    layer = re.match(r"model\.language_model\.layers\.(\d+)\.", name)
    if layer:
        return next(region for region, layers in REGIONS.items() if int(layer[1]) in layers)
    if name.startswith("model.visual.merger."):
        return "projector"
    if name.startswith("model.visual."):
        return "vision"
    return "embeddings" if "embed_tokens" in name else "norms"


def ulp(w):
    """One unit in the last place of bfloat16."""
    exponent = torch.floor(torch.log2(w.double().abs().clamp_min(2.0**-126)))
    return torch.pow(2.0, exponent - 7)


def verified(result, frozen):
    a, b = (
        {canonical(name): tensor for name, tensor in load_file(SAMPLES / of / "model.safetensors").items()}
        for of in ("in", result)
    )
    moved, groups = [], {}
    for name in sorted(a):
        before, after = a[name], b[name]
        changed = int((before != after).sum())
        group = group_of(name)
        if group in frozen:
            if not torch.equal(before.view(torch.int16), after.view(torch.int16)):
                moved.append([name, changed, float((before.double() - after.double()).abs().max())])
            continue
        one = groups.setdefault(group, {"tensors": 0, "parameters": 0, "fro": 0.0, "floor": 0.0, "changed": 0, "unmoved": 0})
        one["tensors"] += 1
        one["parameters"] += before.numel()
        one["fro"] += float((before.double() - after.double()).square().sum())
        one["floor"] += float((ulp(after).square() / 12).sum())
        one["changed"] += changed
        one["unmoved"] += changed == 0
    for one in groups.values():
        one["fro"], one["floor"] = math.sqrt(one["fro"]), math.sqrt(one["floor"])
        one["changed"] /= one["parameters"]
    return {"result": result, "frozen": sorted(frozen), "moved": moved, "groups": groups}


if __name__ == "__main__":
    cases = [verified(f"rl-frozen-{run}", {region}) for run in REGIONS for region in REGIONS]
    cases.append(verified("rl-frozen-mid", {"mid", "vision"}))
    Path(__file__).with_name("verify.json").write_text(json.dumps(cases, indent=1) + "\n")
