"""Writes samples/probes and samples/eval: fixed seeds, PNGs beside the JSONL, the scene stored with every item."""
import copy
import json
import random
import shutil
from pathlib import Path

import questions as q
import scenes

SEED = 9090
N_PROBE, N_EVAL = 200, 400


def write_jsonl(path: Path, items: list[dict]) -> None:
    path.write_text("".join(json.dumps(i, separators=(",", ":")) + "\n" for i in items))


class Images:
    """One PNG per scene, named by its hash: scenes that several items share are stored once."""

    def __init__(self, folder: Path):
        self.folder, self.names = folder, {}
        shutil.rmtree(folder / "images", ignore_errors=True)
        (folder / "images").mkdir(parents=True)

    def __call__(self, scene) -> str:
        import hashlib

        key = scenes.scene_key(scene)
        if key not in self.names:
            self.names[key] = f"images/{hashlib.sha256(key.encode()).hexdigest()[:12]}.png"
            scenes.save_png(scene, self.folder / self.names[key])
        return self.names[key]


# ---------------------------------------------------------------- probes
def with_count(rng, scene, key: str):
    """The same scene with more or fewer of `key`, nothing else changed."""
    out = copy.deepcopy(scene)
    if rng.random() < 0.5 and len(scenes.free_cells(out)) > 3:
        for cell in rng.sample(scenes.free_cells(out), rng.randint(1, 2)):
            color = key if key in scenes.COLORS else rng.choice(list(scenes.COLORS))
            shape = key if key in scenes.SHAPES else rng.choice(scenes.SHAPES)
            out["objects"].append({"cell": cell, "color": color, "shape": shape})
    else:
        hit = [o for o in out["objects"] if key in ("objects", o["color"], o["shape"])]
        for o in rng.sample(hit, rng.randint(1, min(2, len(hit)))):
            out["objects"].remove(o)
    return scenes.order(out)


def until_probe(change, tries=400):
    """Tries the change until its result falls into the probe split."""
    for _ in range(tries):
        out = change()
        if out and len(out["objects"]) <= 6 and scenes.split_of(out) == "probe":
            return out
    return None


def probe_group(rng, images, used):
    """One scene with text and objects, and its three neighbours."""
    while True:
        target = scenes.sample_split(rng, "probe", 1, 5, 1.0)
        if scenes.scene_key(target) in used:
            continue
        key = rng.choice(["objects"] + [o[k] for o in target["objects"] for k in ("color", "shape")])
        counted = until_probe(lambda: with_count(rng, target, key))
        unique = [o for o in target["objects"] if sum((p["color"], p["shape"]) == (o["color"], o["shape"]) for p in target["objects"]) == 1]
        if not unique or not counted:
            continue
        o = rng.choice(unique)

        def moved():
            out = copy.deepcopy(target)
            next(p for p in out["objects"] if p["cell"] == o["cell"])["cell"] = rng.choice(scenes.free_cells(target))
            return scenes.order(out)

        def reworded():
            out = copy.deepcopy(target)
            n = len(target["text"]["value"])
            out["text"]["value"] = "".join(rng.choice(scenes.LETTERS) for _ in range(n))
            return out if out["text"]["value"] != target["text"]["value"] else None

        placed, other = until_probe(moved), until_probe(reworded)
        if placed and other:
            keys = {scenes.scene_key(s) for s in (target, counted, placed, other)}
            if len(keys) == 4 and not keys & used:
                used |= keys
                cell = next(p["cell"] for p in placed["objects"] if (p["color"], p["shape"]) == (o["color"], o["shape"]))
                return target, (key, counted), (o, cell, placed), other


