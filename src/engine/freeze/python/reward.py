"""Rewards by the rules of Frankenstein Lab: the answer's format, and whether the answer is right.

The rules are those of its evaluation (grading version 4), so that training rewards what evaluation counts. Patterns are
written as JavaScript has them there. Needs nothing but `regex`, which comes with transformers.

TRL and Axolotl take `format_reward` and `answer_reward`, verl and EasyR1 `compute_score`. As a program, it judges
lines of {"text", "answer", "answer_type", "choices"?, "precision"?} from standard input.
"""

import cmath
import json
import math
import sys
import unicodedata

import regex

FORMAT_WEIGHT = 0.2

# ---------------------------------------------------------------- patterns as JavaScript reads them

SPACE = r" \t\n\v\f\r\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"


def js(pattern, flags=""):
    """Compiles a JavaScript pattern: its spaces, its `$`, its ASCII letters and digits."""
    out, at, inside = [], 0, False
    while at < len(pattern):
        pair = pattern[at : at + 2]
        if pair == r"\s":
            out.append(SPACE if inside else f"[{SPACE}]")
            at += 2
        elif pair == r"\S" and not inside:
            out.append(f"[^{SPACE}]")
            at += 2
        elif pair == r"\S":
            out.append(r"\S")
            at += 2
        elif pair[0] == "\\":
            out.append(pair)
            at += 2
        else:
            if pair[0] == "[" and not inside:
                inside = True
                out.append("[")
            elif pair[0] == "[":
                out.append(r"\[")
            elif pair[0] == "]":
                inside = False
                out.append("]")
            elif pair[0] == "$" and not inside and "m" not in flags:
                out.append(r"\Z")
            else:
                out.append(pair[0])
            at += 1
    how = regex.V0
    if "i" in flags:
        how |= regex.IGNORECASE
    if "m" in flags:
        how |= regex.MULTILINE
    if "s" in flags:
        how |= regex.DOTALL
    if r"\p{" not in pattern:
        how |= regex.ASCII
    return regex.compile("".join(out), how)


def trim(text):
    return text.strip(" \t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000\ufeff")


def inner(match, first=1, last=None):
    return next((group for group in match.groups()[first - 1 : last] if group is not None), None)


# ---------------------------------------------------------------- the answer inside what a model says

LONGEST = 4000
TAGGED = js(r"<answer>([\s\S]*?)(?:<\/answer>|$)|<\|begin_of_box\|>([\s\S]*?)(?:<\|end_of_box\|>|$)", "i")
DENIED_BOX = js(r"(?:\bnot|n't|\bnever)\s+[$\\([]*$", "i")
QUOTED = js(r'"(?:final_)?answer"\s*:\s*(?:"([^"\n]*)"|(-?[\d.]+))', "i")
BETWEEN_BOXES = js(r"^[\s$]*(?:,|;|\\quad|\\text\{\s*(?:and|or)\s*\}|,?\s*\b(?:and|or)\b)?[\s$]*$")
OPENING = js(r"\\(?:boxed|fbox|framebox)\s*(?:(\{)|(?=[\d.\-A-Za-z\\])(\S+?)(?=[\s$]|\.?$))")
PERCENT_BEHIND = js(r"^\s*\\?%")


def given_answer(text):
    """The part that is the answer, and how it was marked: "tag", "box" or None."""
    tags = list(TAGGED.finditer(text))
    tagged = inner(tags[-1]) if tags else None
    said = (tagged if tagged is not None else after_thinking(text))[-LONGEST:]
    box = last_boxed(said)
    if box is not None:
        return trim(box), "box"
    found = list(QUOTED.finditer(said))
    if found:
        return trim(found[-1][1] if found[-1][1] is not None else found[-1][2]), "tag"
    return trim(said), None if tagged is None else "tag"


def after_thinking(text):
    end = text.rfind("</think>")
    if end != -1:
        return text[end + len("</think>") :]
    begin = text.find("<think>")
    return text if begin == -1 else text[:begin]


def last_boxed(text):
    boxes = [box for box in boxes_in(text) if trim(box[0]) != "" and not DENIED_BOX.search(text[: box[1]])]
    at = len(boxes) - 1
    if at < 0:
        return None
    while at > 0 and BETWEEN_BOXES.search(text[boxes[at - 1][2] : boxes[at][1]]):
        at -= 1
    contents = []
    for content, _, _ in boxes[at:]:
        nested = last_boxed(content)
        value = trim(content if nested is None else nested)
        if value not in contents:
            contents.append(value)
    return ", ".join(contents) + (r"\%" if PERCENT_BEHIND.search(text[boxes[-1][2] :]) else "")


def boxes_in(text):
    found, at = [], 0
    while True:
        match = OPENING.search(text, at)
        if match is None:
            return found
        closed = match.end() if match[1] is None else closing_brace(text, match.end())
        end = len(text) if closed is None else closed
        content = match[2] if match[2] is not None else text[match.end() : end if closed is None else end - 1]
        found.append((content, match.start(), end))
        at = end


def closing_brace(text, start):
    at, depth = start, 1
    while at < len(text):
        if text[at] == "\\":
            at += 1
        elif text[at] == "{":
            depth += 1
        elif text[at] == "}":
            depth -= 1
            if depth == 0:
                return at + 1
        at += 1
    return None


EMPHASIS = js(r"\*\*|__|`")
STARRED = js(r"(^|[\s(])\*(\S[^*\n]*?)\*(?=[\s).,:;!?]|$)")
HEADING = js(r"^#{1,6} +", "m")


def unmarked(text):
    return HEADING.sub("", STARRED.sub(r"\1\2", EMPHASIS.sub("", text)))


ANNOUNCEMENT = js(
    r"(?:\b(?:answers?|results?)\b(?:\s+(?:is|are|equals|would be|should be|must be|will be)\b|\s*[:=]|\s*\n)|^\s*####|答案(?:是|为)?)\s*[:：]?\s*((?!not\b)\S[^\n]*)",
    "im",
)
ANY_VALUE = r"(?:\$[^$]*\$|\\\(.*?\\\)|[-−]?[\d.,]*\d)"
DENIED_BEFORE = js(r"\b(?:(?:not|cannot|can't|never|doubt)(?:\s+(?:it(?:'s| is)|be))?|n't|isn't)\s+" + ANY_VALUE)
DENIED_BEHIND = js(ANY_VALUE + r"\s+(?:is|was|would be)\s+(?:wrong|incorrect|false)\b")


def undenied(text):
    return DENIED_BEHIND.sub("not", DENIED_BEFORE.sub("not", text))


def announced(text):
    found = list(ANNOUNCEMENT.finditer(unmarked(text)))
    return trim(found[-1][1]) if found else None


FORMULA = js(
    r"\$\$([\s\S]+?)\$\$|\\\[([\s\S]+?)\\\]|\\\(([\s\S]+?)\\\)|(?<!\\)\$(?!\s)((?:[^$\n\\]|\\.)*?(?:[^\s$\\]|\\.))\$(?!\d)"
)
FONTS = js(r"\\(?:text|textbf|mathrm|mathbf)\{([^{}]*)\}")
SPACES = js(r"\s+")
AROUND = js(r"""^(?:[\s"'`“”‘’«»*$,;:!?()[\]]|\.(?!\d))+|[\s"'`“”‘’«»*$.,;:!?()[\]]+$""")


def normalised(text):
    plain = trim(SPACES.sub(" ", FONTS.sub(r"\1", unicodedata.normalize("NFKC", text).lower())))
    bare = AROUND.sub("", plain)
    return plain if bare == "" else bare


# ---------------------------------------------------------------- numbers

SMALL = (
    "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen "
    "eighteen nineteen"
).split()
TENS = "twenty thirty forty fifty sixty seventy eighty ninety".split()
SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
DIGITS = r"(?:\d{1,2}(?:,\d{2})+,\d{3}(?!\d)|\d{1,3}(?:[,\u00a0\u202f]\d{3})+(?!\d)|\d+)(?:\.\d+)?|\.\d+"
POWER = r"(?:[eE][-+]?\d+|\s?(?:×|\*|x|\\times|\\cdot)\s?10\s?\^\s?\{?[-+]?\d+\}?)"
FRACTION = r"\\[dt]?frac\s?\{\s?-?\d+(?:\.\d+)?\s?\}\s?\{\s?\d+(?:\.\d+)?\s?\}"
SCALE = r"\s(?<scale>" + "|".join(SCALES) + r")\b"
COUNT = "(?:" + "|".join(SMALL + TENS) + ")"
WORD = "(?:" + COUNT + "|hundred|" + "|".join(SCALES) + ")"
WORDS = r"\b(?:(?<minus>minus|negative)\s+)?(?<words>" + COUNT + r"(?:(?:\s+and\s+|[\s-]+)" + WORD + r")*)\b"
SIGN = r"(?<![\w)\]}])[-−+](?=\S)|(?<=[=:(\[,]\s?)[-−+]\s|\b(?:minus|negative)\s"
CURRENCY = r"(?:\\?\$|[€£¥₹])?"
APART = r"(?<![A-Za-z_\d]|\d\.)"
ONE = js(
    f"(?<sign>{SIGN})?{CURRENCY}(?:{APART}(?<units>\\d+)?\\s?(?<latex>{FRACTION})"
    f"|{APART}(?<whole>\\d+)\\s+(?<top>\\d+)\\s?/\\s?(?<bottom>\\d+)"
    f"|{APART}(?<digits>{DIGITS})(?<power>{POWER})?(?:\\s?/\\s?(?<over>{DIGITS}))?(?:{SCALE}|(?<thousands>k)\\b)?"
    f"|{WORDS})(?<percent>\\s?\\\\?%|\\s+percent\\b)?",
    "i",
)


class Number:
    """A number as written. `percent`: with a percent sign, and `value` is what stands before it."""

    def __init__(self, value, percent=False, words=False):
        self.value, self.percent, self.words = value, percent, words


