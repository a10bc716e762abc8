"""Answers of a checkpoint on the probe and evaluation sets, with transformers, greedy, fp32 arithmetic on the stored bf16 weights.

Per checkpoint: samples/results/<name>.json (every answer). Over all: samples/results/summary.json.
"""
import argparse
import json
import math
import re
import time
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

import model as m
import reward

SAMPLES = Path(__file__).parent.parent
LINEAGE = ["base", "in", "rl", "rl-frozen-early", "rl-frozen-mid", "rl-frozen-late"]
SPLICES = ["in:rl:rl", "in:in:rl", "rl:rl:in", "rl:in:in", "in:rl:in", "rl:in:rl"]
TOKENS = 128


def read(path: Path) -> list[dict]:
    return [json.loads(l) for l in path.read_text().splitlines()]


# ---------------------------------------------------------------- answers
class Answerer:
    def __init__(self, folder: Path, processor: Path | None = None, net=None, device="cpu", batch=100):
        self.processor = AutoProcessor.from_pretrained(processor or folder, padding_side="left")
        self.net = (net or AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)).to(device).eval()
        self.device, self.batch, self.pictures = device, batch, {}

    def picture(self, path):
        if path not in self.pictures:
            self.pictures[path] = Image.open(path).convert("RGB") if path else Image.new("RGB", (112, 112))
        return self.pictures[path]

    @torch.no_grad()
    def __call__(self, requests: list[tuple]) -> list[str]:
        """(image path, None for black, or False for no image; text) -> the generated text."""
        out = [""] * len(requests)
        order = sorted(range(len(requests)), key=lambda i: (requests[i][0] is False, len(requests[i][1])))
        # a batch has images or it has none
        groups = [[i for i in order if (requests[i][0] is False) == text] for text in (False, True)]
        for group in groups:
            for at in range(0, len(group), self.batch):
                ids = group[at : at + self.batch]
                texts, images = [], []
                for i in ids:
                    image, text = requests[i]
                    content = ([{"type": "image"}] if image is not False else []) + [{"type": "text", "text": text}]
                    texts.append(self.processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True))
                    if image is not False:
                        images.append(self.picture(image))
                x = self.processor(text=texts, images=images or None, padding=True, return_tensors="pt").to(self.device)
                y = self.net.generate(**x, do_sample=False, max_new_tokens=TOKENS)
                for i, t in zip(ids, self.processor.batch_decode(y[:, x["input_ids"].shape[1] :], skip_special_tokens=True)):
                    out[i] = t
        return out


def probe_truth(item, side):
    meta = item["meta"]
    if item["task"] == "ocr":
        return meta[f"{side}_text"], "text"
    if item["task"] == "grounding":
        return str(meta[f"{side}_bbox_xyxy"]), "box"
    return meta[f"{side}_answer"], "number" if item["task"] == "counting" else "choice"


def answer_all(answer: Answerer, probes: bool) -> dict:
    """{set: {id: {setting: text}}}"""
    ev = SAMPLES / "eval"
    general, maths, text = (read(ev / f"{n}.jsonl") for n in ("general", "math", "text"))
    jobs = [("general", i, "image", ev / i["image"], i["prompt"]) for i in general]
    jobs += [("general", i, "black", None, i["prompt"]) for i in general]
    jobs += [("math", i, "image", ev / i["image"], i["prompt"]) for i in maths]
    jobs += [("math", i, "described", None, f"{i['description']}\n{i['prompt']}") for i in maths]
    jobs += [("text", i, "prompt", False, i["prompt"]) for i in text]
    if probes:
        for task in ("counting", "ocr", "grounding", "recognition"):
            for i in read(SAMPLES / "probes" / f"{task}.jsonl"):
                for side in ("target", "source"):
                    jobs.append((task, i, side, SAMPLES / "probes" / i[f"{side}_image"], i["prompt"].removeprefix("<image>")))
    texts = answer([(j[3], j[4]) for j in jobs])
    out = {}
    for (group, item, setting, _, _), t in zip(jobs, texts):
        out.setdefault(group, {}).setdefault(item["id"], {})[setting] = t
    return out


