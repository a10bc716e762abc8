"""The report of the sample lineage's frozen runs, with statsmodels: python test/parity/freeze/make_report.py"""
import json
import math
import sys
from pathlib import Path

import numpy as np
from scipy.stats import norm
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

ROOT = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(ROOT / "src/engine/freeze/python"))
import reward  # noqa: E402

CHECKPOINTS = ["in", "rl", "rl-frozen-early", "rl-in-in", "rl-frozen-mid", "in-rl-in", "rl-frozen-late", "in-in-rl"]
RUNS = [("early", 2, 3), ("mid", 4, 5), ("late", 6, 7)]
MARGIN = 0.05


def judged():
    """Per measure: questions by checkpoints."""
    measures = {"vis": [], "v2r": [], "rea": [], "accuracy": []}
    said = {c: json.loads((ROOT / f"samples/results/{c}.json").read_text())["answers"] for c in CHECKPOINTS}
    for name in ("general", "math", "text"):
        for line in (ROOT / f"samples/eval/{name}.jsonl").read_text(encoding="utf-8").splitlines():
            q = json.loads(line)
            truth = json.dumps(q["answer"]) if isinstance(q["answer"], list) else str(q["answer"])
            right = [
                {s: reward.is_right(t, truth, q["answer_type"], q.get("choices")) for s, t in said[c][name][q["id"]].items()}
                for c in CHECKPOINTS
            ]
            if name == "general":
                measures["vis"].append([r["image"] and not r["black"] for r in right])
            if name == "math":
                measures["v2r"].append([r["image"] and r["described"] for r in right])
            if name == "text":
                measures["rea"].append([r["prompt"] for r in right])
            measures["accuracy"].append([r["prompt" if name == "text" else "image"] for r in right])
    return {measure: np.array(rows, dtype=bool) for measure, rows in measures.items()}


def newcombe(before, after, level):
    """Newcombe's method 10 for paired proportions."""
    n = len(before)
    a, b = np.sum(before & after), np.sum(before & ~after)
    c, d = np.sum(~before & after), np.sum(~before & ~after)
    p1, p2 = (a + c) / n, (a + b) / n
    l1, u1 = proportion_confint(a + c, n, 1 - level, method="wilson")
    l2, u2 = proportion_confint(a + b, n, 1 - level, method="wilson")
    rows = (a + b) * (c + d) * (a + c) * (b + d)
    cross = a * d - b * c
    cross = max(0, cross - n / 2) if cross > 0 else cross
    phi = 0 if rows == 0 else cross / math.sqrt(rows)
    reach = lambda x, y: math.sqrt(max(0, x * x - 2 * phi * x * y + y * y))  # noqa: E731
    return p1 - p2 - reach(p1 - l1, u2 - p2), p1 - p2 + reach(u1 - p1, p2 - l2)


def contrast(rows, checkpoint, against):
    before, after = rows[:, against], rows[:, checkpoint]
    won, lost = int(np.sum(~before & after)), int(np.sum(before & ~after))
    test = mcnemar([[0, lost], [won, 0]], exact=won + lost < 25, correction=True)
    low, high = newcombe(before, after, 0.95)
    near = newcombe(before, after, 0.9)
    return {"difference": (won - lost) / len(before), "low": low, "high": high, "near": near, "p": 1.0 if won == lost else test.pvalue}


def family(cells, wanted):
    adjusted = multipletests([cell["p"] for cell in cells], method="holm")[1]
    for cell, p in zip(cells, adjusted):
        cell["adjusted"] = p
        near = cell.pop("near")
        if p < 0.05:
            cell["verdict"] = "yes" if np.sign(cell["difference"]) == wanted else "opposite"
        else:
            cell["verdict"] = "equivalent" if near[0] > -MARGIN and near[1] < MARGIN else "open"
    return cells


if __name__ == "__main__":
    flags = judged()
    order = [(run, measure) for run in RUNS for measure in flags]
    result = {
        "flags": {m: ["".join("1" if x else "0" for x in column) for column in rows.T] for m, rows in flags.items()},
        "gains": family([contrast(flags[m], 1, 0) for m in flags], 1),
        "necessary": family([contrast(flags[m], run[1], 1) for run, m in order], -1),
        "sufficient": family([contrast(flags[m], run[1], 0) for run, m in order], 1),
        "transferable": family([contrast(flags[m], run[2], 0) for run, m in order], 1),
    }
    Path(__file__).with_name("report.json").write_text(json.dumps(result, indent=1) + "\n")
