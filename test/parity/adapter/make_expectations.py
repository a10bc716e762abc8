#!/usr/bin/env python3
"""Small LoRA adapters written by PEFT, and what PEFT and PyTorch make of them, for test/parity/adapter.

Run with torch, transformers 5 and peft installed:
    python test/parity/adapter/make_expectations.py
Writes adapters/<name>/, checkpoints/gpt2/ and expectations.json beside this file. The bases are those of
test/parity/model. Updates are PEFT's own, in float64: what merging adds to each weight, where PEFT merges it, and what
its wrapped module uses in place of the weight, where it does not. Logits are those of the unmerged model in float32.
"""
import base64
import json
import shutil
from pathlib import Path

import numpy as np
import peft
import torch
import transformers
from peft import LoraConfig, PeftModel, get_peft_model
from peft.tuners.lora.layer import LoraLayer
from peft.utils.other import ModulesToSaveWrapper
from safetensors import safe_open
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, GPT2Config, GPT2LMHeadModel

HERE = Path(__file__).parent
MODELS = HERE.parent / "model" / "checkpoints"
torch.set_num_threads(1)
IMAGE = 2

CASES = {
    # Every linear map of language model, vision tower and merger.
    "plain": ("qwen2_5_vl-other", dict(r=4, lora_alpha=8, target_modules="all-linear")),
    # The base has the names of older transformers on disk; PEFT writes the current ones.
    "patterns": ("qwen2_5_vl-old", dict(
        r=4, lora_alpha=8, use_rslora=True, target_modules=["q_proj", "v_proj", "up_proj", "down_proj"],
        rank_pattern={"q_proj": 2, "layers.1.mlp.up_proj": 8, r"^model\.language_model\.layers\.[23]\.mlp\.down_proj": 1},
        alpha_pattern={"layers.0.self_attn.q_proj": 32, "v_proj": 3, r".*\.layers\.1\.mlp\.(up|down)_proj": 5})),
    "saved": ("qwen2_5_vl-old", dict(r=2, lora_alpha=2, target_modules=["o_proj"], modules_to_save=["lm_head", "merger", "norm"])),
    "embedding": ("qwen2_5_vl-old", dict(r=3, lora_alpha=6, target_modules=["embed_tokens", "lm_head", "gate_proj"])),
    # The head stays tied to the embedding as it was: an adapter wraps the one module.
    "tied": ("qwen2_5_vl-tied", dict(r=3, lora_alpha=6, target_modules=["embed_tokens", "k_proj"])),
    "convolution": ("qwen2_vl", dict(r=4, lora_alpha=4, target_modules=["patch_embed.proj", "qkv", "fc1"])),
    # Weights stored in x out, square ones among them; biases trained too.
    "transposed": ("gpt2", dict(r=4, lora_alpha=8, target_modules=["c_attn", "c_proj", "c_fc"], fan_in_fan_out=True, bias="lora_only")),
    "tied-gpt2": ("gpt2", dict(r=2, lora_alpha=8, target_modules=["wte"])),
    # Layers that carry a state beside layers with attention and an output gate.
    "recurrent": ("qwen3_5", dict(r=2, lora_alpha=8, target_modules=["in_proj_qkv", "in_proj_z", "in_proj_b", "in_proj_a", "out_proj", "q_proj", "o_proj", "down_proj"])),
}


def base_folder(name):
    return HERE / "checkpoints" / name if name == "gpt2" else MODELS / name


def load(name, dtype):
    folder = base_folder(name)
    if name == "gpt2":
        return GPT2LMHeadModel.from_pretrained(folder, dtype=dtype)
    auto = AutoModelForImageTextToText if hasattr(AutoConfig.from_pretrained(folder), "vision_config") else AutoModelForCausalLM
    return auto.from_pretrained(folder, dtype=dtype, attn_implementation="eager")


def train(model, seed, storage):
    """Random numbers in place of training: B is zero at first, and saved modules are copies of the base's."""
    torch.manual_seed(seed)
    for name, parameter in model.named_parameters():
        if "lora_" in name:
            parameter.data = (torch.randn(parameter.shape) * 0.2).to(storage)
        elif parameter.requires_grad:
            parameter.data = (parameter.data.float() + torch.randn(parameter.shape) * 0.05).to(storage)


def updates(plain, adapted):
    """After - before in float64 per parameter of the base that the adapter changes, under the base's module names."""
    before = {name: value for name, value in plain.state_dict().items()}
    found = {}
    prefix = "base_model.model."
    for name, module in adapted.named_modules():
        own = name.removeprefix(prefix)
        if isinstance(module, LoraLayer):
            found[f"{own}.weight"] = module.get_delta_weight("default")
            base = module.get_base_layer()
            if getattr(base, "bias", None) is not None and f"{own}.bias" in before:
                found[f"{own}.bias"] = base.bias - before[f"{own}.bias"]
        elif isinstance(module, ModulesToSaveWrapper):
            for key, value in module.modules_to_save["default"].state_dict().items():
                found[f"{own}.{key}"] = value - before[f"{own}.{key}"]
    return {name: (before[name], delta) for name, delta in found.items() if delta.abs().max() > 0}