def numbers_in(text):
    found = []
    for match in ONE.finditer(joined_thousands(text)):
        parts = match.groupdict()
        size = magnitude(parts)
        if size is None or not math.isfinite(size):
            continue
        negative = parts["minus"] is not None or (parts["sign"] is not None and "+" not in parts["sign"])
        found.append(Number(-size if negative else size, parts["percent"] is not None, parts["words"] is not None))
    return found


JOINS = [(js(r"\{,\}"), ","), (js(r"(?<=\d)['’_](?=\d{3}(?!\d))"), ","), (js(r",\\!\s*(?=\d{3})"), ","), (js(r"(?<=\d)\\[,!]\s*(?=\d{3}(?!\d))"), ",")]


def joined_thousands(text):
    for pattern, instead in JOINS:
        text = pattern.sub(instead, text)
    return text


NUMERALS = js(r"-?\d+(?:\.\d+)?")
EXPONENT = js(r"[-+]?\d+\}?$")


def divided(a, b):
    if b == 0:
        return math.nan if a == 0 else math.copysign(math.inf, a)
    return a / b


def magnitude(parts):
    if parts["latex"] is not None:
        above, below = [float(number) for number in NUMERALS.findall(parts["latex"])][:2]
        return float(parts["units"] or 0) + divided(above, below)
    if parts["whole"] is not None:
        return float(parts["whole"]) + divided(float(parts["top"]), float(parts["bottom"]))
    if parts["digits"] is not None:
        power = parts["power"]
        exponent = 0 if power is None else int(EXPONENT.search(power)[0].replace("}", ""))
        scale = 1e3 if parts["thousands"] is not None else SCALES.get((parts["scale"] or "").lower(), 1)
        value = without_separators(parts["digits"]) * power_of_ten(exponent) * scale
        return value if parts["over"] is None else divided(value, without_separators(parts["over"]))
    return None if parts["words"] is None else spelled_out(parts["words"])


def power_of_ten(exponent):
    try:
        return 10.0**exponent
    except OverflowError:
        return math.inf


def spelled_out(words):
    total = group = 0
    for word in regex.split(r"[\s-]+", words.lower()):
        if word == "and":
            continue
        if word == "hundred":
            group = max(group, 1) * 100
        elif word in SCALES:
            total += max(group, 1) * SCALES[word]
            group = 0
        else:
            group += SMALL.index(word) if word in SMALL else 20 + 10 * TENS.index(word)
    return float(total + group)


def without_separators(digits):
    return float(regex.sub("[,\u00a0\u202f]", "", digits))


def same_number(a, b):
    """Equal, where 50 % may be written 50 or 0.5 as long as one of the two has the sign."""
    if a.percent == b.percent:
        return near(a.value, b.value)
    return near(a.value, b.value) or (near(a.value / 100, b.value) if a.percent else near(a.value, b.value / 100))


def near(a, b):
    if not (math.isfinite(a) and math.isfinite(b)):
        return a == b
    size, whole = max(abs(a), abs(b)), a == int(a) and b == int(b)
    if whole and size < 2**53:
        return a == b
    return abs(a - b) <= max(0 if whole else 1e-6 * min(1, size), 1e-12 * size)


# ---------------------------------------------------------------- notation

SIGNS = {
    "−": "-", "–": "-", "×": "\\times ", "·": "\\cdot ", "⋅": "\\cdot ", "÷": "/", "∕": "/", "≤": "\\le ",
    "≥": "\\ge ", "≠": "\\ne ", "≈": "\\approx ", "±": "\\pm ", "∓": "\\mp ", "∞": "\\infty ", "∪": "\\cup ",
    "∩": "\\cap ", "∈": "\\in ", "∅": "\\emptyset ", "∠": "\\angle ", "π": "\\pi ", "θ": "\\theta ",
    "α": "\\alpha ", "β": "\\beta ", "ℝ": "\\mathbb{R}", "⟨": "(", "⟩": ")",
}  # fmt: skip
RAISED, LOWERED = "⁰¹²³⁴⁵⁶⁷⁸⁹", "₀₁₂₃₄₅₆₇₈₉"


def digit_of(sign, digits):
    return "-" if sign == "⁻" else "+" if sign == "⁺" else str(digits.find(sign))


THIN_SPACE = js(r"(?<=\d)[\u00a0\u2009\u202f](?=\d{3}(?!\d))")
ROOT = js(r"√\s*(?:\(([^()]*)\)|(\d+(?:\.\d+)?|[A-Za-z]))")


def to_latex(text):
    text = THIN_SPACE.sub(",", text)
    text = regex.sub("[⁺⁻]?[⁰¹²³⁴-⁹]+", lambda m: "^{" + "".join(digit_of(c, RAISED) for c in m[0]) + "}", text)
    text = regex.sub("[₀-₉]+", lambda m: "_{" + "".join(digit_of(c, LOWERED) for c in m[0]) + "}", text)
    text = regex.sub(
        "[¼-¾⅐-⅞]", lambda m: "\\frac{" + unicodedata.normalize("NFKC", m[0]).replace("⁄", "}{") + "}", text
    )
    text = ROOT.sub(lambda m: "\\sqrt{" + (m[1] if m[1] is not None else m[2] or "") + "}", text)
    text = regex.sub("[−–×·⋅÷∕≤≥≠≈±∓∞∪∩∈∅∠πθαβℝ⟨⟩]", lambda m: SIGNS[m[0]], text)
    return unicodedata.normalize("NFKC", text)


UNITS = [
    ("degree", "degrees?|deg"), ("dollar", "dollars?|usd"), ("cent", "cents?"), ("euro", "euros?|eur"),
    ("pound", "pounds?|lbs?"), ("rupee", "rupees?|rs"),
    ("km/h", r"km\s*\/\s*h(?:r|our)?|kmh|kmph|kilomet(?:er|re)s per hour"),
    ("mph", r"mph|miles per hour|miles\s*\/\s*hour"), ("m/s", r"m\s*\/\s*s(?:ec)?|m\s*s\s*\^\s*\{?-1\}?|met(?:er|re)s per second"),
    ("mm", "mm|millimet(?:er|re)s?"), ("cm", "cm|centimet(?:er|re)s?"), ("km", "km|kilomet(?:er|re)s?"),
    ("m", "m|met(?:er|re)s?"), ("inch", "in|inch(?:es)?"), ("foot", "ft|foot|feet"), ("yard", "yards?|yd"),
    ("mile", "miles?|mi"), ("mg", "mg|milligrams?"), ("kg", "kg|kilograms?"), ("g", "g|grams?"),
    ("tonne", "tons?|tonnes?"), ("ounce", "ounces?|oz"), ("ml", "ml|millilit(?:er|re)s?"),
    ("l", "l|lit(?:er|re)s?"), ("gallon", "gallons?|gal"), ("ms", "ms|milliseconds?"),
    ("second", "s|secs?|seconds?"), ("minute", "mins?|minutes?"), ("hour", "h|hrs?|hours?"), ("day", "days?"),
    ("week", "weeks?"), ("month", "months?"), ("year", "years?|yrs?"), ("acre", "acres?"),
    ("hectare", "hectares?|ha"), ("unit", "units?"), ("a.m.", r"a\.?\s?m"), ("p.m.", r"p\.?\s?m"),
    ("ohm", r"ohms?|\\Omega|Ω"), ("newton", "newtons?|N"), ("joule", "joules?|J"), ("watt", "watts?|W"),
    ("volt", "volts?|V"), ("hertz", "hertz|Hz"),
]  # fmt: skip
VALUE = r"^(.*[\d})]|.*\\pi|.*\d\s(?:thousand|million|billion|trillion))"
MEASURED = js(
    VALUE
    + r"(\s*)(?:(square|cubic|sq\.?|cu\.?)\s*)?("
    + "|".join(spelling for _, spelling in UNITS)
    + r")\.?(?:\s*(squared|cubed))?(?:\s*\^\s*\{?(-?\d)\}?)?$",
    "i",
)
COUNTED = js(
    VALUE
    + r"\s+(?!(?:hundred|thousand|million|billion|trillion|dozen|half|halves|thirds?|quarters?|pi|mod|base|to|through|remainder)\b)[a-z]{3,}(?: [a-z]{2,}){0,3}$",
    "i",
)
LETTERS = set("mgshlLNJWV")
UNIT_PATTERNS = [(name, js(f"^(?:{spelling})$", "i")) for name, spelling in UNITS]


def without_unit(text):
    match = MEASURED.search(text)
    if match is not None:
        value, space, name = match[1], match[2] or "", match[4]
        said = ((match[3] or "") + (match[5] or "")).lower()
        power = "2" if said.startswith("sq") else "3" if said.startswith("cu") else match[6] or "1"
        if value != "" and (len(name) > 1 or (name in LETTERS and (space != "" or name == "m"))):
            unit = next((unit for unit, pattern in UNIT_PATTERNS if pattern.search(name)), None)
            return trim(value), None if unit is None else f"{unit}^{power}"
    counted = COUNTED.search(text)
    return trim(counted[1] if counted else text), None


