"""Scenes: what is in an image, how it is drawn, and to which split it belongs.

A scene is plain data (it is stored next to every probe and every evaluation item), the picture is a
pure function of it, and the split is a pure function of its hash: no scene can be in two splits.
"""
import hashlib
import json
import random

import numpy as np
from PIL import Image, ImageDraw

CELL = 28  # pixels; one cell is one visual token (2 x 2 patches of 14)
GRID = 4
SIZE = CELL * GRID
MARGIN = 4  # an object fills its cell up to this margin
COLUMNS = "abcd"
CELLS = [c + str(r + 1) for r in range(GRID) for c in COLUMNS]  # reading order

COLORS = {
    "red": (214, 39, 40),
    "green": (44, 150, 44),
    "blue": (31, 90, 200),
    "yellow": (230, 190, 20),
    "purple": (140, 60, 170),
}
SHAPES = ["circle", "square", "triangle", "star"]
BACKGROUNDS = {"white": (255, 255, 255), "gray": (196, 196, 196), "beige": (240, 222, 190)}
INK = (20, 20, 20)
PLURAL = {"circle": "circles", "square": "squares", "triangle": "triangles", "star": "stars"}

# 5 x 7 dot-matrix letters, one number per row, the leftmost dot is the highest bit.
FONT = {
    "A": (14, 17, 17, 31, 17, 17, 17), "B": (30, 17, 17, 30, 17, 17, 30),
    "C": (14, 17, 16, 16, 16, 17, 14), "D": (30, 17, 17, 17, 17, 17, 30),
    "E": (31, 16, 16, 30, 16, 16, 31), "F": (31, 16, 16, 30, 16, 16, 16),
    "H": (17, 17, 17, 31, 17, 17, 17), "K": (17, 18, 20, 24, 20, 18, 17),
    "L": (16, 16, 16, 16, 16, 16, 31), "M": (17, 27, 21, 21, 17, 17, 17),
    "N": (17, 25, 21, 19, 17, 17, 17), "P": (30, 17, 17, 30, 16, 16, 16),
    "R": (30, 17, 17, 30, 20, 18, 17), "S": (15, 16, 16, 14, 1, 1, 30),
    "T": (31, 4, 4, 4, 4, 4, 4), "X": (17, 17, 10, 4, 10, 17, 17),
}
LETTERS = "".join(FONT)


# ---------------------------------------------------------------- splits
def bucket(key: str) -> str:
    """probe (1/16), eval (1/8) or train: decided by the hash alone."""
    h = hashlib.sha256(key.encode()).digest()[0]
    return "probe" if h < 16 else "eval" if h < 48 else "train"


def scene_key(scene: dict) -> str:
    """The canonical text of a scene; `text` is null or {cell, value}."""
    objects = sorted((o["cell"], o["color"], o["shape"]) for o in scene["objects"])
    text = scene["text"]
    return json.dumps(
        [scene["background"], objects, [text["cell"], text["value"]] if text else None], separators=(",", ":")
    )


def is_blank(scene: dict) -> bool:
    return not scene["objects"] and not scene["text"]


def split_of(scene: dict) -> str:
    return bucket(scene_key(scene))


# ---------------------------------------------------------------- sampling
def column_row(cell: str) -> tuple[int, int]:
    return COLUMNS.index(cell[0]), int(cell[1]) - 1


def text_cells(text: dict | None) -> list[str]:
    if not text:
        return []
    c, r = column_row(text["cell"])
    return [COLUMNS[c + i] + str(r + 1) for i in range(len(text["value"]))]


def free_cells(scene: dict) -> list[str]:
    taken = set(text_cells(scene["text"])) | {o["cell"] for o in scene["objects"]}
    return [c for c in CELLS if c not in taken]


def sample_text(rng: random.Random) -> dict:
    n = rng.choice((2, 3, 3))
    c = rng.randrange(GRID - n + 1)
    return {
        "cell": COLUMNS[c] + str(rng.randrange(GRID) + 1),
        "value": "".join(rng.choice(LETTERS) for _ in range(n)),
    }


def order(scene: dict) -> dict:
    scene["objects"].sort(key=lambda o: CELLS.index(o["cell"]))
    return scene


