#!/usr/bin/env python3
"""Small quantised checkpoints, and what transformers and compressed-tensors dequantise them to, for test/parity/quantised.

Run with torch, transformers 5, compressed-tensors and safetensors installed:
    python test/parity/quantised/make_expectations.py
Writes checkpoints/<name>/ and expectations.json (float32, base64) beside this file. Each checkpoint has one quantised
weight per shape and one plain norm. bitsandbytes runs on GPUs only, so its rule (W = CB * SCB / 127, from its
`int8_vectorwise_dequant`) is written out here.
"""
import base64
import json
import shutil
from pathlib import Path

import torch
from compressed_tensors.quantization import QuantizationArgs
from compressed_tensors.quantization.lifecycle.forward import dequantize
from safetensors.torch import save_file
from transformers.integrations.finegrained_fp8 import Fp8Dequantize

HERE = Path(__file__).parent
LAYER = "model.layers.0"
torch.manual_seed(11)


def codes(*shape, dtype=torch.float8_e4m3fn):
    return (torch.randn(*shape) * 60).to(dtype)


def scales(*shape, dtype=torch.float32):
    return (torch.rand(*shape) * 0.01 + 1e-4).to(dtype)


def by_transformers(weight, scale):
    return Fp8Dequantize(None)._dequantize_one(weight, scale, torch.float32)


def by_blocks(weight, scale, rows, columns):
    """Blocks that are cut off at the edges: transformers' kernels have them, its dequantisation refuses them."""
    spread = scale.float().repeat_interleave(rows, -2).repeat_interleave(columns, -1)
    return weight.float() * spread[..., : weight.shape[-2], : weight.shape[-1]]


def by_compressed_tensors(weight, scale, **args):
    return dequantize(weight, scale, args=QuantizationArgs(**args), dtype=torch.float32)


def block_config(rows, columns):
    return {"quantization_config": {"quant_method": "fp8", "weight_block_size": [rows, columns], "activation_scheme": "dynamic"}}


def compressed(format, **weights):
    groups = {"group_0": {"targets": ["Linear"], "weights": weights}}
    return {"quantization_config": {"quant_method": "compressed-tensors", "format": format, "config_groups": groups}}


def cases():
    q, up, experts = f"{LAYER}.self_attn.q_proj", f"{LAYER}.mlp.up_proj", f"{LAYER}.mlp.experts.gate_up_proj"

    w, s, w2, s2 = codes(32, 48), scales(2, 3), codes(16, 32), scales(1, 2)
    yield ("fp8-block", block_config(16, 16), {f"{q}.weight": w, f"{q}.weight_scale_inv": s, f"{up}.weight_scale_inv": s2, f"{up}.weight": w2},
           {f"{q}.weight": by_transformers(w, s), f"{up}.weight": by_transformers(w2, s2)})

    w, s = codes(40, 70), scales(3, 3, dtype=torch.bfloat16)
    yield ("fp8-block-cut", block_config(16, 32), {f"{q}.weight_scale_inv": s, f"{q}.weight": w}, {f"{q}.weight": by_blocks(w, s, 16, 32)})

    w, s = codes(32, 32, dtype=torch.float8_e5m2), (2.0 ** torch.randint(-12, 2, (2, 2))).to(torch.float8_e8m0fnu)
    yield ("fp8-e8m0", block_config(16, 16), {f"{q}.weight": w, f"{q}.weight_scale_inv": s}, {f"{q}.weight": by_transformers(w, s)})

    w, s = codes(3, 32, 24), scales(3, 2, 1)
    yield ("fp8-experts", {"text_config": block_config(16, 24)}, {experts: w, f"{experts}_scale_inv": s}, {experts: by_blocks(w, s, 16, 24)})

    fp8 = dict(num_bits=8, type="float", symmetric=True)
    w, s = codes(24, 16), scales(1)
    yield ("fp8-tensor", compressed("float-quantized", **fp8, strategy="tensor"),
           {f"{q}.input_scale": scales(1), f"{q}.weight": w, f"{q}.weight_scale": s}, {f"{q}.weight": by_compressed_tensors(w, s, **fp8, strategy="tensor")})

    w, s = codes(24, 24), scales(24, 1, dtype=torch.bfloat16)
    yield ("fp8-channel", compressed("float-quantized", **fp8, strategy="channel"),
           {f"{q}.weight": w, f"{q}.weight_scale": s}, {f"{q}.weight": w.float() * s.float()})

    int8 = dict(num_bits=8, type="int", symmetric=True)
    w, s = torch.randint(-127, 128, (24, 32), dtype=torch.int8), scales(24, 4)
    yield ("int8-group", compressed("int-quantized", **int8, strategy="group", group_size=8),
           {f"{q}.weight": w, f"{q}.weight_scale": s}, {f"{q}.weight": by_compressed_tensors(w, s, **int8, strategy="group", group_size=8)})

    w, s = torch.randint(-127, 128, (24, 32), dtype=torch.int8), torch.rand(24) + 0.1
    yield ("int8-rows", {"quantization_config": {"quant_method": "bitsandbytes", "load_in_8bit": True}},
           {f"{q}.SCB": s, f"{q}.weight": w, f"{q}.weight_format": torch.tensor(0, dtype=torch.uint8)}, {f"{q}.weight": (w.double() * s.double()[:, None] / 127).float()})


def main():
    shutil.rmtree(HERE / "checkpoints", ignore_errors=True)
    expectations = {}
    for name, config, tensors, truth in cases():
        folder = HERE / "checkpoints" / name
        folder.mkdir(parents=True)
        tensors[f"{LAYER}.input_layernorm.weight"] = torch.rand(16).bfloat16()
        save_file({key: value.contiguous() for key, value in tensors.items()}, folder / "model.safetensors", {"format": "pt"})
        (folder / "config.json").write_text(json.dumps({"model_type": "llama", "num_hidden_layers": 1, **config}))
        expectations[name] = {key: base64.b64encode(value.float().contiguous().numpy().tobytes()).decode() for key, value in truth.items()}
    (HERE / "expectations.json").write_text(json.dumps(expectations, indent=1) + "\n")


main()