CLEANING = [
    (js(r"\\(?:left|right|bigg?|Bigg?|displaystyle|limits)(?![a-zA-Z])\s*"), ""),
    (js(r"\\cr(?![a-z])|\\\\\s*\[[\d.]+\s*[a-z]{2}\]"), r"\\\\ "),
    (js(r"\\(?:text)?color\s*\{\w+\}"), ""),
    (
        js(r"\\mathbb\s*\{?\s*R\s*\}?(?!\s*[\^_])|\\Reals?\b|\b(?:all|any) real numbers?\b"),
        r"(-\\infty,\\infty)",
    ),
    (
        js(r"(?<!\d)(\d{0,20})\.(\d{0,20})\\(?:overline|bar|dot)\s*\{?(\d{1,20})\}?"),
        lambda m: repeating(m[1], m[2], m[3]),
    ),
    (
        js(
            r"(?<!\d)(\d{0,20})\.(\d{0,12}?)(?:(\d)\3{2,20}|(\d{2,6})\4{1,10})\s*(?:\.{3}|\\[lc]?dots(?![a-z]))"
        ),
        lambda m: repeating(m[1], m[2], m[3] if m[3] is not None else m[4]),
    ),
    (js(r"\{\s*([^{}]+?)\s*\\over(?![a-z])\s*([^{}]+?)\s*\}"), r"\\frac{\1}{\2}"),
    (js(r"(?<![\w)}]\s*)\+\s*(?=\\infty)"), ""),
    (js(r"\\[lr]vert(?![a-z])"), "|"),
    (js(r"\\(sin|cos|tan)\s*\^\s*\{\s*-\s*1\s*\}"), r"\\arc\1"),
    (js(r"\\lbrace(?![a-z])"), r"\\{"),
    (js(r"\\rbrace(?![a-z])"), r"\\}"),
    (js(r"\\langle(?![a-z])"), "("),
    (js(r"\\rangle(?![a-z])"), ")"),
    (js(r"\\colon(?![a-z])\s*|(?<!\\[a-z]+)\{:\}"), ":"),
    (js(r"\\varnothing(?![a-z])|\\\{\s*\\\}"), r"\\emptyset "),
    (
        js(
            r"(\\(?:sin|cos|tan|cot|sec|csc)(?:\s*\^\s*\{?\d\}?)?)\s*[({]?\s*(\d+(?:\.\d+)?)\s*(?:\^\s*\{?\s*\\circ\s*\}?|°|\\degree(?![a-z]))\s*[)}]?"
        ),
        r"\1(\\frac{\2\\pi}{180})",
    ),
    (
        js(
            r"(?<=\w)_\s*\{?\s*(?:\\(?:text|mathrm)\s*\{)?\s*(two|three|four|five|six|seven|eight|nine|ten)\s*\}{0,2}"
        ),
        lambda m: f"_{{{SMALL.index(m[1])}}}",
    ),
    (js(r"(?<=\d)\s*[xX]\s*(?=10\s*\^)"), r" \\times "),
    (js(r"(?<!\\)\\[[\]()]"), ""),
    (
        js(
            r"([([|]?)\s*\\begin\{(?:array|matrix|smallmatrix)\}\s*(?:\{[lcr|\s]*\})?([\s\S]*?)\\end\{(?:array|matrix|smallmatrix)\}\s*([)\]|]?)"
        ),
        lambda m: matrix_in(m[1], m[2], m[3]),
    ),
    (js(r"\\?\$|[€£¥₹]"), ""),
    (
        js(
            r"\\(?:text|mbox|textrm|mathrm)\s*\{\s*,?\s*(?:and|or)\s*\}|(?<![A-Za-z\\]),?\s*\b(?<!\b(?:hundred|thousand|million|billion)\s)(?:and|or)\b(?![A-Za-z])"
        ),
        ", ",
    ),
    (js(r"\\!"), ""),
    (js(r"(?<!\\)\\[,;: ]|\\q?quad\b|~"), " "),
    (js(r"\\[dtc]frac"), r"\\frac"),
    (js(r"\^\s*\{?\s*\\circ\s*\}?|°|\\degree\b"), ""),
    (js(r"(?<=[\d}])\s*\\(?:text|textrm|mathrm|mbox)\s*\{((?:[^{}]|\{[^{}]*\})*)\}"), r" \1 "),
    (
        js(
            r"\\(?:text|textrm|textit|textbf|textnormal|emph|underline|mathrm|mathbf|mathit|mathsf|boldsymbol|bm|mbox)\s*\{((?:[^{}]|\{[^{}]*\})*)\}"
        ),
        r"\1",
    ),
    (js(r"\\(?:bf|rm|it|tiny|small|normalsize|large|Large|LARGE|huge|Huge|checkmark)\b\s*|[✓✔✅]"), ""),
    (js(r"\\(?:infinity|inf)\b|\binfinity\b"), r"\\infty"),
    (js(r"(?<![a-z\\])pi\b", "i"), r"\\pi"),
    (js(r"\\frac\s*(\d)\s*(\d)"), r"\\frac{\1}{\2}"),
    (js(r"\\frac\s*(\d)\s*\{"), r"\\frac{\1}{"),
    (js(r"\\frac\s*(\{[^{}]*\})\s*(\d)"), r"\\frac\1{\2}"),
    (js(r"\\sqrt\s*(\d)"), r"\\sqrt{\1}"),
    (js(r"(?<![\\a-z])sqrt\s*\(([^()]*)\)"), r"\\sqrt{\1}"),
    (js(r"\\(le|ge|ne)q?(?:slant)?(?![a-z])"), r"\\\1 "),
    (js(r"\^\s*([-+]?\d{2,}|[-+]\d)"), r"^{\1}"),
    (js(r"\\lt(?![a-z])"), "<"),
    (js(r"\\gt(?![a-z])"), ">"),
    (js(r"<="), r"\\le "),
    (js(r">="), r"\\ge "),
    (js(r"\{\s*(\d{1,3})\s*\\choose\s*(\d{1,3})\s*\}"), r"\\binom{\1}{\2}"),
    (
        js(r"\\[dt]?binom\s*\{\s*(\d{1,3})\s*\}\s*\{\s*(\d{1,3})\s*\}"),
        lambda m: str(math.comb(int(m[1]), int(m[2]))),
    ),
    (js(r"\\%|\s*\bpercent\b"), "%"),
    (js(r"\s+"), " "),
    (js(r"^\s*(?:so |thus |therefore,? )?the (?:final )?(?:answer|result|value) is\b", "i"), ""),
    (js(r"^\s*(?:about|approximately|approx\.?|roughly|exactly|around|\\approx|\\sim)\s+(?=\S)", "i"), ""),
    (js(r"\s*\((?:units?|rounded[^()]*|approx[^()]*)\)[.\s]*$", "i"), ""),
    (js(r"^[\s:]+|[.,;。，；\s]+$"), ""),
]


def repeating(whole, fixed, period):
    """The fraction that a decimal with a period is; `fixed`: digits behind the point, before the period."""
    above = int(whole + fixed + period) - int("0" + whole + fixed)
    return f"\\frac{{{above}}}{{{'9' * len(period)}{'0' * len(fixed)}}}"


def matrix_in(opening, entries, closing):
    """A matrix as an array, or one without brackets of its own, in the brackets around it."""
    name = {"": "matrix", "|": "vmatrix"}.get(opening, "pmatrix")
    return f"\\begin{{{name}}}{entries}\\end{{{name}}}{closing if opening == '' else ''}"


def cleaned(text):
    """Without what surrounds a value: dollar signs, sizes of brackets, fonts, spacing, degrees."""
    text = joined_thousands(to_latex(text))
    for pattern, instead in CLEANING:
        text = pattern.sub(instead, text)
    return text


# ---------------------------------------------------------------- formulas by value


class NoFormula(Exception):
    """The text is no mathematics that is understood here."""


TOKEN = regex.compile(r"\s+|(\d+(?:\.\d+)?|\.\d+)|(\\[a-zA-Z]+)|([A-Za-z])|(.)", regex.DOTALL)
FUNCTIONS = {
    "\\sin": cmath.sin, "\\cos": cmath.cos, "\\tan": cmath.tan, "\\ln": cmath.log, "\\exp": cmath.exp,
    "\\cot": lambda x: 1 / cmath.tan(x), "\\sec": lambda x: 1 / cmath.cos(x), "\\csc": lambda x: 1 / cmath.sin(x),
    "\\arcsin": cmath.asin, "\\arccos": cmath.acos, "\\arctan": cmath.atan,
}  # fmt: skip
LETTER_COMMANDS = "alpha beta gamma delta theta phi lambda mu sigma omega rho tau epsilon eta emptyset".split()


