"""Weights and what torch.std says of them, for the mixture of weights and noise in src/engine/tensors/arithmetic/arithmetic.test.ts.

    python make_noise.py        # writes noise.json
"""
import json
from pathlib import Path

import torch

if __name__ == "__main__":
    values = 0.02 * torch.randn(257, dtype=torch.float64, generator=torch.Generator().manual_seed(4)) + 0.003
    out = {"values": values.tolist(), "std": values.std().item()}
    (Path(__file__).parent / "noise.json").write_text(json.dumps(out) + "\n")
