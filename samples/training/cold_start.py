"""IN: a short supervised cold start on think-then-answer traces, from the stored (bf16) base.

Half of the traces are verbose, half are brief; the data does not say which is better.
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
STEPS, BATCH, LR, WARMUP = 500, 24, 6e-4, 20


def style(rng) -> str:
    return "verbose" if rng.random() < 0.5 else "brief"


def image_question(scene, rng) -> dict:
    while True:
        item = q.ask(rng.choice(q.GENERAL if rng.random() < 0.45 else q.MATH), scene, rng)
        if item:
            return item


def make_batch(step: int):
    rng = random.Random(f"{SEED}/in/{step}")
    rows, images = [], []
    for _ in range(BATCH):
        u = rng.random()
        if u < 0.5:
            scene = scenes.sample_split(rng, "train", 1, 6, 0.35) if rng.random() > 0.08 else None
            items = [image_question(scene, rng) for _ in range(3)]
            rows.append((True, [(i["prompt"], q.trace(i, style(rng)), 1.0) for i in items]))
            images.append(scene)
        elif u < 0.75:
            segments = []
            for _ in range(3):
                scene = scenes.sample_split(rng, "train", 1, 6, 0.25)
                i = image_question(scene, rng)
                segments.append((f"{scenes.description(scene)}\n{i['prompt']}", q.trace(i, style(rng)), 1.0))
            rows.append((True, segments))
            images.append(None)
        else:
            items = [q.ask_text_split(rng.choice(q.TEXT_MATH), rng, "train") for _ in range(5)]
            rows.append((False, [(i["prompt"], q.trace(i, style(rng)), 1.0) for i in items]))
    return rows, images


def train(start: Path, work: Path, device: str, steps: int = STEPS, workers: int = 1) -> Path:
    """Writes work/in (bf16). Short enough to start over when stopped."""
    if not (work / "in" / "DONE").exists():
        base.spawn(_worker, workers, start, work, device, steps)
    return work / "in"


def _worker(rank, world, port, start, work, device, steps):
    base.join(rank, world, port)
    m.use_batched_windows()
    tok = m.PreTrainedTokenizerFast.from_pretrained(start)
    packer, patches = m.Packer(tok), m.Patches()
    net = m.load(start, device).train()
    params = [p for p in net.parameters() if p.requires_grad]
    opt = torch.optim.AdamW(params, lr=LR, betas=(0.9, 0.98), weight_decay=0.0, foreach=True)
    began, lines = time.time(), []
    for step in range(steps):
        for g in opt.param_groups:
            g["lr"] = LR * min((step + 1) / WARMUP, (steps - step) / (steps * 0.5), 1.0)
        rows, images = base.share(make_batch(step), rank, world)
        batch = packer.pack(rows)
        loss, _, logits, target = m.packed_loss(net, batch, patches(images), device)
        opt.zero_grad(set_to_none=True)
        total, loss, right, n, _ = base.backward(params, loss, batch, logits, target, world)
        opt.step()
        if rank == 0 and (step + 1) % 5 == 0:
            lines.append({"step": step + 1, "loss": round(loss / total, 4), "token_accuracy": round(right / n, 4), "seconds": round(time.time() - began, 1)})
            print(lines[-1], flush=True)
    if rank == 0:
        (work / "in.jsonl").write_text("".join(json.dumps(l) + "\n" for l in lines))
        m.save(net, work / "in", start)
        (work / "in" / "DONE").write_text("")
