"""Verdicts of the generated reward file on the stored corpora: python test/parity/freeze/make_reward.py"""
import hashlib
import json
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[3]
SOURCE = ROOT / "src/engine/freeze/python/reward.py"
sys.path.insert(0, str(SOURCE.parent))
import reward  # noqa: E402

GRADING = ROOT / "test/parity/evaluate/grading"


def bits(flags):
    return "".join("1" if flag else "0" for flag in flags)


def corpus(name):
    rows = json.loads((GRADING / f"{name}.json").read_text(encoding="utf-8"))
    return bits(reward.is_right(r["answer"], r["truth"], r["type"], r.get("choices")) for r in rows)


def samples():
    """What the sample checkpoints said: RL to its own questions, with and without the image."""
    verdicts = {}
    for name in ("general", "math", "text"):
        lines = (ROOT / f"samples/eval/{name}.jsonl").read_text(encoding="utf-8").splitlines()
        said = json.loads((ROOT / "samples/results/rl.json").read_text(encoding="utf-8"))["answers"][name]
        flags = []
        for question in map(json.loads, lines):
            answer = question["answer"]
            answer = json.dumps(answer) if isinstance(answer, list) else str(answer)
            for text in said[question["id"]].values():
                flags.append(reward.is_right(text, answer, question["answer_type"], question.get("choices")))
        verdicts[name] = bits(flags)
    return verdicts


FORMATS = [
    ["<think>a</think><answer>3</answer>", True],
    [" <think>a\nb</think>\n<answer>3</answer>\n", True],
    ["<think>a</think>So \\boxed{3}.", True],
    ["<think>a</think>3", False],
    ["<answer>3</answer>", False],
    ["<think>a</think><answer>3</answer> or so", False],
    ["<think>a<think>b</think></think><answer>3</answer>", False],
    ["<think>a</think><answer>3</answer><answer>4</answer>", False],
    ["<think>a</think><answer>3", False],
]

if __name__ == "__main__":
    for text, follows in FORMATS:
        assert reward.follows_format(text) == follows, text
    result = {
        "source": hashlib.sha256(SOURCE.read_bytes()).hexdigest(),
        "corpus": corpus("corpus"),
        "answers": corpus("answers"),
        "variants": corpus("variants"),
        "samples": samples(),
    }
    Path(__file__).with_name("reward.json").write_text(json.dumps(result, indent=1) + "\n")
