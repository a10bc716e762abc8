import json
import os
import re
import sys
from pathlib import Path

# --- settings ---

HERE = Path(__file__).resolve().parent
EXPERIMENT = HERE.parent.parent
sys.path.insert(0, str(EXPERIMENT))  # reward.py
MODEL = os.environ.get("FREEZE_MODEL") or str((EXPERIMENT / IN).resolve())


# --- freezing ---


def newest_checkpoint(folder):
    """The last checkpoint that was written to its end, which is when the trainer writes trainer_state.json."""
    found = []
    for checkpoint in folder.glob("checkpoint-*"):
        try:
            json.loads((checkpoint / "trainer_state.json").read_text())
            found.append((int(checkpoint.name.split("-")[1]), checkpoint))
        except (OSError, ValueError):
            continue
    return str(max(found)[1]) if found else None


def questions(experiment):
    """Every question as a prompt in messages, its images, and what the rewards judge by."""
    from datasets import Dataset, Features, Image, List, Value

    rows = []
    for line in (experiment / "data" / "train.jsonl").read_text(encoding="utf-8").splitlines():
        row = json.loads(line)
        rows.append({**row, "images": [str(experiment / image) for image in row["images"]]})
    return Dataset.from_list(
        rows,
        features=Features(
            {
                "prompt": List({"role": Value("string"), "content": Value("string")}),
                "images": List(Image()),
                "answer": Value("string"),
                "answer_type": Value("string"),
                "choices": List(Value("string")),
                "precision": Value("int64"),
            }
        ),
    )


def processor_of(path):
    """The processor, which is handed None for questions without images and wants those left out."""
    from transformers import AutoProcessor

    processor = AutoProcessor.from_pretrained(path)
    if not hasattr(processor, "image_processor"):
        processor.padding_side = "left"
        return processor
    processor.tokenizer.padding_side = "left"

    class Processor(type(processor)):
        def __call__(self, images=None, **inputs):
            return super().__call__(images=[image for image in images if image] if images else None, **inputs)

    Processor.__name__ = type(processor).__name__  # it is saved under its own name
    processor.__class__ = Processor
    return processor


def main():
    import torch
    from transformers import AutoConfig, AutoModelForCausalLM, AutoModelForImageTextToText, TrainerCallback
    from trl import GRPOConfig, GRPOTrainer

    import reward

    class Check(TrainerCallback):
        """Once more as the trainer wrapped it, before the first step."""

        def on_train_begin(self, args, state, control, model=None, **_):
            check(model)

    out = HERE / "output"
    vision = hasattr(AutoConfig.from_pretrained(MODEL), "vision_config")
    auto = AutoModelForImageTextToText if vision else AutoModelForCausalLM
    model = auto.from_pretrained(MODEL, dtype=getattr(torch, PRECISION))
    adapters = None
    if ADAPTERS:
        from peft import LoraConfig

        adapters = LoraConfig(r=LORA_RANK, lora_alpha=2 * LORA_RANK, target_modules=ADAPTERS, task_type="CAUSAL_LM")
    else:
        freeze(model)
        check(model)
    trainer = GRPOTrainer(
        model=model,
        reward_funcs=[reward.format_reward, reward.answer_reward],
        processing_class=processor_of(MODEL),
        train_dataset=questions(EXPERIMENT),
        peft_config=adapters,
        callbacks=[Check()],
        args=GRPOConfig(
            output_dir=str(out),
            seed=SEED,
            max_steps=STEPS,
            per_device_train_batch_size=COMPLETIONS,
            gradient_accumulation_steps=max(1, PROMPTS // int(os.environ.get("WORLD_SIZE", 1))),
            num_generations=COMPLETIONS,
            max_completion_length=MAX_COMPLETION_LENGTH,
            temperature=TEMPERATURE,
            learning_rate=LEARNING_RATE,
            lr_scheduler_type="constant_with_warmup",
            warmup_steps=max(1, STEPS // 20),
            beta=KL,
            reward_weights=[reward.FORMAT_WEIGHT, 1.0],
            use_cpu=DEVICE == "cpu",
            bf16=DEVICE == "cuda",
            gradient_checkpointing=DEVICE == "cuda",
            logging_steps=1,
            save_steps=SAVE_EVERY,
            log_completions=True,
            num_completions_to_print=1,
            report_to=[],
            remove_unused_columns=False,
        ),
    )
    trainer.train(resume_from_checkpoint=newest_checkpoint(out))
    trainer.save_model(str(HERE / "result"))
    if trainer.accelerator.is_main_process:
        trainer.processing_class.save_pretrained(str(HERE / "result"))
        # Written last: a result with it is whole.
        (HERE / "result" / "finished.json").write_text(json.dumps({"steps": trainer.state.global_step, "seed": SEED}))


if __name__ == "__main__":
    main()
