#!/usr/bin/env python3
"""Every kind of PNG, and the pixels that transformers' `load_image` gives a processor, for png.test.ts.

Run with pillow and transformers 5 installed:
    python test/parity/processor/make_png.py
Writes fixtures/png.json: per kind the file and its RGB pixels, base64. All families' processors load images this way.
"""
import base64
import io
import json
import random
import struct
import tempfile
import zlib
from pathlib import Path

import PIL
import numpy as np
from transformers.image_utils import load_image

OUT = Path(__file__).parent / "fixtures" / "png.json"
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
ADAM7 = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def packed(rows, depth):
    """[height, samples] to bytes per row."""
    for row in rows:
        if depth == 16:
            yield b"".join(struct.pack(">H", int(sample)) for sample in row)
        elif depth == 8:
            yield bytes(int(sample) for sample in row)
        else:
            bits = "".join(format(int(sample), f"0{depth}b") for sample in row)
            bits += "0" * (-len(bits) % 8)
            yield bytes(int(bits[at : at + 8], 2) for at in range(0, len(bits), 8))


def filtered(rows, step, draw):
    out, above = b"", None
    for row in rows:
        above = above if above is not None else bytes(len(row))
        kind = draw.randrange(5)
        line = bytearray()
        for at, value in enumerate(row):
            left = row[at - step] if at >= step else 0
            up, corner = above[at], above[at - step] if at >= step else 0
            paeth = min((left, up, corner), key=lambda one: abs(left + up - corner - one))
            line.append((value - [0, left, up, (left + up) // 2, paeth][kind]) % 256)
        out += bytes([kind]) + bytes(line)
        above = row
    return out


def png(samples, colour, depth, extra=b"", interlaced=False, seed=0):
    """samples: [height, width, channels]."""
    height, width, channels = samples.shape
    draw = random.Random(seed)
    step = max(1, channels * depth // 8)
    parts = [samples[y::dy, x::dx] for x, y, dx, dy in ADAM7] if interlaced else [samples]
    data = b"".join(filtered(packed(part.reshape(part.shape[0], -1), depth), step, draw) for part in parts if part.size)
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data)) + chunk(b"IEND", b"")


def main():
    made = []
    numbers = np.random.default_rng(7)
    for colour, depths in {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}.items():
        for depth in depths:
            for interlaced in (False, True):
                for transparency in ((False, True) if colour in (0, 2, 3) else (False,)):
                    for spread in ("any", "low") if depth == 16 else ("any",):
                        top = 2**depth if spread == "any" else 600
                        samples = numbers.integers(0, top, (11, 13, CHANNELS[colour]))
                        if depth == 16 and spread == "any":
                            samples[0, :6, 0] = [0, 255, 256, 257, 65535, 65280]
                        extra = b""
                        if colour == 3:
                            entries = min(2**depth, 256)
                            extra += chunk(b"PLTE", numbers.integers(0, 256, 3 * entries, dtype=np.uint8).tobytes())
                        if transparency and colour == 3:
                            extra += chunk(b"tRNS", numbers.integers(0, 256, max(1, 2**depth // 2), dtype=np.uint8).tobytes())
                        elif transparency:
                            extra += chunk(b"tRNS", b"".join(struct.pack(">H", int(sample)) for sample in samples[2, 3]))
                        made.append((f"colour {colour}, {depth} bits{', interlaced' * interlaced}{', transparent' * transparency}{', low' * (spread == 'low')}", png(samples, colour, depth, extra, interlaced, len(made))))
    samples = numbers.integers(0, 4, (5, 6, 1))
    made.append(("palette shorter than its indices", png(samples, 3, 2, chunk(b"PLTE", bytes(range(9))))))
    grey = numbers.integers(0, 256, (6, 9, 1))
    made.append(("gamma and colour profile chunks", png(grey, 0, 8, chunk(b"gAMA", struct.pack(">I", 45455)) + chunk(b"sBIT", b"\x08"))))
    made.append(("suggested background", png(numbers.integers(0, 256, (6, 9, 4)), 6, 8, chunk(b"bKGD", struct.pack(">HHH", 1, 2, 3)))))
    cases = []
    with tempfile.TemporaryDirectory() as folder:
        for name, data in made:
            file = Path(folder) / "x.png"
            file.write_bytes(data)
            try:
                image = load_image(str(file))
                cases.append({"name": name, "file": base64.b64encode(data).decode(), "width": image.width, "height": image.height, "pixels": base64.b64encode(image.tobytes()).decode()})
            except Exception as error:
                cases.append({"name": name, "file": base64.b64encode(data).decode(), "refused": f"{type(error).__name__}: {error}"})
                print(name, cases[-1]["refused"])
    OUT.write_text(json.dumps({"pillow": PIL.__version__, "cases": cases}) + "\n")
    print(len(cases), "kinds")


main()
