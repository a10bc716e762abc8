#!/usr/bin/env python3
"""Small random InternVL models in both layouts, and what transformers computes with them, for test/parity/model.

    python test/parity/model/make_internvl.py [NAME...]
Writes checkpoints/<name>/ and expectations/internvl.json; given names, only those are made anew. The published layout
with code of its own (`internvl_chat`) is the same model under other names, as transformers' conversion script maps them.
"""
import json
import sys

import torch
from transformers import InternVLConfig, InternVLForConditionalGeneration

from make_expectations import IMAGE, PAD, EOS, TEXT, main
from squares import PATCH, SIDE, SquareRunner, save, stored_state, write_config

VISION = dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40, image_size=[SIDE, SIDE], patch_size=[PATCH, PATCH], initializer_range=0.2, layer_scale_init_value=0.7)


def internvl(tied, text, **vision):
    model = InternVLForConditionalGeneration(InternVLConfig(
        text_config={**TEXT, "tie_word_embeddings": tied, **text}, vision_config={**VISION, **vision}, image_seq_length=4, image_token_id=IMAGE,
        tie_word_embeddings=tied, eos_token_id=EOS, pad_token_id=PAD))
    # They begin as zeros.
    embeddings = model.model.vision_tower.embeddings
    embeddings.cls_token.normal_(0, 0.5)
    embeddings.position_embeddings.normal_(0, 0.5)
    return model


QWEN2 = {"model_type": "qwen2", "use_sliding_window": False}
QWEN3 = {"model_type": "qwen3", "head_dim": 12}
DYNAMIC = {"rope_parameters": {"rope_type": "dynamic", "rope_theta": 10000.0, "factor": 2.0}}
MODELS = {
    "internvl": (lambda: internvl(True, QWEN2, attention_bias=True), torch.bfloat16, "new", 41),
    "internvl-other": (lambda: internvl(True, QWEN2, attention_bias=True), torch.bfloat16, "new", 42),
    "internvl-qwen3": (lambda: internvl(False, QWEN3, use_qk_norm=True, norm_type="rms_norm"), torch.bfloat16, "old", 43),
    "internvl-llama": (lambda: internvl(False, {"model_type": "llama"}, use_mean_pooling=False, attention_bias=True), torch.float32, "new", 44),
    "internvl_chat": (lambda: internvl(False, {**QWEN2, **DYNAMIC}, attention_bias=True), torch.bfloat16, "chat", 45),
    "internvl_chat-qwen3": (lambda: internvl(True, QWEN3, use_qk_norm=True, norm_type="rms_norm"), torch.float16, "chat", 46),
}


class InternVLRunner(SquareRunner):
    def merge_of(self, config):
        return int(1 / config.downsample_ratio)


def old_name(name):
    """As transformers before 4.52 wrote it."""
    if name.startswith("lm_head"):
        return f"language_model.{name}"
    return name.replace("model.language_model.", "language_model.model.") if name.startswith("model.language_model.") else name.removeprefix("model.")


def chat_name(name):
    for new, old in (("model.language_model.", "language_model.model."), ("lm_head", "language_model.lm_head"), ("model.multi_modal_projector.layer_norm", "mlp1.0"),
                     ("model.multi_modal_projector.linear_1", "mlp1.1"), ("model.multi_modal_projector.linear_2", "mlp1.3"), ("model.vision_tower.", "vision_model."),
                     ("embeddings.cls_token", "embeddings.class_embedding"), ("embeddings.patch_embeddings.projection", "embeddings.patch_embedding"),
                     ("position_embeddings", "position_embedding"), ("encoder.layer.", "encoder.layers."), ("attention.projection_layer", "attn.proj"),
                     ("attention.q_norm", "attn.q_norm"), ("attention.k_norm", "attn.k_norm"), ("layernorm_before", "norm1"), ("layernorm_after", "norm2"),
                     ("lambda_1", "ls1"), ("lambda_2", "ls2")):
        name = name.replace(new, old)
    return name


def chat_state(state):
    made = {}
    for name, value in state.items():
        if "attention.q_proj" in name:
            made[chat_name(name).replace("attention.q_proj", "attn.qkv")] = torch.cat([state[name.replace("q_proj", part)] for part in ("q_proj", "k_proj", "v_proj")])
        elif "attention.k_proj" not in name and "attention.v_proj" not in name:
            made[chat_name(name)] = value
    return made


def chat_config(config):
    """As published: settings in `llm_config`, those of a training with experts in `vision_config`."""
    vision, text = config["vision_config"], config["text_config"]
    keep = ("hidden_size", "num_hidden_layers", "num_attention_heads", "intermediate_size", "hidden_act", "attention_dropout", "initializer_range", "layer_norm_eps", "norm_type", "num_channels")
    rope = text.pop("rope_parameters")
    text["rope_theta"] = rope.pop("rope_theta")
    text["rope_scaling"] = {"factor": rope["factor"], "rope_type": rope["rope_type"], "type": rope["rope_type"]} if rope["rope_type"] != "default" else None
    return {
        "architectures": ["InternVLChatModel"], "auto_map": {"AutoModel": "modeling_internvl_chat.InternVLChatModel"}, "model_type": "internvl_chat", "downsample_ratio": 0.5,
        "dynamic_image_size": True, "force_image_size": SIDE, "image_fold": None, "llm_config": text, "max_dynamic_patch": 12, "min_dynamic_patch": 1, "pad2square": False,
        "ps_version": "v2", "select_layer": -1, "template": "internvl2_5", "tie_word_embeddings": config["tie_word_embeddings"], "use_backbone_lora": 0, "use_llm_lora": 0, "use_thumbnail": True,
        "vision_config": {**{key: vision[key] for key in keep}, "architectures": ["InternVisionModel"], "model_type": "intern_vit_6b", "image_size": SIDE, "patch_size": PATCH,
                          "qkv_bias": vision["attention_bias"], "qk_normalization": vision["use_qk_norm"], "drop_path_rate": 0.1, "initializer_factor": 0.1, "use_flash_attn": True, "use_moe": False, "num_experts": 8, "noisy_gate_policy": "RSample_before"},
    }


def write(model, folder, dtype, layout):
    folder.mkdir(parents=True)
    state = stored_state(model, dtype)
    config = json.loads(model.config.to_json_string(use_diff=False))
    stored = state
    if layout == "old":
        stored = {old_name(name): value for name, value in state.items()}
    if layout == "chat":
        stored, config = chat_state(state), chat_config(config)
    save(stored, folder)
    write_config(model, folder, config)
    return {name: value.float() for name, value in state.items()}


if __name__ == "__main__":
    main(sys.argv[1:], MODELS, "expectations/internvl.json", InternVLRunner, write, ["internvl", "internvl-qwen3", "internvl_chat"], {"internvl": "internvl-other"})
