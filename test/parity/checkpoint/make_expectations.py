#!/usr/bin/env python3
"""What transformers runs of folders that can be read in more than one way, for test/parity/checkpoint.

Run with torch, transformers 5 and safetensors installed:
    python test/parity/checkpoint/make_expectations.py
Reads cases.json, writes expectations.json beside this file. The model is one of test/parity/model. Each case says which
of its tensors lie in which file (`names`, a pattern; those that fit `doubled` times two, so that copies differ), what the
index says (the first pattern that fits a name; null: not listed), and what the config has in place of the model's own.
Logits are those of the last token, in float32.
"""
import base64
import json
import re
import shutil
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import load_file, save_file
from transformers import AutoModelForCausalLM

HERE = Path(__file__).parent
torch.set_num_threads(1)


def write(folder, base, tensors, case):
    config = json.loads((base / "config.json").read_text())
    config.update(case.get("config", {}))
    (folder / "config.json").write_text(json.dumps(config))
    for file, content in case["files"].items():
        held = {name: value for name, value in tensors.items() if re.search(content.get("names", ""), name)}
        for name in held:
            if "doubled" in content and re.search(content["doubled"], name):
                held[name] = held[name] * 2
        save_file(held, folder / file, {"format": "pt"})
    if "index" in case:
        listed = {name: next(file for pattern, file in case["index"].items() if re.search(pattern, name)) for name in tensors}
        weight_map = {name: file for name, file in listed.items() if file is not None} | case.get("absent", {})
        (folder / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))


def main():
    stored = json.loads((HERE / "cases.json").read_text())
    base = HERE.parent / "model" / "checkpoints" / stored["base"]
    tensors = load_file(base / "model.safetensors")
    expectations = {"transformers": transformers.__version__, "logits": {}}
    for name, case in stored["cases"].items():
        folder = Path(tempfile.mkdtemp())
        write(folder, base, tensors, case)
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        with torch.no_grad():
            logits = model(torch.tensor([stored["inputIds"]])).logits[0, -1].numpy()
        expectations["logits"][name] = base64.b64encode(np.ascontiguousarray(logits, dtype=np.float32).tobytes()).decode()
        shutil.rmtree(folder)
    (HERE / "expectations.json").write_text(json.dumps(expectations, indent=1) + "\n")


if __name__ == "__main__":
    main()