class Formula:
    """A formula in LaTeX, read once; `value` computes it with numbers for its letters."""

    def __init__(self, text):
        self.tokens = [match[0] for match in TOKEN.finditer(text) if match[0].strip() != ""]
        self.at, self.letters = 0, set()
        if not self.tokens:
            raise NoFormula
        self.root = self.sum()
        if self.at < len(self.tokens):
            raise NoFormula

    def value(self, letters):
        try:
            return complex(self.root(letters))
        except (ZeroDivisionError, OverflowError, ValueError):
            return None

    def peek(self):
        return self.tokens[self.at] if self.at < len(self.tokens) else None

    def take(self, expected=None):
        token = self.peek()
        if token is None or (expected is not None and token != expected):
            raise NoFormula
        self.at += 1
        return token

    def sum(self):
        total = self.product()
        while self.peek() in ("+", "-"):
            plus, left, right = self.take() == "+", total, self.product()
            total = (lambda l, r: lambda x: l(x) + r(x))(left, right) if plus else (lambda l, r: lambda x: l(x) - r(x))(left, right)
        return total

    def product(self):
        total = self.signed()
        while True:
            token = self.peek()
            if token in ("*", "\\times", "\\cdot"):
                self.take()
                total = (lambda l, r: lambda x: l(x) * r(x))(total, self.signed())
            elif token in ("/", "\\div"):
                self.take()
                total = (lambda l, r: lambda x: l(x) / r(x))(total, self.signed())
            elif self.starts(token):
                total = (lambda l, r: lambda x: l(x) * r(x))(total, self.power())
            else:
                return total

    def starts(self, token):
        if token is None or token in ")]},;=<>|!^_+-*/":
            return False
        if regex.fullmatch(r"\d.*|\.\d.*", token):
            return not regex.fullmatch(r"\d.*|\.\d.*", self.tokens[self.at - 1])
        return token in "({" or len(token) == 1 or token[0] == "\\"

    def signed(self):
        if self.peek() == "-":
            self.take()
            inside = self.signed()
            return lambda x: -inside(x)
        if self.peek() == "+":
            self.take()
            return self.signed()
        return self.power()

    def power(self):
        base = self.primary()
        while self.peek() == "!":
            self.take()
            base = (lambda b: lambda x: factorial(b(x)))(base)
        if self.peek() == "^":
            self.take()
            exponent = self.argument()
            return lambda x: power(base(x), exponent(x))
        return base

    def argument(self):
        """What follows a command or a power: a group, or one token of which TeX takes one digit."""
        if self.peek() == "{":
            return self.group("{", "}")
        if self.peek() == "-":
            return self.signed()
        return self.primary()

    def group(self, opening, closing):
        self.take(opening)
        inside = self.sum()
        self.take(closing)
        return inside

    def primary(self):
        token = self.take()
        if regex.fullmatch(r"\d+(?:\.\d+)?|\.\d+", token):
            number = float(token)
            return lambda x: number
        if token in "({[":
            self.at -= 1
            return self.group(token, {"(": ")", "{": "}", "[": "]"}[token])
        if token == "|":
            inside = self.sum()
            self.take("|")
            return lambda x: abs(inside(x))
        if token == "\\frac":
            above, below = self.argument(), self.argument()
            return lambda x: above(x) / below(x)
        if token == "\\sqrt":
            degree = self.group("[", "]") if self.peek() == "[" else None
            inside = self.argument()
            return (lambda x: root(inside(x), degree(x))) if degree else (lambda x: cmath.sqrt(inside(x)))
        if token in FUNCTIONS or token == "\\log":
            return self.function(token)
        if token == "\\pi":
            return lambda x: math.pi
        if token == "e":
            return lambda x: math.e
        if token == "i":
            return lambda x: 1j
        if token in ("\\emptyset", "\\varnothing"):
            token = "\\emptyset"
        name = token[1:] if token[0] == "\\" else token
        if not (token.isalpha() and len(token) == 1) and name not in LETTER_COMMANDS:
            raise NoFormula
        if self.peek() == "_":
            self.take()
            if self.peek() == "{":
                while self.peek() != "}":
                    name += self.take()
                self.take()
            else:
                name += self.take()
        self.letters.add(name)
        return lambda x: x[name]

    def function(self, token):
        base, exponent = None, None
        if token == "\\log" and self.peek() == "_":
            self.take()
            base = self.argument()
        if self.peek() == "^":
            self.take()
            exponent = self.argument()
        inside = self.argument() if self.peek() in ("(", "{") else self.power_products()
        if token == "\\log":
            def plain(x):
                return cmath.log(inside(x)) / cmath.log(base(x) if base else 10)
        else:
            call = FUNCTIONS[token]

            def plain(x):
                return call(inside(x))

        return plain if exponent is None else (lambda x: power(plain(x), exponent(x)))

    def power_products(self):
        total = self.power()
        while self.starts(self.peek()) and self.peek() not in FUNCTIONS and self.peek() not in ("(", "\\log"):
            total = (lambda l, r: lambda x: l(x) * r(x))(total, self.power())
        return total


def factorial(value):
    value = complex(value)
    if value.imag != 0 or value.real < 0 or value.real != int(value.real) or value.real > 170:
        raise ValueError
    return math.factorial(int(value.real))


def power(base, exponent):
    if abs(exponent) > 10_000:
        raise OverflowError
    result = complex(base) ** exponent
    exact = complex(exponent)
    if complex(base).imag == 0 and exact.imag == 0 and exact.real == int(exact.real):
        return complex(result.real, 0)
    return result


def root(value, degree):
    value, degree = complex(value), complex(degree)
    if value.imag == 0 and value.real < 0 and degree == int(degree.real) and int(degree.real) % 2 == 1:
        return -((-value.real) ** (1 / degree.real))
    return value ** (1 / degree)


POINTS = [0.7390851, 1.6180339, 2.2360679, -1.3247179]
CLOSE = 1e-9
NOTHING = 1e-14
LONGEST_FORMULA = 200
TOWER = js(r"\^\s*(?:\{[^{}]*\^|[\w.]+\s*\^)|\^\s*\{?\s*[-+]?\d{4,}|\d{40,}|!\s*!|\d{4,}\s*!")


def same_mathematics(given, truth):
    a, b = cleaned(given), cleaned(truth)
    if a == "" or b == "":
        return False
    if plain(a) == plain(b):
        return True
    if len(a) > LONGEST_FORMULA or len(b) > LONGEST_FORMULA or TOWER.search(a) or TOWER.search(b):
        return False
    return same(value_of(a, True), value_of(b, True))


def number_of_formula(text):
    everything = cleaned(text)
    if everything == "" or len(everything) > LONGEST_FORMULA or TOWER.search(everything):
        return None
    value = value_of(everything, True)
    if value[0] != "leaf":
        return None
    named = assigned(value[1])
    leaf = value_of(last_side(value[1]) if named is None else named, False)
    return numeric_leaf(leaf[1]) if leaf[0] == "leaf" else None


PLAIN = [
    (js(r"\s+"), " "),
    (js(r"(?<!\d) | (?!\d)"), ""),
    (js(r"_\{(\w)\}"), r"_\1"),
    (js(r"^\(([a-z])\)$"), r"\1"),
]


def plain(text):
    text = unicodedata.normalize("NFKC", text).lower()
    for pattern, instead in PLAIN:
        text = pattern.sub(instead, text)
    return text


SET = [js(r"^\\\{([\s\S]*)\\\}$"), js(r"^\{([\s\S]*,[\s\S]*)\}$")]
MATRIX = js(r"^(?:[A-Za-z]\s*=\s*)?\\begin\{([pbvBV]?matrix)\}([\s\S]*)\\end\{\1\}$")
CUP = js(r"^\\cup(?![a-z])")
WRAPPED = js(r"^(?:([a-zA-Z]|\([a-zA-Z](?:\s*,\s*[a-zA-Z])+\))\s*(?:=|\\in)\s*)?([([])([\s\S]*)([)\]])$")


def value_of(text, top):
    """("leaf", text), ("list", brackets, items) or ("set", items)."""
    match = SET[0].search(text) or SET[1].search(text)
    if match and balanced(match[1]):
        return set_of([one for item in items_of(match[1]) for one in alternatives(item)])
    matrix = MATRIX.search(text)
    if matrix:
        return matrix_of("vmatrix" if matrix[1] == "vmatrix" else "matrix", matrix[2])
    union = split(text, lambda at: CUP.search(text[at:]) is not None, 4)
    if len(union) > 1:
        return set_of(union)
    if top:
        items = [one for item in items_of(spelled(text)) for one in alternatives(item)]
        if len(items) > 1:
            return set_of(items)
    wrapped = WRAPPED.search(text)
    if wrapped and balanced(wrapped[3]):
        items = items_of(wrapped[3])
        if len(items) > 1:
            return ("list", wrapped[2] + wrapped[4], [value_of(item, False) for item in items])
    return interval_of(text) or ("leaf", text)


def set_of(items):
    values = [value_of(item, False) for item in items]
    return values[0] if len(values) == 1 else ("set", values)


def matrix_of(brackets, inside):
    rows = [row for row in inside.split("\\\\") if trim(row) != ""]
    return ("list", brackets, [("list", brackets, [("leaf", trim(entry)) for entry in row.split("&")]) for row in rows])


EITHER_SIGN = js(r"\\[pm][pm](?![a-z])")
NAMED = js(r"^.*=")


def alternatives(item):
    if len(EITHER_SIGN.findall(item)) != 1:
        return [item]
    before, after = EITHER_SIGN.split(item)
    name = NAMED.search(before)
    name = name[0] if name else ""
    rest = before[len(name) :]
    return [f"{name}{'' if trim(rest) == '' else rest + '+'}{after}", f"{name}{rest}-{after}"]


def same(given, truth):
    if given[0] == "leaf" and truth[0] == "leaf":
        return same_leaf(given[1], truth[1])
    if given[0] == "leaf":
        value = assigned(given[1])
        return value is not None and same(value_of(value, True), truth)
    if truth[0] == "leaf":
        return given[0] == "set" and all(same(item, truth) for item in given[1])
    if given[0] != truth[0]:
        a, b = tuple_of(given), tuple_of(truth)
        return a is not None and b is not None and same(a, b)
    if len(given[-1]) != len(truth[-1]):
        return False
    if given[0] == "list":
        return given[1] == truth[1] and all(same(a, b) for a, b in zip(given[2], truth[2]))
    left = list(truth[1])
    for item in given[1]:
        at = next((index for index, other in enumerate(left) if same(item, other)), None)
        if at is None:
            return False
        left.pop(at)
    return True


COORDINATE_NAMED = js(r"^([a-z])\s*=\s*([^=]+)$")


def tuple_of(value):
    """`x = 3, y = -5` as the point that it is; a list as it is; None for other sets."""
    if value[0] != "set":
        return value
    named = [COORDINATE_NAMED.search(item[1]) if item[0] == "leaf" else None for item in value[1]]
    if any(match is None or ord(match[1]) != ord(named[0][1]) + at for at, match in enumerate(named)):
        return None
    return ("list", "()", [("leaf", match[2]) for match in named])


