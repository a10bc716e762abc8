"""The same as modelEngine.ts with transformers: python model_torch.py ROOT CHECKPOINT THREADS ROUNDS. Prints JSON; milliseconds."""
import json
import sys
import time
from pathlib import Path

import torch
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

root, folder, threads, rounds = Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
BATCHES, STEPS = [1, 8, 64], 32
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
processor = AutoProcessor.from_pretrained(folder)
model = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="sdpa").eval()
items = [json.loads(line) for line in (root / "samples/probes/counting.jsonl").read_text().splitlines()[:64]]
texts = [processor.apply_chat_template([{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": item["prompt"].removeprefix("<image>").lstrip()}]}], add_generation_prompt=True) for item in items]
images = [Image.open(root / "samples/probes" / item["target_image"]).convert("RGB") for item in items]


def clock():
    return {"wall": time.perf_counter() * 1e3, "cpu": time.process_time() * 1e3}


def between(start, end, parts):
    return {key: (end[key] - start[key]) / parts for key in start}


measured = []
for batch in BATCHES:
    x = processor(text=texts[:batch], images=images[:batch], return_tensors="pt", padding=True)
    for round in range(rounds + 1):
        model.model.rope_deltas = None
        start = clock()
        out = model(**x, use_cache=True, logits_to_keep=1)
        middle = clock()
        mask, cache = x["attention_mask"], out.past_key_values
        for _ in range(STEPS):
            token = out.logits[:, -1].argmax(-1, keepdim=True)
            mask = torch.cat([mask, mask.new_ones(batch, 1)], 1)
            positions = (mask.sum(1, keepdim=True) - 1 + model.model.rope_deltas)[None].expand(3, -1, -1)
            out = model(input_ids=token, attention_mask=mask, past_key_values=cache, use_cache=True, position_ids=positions)
        end = clock()
        if round > 0:  # the first warms up
            measured.append({"batch": batch, "prefill": between(start, middle, 1), "decode": between(middle, end, STEPS)})
print(json.dumps(measured))
