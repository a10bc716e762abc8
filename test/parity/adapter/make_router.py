#!/usr/bin/env python3
"""What PEFT makes of LoRA on the bare matrix of a router (target_parameters), for src/engine/tensors/router.test.ts.

Run with torch, transformers 5 and peft installed:
    python test/parity/adapter/make_router.py
Writes router.json beside this file: names and shapes of the factors as PEFT saves them, with the numbers that the test
gives them, and the router's weight after merge_and_unload.
"""
import json
import tempfile
from pathlib import Path

import peft
import torch
from peft import LoraConfig, get_peft_model
from safetensors.torch import load_file
from torch import nn

BASE = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]
A, B = [[1.0, 10.0, 100.0]], [[1.0], [2.0]]


class Gate(nn.Module):
    def __init__(self):
        super().__init__()
        self.weight = nn.Parameter(torch.tensor(BASE))

    def forward(self, hidden):
        return nn.functional.linear(hidden, self.weight)


class Model(nn.Module):
    def __init__(self):
        super().__init__()
        self.gate = Gate()

    def forward(self, hidden):
        return self.gate(hidden)


def main():
    model = get_peft_model(Model(), LoraConfig(r=1, lora_alpha=2, target_modules=[], target_parameters=["gate.weight"]))
    with torch.no_grad():
        for name, parameter in model.named_parameters():
            if "lora_A" in name:
                parameter.copy_(torch.tensor(A))
            if "lora_B" in name:
                parameter.copy_(torch.tensor(B))
    folder = Path(tempfile.mkdtemp())
    model.save_pretrained(folder)
    factors = {name: value.tolist() for name, value in load_file(folder / "adapter_model.safetensors").items()}
    config = json.loads((folder / "adapter_config.json").read_text())
    merged = model.merge_and_unload()
    stored = {
        "peft": peft.__version__,
        "config": {key: config[key] for key in ("r", "lora_alpha", "target_parameters")},
        "base": BASE,
        "factors": factors,
        "merged": merged.gate.weight.tolist(),
    }
    (Path(__file__).parent / "router.json").write_text(json.dumps(stored, indent=1) + "\n")


if __name__ == "__main__":
    main()
