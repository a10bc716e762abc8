"""Questions about scenes and text-only sums: prompt, true answer, and two ways to think about it.

`verbose` goes through the image (or its description) object by object, with a running count, and writes
down every step; `brief` jumps. IN learns both, and is not told
which is better: finding out is what RL is for. `args` is enough to recompute the answer
from the scene without this file (the repository's tests do so).
"""
import random

from scenes import CELLS, COLORS, PLURAL, SHAPES, bucket, caption, object_box

GENERAL = ["count_all", "count_color", "count_shape", "color_of", "shape_of", "what_at", "where", "box", "text", "exists"]
MATH = ["difference", "cost", "change", "weighted"]
TEXT_MATH = ["chain", "bill", "story", "listed"]


# ---------------------------------------------------------------- helpers
def match(scene, key) -> list[str]:
    """Cells of the objects that a colour, a shape, or 'objects' names."""
    objects = scene["objects"] if scene else []
    return [o["cell"] for o in objects if key in ("objects", o["color"], o["shape"])]


def noun(key: str) -> str:
    return key if key == "objects" else PLURAL.get(key, f"{key} objects")


def items_of(scene) -> list[tuple[str, str]]:
    """(cell, caption of it) in reading order."""
    text = caption(scene)
    return [(i.split(" ", 1)[0], i) for i in text.rstrip(".").split(", ")] if scene and text != "nothing." else []


def tally(scene, *keys) -> str:
    """Every object, by what the keys ask for, and how many of each key there were so far."""
    counts, out = [0] * len(keys), []
    hit = [set(match(scene, k)) for k in keys]
    shown = [p for p, pool in (("color", COLORS), ("shape", SHAPES)) if any(k in pool for k in keys)]
    for o in scene["objects"] if scene else []:
        counts = [n + (o["cell"] in h) for n, h in zip(counts, hit)]
        out.append(f"{' '.join([o['cell'], *(o[p] for p in shown)])}:{'/'.join(map(str, counts))}")
    return ", ".join(out or [f"{caption(scene).rstrip('.')}:{'/'.join('0' for _ in keys)}"]) + "."


def scan(scene, cells) -> str:
    """Every item up to the first of these cells; all of them, and "none", where there is no such cell."""
    out = []
    for cell, item in items_of(scene):
        out.append(item)
        if cell in cells:
            return ", ".join(out) + "."
    return ", ".join(out or [caption(scene).rstrip(".")]) + ". none."


def pick_key(scene, rng) -> str:
    """Mostly something that is there."""
    if scene and scene["objects"] and rng.random() < 0.85:
        o = rng.choice(scene["objects"])
        return rng.choice((o["color"], o["shape"]))
    return rng.choice(list(COLORS) + SHAPES)


def make(kind, prompt, answer, verbose, brief, answer_type="number", args=None, choices=None):
    return {
        "kind": kind, "prompt": prompt, "answer": str(answer), "answer_type": answer_type,
        "verbose": verbose, "brief": brief, "args": args or {}, "choices": choices,
    }


