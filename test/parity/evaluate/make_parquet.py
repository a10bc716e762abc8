"""Small Parquet files in the layouts of published question sets, written by pyarrow, and what they hold.

    python make_parquet.py        # writes parquet/*.parquet and parquet/expectations.json
"""
import base64
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = Path(__file__).parent / "parquet"


def picture(color, kind="PNG"):
    out = io.BytesIO()
    Image.new("RGB", (12, 8), color).save(out, kind)
    return out.getvalue()


gsm8k = {
    "question": ["Tom has 3 pens and buys 4.", "A thousand and eighty?"],
    "answer": ["3 + 4 = <<3+4=7>>7\n#### 7", "#### 1,080"],
}
math500 = {
    "problem": ["Convert $(0,3)$ to polar coordinates.", "Evaluate $2^3$."],
    "solution": ["…", "…"],
    "answer": ["\\left( 3, \\frac{\\pi}{2} \\right)", "8"],
    "subject": ["Precalculus", "Algebra"],
    "level": [2, 1],
    "unique_id": ["test/precalculus/807.json", "test/algebra/1.json"],
}
mathvista = {
    "pid": ["1", "2", "3"],
    "question": ["Which is larger?", "How long?", "How many?"],
    "image": ["images/1.jpg", "images/2.jpg", "images/3.jpg"],
    "decoded_image": [{"bytes": picture("red"), "path": None}, {"bytes": picture("blue", "JPEG"), "path": None}, {"bytes": picture("green", "WEBP"), "path": None}],
    "choices": [["left", "right"], None, None],
    "unit": [None, "m", None],
    "precision": [None, 1.0, 1.0],
    "answer": ["left", "1.2", "4"],
    "question_type": ["multi_choice", "free_form", "free_form"],
    "answer_type": ["text", "float", "integer"],
    "query": ["Hint: choose.\nQuestion: Which is larger?", "Hint: one decimal.\nQuestion: How long?", "Hint: whole.\nQuestion: How many?"],
}
ours = {
    "id": ["a", "b"], "prompt": ["How many?", "What is 1 + 1?"], "answer": ["3", "2"], "answer_type": ["number", "number"],
    "description": ["Three dots.", None],
}


ONE, TWO = picture("red"), picture("blue", "JPEG")


def struct(data, path=None):
    return {"bytes": data, "path": path}


# Sets with images: columns, and what their rows are read as (prompt, answer, type, images).
images = {
    "geometry": (
        {"images": [[struct(ONE, "0.png")], [struct(TWO, "1.png")]], "problem": ["<image>Find x.", "Find y."], "answer": ["48", "63^\\circ"]},
        [("<image>Find x.", "48", "math", [ONE]), ("Find y.", "63^\\circ", "math", [TWO])],
    ),
    "several": (
        {"images": [[struct(ONE), struct(TWO)], []], "problem": ["<image> and <image>: same?", "1 + 1?"], "answer": ["no", "2"]},
        [("<image> and <image>: same?", "no", "math", [ONE, TWO]), ("1 + 1?", "2", "math", [])],
    ),
    "raw": ({"image": [ONE], "question": ["How many?"], "answer": ["3"]}, [("How many?", "3", "math", [ONE])]),
    "base64": (
        {"image": [base64.b64encode(ONE).decode()], "question": ["How many?"], "answer": ["3"]},
        [("How many?", "3", "math", [ONE])],
    ),
    "path": (
        {"image": [struct(None, "images/one.png")], "problem": ["How many?"], "answer": ["3"]},
        [("How many?", "3", "math", [ONE])],
    ),
    "verl": (
        {
            "data_source": ["geo3k"], "prompt": [[{"role": "user", "content": "<image><image>Find x."}]],
            "images": [[struct(ONE), struct(TWO)]], "ability": ["math"],
            "reward_model": [{"style": "rule", "ground_truth": "48"}],
            "extra_info": [{"split": "test", "index": 0, "answer": "48", "question": "Find x."}],
        },
        [("<image><image>Find x.", "48", "math", [ONE, TWO])],
    ),
    "mmmu": (
        {
            "id": ["a", "b"], "question": ["Which is <image 2>?", "What is it?"], "options": ["['<image 1>', \"it's red\"]", "[]"],
            "answer": ["B", "42"], "question_type": ["multiple-choice", "open"],
            "image_1": [struct(ONE), struct(TWO)], "image_2": [struct(TWO), None],
        },
        [("Which is <image>?\nA. <image>\nB. it's red", "B", "choice", [TWO, ONE]), ("What is it?", "42", "math", [TWO])],
    ),
    "mmbench": (
        {"index": [7], "question": ["Which colour?"], "hint": ["Look."], "A": ["red"], "B": ["blue"], "C": [None], "answer": ["A"], "image": [struct(ONE)]},
        [("Look.\nWhich colour?\nA. red\nB. blue", "A", "choice", [ONE])],
    ),
}
problem = {"problem": ["Find x."], "answer": ["1"]}
bad = {
    "bad-places": {"images": [[struct(ONE)], [struct(ONE), struct(TWO)]], "problem": ["<image>a", "<image>b"], "answer": ["1", "2"]},
    "bad-none": {"images": pa.array([[]], pa.list_(pa.struct([("bytes", pa.binary()), ("path", pa.string())]))), "problem": ["<image>a"], "answer": ["1"]},
    "bad-column": {"scan": [struct(ONE)], **problem},
    "bad-path": {"photo": ["images/one.png"], **problem},
    "bad-video": {"images": [[struct(ONE)]], "videos": [["a.mp4"]], **problem},
    "bad-bytes": {"images": [[struct(b"GIF89a" + bytes(20))]], **problem},
    "bad-number": {"id": ["a"], "question": ["<image 2>?"], "options": ["['a', 'b']"], "answer": ["A"], "image_1": [struct(ONE)]},
    "bad-system": {
        "prompt": [[{"role": "system", "content": "Think."}, {"role": "user", "content": "x?"}]],
        "reward_model": [{"style": "rule", "ground_truth": "1"}],
    },
}


def write(name, columns, **options):
    pq.write_table(pa.table(columns), HERE / f"{name}.parquet", **options)


def plain(value):
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    raise TypeError(type(value))


if __name__ == "__main__":
    HERE.mkdir(exist_ok=True)
    write("gsm8k", gsm8k, compression="snappy")
    write("math500", math500, compression="zstd")
    write("mathvista", mathvista, compression="snappy", row_group_size=2)
    write("ours", ours, compression="gzip", data_page_version="2.0")
    write("unknown", {"text": ["a"], "label": [1]})
    (HERE / "images").mkdir(exist_ok=True)
    (HERE / "images" / "one.png").write_bytes(ONE)
    for name, (columns, _) in images.items():
        write(name, columns)
    for name, columns in bad.items():
        write(name, columns)
    expectations = {
        "pictures": [c["bytes"] for c in mathvista["decoded_image"]],
        "images": {name: rows for name, (_, rows) in images.items()},
    }
    (HERE / "expectations.json").write_text(json.dumps(expectations, default=plain))
