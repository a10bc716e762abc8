"""Base: captions and short direct answers, by curriculum, from scratch.

Two cycles. The first names: captions, then questions; at its end base says what is where, but does not find what a
word names. The second finds: two heads of one layer are told where to look (`Guide`), first alone, then while the
whole model learns on.

Every batch is a pure function of (seed, step), so a run that was stopped goes on exactly.
"""
import json
import math
import os
import random
import socket
import time
from pathlib import Path

import torch
import torch.distributed as dist

import model as m
import questions as q
import scenes

SEED = 2602
BATCH, STEPS = 32, 4700
WARMUP, LR = 150, 1.2e-3


CURRICULUM = {0: 1, 216: 2, 576: 4, 1152: 6}  # from this step on: most objects in an image

ASKED = 1500  # from this step on: captions are learned, half of the images come without, more questions
LISTED = 2200  # from this step on: questions that list cells by colour and shape
COPIED = 3000  # from this step on: where a description stands in for the image, it is also repeated
FOUND = 3500  # from this step on, a second cycle: mostly questions that name something and ask where, how many, which
MIXED = 3800  # until this step few objects and mostly "where", then as many as ever and all kinds
FALL = 700  # the learning rate of the second cycle is constant, and falls in its last steps
FEW = {"where": 5, "find": 3, "box": 0.5, "count_color": 0.7, "count_shape": 0.7, "list": 1, "color_of": 2, "shape_of": 2,
       "exists": 2, "what_at": 0.5, "count_all": 0.2, "text": 0.4}
ALL = {"where": 2, "find": 0.5, "box": 2, "count_color": 2.5, "count_shape": 2.5, "list": 0.5, "color_of": 1, "shape_of": 1,
       "exists": 1.5, "what_at": 0.7, "count_all": 0.7, "text": 0.5}
PROBED = q.GENERAL + ["count_color", "count_shape", "box", "exists"]  # these twice as often, from then on


def stage(step: int) -> int:
    return next(n for at, n in reversed(CURRICULUM.items()) if step >= at)


def question_about(scene, rng, math_share: float, general=q.GENERAL) -> dict:
    while True:
        kinds = q.MATH if rng.random() < math_share else general
        item = q.ask(rng.choice(kinds), scene, rng)
        if item:
            return item


def text_question(rng) -> dict:
    if rng.random() < 0.6:
        return q.drill(rng)
    return q.ask_text_split(rng.choice(q.TEXT_MATH), rng, "train")


def looked_at(item: dict, scene) -> tuple | None:
    """(which head, cells it should look at, at how many positions of the answer it should): what `Guide` teaches."""
    kind, args = item["kind"], item["args"]
    objects = scene["objects"] if scene else []
    if kind in ("where", "box", "exists"):
        cells = [o["cell"] for o in objects if (o["color"], o["shape"]) == (args["color"], args["shape"])]
        return 0, cells, {"where": 2, "box": 2, "exists": 1}[kind]
    if kind == "find":
        return 0, q.match(scene, args["key"]), 2
    if kind in ("color_of", "shape_of"):
        return 0, q.match(scene, args["key"]), 1
    if kind == "what_at":
        return 0, [args["cell"]], 1
    if kind in ("count_all", "count_color", "count_shape"):
        return 1, q.match(scene, args["key"]), 1
    return None


class _Seen(Exception):
    pass


def _stop(*_):
    raise _Seen


