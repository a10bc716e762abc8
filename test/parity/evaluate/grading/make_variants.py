"""Pairs of answer and truth by seed, each right or not by how it was made, and what math-verify (0.9.0) says of it.

    python make_variants.py        # writes variants.json

A kind makes a value, spellings of it, and spellings of other values near it; a setting is what a model writes around an
answer. math-verify judges as its own evaluation does: from the answer's text, thinking taken off, against `$truth$`.
It knows no choices by their words: of these it is given the letter as the truth.
"""
import json
import logging
import random
import warnings
from fractions import Fraction
from pathlib import Path

from math_verify import ExprExtractionConfig, LatexExtractionConfig, StringExtractionConfig, parse, verify

warnings.filterwarnings("ignore")
logging.disable(logging.CRITICAL)
HERE = Path(__file__).parent
R = random.Random(20261130)

# ------------------------------------------------------------------------------------------------ settings

FORMULA = [
    "\\boxed{%s}",
    "Thus $\\boxed{%s}$.",
    "\\[\\boxed{%s}\\]",
    "<think>Maybe $\\boxed{77}$? No.</think> The result is \\boxed{%s}.",
    "<answer>\\boxed{%s}</answer>",
    "<answer>$%s$</answer>",
    "<answer> %s </answer>",
    "The answer is $%s$.",
    "Answer: $%s$",
    "**Answer:** $%s$",
    "**Answer**: \\(%s\\)",
    "### Final Answer\n\n$$\\boxed{%s}$$",
    "Final Answer: The final answer is $%s$. I hope it is correct.",
    "So the final answer is:\n\\[\n\\boxed{%s}\n\\]",
    "At first I got $\\boxed{77}$, but that is wrong. Correcting the sign gives $\\boxed{%s}$.",
    "$\\boxed{\\boxed{%s}}$",
    "Hence\n$$\n\\boxed{ %s }\n$$\nwhich completes the solution.",
    "\\fbox{%s}",
    "Therefore, the correct answer is \\(\\boxed{%s}\\)",
]
PROSE = [
    "The answer is %s.",
    "Answer: %s",
    "**Answer:** %s",
    "**Final Answer: %s**",
    "#### %s",
    "<answer>%s</answer>",
    "\\boxed{%s}",
    "<think>First 3, then 4.</think>\n%s",
    "Final answer: %s",
    "We add 3 and 4 and double it.\n\nAnswer: %s.",
    "It looks like 77, but it is not 77. The answer is %s.",
    "Adding up gives **%s**.",
]


def math(same, others, truths=None, ways=FORMULA, take=14):
    """Rows of one value: each spelling against a truth, then each other value."""
    truths = truths or same
    rows = [(given, R.choice(truths), True) for given in same] + [(given, R.choice(truths), False) for given in others]
    R.shuffle(rows)
    for given, truth, right in rows[:take]:
        yield "math", R.choice(ways) % given, truth, None, right


def number(same, others, truth, ways=PROSE):
    for given, right in [(one, True) for one in same] + [(one, False) for one in others]:
        yield "number", R.choice(ways) % given, truth, None, right


# ------------------------------------------------------------------------------------------------ kinds

def whole(n):
    return f"{n:,}"


def fractions():
    for _ in range(6):
        b, a = R.choice([2, 4, 5, 8, 20, 25]), R.randint(1, 30)
        f = Fraction(a, b)
        if f.denominator == 1:
            f += Fraction(1, 2)
        a, b = f.numerator, f.denominator
        dec = f"{float(f):g}"
        same = [f"\\frac{{{a}}}{{{b}}}", f"\\dfrac{{{a}}}{{{b}}}", f"\\tfrac{{{a}}}{{{b}}}", f"{a}/{b}", f"\\frac{{{3*a}}}{{{3*b}}}", dec, f"{dec}0", f"{{{a} \\over {b}}}", f"\\left(\\frac{{{a}}}{{{b}}}\\right)", f"\\frac{{{a}}}{{{b}}}.", f"{a} / {b}", f"\\cfrac{{{a}}}{{{b}}}", f"+\\frac{{{a}}}{{{b}}}", f"{a}÷{b}", f"\\displaystyle\\frac{{{a}}}{{{b}}}"]
        if a > b:
            w, r = divmod(a, b)
            same += [f"{w}\\frac{{{r}}}{{{b}}}", f"{w} \\frac{{{r}}}{{{b}}}", f"{w} {r}/{b}", f"{w}\\ \\frac{{{r}}}{{{b}}}", f"{w} + \\frac{{{r}}}{{{b}}}", f"{w}\\tfrac{{{r}}}{{{b}}}"]
        others = [f"\\frac{{{b}}}{{{a}}}", f"-\\frac{{{a}}}{{{b}}}", str(a), str(b), f"\\frac{{{a+1}}}{{{b}}}", f"{float(f)*10:g}", f"{a}{b}", f"\\frac{{{a}}}{{{b}}}, 1"]
        yield from math(same, others, same[:2] + [dec], take=22)
    for a, b in [(1, 3), (2, 3), (1, 7), (5, 6)]:
        long = f"{a/b:.12f}"
        period = {3: f"0.\\overline{{{a/b*10:.0f}}}"[:1] and f"0.\\overline{{{a*3}}}", 7: "0.\\overline{142857}", 6: "0.8\\overline{3}"}[b]
        yield from math([long, period, f"\\frac{{{a}}}{{{b}}}", f"{a}/{b}"], [f"{a/b:.2f}", f"{a/b:.3f}"], [f"\\frac{{{a}}}{{{b}}}"])
    for text, f in [("½", "\\frac12"), ("¾", "0.75"), ("2½", "\\frac52"), ("1¼", "1.25"), ("⅔", "\\frac{2}{3}")]:
        yield "math", R.choice(FORMULA) % text, f, None, True
        yield "math", R.choice(FORMULA) % text, "\\frac{1}{5}", None, False


def percents():
    for _ in range(4):
        p = R.randint(3, 98)
        same = [f"{p}\\%", f"{p}%", f"{p}", f"{p}\\text{{ percent}}", f"{p} \\%", f"{p}\\,\\%", f"{p}.0\\%"]
        yield from math(same, [f"{p+1}\\%", f"{p*10}\\%", f"{p/10:g}", f"-{p}\\%"], [f"{p}\\%"])
        yield from number([f"{p}%", f"{p} %", f"{p} percent", f"{p/100:g}", f"{p}\\%"], [f"{p*10}%", f"{p+2} percent", f"{p/1000:g}"], f"{p}%")


