"""Writes the tables, the curves and the picture of examples of samples/README.md from what is stored."""
import json
import math
import re
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
from PIL import Image, ImageDraw, ImageFont

from evaluate import LINEAGE, SPLICES, read, summarise

SAMPLES = Path(__file__).parent.parent
RESULTS = SAMPLES / "results"
LABEL = {"vis": "M_vis", "v2r": "M_v2r", "rea": "M_rea"}


def percent(s: dict) -> str:
    lo, hi = s["interval"]
    tenth = lambda v: f"{math.floor(1000 * v + 0.5 + 1e-9) / 10:.1f}"  # half up, as elsewhere
    return f"{tenth(s['value'])} ({tenth(lo)}–{tenth(hi)})"


def table(head: list[str], rows: list[list[str]]) -> str:
    return "\n".join("| " + " | ".join(r) + " |" for r in [head, ["---"] * len(head), *rows])


def p_value(entry: dict) -> str:
    a = entry.get("against_in")
    if not a:
        return "–"
    p = "< 0.0001" if a["p"] < 1e-4 else f"{a['p']:.4f}"
    return f"+{a['won']} −{a['lost']}, p {p if p.startswith('<') else '= ' + p}"


def abilities_table(summary: dict, names: list[str]) -> str:
    rows = []
    for n in names:
        c = summary["checkpoints"].get(n)
        if c:
            rows.append([f"`{n.upper() if ':' in n else n}`"] + [x for k in LABEL for x in (percent(c["abilities"][k]), p_value(c["abilities"][k]))] + [percent(c["format"])])
    head = ["Checkpoint"] + [x for k in LABEL for x in (f"{LABEL[k]} %", "against IN")] + ["format %"]
    return table(head, rows)


def accuracy_table(summary: dict, keys: dict[str, str]) -> str:
    names = [n for n in LINEAGE if n in summary["checkpoints"]]
    rows = []
    for key, label in keys.items():
        cells = [summary["checkpoints"][n]["accuracy"].get(key) for n in names]
        if any(cells):
            rows.append([label, str(next(c for c in cells if c)["n"])] + [percent(c) if c else "–" for c in cells])
    return table(["", "n"] + [f"`{n}`" for n in names], rows)


def log(name: str) -> list[dict]:
    path = RESULTS / "training" / f"{name}.jsonl"
    return read(path) if path.exists() else []


def smooth(values, k):
    out, acc = [], None
    for v in values:
        acc = v if acc is None else acc + (v - acc) / k
        out.append(acc)
    return out


