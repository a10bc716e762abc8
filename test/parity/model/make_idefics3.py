#!/usr/bin/env python3
"""Small random Idefics 3 and SmolVLM models, and what transformers computes with them, for test/parity/model.

    python test/parity/model/make_idefics3.py [NAME...]
Writes checkpoints/<name>/ and expectations/idefics3.json; given names, only those are made anew.
"""
import json
import sys

import torch
from transformers import Idefics3Config, Idefics3ForConditionalGeneration, SmolVLMConfig, SmolVLMForConditionalGeneration

from make_expectations import EOS, IMAGE, PAD, TEXT, main
from squares import PATCH, SIDE, SquareRunner, save, stored_state, write_config

VISION = dict(hidden_size=24, num_hidden_layers=3, num_attention_heads=4, intermediate_size=40, image_size=SIDE, patch_size=PATCH, initializer_range=0.2)


def built(config, model, tied, scale=2, text={}, **vision):
    return model(config(text_config={**TEXT, "model_type": "llama", "tie_word_embeddings": tied, **text}, vision_config={**VISION, **vision},
                        image_token_id=IMAGE, scale_factor=scale, tie_word_embeddings=tied))


def idefics3(tied, **more):
    return built(Idefics3Config, Idefics3ForConditionalGeneration, tied, **more)


def smolvlm(tied, **more):
    return built(SmolVLMConfig, SmolVLMForConditionalGeneration, tied, **more)


MODELS = {
    "smolvlm": (lambda: smolvlm(False), torch.bfloat16, None, 61),
    "smolvlm-other": (lambda: smolvlm(False), torch.bfloat16, None, 62),
    "smolvlm-4": (lambda: smolvlm(True, scale=4, text={"num_key_value_heads": 4}), torch.float32, None, 63),
    # A square that is no multiple of its patches: the rest is not seen.
    "idefics3": (lambda: idefics3(False, text={"rope_parameters": {"rope_type": "default", "rope_theta": 500000.0}}, image_size=SIDE + 1), torch.bfloat16, None, 64),
    "idefics3-tied": (lambda: idefics3(True, hidden_act="gelu"), torch.float16, None, 65),
}


class Idefics3Runner(SquareRunner):
    def see(self, config):
        super().see(config)
        self.model.model.language_model = self.model.model.text_model
        self.side = config.vision_config.image_size

    def merge_of(self, config):
        return config.scale_factor

    def show(self, given, images, ids):
        squares = torch.nn.functional.pad(torch.cat([self.squares(image["seed"], image["grid"][0]) for image in images]), (0, self.side - SIDE) * 2)
        each = (self.patches // self.merge) ** 2
        counts = ((ids == IMAGE).sum(-1) // each).tolist()
        padded = torch.zeros(len(counts), max(counts), *squares.shape[1:])
        for row, own in enumerate(squares.split(counts)):
            padded[row, : len(own)] = own
        given["pixel_values"] = padded
        given["pixel_attention_mask"] = torch.ones(*padded.shape[:2], *padded.shape[3:], dtype=torch.long)


def write(model, folder, dtype, _layout):
    folder.mkdir(parents=True)
    state = stored_state(model, dtype)
    save(state, folder)
    config = json.loads(model.config.to_json_string(use_diff=False))
    config |= {"eos_token_id": EOS, "pad_token_id": PAD}
    # As published files have them.
    config["text_config"] |= {"neftune_noise_alpha": 0.0, "pixel_shuffle_factor": config["scale_factor"], "qk_layer_norms": False, "use_resampler": False, "is_llama_config": True, "rope_interleaved": False,
                              "perceiver_config": {"model_type": "vllama3", "resampler_depth": 6}}
    config["vision_config"] |= {"max_image_size": {"longest_edge": config["vision_config"]["image_size"]}, "size": {"longest_edge": 2048}, "use_base_siglip": False}
    write_config(model, folder, config)
    return {name: value.float() for name, value in state.items()}


if __name__ == "__main__":
    main(sys.argv[1:], MODELS, "expectations/idefics3.json", Idefics3Runner, write, ["smolvlm", "idefics3"], {"smolvlm": "smolvlm-other"})
