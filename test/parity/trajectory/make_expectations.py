#!/usr/bin/env python3
"""Small trajectories (bf16, float32, LoRA) and what NumPy makes of them in float64, for test/parity/trajectory.

Run with torch and safetensors installed:
    python test/parity/trajectory/make_expectations.py
Writes bf16/, f32/ and lora/ (folders of checkpoint-N) and expectations.json beside this file.

Among the matrices are one that is wider than tall and one that never changes. Updates have singular values that fall by
a fifth from one to the next, so that there are sixteen leading directions to speak of.
"""
import json
import shutil
from pathlib import Path

import numpy as np
import torch
from safetensors import safe_open
from safetensors.torch import save_file

HERE = Path(__file__).parent
K = 16
STEPS = [2, 10, 30, 100]  # 100 sorts before 30 as text
SHAPES = {"self_attn.q_proj.weight": (48, 32), "self_attn.o_proj.weight": (32, 48), "mlp.up_proj.weight": (24, 80), "mlp.down_proj.weight": (40, 24)}
UNCHANGED = "model.layers.1.self_attn.o_proj.weight"
CONFIG = {"model_type": "qwen2", "architectures": ["Qwen2ForCausalLM"], "num_hidden_layers": 2, "hidden_size": 32,
          "intermediate_size": 24, "num_attention_heads": 4, "num_key_value_heads": 4, "vocab_size": 20}
LORA = dict(peft_type="LORA", r=4, lora_alpha=8, target_modules=["q_proj", "up_proj"], base_model_name_or_path="../../lora-base",
            bias="none", task_type="CAUSAL_LM", inference_mode=True)


def weights(random):
    tensors = {f"model.layers.{layer}.{name}": 0.02 * random.standard_normal(shape) for layer in range(2) for name, shape in SHAPES.items()}
    for layer in range(2):
        tensors[f"model.layers.{layer}.input_layernorm.weight"] = 1 + 0.02 * random.standard_normal(32)
    tensors["model.embed_tokens.weight"] = 0.02 * random.standard_normal((20, 32))
    tensors["model.norm.weight"] = 1 + 0.02 * random.standard_normal(32)
    return tensors


def update(random, shape, size):
    """Singular values 1, 0.8, 0.64 … times `size`."""
    if len(shape) == 1:
        return size * 0.1 * random.standard_normal(shape)
    short = min(shape)
    left, _ = np.linalg.qr(random.standard_normal((shape[0], short)))
    right, _ = np.linalg.qr(random.standard_normal((shape[1], short)))
    return size * (left * 0.8 ** np.arange(short)) @ right.T


def write(folder, tensors, dtype):
    folder.mkdir(parents=True)
    save_file({name: torch.from_numpy(value).to(dtype) for name, value in tensors.items()}, folder / "model.safetensors", metadata={"format": "pt"})
    (folder / "config.json").write_text(json.dumps(CONFIG, indent=2))


def trajectory(folder, dtype, seed):
    random = np.random.default_rng(seed)
    tensors = weights(random)
    # Each update keeps a part of the one before it, so that directions settle.
    moving = {name: np.zeros_like(value) for name, value in tensors.items()}
    for size, step in zip([0.0, 0.05, 0.1, 0.03], STEPS):
        for name, value in tensors.items():
            if name == UNCHANGED or size == 0:
                continue
            moving[name] = 0.7 * moving[name] + update(random, value.shape, size)
            tensors[name] = value + moving[name]
        write(folder / f"checkpoint-{step}", tensors, dtype)


def lora():
    random = np.random.default_rng(3)
    base = HERE / "lora-base"
    write(base, weights(random), torch.bfloat16)
    factors = {}
    for layer in range(2):
        for name in ("self_attn.q_proj", "mlp.up_proj"):
            rows, columns = SHAPES[f"{name}.weight"]
            factors[f"base_model.model.model.layers.{layer}.{name}.lora_A.weight"] = 0.1 * random.standard_normal((4, columns))
            factors[f"base_model.model.model.layers.{layer}.{name}.lora_B.weight"] = 0.02 * random.standard_normal((rows, 4))
    for step in STEPS:
        folder = HERE / "lora" / f"checkpoint-{step}"
        folder.mkdir(parents=True)
        save_file({name: torch.from_numpy(value).to(torch.float32) for name, value in factors.items()}, folder / "adapter_model.safetensors", metadata={"format": "pt"})
        (folder / "adapter_config.json").write_text(json.dumps(LORA, indent=2))
        for name in factors:
            factors[name] = factors[name] + 0.02 * random.standard_normal(factors[name].shape)


