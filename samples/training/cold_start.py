"""IN: a short supervised cold start on think-then-answer traces, from the stored (bf16) base.

Three traces in five are brief, the others verbose; the data does not say which is better.
"""
import json
import random
import time
from pathlib import Path

import torch

import base
import model as m
import questions as q
import scenes

SEED = 5151
BATCH, WARMUP = 24, 20
CYCLES = [(0, 700, 6e-4), (700, 1600, 8e-4)]  # from, to, learning rate: it falls over the second half of each
STEPS = CYCLES[-1][1]


class Match(base.Guide):
    """One head is told, at every colour and shape that a trace names, to look at the same word in the question, or at
    the first token where the question does not ask for it: that is what stopping and counting hang on."""

    LAYER, HEADS = 3, (0,)

    def __init__(self, net, packer):
        super().__init__(net, packer)
        self.words = {}
        for word in [*scenes.COLORS, *scenes.SHAPES]:
            for text in (f" {word}", f" {scenes.PLURAL.get(word, word)}", word, scenes.PLURAL.get(word, word)):
                self.words.setdefault(packer.encode(text)[0], word)

    def places(self, rows, once=False):
        at, where = [], []
        for r, (has_image, segments) in enumerate(rows):
            start = len(self.packer.open) + (18 if has_image else 0)
            for question, answer, *_ in segments:
                asked, told = self.packer.encode(question) + self.packer.middle, self.packer.encode(answer)
                n = len(asked) - len(self.packer.middle)
                own = n - len(self.packer.encode(question.split("\n")[-1].split(". ")[-1]))
                keys = {self.words[t]: start + i for i, t in enumerate(asked[:n]) if i >= own and t in self.words}
                for i, t in enumerate(told):
                    if t in self.words:
                        at.append((r, start + len(asked) + i))
                        where.append([keys.get(self.words[t], 0)])
                start += len(asked) + len(told) + 1
        return at, where, [0] * len(at)


def style(rng) -> str:
    return "verbose" if rng.random() < 0.4 else "brief"


def image_question(scene, rng, general=0.45) -> dict:
    while True:
        item = q.ask(rng.choice(q.GENERAL if rng.random() < general else q.MATH), scene, rng)
        if item:
            return item


def make_batch(step: int):
    rng = random.Random(f"{SEED}/in/{step}")
    rows, images = [], []
    first = step < CYCLES[0][1]
    for _ in range(BATCH):
        u = rng.random()
        if u < (0.5 if first else 0.46):
            scene = scenes.sample_split(rng, "train", 1, 6, 0.35) if rng.random() > 0.08 else None
            items = [image_question(scene, rng) for _ in range(3)]
            rows.append((True, [(i["prompt"], q.trace(i, style(rng)), 1.0) for i in items]))
            images.append(scene)
        elif u < (0.75 if first else 0.7):
            segments = []
            for _ in range(3):
                scene = scenes.sample_split(rng, "train", 1, 6, 0.25)
                i = image_question(scene, rng)
                segments.append((f"{scenes.description(scene)}\n{i['prompt']}", q.trace(i, style(rng)), 1.0))
            rows.append((True, segments))
            images.append(None)
        else:
            items = [q.ask_text_split(rng.choice(q.TEXT_MATH), rng, "train") for _ in range(5 if first else 7)]
            rows.append((False, [(i["prompt"], q.trace(i, style(rng)), 1.0) for i in items]))
    return rows, images


def train(start: Path, work: Path, device: str, workers: int = 1) -> Path:
    """Writes work/in (bf16), by way of work/in-1: a cycle is short enough to start over when stopped."""
    for n, cycle in enumerate(CYCLES, 1):
        out = work / ("in" if n == len(CYCLES) else f"in-{n}")
        if not (out / "DONE").exists():
            base.spawn(_worker, workers, start, out, work / "in.jsonl", device, *cycle)
        start = out
    return start


def _worker(rank, world, port, start, out, log, device, begin, end, rate):
    base.join(rank, world, port)
    m.use_batched_windows()
    tok = m.PreTrainedTokenizerFast.from_pretrained(start)
    packer, patches = m.Packer(tok), m.Patches()
    net = m.load(start, device).train()
    guide = Match(net, packer)
    if rank == 0 and begin == 0:
        guide.aim(net, patches, make_batch, batches=32, steps=400)
    for p in net.parameters():
        if world > 1:
            base.dist.broadcast(p.data, 0)
    params = [p for p in net.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=rate, betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    before = [json.loads(l) for l in log.read_text().splitlines()] if begin else []
    began, lines = time.time() - (before[-1]["seconds"] if before else 0), before
    for step in range(begin, end):
        for g in opt.param_groups:
            g["lr"] = rate * min((step - begin + 1) / WARMUP, (end - step) / ((end - begin) * 0.5), 1.0)
        rows, images = base.share(make_batch(step), rank, world)
        batch = packer.pack(rows)
        loss, _, logits, target = m.packed_loss(net, batch, patches(images), device)
        told = guide.loss(rows, batch[2].to(device))
        loss = loss + guide.WEIGHT * told
        opt.zero_grad(set_to_none=True)
        total, loss, right, n, _ = base.backward(params, loss, batch, logits, target, world)
        opt.step()
        if rank == 0 and (step + 1) % 5 == 0:
            lines.append({"step": step + 1, "loss": round(loss / total, 4), "token_accuracy": round(right / n, 4), "told": round(told.item(), 3), "seconds": round(time.time() - began, 1)})
            print(lines[-1], flush=True)
    if rank == 0:
        log.write_text("".join(json.dumps(l) + "\n" for l in lines))
        m.save(net, out, start)
        (out / "DONE").write_text("")