def figures(before, delta):
    after = before + delta
    flat = delta.reshape(delta.shape[0], -1) if delta.dim() > 1 else delta.reshape(1, -1)
    values = torch.linalg.svdvals(flat)
    return {
        "shape": list(before.shape),
        "fro": float(delta.norm()),
        "relative": float(delta.norm() / before.norm()) if before.norm() > 0 else None,
        "cosine": float((before * after).sum() / before.norm() / after.norm()) if before.norm() > 0 else None,
        "maxAbs": float(delta.abs().max()),
        "changed": float((after != before).double().mean()),
        "singularValues": [float(value) for value in values[values > 1e-9 * values[0]]],
    }


def b64(values):
    return base64.b64encode(np.ascontiguousarray(values, dtype=np.float32).tobytes()).decode()


def pixels(seed, grid, patch_values):
    """As test/parity/model makes them from their seed."""
    mask, state, made = 0xFFFFFFFF, seed, []
    for _ in range(int(np.prod(grid)) * patch_values):
        state = (state + 0x6D2B79F5) & mask
        mixed = ((state ^ (state >> 15)) * (state | 1)) & mask
        mixed ^= (mixed + ((mixed ^ (mixed >> 7)) * (mixed | 61))) & mask
        made.append(3 * (((mixed ^ (mixed >> 14)) & mask) + 0.5) / 2**32 - 1.5)
    return np.array(made, dtype=np.float32).reshape(-1, patch_values)


def last_logits(model, prompt):
    ids = torch.tensor([prompt["inputIds"]])
    images = prompt["images"]
    config = model.config.vision_config
    values = config.in_channels * config.temporal_patch_size * config.patch_size**2
    out = model(
        input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=(ids == IMAGE).int(),
        pixel_values=torch.from_numpy(np.concatenate([pixels(image["seed"], image["grid"], values) for image in images])),
        image_grid_thw=torch.tensor([image["grid"] for image in images]))
    return out.logits[0, -1].numpy()


def main():
    shutil.rmtree(HERE / "adapters", ignore_errors=True)
    shutil.rmtree(HERE / "checkpoints", ignore_errors=True)
    torch.manual_seed(5)
    gpt2 = GPT2LMHeadModel(GPT2Config(vocab_size=40, n_positions=16, n_embd=16, n_layer=2, n_head=2, initializer_range=0.2))
    gpt2.bfloat16().save_pretrained(base_folder("gpt2"))

    expectations = {"peft": peft.__version__, "transformers": transformers.__version__, "torch": torch.__version__, "cases": {}}
    stored = json.loads((HERE.parent / "model" / "expectations.json").read_text())["models"]
    for seed, (name, (base, settings)) in enumerate(CASES.items()):
        folder = HERE / "adapters" / name
        model = get_peft_model(load(base, torch.float32), LoraConfig(**settings))
        # One is stored in half precision, as most are.
        train(model, seed, torch.bfloat16 if name == "saved" else torch.float32)
        model.save_pretrained(folder)
        (folder / "README.md").unlink(missing_ok=True)
        config = json.loads((folder / "adapter_config.json").read_text())
        # Relative to a folder above the adapter's, as trainers leave it.
        config["base_model_name_or_path"] = f"checkpoints/{base}" if base == "gpt2" else f"model/checkpoints/{base}"
        (folder / "adapter_config.json").write_text(json.dumps(config, indent=2) + "\n")

        plain = load(base, torch.float64)
        with torch.no_grad():
            adapted = PeftModel.from_pretrained(load(base, torch.float64), folder, autocast_adapter_dtype=False).double().eval()
            case = {"base": base, "updates": {key: figures(*value) for key, value in updates(plain, adapted).items()}}
            if base != "gpt2":
                running = PeftModel.from_pretrained(load(base, torch.float32), folder, autocast_adapter_dtype=False).float().eval()
                unchanged = load(base, torch.float32).eval()
                case["prompts"] = []
                for prompt in [prompt for prompt in stored[base]["prompts"] if prompt["images"]][:3]:
                    logits, before = (last_logits(model, prompt) for model in (running, unchanged))
                    case["prompts"].append({"inputIds": prompt["inputIds"], "images": prompt["images"], "logits": b64(logits), "moved": float(np.abs(logits - before).max())})
        expectations["cases"][name] = case
        print(name, len(case["updates"]), [round(prompt["moved"], 3) for prompt in case.get("prompts", [])])
    (HERE / "expectations.json").write_text(json.dumps(expectations, indent=1) + "\n")


if __name__ == "__main__":
    main()
