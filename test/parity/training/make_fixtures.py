"""
Writes test/parity/training/logs, as the trainers themselves log, and expected.json, what Python reads in them.

TRL trains the sample IN for four steps on the processor, with completions and trackio. ms-swift and verl need a GPU to
train: what writes their files is taken out of the packages by name and run on TRL's numbers. The packages are downloaded,
not installed: pip download --no-deps ms-swift==4.6.0 verl==0.9.1, unpacked into one folder.

python make_fixtures.py FOLDER_OF_UNPACKED_PACKAGES     (trl 1.16.0, trackio 0.43.0, transformers 5.24.0, orjson)
python make_fixtures.py                                 reads the stored logs again
"""


import ast
import json
import math
import os
import shutil
import sqlite3
import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace


HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
LOGS = HERE / "logs"
SOURCES = Path(sys.argv[1]) if len(sys.argv) > 1 else None
WORK = Path(tempfile.mkdtemp())
os.environ.update(TRACKIO_DIR=str(WORK / "trackio"), HF_HUB_OFFLINE="1", TRACKIO_JOURNAL_MODE="WAL")


def short_reward(completions, **_):
    return [1.0 if len(text_of(one)) < 30 else 0.0 for one in completions]


def letters_reward(completions, **_):
    """None where it does not apply: TRL logs NaN in completions for it."""
    return [None if not text_of(one) else sum(letter.isalpha() for letter in text_of(one)) / 30 for one in completions]


def text_of(completion):
    return completion if isinstance(completion, str) else completion[-1]["content"]


def train(out):
    import torch
    from datasets import Dataset, Features, Image, List, Value
    from transformers import AutoModelForImageTextToText, AutoProcessor
    from trl import GRPOConfig, GRPOTrainer

    sample = ROOT / "samples"
    lines = (sample / "eval" / "general.jsonl").read_text().splitlines()[:8]
    rows = [json.loads(line) for line in lines]
    rows = [
        {
            "prompt": [{"role": "user", "content": row["prompt"].replace("<image>", "")}],
            "images": [str(sample / "eval" / row["image"])],
        }
        for row in rows
        if "image" in row
    ]
    features = {"prompt": List({"role": Value("string"), "content": Value("string")}), "images": List(Image())}
    trainer = GRPOTrainer(
        model=AutoModelForImageTextToText.from_pretrained(sample / "lineage" / "in", dtype=torch.float32),
        reward_funcs=[short_reward, letters_reward],
        processing_class=AutoProcessor.from_pretrained(sample / "lineage" / "in", padding_side="left"),
        train_dataset=Dataset.from_list(rows, features=Features(features)),
        args=GRPOConfig(
            output_dir=str(out),
            seed=0,
            max_steps=4,
            per_device_train_batch_size=4,
            num_generations=4,
            max_completion_length=12,
            learning_rate=1e-3,
            beta=0.04,
            use_cpu=True,
            bf16=False,
            gradient_checkpointing=False,
            logging_steps=1,
            save_steps=2,
            log_completions=True,
            num_completions_to_print=1,
            report_to="trackio",
            project="sample",
            run_name="control",
            remove_unused_columns=False,
        ),
    )
    trainer.train()
    return trainer.state.log_history


def taken(file, name):
    """A function or class of a package, without importing the package."""
    for node in ast.walk(ast.parse((SOURCES / file).read_text())):
        if getattr(node, "name", None) == name:
            return compile(ast.Module([node], []), file, "exec")
    raise SystemExit(f"{file} has no {name}")


def keep_trl(out):
    for name in ["checkpoint-2", "checkpoint-4"]:
        (LOGS / "trl" / name).mkdir(parents=True)
        shutil.copy(out / name / "trainer_state.json", LOGS / "trl" / name)
    shutil.copytree(out / "completions", LOGS / "trl" / "completions", ignore=shutil.ignore_patterns("README.md"))


def keep_trackio():
    """One run as TRL logged it, another with what JSON has no number for; and the same while it is being written."""
    import trackio

    trackio.init(project="sample", name="diverged")
    for step, loss in enumerate([0.5, float("nan"), float("inf"), 0.25]):
        trackio.log({"loss": loss, "note": "text"}, step=step)
    trackio.finish()
    target = LOGS / "trackio"
    target.mkdir(parents=True)
    source = WORK / "trackio" / "sample.db"
    whole = sqlite3.connect(source)
    whole.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    whole.close()
    live = target / "live"
    live.mkdir()
    # A writer that has not written its log back, as a trainer at work leaves it.
    shutil.copy(source, WORK / "live.db")
    writer = sqlite3.connect(WORK / "live.db", isolation_level=None)
    writer.execute("PRAGMA journal_mode = WAL")
    writer.execute("PRAGMA wal_autocheckpoint = 0")
    run = writer.execute("SELECT DISTINCT run_id FROM metrics WHERE run_name = 'diverged'").fetchone()[0]
    insert = "INSERT INTO metrics (run_id, timestamp, run_name, step, metrics) VALUES (?, '2026-01-01', 'diverged', ?, ?)"
    for step in range(4, 10):
        writer.execute(insert, (run, step, json.dumps({"loss": step / 8, "long": "x" * 500})))
    for suffix in ["", "-wal"]:
        shutil.copy(WORK / f"live.db{suffix}", live / f"sample.db{suffix}")
    writer.close()
    plain = sqlite3.connect(source)
    plain.execute("PRAGMA journal_mode = DELETE")
    plain.execute("VACUUM")
    plain.close()
    shutil.copy(source, target / "sample.db")


