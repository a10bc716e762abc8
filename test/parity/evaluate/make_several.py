"""What transformers answers to questions about several images, and with black ones in their places.

    python make_several.py        # from the repository's root; writes several/questions.jsonl, several/*.png, several.json
"""
import json
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer, Qwen2_5_VLForConditionalGeneration

HERE = Path(__file__).parent
MODEL = Path("samples/lineage/in")
SIZES = {"a.png": (112, 84), "b.png": (140, 56), "c.png": (84, 84)}
QUESTIONS = [
    ("between", "Here <image> and there <image>\nHow many squares?", ["a.png", "b.png"]),
    ("before", "How many squares?", ["b.png", "a.png", "c.png"]),
    ("one", "<image>\nHow many squares?", ["c.png"]),
]
TOKENS = 24


def drawn(name):
    width, height = SIZES[name]
    image = Image.new("RGB", (width, height), "white")
    for at in range(3):
        image.paste([(200, 30, 30), (30, 120, 200), (20, 160, 60)][(at + len(name) + width) % 3], (8 + 26 * at, 12, 24 + 26 * at, 40))
    return image


def content(prompt, images):
    pieces = prompt.split("<image>")
    if len(pieces) == 1:
        return [{"type": "image"}] * images + [{"type": "text", "text": prompt}]
    out = []
    for index, piece in enumerate(pieces):
        if index > 0:
            out.append({"type": "image"})
            piece = piece.removeprefix("\n")
        if piece:
            out.append({"type": "text", "text": piece})
    return out


@torch.no_grad()
def answer(model, tokenizer, processor, prompt, images):
    text = tokenizer.apply_chat_template([{"role": "user", "content": content(prompt, len(images))}], add_generation_prompt=True, tokenize=False)
    vision = processor(images=images, return_tensors="pt")
    for grid in vision["image_grid_thw"]:
        text = text.replace("<|image_pad|>", "<|placeholder|>" * (int(grid.prod()) // processor.merge_size**2), 1)
    ids = tokenizer(text.replace("<|placeholder|>", "<|image_pad|>"), return_tensors="pt", add_special_tokens=False).input_ids
    kinds = (ids == model.config.image_token_id).int()
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=kinds, **vision, max_new_tokens=TOKENS, do_sample=False)
    return tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True)


if __name__ == "__main__":
    folder = HERE / "several"
    folder.mkdir(exist_ok=True)
    for name in SIZES:
        drawn(name).save(folder / name)
    lines = [dict(id=name, prompt=prompt, images=files, answer="3", answer_type="number") for name, prompt, files in QUESTIONS]
    (folder / "questions.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(MODEL, dtype=torch.float32).eval()
    tokenizer, processor = AutoTokenizer.from_pretrained(MODEL), AutoImageProcessor.from_pretrained(MODEL, use_fast=False)
    answers = {}
    for name, prompt, files in QUESTIONS:
        images = [Image.open(folder / file) for file in files]
        black = [Image.new("RGB", image.size) for image in images]
        answers[name] = dict(
            image=answer(model, tokenizer, processor, prompt, images), black=answer(model, tokenizer, processor, prompt, black)
        )
    (HERE / "several.json").write_text(json.dumps(answers, indent=1) + "\n")
    print(json.dumps(answers, indent=1))