def sample_scene(rng: random.Random, lo: int, hi: int, p_text: float) -> dict:
    """Any scene, whatever its split. Half of them use few colours or shapes, so that counts above 1 occur."""
    scene = {"background": rng.choice(list(BACKGROUNDS)), "objects": [], "text": None}
    if rng.random() < p_text:
        scene["text"] = sample_text(rng)
    colors, shapes = list(COLORS), list(SHAPES)
    if rng.random() < 0.6:
        colors = rng.sample(colors, 2 if rng.random() < 0.7 else 1)
    if rng.random() < 0.6:
        shapes = rng.sample(shapes, 2 if rng.random() < 0.7 else 1)
    for cell in rng.sample(free_cells(scene), rng.randint(lo, hi)):
        scene["objects"].append({"cell": cell, "color": rng.choice(colors), "shape": rng.choice(shapes)})
    return order(scene)


def sample_split(rng: random.Random, split: str, lo: int, hi: int, p_text: float) -> dict:
    while True:
        scene = sample_scene(rng, lo, hi, p_text)
        if split_of(scene) == split:
            return scene


# ---------------------------------------------------------------- drawing
def _mask(shape: str) -> np.ndarray:
    """Drawn eight times too large and thresholded: crisp edges, two colours, small PNGs."""
    s, k = CELL * 8, 8
    image = Image.new("L", (s, s), 0)
    d = ImageDraw.Draw(image)
    a, b, m = MARGIN * k, (CELL - MARGIN) * k - 1, s / 2
    if shape == "circle":
        d.ellipse((a, a, b, b), fill=255)
    elif shape == "square":
        d.rectangle((a + k, a + k, b - k, b - k), fill=255)
    elif shape == "triangle":
        d.polygon([(m, a), (b, b), (a, b)], fill=255)
    else:
        r = (b - a) / 2
        d.polygon(
            [
                (m + (r if i % 2 == 0 else r * 0.4) * np.sin(i * np.pi / 5),
                 m - (r if i % 2 == 0 else r * 0.4) * np.cos(i * np.pi / 5))
                for i in range(10)
            ],
            fill=255,
        )
    return np.asarray(image).reshape(CELL, k, CELL, k).mean((1, 3)) > 127


def _letter_mask(letter: str) -> np.ndarray:
    dots = np.array([[row >> (4 - i) & 1 for i in range(5)] for row in FONT[letter]], dtype=bool)
    mask = np.zeros((CELL, CELL), dtype=bool)
    mask[4:25, 6:21] = dots.repeat(3, 0).repeat(3, 1)
    return mask


MASKS = {s: _mask(s) for s in SHAPES} | {l: _letter_mask(l) for l in LETTERS}


def tile(background: str, content: tuple[str, str] | str | None) -> np.ndarray:
    """One cell: nothing, an object (colour, shape) or a letter."""
    if background == "black":
        return np.zeros((CELL, CELL, 3), dtype=np.uint8)
    out = np.empty((CELL, CELL, 3), dtype=np.uint8)
    out[:] = BACKGROUNDS[background]
    if isinstance(content, str):
        out[MASKS[content]] = INK
    elif content:
        out[MASKS[content[1]]] = COLORS[content[0]]
    return out


def contents(scene: dict) -> list:
    """What each of the 16 cells holds, in reading order."""
    held = {o["cell"]: (o["color"], o["shape"]) for o in scene["objects"]}
    if scene["text"]:
        held |= dict(zip(text_cells(scene["text"]), scene["text"]["value"]))
    return [held.get(c) for c in CELLS]


def render(scene: dict | None) -> Image.Image:
    """None is the black image."""
    if scene is None:
        return Image.new("RGB", (SIZE, SIZE))
    pixels = np.zeros((SIZE, SIZE, 3), dtype=np.uint8)
    for i, content in enumerate(contents(scene)):
        r, c = divmod(i, GRID)
        pixels[r * CELL : (r + 1) * CELL, c * CELL : (c + 1) * CELL] = tile(scene["background"], content)
    return Image.fromarray(pixels)


def save_png(scene: dict, path) -> None:
    render(scene).quantize(32).save(path, optimize=True)


# ---------------------------------------------------------------- words
def object_box(cell: str) -> list[int]:
    c, r = column_row(cell)
    return [c * CELL + MARGIN, r * CELL + MARGIN, (c + 1) * CELL - MARGIN, (r + 1) * CELL - MARGIN]


def caption(scene: dict | None) -> str:
    """Every object with its cell, in reading order: complete, so that it can stand in for the image."""
    if scene is None:
        return "a black image."
    items = [(CELLS.index(o["cell"]), f"{o['cell']} {o['color']} {o['shape']}") for o in scene["objects"]]
    if scene["text"]:
        items.append((CELLS.index(scene["text"]["cell"]), f"{scene['text']['cell']} text {scene['text']['value']}"))
    return ", ".join(t for _, t in sorted(items)) + "." if items else "nothing."


def description(scene: dict | None) -> str:
    return "The image shows: " + caption(scene)
