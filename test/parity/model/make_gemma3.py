#!/usr/bin/env python3
"""Small random Gemma 3 models, with images and without, and what transformers computes with them, for test/parity/model.

    python test/parity/model/make_gemma3.py [NAME...]
Writes checkpoints/<name>/ and expectations/gemma3.json; given names, only those are made anew.
"""
import json
import sys

import torch
from transformers import Gemma3Config, Gemma3ForCausalLM, Gemma3ForConditionalGeneration, Gemma3TextConfig

from make_expectations import IMAGE, PAD, EOS, TEXT, main
from squares import PATCH, SIDE, SquareRunner, save, stored_state, write_config

VISION = dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40, image_size=SIDE, patch_size=PATCH, vision_use_head=False)
ROPE = {"full_attention": {"rope_type": "linear", "rope_theta": 1000000.0, "factor": 8.0}, "sliding_attention": {"rope_type": "default", "rope_theta": 10000.0}}


def kinds(letters):
    return [{"S": "sliding_attention", "F": "full_attention"}[letter] for letter in letters]


def text(letters, **more):
    return {**TEXT, "head_dim": 12, "query_pre_attn_scalar": 10, "sliding_window": 6, "layer_types": kinds(letters), "rope_parameters": json.loads(json.dumps(ROPE)), "tie_word_embeddings": True, **more}


def gemma3(letters, tokens, **more):
    model = Gemma3ForConditionalGeneration(Gemma3Config(
        text_config=text(letters, **more), vision_config=VISION, mm_tokens_per_image=tokens, image_token_index=IMAGE, boi_token_index=4, eoi_token_index=5, tie_word_embeddings=True))
    # It begins as zeros.
    model.model.multi_modal_projector.mm_input_projection_weight.normal_(0, 0.3)
    for parameter in model.model.vision_tower.parameters():
        if parameter.ndim > 1:
            parameter.normal_(0, 0.2)
    return model


def gemma3_text(letters, tied, **more):
    return Gemma3ForCausalLM(Gemma3TextConfig(**text(letters, **{"tie_word_embeddings": tied, **more})))


# With one token per patch an image is longer than the window.
MODELS = {
    "gemma3": (lambda: gemma3("SFSF", 4), torch.bfloat16, "new", 51),
    "gemma3-other": (lambda: gemma3("SFSF", 4), torch.bfloat16, "new", 52),
    "gemma3-long": (lambda: gemma3("FSSF", 16), torch.float32, "new", 53),
    "gemma3-old": (lambda: gemma3("SSFS", 16), torch.bfloat16, "old", 54),
    "gemma3_text": (lambda: gemma3_text("SSFS", True, final_logit_softcapping=5.0), torch.bfloat16, "new", 55),
    "gemma3_text-old": (lambda: gemma3_text("SFSF", False, attention_bias=True), torch.float16, "old", 56),
}


class Gemma3Runner(SquareRunner):
    SQUARES = [[1] * count for count in (2, 1, 1, 3, 1, 1, 2, 3, 1, 2, 1, 3, 2, 1, 1)]

    def merge_of(self, config):
        return int(self.patches / config.mm_tokens_per_image**0.5)

    def cache_config(self):
        # A cache that forgets what has left the window has nothing to swap in.
        return None

    def inputs(self, prompts):
        given = super().inputs(prompts)
        if self.vision:
            given["token_type_ids"] = (given["input_ids"] == IMAGE).int()
        return given


def old_name(name):
    """As published: the language model whole, and the wrapper of the tower."""
    return name.replace("model.language_model.", "language_model.model.").replace("model.vision_tower.", "vision_tower.vision_model.").replace("model.multi_modal_projector", "multi_modal_projector")


def write(model, folder, dtype, layout):
    folder.mkdir(parents=True)
    state = stored_state(model, dtype)
    config = json.loads(model.config.to_json_string(use_diff=False))
    inner = config.get("text_config", config)
    for key in ("_sliding_window_pattern", "use_bidirectional_attention", "attn_logit_softcapping"):
        inner.pop(key, None)
    stored = state
    if layout == "old":
        # As transformers before 5 wrote it.
        rope, types = inner.pop("rope_parameters"), inner.pop("layer_types")
        inner["sliding_window_pattern"] = 1 + types.index("full_attention")
        inner["rope_theta"], inner["rope_local_base_freq"] = rope["full_attention"]["rope_theta"], rope["sliding_attention"]["rope_theta"]
        inner["rope_scaling"] = {"factor": rope["full_attention"]["factor"], "rope_type": "linear"}
        stored = {old_name(name): value for name, value in state.items()} if "text_config" in config else state
    save(stored, folder)
    write_config(model, folder, config)
    return {name: value.float() for name, value in state.items()}


if __name__ == "__main__":
    main(sys.argv[1:], MODELS, "expectations/gemma3.json", Gemma3Runner, write, ["gemma3", "gemma3-long", "gemma3_text"], {"gemma3": "gemma3-other"})