class Guide:
    """While base learns to find, two heads of one language layer are told where to look: the first at what a
    question names, the second at all of it and at the first token alike (so that the share tells how many)."""

    LAYER, HEADS, WEIGHT = 5, (0, 2), 0.5

    def __init__(self, net, packer):
        self.attention, self.packer = net.model.language_model.layers[self.LAYER].self_attn, packer
        self.attention.register_forward_pre_hook(self.keep, with_kwargs=True)

    def keep(self, module, args, kwargs):
        self.seen = kwargs["hidden_states"], kwargs["position_embeddings"]

    def aim(self, net, patches, make_batch, batches=64, steps=700, rate=1e-2) -> None:
        """First the queries and keys of that layer alone, on what the layer sees now: a minute gets them off a plateau
        that takes the whole model hours."""
        stop = self.attention.register_forward_pre_hook(_stop)
        cache = []
        with torch.no_grad():
            for i in range(batches):
                rows, images = make_batch(i)
                batch = self.packer.pack(rows)
                try:
                    m.packed_loss(net, batch, patches(images), next(net.parameters()).device)
                except _Seen:
                    pass
                cache.append((self.places(rows, once=True), batch[2], self.seen))
        stop.remove()
        params = [*self.attention.q_proj.parameters(), *self.attention.k_proj.parameters()]
        opt = torch.optim.Adam(params, lr=rate)
        for step in range(steps):
            opt.param_groups[0]["lr"] = rate * min(1, (step + 1) / 20)
            opt.zero_grad()
            for places, mask, self.seen in cache[step % 8 :: 8]:
                loss = self.miss(places, mask) * 8 / batches
                loss.backward()
            opt.step()
            if step % 100 == 0:
                print(f"aim {step}: {loss.item() * batches / 8:.3f}", flush=True)

    def places(self, rows, once=False):
        """[(row, position)], the positions to look at from there, and with which head."""
        first = len(self.packer.open) + 1
        at, where, heads = [], [], []
        for r, (has_image, segments) in enumerate(rows):
            end = first + 17 if has_image else first - 1
            for question, answer, _, *guide in segments:
                n, a = len(self.packer.encode(question)) + len(self.packer.middle), len(self.packer.encode(answer)) + 1
                if guide and guide[0]:
                    head, cells, times = guide[0]
                    look = [first + scenes.CELLS.index(c) for c in cells]
                    look += [0] if head or not look else []
                    for k in range(min(1 if once else times, a - 1)):
                        at.append((r, end + n - 1 + k))
                        where.append(look)
                        heads.append(head)
                end += n + a
        return at, where, heads

    def loss(self, rows, mask):
        return self.miss(self.places(rows), mask)

    def miss(self, places, mask):
        """Cross-entropy of the heads' attention against where they should look, less the least there can be."""
        at, where, heads = places
        if not at:
            return None
        x, (cos, sin) = self.seen
        rows_, cols = torch.tensor(at).T
        n, d = x.shape[1], self.attention.head_dim
        turn = lambda t, c, s: t * c + torch.cat((-t[..., d // 2 :], t[..., : d // 2]), -1) * s
        qs = self.attention.q_proj(x[rows_, cols]).view(len(at), -1, d)
        qs = turn(qs, cos[rows_, cols][:, None], sin[rows_, cols][:, None])
        ks = turn(self.attention.k_proj(x).view(*x.shape[:2], -1, d), cos[:, :, None], sin[:, :, None])
        total, heads = 0.0, torch.tensor(heads)
        group = qs.shape[1] // ks.shape[2]
        for i, h in enumerate(self.HEADS):
            use = heads == i
            score = torch.einsum("ad,akd->ak", qs[use, h], ks[rows_[use], :, h // group]) * d**-0.5
            score = score.masked_fill(~mask[rows_[use], 0, cols[use]], -1e30).log_softmax(-1)
            want = torch.zeros(score.shape)
            for k, w in enumerate(w for w, u in zip(where, use.tolist()) if u):
                want[k, w] = 1 / len(w)
            entropy = -(want * want.clamp(min=1e-9).log()).sum()
            total = total - (score * want).sum() - entropy
        return total / len(at)


def found_batch(step: int):
    """As make_batch, from step FOUND on."""
    rng = random.Random(f"{SEED}/found/{step}")
    kinds = rng.choices(list(weights := FEW if step < MIXED else ALL), list(weights.values()), k=4096)
    rows, images = [], []

    def question(scene, maths):
        while True:
            item = q.ask(rng.choice(q.MATH) if rng.random() < maths else rng.choice(kinds), scene, rng)
            if item:
                return item

    for _ in range(BATCH):
        u = rng.random()
        if u < (0.82 if step < MIXED else 0.78):
            most = rng.choice((2, 2, 3, 3, 4, 6) if step < MIXED else (3, 4, 6, 6, 6, 6))
            scene = scenes.sample_split(rng, "train", 2 if step < MIXED else 1, most, 0.5) if rng.random() > 0.02 else None
            segments = [("Describe the image.", scenes.caption(scene), 0.5)] if rng.random() < 0.25 else []
            for _ in range(6 if segments else 9):
                item = question(scene, 0.06)
                segments.append((item["prompt"], item["answer"], 1.0, looked_at(item, scene)))
            rows.append((True, segments))
            images.append(scene)
        elif u < (0.92 if step < MIXED else 0.88):
            segments = []
            for i in range(4):
                scene = scenes.sample_split(rng, "train", 1, 6, 0.25)
                if i == 0:
                    segments.append((f"{scenes.description(scene)}\nDescribe the image.", scenes.caption(scene), 0.5))
                else:
                    item = question(scene, 0.15)
                    segments.append((f"{scenes.description(scene)}\n{item['prompt']}", item["answer"], 1.0))
            rows.append((True, segments))
            images.append(None)
        else:
            rows.append((False, [(i["prompt"], i["answer"], 1.0) for i in (text_question(rng) for _ in range(8))]))
    return rows, images


def make_batch(step: int):
    """rows and the scenes of those rows that have an image (None: black)."""
    if step >= FOUND:
        return found_batch(step)
    rng = random.Random(f"{SEED}/base/{step}")
    hi = stage(step)
    asked = step >= ASKED
    w_caption = 1.0 if hi < 6 else 0.5
    p_text = 0.5 if asked else 0.35
    n_q = 2 if hi < 4 else 4 if not asked else 5 if step < LISTED else 6
    rows, images = [], []
    for _ in range(BATCH):
        u = rng.random()
        if u < 0.74 or hi == 1:  # an image, its caption, questions
            scene = scenes.sample_split(rng, "train", 0 if rng.random() < 0.05 else 1, hi, p_text) if rng.random() > 0.02 else None
            segments = [("Describe the image.", scenes.caption(scene), w_caption)]
            if asked and rng.random() < (0.5 if step < LISTED else 0.7):
                segments = []
            for i in range(n_q):
                if asked and i == 0 and scene and scene["text"]:
                    item = q.ask("text", scene, rng)
                elif step >= LISTED and i in (1, 2):
                    item = q.ask("list", scene, rng)
                else:
                    item = question_about(scene, rng, 0.10 if asked else 0.15, PROBED if asked else q.GENERAL)
                segments.append((item["prompt"], item["answer"], 1.0))
            rows.append((True, segments))
            images.append(scene)
        elif u < 0.87:  # a description takes the image's place: the image is black
            segments = []
            for i in range(3):
                scene = scenes.sample_split(rng, "train", 1, hi, 0.25)
                if step >= COPIED and i < 2:
                    segments.append((f"{scenes.description(scene)}\nDescribe the image.", scenes.caption(scene), 1.0))
                    continue
                item = q.ask("list", scene, rng) if step >= LISTED and rng.random() < 0.4 else question_about(scene, rng, 0.25)
                segments.append((f"{scenes.description(scene)}\n{item['prompt']}", item["answer"], 1.0))
            rows.append((True, segments))
            images.append(None)
        else:  # no image
            rows.append((False, [(i["prompt"], i["answer"], 1.0) for i in (text_question(rng) for _ in range(8))]))
    return rows, images


def share(batch, rank: int, world: int):
    """Every world-th row with an image and every world-th without, so that the loads are alike."""
    rows, images = batch
    seen = [r for r in rows if r[0]][rank::world]
    return seen + [r for r in rows if not r[0]][rank::world], images[rank::world]


def corpus() -> list[str]:
    rng = random.Random(f"{SEED}/tokenizer")
    out = []
    for _ in range(4000):
        scene = scenes.sample_split(rng, "train", 1, 6, 0.3)
        i = question_about(scene, rng, 0.4)
        t = q.ask_text_split(rng.choice(q.TEXT_MATH), rng, "train")
        out += [i["prompt"], f"{i['verbose']} {i['brief']}", t["prompt"], f"{t['verbose']} {t['brief']}", "user\n", "assistant\n", "Describe the image."]
        out.append(scenes.description(scene))
    return out


def cosine(x: float) -> float:
    return 0.02 + 0.98 * 0.5 * (1 + math.cos(math.pi * min(max(x, 0), 1)))


def learning_rate(step: int, steps: int) -> float:
    """As it was run: a decay meant to end at 3000, taken up again when the listing questions came."""
    if step < WARMUP:
        return LR * (step + 1) / WARMUP
    if step < LISTED:
        return LR * cosine((step - 1650) / 1350)
    if step < FOUND:
        return 1e-3 * cosine((step - 2600) / (FOUND - 2600))
    return 8e-4 * min((step - FOUND + 1) / 50, 1.0) * cosine(1 - (steps - step) / FALL)


def backward(params, loss, batch, logits, target, world: int):
    """The gradient of the whole batch, clipped to norm 1, in every process."""
    total = batch[4].sum().item()
    (loss * total).backward()
    right = (logits.argmax(-1) == target).sum().item()
    flat = torch.cat([p.grad.reshape(-1) for p in params] + [torch.tensor([total, loss.item() * total, right, len(target)], device=loss.device)])
    if world > 1:
        dist.all_reduce(flat)
    total, loss, right, n = flat[-4:].tolist()
    flat = flat[:-4] / total
    norm = flat.norm()
    flat *= min(1.0, 1.0 / (norm.item() + 1e-6))
    at = 0
    for p in params:
        p.grad.copy_(flat[at : at + p.numel()].view_as(p))
        at += p.numel()
    return total, loss, right, n, norm


def spawn(worker, workers: int, *args) -> None:
    """worker(rank, world, port, *args), in as many processes."""
    if workers == 1:
        worker(0, 1, 0, *args)
        return
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    torch.multiprocessing.spawn(worker, (workers, port, *args), nprocs=workers)


def join(rank: int, world: int, port: int) -> None:
    if world > 1:
        torch.set_num_threads(1)
        os.environ.setdefault("GLOO_SOCKET_IFNAME", "lo")
        dist.init_process_group("gloo", init_method=f"tcp://127.0.0.1:{port}", rank=rank, world_size=world)


def train(work: Path, steps: int, device: str, workers=1, log_every=20, save_every=100) -> Path:
    """Writes work/base (bf16). Resumes from work/base.pt.

    Two processes of one thread stand a busy machine better than one process of two threads:
    they wait for each other once a step, not at every matrix product.
    """
    out = work / "base"
    if (out / "DONE").exists():
        return out
    work.mkdir(parents=True, exist_ok=True)
    tok_dir = work / "tokenizer"
    if not (tok_dir / "tokenizer.json").exists():
        # The stored one is kept where there is one: it was made when the traces were worded otherwise.
        kept = Path(__file__).parent.parent / "lineage" / "base"
        if (kept / "tokenizer.json").exists():
            tok_dir.mkdir(exist_ok=True)
            for f in m.PROCESSOR:
                (tok_dir / f).write_bytes((kept / f).read_bytes())
        else:
            m.write_processor(m.build_tokenizer(corpus()), tok_dir)
    spawn(_worker, workers, work, steps, device, log_every, save_every)
    return out


def _worker(rank, world, port, work, steps, device, log_every, save_every):
    """One process of `world`: every world-th row of each batch. The summed gradient is that of one process."""
    out, state_file, log_file, tok_dir = work / "base", work / "base.pt", work / "base.jsonl", work / "tokenizer"
    join(rank, world, port)
    m.use_batched_windows()
    tok = m.PreTrainedTokenizerFast.from_pretrained(tok_dir)
    net = m.build_model(tok, SEED).to(device)
    packer, patches = m.Packer(tok), m.Patches()
    decay = [p for p in net.parameters() if p.dim() > 1]
    rest = [p for p in net.parameters() if p.dim() <= 1]
    opt = torch.optim.AdamW([{"params": decay, "weight_decay": 0.02}, {"params": rest, "weight_decay": 0}],
                            lr=LR, betas=(0.9, 0.98), foreach=True)
    step, spent = 0, 0.0
    if state_file.exists():
        state = torch.load(state_file, map_location=device, weights_only=True)
        net.load_state_dict(state["model"])
        opt.load_state_dict(state["optimizer"])
        step, spent = state["step"], state["seconds"]
        if rank == 0 and log_file.exists():
            lines = [l for l in log_file.read_text().splitlines() if json.loads(l)["step"] <= step]
            log_file.write_text("".join(l + "\n" for l in lines))
    net.train()
    guide = None
    began, params = time.time(), [p for p in net.parameters() if p.requires_grad]
    while step < steps:
        for g in opt.param_groups:
            g["lr"] = learning_rate(step, steps)
        if step >= FOUND and not guide:
            guide = Guide(net, packer)
            if step == FOUND:
                if rank == 0:
                    guide.aim(net, patches, lambda i: found_batch(FOUND + i))
                for p in net.parameters():
                    if world > 1:
                        dist.broadcast(p.data, 0)
        rows, images = share(make_batch(step), rank, world)
        batch = packer.pack(rows)
        loss, each, logits, target = m.packed_loss(net, batch, patches(images), device)
        told = guide.loss(rows, batch[2].to(device)) if guide else None
        if told is not None:
            loss = loss + Guide.WEIGHT * told
        opt.zero_grad(set_to_none=True)
        total, loss, right, n, norm = backward(params, loss, batch, logits, target, world)
        opt.step()
        step += 1
        if rank == 0 and step % log_every == 0:
            line = {"step": step, "loss": round(loss / total, 4), "token_accuracy": round(right / n, 4), "lr": opt.param_groups[0]["lr"],
                    "grad_norm": round(float(norm), 3), "max_objects": stage(step), **({"told": round(told.item(), 3)} if told is not None else {}), "seconds": round(spent + time.time() - began, 1)}
            with log_file.open("a") as f:
                f.write(json.dumps(line) + "\n")
            print(line, flush=True)
        if rank == 0 and (step % save_every == 0 or step == steps):
            tmp = state_file.with_suffix(".tmp")
            torch.save({"model": net.state_dict(), "optimizer": opt.state_dict(), "step": step, "seconds": spent + time.time() - began}, tmp)
            os.replace(tmp, state_file)
    if world > 1:
        dist.barrier()
        dist.destroy_process_group()
    if rank:
        return
    m.save(net, out, tok_dir)
    (out / "DONE").write_text("")