# ---------------------------------------------------------------- statistics
def wilson(k: int, n: int, z=1.959963984540054) -> list[float]:
    p = k / n
    mid, half = (p + z * z / (2 * n)) / (1 + z * z / n), z * math.sqrt(p * (1 - p) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    return [max(0.0, mid - half), min(1.0, mid + half)]


def mcnemar(a: list[bool], b: list[bool]) -> dict:
    """Exact, two-sided: does b differ from a?"""
    lost, won = sum(x and not y for x, y in zip(a, b)), sum(y and not x for x, y in zip(a, b))
    n, k = lost + won, min(lost, won)
    p = min(1.0, 2 * sum(math.comb(n, i) for i in range(k + 1)) / 2**n) if n else 1.0
    return {"lost": lost, "won": won, "p": p}


def share(hits: list[bool]) -> dict:
    k, n = sum(hits), len(hits)
    return {"k": k, "n": n, "value": k / n, "interval": wilson(k, n)}


def abilities(answers: dict) -> dict[str, list[bool]]:
    """Per item: does it count for the ability?"""
    ev = SAMPLES / "eval"
    right = lambda i, t: reward.is_right(t, i["answer"], i["answer_type"])
    out = {"vis": [], "v2r": [], "rea": []}
    for i in read(ev / "general.jsonl"):
        a = answers["general"][i["id"]]
        out["vis"].append(right(i, a["image"]) and not right(i, a["black"]))
    for i in read(ev / "math.jsonl"):
        a = answers["math"][i["id"]]
        out["v2r"].append(right(i, a["image"]) and right(i, a["described"]))
    for i in read(ev / "text.jsonl"):
        out["rea"].append(right(i, answers["text"][i["id"]]["prompt"]))
    return out


def accuracies(answers: dict) -> dict:
    """Plain accuracy per set and setting, and per kind of question."""
    hits: dict[str, list[bool]] = {}
    for name in ("general", "math", "text"):
        for i in read(SAMPLES / "eval" / f"{name}.jsonl"):
            for setting, t in answers[name][i["id"]].items():
                ok = reward.is_right(t, i["answer"], i["answer_type"])
                hits.setdefault(f"{name}/{setting}", []).append(ok)
                if setting in ("image", "prompt"):
                    hits.setdefault(f"{name}/{setting}/{i['task']}", []).append(ok)
    for task in ("counting", "ocr", "grounding", "recognition"):
        if task in answers:
            for i in read(SAMPLES / "probes" / f"{task}.jsonl"):
                for side, t in answers[task][i["id"]].items():
                    hits.setdefault(f"probe/{task}", []).append(reward.is_right(t, *probe_truth(i, side)))
    return {k: share(v) for k, v in hits.items()}


def all_texts(answers: dict, sets=("general", "math", "text")) -> list[str]:
    return [t for s in sets for settings in answers[s].values() for t in settings.values()]


def summarise(results: Path) -> dict:
    names = [n for n in LINEAGE + SPLICES if (results / f"{n.replace(':', '-')}.json").exists()]
    answers = {n: json.loads((results / f"{n.replace(':', '-')}.json").read_text())["answers"] for n in names}
    per = {n: abilities(a) for n, a in answers.items()}
    out = {"interval": "Wilson, 95 %", "test": "McNemar against in, exact, two-sided", "checkpoints": {}}
    for n in names:
        texts = all_texts(answers[n])
        entry = {
            "abilities": {k: share(v) | ({"against_in": mcnemar(per["in"][k], v)} if n not in ("base", "in") and "in" in per else {}) for k, v in per[n].items()},
            "format": share([reward.follows_format(t) for t in texts]),
            "mean_characters": sum(map(len, texts)) / len(texts),
            "accuracy": accuracies(answers[n]),
        }
        out["checkpoints"][n] = entry
    (results / "summary.json").write_text(json.dumps(out, indent=1) + "\n")
    return out


# ---------------------------------------------------------------- splices
def splice(recipe: str, lineage: Path):
    """Language layers of each third from in or rl; everything else from what gives the first third."""
    parts = recipe.split(":")
    net = m.load(lineage / parts[0])
    state = net.state_dict()
    for part, layers in zip(parts, (range(0, 4), range(4, 8), range(8, 12))):
        other = m.load(lineage / part).state_dict()
        for name in state:
            found = re.search(r"language_model\.layers\.(\d+)\.", name)
            if found and int(found[1]) in layers:
                state[name] = other[name]
    net.load_state_dict(state)
    return net


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="checkpoints or splices; default: all")
    parser.add_argument("--lineage", type=Path, default=SAMPLES / "lineage")
    parser.add_argument("--results", type=Path, default=SAMPLES / "results")
    parser.add_argument("--no-probes", action="store_true")
    parser.add_argument("--again", action="store_true", help="also what is there already")
    args = parser.parse_args()
    device = "cuda" if torch.cuda.is_available() else "cpu"
    m.use_batched_windows()
    args.results.mkdir(parents=True, exist_ok=True)
    for name in args.names or LINEAGE + SPLICES:
        path = args.results / f"{name.replace(':', '-')}.json"
        if path.exists() and not args.again:
            continue
        began = time.time()
        if ":" in name:
            answer = Answerer(args.lineage / "in", net=splice(name, args.lineage), device=device)
        else:
            answer = Answerer(args.lineage / name, device=device)
        answers = answer_all(answer, probes=":" not in name and not args.no_probes)
        path.write_text(json.dumps({"checkpoint": name, "answers": answers}, separators=(",", ":")) + "\n")
        per = abilities(answers)
        print(name, {k: round(sum(v) / len(v), 3) for k, v in per.items()},
              "format", round(sum(map(reward.follows_format, all_texts(answers))) / len(all_texts(answers)), 3),
              f"{time.time() - began:.0f} s", flush=True)
    summarise(args.results)


if __name__ == "__main__":
    main()
