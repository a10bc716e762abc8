"""Small Parquet files with the columns and types of published question sets, written by pyarrow, and what they hold.

    python make_sets.py        # writes sets/*.parquet and sets.json

`sets.json` has what a person reads in the rows: id, prompt, answer, type, choices, task, number of images, and of which
question it is a variant. It is written out here by hand, not computed from a mapping.
"""
import io
import json
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
from PIL import Image

HERE = Path(__file__).parent
SETS = HERE / "sets"
IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])


def picture(color):
    out = io.BytesIO()
    Image.new("RGB", (12, 8), color).save(out, "PNG")
    return {"bytes": out.getvalue(), "path": None}


RED, BLUE = picture("red"), picture("blue")


def images(*cells):
    return pa.array(list(cells), IMAGE)


def question(id, prompt, answer, kind, choices=None, task=None, images=1, variant=None, precision=None):
    return [id, prompt, answer, kind, choices, task, images, variant, precision]


SOURCES = {
    # AI4Math/MathVista, testmini
    "mathvista": (
        {
            "pid": ["1", "2", "3"],
            "question": ["Which is larger?", "How long?", "How many?"],
            "image": ["images/1.jpg", "images/2.jpg", "images/3.jpg"],
            "decoded_image": images(RED, BLUE, RED),
            "choices": [["left", "right"], None, None],
            "unit": [None, "m", None],
            "precision": pa.array([None, 1.0, 1.0], pa.float64()),
            "answer": ["left", "1.2", "4"],
            "question_type": ["multi_choice", "free_form", "free_form"],
            "answer_type": ["text", "float", "integer"],
            "metadata": [
                {"category": "general-vqa", "context": "natural image", "grade": "daily life", "img_height": 8, "img_width": 12, "language": "english", "skills": ["numeric commonsense"], "source": "A", "split": "testmini", "task": "figure question answering"},
                {"category": "math-targeted-vqa", "context": "geometry diagram", "grade": "high school", "img_height": 8, "img_width": 12, "language": "english", "skills": ["geometry reasoning", "algebraic reasoning"], "source": "B", "split": "testmini", "task": "geometry problem solving"},
                {"category": "math-targeted-vqa", "context": "table", "grade": "elementary school", "img_height": 8, "img_width": 12, "language": "english", "skills": ["arithmetic reasoning"], "source": "C", "split": "testmini", "task": "math word problem"},
            ],
            "query": ["Hint: letter.\nQuestion: Which is larger?\nChoices:\n(A) left\n(B) right", "Hint: one decimal.\nQuestion: How long?", "Hint: whole.\nQuestion: How many?"],
        },
        [
            question("1", "Hint: letter.\nQuestion: Which is larger?\nChoices:\n(A) left\n(B) right", "left", "choice", ["left", "right"]),
            question("2", "Hint: one decimal.\nQuestion: How long?", "1.2", "number", precision=1),
            question("3", "Hint: whole.\nQuestion: How many?", "4", "number", precision=1),
        ],
    ),
    # CaraJ/MathVerse-lmmseval, testmini
    "mathverse": (
        {
            "sample_index": ["1", "2", "3", "4", "5", "6"],
            "problem_index": ["1"] * 5 + ["2"],
            "problem_version": ["Text Dominant", "Text Lite", "Vision Intensive", "Vision Dominant", "Vision Only", "Text Dominant"],
            "question": ["Full text. Find x.\nChoices:\nA:1\nB:2", "Lite. Find x.\nChoices:\nA:1\nB:2", "Find x.\nChoices:\nA:1\nB:2", "Find x.\nChoices:\nA:1\nB:2", "", "What is y?"],
            "image": images(*[RED] * 5, BLUE),
            "answer": ["B"] * 5 + ["\\sqrt{2}"],
            "question_type": ["multi-choice"] * 5 + ["free-form"],
            "metadata": [{"split": "testmini", "source": "Geometry3K", "subject": "Plane Geometry", "subfield": "Length"}] * 6,
            "query_wo": [f"Please directly answer. v{n}" for n in range(1, 7)],
            "query_cot": [f"Please first reason. v{n}" for n in range(1, 7)],
            "question_for_eval": ["Full text. Find x."] * 5 + ["What is y?"],
        },
        [
            question(str(n), f"Please directly answer. v{n}", "B", "choice", task=version, variant="MathVerse/1")
            for n, version in enumerate(["Text Dominant", "Text Lite", "Vision Intensive", "Vision Dominant", "Vision Only"], 1)
        ]
        + [question("6", "Please directly answer. v6", "\\sqrt{2}", "math", task="Text Dominant", variant="MathVerse/2")],
    ),
    # MathLLMs/MathVision
    "mathvision": (
        {
            "id": ["1", "2"],
            "question": ["Which shape fits <image1>?\n", "How many stars?"],
            "options": [["A", "B", "C"], []],
            "image": ["images/1.jpg", "images/2.jpg"],
            "decoded_image": images(RED, BLUE),
            "answer": ["B", "12"],
            "solution": [None, "…"],
            "level": pa.array([2, 5], pa.int64()),
            "subject": ["combinatorial geometry", "counting"],
        },
        [
            question("1", "Which shape fits <image>?\n\nA. A\nB. B\nC. C", "B", "choice", ["A", "B", "C"], "combinatorial geometry"),
            question("2", "How many stars?", "12", "math", task="counting"),
        ],
    ),
    # MMMU/MMMU, validation of one subject
    "mmmu": (
        {
            "id": ["validation_Art_1", "validation_Art_2"],
            "question": ["Compare <image 1> with <image 2>.", "What is in <image 1>?"],
            "options": ["['same', 'different']", "['<image 2>', '<image 3>']"],
            "explanation": ["", ""],
            **{f"image_{n}": images(*cells) for n, cells in enumerate([(RED, RED), (BLUE, RED), (None, BLUE), (None, None), (None, None), (None, None), (None, None)], 1)},
            "img_type": ["['Paintings']", "['Paintings']"],
            "answer": ["B", "A"],
            "topic_difficulty": ["Easy", "Medium"],
            "question_type": ["multiple-choice", "multiple-choice"],
            "subfield": ["Drawing", "Sculpture"],
        },
        [
            question("validation_Art_1", "Compare <image> with <image>.\nA. same\nB. different", "B", "choice", ["same", "different"], "Drawing", 2),
            question("validation_Art_2", "What is in <image>?\nA. <image>\nB. <image>", "A", "choice", ["<image 2>", "<image 3>"], "Sculpture", 3),
        ],
    ),
    # Lin-Chen/MMStar
    "mmstar": (
        {
            "index": pa.array([0, 1], pa.int64()),
            "question": ["Which option is right?\nOptions: A: red, B: blue, C: green, D: white", "What is shown?\nOptions: A: x, B: y, C: z, D: w"],
            "image": pa.array([RED["bytes"], BLUE["bytes"]], pa.binary()),
            "answer": ["A", "D"],
            "category": ["coarse perception", "logical reasoning"],
            "l2_category": ["image scene and topic", "diagram reasoning"],
            "meta_info": [{"source": "MMBench", "split": "val", "image_path": "images/0.jpg"}, {"source": "AI2D", "split": "test", "image_path": "images/1.jpg"}],
        },
        [
            question("0", "Which option is right?\nOptions: A: red, B: blue, C: green, D: white", "A", "choice", task="coarse perception"),
            question("1", "What is shown?\nOptions: A: x, B: y, C: z, D: w", "D", "choice", task="logical reasoning"),
        ],
    ),
    # hiyouga/geometry3k
    "geometry3k": (
        {"images": pa.array([[RED], [BLUE]], pa.list_(IMAGE)), "problem": ["<image>Find x.", "<image>Find m∠1."], "answer": ["48", "\\frac{1}{2}"]},
        [question("0", "<image>Find x.", "48", "math"), question("1", "<image>Find m∠1.", "\\frac{1}{2}", "math")],
    ),
    # HuggingFaceH4/MATH-500
    "math500": (
        {
            "problem": ["Evaluate $2^3$.", "Convert $(0,3)$.", "Add."],
            "solution": ["…"] * 3,
            "answer": ["8", "\\left( 3, \\frac{\\pi}{2} \\right)", "2"],
            "subject": ["Algebra", "Precalculus", "Algebra"],
            "level": pa.array([1, 4, 5], pa.int64()),
            "unique_id": ["test/algebra/1.json", "test/precalculus/807.json", "test/algebra/2.json"],
        },
        [
            question("test/algebra/1.json", "Evaluate $2^3$.", "8", "math", task="Algebra", images=0),
            question("test/precalculus/807.json", "Convert $(0,3)$.", "\\left( 3, \\frac{\\pi}{2} \\right)", "math", task="Precalculus", images=0),
            question("test/algebra/2.json", "Add.", "2", "math", task="Algebra", images=0),
        ],
    ),
    # openai/gsm8k
    "gsm8k": (
        {"question": ["Tom has 3 pens and buys 4."], "answer": ["3 + 4 = <<3+4=7>>7\n#### 7"]},
        [question("0", "Tom has 3 pens and buys 4.", "7", "number", images=0)],
    ),
    # lmms-lab/HallusionBench
    "hallusionbench": (
        {
            "category": ["VS", "VS"],
            "subcategory": ["chart", "chart"],
            "visual_input": ["0", "1"],
            "set_id": ["0", "0"],
            "figure_id": ["0", "1"],
            "sample_note": ["states", "states"],
            "question_id": ["0", "0"],
            "question": ["Is A above B?", "According to the image, is A above B?"],
            "gt_answer_details": ["…", "…"],
            "gt_answer": ["1", "0"],
            "filename": [None, "./VS/chart/0_1.png"],
            "image": images(None, RED),
        },
        [
            question("VS/chart/0/0/0", "Is A above B?", "Yes", "choice", ["Yes", "No"], "chart", 0, "HallusionBench/VS/chart/0/0"),
            question("VS/chart/0/1/0", "According to the image, is A above B?", "No", "choice", ["Yes", "No"], "chart", 1, "HallusionBench/VS/chart/0/0"),
        ],
    ),
    # DynaMath/DynaMath_Sample: a file per variant
    **{
        f"dynamath/sample{variant}": (
            {
                "id": ["1", "2"],
                "question": [f"What is {variant} + 1?", f"Which graph? choice: (A) up (B) down. v{variant}"],
                "image": [f"images/{variant}.png", f"images/{variant}b.png"],
                "decoded_image": images(RED, BLUE),
                "ground_truth": [str(variant + 1), "B"],
                "answer_type": ["float", "multiple choice"],
                "subject": ["arithmetic", "graph theory"],
                "knowledge_level": ["elementary school", "high school"],
            },
            [
                question("1", f"What is {variant} + 1?", str(variant + 1), "number", task="arithmetic", variant="DynaMath/1"),
                question("2", f"Which graph? choice: (A) up (B) down. v{variant}", "B", "choice", task="graph theory", variant="DynaMath/2"),
            ],
        )
        for variant in (1, 2, 3)
    },
    # A set that is not known, which mapped.yaml maps.
    "mapped": (
        {
            "nr": pa.array([7, 8], pa.int64()),
            "ask": ["How many?", "Which one?"],
            "first": [None, "red"],
            "second": [None, "blue"],
            "truth": [{"value": "3"}, {"value": "b"}],
            "scan": images(RED, BLUE),
            "kind": ["open", "closed"],
        },
        [question("7", "How many?", "3", "number", task="open"), question("8", "Which one?\nA. red\nB. blue", "b", "choice", ["red", "blue"], "closed")],
    ),
}

if __name__ == "__main__":
    expected = {}
    for name, (columns, rows) in SOURCES.items():
        file = SETS / f"{name}.parquet"
        file.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(pa.table(columns), file, compression="snappy")
        expected[name] = rows
    (HERE / "sets.json").write_text(json.dumps(expected, ensure_ascii=False, indent=1) + "\n")