# ---------------------------------------------------------------- about an image
def ask(kind: str, scene: dict | None, rng: random.Random) -> dict | None:
    """A question of this kind, or None where the scene does not allow one. scene None: black image."""
    objects = scene["objects"] if scene else []
    if kind in ("count_all", "count_color", "count_shape"):
        if kind == "count_all":
            key = "objects"
        else:
            pool = list(COLORS) if kind == "count_color" else SHAPES
            there = [o["color" if kind == "count_color" else "shape"] for o in objects]
            key = rng.choice(there) if there and rng.random() < 0.85 else rng.choice(pool)
        n = len(match(scene, key))
        return make(kind, f"How many {noun(key)} are there?", n, tally(scene, key), f"{noun(key)} = {n}.", args={"key": key})
    if kind in ("color_of", "shape_of"):
        asked, given = ("color", "shape") if kind == "color_of" else ("shape", "color")
        if objects:
            o = rng.choice(objects)
            if len(match(scene, o[given])) != 1:
                return None
            key, answer, seen = o[given], o[asked], f"{o['cell']} {o['color']} {o['shape']}."
        elif scene is None:
            key, answer, seen = rng.choice(SHAPES if given == "shape" else list(COLORS)), "none", "a black image."
        else:
            return None
        prompt = f"What color is the {key}?" if asked == "color" else f"What shape is the {key} object?"
        return make(kind, prompt, answer, scan(scene, [o["cell"]] if objects else []), seen, "text", {"key": key})
    if kind == "what_at":
        if objects and rng.random() < 0.9:
            o = rng.choice(objects)
            cell, answer = o["cell"], f"{o['color']} {o['shape']}"
        else:
            cell = rng.choice(CELLS)
            if scene and cell not in [c for c in CELLS if c not in held_by_text(scene)]:
                return None
            o = next((o for o in objects if o["cell"] == cell), None)
            answer = f"{o['color']} {o['shape']}" if o else "nothing"
        seen = f"{cell} {answer}."
        return make(kind, f"What is at {cell}?", answer, seen, f"{answer}.", "text", {"cell": cell})
    if kind in ("where", "box"):
        if objects:
            o = rng.choice(objects)
            if sum((p["color"], p["shape"]) == (o["color"], o["shape"]) for p in objects) != 1:
                return None
            name, cell = f"{o['color']} {o['shape']}", o["cell"]
        elif scene is None:
            name, cell = f"{rng.choice(list(COLORS))} {rng.choice(SHAPES)}", "none"
        else:
            return None
        seen = f"{cell} {name}." if objects else "a black image."
        args = dict(zip(("color", "shape"), name.split()))
        verbose = scan(scene, [cell])
        if kind == "where":
            return make(kind, f"Where is the {name}?", cell, verbose, seen, "text", args)
        answer = str(object_box(cell)) if objects else "none"
        return make(kind, f"Give the box of the {name}.", answer, verbose, seen, "box", args)
    if kind == "text":
        value = scene["text"]["value"] if scene and scene["text"] else "none"
        if value == "none" and rng.random() < 0.8:
            return None
        seen = f"{scene['text']['cell']} text {value}." if value != "none" else "no text."
        verbose = scan(scene, [scene["text"]["cell"]] if value != "none" else [])
        return make(kind, "What text is in the image?", value, verbose, seen, "text")
    if kind == "exists":
        # Half yes. A "no" is near: the colour and the shape are both there, on different objects, if possible.
        if objects and rng.random() < 0.5:
            o = rng.choice(objects)
            color, shape = o["color"], o["shape"]
        else:
            color = rng.choice([o["color"] for o in objects]) if objects and rng.random() < 0.6 else rng.choice(list(COLORS))
            shape = rng.choice([o["shape"] for o in objects]) if objects and rng.random() < 0.6 else rng.choice(SHAPES)
        cells = [o["cell"] for o in objects if (o["color"], o["shape"]) == (color, shape)]
        name = f"{color} {shape}"
        verbose = scan(scene, cells)
        answer = "yes" if cells else "no"
        return make(kind, f"Is there a {name}?", answer, verbose, f"{name}: {answer}.", "choice",
                    {"color": color, "shape": shape}, ["yes", "no"])
    if kind == "list":
        # Not evaluated: base learns to find by colour, by shape, by both, before it is asked how many.
        if rng.random() < 0.5 or not objects:
            key = pick_key(scene, rng)
            cells, name = match(scene, key), noun(key)
        else:
            o, p = rng.choice(objects), rng.choice(objects)
            color, shape = (o["color"], o["shape"]) if rng.random() < 0.6 else (o["color"], p["shape"])
            cells = [x["cell"] for x in objects if (x["color"], x["shape"]) == (color, shape)]
            name = f"{color} {PLURAL[shape]}"
        return make(kind, f"List the {name}.", " ".join(cells) or "none", "", "", "text")
    if kind == "find":
        # Not evaluated: a place by one property, the step before "where" and "box".
        o = rng.choice(objects) if objects else None
        key = o[rng.choice(("color", "shape"))] if o else None
        if not o or len(match(scene, key)) != 1:
            return None
        return make(kind, f"Where is the {one(key)}?", o["cell"], "", "", "text", {"key": key})
    # ---- several things to see, then to reckon
    if kind == "difference":
        a, b = pick_key(scene, rng), pick_key(scene, rng)
        na, nb = len(match(scene, a)), len(match(scene, b))
        if a == b or na < nb:
            return None
        return make(kind, f"How many more {noun(a)} than {noun(b)} are there?", na - nb,
                    f"{tally(scene, a, b)} {na} - {nb} = {na - nb}.", f"= {na - nb}.",
                    args={"a": a, "b": b})
    if kind == "cost":
        a, b = pick_key(scene, rng), pick_key(scene, rng)
        if a == b or (a in COLORS) != (b in COLORS):
            return None
        pa, pb = rng.randint(2, 5), rng.randint(2, 5)
        na, nb = len(match(scene, a)), len(match(scene, b))
        x, y = na * pa, nb * pb
        return make(kind, f"Each {one(a)} costs {pa} and each {one(b)} costs {pb}. What do they cost together?", x + y,
                    f"{tally(scene, a, b)} {na} x {pa} = {x}. {nb} x {pb} = {y}. {x} + {y} = {x + y}.",
                    f"= {x + y}.", args={"a": a, "b": b, "pa": pa, "pb": pb})
    if kind == "change":
        key = rng.choice(("objects", pick_key(scene, rng)))
        n = len(match(scene, key))
        if n < 1 and scene is not None:
            return None
        out, add = rng.randint(1, n) if n else 0, rng.randint(2, 9)
        if out == 0:
            return None
        return make(kind, f"If {out} of the {noun(key)} are removed and {add} more are added, how many {noun(key)} are there?",
                    n - out + add, f"{tally(scene, key)} {n} - {out} = {n - out}. {n - out} + {add} = {n - out + add}.",
                    f"{n} - {out} + {add} = {n - out + add}.", args={"key": key, "out": out, "add": add})
    if kind == "weighted":
        key = rng.choice(("objects", pick_key(scene, rng)))
        n, k, c = len(match(scene, key)), rng.randint(2, 5), rng.randint(1, 9)
        return make(kind, f"What is the number of {noun(key)} times {k} plus {c}?", n * k + c,
                    f"{tally(scene, key)} {n} x {k} = {n * k}. {n * k} + {c} = {n * k + c}.", f"= {n * k + c}.",
                    args={"key": key, "k": k, "c": c})
    raise KeyError(kind)


