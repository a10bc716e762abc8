"""Times torch.linalg.svdvals of one update: spectrum_torch.py BEFORE AFTER THREADS ROUNDS OUT.

Float32, as users call it; the update is in memory before the clock starts. Writes the values to OUT (float64) and prints
JSON: seconds per round, peak memory in bytes.
"""

import json
import resource
import sys
import time

import safetensors.torch
import torch

before, after, threads, rounds, out = sys.argv[1:]
torch.set_num_threads(int(threads))
earlier, later = (next(iter(safetensors.torch.load_file(file).values())) for file in (before, after))
delta = later.float().sub_(earlier)
del earlier, later
torch.linalg.svdvals(torch.ones(64, 64))  # starts threads, loads LAPACK

seconds = []
for _ in range(int(rounds)):
    start = time.perf_counter()
    values = torch.linalg.svdvals(delta)
    seconds.append(time.perf_counter() - start)
values.to(torch.float64).numpy().tofile(out)
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
print(json.dumps({"torch": torch.__version__, "seconds": seconds, "memory": memory}))
