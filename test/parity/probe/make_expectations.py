#!/usr/bin/env python3
"""What the three probes find in the sample lineage, computed the plain way: stored for test/parity/probe.

    python test/parity/probe/make_expectations.py

One sample, one depth, one generation at a time, with hooks on transformers' own modules and nothing reused:
fp32 arithmetic on the stored bf16 weights, eager attention, greedy. Writes expectations.json and images/ beside
this file. To be run again whenever samples/lineage or samples/probes changes.

Every answer comes with the smallest distance between the two largest logits on its way: where that is next to
nothing, another summation order may rightly go the other way.
"""
import contextlib
import json
import math
import re
from pathlib import Path

import torch
import transformers
from PIL import Image
from torchvision.transforms.v2 import functional as tv
from transformers import AutoModelForImageTextToText, AutoProcessor, DynamicCache

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
SAMPLES = ROOT / "samples"
TASKS = ("counting", "ocr", "grounding", "recognition")
torch.set_grad_enabled(False)
torch.set_num_threads(1)


def lines(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


# ---------------------------------------------------------------- model
class Subject:
    def __init__(self, name):
        folder = SAMPLES / "lineage" / name
        self.processor = AutoProcessor.from_pretrained(folder)
        self.net = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        self.layers = self.net.model.language_model.layers
        self.stops = self.net.generation_config.eos_token_id
        self.stops = self.stops if isinstance(self.stops, list) else [self.stops]

    def inputs(self, prompt, picture):
        words = prompt.removeprefix("<image>").removeprefix("\n") if picture is not None else prompt
        content = ([{"type": "image"}] if picture is not None else []) + [{"type": "text", "text": words}]
        text = self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
        return self.processor(text=[text], images=[picture] if picture is not None else None, return_tensors="pt")

    def answer(self, x, limit, prefill_hooks=(), hooks=()):
        """Token ids without the stop token, the text, and the smallest gap between the two largest logits."""
        cache = DynamicCache(config=self.net.config.get_text_config())
        ids, gap = [], math.inf
        vision = {k: x[k] for k in ("image_grid_thw", "mm_token_type_ids") if k in x}
        after = int(self.net.model.get_rope_index(x["input_ids"], attention_mask=x["attention_mask"], **vision)[0].max()) + 1
        with contextlib.ExitStack() as always:
            for hook in hooks:
                always.callback(hook().remove)
            with contextlib.ExitStack() as first:
                for hook in prefill_hooks:
                    first.callback(hook().remove)
                step = self.net(**x, past_key_values=cache, use_cache=True)
            while True:
                logits = step.logits[0, -1]
                top = logits.topk(2)
                gap = min(gap, (top.values[0] - top.values[1]).item())
                token = int(logits.argmax())
                if token in self.stops:
                    break
                ids.append(token)
                if len(ids) == limit:
                    break
                position = torch.full((3, 1, 1), after + len(ids) - 1)
                step = self.net(input_ids=torch.tensor([[token]]), position_ids=position, past_key_values=cache, use_cache=True)
        return {"ids": ids, "text": self.processor.tokenizer.decode(ids, skip_special_tokens=True), "gap": gap}

    def visual(self, x):
        return (x["input_ids"][0] == self.net.config.image_token_id).nonzero().flatten()


def first(output):
    return output[0] if isinstance(output, tuple) else output


def like(output, tensor):
    return (tensor, *output[1:]) if isinstance(output, tuple) else tensor


# ---------------------------------------------------------------- swap
def swap(subject, sample, folder, mode, limit):
    target = Image.open(folder / sample["target_image"]).convert("RGB")
    source = Image.open(folder / sample["source_image"]).convert("RGB")
    x = subject.inputs(sample["prompt"], target)
    resized = source.size != target.size  # every target here has the size its grid stands for
    if resized:
        source = tv.to_pil_image(tv.resize(tv.pil_to_tensor(source), list(target.size[::-1]), interpolation=tv.InterpolationMode.BICUBIC, antialias=True))
    y = subject.inputs(sample["prompt"], source)
    assert torch.equal(x["input_ids"], y["input_ids"])
    visual = subject.visual(x)
    baseline, other = subject.answer(x, limit), subject.answer(y, limit)
    answers = []
    for depth, layer in enumerate(subject.layers):
        seen = {}
        if mode == "from":  # hidden states at the layer's input
            def keep(module, args, kwargs):
                seen["states"] = (args[0] if args else kwargs["hidden_states"]).clone()

            def put(module, args, kwargs):
                states = (args[0] if args else kwargs["hidden_states"]).clone()
                states[:, visual] = seen["states"][:, visual]
                return ((states, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": states})

            subject.answer(y, 1, [lambda: layer.register_forward_pre_hook(keep, with_kwargs=True)])
            answers.append(subject.answer(x, limit, [lambda: layer.register_forward_pre_hook(put, with_kwargs=True)]))
        else:  # keys and values of this layer; positions are the same, so before the rotation is as good as after it
            projections = {"k": layer.self_attn.k_proj, "v": layer.self_attn.v_proj}

            def keep(name):
                return lambda module, args, output: seen.__setitem__(name, output.clone())

            def put(name):
                def hook(module, args, output):
                    output = output.clone()
                    output[:, visual] = seen[name][:, visual]
                    return output
                return hook

            subject.answer(y, 1, [lambda n=n, p=p: p.register_forward_hook(keep(n)) for n, p in projections.items()])
            answers.append(subject.answer(x, limit, [lambda n=n, p=p: p.register_forward_hook(put(n)) for n, p in projections.items()]))
    return {
        "id": sample["id"], "task": sample["task"], "source": "resized" if resized else "same-grid",
        "baseline": baseline["text"], "sourceAnswer": other["text"], "answers": [a["text"] for a in answers],
        "changed": [changed(sample, baseline["text"], a["text"]) for a in answers],
        "gaps": [min(baseline["gap"], a["gap"]) for a in answers],
    }


def said(text):
    tagged = re.findall(r"<answer>(.*?)(?:</answer>|$)", text, re.S)
    if tagged:
        return tagged[-1].strip()
    return (text.rsplit("</think>", 1)[1] if "</think>" in text else text.split("<think>")[0]).strip()


def whole(text):
    return " ".join((said(text) or text).split())


def numbers(text):
    return [float(n) for n in re.findall(r"(?<![\w.])-?\d+(?:\.\d+)?", text)]


def overlap(a, b):
    width, height = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    shared = max(width, 0) * max(height, 0)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])
    union = area(a) + area(b) - shared
    return shared / union if union > 0 else 0


def changed(sample, before, after):
    if sample["task"] == "ocr":
        return whole(before) != whole(after)
    if sample["task"] == "counting":
        a, b = numbers(said(before)), numbers(said(after))
        return a[-1] != b[-1] if a and b else bool(a) != bool(b) or whole(before) != whole(after)
    if sample["task"] == "grounding":
        found = numbers(said(after))[-4:]
        if len(found) < 4:
            return False
        box = [min(found[0], found[2]), min(found[1], found[3]), max(found[0], found[2]), max(found[1], found[3])]
        return overlap(box, sample["meta"]["source_bbox_xyxy"]) > sample["meta"]["iou_threshold"]
    words = re.findall(r"\b(yes|no)\b", said(after).lower())
    return bool(words) and words[0] == "no"


# ---------------------------------------------------------------- skip
def skip(subject, question, part, limit):
    x = subject.inputs(question["prompt"], None)
    right = lambda a: numbers(said(a["text"]))[-1:] == [float(question["answer"])]
    baseline = subject.answer(x, limit)
    answers = []
    for layer in subject.layers:
        if part == "layer":
            hook = lambda: layer.register_forward_hook(lambda m, args, kwargs, out: like(out, args[0] if args else kwargs["hidden_states"]), with_kwargs=True)
        else:
            module = layer.self_attn if part == "attention" else layer.mlp
            hook = lambda: module.register_forward_hook(lambda m, args, out: like(out, torch.zeros_like(first(out))))
        answers.append(subject.answer(x, limit, hooks=[hook]))
    return {
        "id": question["id"], "baseline": baseline["text"], "baselineCorrect": right(baseline), "baselineGap": baseline["gap"],
        "answers": [a["text"] for a in answers], "correct": [right(a) for a in answers], "gaps": [a["gap"] for a in answers],
    }


# ---------------------------------------------------------------- attention
def attention(subject, question, limit):
    x = subject.inputs(question["prompt"], Image.open(SAMPLES / "eval" / question["image"]).convert("RGB"))
    found = subject.answer(x, limit)
    begin = x["input_ids"].shape[1]
    ids = torch.cat([x["input_ids"], torch.tensor([found["ids"]], dtype=torch.long)], 1)
    extra = {k: v for k, v in x.items() if k not in ("input_ids", "attention_mask", "mm_token_type_ids")}
    if "mm_token_type_ids" in x:
        extra["mm_token_type_ids"] = torch.cat([x["mm_token_type_ids"], torch.zeros(1, len(found["ids"]), dtype=x["mm_token_type_ids"].dtype)], 1)
    whole_pass = subject.net(input_ids=ids, attention_mask=torch.ones_like(ids), **extra, output_attentions=True)
    reasoning = [begin + index for index in inside(subject, found["ids"])]
    visual = subject.visual(x)
    mass = [layer[0, :, reasoning][:, :, visual].sum(-1).mean().item() for layer in whole_pass.attentions]
    return {"id": question["id"], "answer": found["text"], "gap": found["gap"], "reasoningTokens": len(reasoning), "visualTokens": len(visual), "mass": mass}


def inside(subject, ids):
    """Tokens between the tags, none of whose characters belong to a tag."""
    pieces = [subject.processor.tokenizer.decode([i]) for i in ids]
    text = "".join(pieces)
    begin, end = text.find("<think>"), text.find("</think>")
    if begin < 0 and end < 0:
        return list(range(len(ids)))
    begin, end = begin + len("<think>") if begin >= 0 else 0, end if end >= 0 else len(text)
    at, found = 0, []
    for index, piece in enumerate(pieces):
        if at >= begin and at + len(piece) <= end:
            found.append(index)
        at += len(piece)
    return found or list(range(len(ids)))


# ---------------------------------------------------------------- intervals
def wilson(hits, n):
    z = 1.959963984540054
    p, scale = hits / n, 1 + z * z / n
    half = z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / scale
    middle = (p + z * z / (2 * n)) / scale
    return max(0.0, middle - half), min(1.0, middle + half)


def newcombe(pairs):
    """Method 10 of Newcombe 1998 (Statistics in Medicine 17:2635): second share minus first, paired."""
    n = len(pairs)
    table = {key: sum(pair == key for pair in pairs) for key in ((1, 1), (1, 0), (0, 1), (0, 0))}
    a, b, c, d = table[1, 1], table[1, 0], table[0, 1], table[0, 0]
    p1, p2 = (a + b) / n, (a + c) / n
    (l1, u1), (l2, u2) = wilson(a + b, n), wilson(a + c, n)
    product = (a + b) * (c + d) * (a + c) * (b + d)
    determinant = a * d - b * c
    if determinant > 0:
        determinant = max(determinant - n / 2, 0)
    phi = determinant / math.sqrt(product) if product else 0
    lower = math.sqrt(max(0, (p2 - l2) ** 2 - 2 * phi * (p2 - l2) * (u1 - p1) + (u1 - p1) ** 2))
    upper = math.sqrt(max(0, (u2 - p2) ** 2 - 2 * phi * (u2 - p2) * (p1 - l1) + (p1 - l1) ** 2))
    return p2 - p1, max(-1, p2 - p1 - lower), min(1, p2 - p1 + upper)


# ---------------------------------------------------------------- all of it
def odd_sizes():
    """A pair whose source has another size than its target: kept in a folder of its own."""
    (HERE / "images").mkdir(exist_ok=True)
    sample = lines(SAMPLES / "probes" / "counting.jsonl")[0]
    for side, size in (("target", None), ("source", (168, 84))):
        picture = Image.open(SAMPLES / "probes" / sample[f"{side}_image"]).convert("RGB")
        (picture.resize(size) if size else picture).save(HERE / "images" / f"{side}.png")
    return {"id": "other-size", "task": "counting", "target_image": "images/target.png", "source_image": "images/source.png", "prompt": sample["prompt"], "meta": {}}


def main():
    out = {"transformers": transformers.__version__, "torch": torch.__version__, "swap": [], "skip": [], "attention": []}
    text, maths = lines(SAMPLES / "eval" / "text.jsonl"), lines(SAMPLES / "eval" / "math.jsonl")
    subjects = {name: Subject(name) for name in ("base", "in", "rl")}
    odd = odd_sizes()
    (HERE / "odd.jsonl").write_text(json.dumps(odd) + "\n")
    for checkpoint, count, limit in (("base", 8, 24), ("rl", 4, 64)):
        for mode in ("from", "only"):
            found = [swap(subjects[checkpoint], s, SAMPLES / "probes", mode, limit) for task in TASKS for s in lines(SAMPLES / "probes" / f"{task}.jsonl")[:count]]
            rates = []
            for task in TASKS:
                own = [s for s in found if s["task"] == task]
                for depth in range(len(subjects[checkpoint].layers)):
                    hits = sum(s["changed"][depth] for s in own)
                    low, high = wilson(hits, len(own))
                    rates.append({"task": task, "depth": depth, "n": len(own), "changed": hits / len(own), "low": low, "high": high})
            out["swap"].append({"checkpoint": checkpoint, "mode": mode, "data": "samples", "maxNewTokens": limit, "samples": found, "rates": rates})
            print("swap", checkpoint, mode, flush=True)
    for mode in ("from", "only"):
        out["swap"].append({"checkpoint": "base", "mode": mode, "data": "odd", "maxNewTokens": 24, "samples": [swap(subjects["base"], odd, HERE, mode, 24)], "rates": []})
    for checkpoint, part, count, limit in (("base", "layer", 12, 32), ("base", "attention", 6, 32), ("base", "mlp", 6, 32), ("rl", "layer", 3, 96)):
        found = [skip(subjects[checkpoint], q, part, limit) for q in text[:count]]
        errors = []
        for depth in range(len(subjects[checkpoint].layers)):
            wrong = [not s["correct"][depth] for s in found]
            low, high = wilson(sum(wrong), len(found))
            increase, increase_low, increase_high = newcombe([(int(not s["baselineCorrect"]), int(w)) for s, w in zip(found, wrong)])
            errors.append({"depth": depth, "n": len(found), "error": sum(wrong) / len(found), "low": low, "high": high, "increase": increase, "increaseLow": increase_low, "increaseHigh": increase_high})
        out["skip"].append({"checkpoint": checkpoint, "part": part, "maxNewTokens": limit, "samples": found, "errors": errors})
        print("skip", checkpoint, part, flush=True)
    for checkpoint in ("in", "rl"):
        out["attention"].append({"checkpoint": checkpoint, "maxNewTokens": 64, "samples": [attention(subjects[checkpoint], q, 64) for q in maths[:8]]})
    (HERE / "expectations.json").write_text(json.dumps(out, separators=(",", ":"), ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
