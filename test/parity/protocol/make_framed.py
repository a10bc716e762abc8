"""What transformers answers with a system prompt, words before the question, and bounds on pixels.

    python test/parity/protocol/make_framed.py        # from the repository's root; writes framed.json

Questions and images are those of test/parity/evaluate/several.
"""
import json
import sys
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoImageProcessor, AutoTokenizer, Qwen2_5_VLForConditionalGeneration

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent / "evaluate"))
from make_several import MODEL, QUESTIONS, content  # noqa: E402

SYSTEM = "Answer with one word.\nBe brief."
PREFIX = "Look at the squares."
BOUNDS = dict(min_pixels=28 * 28 * 4, max_pixels=28 * 28 * 6)


@torch.no_grad()
def answer(model, tokenizer, processor, system, prompt, images):
    messages = [{"role": "system", "content": system}] if system else []
    text = tokenizer.apply_chat_template([*messages, {"role": "user", "content": content(prompt, len(images))}], add_generation_prompt=True, tokenize=False)
    vision = processor(images=images, return_tensors="pt")
    grids = vision["image_grid_thw"]
    for grid in grids:
        text = text.replace("<|image_pad|>", "<|placeholder|>" * (int(grid.prod()) // processor.merge_size**2), 1)
    ids = tokenizer(text.replace("<|placeholder|>", "<|image_pad|>"), return_tensors="pt", add_special_tokens=False).input_ids
    kinds = (ids == model.config.image_token_id).int()
    out = model.generate(input_ids=ids, attention_mask=torch.ones_like(ids), mm_token_type_ids=kinds, **vision, max_new_tokens=16, do_sample=False)
    return dict(tokens=ids.shape[1], text=tokenizer.decode(out[0, ids.shape[1] :], skip_special_tokens=True))


if __name__ == "__main__":
    model = Qwen2_5_VLForConditionalGeneration.from_pretrained(MODEL, dtype=torch.float32).eval()
    tokenizer = AutoTokenizer.from_pretrained(MODEL)
    plain, bounded = (AutoImageProcessor.from_pretrained(MODEL, use_fast=False, **bounds) for bounds in ({}, BOUNDS))
    out = {}
    for name, prompt, files in QUESTIONS:
        images = [Image.open(HERE.parent / "evaluate" / "several" / file) for file in files]
        # The words stand behind images that come first.
        lead = "<image>\n" if prompt.startswith("<image>\n") else ""
        framed = f"{lead}{PREFIX}\n\n{prompt[len(lead):]}"
        out[name] = {
            "plain": answer(model, tokenizer, plain, None, prompt, images),
            "system": answer(model, tokenizer, plain, SYSTEM, prompt, images),
            "prefix": answer(model, tokenizer, plain, None, framed, images),
            "all": answer(model, tokenizer, bounded, SYSTEM, framed, images),
        }
    (HERE / "framed.json").write_text(json.dumps(dict(system=SYSTEM, prefix=PREFIX, bounds=BOUNDS, answers=out), indent=1) + "\n")
    print(json.dumps(out, indent=1))
