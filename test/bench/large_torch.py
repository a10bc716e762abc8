"""The same answer as largeEngine.ts with transformers, weights as they are stored: python large_torch.py CHECKPOINT THREADS TOKENS. Prints JSON; seconds, bytes."""
import json
import resource
import sys
import time

import torch
from transformers import AutoTokenizer, Qwen2_5_VLForConditionalGeneration

folder, threads, tokens = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
torch.set_num_threads(threads)
torch.set_grad_enabled(False)
start = time.perf_counter()
tokenizer = AutoTokenizer.from_pretrained(folder)
model = Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype="auto", attn_implementation="sdpa").eval()
loaded = time.perf_counter()
text = tokenizer.apply_chat_template([{"role": "user", "content": "How many red objects are there? " * 16}], tokenize=False, add_generation_prompt=True)
ids = tokenizer(text, return_tensors="pt", add_special_tokens=False).input_ids
out = model(input_ids=ids, use_cache=True, logits_to_keep=1)
first = time.perf_counter()
for _ in range(tokens - 1):
    out = model(input_ids=out.logits[:, -1].argmax(-1, keepdim=True), past_key_values=out.past_key_values, use_cache=True)
end = time.perf_counter()
print(json.dumps({"promptTokens": ids.shape[1], "loading": loaded - start, "prefill": first - loaded, "perToken": (end - first) / (tokens - 1), "peak": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024}))