def curves(path: Path) -> None:
    plt.rcParams.update({"font.size": 8, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(1, 3, figsize=(10, 2.8))
    base, cold = log("base"), log("in")
    axes[0].plot([l["step"] for l in base], smooth([l["token_accuracy"] for l in base], 5), color="#4c78a8")
    last = None
    for l in base:
        if l["max_objects"] != last:
            axes[0].axvline(l["step"], color="#bbbbbb", lw=0.7)
            axes[0].text(l["step"], 0.16, f" ≤{l['max_objects']}", color="#777777", fontsize=7)
            last = l["max_objects"]
    second = next((l["step"] for l in base if "told" in l), None)
    if second:
        axes[0].axvline(second, color="#bbbbbb", lw=0.7)
        axes[0].text(second, 0.16, " finding", color="#777777", fontsize=7)
    axes[0].set(title="Base: token accuracy (curriculum)", xlabel="step", ylim=(0.1, 1.02))
    axes[1].plot([l["step"] for l in cold], [l["token_accuracy"] for l in cold], color="#f58518")
    axes[1].set(title="IN: token accuracy", xlabel="step", ylim=(0, 1.02))
    for n, color in zip(LINEAGE[2:], ("#54a24b", "#e45756", "#72b7b2", "#b279a2")):
        rl = log(n)
        axes[2].plot([l["step"] for l in rl], smooth([l.get("correct", 0) for l in rl], 10), label=n, color=color, lw=1.2)
    axes[2].set(title="RL: correct, sampled (smoothed)", xlabel="step", ylim=(0, 1.02))
    axes[2].legend(frameon=False, fontsize=7)
    figure.tight_layout()
    figure.savefig(path, dpi=110, metadata={"Software": None})


def examples(path: Path) -> None:
    general = {i["id"]: i for i in read(SAMPLES / "eval" / "general.jsonl")}
    maths = read(SAMPLES / "eval" / "math.jsonl")
    told = {n: json.loads((RESULTS / f"{n}.json").read_text())["answers"] for n in ("base", "in", "rl")}
    width, height, pad = 1040, 150, 12
    picks = maths[:4]
    canvas = Image.new("RGB", (width, (height + pad) * len(picks) + pad), "white")
    d, font, bold = ImageDraw.Draw(canvas), ImageFont.load_default(13), ImageFont.load_default(14)
    for row, i in enumerate(picks):
        y = pad + row * (height + pad)
        canvas.paste(Image.open(SAMPLES / "eval" / i["image"]).convert("RGB").resize((140, 140), 0), (pad, y))
        lines = [(f"{i['prompt']}   (true: {i['answer']})", bold, "#000000")]
        for n in told:
            lines.append((f"{n}: " + told[n]["math"][i["id"]]["image"], font, {"base": "#4c78a8", "in": "#c06000", "rl": "#2d7a24"}[n]))
        for k, (t, f, color) in enumerate(lines):
            words, line, out = t.split(" "), "", []
            for w in words:
                if d.textlength(line + " " + w, font=f) > width - 190:
                    out.append(line)
                    line = "      " + w
                else:
                    line = (line + " " + w) if line else w
            for t in out + [line]:
                d.text((170, y), t, fill=color, font=f)
                y += 18
            y += 4
    canvas.quantize(64).save(path, optimize=True)


def targets_table(summary: dict) -> str:
    """What the lineage was meant to show, and whether it does."""
    c, rows = summary["checkpoints"], []
    for task in ("counting", "recognition", "grounding", "ocr"):
        s = c["base"]["accuracy"][f"probe/{task}"]
        rows.append([f"base, {task}: at least 90 %", percent(s), "yes" if s["value"] >= 0.9 else "no"])
    s = c["in"]["format"]
    rows.append(["in follows the format: at least 95 %", percent(s), "yes" if s["value"] >= 0.95 else "no"])
    for k in ("v2r", "rea"):
        s = c["rl"]["abilities"][k]
        better = s["value"] > c["in"]["abilities"][k]["value"] and s["against_in"]["p"] < 0.01
        rows.append([f"rl better than in, {LABEL[k]}, p < 0.01", f"{percent(c['in']['abilities'][k])} → {percent(s)}; {p_value(s)}", "yes" if better else "no"])
    s = c["rl"]["abilities"]["vis"]
    worse = s["value"] < c["in"]["abilities"]["vis"]["value"] and s["against_in"]["p"] < 0.01
    rows.append(["rl does not collapse in M_vis", f"{percent(c['in']['abilities']['vis'])} → {percent(s)}; {p_value(s)}", "no" if worse else "yes"])
    return table(["Meant to show", "Measured", "Met"], rows)


def cost_table() -> str:
    rows = []
    base, cold = log("base"), log("in")
    if base:
        rows.append(["base", str(base[-1]["step"]), f"{base[-1]['seconds'] / 60:.0f}", ""])
    if cold:
        rows.append(["in", str(cold[-1]["step"]), f"{cold[-1]['seconds'] / 60:.1f}", ""])
    for n in LINEAGE[2:]:
        rl = log(n)
        if rl:
            rows.append([n, str(rl[-1]["step"]), f"{sum(l.get('step_seconds', 0) for l in rl) / 60:.0f}", f"{rl[-1]['step'] and sum(l.get('tokens', 0) for l in rl[-20:]) / len(rl[-20:]):.0f} tokens a completion at the end"])
    return table(["Stage", "Steps", "Minutes", ""], rows)


def fill(text: str, name: str, body: str) -> str:
    return re.sub(rf"(<!-- {name} -->\n).*?(<!-- /{name} -->)", lambda m: m[1] + body + "\n" + m[2], text, flags=re.S)


if __name__ == "__main__":
    summary = summarise(RESULTS)
    curves(SAMPLES / "curves.png")
    examples(SAMPLES / "examples.png")
    readme = SAMPLES / "README.md"
    text = readme.read_text()
    text = fill(text, "abilities", abilities_table(summary, LINEAGE))
    text = fill(text, "splices", abilities_table(summary, SPLICES))
    functions = {f"probe/{t}": t for t in ("counting", "recognition", "grounding", "ocr")}
    text = fill(text, "functions", accuracy_table(summary, functions))
    sets = {"general/image": "general VQA, image", "general/black": "general VQA, black image", "math/image": "math VQA, image",
            "math/described": "math VQA, black image + description", "text/prompt": "text-only maths"}
    kinds = sorted(k for c in summary["checkpoints"].values() for k in c["accuracy"] if k.count("/") == 2)
    sets |= {k: f"· {k.split('/')[0]}: {k.split('/')[2]}" for k in dict.fromkeys(kinds)}
    text = fill(text, "accuracy", accuracy_table(summary, sets))
    text = fill(text, "targets", targets_table(summary))
    text = fill(text, "cost", cost_table())
    readme.write_text(text)
