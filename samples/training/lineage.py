"""Makes the whole lineage anew: python lineage.py

Everything that is finished is kept, what was stopped goes on where it was. `--work` holds the state;
the results go to samples/. Uses a GPU when there is one.
"""
import argparse
import os
import subprocess
import sys
from pathlib import Path

os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
HERE = Path(__file__).parent
FILES = ["config.json", "generation_config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json",
         "chat_template.jinja", "preprocessor_config.json"]
NAMES = ["base", "in", "rl", "rl-frozen-early", "rl-frozen-mid", "rl-frozen-late"]


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--work", type=Path, default=HERE / "work")
    parser.add_argument("--only", help="one stage: base, in, rl, rl-frozen-…, publish, evaluate, report")
    parser.add_argument("--workers", type=int, default=2, help="processes for base and in on the CPU")
    args = parser.parse_args()

    import torch

    device = "cuda" if torch.cuda.is_available() else "cpu"
    wanted = lambda stage: args.only in (None, stage)
    args.work.mkdir(parents=True, exist_ok=True)
    if wanted("base"):
        import base

        base.train(args.work, base.STEPS, device, workers=args.workers if device == "cpu" else 1)
    if wanted("in"):
        import cold_start

        cold_start.train(args.work / "base", args.work, device, workers=args.workers if device == "cpu" else 1)
    for name in NAMES[2:]:
        if wanted(name):
            import reinforce

            reinforce.train(name, args.work / "in", args.work, device)
    if wanted("publish"):
        publish(args.work)
    for stage, script in (("datasets", "datasets_on_disk.py"), ("evaluate", "evaluate.py"), ("report", "report.py")):
        if wanted(stage):
            extra = ["--again"] if stage == "evaluate" else []
            subprocess.run([sys.executable, str(HERE / script), *extra], check=True)


def publish(work: Path):
    for name in NAMES:
        if not (work / name / "DONE").exists():
            continue
        to = HERE.parent / "lineage" / name
        to.mkdir(parents=True, exist_ok=True)
        for f in FILES:
            (to / f).write_bytes((work / name / f).read_bytes())
            (to / f).chmod(0o644)
    logs = HERE.parent / "results" / "training"
    logs.mkdir(parents=True, exist_ok=True)
    for f in work.glob("*.jsonl"):
        (logs / f.name).write_bytes(f.read_bytes())


if __name__ == "__main__":
    main()