NAME = js(
    r"^(?:m\s*)?(?:\\angle\s*)?(?:\\(?:alpha|beta|gamma|delta|theta|phi|lambda|mu|sigma|omega|triangle|overline|Delta)\s*)?(?:\{?[A-Za-z0-9][A-Za-z ]*\}?)?(?:_\{?\w+\}?)?'*\s*(?:\([A-Za-z0-9, ]*\))?\s*$"
)
ASSIGNS = js(r"(?<![<>!\\])=|\\approx(?![a-z])|\\in(?![a-z])")
ASSIGNMENT = js(r"^(?:=|\\approx|\\in)\s*")
EQUALS = js(r"(?<![<>!\\])=|\\approx(?![a-z])")
ONLY_EQUALS = js(r"(?<![<>!\\])=")
COMMANDS = js(r"\\[a-z]+", "i")
INDEXED = js(r"[_^](?:\{[^{}]*\}|\w)")
HAS_LETTER = js(r"[A-Za-z]")
HAS_DIGIT = js(r"\d")
ALL_DIGITS = js(r"^\d+$")


def assigned(text):
    match = ASSIGNS.search(text)
    if match is None or match.start() == 0:
        return None
    name = trim(text[: match.start()])
    rest = ASSIGNMENT.sub("", text[match.start() :])
    if name != "" and NAME.search(name) and not ALL_DIGITS.search(name) and "=" not in rest:
        return rest
    return None


def last_side(text):
    sides = [trim(side) for side in EQUALS.split(text)]
    first, last = sides[0], sides[-1]
    if len(sides) == 1 or last == "":
        return text
    if not HAS_LETTER.search(COMMANDS.sub("", last)) or len(sides) > 2:
        bare = INDEXED.sub("", COMMANDS.sub("", first))
        condition = HAS_LETTER.search(bare) and (HAS_DIGIT.search(bare) or last == "0")
        return text if condition and len(sides) == 2 else last
    return first if NAME.search(last) and not HAS_LETTER.search(COMMANDS.sub("", first)) else text


APPROXIMATELY = js(r"\\approx(?![a-z])")


def same_leaf(given, truth):
    if given == truth or plain(given) == plain(truth):
        return True
    equation, wanted = ASSIGNS.search(given), ASSIGNS.search(truth)
    value = assigned(truth if wanted else given)
    if equation and wanted:
        if same_equation(given, truth):
            return True
        return value is not None and not HAS_LETTER.search(given) and same_value(last_side(given), value)
    if wanted:
        return value is not None and same_value(given, value)
    if not equation:
        return same_value(given, truth)
    if value is not None:
        return same(value_of(value, True), value_of(truth, True))
    sides = APPROXIMATELY.split(given)
    if len(sides) > 1 and same_value(trim(sides[0]), truth):
        return True
    side = last_side(given)
    return side != given and same_value(side, truth)


def formula(text):
    try:
        return Formula(text)
    except (NoFormula, RecursionError):
        return None


def letters_at(point, letters):
    return {letter: point + index * 0.4142135 for index, letter in enumerate(sorted(letters))}


def same_equation(a, b):
    left, right = ([trim(side) for side in ONLY_EQUALS.split(one)] for one in (a, b))
    if len(left) != 2 or len(right) != 2:
        return False
    if plain(left[0]) == plain(right[0]):
        return same_value(left[1], right[1])
    f, g = formula(f"({left[0]})-({left[1]})"), formula(f"({right[0]})-({right[1]})")
    if f is None or g is None or f.letters != g.letters or not f.letters:
        return False
    ratios = []
    for point in POINTS:
        x, y = f.value(letters_at(point, f.letters)), g.value(letters_at(point, f.letters))
        if x is None or y is None or x.imag != 0 or y.imag != 0 or y.real == 0:
            return False
        ratios.append(x.real / y.real)
    return all(math.isfinite(r) and r != 0 and close(complex(r), complex(ratios[0])) for r in ratios)


RELATION = js(r"\\[lg]e(?![a-z])|<|>")
LETTER = js(r"^[a-zA-Z](?:_\{?\w\}?)?$")


def interval_of(text):
    signs = RELATION.findall(text)
    sides = [trim(side) for side in RELATION.split(text)]
    letter = next((index for index, side in enumerate(sides) if LETTER.search(side)), -1)
    up = lambda sign: sign == "<" or sign.startswith("\\le")  # noqa: E731
    closed = lambda sign: sign.startswith("\\")  # noqa: E731

    def interval(start, end, low, high):
        return ("list", ("[" if low else "(") + ("]" if high else ")"), [("leaf", start), ("leaf", end)])

    if len(signs) == 1 and letter >= 0 and sides[1 - letter] != "":
        sign, bound = signs[0], sides[1 - letter]
        if up(sign) == (letter == 0):
            return interval("-\\infty", bound, False, closed(sign))
        return interval(bound, "\\infty", closed(sign), False)
    if len(signs) == 2 and letter == 1 and up(signs[0]) == up(signs[1]):
        first, second = closed(signs[0]), closed(signs[1])
        if up(signs[0]):
            return interval(sides[0], sides[2], first, second)
        return interval(sides[2], sides[0], second, first)
    return None


DECIMAL = js(r"\d?\.\d")
APART_DIGITS = js(r"\d \d")
SUBSCRIPT = js(r"_\{?\w+\}?")


def same_value(given, truth):
    if plain(given) == plain(truth):
        return True
    if based(given) is not None or based(truth) is not None:
        return same_based(given, truth)
    first, second = modular(given), modular(truth)
    if first is not None or second is not None:
        (a, m), (b, n) = first or (given, None), second or (truth, None)
        return (m is None or n is None or m == n) and same_value(a, b)
    (a, a_unit), (b, b_unit) = without_unit(given), without_unit(truth)
    if a_unit is not None and b_unit is not None and a_unit != b_unit:
        return False
    if plain(a) == plain(b):
        return True
    x, y = numeric_leaf(a), numeric_leaf(b)
    if x and y:
        rounded = DECIMAL.search(f"{a} {b}")
        return same_number(x, y) and bool(
            rounded or x.percent or y.percent or close(complex(x.value), complex(y.value))
        )
    if in_words(a) or in_words(b):
        return False
    formulas = [improper(a), improper(b)]
    if any(APART_DIGITS.search(SUBSCRIPT.sub("", one)) for one in formulas):
        return False
    left, right = (formula(one) for one in formulas)
    if left is None or right is None or left.letters != right.letters:
        return False
    if not left.letters:
        return close(left.value({}), right.value({}))
    values = [(left.value(letters_at(p, left.letters)), right.value(letters_at(p, left.letters))) for p in POINTS]
    return any(x is not None and abs(x) > 0 for x, _ in values) and all((x is None and y is None) or close(x, y) for x, y in values)


WORDY = js(r"(?<![\\A-Za-z])(?=[A-Za-z]*[aeiouAEIOU])[A-Za-z]{3,}")
ANY_COMMAND = js(r"\\[a-zA-Z]+")


def in_words(text):
    return WORDY.search(ANY_COMMAND.sub(" ", text)) is not None


MODULAR = js(
    r"^(?:[a-zA-Z]\s*\\equiv\s*)?(.*?)\s*(?:\\pmod\s*\{?\s*(\d+)\s*\}?|\(?\s*(?:\\b?mod|\bmod)\s*\{?\s*(\d+)\s*\}?\s*\)?)$"
)


def modular(text):
    match = MODULAR.search(text)
    return None if match is None or match[1] == "" else (match[1], match[2] if match[2] is not None else match[3])


BASED = js(r"^([0-9A-F]+)\s*_\s*\{?\s*(\d{1,2})\s*\}?$")


def based(text):
    match = BASED.search(text)
    return None if match is None else (match[1], match[2])


def same_based(given, truth):
    a, origin = based(given) or (given, None)
    b, target = based(truth) or (truth, None)
    return trim(a) == trim(b) and (origin is None or target is None or origin == target)


def close(a, b):
    if a is None or b is None:
        return False
    size = max(abs(a), abs(b))
    return math.isfinite(size) and abs(a - b) <= max(CLOSE * size, NOTHING)


COMPUTED = js(r"\\(?:sin|cos|tan|ln|log|sqrt|pi)")
NUMERIC = js(r"\d|\\pi")
NO_NUMBER = js(r"[:,_=<>]|\d\s+[\d(]")
BARE_LETTER = js(r"(?<![\\A-Za-z])[A-Za-z]")


def numeric_leaf(text):
    """A real number: written out, with a percent sign, in words, or a formula without letters."""
    written = without_unit(text)[0]
    number = whole_number_of(written)
    if number is not None:
        return number
    percent = written.endswith("%")
    text = improper(trim(written[:-1]) if percent else written)
    if not NUMERIC.search(text) or NO_NUMBER.search(text) or BARE_LETTER.search(ANY_COMMAND.sub("", text)):
        return None
    parsed = formula(text)
    if parsed is None or parsed.letters:
        return None
    value = parsed.value({})
    if value is None or value.imag != 0 or not math.isfinite(value.real):
        return None
    nothing = abs(value.real) < NOTHING and COMPUTED.search(text)
    return Number(0.0 if nothing else value.real, percent)


WHOLE = js(
    r"^[-+]?(?:\d{1,3}(?:,\d{3})+|\d{1,2}(?:,\d{2})+,\d{3}|\d{1,3}(?: \d{3})+|\d+)?(?:\.\d+)?(?:[eE][-+]?\d{1,3})?\s?%?$"
)
SPACED = js(r"^[-+]?\d{1,3}(?: \d{3})+$")
MATHS = js(r"\\frac|\\sqrt|\\pi|[\^!*]")
ANY_LETTER = js(r"[a-z]", "i")
SIMPLE = js(r"^[-+\w\s.,]*$")
WORDED = js(
    r"^(?:(?:minus|negative|and|zero|one|two|three|four|five|six|seven|eight|nine|ten|eleven|twelve|(?:thir|four|fif|six|seven|eigh|nine)teen|(?:twen|thir|for|fif|six|seven|eigh|nine)ty|hundred|(?:thous|mill|bill|trill)\w+|[-+]?[\d.,]+)(?:[\s-]+|$))+$",
    "i",
)


