"""The verifiable reward, and the grader that the evaluation shares with it."""
import json
import re

FORMAT = re.compile(r"^<think>(?:(?!</?think>|</?answer>).)*</think><answer>((?:(?!</?think>|</?answer>).)*)</answer>$", re.S)


def follows_format(text: str) -> bool:
    return FORMAT.match(text.strip()) is not None


def extract(text: str) -> str:
    """What stands between the answer tags; without tags, all of it."""
    found = re.findall(r"<answer>(.*?)(?:</answer>|$)", text, re.S)
    return (found[-1] if found else re.sub(r"<think>.*?(?:</think>|$)", "", text, flags=re.S)).strip()


def box_of(text: str):
    numbers = re.findall(r"-?\d+", text)
    return [int(n) for n in numbers] if len(numbers) == 4 else None


def iou(a, b) -> float:
    w, h = min(a[2], b[2]) - max(a[0], b[0]), min(a[3], b[3]) - max(a[1], b[1])
    inter = max(w, 0) * max(h, 0)
    area = lambda r: max(r[2] - r[0], 0) * max(r[3] - r[1], 0)
    return inter / max(area(a) + area(b) - inter, 1e-9)


def is_right(text: str, answer: str, answer_type: str) -> bool:
    given = extract(text)
    if answer_type == "box":
        a, b = box_of(given), box_of(answer)
        return iou(a, b) > 0.5 if a and b else given.lower() == answer.lower()
    if answer_type == "number":
        return re.fullmatch(r"-?\d+", given) is not None and int(given) == int(answer)
    return given.lower().rstrip(".") == answer.lower()


def text_of(completion) -> str:
    """TRL hands over [{role, content}], content a string or a list of parts."""
    content = completion[0]["content"] if isinstance(completion, list) else completion
    return content if isinstance(content, str) else "".join(p.get("text", "") for p in content)


def format_reward(completions, **_):
    return [0.2 if follows_format(text_of(c)) else 0.0 for c in completions]


def correct_reward(completions, answer, answer_type, **_):
    return [
        1.0 if follows_format(text_of(c)) and is_right(text_of(c), a, t) else 0.0
        for c, a, t in zip(completions, answer, answer_type)
    ]
