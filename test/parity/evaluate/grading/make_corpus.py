"""Answers as models write them, and whether math-verify (0.9.0) calls them right: the expectations of the grading rules.

    python make_corpus.py        # reads resolved.json, writes corpus.json

Every group holds spellings of one value, and values near it. Each pair of spellings becomes a row, set in turn in every way
in which models set an answer. Where a reader would judge otherwise than math-verify, `resolved.json` says so and why.
"""
import itertools
import json
import logging
import warnings
from pathlib import Path

from math_verify import ExprExtractionConfig, LatexExtractionConfig, parse, verify

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
HERE = Path(__file__).parent

# Same value, then others.
MATH = [
    (["\\frac{5}{2}", "2.5", "\\dfrac{5}{2}", "\\frac52", "2\\frac{1}{2}", "5/2"], ["\\frac{2}{5}", "25", "-2.5"]),
    (["-\\frac{1}{2}", "\\frac{-1}{2}", "-0.5", "-1/2"], ["\\frac{1}{2}", "0.5", "-2"]),
    (["1000", "1,000", "1{,}000", "10^{3}", "1000.0"], ["1", "100", "10000", "1001"]),
    (["2\\sqrt{3}", "\\sqrt{12}", "2\\sqrt3", "\\frac{6}{\\sqrt{3}}"], ["3", "2\\sqrt{2}", "2", "12"]),
    (["\\frac{\\pi}{2}", "\\pi/2", "0.5\\pi", "\\frac{1}{2}\\pi"], ["\\pi", "2\\pi", "2"]),
    (["(1,2)", "(1, 2)", "\\left(1,2\\right)", "(1.0, \\frac{4}{2})"], ["(2,1)", "(1,2,3)"]),
    (["\\{1,2,3\\}", "\\{3,2,1\\}", "1,2,3", "1, 3, 2"], ["\\{1,2\\}", "1,2,4"]),
    (["[0,5)", "[0, 5)", "\\left[0,5\\right)"], ["(0,5)", "[0,5]", "[5,0)"]),
    (["(-\\infty,2)\\cup(3,\\infty)", "(3,\\infty)\\cup(-\\infty,2)"], ["(-\\infty,2)", "(2,3)"]),
    (["x^2+2x+1", "(x+1)^2", "1+2x+x^2"], ["x^2+2x", "x^2-2x+1", "x^2+1"]),
    (["y=2x+3", "2x+3"], ["2x-3", "y=3x+2"]),
    (["5", "x=5", "5.0", "5\\text{ cm}", "5\\,\\mathrm{cm}"], ["6", "x=6", "-5", "55", "0.5"]),
    (["50\\%", "50", "50\\text{ percent}"], ["5", "500", "\\frac{1}{5}"]),
    (["90", "90^\\circ", "90^{\\circ}"], ["9", "180", "\\frac{\\pi}{3}"]),
    (["\\$18.90", "18.90", "18.9"], ["1890", "18", "19"]),
    (["3 \\pm \\sqrt{2}", "3+\\sqrt{2}, 3-\\sqrt{2}"], ["3+\\sqrt{2}", "3"]),
    (["\\begin{pmatrix}1&2\\\\3&4\\end{pmatrix}", "\\begin{bmatrix}1 & 2\\\\ 3 & 4\\end{bmatrix}"], ["\\begin{pmatrix}1&2\\\\4&3\\end{pmatrix}"]),
    (["3+4i", "4i+3"], ["3-4i", "4+3i", "7"]),
    (["\\frac{x+2}{7}", "\\frac{x}{7}+\\frac{2}{7}"], ["\\frac{x+2}{5}", "x+2"]),
    (["2^{10}", "1024"], ["20", "2", "10"]),
    (["\\sin^2 x", "1-\\cos^2 x"], ["\\cos^2 x", "\\sin x"]),
    (["\\ln 8", "3\\ln 2"], ["\\ln 2", "8"]),
    (["1.5\\times10^{3}", "1500", "1.5 \\cdot 10^3"], ["1.5", "15", "150"]),
    (["\\text{Monday}", "Monday"], ["Tuesday"]),
    (["\\frac{1}{3}", "0.333333"], ["0.33", "3", "0.34"]),
    (["-34x-45y+20z-100=0", "34x+45y-20z+100=0"], ["34x+45y-20z=0"]),
    (["x \\geq 3", "x \\ge 3"], ["x > 3", "x \\le 3", "x \\geq 4"]),
    (["\\sqrt[3]{27}", "3"], ["9", "27"]),
    (["|x|", "\\left|x\\right|"], ["x", "-x"]),
    (["5!", "120"], ["5", "25"]),
    (["a^2-b^2", "(a-b)(a+b)"], ["a^2+b^2", "(a-b)^2"]),
    (["\\frac{\\sqrt{2}}{2}", "\\frac{1}{\\sqrt{2}}"], ["\\sqrt{2}", "\\frac{1}{2}"]),
    (["e^2", "e^{2}"], ["e", "2e", "2"]),
    (["0", "0.0"], ["1", "-1"]),
]
WAYS = [
    "\\boxed{%s}",
    "The answer is $%s$.",
    "So we find $\\boxed{%s}$.",
    "**Final Answer:** $%s$",
    "We compute $7 - 1$. Therefore, the final answer is: $%s$",
    "<think>It may be $77$.</think>\n\nThe answer is $\\boxed{%s}$",
    "\\[ \\boxed{%s} \\]",
    "First $\\boxed{77}$, but after checking all of the steps once more with care it turns out to be $\\boxed{%s}$.",
]
# Numbers in prose; the truth is a plain number.
NUMBERS = [
    ("The answer is 42.", ["42"], ["4", "2", "-42"]),
    ("**Final Answer:** 42", ["42"], ["43"]),
    ("#### 1,234", ["1234"], ["234", "1"]),
    ("The final answer is 3/4.", ["0.75", "3/4"], ["3", "4"]),
    ("The answer is -7.", ["-7"], ["7"]),
    ("The answer is $\\frac{3}{4}$.", ["0.75"], ["3", "4"]),
    ("The answer is \\(12\\).", ["12"], ["1", "2"]),
    ("The answer is $12.50.", ["12.5"], ["12", "50"]),
    ("The answer is 12,000 dollars.", ["12000"], ["12"]),
    ("The answer is 25%.", ["25", "0.25"], ["2.5"]),
    ("So 5 + 6 = 11, and the answer is 11.", ["11"], ["5", "6"]),
    ("Answer: 3.14", ["3.14"], ["3", "14"]),
    ("\\boxed{3.0}", ["3"], ["30"]),
    ("\\boxed{2^5}", ["32"], ["2", "5"]),
    ("\\boxed{2\\sqrt{3}}", [], ["2", "3"]),
    ("\\boxed{x^2}", [], ["2"]),
    ("\\boxed{3\\pi}", [], ["3"]),
    ("\\boxed{12 - 5}", ["7"], ["12", "5"]),
    ("\\boxed{-\\frac{3}{4}}", ["-0.75"], ["0.75", "3", "4"]),
    ("\\boxed{1.5 \\times 10^3}", ["1500"], ["1.5", "10", "3"]),
    ("\\boxed{n = 17}", ["17"], ["7"]),
    ("\\boxed{17\\text{ apples}}", ["17"], ["7"]),
    ("\\boxed{\\$17}", ["17"], ["7"]),
]
CONFIG = [LatexExtractionConfig(), ExprExtractionConfig()]


def right(answer, truth):
    said = answer.split("</think>")[-1]
    return bool(verify(parse(f"${truth}$", CONFIG), parse(said, CONFIG)))


def rows():
    ways = itertools.cycle(WAYS)
    for same, others in MATH:
        for truth in same:
            for given in same + others:
                if given != truth or truth == same[0]:
                    yield "math", next(ways) % given, truth
    for answer, same, others in NUMBERS:
        for truth in same + others:
            yield "number", answer, truth


if __name__ == "__main__":
    resolved = {(one["answer"], one["truth"]): one for one in json.loads((HERE / "resolved.json").read_text())}
    used, corpus = set(), []
    for kind, answer, truth in rows():
        row = dict(type=kind, answer=answer, truth=truth, right=right(answer, truth))
        other = resolved.get((answer, truth))
        if other is not None:
            assert other["right"] != row["right"], f"no longer needed: {other}"
            used.add((answer, truth))
            row.update(right=other["right"], why=other["why"])
        corpus.append(row)
    assert not set(resolved) - used, f"not asked: {set(resolved) - used}"
    (HERE / "corpus.json").write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in corpus) + "\n]\n")
    print(len(corpus), "rows,", len(used), "resolved otherwise")
