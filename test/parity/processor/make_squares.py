#!/usr/bin/env python3
"""What transformers makes of images and conversations for towers that see squares of one size: squares.test.ts.

    python test/parity/processor/make_squares.py
Writes fixtures/<family>/ and squares.json. Pictures are those of make_expectations.py.
"""
import json
import random

import numpy as np
from PIL import Image
from transformers import AutoProcessor, AutoTokenizer
from transformers.image_utils import load_image
from transformers.models.got_ocr2.image_processing_got_ocr2 import get_optimal_tiled_canvas

from make_expectations import CONVERSATIONS, HERE, OUT, PICTURED, QWEN_PLAIN, QWEN_SPLIT, byte_level, sha, write

SIDE, PATCH = 56, 14
PICTURES = ["rgb.png", "wide.png", "one-pixel.png", "420.jpg", "fits.png", "grey.png", "alpha.webp"]
IMAGENET = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
INTERNVL_TEMPLATE = (
    "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\n'}}{% if message['content'] is string %}{{ message['content'] }}{% else %}"
    "{% for content in message['content'] %}{% if content['type'] == 'image' %}{{ '<IMG_CONTEXT>\n' }}{% elif content['type'] == 'video' %}{{ '<video>\n' }}"
    "{% elif content['type'] == 'text' %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}{{'<|im_end|>\n'}}{% endfor %}"
    "{% if add_generation_prompt %}{{'<|im_start|>assistant\n' }}{% endif %}")
CHAT_TEMPLATE = (
    "{% if messages[0]['role'] != 'system' %}{{ '<|im_start|>system\nYou are a helpful assistant.<|im_end|>\n' }}{% endif %}"
    "{% for message in messages %}{{ '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}{% endfor %}"
    "{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}")
INTERNVL_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<img>", "</img>", "<IMG_CONTEXT>", "<quad>", "</quad>", "<ref>", "</ref>", "<box>", "</box>", "<video>"]


def make_internvl():
    tokenizer = byte_level(QWEN_SPLIT, 400, INTERNVL_SPECIAL, QWEN_PLAIN)
    token = tokenizer.token_to_id
    named = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None, "bos_token": None, "clean_up_tokenization_spaces": False, "tokenizer_class": "Qwen2Tokenizer"}
    vision = {"image_size": [SIDE, SIDE], "patch_size": [PATCH, PATCH], "num_hidden_layers": 1}
    folder = OUT / "internvl"
    write(folder, "tokenizer.json", tokenizer.to_str())
    write(folder, "tokenizer_config.json", {**named, "processor_class": "InternVLProcessor", "extra_special_tokens": {"context_image_token": "<IMG_CONTEXT>", "start_image_token": "<img>", "end_image_token": "</img>", "video_token": "<video>"}})
    write(folder, "chat_template.jinja", INTERNVL_TEMPLATE)
    # The file turns cutting off; the processor cuts all the same.
    write(folder, "preprocessor_config.json", {"image_processor_type": "GotOcr2ImageProcessorFast", "processor_class": "InternVLProcessor", "crop_to_patches": False, "min_patches": 1, "max_patches": 6, "size": {"height": SIDE, "width": SIDE}, "resample": 3, **IMAGENET})
    write(folder, "processor_config.json", {"image_seq_length": 4, "processor_class": "InternVLProcessor"})
    write(folder, "generation_config.json", {"eos_token_id": token("<|im_end|>")})
    write(folder, "config.json", {"model_type": "internvl", "image_token_id": token("<IMG_CONTEXT>"), "downsample_ratio": 0.5, "text_config": {"model_type": "qwen2", "max_position_embeddings": 4096}, "vision_config": vision})
    folder = OUT / "internvl_chat"
    write(folder, "tokenizer.json", tokenizer.to_str())
    write(folder, "tokenizer_config.json", {**named, "chat_template": CHAT_TEMPLATE})
    write(folder, "preprocessor_config.json", {"feature_extractor_type": "CLIPFeatureExtractor", "crop_size": SIDE, "do_center_crop": True, "size": SIDE, "resample": 3, **IMAGENET})
    write(folder, "generation_config.json", {"eos_token_id": token("<|im_end|>")})
    write(folder, "config.json", {"model_type": "internvl_chat", "downsample_ratio": 0.5, "force_image_size": SIDE, "dynamic_image_size": True, "use_thumbnail": True, "min_dynamic_patch": 1, "max_dynamic_patch": 6, "llm_config": {"model_type": "qwen2", "max_position_embeddings": 4096}, "vision_config": {**vision, "image_size": SIDE, "patch_size": PATCH}})