def probes(folder: Path) -> None:
    rng, images, used = random.Random(f"{SEED}/probes"), Images(folder), set()
    rows = {"counting": [], "ocr": [], "grounding": [], "recognition": []}

    def add(task, target, source, prompt, **meta):
        rows[task].append({
            "id": f"{task}-{len(rows[task]):03d}", "task": task, "target_image": images(target), "source_image": images(source),
            "prompt": f"<image>{prompt}", "meta": {**meta, "target_scene": target, "source_scene": source},
        })

    for _ in range(N_PROBE):
        target, (key, counted), (o, cell, placed), other = probe_group(rng, images, used)
        add("counting", target, counted, f"How many {q.noun(key)} are there?", attribute="count", key=key,
            target_answer=str(len(q.match(target, key))), source_answer=str(len(q.match(counted, key))))
        add("ocr", target, other, "What text is in the image?", attribute="text",
            target_text=target["text"]["value"], source_text=other["text"]["value"])
        add("grounding", target, placed, f"Give the box of the {o['color']} {o['shape']}.", attribute="place",
            color=o["color"], shape=o["shape"], target_bbox_xyxy=scenes.object_box(o["cell"]),
            source_bbox_xyxy=scenes.object_box(cell), iou_threshold=0.5)
        while True:
            target = scenes.sample_split(rng, "probe", 1, 5, 0.0)
            if scenes.scene_key(target) not in used:
                break
        used.add(scenes.scene_key(target))
        o = rng.choice(target["objects"])
        add("recognition", target, {"background": target["background"], "objects": [], "text": None},
            f"Is there a {o['color']} {o['shape']}?", attribute="presence", color=o["color"], shape=o["shape"],
            target_answer="yes", source_answer="no")
    for task, items in rows.items():
        write_jsonl(folder / f"{task}.jsonl", items)


# ---------------------------------------------------------------- evaluation
GENERAL_MIX = {"count_all": 40, "count_color": 40, "count_shape": 40, "color_of": 40, "shape_of": 40, "what_at": 50,
               "where": 50, "box": 40, "text": 40, "exists": 20}


def evaluation(folder: Path) -> None:
    rng, images = random.Random(f"{SEED}/eval"), Images(folder)
    general, maths, text, seen = [], [], [], set()

    def row(item, group, index, scene):
        out = {"id": f"{group}-{index:03d}", "task": item["kind"], "prompt": item["prompt"], "answer": item["answer"], "answer_type": item["answer_type"]}
        if item["choices"]:
            out["choices"] = item["choices"]
        if scene:
            out |= {"image": images(scene), "description": scenes.description(scene)}
        out["meta"] = {"args": item["args"]} | ({"scene": scene} if scene else {})
        return out

    kinds = [k for k, n in GENERAL_MIX.items() for _ in range(n)]
    rng.shuffle(kinds)
    for i, kind in enumerate(kinds):
        item = hard = None
        while not (item and hard):  # one image carries one general and one maths question
            scene = scenes.sample_split(rng, "eval", 2, 6, 1.0 if kind == "text" else 0.25)
            if scenes.scene_key(scene) in seen:
                continue
            item = q.ask(kind, scene, rng)
            if item and kind in ("count_color", "count_shape") and item["answer"] == "0":
                item = None  # a black image has none either: nothing to tell them apart
            hard = q.ask(q.MATH[i % len(q.MATH)], scene, rng)
        seen.add(scenes.scene_key(scene))
        general.append(row(item, "general", i, scene))
        maths.append(row(hard, "math", i, scene))
    prompts = set()
    while len(text) < N_EVAL:
        item = q.ask_text_split(q.TEXT_MATH[len(text) % len(q.TEXT_MATH)], rng, "eval")
        if item["prompt"] not in prompts:
            prompts.add(item["prompt"])
            text.append(row(item, "text", len(text), None))
    write_jsonl(folder / "general.jsonl", general)
    write_jsonl(folder / "math.jsonl", maths)
    write_jsonl(folder / "text.jsonl", text)


if __name__ == "__main__":
    samples = Path(__file__).parent.parent
    probes(samples / "probes")
    evaluation(samples / "eval")
