"""RL: GRPO with TRL's GRPOTrainer from the stored (bf16) IN; the frozen runs differ in one argument only."""
import copy
import json
import random
import shutil
from pathlib import Path

import torch
from datasets import Dataset, Features, Image, List, Value
from transformers import Qwen2_5_VLProcessor, TrainerCallback
from trl import GRPOConfig, GRPOTrainer

import cold_start
import model as m
import questions as q
import reward
import scenes

SEED = 7272
STEPS, PROMPTS, GROUP, LR, TOKENS = 32, 16, 8, 3e-4, 112
REGIONS = {"rl": [], "rl-frozen-early": range(0, 4), "rl-frozen-mid": range(4, 8), "rl-frozen-late": range(8, 12)}


def prompts(n: int) -> list[dict]:
    """Questions of the train split, those that need more than one step before the others."""
    rng = random.Random(f"{SEED}/prompts")
    out = []
    for _ in range(n):
        u = rng.random()
        image = None
        if u < 0.3:
            image = scenes.sample_split(rng, "train", 2, 6, 0.35)
            item = cold_start.image_question(image, rng, 0.2)
            text, picture = item["prompt"], scenes.render(image)
        elif u < 0.55:
            image = scenes.sample_split(rng, "train", 2, 6, 0.25)
            item = cold_start.image_question(image, rng, 0.2)
            text, picture = f"{scenes.description(image)}\n{item['prompt']}", scenes.render(None)
        else:
            item = q.ask_text_split(rng.choice(q.TEXT_MATH), rng, "train")
            text, picture = item["prompt"], None
        out.append({"prompt": [{"role": "user", "content": text}], "images": [picture] if picture else [],
                    "answer": item["answer"], "answer_type": item["answer_type"]})
    return out


def dataset(n: int) -> Dataset:
    features = Features({
        "prompt": List({"role": Value("string"), "content": Value("string")}), "images": List(Image()),
        "answer": Value("string"), "answer_type": Value("string"),
    })
    return Dataset.from_list(prompts(n), features=features)


class Processor(Qwen2_5_VLProcessor):
    """TRL hands over None for the prompts without an image; transformers wants those left out."""

    def __call__(self, images=None, **kwargs):
        return super().__call__(images=[i for i in images if i] if images else None, **kwargs)


class Log(TrainerCallback):
    def __init__(self, path: Path):
        self.path = path

    def on_log(self, args, state, control, logs=None, **_):
        if not logs or "reward" not in logs:
            return
        line = {"step": state.global_step}
        for ours, theirs in {"reward": "reward", "reward_std": "reward_std", "format": "rewards/format_reward/mean",
                             "correct": "rewards/correct_reward/mean", "tokens": "completions/mean_length",
                             "entropy": "entropy", "grad_norm": "grad_norm", "step_seconds": "step_time"}.items():
            if theirs in logs:
                line[ours] = round(float(logs[theirs]), 5)
        lines = [l for l in self.path.read_text().splitlines() if json.loads(l)["step"] < line["step"]] if self.path.exists() else []
        self.path.write_text("\n".join([*lines, json.dumps(line)]) + "\n")


def train(name: str, start: Path, work: Path, device: str, steps: int = STEPS) -> Path:
    """Writes work/<name> (bf16). Resumes from the newest checkpoint of the trainer."""
    out, run = work / name, work / f"{name}.run"
    if (out / "DONE").exists():
        return out
    m.use_batched_windows()
    net = m.load(start, device)
    config = copy.deepcopy(net.config)  # the trainer writes into it
    frozen = list(REGIONS[name])
    count = 0
    for layer in frozen:
        for p in net.model.language_model.layers[layer].parameters():
            p.requires_grad_(False)
            count += 1
    assert bool(frozen) == bool(count)
    print(f"{name}: {count} tensors of layers {frozen} are frozen", flush=True)
    cpu = device == "cpu"
    trainer = GRPOTrainer(
        model=net,
        reward_funcs=[reward.format_reward, reward.correct_reward],
        processing_class=Processor.from_pretrained(start, padding_side="left"),
        train_dataset=dataset(steps * PROMPTS),
        callbacks=[Log(work / f"{name}.jsonl")],
        args=GRPOConfig(
            output_dir=str(run), seed=SEED, max_steps=steps, use_cpu=cpu, bf16=False,
            per_device_train_batch_size=PROMPTS * GROUP, num_generations=GROUP, gradient_accumulation_steps=1,
            max_completion_length=TOKENS, temperature=1.0, learning_rate=LR, lr_scheduler_type="cosine", warmup_steps=3,
            beta=0.0, max_grad_norm=1.0, adam_beta2=0.98, weight_decay=0.0, gradient_checkpointing=False,
            logging_steps=1, save_steps=25, save_total_limit=1, report_to=[], disable_tqdm=True,
            dataloader_num_workers=0, shuffle_dataset=False, remove_unused_columns=False,
        ),
    )
    before = {k: v.clone() for k, v in net.state_dict().items() if any(f"language_model.layers.{i}." in k for i in frozen)}
    trainer.train(resume_from_checkpoint=any(run.glob("checkpoint-*")) or None)
    after = net.state_dict()
    assert all(torch.equal(after[k], v) for k, v in before.items()), "a frozen tensor moved"
    net.config = config
    m.save(net, out, start)
    (out / "DONE").write_text("")
    shutil.rmtree(run)
    return out
