"""Parameter names in memory of transformers' classes, on the meta device: python test/parity/freeze/make_names.py

Per model type: every name, numbers of language layers written {L}, and whether it lies in the decoder's layers.
"""
import json
import re
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText

TYPES = [
    "qwen2_vl", "qwen2_5_vl", "qwen3_vl", "qwen3_vl_moe", "qwen3_5", "glm4v", "internvl", "mistral3", "gemma3", "llava",
    "llava_next", "llava_onevision", "smolvlm", "idefics3", "mllama", "llama4", "qwen2", "qwen3", "llama", "mistral", "gemma2",
]  # fmt: skip


def names_of(model_type):
    config = AutoConfig.for_model(model_type)
    for part in (config, getattr(config, "text_config", None), getattr(config, "vision_config", None)):
        for key in ("num_hidden_layers", "depth", "num_layers", "num_global_layers"):
            if part is not None and isinstance(getattr(part, key, None), int):
                setattr(part, key, 4)
        if part is not None and getattr(part, "layer_types", None):
            part.layer_types = part.layer_types[:4]
    auto = AutoModelForImageTextToText if hasattr(config, "vision_config") else AutoModelForCausalLM
    with torch.device("meta"):
        model = auto.from_config(config)
    decoder = model.get_decoder()
    inside = {id(parameter) for parameter in decoder.layers.parameters()}
    rows = {}
    for name, parameter in model.named_parameters():
        layer = id(parameter) in inside
        key = re.sub(r"(\.layers\.)\d+\.", r"\1{L}.", name) if layer else name
        rows[key] = layer
    return [[name, layer] for name, layer in rows.items()]


if __name__ == "__main__":
    result = {}
    for model_type in TYPES:
        try:
            result[model_type] = names_of(model_type)
            print(model_type, len(result[model_type]))
        except Exception as error:  # a class that needs more than its defaults is named, not guessed
            print(model_type, "left out:", str(error).splitlines()[0][:150])
    Path(__file__).with_name("names.json").write_text(json.dumps(result, separators=(",", ":")).replace("]],", "]],\n") + "\n")