def whole_number_of(text):
    if WHOLE.search(text) and HAS_DIGIT.search(text):
        found = numbers_in(text.replace(" ", "") if SPACED.search(text) else text)
        return found[0] if found else None
    if MATHS.search(text) or not ANY_LETTER.search(text):
        return None
    found = numbers_in(text)
    return found[0] if len(found) == 1 and SIMPLE.search(text) and WORDED.search(text) else None


IMPROPER = [
    (js(r"^(-?)\s*(\d+)\s*\\frac\{(\d+)\}\{(\d+)\}"), r"\1(\2+\\frac{\3}{\4})"),
    (js(r"^(-?)\s*(\d+)\s+(\d+)\s*\/\s*(\d+)$"), r"\1(\2+\\frac{\3}{\4})"),
]


def improper(text):
    for pattern, instead in IMPROPER:
        text = pattern.sub(instead, text)
    return text


WITHOUT_BRACKETS = js(r"^[^()[\]{}]*$")
SEPARATED = js(r"(?<![\d,.])(\d{1,3})((?:,\d{3})+)(?![\d,])")


def spelled(text):
    return SEPARATED.sub(lambda m: m[0].replace(",", ""), text) if WITHOUT_BRACKETS.search(text) else text


def items_of(text):
    return split(text, lambda at: text[at] in ",;", 1)


def split(text, separates, length):
    items, depth, start = [], 0, 0
    for at, character in enumerate(text):
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
        elif depth == 0 and separates(at):
            items.append(trim(text[start:at]))
            start = at + length
    items.append(trim(text[start:]))
    return [item for item in items if item != ""]


def balanced(text):
    depth = 0
    for character in text:
        if character in "([{":
            depth += 1
        elif character in ")]}":
            depth -= 1
            if depth < 0:
                return False
    return depth == 0


# ---------------------------------------------------------------- the number that a text states

UNEXPLAINED = js(
    r"^([^\n]*\d[^\n]*)\n+[\s*#]*(?:explanation|reasoning|reasons?|justification|solution|steps?)\b", "i"
)
REFUSED = js(
    r"\b(?:(?:can(?:not|'t| not)|unable to|impossible to|not possible to)\s+(?:be\s+)?(?:determin|answer|tell|say|count|see|know|calculat)\w*|there is no (?:correct |right )?answer)\b(?![\s\S]*\b(?:so|but|therefore|thus|hence|however)\b)",
    "i",
)
RELATED = js(r"^\s*\S{1,20}\s*(?:[<>]|\\(?:le|ge|ne)(?![a-z]))\s*\S{1,20}\s*$")
OR_ANOTHER = js(r"\d\S*\s+or\s+\S*\d\S*\s*[.!]?\s*$")
PLAIN_DIGITS = r"[-−+]?(?:\d+(?:,\d{3})*(?:\.\d+)?|\.\d+)"
MEASURE = r"(?:hours?|hrs?|h|min(?:ute)?s?|seconds?|feet|foot|ft|inch(?:es)?|in|pounds?|lbs?|ounces?|oz)"
PARTS = js(
    "|".join(
        [
            r"(?<![\d:])\d+(?::\d+)+(?![\d:])",
            r"(?<![\w.,/-])\d[\d,.]*(?:\s?–\s?|-|\s+to\s+)\d[\d,.]*(?![\w/-]|\s*=)",
            rf"\bbetween\s+{PLAIN_DIGITS}\s+and\s+{PLAIN_DIGITS}",
            rf"\d[\d,.]*\s*{MEASURE}\b,?\s+(?:and\s+)?\d[\d,.]*\s*{MEASURE}\b",
            rf"(?:{PLAIN_DIGITS}\s+)?\b(?:more|less|fewer|greater|larger|smaller|higher|lower|bigger)\s+than\s+{PLAIN_DIGITS}",
            rf"\b(?:twice|double|triple|half(?:\s+of)?)\s+{PLAIN_DIGITS}",
            rf"(?<=\d)\s+out of\s+{PLAIN_DIGITS}",
        ]
    ),
    "i",
)
LISTED = [js(r"\b[a-z]\w?\s*=|\b(?:and|or)\b", "i"), js(r"^[\s\d.,;()[\]{}&-]+$")]
REASON = js(
    r",?\s*\b(?:since|because|as|given that|when|where|for which|so that|rather than|instead of|not|out of)\b|(?<=\S)\s*\((?![-\d.,\s]*\))",
    "i",
)
RESULT = js(
    r"=|≈|\\approx(?![a-z])|\b(?:which is|that is|i\.e\.,?|equals|equal to|gives|makes|totals?|comes to)\b", "i"
)
RELATIONS = js(r"[<>≤≥≠]|\\(?:[lg]eq?(?:slant)?|neq?|[lg]t)(?![a-z])|\d[a-jn-z](?![a-z])", "i")
SENTENCES = js(r"\.(?=\s|$)|[;\n]|[!?](?=\s|$)")
EXCLAIMED = js(r"!+$")


def number_in(text):
    """The number in the tag or box, the announced one, or else the last of the text."""
    answer, marked = given_answer(text)
    said = announced(answer)
    if marked is not None or said is not None:
        return stated_number(EXCLAIMED.sub("", said) if marked is None else said if said is not None else answer)
    answer = EXCLAIMED.sub("", answer)
    unexplained = UNEXPLAINED.search(answer)
    words = evaluated(PARTS.sub(" ; ", undenied(unmarked(unexplained[1] if unexplained else answer))))
    whole = only_number(words)
    if whole is not None:
        return whole
    if REFUSED.search(words) or RELATED.search(words) or listed(words):
        return None
    found = digits_first(numbers_in(words))
    if len(found) > 1 and OR_ANOTHER.search(words):
        return None
    return found[-1] if found else None


def listed(text):
    if not LISTED[1].search(LISTED[0].sub(" ", text)):
        return False
    found = numbers_in(text)
    return len(found) > 0 and any(not same_number(found[0], other) for other in found[1:])


def stated_number(said):
    whole = only_number(said)
    if whole is not None:
        return whole
    if RELATIONS.search(said):
        return None
    for sentence in SENTENCES.split(evaluated(PARTS.sub(" ; ", said))):
        parts = RESULT.split(REASON.split(sentence, 1)[0])
        stated = [numbers for numbers in (digits_first(numbers_in(part)) for part in parts) if numbers]
        if stated:
            only, *others = stated[-1]
            return only if all(same_number(only, other) for other in others) else None
    return None


DECIMAL_COMMA = js(r"^\s*\$?(-?\d{1,3}(?:\.\d{3})+|-?\d+),(\d{1,2}|\d{4,})\$?\s*\.?\s*$")
DOTTED = js(r"^\s*-?\d{1,3}(?:\.\d{3}){2,}\s*\.?\s*$")


PHRASE_COUNT = r"(\d+|[a-z]+(?:-[a-z]+)?)"
FRACTIONS = {
    "half": 2, "halves": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "eighth": 8, "tenth": 10,
}
PHRASE_PART = f"({'|'.join(FRACTIONS)})s?"
HALF_DOZEN = js(r"^(?:half a|a half|one half) dozen$")
DOZENS = js(f"^{PHRASE_COUNT} dozens?$")
MIXED = js(f"^{PHRASE_COUNT} and {PHRASE_COUNT} {PHRASE_PART}$")
PART_OF_ONE = js(f"^{PHRASE_COUNT}[ -]{PHRASE_PART}$")
PHRASE_SPACES = js(r"[.!*$\s]+")
PHRASE_ENDS = js(r"^ *(?:about |exactly )?| +$")


def phrase_value(text):
    """The number in words, where all of the text is such a phrase: "half", "two thirds", "a dozen"."""
    said = PHRASE_ENDS.sub("", PHRASE_SPACES.sub(" ", text.lower()))
    if said == "half":
        return 0.5
    if HALF_DOZEN.search(said):
        return 6.0
    match = DOZENS.search(said)
    if match:
        return scaled(match[1], 12)
    match = MIXED.search(said)
    if match:
        first, second = scaled(match[1], 1), scaled(match[2], 1 / FRACTIONS[match[3]])
        return None if first is None or second is None else first + second
    match = PART_OF_ONE.search(said)
    return scaled(match[1], 1 / FRACTIONS[match[2]]) if match else None


def scaled(count, factor):
    """ "two" times a factor; None for a word that is no number."""
    if count == "a":
        return float(factor)
    found = numbers_in(count)
    return found[0].value * factor if len(found) == 1 else None


def only_number(text):
    phrase = phrase_value(text)
    if phrase is not None:
        return Number(phrase, words=True)
    match = DECIMAL_COMMA.search(text)
    if match:
        return Number(float(f"{match[1].replace('.', '')}.{match[2]}"))
    if DOTTED.search(text):
        digits = trim(text).replace(".", "")
        return Number(float(digits))
    return number_of_formula(text)


# "3 x 4"; a hexadecimal number has no spaces, and powers of ten are read as they are.
TIMES = js(r"(?<=\d)\s+x\s+(?=\d)(?!10\s?\^)", "i")
PRODUCT = js(
    r"(?<![\w.,^{(])\d+(?:\.\d+)?(?:\s*(?:\*|\\times|\\cdot)\s*\d+(?:\.\d+)?)+(?![\w^(*]|[.,]\d|\s*[-+/^*])"
)
ROOTS = js(r"(?:\\frac\{[^{}]*\}\{[^{}]*\}|[\d.])*\s*\\(?:sqrt|pi)(?:\s*\{[^{}]*\}|\s*\d+)?")
POWERS = js(r"(?<=[A-Za-z})])\s?\^\s*(?:\{[^{}]*\}|-?\d+)|_\s*(?:\{[^{}]*\}|\w)")


def written(number):
    """As JavaScript writes it."""
    value = number.value
    return str(int(value)) if value == int(value) and abs(value) < 1e21 else repr(value)