def one(key: str) -> str:
    return f"{key} object" if key in COLORS else key


def held_by_text(scene) -> list[str]:
    from scenes import text_cells
    return text_cells(scene["text"])


# ---------------------------------------------------------------- without an image
NAMES = ["Tom", "Ann", "Sam", "Eve"]
GOODS = ["pen", "cup", "hat", "key"]


def ask_text(kind: str, rng: random.Random) -> dict:
    if kind == "chain":
        total = rng.randint(2, 9)
        prompt, steps = str(total), []
        for _ in range(3):
            n = rng.randint(1, 9)
            if total - n >= 0 and rng.random() < 0.45:
                steps.append(f"{total} - {n} = {total - n}.")
                total, prompt = total - n, f"{prompt} - {n}"
            else:
                steps.append(f"{total} + {n} = {total + n}.")
                total, prompt = total + n, f"{prompt} + {n}"
        return make(kind, f"What is {prompt}?", total, " ".join(steps), f"= {total}.", args={"sum": prompt})
    if kind == "bill":
        a, b = rng.sample(GOODS, 2)
        pa, pb, na, nb = (rng.randint(2, 5) for _ in range(4))
        x, y = na * pa, nb * pb
        return make(kind, f"A {a} costs {pa} and a {b} costs {pb}. What do {na} {a}s and {nb} {b}s cost?", x + y,
                    f"{na} x {pa} = {x}. {nb} x {pb} = {y}. {x} + {y} = {x + y}.", f"= {x + y}.",
                    args={"pa": pa, "pb": pb, "na": na, "nb": nb})
    if kind == "story":
        name, thing = rng.choice(NAMES), rng.choice(GOODS)
        n = rng.randint(3, 15)
        out, add, k = rng.randint(1, n - 1), rng.randint(2, 9), rng.randint(2, 3)
        x = n - out
        y = x + add
        return make(kind, f"{name} has {n} {thing}s, loses {out} and finds {add}. How many {thing}s does {name} have?", y,
                    f"{n} - {out} = {x}. {x} + {add} = {y}.", f"= {y}.", args={"n": n, "out": out, "add": add})
    if kind == "listed":
        items = []
        while len(items) < 3:
            item = (rng.choice(list(COLORS)[:3]), rng.choice(SHAPES[:3]))
            if item not in [i[:2] for i in items]:
                items.append((*item, rng.randint(2, 9)))
        c, s, _ = rng.choice(items)
        key = rng.choice((c, s))
        ns = [i[2] for i in items if key in i]
        total = sum(ns)
        text = ", ".join(f"{n} {c} {PLURAL[s]}" for c, s, n in items)
        steps, acc = [], 0
        for item in items:
            acc += item[2] if key in item else 0
            steps.append(f"{item[2]} {item[0]} {PLURAL[item[1]]}:{acc}")
        return make(kind, f"A box holds {text}. How many {noun(key)} does it hold?", total, ", ".join(steps) + ".",
                    f"= {total}.", args={"items": [list(i) for i in items], "key": key})
    raise KeyError(kind)


def ask_text_split(kind: str, rng: random.Random, split: str) -> dict:
    while True:
        q = ask_text(kind, rng)
        if bucket(q["prompt"]) == split:
            return q


def drill(rng: random.Random) -> dict:
    """One step of arithmetic: what base knows before anybody asks it to think."""
    kind = rng.randrange(3)
    if kind == 0:
        a, b = rng.randint(0, 30), rng.randint(0, 25)
        return make("drill", f"{a} + {b} =", a + b, "", "")
    if kind == 1:
        a = rng.randint(0, 30)
        b = rng.randint(0, min(a, 15))
        return make("drill", f"{a} - {b} =", a - b, "", "")
    a, b = rng.randint(0, 7), rng.randint(2, 5)
    return make("drill", f"{a} x {b} =", a * b, "", "")


def trace(q: dict, style: str) -> str:
    return f"<think>{q[style]}</think><answer>{q['answer']}</answer>"