def patches(squares, merge):
    """Squares [count, 3, side, side] as rows of patches, blocks of merge × merge one after the other."""
    count, _, side, _ = squares.shape
    blocks = side // PATCH // merge
    cut = squares.reshape(count, 3, blocks, merge, PATCH, blocks, merge, PATCH).transpose(0, 2, 5, 3, 6, 1, 4, 7)
    return np.ascontiguousarray(cut.reshape(-1, 3 * PATCH * PATCH), dtype=np.float32)


def images_of(name, merge):
    processor = AutoProcessor.from_pretrained(OUT / name)
    result = []
    for file in PICTURES:
        image = Image.fromarray(np.asarray(load_image(str(OUT / "pictures" / file))))
        out = processor(images=[image], text=[processor.image_token], return_tensors="np")
        values = out["pixel_values"]
        result.append({"file": file, "squares": len(values), "values": sha(patches(values, merge))})
    return result


def counted(messages):
    return sum(part["type"] == "image" for message in messages if not isinstance(message["content"], str) for part in message["content"])


def prompts_of(name):
    processor = AutoProcessor.from_pretrained(OUT / name)
    result = []
    for label, messages in {**PICTURED, **CONVERSATIONS}.items():
        pictures = ["rgb.png", "wide.png"][: counted(messages)]
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        images = [load_image(str(OUT / "pictures" / file)) for file in pictures]
        out = processor(text=[text], images=images or None, return_tensors="np")
        result.append({"label": label, "messages": messages, "pictures": pictures, "ids": out["input_ids"][0].tolist()})
    return result


def chat_prompts(squares):
    """As the published code: `<image>` and a line in the words, and then the squares' tokens in its place."""
    tokenizer = AutoTokenizer.from_pretrained(OUT / "internvl_chat")
    result = []
    for label, messages in {**PICTURED, **CONVERSATIONS}.items():
        pictures = ["rgb.png", "wide.png"][: counted(messages)]
        worded = [{**message, "content": message["content"] if isinstance(message["content"], str) else "".join("<image>\n" if part["type"] == "image" else part["text"] for part in message["content"])} for message in messages]
        text = tokenizer.apply_chat_template(worded, add_generation_prompt=True, tokenize=False)
        for file in pictures:
            text = text.replace("<image>", "<img>" + "<IMG_CONTEXT>" * 4 * squares[file] + "</img>", 1)
        result.append({"label": label, "messages": messages, "pictures": pictures, "ids": tokenizer(text, add_special_tokens=False)["input_ids"]})
    return result


def tilings():
    rng = random.Random(5)
    result = []
    for least, most in ((1, 12), (1, 6), (2, 9)):
        for _ in range(120):
            width, height = (int(2 ** rng.uniform(3, 12)) for _ in range(2))
            if rng.random() < 0.4:  # shapes that several tilings have
                width, height = 448 * rng.randint(1, 4) // rng.choice((1, 2, 3)), 448 * rng.randint(1, 4) // rng.choice((1, 2, 3))
            result.append([width, height, least, most, *map(int, get_optimal_tiled_canvas((height, width), (448, 448), least, most))])
    return result


def main():
    make_internvl()
    images = images_of("internvl", 2)
    found = {
        "images": {"internvl": images, "internvl_chat": images},
        "prompts": {"internvl": prompts_of("internvl"), "internvl_chat": chat_prompts({one["file"]: one["squares"] for one in images})},
        "tilings": tilings(),
    }
    (HERE / "squares.json").write_text(json.dumps(found, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