def evaluated(text):
    def of_formula(match):
        found = number_of_formula(inner(match, 1, 4) or "")
        return " " if found is None else f" {written(found)}{'%' if found.percent else ''} "

    def of_product(match):
        found = number_of_formula(match[0])
        return match[0] if found is None else f" {written(found)} "

    def of_root(match):
        found = number_of_formula(match[0])
        return " " if found is None else f" {written(found)} "

    numbers = TIMES.sub(r" \\times ", to_latex(joined_thousands(FORMULA.sub(of_formula, text))))
    return POWERS.sub("", ROOTS.sub(of_root, PRODUCT.sub(of_product, numbers)))


def digits_first(numbers):
    digits = [number for number in numbers if not number.words]
    return digits or numbers


# ---------------------------------------------------------------- choices

OWN_LETTER = js(r"^\s*\(?([A-Za-z])\s*[).:]\s*(\S.*)$", "s")


def true_choice(truth, choices):
    index = exactly(truth, bare_choices(choices))
    return valued(truth, bare_choices(choices)) if index in (None, "other") else index


FIRST_SENTENCE = js(r"[.;](?=\s|$)")


def choice_in(text, given):
    choices = bare_choices(given)
    answer, _ = given_answer(text)
    said = announced(answer)
    for candidate in [answer] if said is None else [said, FIRST_SENTENCE.split(said, 1)[0]]:
        direct = exactly(candidate, choices)
        if direct is not None:
            return None if direct == "other" else direct
        value = valued(candidate, choices)
        if value is not None:
            return value
    whole = unmarked(answer)
    letter = lettered(whole if said is None else said, choices)
    if letter is not None:
        return None if letter == "several" else letter
    named = mentioned(whole if said is None else said, choices)
    if named is not None or said is None:
        return named
    letter = lettered(whole, choices)
    return None if letter == "several" else letter


AROUND_LETTERS = js(
    r"""\b(?:the|correct|right|true|options?|choices?|answers?|statements?|are|is|both|so|thus|therefore|and)\b|[\s()[\]{},;:&/$.*"'\\]""",
    "i",
)
LONE_LETTER = js(r"(?<![A-Za-z])([a-j])(?![A-Za-z])")


def several_in(text, given):
    """The letters of an answer that is several choices, in the alphabet's order, or None."""
    choices = bare_choices(given)
    answer, _ = given_answer(text)
    said = announced(answer)
    last = trim(answer).split("\n")[-1]
    for candidate in [answer, last] if said is None else [said, FIRST_SENTENCE.split(said, 1)[0]]:
        letters = sorted(set(without_words(candidate, choices)))
        if len(letters) > 1 and all("A" <= one <= "Z" and in_range(one, choices) is not None for one in letters):
            return "".join(letters)
    return None


def without_words(text, choices):
    letters = FONT.sub(r"\1", unmarked(text))
    for index, choice in enumerate(choices or []):
        for mark in ").:":
            letters = letters.replace(f"{chr(65 + index)}{mark} {choice}", chr(65 + index))
    return AROUND_LETTERS.sub("", LONE_LETTER.sub(lambda m: m[1].upper(), letters))


def bare_choices(choices):
    if choices is None:
        return None
    own = []
    for index, choice in enumerate(choices):
        match = OWN_LETTER.search(choice)
        if match is None or match[1].upper() != chr(65 + index):
            return list(choices)
        own.append(match[2])
    return own


FONT = js(r"\\(?:text|textbf|mathrm|mathbf)\s*\{([^{}]*)\}")
BRACKETS = js(r"\\[()[\]]")
MARKED = js(r"^[\s$*]*(?:\(([A-Za-z])\)|([A-Za-z])\s*[).:])(?![A-Za-z\d]*\))\s*(.*)$", "s")
ONE_LETTER = js(r"^([a-z])$")


def exactly(given, choices):
    """An index, "other" where letter and words belong to two choices, or None."""
    text = trim(BRACKETS.sub("", FONT.sub(r"\1", unmarked(given))))
    words = normalised(text)
    if words == "":
        return None
    index = index_of(words, choices)
    if index is not None:
        return index
    letter = ONE_LETTER.search(words)
    if letter:
        return in_range(letter[1], choices)
    match = MARKED.search(text)
    if match is None:
        return None
    index, rest = in_range(match[1] if match[1] is not None else match[2], choices), match[3]
    line = rest.split("\n")[0]
    other = index_of(normalised(line), choices)
    if other is None:
        other = valued(line, choices)
    if other is not None:
        return "other" if other != index or echoed(rest, choices) else index
    further = lettered(rest, choices)
    return None if negated(rest) or (further is not None and further != index) else index


ECHO = js(r"^[\s*-]*\(?([A-Z])\s*[).:]\s*(.*)$")


def echoed(rest, choices):
    lines = [line for line in rest.split("\n")[1:] if trim(line) != ""]

    def echoes(line):
        match = ECHO.search(line)
        return match is not None and index_of(normalised(match[2]), choices) == in_range(match[1], choices)

    return len(lines) > 0 and all(echoes(line) for line in lines)


def index_of(words, choices):
    if words == "":
        return None
    return next((index for index, choice in enumerate(choices or []) if normalised(choice) == words), None)


VALUED = js(r"\d|\\")


def valued(given, choices):
    if not VALUED.search(given) or len(given) > 200:
        return None
    formulas = list(FORMULA.finditer(given))
    text = inner(formulas[0]) if len(formulas) == 1 else given
    found = [index for index, choice in enumerate(choices or []) if same_mathematics(text, choice)]
    return found[0] if len(found) == 1 else None


NOT_ANOTHER = js(r"^[\s)*]*,\s*(?:and )?not\s+(?:option\s+)?\(?[A-Z]\b")
NEGATED = [
    js(r"^[\s,)*:]*no\b", "i"),
    js(
        r"^(?:(?!\b(?:because|since|as|while|whereas|others?|rest)\b)[^\n.,;()A-Z]){0,40}(?:\b(?:is|are)|[-–:]) (?:too\b|wrong|incorrect|false|not (?:right|correct))"
    ),
    js(
        r"^[\s,)*]*(?:(?:is|are|was|seems?|looks?|would be)\s+)?(?:not\b|n't|incorrect\b|wrong|false|too\b|impossible|ruled out|eliminated|does(?:n't| not)|do(?:n't| not)|can(?:'t|not)|isn't|fails?)",
        "i",
    ),
]


def negated(after):
    return not NOT_ANOTHER.search(after) and any(pattern.search(after) for pattern in NEGATED)


DENIED = js(
    r"""\b(?:not|neither|nor|isn't|eliminate|exclude|rule out|reject|than|unlike|except|cannot be|can't be|(?:don't|doesn't|do not) (?:think|believe)(?: that)?(?: it(?:'s| is))?|doubt(?: that)?(?: it(?:'s| is))?)\s+(?:\w+\s+)?(?:the\s+)?(?:(?:option|choice|answer)\s+)?[("'*]*$""",
    "i",
)
THING = js(
    r"""\b(?:point|side|angle|line|figure|fig\.?|triangle|circle|vertex|segment|arc|plane|set|event|vitamin|plan|type|class|group|grade|team|person|box|object|region|area|block|city|town|node|box|hepatitis|section|part|graph|panel|table|row|column|and|of|to|from|between)\s+[("'*]*$""",
    "i",
)
CONCLUSION = js(
    r"\b(?:so|thus|therefore|hence|choose|chose|select|pick|answer|correct|right|best|final|conclu\w+|must be)\b[^.\n]*$",
    "i",
)
STANDING = js(r"(?<![\w'’\\{^_])(\()?([A-Z])(?:(\))|(?![\w'’(]))")
PAIR = js(r"^\s*(?:,|&|\/|,?\s*(?:and|or))\s*$")
POINTED = js(r"""\b(?:options?|choices?|answer|choose|select|pick|is|be)\s*:?\s*[("'*]*$""", "i")
ARTICLE = [
    js(r"^\s+[a-z]"),
    js(r"^\s+(?:is|because|since|as|fits|seems|matches|or [A-Z]\b|and [A-Z]\b)"),
]
CONCLUDED = js(r"^\s*(?:is|must be) (?:the )?(?:correct|right|best|answer)", "i")


def lettered(text, choices):
    """The letter that a text comes to, "several" where there are several, or None."""
    joined, found = None, []
    for match in STANDING.finditer(text):
        opened, letter, closed = match[1], match[2], match[3]
        before, after = text[: match.start()], text[match.end() :]
        if in_range(letter, choices) is None or DENIED.search(before) or negated(after):
            continue
        first, joined = joined, None
        paired = first is not None and PAIR.search(text[first["end"] : match.start()]) is not None
        marked = (opened is not None and closed is not None) or bool(POINTED.search(before)) or (
            paired and first["marked"]
        )
        if not marked and not paired and THING.search(before):
            continue
        if not marked and letter == "I":
            continue
        if letter == "A" and opened is None and ARTICLE[0].search(after) and not ARTICLE[1].search(after):
            continue
        concluded = bool(CONCLUSION.search(before) or CONCLUDED.search(after)) or (paired and first["concluded"])
        joined = {"letter": letter, "marked": marked, "concluded": concluded, "end": match.end()}
        found.append(joined)
    readings = [
        [one for one in found if one["marked"] and one["concluded"]],
        [one for one in found if one["marked"]],
        [one for one in found if one["concluded"]],
        found,
    ]
    for reading in readings:
        letters = {one["letter"] for one in reading}
        if len(letters) == 1:
            return in_range(letters.pop(), choices)
    return "several" if found else None