def stored(folder):
    with safe_open(folder / "model.safetensors", framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}


def exact(folder):
    """Values in float64, and units in the last place (0 where nothing is rounded)."""
    if not (folder / "adapter_model.safetensors").exists():
        tensors = stored(folder)
        return {name: (tensor.double().numpy(), ulp(tensor)) for name, tensor in tensors.items()}
    tensors = stored(HERE / "lora-base")
    # A weight of the base is the same tensor in every step, and its update no difference of two roundings.
    result = {name: (tensor.double().numpy(), np.zeros(1)) for name, tensor in tensors.items()}
    with safe_open(folder / "adapter_model.safetensors", framework="pt") as file:
        for key in file.keys():
            if not key.endswith("lora_A.weight"):
                continue
            name = key.removeprefix("base_model.model.").replace(".lora_A", "")
            a, b = file.get_tensor(key).double().numpy(), file.get_tensor(key.replace("lora_A", "lora_B")).double().numpy()
            result[name] = (result[name][0] + LORA["lora_alpha"] / LORA["r"] * (b @ a), np.zeros(1))
    return result


def ulp(tensor):
    mantissa = {torch.bfloat16: 7, torch.float32: 23}[tensor.dtype]
    return 2.0 ** (np.floor(np.log2(np.abs(tensor.double().numpy()))) - mantissa)


def size(before, after, last_place):
    delta = after - before
    return {"fro": float(np.linalg.norm(delta)), "relative": float(np.linalg.norm(delta) / np.linalg.norm(before)),
            "changed": float(np.mean(delta != 0)), "maxAbs": float(np.abs(delta).max()), "floor": float(np.sqrt((last_place ** 2).sum() / 12))}


def directions(delta):
    """Stable rank and leading right singular vectors; none of an update that is zero."""
    if not delta.any():
        return None, np.zeros((0, delta.shape[1]))
    _, values, right = np.linalg.svd(delta, full_matrices=False)
    count = min(K, int((values > 1e-6 * values[0]).sum()))
    return float((values ** 2).sum() / values[0] ** 2), right[:count]


def similarity(a, b):
    k = min(len(a), len(b))
    return None if k == 0 else float(np.linalg.norm(a[:k] @ b[:k].T) ** 2 / k)


def measure(name):
    stages = [exact(HERE / name / f"checkpoint-{step}") for step in STEPS]
    tensors = {}
    for key, (first, _) in stages[0].items():
        values = [stage[key][0] for stage in stages]
        places = [stage[key][1] for stage in stages]
        entry = {"shape": list(first.shape),
                 "sinceFirst": [size(first, values[t], places[t]) for t in range(1, len(STEPS))],
                 "sincePrevious": [size(values[t - 1], values[t], places[t]) for t in range(1, len(STEPS))]}
        if first.ndim == 2:
            found = [directions(value - first) for value in values[1:]]
            entry["stableRank"] = [rank for rank, _ in found]
            entry["similarity"] = [similarity(right, found[-1][1]) for _, right in found]
        tensors[key] = entry
    weights = [key for key, entry in tensors.items() if len(entry["shape"]) == 2]
    mean = lambda values: None if not values else float(np.mean(values))
    whole = {
        "sinceFirst": [float(np.sqrt(sum(tensors[key]["sinceFirst"][t]["fro"] ** 2 for key in weights))) for t in range(len(STEPS) - 1)],
        "sincePrevious": [float(np.sqrt(sum(tensors[key]["sincePrevious"][t]["fro"] ** 2 for key in weights))) for t in range(len(STEPS) - 1)],
        "floor": [float(np.sqrt(sum(tensors[key]["sinceFirst"][t]["floor"] ** 2 for key in weights))) for t in range(len(STEPS) - 1)],
        "stableRank": [mean([tensors[key]["stableRank"][t] for key in weights if tensors[key]["stableRank"][t] is not None]) for t in range(len(STEPS) - 1)],
        "similarity": [mean([tensors[key]["similarity"][t] for key in weights if tensors[key]["similarity"][t] is not None]) for t in range(len(STEPS) - 1)]}
    return {"steps": STEPS, "tensors": tensors, "whole": whole}


for old in ("bf16", "f32", "lora", "lora-base"):
    shutil.rmtree(HERE / old, ignore_errors=True)
trajectory(HERE / "bf16", torch.bfloat16, 1)
trajectory(HERE / "f32", torch.float32, 2)
lora()
result = {name: measure(name) for name in ("bf16", "f32", "lora")}
(HERE / "expectations.json").write_text(json.dumps(result, indent=1) + "\n")
