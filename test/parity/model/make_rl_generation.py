#!/usr/bin/env python3
"""Greedy tokens of transformers for the sample rl under variants of generation_config.json, for rlGeneration.test.ts.

    python test/parity/model/make_rl_generation.py

Needs (versions the stored file was made with): torch 2.15.0, transformers 5.23.0. No GPU. To be run again after the sample
lineage was made anew. Every variant stands in a copy of the checkpoint, which transformers loads as a user would; prompts go
through its processor. `gaps`: the smallest distance between the best two scores of an answer.
"""

import json
import shutil
import tempfile
import warnings
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
RL = ROOT / "samples" / "lineage" / "rl"
NEW_TOKENS = 24
warnings.filterwarnings("ignore")
torch.set_grad_enabled(False)


def questions():
    for name, index in (("general", 0), ("math", 1), ("text", 2)):
        item = [json.loads(line) for line in (ROOT / f"samples/eval/{name}.jsonl").read_text().splitlines()][index]
        yield item.get("image") and f"samples/eval/{item['image']}", item["prompt"]


def run(variant):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder) / "rl"
        shutil.copytree(RL, folder)
        if variant is None:
            (folder / "generation_config.json").unlink()
        else:
            (folder / "generation_config.json").write_text(json.dumps(variant))
        processor = AutoProcessor.from_pretrained(folder)
        model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        answers = []
        for image, prompt in questions():
            content = ([{"type": "image"}] if image else []) + [{"type": "text", "text": prompt}]
            text = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
            x = processor(text=[text], images=[Image.open(ROOT / image).convert("RGB")] if image else None, return_tensors="pt")
            out = model.generate(**x, do_sample=False, max_new_tokens=NEW_TOKENS, output_scores=True, return_dict_in_generate=True)
            best = torch.stack(out.scores)[:, 0].topk(2).values
            answers.append({"tokens": out.sequences[0, x["input_ids"].shape[1] :].tolist(), "gap": float((best[:, 0] - best[:, 1]).min())})
        return answers


def main():
    own = json.loads((RL / "generation_config.json").read_text())
    plain = run(own)
    said = [answer["tokens"] for answer in plain]
    variants = {
        "own": own,
        "no file": None,
        "published sampling": {**own, "do_sample": True, "temperature": 0.000001, "top_k": 1, "top_p": 0.001, "repetition_penalty": 1.05},
        "temperature": {**own, "do_sample": True, "temperature": 0.6, "top_p": 0.95, "top_k": 20},
        "temperature zero": {**own, "do_sample": False, "temperature": 0.7},
        "repetition_penalty": {**own, "repetition_penalty": 1.3},
        "suppress_tokens": {**own, "suppress_tokens": [said[0][0], said[1][1]]},
        "begin_suppress_tokens": {**own, "begin_suppress_tokens": [answer[0] for answer in said]},
        "eos list": {**own, "eos_token_id": [464, said[0][2], said[2][3]]},
        "eos of one": {**own, "eos_token_id": [said[1][4]]},
        "eos null": {**own, "eos_token_id": None},
        "eos absent": {key: value for key, value in own.items() if key != "eos_token_id"},
        "pad absent": {key: value for key, value in own.items() if key != "pad_token_id"},
        "min_new_tokens": {**own, "min_new_tokens": 20},
        "no_repeat_ngram_size": {**own, "no_repeat_ngram_size": 2},
        "bad_words_ids": {**own, "bad_words_ids": [[said[0][1]], [said[2][2], said[2][3]]]},
        "max_new_tokens": {**own, "max_new_tokens": 3, "max_length": 5},
        "min_p": {**own, "do_sample": True, "min_p": 0.1, "typical_p": 0.5},
    }
    cases = []
    for name, variant in variants.items():
        answers = plain if name == "own" else run(variant)
        cases.append({"name": name, "file": variant, "answers": answers})
        print(name, [len(a["tokens"]) for a in answers], "as own" if [a["tokens"] for a in answers] == said else "")
    result = {"newTokens": NEW_TOKENS, "questions": [{"image": image, "prompt": prompt} for image, prompt in questions()], "cases": cases}
    (HERE / "rl-generation.json").write_text(json.dumps(result) + "\n")


main()