MENTION = [
    (js(r"(?<![\p{L}\p{N})])[-−](?=[\d.])"), "minus "),
    (js(r"[^\p{L}\p{N}.°%]+"), " "),
    (js(r"\.(?!\d)"), " "),
    (js(r"\s+"), " "),
]
YES_NO = js(r"^(?:yes|no|true|false)$")
OPENS = js(r"^\W*\w+\W*(?:[,.;:!\n]|$)")
DENIES = js(r" (?:not|no|neither|nor|isn t|than|never)(?: (?:in|on|at|to|of))?(?: \w+)?$")
NEGATIVE_NAME = js(r"^(?:no|not|none)\b")
DENIED_AFTER = js(r"^(?:is|are|was) (?:wrong|incorrect|false|not)\b")


def bare_words(text):
    text = normalised(text)
    for pattern, instead in MENTION:
        text = pattern.sub(instead, text)
    return trim(text)


def mentioned(text, choices):
    words = f" {bare_words(text)} "
    names = [bare_words(choice) for choice in choices or []]
    first_word = trim(words).split(" ")[0]
    if first_word in names and YES_NO.search(first_word) and OPENS.search(text):
        return names.index(first_word)
    found = []
    for index in sorted(range(len(names)), key=lambda at: -len(names[at])):
        name = f" {names[index]} "
        at = words.find(name)
        if names[index] == "" or at == -1:
            continue
        before, behind = words[:at], words[at + len(name) :]
        denied = DENIES.search(before) and not NEGATIVE_NAME.search(names[index])
        if not denied and not DENIED_AFTER.search(behind):
            found.append(index)
        words = words.replace(name, " · ")
    return found[0] if len(found) == 1 else None


def in_range(letter, choices):
    index = ord(letter.upper()) - 65
    return index if choices is None or index < len(choices) else None


# ---------------------------------------------------------------- boxes

BOX_NUMBER = r"(?<![\d.])[-+]?\d{1,12}(?:\.\d{1,12})?(?!\d)"
FIFTH = r"(?!\s*,\s*(?![01]?(?:\.\d+)?\s*[\])}])[-+]?[\d.])"
FOUR = js(
    rf"(?<!\d\s*,\s*)({BOX_NUMBER})"
    + (
        r"""(?:[\s,;:()\[\]{}"'=<>|]|[xy]_?(?:min|max)?|\b(?:and|to|top|bottom|left|right|upper|lower|corner)\b|-)+"""
        + f"({BOX_NUMBER})"
    )
    * 3
    + FIFTH,
    "i",
)
CORNERS = ["x_?1|x_?min|left", "y_?1|y_?min|top", "x_?2|x_?max|right", "y_?2|y_?max|bottom"]
SIZES = ["x|left", "y|top", "w|width", "h|height"]


def entry_of(names):
    return js(rf"""(?<![A-Za-z])["']?(?:{names})["']?\s*[:=]\s*({BOX_NUMBER})""", "i")


NAMED_CORNERS, NAMED_SIZES = [entry_of(names) for names in CORNERS], [entry_of(names) for names in SIZES]
COORDINATE = [js(r"\b([xy])_?[12]\b", "i"), js("bbox_2d", "i")]


BOX_ENTRY = js(r"""["']?bbox(?:_2d)?["']?\s*[:=]""", "i")


def several_entries(text):
    """Whether a text lists boxes of several things: none of them is the answer."""
    boxes = [box_of(entry) for entry in BOX_ENTRY.split(text)[1:]]
    return len({None if box is None else tuple(box) for box in boxes}) > 1


def box_of(text):
    if several_entries(text):
        return None
    named = named_box(text)
    if named is not None:
        return named
    rest, last = COORDINATE[1].sub("", COORDINATE[0].sub(r"\1", text)), None
    match = FOUR.search(rest)
    while match is not None:
        last = ordered([float(value) for value in match.groups()[:4]])
        rest = rest[match.end() :]
        match = FOUR.search(rest)
    return last


def named_box(text):
    for patterns, is_size in ((NAMED_CORNERS, False), (NAMED_SIZES, True)):
        found = [pattern.findall(text) for pattern in patterns]
        if all(len(one) == 1 for one in found):
            a, b, c, d = (float(one[0]) for one in found)
            return [a, b, a + c, b + d] if is_size else ordered([a, b, c, d])
    return None


def ordered(values):
    a, b, c, d = values
    return [min(a, c), min(b, d), max(a, c), max(b, d)]


def iou(a, b):
    shared = max(min(a[2], b[2]) - max(a[0], b[0]), 0) * max(min(a[3], b[3]) - max(a[1], b[1]), 0)
    area = lambda box: (box[2] - box[0]) * (box[3] - box[1])  # noqa: E731
    union = area(a) + area(b) - shared
    return shared / union if union > 0 else 0


# ---------------------------------------------------------------- right or wrong

JOINED = js(r"^\s*(?:,|,?\s*(?:and|or))\s*$")
STATES = js(r"\b(?:is|are|equals|but)\s")
SENTENCE_END = js(r"\.\s|,?\s+(?:since|because|when|where|as)\s")


def mathematics_in(text):
    answer, marked = given_answer(text)
    if marked == "box":
        return [answer]
    said = announced(answer)
    where = undenied(unmarked(answer) if said is None else said)
    formulas = list(FORMULA.finditer(where))
    if not formulas:
        line = trim(where).split("\n")[-1]
        return [line, STATES.split(line)[-1]] if said is None else [line, SENTENCE_END.split(line, 1)[0]]
    begin, step = (len(formulas) - 1, -1) if said is None else (0, 1)
    together, at = [inner(formulas[begin])], begin
    while 0 <= at + step < len(formulas):
        first, second = (formulas[at], formulas[at + 1]) if step > 0 else (formulas[at - 1], formulas[at])
        if not JOINED.search(where[first.end() : second.start()]):
            break
        together.insert(len(together) if step > 0 else 0, inner(second if step > 0 else first))
        at += step
    return [", ".join(together)]


def same_words(text, answer):
    given, truth = given_answer(text)[0], normalised(answer)
    said = announced(given)
    return normalised(unmarked(given)) == truth or normalised(given if said is None else said) == truth


def to_fixed(value, digits):
    from decimal import ROUND_HALF_UP, Decimal

    return float(Decimal(value).quantize(Decimal(1).scaleb(-digits), rounding=ROUND_HALF_UP))


def is_right(text, answer, answer_type, choices=None, precision=None):
    """Whether `text`, all that the model said, gives the true answer. Boxes are in pixels of the image."""
    given = given_answer(text)[0]
    if given == "":
        return False
    if answer_type == "number":
        truth = number_of_formula(answer)
        if truth is None:
            truth = (numbers_in(answer) or [None])[-1]
        number = number_in(text)
        if truth is None:
            return normalised(given) == normalised(answer)
        if number is None:
            return False
        if precision is not None:
            number = Number(to_fixed(number.value, precision), number.percent)
        return same_number(number, truth)
    if answer_type == "math":
        return any(same_mathematics(one, answer) for one in mathematics_in(text))
    if answer_type == "text":
        return same_words(text, answer)
    if answer_type == "choice":
        truth = true_choice(answer, choices)
        several = several_in(answer, choices) if truth is None else None
        if several is not None:
            return several_in(text, choices) == several
        chosen = choice_in(text, choices)
        return (chosen is not None and chosen == truth) or (truth is None and same_words(text, answer))
    if answer_type == "box":
        truth, box = box_of(answer), box_of(given)
        return truth is not None and box is not None and iou(box, truth) > 0.5
    raise ValueError(f"unknown answer type {answer_type}")


THOUGHT = regex.compile(r"\s*<think>((?:(?!</?think>|</?answer>).)*)</think>\s*(.*?)\s*", regex.DOTALL)
ANSWERED = regex.compile(r"<answer>((?:(?!</?think>|</?answer>).)*)</answer>", regex.DOTALL)


def follows_format(text):
    """One span of thinking, then the answer: in its tag, or with a box."""
    match = THOUGHT.fullmatch(text)
    if match is None or "<think>" in match[2] or "</think>" in match[2]:
        return False
    return ANSWERED.fullmatch(match[2]) is not None or ("<answer>" not in match[2] and last_boxed(match[2]) is not None)


# ---------------------------------------------------------------- what trainers call


def text_of(completion):
    """A text, or messages whose content is a text or a list of parts."""
    content = completion if isinstance(completion, str) else completion[-1]["content"]
    return content if isinstance(content, str) else "".join(part.get("text", "") for part in content)


def format_reward(completions, **_):
    return [1.0 if follows_format(text_of(completion)) else 0.0 for completion in completions]


def answer_reward(completions, answer, answer_type, choices=None, precision=None, **_):
    none = [None] * len(completions)
    return [
        1.0 if is_right(text_of(completion), truth, kind, options or None, digits) else 0.0
        for completion, truth, kind, options, digits in zip(
            completions, answer, answer_type, choices or none, precision or none
        )
    ]


def score(text, question):
    right = is_right(
        text, question["answer"], question["answer_type"], question.get("choices") or None, question.get("precision")
    )
    shaped = follows_format(text)
    return {"overall": right + FORMAT_WEIGHT * shaped, "format": float(shaped), "accuracy": float(right)}


def compute_score(*inputs, **named):
    """verl: (data_source, solution_str, ground_truth, extra_info) → dict. EasyR1: [{response, ground_truth}] → list."""
    if "solution_str" in named or len(inputs) > 1:
        text = named["solution_str"] if "solution_str" in named else inputs[1]
        truth = named["ground_truth"] if "ground_truth" in named else inputs[2]
        parts = score(text, json.loads(truth))
        return {"score": parts["overall"], "format": parts["format"], "acc": parts["accuracy"]}
    batch = inputs[0] if inputs else named["reward_inputs"]
    return [score(one["response"], json.loads(one["ground_truth"])) for one in batch]


if __name__ == "__main__":
    for line in sys.stdin:
        row = json.loads(line)
        right = is_right(row["text"], row["answer"], row["answer_type"], row.get("choices"), row.get("precision"))
        print(json.dumps({"right": right, "format": follows_format(row["text"])}))
