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
    (HERE / "expectations.json").write_text(json.dumps({"pictures": [c["bytes"] for c in mathvista["decoded_image"]]}, default=plain))
