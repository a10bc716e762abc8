#!/usr/bin/env python3
"""What transformers makes of images and conversations for Idefics 3 and SmolVLM, which cut images into a grid of squares: grid.test.ts.

    python test/parity/processor/make_grid.py
Needs num2words. Writes fixtures/idefics3/, fixtures/smolvlm/ and grid.json. Pictures are those of make_expectations.py.
"""
import json
import random

import numpy as np
from PIL import Image
from transformers import AutoProcessor
from transformers.image_utils import load_image

from make_expectations import CONVERSATIONS, HERE, OUT, PICTURED, QWEN_SPLIT, byte_level, sha, write
from make_squares import PICTURES, counted

# Published: squares of 512 pixels and patches of 16; of 364 (Idefics 3) or 384 (SmolVLM 2), of which patches of 14 leave a rest.
FAMILIES = {
    "idefics3": dict(side=56, patch=14, scale=2, longest=224, processor="Idefics3ImageProcessor", kind="Idefics3Processor"),
    "smolvlm": dict(side=60, patch=14, scale=2, longest=240, processor="SmolVLMImageProcessor", kind="SmolVLMProcessor"),
    "smolvlm-whole": dict(side=48, patch=8, scale=3, longest=100, processor="SmolVLMImageProcessorFast", kind="SmolVLMProcessor", splitting=False),
}
# Of SmolVLM's files.
TEMPLATE = (
    "<|im_start|>{% for message in messages %}{{message['role'] | capitalize}}{% if message['content'][0]['type'] == 'image' %}{{':'}}{% else %}{{': '}}{% endif %}"
    "{% for line in message['content'] %}{% if line['type'] == 'text' %}{{line['text']}}{% elif line['type'] == 'image' %}{{ '<image>' }}{% endif %}{% endfor %}<end_of_utterance>\n"
    "{% endfor %}{% if add_generation_prompt %}{{ 'Assistant:' }}{% endif %}")
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<end_of_utterance>", "<fake_token_around_image>", "<image>", "<global-img>", *(f"<row_{row}_col_{column}>" for row in range(1, 5) for column in range(1, 5))]


def make(name, side, patch, scale, longest, processor, kind, splitting=True):
    tokenizer = byte_level(QWEN_SPLIT, 400, SPECIAL, [])
    token = tokenizer.token_to_id
    folder = OUT / name
    write(folder, "tokenizer.json", tokenizer.to_str())
    write(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast" if name == "idefics3" else "GPT2Tokenizer", "processor_class": kind, "bos_token": "<|im_start|>", "eos_token": "<end_of_utterance>", "pad_token": "<|endoftext|>", "unk_token": "<|endoftext|>",
                                            "clean_up_tokenization_spaces": False, "additional_special_tokens": ["<fake_token_around_image>", "<image>", "<end_of_utterance>"], "truncation_side": "left"})
    write(folder, "chat_template.json", {"chat_template": TEMPLATE})
    write(folder, "preprocessor_config.json", {"image_processor_type": processor, "processor_class": kind, "do_convert_rgb": True, "do_image_splitting": splitting, "do_pad": True, "do_resize": True, "do_rescale": True, "do_normalize": True, "rescale_factor": 1 / 255,
                                               "max_image_size": {"longest_edge": side}, "size": {"longest_edge": longest}, "resample": 1, "image_mean": [0.5] * 3, "image_std": [0.5] * 3})
    write(folder, "processor_config.json", {"image_seq_len": (side // patch // scale) ** 2, "processor_class": kind})
    write(folder, "generation_config.json", {"eos_token_id": token("<end_of_utterance>"), "pad_token_id": token("<|endoftext|>")})
    write(folder, "config.json", {"model_type": name.split("-")[0], "image_token_id": token("<image>"), "scale_factor": scale, "text_config": {"model_type": "llama", "max_position_embeddings": 8192},
                                  "vision_config": {"image_size": side, "patch_size": patch, "num_hidden_layers": 1}})


def patches(squares, patch, merge):
    """Squares [count, 3, side, side] as rows of patches, blocks of merge × merge one after the other; the rest is cut off."""
    seen = squares.shape[-1] // patch * patch
    squares = squares[..., :seen, :seen]
    count, blocks = len(squares), seen // patch // merge
    cut = squares.reshape(count, 3, blocks, merge, patch, blocks, merge, patch).transpose(0, 2, 5, 3, 6, 1, 4, 7)
    return np.ascontiguousarray(cut.reshape(-1, 3 * patch * patch), dtype=np.float32)


def images_of(name, patch, scale):
    processor = AutoProcessor.from_pretrained(OUT / name)
    result = []
    for file in PICTURES:
        image = Image.fromarray(np.asarray(load_image(str(OUT / "pictures" / file))))
        out = processor(images=[image], text=["<image>"], return_tensors="np")
        assert out["pixel_attention_mask"].all(), "every square is whole"
        values = out["pixel_values"][0]
        result.append({"file": file, "squares": len(values), "values": sha(patches(values, patch, scale))})
    return result


def prompts_of(name):
    processor = AutoProcessor.from_pretrained(OUT / name)
    result = []
    for label, messages in {**PICTURED, **CONVERSATIONS}.items():
        # The template prints nothing of contents that are no lists.
        messages = [{**message, "content": [{"type": "text", "text": message["content"]}] if isinstance(message["content"], str) else message["content"]} for message in messages]
        pictures = ["rgb.png", "wide.png"][: counted(messages)]
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        images = [load_image(str(OUT / "pictures" / file)) for file in pictures]
        out = processor(text=[text], images=[images] if images else None, return_tensors="np", add_special_tokens=False)
        result.append({"label": label, "messages": messages, "pictures": pictures, "ids": out["input_ids"][0].tolist()})
    return result


def grids():
    """Sizes of images, and the rows and columns of squares that they are cut into."""
    rng = random.Random(7)
    processor = AutoProcessor.from_pretrained(OUT / "idefics3").image_processor
    result = []
    for side, longest in ((512, 2048), (364, 1456), (384, 1536), (512, 1000)):
        for _ in range(60):
            width, height = (int(2 ** rng.uniform(1, 12)) for _ in range(2))
            if max(width, height) > 60 * min(width, height):
                continue
            image = np.zeros((height, width, 3), dtype=np.uint8)
            out = processor(images=[[Image.fromarray(image)]], size={"longest_edge": longest}, max_image_size={"longest_edge": side}, return_row_col_info=True, do_pad=False, resample=0)
            result.append([width, height, side, longest, out["cols"][0][0], out["rows"][0][0]])
    return result


def main():
    for name, family in FAMILIES.items():
        make(name, **family)
    found = {"images": {name: images_of(name, family["patch"], family["scale"]) for name, family in FAMILIES.items()}, "prompts": {name: prompts_of(name) for name in FAMILIES}, "grids": grids()}
    (HERE / "grid.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
