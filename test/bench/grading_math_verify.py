"""Judges the rows of a file with math-verify, again and again: prints {rows, seconds of the last round, verdicts, version}."""
import json
import sys
import time
from importlib.metadata import version
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "parity/evaluate/grading"))
from make_variants import theirs  # noqa: E402

rows = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
for _ in range(int(sys.argv[2])):
    start = time.perf_counter()
    judged = [theirs(row["type"], row["answer"], row["truth"], row.get("choices") or ()) for row in rows]
    seconds = time.perf_counter() - start
verdicts = "".join("1" if right else "0" for right in judged)
print(json.dumps({"rows": len(rows), "seconds": seconds, "verdicts": verdicts, "version": version("math-verify")}))