def thousands():
    for n in [1234, 58500, 1234567, 10080, 250000]:
        comma = whole(n)
        brace, thin, slim, quad = (comma.replace(",", s) for s in ("{,}", "\\,", ",\\!", "\\ "))
        same = [str(n), comma, brace, thin, slim, comma.replace(",", " "), f"{n}.0", comma + ".00", f"\\${comma}", comma.replace(",", "\u202f"), comma.replace(",", "\\;"), quad, comma.replace(",", "\u00a0")]
        others = [str(n)[1:], comma.split(",")[0], comma.split(",")[-1], str(n * 10), str(n + 1), comma.replace(",", ".") if n < 1e6 else str(n // 1000), f"-{comma}"]
        yield from math(same, others, [str(n), comma, slim], take=20)
        yield from number([str(n), comma, brace, f"${comma}", f"{comma} dollars", f"{comma}.00", comma.replace(",", "\u202f")], [str(n)[1:], comma.split(",")[0], str(n + 10)], str(n))


def units():
    for unit, written, other in [("cm", "centimeters", "m"), ("kg", "kilograms", "g"), ("m/s", "meters per second", "km/h"), ("hours", "hours", "minutes"), ("cm^2", "square centimeters", "cm^3"), ("miles", "miles", "feet")]:
        n = R.randint(6, 90)
        same = [f"{n}\\text{{ {unit}}}", f"{n}\\,\\mathrm{{{unit}}}", f"{n} {unit}", f"{n}\\text{{ {written}}}", f"{n}", f"{n}~\\text{{{unit}}}", f"{n}\\ \\text{{{unit}}}", f"{n}.0 \\mbox{{ {unit}}}"]
        yield from math(same, [f"{n+1}\\text{{ {unit}}}", f"{n}\\text{{ {other}}}", f"{n*10} {unit}"], [f"{n}\\text{{ {unit}}}"])
        yield from math([f"{n} {unit}", f"{n}\\text{{ {unit}}}"], [f"{n+1} {unit}", f"\\frac{{1}}{{{n}}} {unit}"], [str(n)])
        yield from number([f"{n} {unit}", f"{n}.0 {written}", f"{n}"], [f"{n+1} {unit}", f"{n}0 {unit}"], str(n))
    for n in [30, 45, 120]:
        same = [f"{n}^\\circ", f"{n}^{{\\circ}}", f"{n}°", f"{n}", f"{n}\\degree", f"{n}\\text{{ degrees}}", f"{n} degrees", f"m\\angle ABC = {n}^\\circ", f"\\angle A = {n}^\\circ", f"\\theta = {n}^\\circ"]
        yield from math(same, [f"{n+5}^\\circ", f"{n}0^\\circ", f"{180-n}^\\circ", f"{n}\\pi"], [f"{n}^\\circ", str(n)])
    for sign in ["\\$", "€", "£", "¥"]:
        n = R.randint(11, 99)
        yield from math([f"{sign}{n}.50", f"{n}.50", f"{n}.5", f"\\text{{{sign}}}{n}.50"], [f"{sign}{n}", f"{sign}{n}50", f"{sign}0.{n}"], [f"{sign}{n}.50"])
        yield from number([f"{sign}{n}.50", f"{n}.5 dollars"], [f"{sign}{n}", "50"], f"{n}.5")


def scientific():
    for m, e in [("3", 5), ("1.5", 3), ("6.02", 23), ("2.5", -3), ("4", -2)]:
        value = Fraction(m) * Fraction(10) ** e
        plain = str(value) if value.denominator == 1 else f"{float(value):g}"
        same = [f"{m}\\times 10^{{{e}}}", f"{m} \\cdot 10^{{{e}}}", f"{m}×10^{{{e}}}", f"{m}e{e}", f"{m}E{e}", f"{m} \\times 10^{e}", plain, f"{m}\\times{{10}}^{{{e}}}", f"{m} x 10^{e}", f"{m} * 10^{e}", f"{m}·10^{{{e}}}"]
        others = [f"{m}\\times 10^{{{e+1}}}", f"{m}\\times 10^{{{-e}}}", m, f"{m}\\times {e}", f"10^{{{e}}}" if m != "1" else "7"]
        yield from math(same, others, [f"{m}\\times 10^{{{e}}}", f"{m} \\times 10^{e}"])
        yield from number([f"{m}e{e}", f"{m} × 10^{e}", f"$ {m}\\times 10^{{{e}}}$".replace("$ ", "$")], [m, f"{m}e{e+1}", str(e)], plain)


def brackets():
    for _ in range(4):
        a, b = R.randint(-9, 3), R.randint(4, 15)
        for low, high in ["[]", "[)", "(]"]:
            same = [f"{low}{a},{b}{high}", f"{low}{a}, {b}{high}", f"\\left{low}{a},{b}\\right{high}", f"{low} {a} , {b} {high}", f"x \\in {low}{a},{b}{high}"]
            lt = "\\le" if low == "[" else "<"
            gt = "\\le" if high == "]" else "<"
            same += [f"{a} {lt} x {gt} {b}"]
            others = [f"{l}{a},{b}{h}" for l in "([" for h in ")]" if (l, h) != (low, high)] + [f"{low}{b},{a}{high}", f"{low}{a},{b+1}{high}", f"{a},{b}"]
            yield from math(same, others, same[:2], take=8)
    for a in [2, -3, 5]:
        yield from math([f"[{a},\\infty)", f"x\\ge {a}", f"x \\geq {a}", f"{a} \\leq x", f"x≥{a}", f"[{a}, ∞)", f"[{a},+\\infty)", f"x \\geqslant {a}", f"x >= {a}"], [f"({a},\\infty)", f"x>{a}", f"x\\le {a}", f"(-\\infty,{a}]", str(a)], [f"[{a},\\infty)"])
        yield from math([f"(-\\infty,{a})\\cup({a+4},\\infty)", f"({a+4},\\infty) \\cup (-\\infty,{a})", f"x<{a} \\text{{ or }} x>{a+4}", f"(-∞,{a})∪({a+4},∞)"], [f"(-\\infty,{a}]\\cup[{a+4},\\infty)", f"({a},{a+4})", f"(-\\infty,{a})", f"(-\\infty,{a})\\cap({a+4},\\infty)"], [f"(-\\infty,{a})\\cup({a+4},\\infty)"])


def lists():
    for _ in range(4):
        a, b, c = R.sample(range(2, 40), 3)
        same = [f"\\{{{a},{b},{c}\\}}", f"\\{{{c}, {a}, {b}\\}}", f"{a}, {b}, {c}", f"{c},{b},{a}", f"\\left\\{{{a},{b},{c}\\right\\}}", f"{a}, {b}, \\text{{ and }} {c}", f"{a}, {b} and {c}", f"\\lbrace {a},{b},{c} \\rbrace", f"x={a}, x={b}, x={c}", f"\\{{{a};{b};{c}\\}}"]
        others = [f"\\{{{a},{b}\\}}", f"{a}, {b}", f"{a}, {b}, {c+1}", f"{a}", f"\\{{{a},{b},{c},{c+1}\\}}"]
        yield from math(same, others, [same[0], same[2]])
        pair = [f"({a},{b})", f"({a}, {b})", f"\\left({a},{b}\\right)", f"(x,y)=({a},{b})", f"({a}.0, {b})", f"\\langle {a},{b}\\rangle"[:0] or f"({a},\\,{b})", f"( {a} , {b} )"]
        yield from math(pair, [f"({b},{a})", f"({a},{b},{c})", f"({a},{b+1})", f"{a}", f"(-{a},{b})", f"\\{{{a}\\}}"], [f"({a},{b})"])
        two = [f"x = {a} \\text{{ or }} x = {b}", f"x={b}, x={a}", f"{a},{b}", f"{b} \\text{{ and }} {a}", f"x_1={a}, x_2={b}", f"x \\in \\{{{a},{b}\\}}", f"x = {a}, {b}", f"{a} \\text{{ or }} {b}"]
        yield from math(two, [f"{a}", f"{a},{b+1}", f"x={a}", f"{a},{b},{c}"], [f"{a},{b}", f"{a}, {b}"])
        yield from ("math text right".split() and [("math", f"The solutions are $\\boxed{{{a}}}$ and $\\boxed{{{b}}}$.", f"{b},{a}", None, True), ("math", f"The solutions are $\\boxed{{{a}}}$ and $\\boxed{{{c}}}$.", f"{a},{b}", None, False), ("math", f"Answer: ${a}$ and ${b}$", f"{a},{b}", None, True), ("math", f"The roots are $x = {a}$ and $x = {b}$.", f"{a},{b}", None, True)])


def matrices():
    for _ in range(3):
        a, b, c, d = R.sample(range(1, 20), 4)
        body = f"{a} & {b} \\\\ {c} & {d}"
        same = [f"\\begin{{pmatrix}} {body} \\end{{pmatrix}}", f"\\begin{{bmatrix}}{a}&{b}\\\\{c}&{d}\\end{{bmatrix}}", f"\\left[\\begin{{array}}{{cc}}{body}\\end{{array}}\\right]", f"\\left(\\begin{{array}}{{rr}} {a} & {b} \\\\ {c} & {d} \\end{{array}}\\right)", f"A = \\begin{{pmatrix}} {body} \\end{{pmatrix}}", f"\\begin{{pmatrix}} {a} & {b} \\\\[4pt] {c} & {d} \\\\ \\end{{pmatrix}}", f"\\begin{{bmatrix}} {a}.0 & \\frac{{{2*b}}}{{2}} \\\\ {c} & {d} \\end{{bmatrix}}", f"\\begin{{pmatrix}}{a}&{b}\\cr {c}&{d}\\end{{pmatrix}}"]
        others = [f"\\begin{{pmatrix}} {a} & {b} \\\\ {d} & {c} \\end{{pmatrix}}", f"\\begin{{pmatrix}} {a} & {c} \\\\ {b} & {d} \\end{{pmatrix}}", f"\\begin{{pmatrix}} {a} & {b} \\end{{pmatrix}}", f"\\begin{{pmatrix}} {a} \\\\ {b} \\\\ {c} \\\\ {d} \\end{{pmatrix}}"]
        yield from math(same, others, [same[0]])
        vector = [f"\\begin{{pmatrix}} {a} \\\\ {b} \\\\ {c} \\end{{pmatrix}}", f"\\begin{{bmatrix}}{a}\\\\{b}\\\\{c}\\end{{bmatrix}}", f"\\left(\\begin{{array}}{{c}} {a} \\\\ {b} \\\\ {c} \\end{{array}}\\right)"]
        yield from math(vector, [f"\\begin{{pmatrix}} {a} \\\\ {c} \\\\ {b} \\end{{pmatrix}}", f"\\begin{{pmatrix}} {a} \\\\ {b} \\end{{pmatrix}}"], vector[:1])


def equations():
    for _ in range(4):
        a, b = R.randint(2, 9), R.randint(2, 30)
        yield from math([f"x={b}", f"x = {b}", f"{b}", f"x=\\boxed{{{b}}}", f"x:{b}"[:0] or f"f(3) = {b}", f"n = {b}", f"{b}=x", f"\\text{{Area}} = {b}", f"x \\approx {b}"[:0] or f"k = {b}.0", f"{b-1}+1 = {b}", f"S_{{10}} = {b}"], [f"x={b+1}", f"x=-{b}", f"x={b}y", f"{b}x"], [f"{b}"])
        yield from math([f"x={b}", f"{b}", f"{b-1}+1 = {b}", f"x = {b}.0"], [f"x={b+1}", f"x=-{b}", f"{b}x", f"{b-1}+1"[:0] or f"{b}+1 = {b+1}"], [f"x={b}"])
        line = [f"y = {a}x + {b}", f"y={b}+{a}x", f"{a}x - y + {b} = 0", f"y - {b} = {a}x", f"f(x) = {a}x + {b}"]
        yield from math(line[:4], [f"y={a}x-{b}", f"y={b}x+{a}" if a != b else f"y={a}", f"y=-{a}x+{b}"], line[:1])
        yield from math([f"{a}x+{b}", f"f(x)={a}x+{b}", f"y={a}x+{b}", f"{b} + {a} x"], [f"{a}x-{b}", f"{a}+{b}x" if a != b else f"{a}x", f"{a*b}x", f"{a}x"], [f"{a}x+{b}"])
        yield from math([f"x^2+y^2={b}", f"{b}=x^2+y^2", f"2x^2+2y^2={2*b}"], [f"x^2-y^2={b}", f"x^2+y^2={b+1}"], [f"x^2+y^2={b}"])


def algebra():
    for _ in range(5):
        p, q = R.randint(1, 9), R.randint(1, 9)
        s, t = p + q, p * q
        poly = [f"x^2+{s}x+{t}", f"(x+{p})(x+{q})", f"(x+{q})(x+{p})", f"{t}+{s}x+x^2", f"x^{{2}} + {s} x + {t}", f"\\left(x+{p}\\right)\\left(x+{q}\\right)", f"x(x+{s})+{t}", f"x²+{s}x+{t}", f"x^2 + {s}\\cdot x + {t}"]
        yield from math(poly, [f"x^2+{s}x-{t}", f"(x-{p})(x-{q})", f"x^2+{t}x+{s+1}", f"(x+{p})(x+{q+1})", f"x^2+{s}x"], poly[:2])
        yield from math([f"\\frac{{x+{p}}}{{{q+1}}}", f"\\frac{{x}}{{{q+1}}}+\\frac{{{p}}}{{{q+1}}}", f"\\frac{{1}}{{{q+1}}}(x+{p})", f"(x+{p})/{q+1}"], [f"\\frac{{x-{p}}}{{{q+1}}}", f"x+\\frac{{{p}}}{{{q+1}}}", f"\\frac{{x+{p}}}{{{q+2}}}"], [f"\\frac{{x+{p}}}{{{q+1}}}"])
        yield from math([f"{p+1}(a+b)", f"{p+1}a+{p+1}b", f"{p+1}b + {p+1}a", f"{p+1} \\cdot (a + b)"], [f"{p+1}a+b", f"{p+1}ab", f"{p+1}(a-b)"], [f"{p+1}(a+b)"])
    yield from math(["\\frac{1}{x+1}", "(x+1)^{-1}", "1/(x+1)"], ["x+1", "\\frac{1}{x}+1", "\\frac{1}{x-1}"], ["\\frac{1}{x+1}"])
    yield from math(["\\frac{n(n+1)}{2}", "\\frac{n^2+n}{2}", "\\frac{1}{2}n(n+1)", "\\binom{n+1}{2}"[:0] or "n(n+1)/2"], ["\\frac{n(n-1)}{2}", "n(n+1)", "\\frac{n^2+1}{2}"], ["\\frac{n(n+1)}{2}"])
    yield from math(["2^{n+1}", "2\\cdot 2^n", "2^{1+n}"], ["2^n+1", "2^n", "4^n"], ["2^{n+1}"])
    yield from math(["a^2b", "a^2 b", "ba^2", "a \\cdot a \\cdot b"], ["ab^2", "(ab)^2", "a^2+b"], ["a^2b"])


def radicals():
    for k, m in [(2, 3), (3, 2), (5, 6), (4, 5), (7, 2)]:
        n = k * k * m
        same = [f"{k}\\sqrt{{{m}}}", f"\\sqrt{{{n}}}", f"{k}\\sqrt {m}", f"{k}√{m}", f"{k} \\cdot \\sqrt{{{m}}}", f"\\sqrt{{{m}}} \\cdot {k}", f"{k}\\cdot {m}^{{1/2}}", f"{k}\\sqrt{m}" if m < 10 else f"{k}\\sqrt{{{m}}}", f"\\frac{{{k*m}}}{{\\sqrt{{{m}}}}}", f"{k}*sqrt({m})", f"{k}√({m})", f"{k}\\,\\sqrt{{{m}}}"]
        yield from math(same, [f"{k}\\sqrt{{{m+1}}}", f"\\sqrt{{{k*m}}}", f"{k}{m}", f"{k}+\\sqrt{{{m}}}", f"-{k}\\sqrt{{{m}}}", f"\\sqrt[3]{{{n}}}", str(n), f"{k}"], [same[0], same[1]], take=18)
    yield from math(["\\sqrt[3]{16}", "2\\sqrt[3]{2}", "16^{1/3}", "2 \\cdot 2^{1/3}", "2^{\\frac{4}{3}}"], ["2\\sqrt{2}", "\\sqrt{16}", "16/3"], ["2\\sqrt[3]{2}"])
    yield from math(["\\frac{1}{\\sqrt{2}}", "\\frac{\\sqrt{2}}{2}", "\\sqrt{\\frac12}", "\\frac{\\sqrt2}2", "1/\\sqrt{2}", "2^{-1/2}"], ["\\sqrt{2}", "\\frac{1}{2}", "0.7", "0.71"], ["\\frac{\\sqrt{2}}{2}"])
    for a, b in [(3, 2), (1, 19), (-2, 5)]:
        same = [f"{a}\\pm\\sqrt{{{b}}}", f"{a}+\\sqrt{{{b}}}, {a}-\\sqrt{{{b}}}", f"x = {a} \\pm \\sqrt{{{b}}}", f"\\{{{a}-\\sqrt{{{b}}},{a}+\\sqrt{{{b}}}\\}}", f"{a} ± √{b}", f"{a}+\\sqrt{b} \\text{{ or }} {a}-\\sqrt{b}" if b < 10 else f"{a}+\\sqrt{{{b}}} \\text{{ and }} {a}-\\sqrt{{{b}}}"]
        yield from math(same, [f"{a}+\\sqrt{{{b}}}", f"{a}\\pm\\sqrt{{{b+1}}}", f"{-a}\\pm\\sqrt{{{b}}}", f"{a}"], same[:2])
    yield from math(["\\pm 3", "3, -3", "-3, 3", "x=\\pm3", "±3", "\\{-3,3\\}", "3 \\text{ or } -3"], ["3", "-3", "\\pm 4", "9"], ["\\pm 3"])


def transcendental():
    yield from math(["\\frac{\\pi}{6}", "\\pi/6", "\\frac{1}{6}\\pi", "π/6", "\\dfrac{\\pi}{6}", "\\frac{π}{6}"], ["\\frac{\\pi}{3}", "6\\pi", "30", "0.52", "\\frac{1}{6}"], ["\\frac{\\pi}{6}"])
    for k in [4, 9, 12]:
        yield from math([f"{k}\\pi", f"{k}π", f"{k} \\pi", f"\\pi \\cdot {k}", f"{k}*pi"[:0] or f"{k}\\cdot\\pi", f"{k}\\pi\\text{{ cm}}^2", f"{k}\\pi \\text{{ square units}}"], [f"{k}", f"{k+1}\\pi", f"{k}\\pi^2", f"{k*3.14:g}", f"\\frac{{\\pi}}{{{k}}}"], [f"{k}\\pi"])
    yield from math(["\\pi", "π"], ["3.14", "3.1416", "\\frac{22}{7}", "3"], ["\\pi"])
    yield from math(["\\ln 12", "\\ln(12)", "\\ln{12}", "2\\ln 2+\\ln 3", "\\ln 3 + \\ln 4", "\\log_e 12", "\\ln\\left(12\\right)"], ["\\ln 7", "12", "\\log_{10} 12", "\\ln 3 \\cdot \\ln 4"], ["\\ln 12"])
    yield from math(["\\log_2 10", "\\log_{2}{10}", "1+\\log_2 5", "\\frac{\\ln 10}{\\ln 2}", "\\log_2(10)"], ["\\log_{10} 2", "5", "\\log_2 5"], ["\\log_2 10"])
    yield from math(["\\log_{10} 5", "\\log_{10}(5)", "\\log 5"], ["\\ln 5", "\\log_5 10"], ["\\log_{10} 5"])
    yield from math(["\\frac{\\sqrt{3}}{2}", "\\sin 60^\\circ"[:0] or "\\sin\\frac{\\pi}{3}", "\\cos\\frac{\\pi}{6}", "\\sin(\\pi/3)"], ["\\frac{1}{2}", "\\tan\\frac{\\pi}{3}", "\\sin\\frac{\\pi}{6}"], ["\\frac{\\sqrt{3}}{2}"])
    yield from math(["\\sin^2 x", "1-\\cos^2 x", "(\\sin x)^2", "\\sin^2(x)"], ["\\cos^2 x", "\\sin x^2", "2\\sin x"], ["\\sin^2 x"])
    yield from math(["\\tan x", "\\frac{\\sin x}{\\cos x}", "\\tan(x)"], ["\\cot x", "\\sin x", "\\tan 2x"], ["\\tan x"])
    yield from math(["e^{2}", "e^2", "e \\cdot e", "\\exp(2)"], ["2e", "e", "7.39", "2"], ["e^2"])
    yield from math(["3+4i", "4i+3", "3 + 4 i", "3+4\\mathrm{i}"], ["3-4i", "4+3i", "7i", "5"], ["3+4i"])
    yield from math(["2^{10}", "1024", "1{,}024", "4^5", "32^2"], ["20", "2^9", "10^2", "210"], ["1024", "2^{10}"])
    yield from math(["\\binom{6}{2}", "15", "\\dbinom{6}{2}", "{6 \\choose 2}", "\\frac{6!}{2!4!}"], ["12", "\\binom{6}{3}", "62", "30"], ["15"])
    yield from math(["\\arctan 2", "\\tan^{-1} 2", "\\arctan(2)", "\\tan^{-1}(2)"], ["\\frac{1}{\\tan 2}", "\\tan 2", "\\arcsin 2"], ["\\arctan 2"])
    yield from math(["\\infty", "∞", "+\\infty", "\\text{infinity}"], ["-\\infty", "0"], ["\\infty"])
    yield from math(["|x-2|", "\\left|x-2\\right|", "\\lvert x-2 \\rvert", "|2-x|"], ["x-2", "|x+2|"], ["|x-2|"])


def times():
    yield from math(["3:4", "3 : 4", "3\\colon 4", "3\\text{:}4"], ["4:3", "34", "3:5"], ["3:4"])
    yield from math(["9:30", "9:30\\text{ a.m.}", "9{:}30", "9:30 AM", "\\text{9:30 a.m.}"], ["9:03", "930", "10:30"], ["9:30"])
    yield from math(["110_2", "110_{2}", "110_{\\text{two}}", "110"], ["111_2", "110_3", "6"], ["110_2"])
    for n, k in [(3, 10), (12, 7)]:
        yield from math([str(n), f"{n}\\pmod{{{k}}}"[:0] or f"{n}.0"], [f"{n}\\text{{ or }}{n+1}", f"{n}k"], [str(n)])


def words():
    for n, text in [(12, "twelve"), (25, "twenty-five"), (40, "forty"), (105, "one hundred and five"), (3, "three"), (1500, "one thousand five hundred"), (70, "Seventy")]:
        yield from number([text, f"{text} apples", str(n), f"{n}.", f"{n}.0"], [f"{n+1}", f"not {n}", f"{n}{n}"], str(n), PROSE)
        yield from math([f"\\text{{{text}}}", text], [f"{n+1}"], [str(n)])
    for text, same, others in [("east", ["East", "\\text{East}", "\\textbf{east}", "east.", "\\mathrm{East}"], ["west", "north-east", "eastern"]), ("no solution", ["\\text{no solution}", "No solution", "no solution."], ["one solution", "0"]), ("Yes", ["yes", "\\text{Yes}", "YES", "Yes."], ["No", "\\text{no}", "yes and no"]), ("False", ["false", "\\text{False}"], ["True"]), ("even", ["\\text{even}", "Even"], ["odd", "neither"])]:
        yield from math(same + [text], others, [text, f"\\text{{{text}}}"])
        for given in same + others:
            yield "text", R.choice(["%s", "<answer>%s</answer>", "\\boxed{%s}", "Answer: %s"]) % given, text, None, given in same


def prose():
    """Numbers in sentences: what is announced counts, not what else is said."""
    for _ in range(6):
        a, b = R.sample(range(11, 90), 2)
        c = a + b
        for text in [f"The answer is {a} + {b} = {c}.", f"Adding {a} and {b} gives {c}.\nSo the answer is {c}.", f"Total: {a} + {b} = {c}", f"It is not {a} but {c}.", f"I first thought {a}, but the answer is {c}.", f"{a} is wrong; the answer is {c}.", f"The answer is {c}, not {a}.", f"There are {c} of them.", f"<think>{a}?</think>{c}", f"She has {a} red ones and {b} blue ones, so {c} in total.", f"The answer is **{c}**.", f"the result equals {c}!", f"Therefore, x = {c}.", f"\\boxed{{{a}}} was a mistake. \\boxed{{{c}}}", f"Answer: {c} ({a} + {b})", f"So we get {c} as the answer.", f"Wait, {a} is too small. Let me recount: it is {c}.", f"**{c}**\n\nExplanation: {a} and {b} together.", f"Answer:\n{c}", f"{c}.", f"= {c}", f"\\({c}\\)", f"The value is $x={c}$."]:
            yield "number", text, str(c), None, True
            yield "number", text, str(a), None, False
            yield "number", text, str(b), None, False
    for text in ["I cannot determine the answer from the picture.", "", "The image does not show enough.", "There is no answer.", "I'm sorry, I can't help with that.", "<think>It is 12, since 3 times 4 is 12", "<think>12", "The answer is", "\\boxed{}", "<answer></answer>", "12 or 13", "either 12 or 14", "between 10 and 12", "more than 12", "It is not 12.", "12 < x", "approximately 12 to 15"]:
        yield "number", text, "12", None, False
        yield "math", text, "12", None, False
    for text in ["$x=12$", "so $3\\times 4=12$.", "Hence $12$", "we get\n\\[\nx = 12.\n\\]", "**12**", "The answer is $12$ because $3\\cdot4=12$.", "The final answer is $\\boxed{12}$. Note that $13$ fails.", "Answer: $12$ (see $7$)", "\\boxed{12}\n\nLet me verify: $4\\cdot 3=12$, and $2 \\cdot 6 = 12$.", "{\"answer\": \"12\"}", "{\"answer\": 12}", "```json\n{\"answer\": 12}\n```", "Answer: `12`", "The correct answer is: 12", "\\boxed{\\text{12}}", "\\boxed{12\\,}", "\\boxed{ 12 }", "\\boxed{12.}", "\\boxed{12,}", "\\boxed{\\mathbf{12}}", "\\boxed{\\$12}", "\\boxed{12\\text{ cm}}", "\\boxed{x=12}", "\\textbf{12}", "$\\boxed{12}$ ✓", "The answer is \\boxed{12}", "\\boxed 12"[:0] or "\\boxed{１２}", "\\boxed{+12}", "\\boxed{\\left(12\\right)}", "\\boxed{{12}}", "\\(\\boxed{12}\\).</answer>", "So, $\\boxed{12}$.\n\n**Final Answer**\n12", "<|begin_of_box|>12<|end_of_box|>", "\\boxed{12", "$\\boxed{12}$<|im_end|>"]:
        yield "math", text, "12", None, True
        yield "math", text, "13", None, False


def near():
    """Numbers of which only the last digits differ, and very small ones."""
    for truth, same, others in [
        ("123456.78", ["123{,}456.78", "\\$123,456.78"], ["123456.79", "123456", "123457", "123456.8"]),
        ("1000001", ["1,000,001"], ["1000000", "1000002", "10^6"]),
        ("6.626\\times 10^{-34}", ["6.626e-34", "6.626 \\cdot 10^{-34}"], ["1.6\\times 10^{-19}", "0", "6.6\\times 10^{-34}"]),
        ("2\\times 10^{-13}", ["0.0000000000002", "2e-13"], ["3\\times 10^{-13}", "1e-13", "2\\times 10^{-12}"]),
        ("1000\\sqrt{5}", ["\\sqrt{5000000}"], ["2236.07", "2236.068", "2236"]),
        ("10^{-12}x", ["10^{-12} \\cdot x", "x \\cdot 10^{-12}"], ["2 \\cdot 10^{-12}x", "10^{-13}x"]),
        ("0.05", ["\\frac{1}{20}", "5\\%", "5 \\times 10^{-2}"], ["0.5", "0.050001", "0.005", "5"]),
        ("1999.5", ["\\frac{3999}{2}"], ["1999", "2000", "1999.501"]),
        ("99.99", ["99.990"], ["100", "99.9", "99.98"]),
        ("2^{100}", ["4^{50}"], ["2^{99}", "2^{101}", "100^2"]),
    ]:
        yield from math(same + [truth], others, [truth])


def forms():
    """Other spellings."""
    for truth, same, others in [
        ("\\frac{3}{4}", ["\\frac{3}{4} \\text{ or } 0.75", "\\frac{3}{4} = 0.75", "0.75 = \\frac34", "75\\%", "\\frac{6}{8}=\\frac{3}{4}", "3/4\\text{ cup}"], ["\\frac34 \\text{ or } \\frac12", "\\frac{4}{3}", "3, 4"]),
        ("\\frac{1}{3}", ["0.\\overline{3}", "0.\\dot{3}", "0.333\\ldots", "0.333...", "0.3333\\dots", "0.\\bar{3}"], ["0.3", "0.33", "3.\\overline{3}"]),
        ("0.1\\overline{6}", ["\\frac16", "0.1\\bar{6}", "0.1666\\ldots"], ["0.16", "0.\\overline{16}", "0.17"]),
        ("\\mathbb{R}", ["(-\\infty,\\infty)", "\\text{all real numbers}", "(-\\infty, +\\infty)", "ℝ", "x \\in \\mathbb{R}"], ["\\mathbb{Z}", "(0,\\infty)", "\\emptyset"]),
        ("\\emptyset", ["\\varnothing", "\\{\\}", "∅"], ["\\{0\\}", "0", "\\mathbb{R}"]),
        ("\\frac12", ["\\sin 30^\\circ", "\\cos 60°", "\\cos\\frac{\\pi}{3}"], ["\\sin 60^\\circ", "\\sin 30"]),
        ("\\sec x", ["\\frac{1}{\\cos x}"], ["\\cos x", "\\csc x"]),
        ("\\cot x", ["\\frac{\\cos x}{\\sin x}", "\\frac{1}{\\tan x}"], ["\\tan x"]),
        ("\\frac{x^2-1}{x-1}", ["x+1"], ["x-1", "x^2-1"]),
        ("\\log_2 8", ["3", "\\log_2(8)"], ["4", "8"]),
        ("(3,-5)", ["x=3, y=-5", "(x, y) = (3, -5)", "x = 3 \\text{ and } y = -5", "\\left( 3 , -5 \\right)", "(3,−5)"], ["x=-5, y=3", "(3,5)", "3", "x=3"]),
        ("\\langle 1,2,3\\rangle", ["\\langle 1, 2, 3 \\rangle", "⟨1,2,3⟩", "(1,2,3)"], ["\\langle 3,2,1\\rangle", "(1,2)"]),
        ("x=3 \\text{ or } x=-3", ["x = 3 \\quad \\text{or} \\quad x = -3", "x = \\pm 3", "3,-3", "\\{-3, 3\\}", "x=3,\\ x=-3"], ["x=3", "x=\\pm 4"]),
        ("1500000", ["\\$1.5\\text{ million}", "1.5 million", "1.5 million dollars", "1{,}500{,}000"], ["1.5", "1.5\\text{ billion}", "15 million"]),
        ("12", ["12\\text{ apples}", "\\text{12 cm}", "\\text{twelve}", "12 \\text{ (units)}", "\\mathbf{12}", "{12}", "\\left|{-12}\\right|", "\\color{red}{12}", "\\underline{12}", "\\textcolor{blue}{12}", "12\\,", "\\quad 12", "12\\checkmark", "\\bf 12", "\\large 12", "1 2"[:0] or "12\\text{cm}", "\\text{\\$}12", "12\\text{.}", "\\approx 12", "\\text{about } 12", "n=12", "= 12", "12 \\text{ people}", "\\emph{12}", "\\sqrt{144}", "\\frac{24}{2}", "12 = 3 \\cdot 4", "3 \\times 4", "|-12|", "12/1", "--12"], ["-12", "1.2", "120", "12\\text{ or }13", "12x", "12\\pi", "12^2", "12i", "12!", "\\frac{1}{12}", "\\sqrt{12}", "x > 12", "\\neq 12", "12,12,13", "12 - 1", "2(12)", "21", "012.5", "12:00", "\\pm 12"]),
        ("2x+2", ["2(x+1)", "2+2x", "2 \\cdot (x+1)", "2\\left(x+1\\right)"], ["2(x+2)", "2x", "x+1", "4x"]),
        ("\\frac{x}{2}", ["\\frac12 x", "x/2", "0.5x", "\\frac{1}{2}x"], ["\\frac{2}{x}", "2x", "\\frac{x^2}{2}"]),
        ("x^{2}y", ["x^2 y", "y x^2", "x²y"], ["x y^2", "x^{2y}"]),
        ("a_n = 3n-1", ["3n-1", "a_{n} = 3n - 1", "a_n=-1+3n"], ["3n+1", "a_n=3n", "3^n-1"]),
        ("y=(x-1)^2+2", ["y = x^2-2x+3", "y=2+(x-1)^2"], ["y=(x+1)^2+2", "y=x^2+2", "y=(x-1)^2"]),
        ("x^2+y^2=25", ["x^2+y^2-25=0", "x^2 + y^2 = 5^2"], ["x^2+y^2=5", "x^2-y^2=25", "x+y=5"]),
        ("2:3:4", ["2 : 3 : 4", "2:3:4."], ["4:3:2", "2:3", "234"]),
        ("5 \\text{ hours } 30 \\text{ minutes}", ["5\\text{ hours }30\\text{ minutes}"], ["5", "30", "5.3", "5 \\text{ hours}"]),
        ("-\\frac{b}{2a}", ["\\frac{-b}{2a}", "-b/(2a)", "-\\frac{1}{2}\\cdot\\frac{b}{a}"], ["\\frac{b}{2a}", "-\\frac{b}{a}", "-\\frac{2a}{b}"]),
        ("\\frac{1+\\sqrt{5}}{2}", ["\\frac{\\sqrt5+1}{2}", "\\frac12+\\frac{\\sqrt5}{2}", "(1+\\sqrt{5})/2"], ["1.618", "\\frac{1-\\sqrt{5}}{2}", "1+\\frac{\\sqrt5}{2}"]),
        ("\\sqrt{13}", ["√13", "\\sqrt{13}\\text{ units}", "13^{0.5}", "\\sqrt{13} \\approx 3.606", "\\sqrt {13}", "\\sqrt{4+9}"], ["3.606", "13", "\\sqrt{1}3", "-\\sqrt{13}", "\\pm\\sqrt{13}"]),
        ("36\\pi", ["36π", "36 \\pi\\text{ cm}^3", "\\pi \\cdot 6^2", "V = 36\\pi"], ["113.1", "36", "36\\pi^2", "\\frac{36}{\\pi}"]),
        ("\\text{Tuesday}", ["Tuesday", "\\textbf{Tuesday}", "\\text{tuesday}", "\\mathrm{Tuesday}"], ["Thursday", "\\text{Monday}", "Tuesday, Friday"]),
        ("\\text{(B)}", ["B", "\\text{B}", "(B)", "\\textbf{(B)}", "\\mathbf{B}"], ["C", "\\text{(C)}", "AB"]),
        ("1,2,3", ["1, 2, \\text{and } 3", "\\{1,2,3\\}", "3,2,1", "1;2;3", "x=1,2,3", "\\text{1, 2, and 3}"], ["123", "1,2", "1,2,4", "6"]),
        ("(-1,2)\\cup(4,6]", ["(4,6]\\cup(-1,2)", "x\\in(-1,2)\\cup(4,6]", "\\left(-1,2\\right) \\cup \\left(4,6\\right]"], ["[-1,2)\\cup(4,6]", "(-1,6]", "(-1,2)\\cup(4,6)"]),
        ("[-2,2]", ["-2\\le x\\le 2", "-2 \\leq y \\leq 2", "x \\in [-2,2]", "2 \\ge x \\ge -2"], ["(-2,2)", "-2<x<2", "[-2,2)", "\\pm 2", "\\{-2,2\\}"]),
        ("3+4i", ["3 + 4i", "4i + 3", "z = 3+4i"], ["3-4i", "-3+4i", "3+4j^2", "5"]),
        ("1011_2", ["1011_{2}", "1011_\\text{two}", "1011"], ["1011_3", "11", "1101_2"]),
        ("\\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}", ["\\begin{bmatrix} 1 \\\\ 2 \\end{bmatrix}", "\\binom{1}{2}"[:0] or "\\left[\\begin{matrix} 1 \\\\ 2 \\end{matrix}\\right]", "\\left(\\begin{smallmatrix}1\\\\2\\end{smallmatrix}\\right)", "\\mathbf{v} = \\begin{pmatrix} 1 \\\\ 2 \\end{pmatrix}"], ["\\begin{pmatrix} 1 & 2 \\end{pmatrix}", "\\begin{pmatrix} 2 \\\\ 1 \\end{pmatrix}", "\\begin{vmatrix} 1 \\\\ 2 \\end{vmatrix}"]),
        ("10\\text{ m/s}", ["10", "10 m/s", "10\\,\\text{m/s}", "10\\ \\mathrm{m\\,s^{-1}}", "10 \\text{ meters per second}"], ["10\\text{ km/h}", "1 m/s", "10\\text{ m}"]),
        ("20 \\text{ N}", ["20", "20\\,\\text{N}", "20 newtons", "20\\ \\mathrm{N}"], ["20 \\text{ J}", "2 \\text{ N}"]),
        ("25\\text{ m}^2", ["25", "25 \\text{ square meters}", "25\\,\\mathrm{m}^2", "25 m²", "25\\text{ m}^{2}", "25\\text{ m²}", "25 sq m"], ["25\\text{ m}^3", "5", "25\\text{ cm}^2"]),
        ("7 \\pmod{12}", ["7", "7 \\bmod 12"[:0] or "7 \\pmod {12}", "x \\equiv 7 \\pmod{12}"], ["5 \\pmod{12}", "7 \\pmod{13}", "12"]),
    ]:
        yield from math(same + [truth], others, [truth], take=99)
    for text, truth, right in [
        ("The answers are $3$ and $5$.", "3,5", True), ("The answers are 3 and 5.", "3, 5", True), ("The answers are $3$ and $6$.", "3,5", False), ("The solutions are $x=3$ and $x=5$.", "3,5", True),
        ("The final answers are: \\(3, 5\\)", "3,5", True), ("$x=3$ or $x=5$", "3,5", True), ("Hence $x \\in \\{3,5\\}$.", "3,5", True), ("\\boxed{3} or \\boxed{5}", "3,5", True), ("\\boxed{3 \\text{ and } 5}", "3,5", True), ("Case 1: \\boxed{3}\n\nCase 2: \\boxed{5}", "3", False),
        ("The answer is \\frac{3}{4}.", "\\frac34", True), ("answer = 3/4", "\\frac34", True), ("So the answer is $\\frac{3}{4}$, which is about $0.75$.", "\\frac34", True), ("The answer is approximately 3.14.", "3.14", True), ("The answer is 3.14 (rounded).", "3.14", True), ("The answer is $\\approx 3.14$", "3.14", True),
        ("The probability is $\\frac{3}{4}$.", "0.75", True), ("Thus, $P = \\dfrac{3}{4} = 0.75$", "\\frac34", True), ("$P = 0.75$ and not $0.5$", "0.5", False), ("$$x = \\frac{-b}{2a} = \\frac{4}{2} = 2$$", "2", True), ("$$x = \\frac{-b}{2a} = \\frac{4}{2} = 2$$", "4", False),
        ("1. First, $2+2=4$.\n2. Then $4 \\cdot 3 = 12$.\n\n**Answer: 12**", "12", True), ("1. First, $2+2=4$.\n2. Then $4 \\cdot 3 = 12$.\n\n**Answer: 12**", "4", False), ("Answer\n\n12", "12", True), ("**Answer**\n\n$12$", "12", True), ("## Answer\n12", "12", True), ("Final Answer:\n\n\\[12\\]", "12", True), ("The answer is: **$12$**", "12", True), ("The answer is $12\\,\\text{cm}$.", "12", True), ("Answer: 12 cm.", "12", True), ("Answer: 12cm", "12", True), ("Answer = $12$", "12", True), ("ANSWER: 12", "12", True), ("答案是12。", "12", True), ("答案：12", "12", True), ("Therefore the area is 12.", "12", True), ("area=12", "12", True), ("The length of AB is 12 cm.", "12", True), ("so AB = 12", "12", True), ("AB=12cm", "12", True), ("∠ABC = 40°", "40", True), ("Hence ∠ABC is 40°.", "40", True), ("Hence ∠ABC is 40°.", "50", False),
        ("\\boxed{12", "12", True), ("\\boxed{12}}", "12", True), ("\\boxed{\\frac{3}{4}", "\\frac34", True), ("$\\boxed{12}$ or $\\boxed{13}$", "12", False), ("\\boxed{?}", "12", False), ("\\boxed{\\text{cannot be determined}}", "12", False), ("\\boxed{N/A}", "12", False), ("\\boxed{None}", "12", False), ("The answer is not 12.", "12", False), ("The answer is not 12, it is 13.", "13", True), ("The answer isn't 12 but 13.", "13", True), ("I thought \\boxed{12} but the right answer is \\boxed{13}.", "12", False), ("\\boxed{13}. (Not \\boxed{12}.)", "13", True),
    ]:
        yield "math", text, truth, None, right
        if truth.isdigit():
            yield "number", text, truth, None, right
    for text, truth, right in [
        ("1 1/2 hours", "1.5", True), ("12 cm²", "12", True), ("12cm2", "12", True), ("about 12", "12", True), ("approximately 12.5", "12.5", True), ("12 (twelve)", "12", True), ("twelve (12)", "12", True), ("12 - the number of eggs", "12", True), ("12/20", "0.6", True), ("12/20", "12", False), ("3 dozen", "36", True), ("2,5", "2.5", True), ("2.500", "2.5", True), ("2.500,00", "2500", True), ("0,75", "0.75", True), ("USD 25", "25", True), ("25 USD", "25", True), ("$25.00", "25", True), ("25 cents", "25", True), ("12th", "12", True), ("No. 12", "12", True), ("#12", "12", True), ("x12", "12", False), ("-12", "12", False), ("−12", "-12", True), ("+12", "12", True), ("(12)", "12", True), ("[12]", "12", True), ("12?", "12", True), ("12, 13", "12", False), ("12 and 13", "12", False), ("12;", "12", True), ("1e3", "1000", True), ("1.2E2", "120", True), ("50 percent", "0.5", True), ("half", "0.5", True), ("a third", "0.333333333", True), ("two thirds", "0.66666667", True), ("a dozen", "12", True), ("zero", "0", True), ("none", "0", False), ("no", "0", False), ("ninety-nine", "99", True), ("one thousand two hundred", "1200", True), ("two million", "2000000", True), ("3.5k", "3500", True), ("3.5 thousand", "3500", True), ("5 ft 3 in", "5", False), ("3:30", "3", False), ("2023-11-04", "4", False), ("10%", "10", True), ("10 %", "0.1", True), ("10%", "100", False), ("√16", "4", True), ("2³", "8", True), ("½", "0.5", True), ("3½", "3.5", True), ("1/3", "0.333333", True), ("1/3", "0.33", False), ("22/7", "3.14", False), ("π", "3.14159", False), ("$\\frac{1}{2}$", "0.5", True), ("\\frac12", "0.5", True), ("12.", "12", True), (".5", "0.5", True), ("12.0.", "12", True), ("1_000", "1000", True), ("1'000", "1000", True), ("12 000", "12000", True), ("12 345 678", "12345678", True),
    ]:
        for way in ["%s", "<answer>%s</answer>", "\\boxed{%s}", "Answer: %s"]:
            yield "number", way % text, truth, None, right
    yield "number", "12!", "12", None, True
    yield "number", "The answer is 12!", "12", None, True


LETTERS = "ABCDE"


def choices():
    pools = [["3 cm", "6 cm", "12 cm", "24 cm"], ["red", "dark red", "green", "blue"], ["\\frac{1}{2}", "\\frac{1}{3}", "\\frac{2}{3}", "1"], ["30°", "45°", "60°", "90°"], ["A cat", "A dog", "A bird", "None of the above"], ["x+1", "x-1", "2x", "x^2"], ["Paris", "Rome", "Berlin", "Madrid", "Lisbon"], ["12", "14", "16", "18"], ["Yes", "No", "Cannot be determined", "Not enough information"], ["increases", "decreases", "stays the same", "none of these"], ["$12", "$120", "$1,200", "$12,000"], ["-3", "3", "-1/3", "1/3"]]
    for pool in pools:
        at = R.randrange(len(pool))
        right, wrong = LETTERS[at], LETTERS[(at + 1) % len(pool)]
        good, bad = pool[at], pool[(at + 1) % len(pool)]
        forms = ["%L", "(%L)", "%L.", "%L)", "%L. %W", "(%L) %W", "%L: %W", "Answer: %L", "The answer is (%L).", "**%L**", "\\boxed{%L}", "\\boxed{\\text{%L}}", "\\boxed{\\text{(%L)}}", "$\\boxed{%L}$", "<answer>%L</answer>", "The correct answer is option %L.", "The correct option is %L because the others are too small.", "Therefore, the answer is **%L. %W**.", "%W", "\\boxed{%W}", "The answer is %W.", "<answer>%W</answer>", "Option %L", "It is %L, not %X.", "Not %X but %L.", "I considered %X first, but the correct answer is %L.", "%X is wrong, so the answer is %L.", "%l", "(%l)", "**Answer: %L**", "Answer: \\boxed{%L}", "**Correct answer: (%L) %W**", "The answer is choice (%L) %W.", "\\boxed{(%L)\\ %W}", "\\boxed{%L. %W}", "<think>%X? Hmm, no.</think>%L", "Final Answer: %L", "Answer:%L", "answer is %L", "So the best choice is %L.", "%L\n\nExplanation: %X does not fit.", "I choose %L.", "{\"answer\": \"%L\"}", "\\textbf{(%L)}", "%L is correct.", "Thus, %L.", "Ans: %L", "【%L】"]
        for form in R.sample(forms, 30):
            text = form.replace("%L", right).replace("%l", right.lower()).replace("%X", wrong).replace("%W", good)
            other = form.replace("%L", wrong).replace("%l", wrong.lower()).replace("%X", right).replace("%W", bad)
            truth = R.choice([right, good])
            yield "choice", text, truth, pool, True
            yield "choice", other, truth, pool, False
        for text in ["I am not sure.", "", "%s or %s" % (right, wrong), "(%s) and (%s)" % (right, wrong), "It is neither %s nor %s." % (right, wrong), "Not %s." % right, "All of the options could be correct.", "<think>%s" % right, "Z", "The picture shows a triangle."]:
            yield "choice", text, right, pool, False


def several():
    """Several letters are one answer: each has to be given."""
    pool = ["one", "two", "three", "four"]
    for given in ["AC", "A, C", "A and C", "A,C", "A & C", "C, A", "(A), (C)", "(A) and (C)", "A C", "[A, C]", "A;C", "A/C"]:
        for way in ["\\boxed{%s}", "<answer>%s</answer>", "Answer: %s", "The answer is %s."]:
            yield "choice", way % given, R.choice(["AC", "A, C", "A,C"]), pool, True
    for given in ["A", "C", "AB", "A, B, C", "ABCD", "A and B", "B, C", "none"]:
        for way in ["\\boxed{%s}", "Answer: %s"]:
            yield "choice", way % given, R.choice(["AC", "A, C", "A,C"]), pool, False


KINDS = [fractions, percents, thousands, units, scientific, brackets, lists, matrices, equations, algebra, radicals, transcendental, times, words, near, forms, prose, choices, several]
CONFIG = [LatexExtractionConfig(), ExprExtractionConfig()]


def theirs(kind, answer, truth, options):
    said = answer.split("</think>")[-1]
    if kind == "choice":
        letters = StringExtractionConfig(strings=tuple(LETTERS[: len(options)]))
        letter = truth if len(truth) == 1 or truth not in options else LETTERS[options.index(truth)]
        return bool(verify(parse(letter, [letters]), parse(said, [LatexExtractionConfig(), letters])))
    config = CONFIG if kind != "text" else [LatexExtractionConfig(), StringExtractionConfig(strings=(truth,))]
    return bool(verify(parse(f"${truth}$", config), parse(said, config)))


if __name__ == "__main__":
    rows, seen = [], set()
    for kind in KINDS:
        for type_, answer, truth, options, right in kind():
            key = (type_, answer, truth, tuple(options or ()))
            if key not in seen:
                seen.add(key)
                row = dict(kind=kind.__name__, type=type_, answer=answer, truth=truth)
                if options:
                    row["choices"] = options
                rows.append(dict(**row, right=right, mathVerify=theirs(*key)))
    (HERE / "variants.json").write_text("[\n" + ",\n".join(json.dumps(row, ensure_ascii=False) for row in rows) + "\n]\n")
    for name in [kind.__name__ for kind in KINDS] + [None]:
        some = [row for row in rows if name in (None, row["kind"])]
        yes, no = [row for row in some if row["right"]], [row for row in some if not row["right"]]
        print(f"{name or 'all':16} {len(some):5} rows; math-verify misses {sum(not r['mathVerify'] for r in yes):4} of {len(yes):4}, false {sum(r['mathVerify'] for r in no):3} of {len(no):4}")