def keep_swift(history):
    """logging.jsonl and completions.jsonl: ms-swift's own message per step, by its own writer."""
    space = {
        **{"json": json, "os": os, "time": time, "Queue": type("Queue", (), {}), "check_json_format": lambda it: it},
        **{"is_master": lambda: True, "is_last_rank": lambda: True, "dist": SimpleNamespace(is_initialized=bool)},
        **{"format_time": lambda seconds: f"{int(seconds)}s", "get_max_reserved_memory": lambda: 0.5},
    }
    exec("from typing import *", space)
    exec(taken("swift/utils/io_utils.py", "JsonlWriter"), space)
    exec(taken("swift/trainers/patcher.py", "add_train_message"), space)
    target = LOGS / "swift" / "v0-20260101-000000"
    logging = space["JsonlWriter"](str(target / "logging.jsonl"))
    for logs in history:
        logs = dict(logs)
        state = SimpleNamespace(global_step=logs.pop("step"), max_steps=4)
        space["add_train_message"](logs, state, time.time() - 10, 0)
        logging.append(logs)
    completions = space["JsonlWriter"](str(target / "completions.jsonl"))
    for step in range(1, 5):
        completions.append(
            {
                "step": [str(step)] * 2,
                "prompt": ["<|im_start|>user\n<image>How many?<|im_end|>\n"] * 2,
                "completion": [f"It is {step}.", "<script>alert(1)</script>"],
                "Format": [1.0, 0.0],
                "advantages": [0.5, -0.5],
            }
        )


def keep_verl(history):
    """The JSONL logger and the rollouts: verl's own writers, with verl's names for TRL's numbers."""
    import orjson

    os.environ["VERL_FILE_LOGGER_ROOT"] = str(LOGS / "verl")
    space = {"os": os, "orjson": orjson, "json": json}
    exec(taken("verl/utils/tracking.py", "FileLogger"), space)
    exec(taken("verl/trainer/ppo/ray_trainer.py", "_write_generations"), space)
    logger = space["FileLogger"]("project", "experiment")
    for logs in history:
        if "reward" not in logs:
            continue
        step = logs["step"]
        data = {
            "training/global_step": step,
            "critic/score/mean": logs["reward"],
            "actor/entropy": logs["entropy"],
            "actor/kl_loss": logs["kl"],
            "actor/pg_loss": logs["loss"],
            "actor/pg_clipfrac": logs["clip_ratio/region_mean"],
            "actor/lr": logs["learning_rate"],
            "actor/grad_norm": float("nan") if step == 2 else logs["grad_norm"],
            "response_length/mean": logs["completions/mean_length"],
            "response_length/clip_ratio": logs["completions/clipped_ratio"],
        }
        logger.log(data, step)
        space["_write_generations"](
            ["user\nHow many?"] * 2,
            [f"It is {step}.", "I do not know."],
            [str(step)] * 2,
            [1.2, 0.0],
            {"format": [1.0, 0.0], "accuracy": [1.0, 0.0]},
            str(LOGS / "verl" / "rollouts"),
            step,
        )
    logger.finish()


def plain(value):
    """What is no finite number is null in expected.json."""
    return value if isinstance(value, (int, float)) and math.isfinite(value) else None


def numbers(pairs):
    """Values by step per key, the last of a step; only keys with at least one number."""
    series = {}
    for step, logs in pairs:
        for key, value in logs.items():
            if isinstance(value, bool) or not (isinstance(value, (int, float)) or value is None):
                continue
            series.setdefault(key, {})[step] = plain(value)
    kept = {key: points for key, points in series.items() if any(value is not None for value in points.values())}
    return {key: sorted(points.items()) for key, points in kept.items()}


def jsonl(file):
    return [json.loads(line) for line in file.read_text().splitlines()]


def read_db(file):
    database = sqlite3.connect(f"file:{file}?mode=ro", uri=True)
    runs = {}
    for run, step, metrics in database.execute("SELECT run_name, step, metrics FROM metrics ORDER BY id"):
        logs = json.loads(metrics)
        logs = {key: None if value in ("NaN", "Infinity", "-Infinity") else value for key, value in logs.items()}
        runs.setdefault(run, []).append((logs.get("train/global_step", step), logs))
    database.close()
    return {run: numbers(pairs) for run, pairs in runs.items()}


def expected():
    import pandas

    state = json.loads((LOGS / "trl" / "checkpoint-4" / "trainer_state.json").read_text())
    frame = pandas.read_parquet(LOGS / "trl" / "completions" / "completions_00002.parquet")
    columns = frame.drop(columns=["prompt", "completion"]).to_dict("records")
    rows = [{name: plain(value) for name, value in row.items()} for row in columns]
    for row, completion in zip(rows, frame["completion"]):
        row["text"] = text_of(list(completion) if not isinstance(completion, str) else completion)
    logging = jsonl(LOGS / "swift" / "v0-20260101-000000" / "logging.jsonl")
    verl = jsonl(LOGS / "verl" / "project" / "experiment.jsonl")
    copy = WORK / "copy"
    shutil.copytree(LOGS / "trackio" / "live", copy)  # opening it writes beside it
    return {
        "trl": numbers((logs["step"], {k: v for k, v in logs.items() if k != "step"}) for logs in state["log_history"]),
        "completions": rows,
        "swift": numbers((int(logs["global_step/max_steps"].split("/")[0]), logs) for logs in logging),
        "verl": numbers((logs["step"], logs["data"]) for logs in verl),
        "trackio": read_db(LOGS / "trackio" / "sample.db"),
        "trackio live": read_db(copy / "sample.db"),
    }


def main():
    if SOURCES is not None:
        shutil.rmtree(LOGS, ignore_errors=True)
        history = train(WORK / "out")
        keep_trl(WORK / "out")
        keep_trackio()
        keep_swift(history)
        keep_verl(history)
    (HERE / "expected.json").write_text(json.dumps(expected()) + "\n")


if __name__ == "__main__":
    main()
