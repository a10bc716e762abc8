"""Question sets with choices beside the question, and truths in tags and boxes.

    python make_choices.py        # writes parquet/*.parquet beside this file
"""
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

FOLDER = Path(__file__).parent / "parquet"
SETS = {
    "choices": dict(question=["Which?"], choices=[["3", "4"]], answer=["B"]),
    "letters": dict(problem=["Which?"], options=[dict(A="3", B="4")], answer=["B"]),
    "marked": dict(problem=["2+2?", "2+3?"], answer=["<answer> 4 </answer>", "\\boxed{5}"]),
    "bad-choice": dict(question=["Which?"], choices=[["3", "4"]], answer=[1]),
}

for name, columns in SETS.items():
    pq.write_table(pa.table(columns), FOLDER / f"{name}.parquet")
