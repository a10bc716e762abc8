"""What transformers answers with the sample lineage: stored, so that another engine can be held against it.

    python test/parity/samples/make_expectations.py [base in rl]

Writes expectations-<checkpoint>.json: fp32 arithmetic on the stored bf16 weights, eager attention, one prompt at a time
(no padding). For every case: the prompt as the chat template writes it, the token ids after the image is
unfolded, the M-RoPE positions, all logits after the last prompt token, the greedy continuation.
Some cases also carry the hidden state of the last prompt token after every layer and the image features.
"""
import json
import sys
from pathlib import Path

import torch
import transformers
from PIL import Image
from transformers import AutoModelForImageTextToText, AutoProcessor

ROOT = Path(__file__).parents[3]
SAMPLES = ROOT / "samples"
TOKENS = 64


def read(path):
    return [json.loads(line) for line in path.read_text().splitlines()]


def cases():
    ev, pr = SAMPLES / "eval", SAMPLES / "probes"
    general, maths, text = (read(ev / f"{n}.jsonl") for n in ("general", "math", "text"))
    for i in general[:16]:
        yield i["id"], f"samples/eval/{i['image']}", i["prompt"]
    for i in general[16:20]:
        yield i["id"] + "/black", "black", i["prompt"]
    for i in maths[:8]:
        yield i["id"], f"samples/eval/{i['image']}", i["prompt"]
    for i in maths[8:12]:
        yield i["id"] + "/described", "black", f"{i['description']}\n{i['prompt']}"
    for i in text[:8]:
        yield i["id"], None, i["prompt"]
    for task in ("counting", "ocr", "grounding", "recognition"):
        i = read(pr / f"{task}.jsonl")[0]
        for side in ("target", "source"):
            yield f"{i['id']}/{side}", f"samples/probes/{i[f'{side}_image']}", i["prompt"].removeprefix("<image>")
    yield "free/caption", f"samples/eval/{general[0]['image']}", "Describe the image."
    yield "free/unknown-words", f"samples/eval/{general[1]['image']}", "Où est le cercle? 日本語 🙂 <b>&amp;</b>"
    yield "free/text", None, "12 x 3 ="


@torch.no_grad()
def main():
    round_all = lambda t: [float(f"{v:.6g}") for v in t.flatten().tolist()]
    for checkpoint in sys.argv[1:] or ("base", "in", "rl"):
        out = {"transformers": transformers.__version__, "torch": torch.__version__, "dtype": "float32", "max_new_tokens": TOKENS, "cases": []}
        folder = SAMPLES / "lineage" / checkpoint
        processor = AutoProcessor.from_pretrained(folder)
        net = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32, attn_implementation="eager").eval()
        for n, (name, image, text) in enumerate(cases()):
            picture = None if image is None else Image.new("RGB", (112, 112)) if image == "black" else Image.open(ROOT / image).convert("RGB")
            content = ([{"type": "image"}] if image else []) + [{"type": "text", "text": text}]
            prompt = processor.apply_chat_template([{"role": "user", "content": content}], add_generation_prompt=True)
            x = processor(text=[prompt], images=[picture] if picture else None, return_tensors="pt")
            step = net(**x, output_hidden_states=True)
            ids = net.generate(**x, do_sample=False, max_new_tokens=TOKENS)[0, x["input_ids"].shape[1] :]
            vision = {k: x[k] for k in ("image_grid_thw", "mm_token_type_ids") if k in x}
            positions, _ = net.model.get_rope_index(x["input_ids"], attention_mask=x["attention_mask"], **vision)
            case = {
                "checkpoint": checkpoint, "id": name, "image": image, "text": text, "prompt": prompt,
                "input_ids": x["input_ids"][0].tolist(), "positions": positions[:, 0].tolist(),
                "logits": round_all(step.logits[0, -1]),
                "greedy_ids": ids.tolist(), "greedy_text": processor.decode(ids, skip_special_tokens=True),
            }
            if name in ("general-000", "math-008/described", "text-000"):
                case["hidden_states"] = [round_all(h[0, -1]) for h in step.hidden_states]
                if picture:
                    case["image_features"] = round_all(net.model.visual(x["pixel_values"], grid_thw=x["image_grid_thw"]).pooler_output)
            out["cases"].append(case)
        head = {k: v for k, v in out.items() if k != "cases"}
        lines = ",\n".join(json.dumps(c, separators=(",", ":"), ensure_ascii=False) for c in out["cases"])
        (Path(__file__).parent / f"expectations-{checkpoint}.json").write_text(json.dumps(head)[:-1] + ', "cases": [\n' + lines + "\n]}\n")
        print(checkpoint, len(out["cases"]), "cases")


if __name__ == "__main__":
    main()
