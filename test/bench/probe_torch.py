"""The swap sweep as one would write it with transformers: a hook, a generation per sample and depth.

    python test/bench/probe_torch.py CHECKPOINT PROBES RESULT.json THREADS

Takes samples, depths and token limit from RESULT.json (what `frankenstein probe swap --json` wrote for the same
request), and says how many answers are the same. Source states are captured once per sample; everything else is
`generate`. Prints JSON: seconds for loading and for the sweep.
"""
import json
import sys
import time
from pathlib import Path

import torch
from PIL import Image

checkpoint, folder, result, threads = sys.argv[1], Path(sys.argv[2]), json.loads(Path(sys.argv[3]).read_text()), int(sys.argv[4])
torch.set_grad_enabled(False)
torch.set_num_threads(threads)
begin = time.perf_counter()
import transformers  # noqa: E402
from transformers import AutoModelForImageTextToText, AutoProcessor  # noqa: E402

transformers.logging.set_verbosity_error()
processor = AutoProcessor.from_pretrained(checkpoint)
net = AutoModelForImageTextToText.from_pretrained(checkpoint, dtype=torch.float32).eval()
layers = net.model.language_model.layers
loaded = time.perf_counter()


def inputs(prompt, picture):
    words = [{"type": "image"}, {"type": "text", "text": prompt.removeprefix("<image>").removeprefix("\n")}]
    text = processor.apply_chat_template([{"role": "user", "content": words}], add_generation_prompt=True)
    return processor(text=[text], images=[Image.open(folder / picture).convert("RGB")], return_tensors="pt")


def answer(x):
    ids = net.generate(**x, do_sample=False, max_new_tokens=result["maxNewTokens"])[0, x["input_ids"].shape[1]:]
    return processor.tokenizer.decode(ids, skip_special_tokens=True), len(ids)


same = total = tokens = 0
for sample in result["samples"]:
    x, y = inputs(sample["prompt"], sample["targetImage"]), inputs(sample["prompt"], sample["sourceImage"])
    visual = (x["input_ids"][0] == net.config.image_token_id).nonzero().flatten()
    states = net(**y, output_hidden_states=True).hidden_states
    found = [answer(x), answer(y)]
    for depth in result["depths"]:
        def swap(module, args, kwargs, states=states[depth]):
            hidden = args[0] if args else kwargs["hidden_states"]
            if hidden.shape[1] == 1:  # prefill only
                return None
            hidden = hidden.clone()
            hidden[:, visual] = states[:, visual]
            return ((hidden, *args[1:]), kwargs) if args else (args, {**kwargs, "hidden_states": hidden})

        handle = layers[depth].register_forward_pre_hook(swap, with_kwargs=True)
        found.append(answer(x))
        handle.remove()
    expected = [sample["baseline"], sample["sourceAnswer"], *sample["answers"]]
    same += sum(text == own for (text, _), own in zip(found, expected))
    total += len(found)
    tokens += sum(count for _, count in found)
print(json.dumps({"load": loaded - begin, "sweep": time.perf_counter() - loaded, "same": same, "answers": total, "tokens": tokens, "torch": torch.__version__, "transformers": transformers.__version__}))
