#!/usr/bin/env python3
"""Small random InternVL and Gemma 3 with tokenizer, template and image processor, and what transformers makes of them.

Run with torch, torchvision and transformers 5 installed, after test/parity/processor/make_squares.py:
    python test/parity/squares/make_expectations.py
Writes <family>/ (config and weights; the other files are those of test/parity/processor/fixtures) and expectations.json:
greedy answers to conversations with images, and the three probes, implemented here a second time by hooks, one
generation at a time and nothing cached.
"""
import json
import math
import shutil
import sys
import tempfile
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoProcessor, Gemma3Config, Gemma3ForConditionalGeneration, InternVLConfig, InternVLForConditionalGeneration
from transformers.image_utils import load_image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
FIXTURES = HERE.parent / "processor" / "fixtures"
sys.path.insert(0, str(HERE.parent / "processor"))
from make_expectations import CONVERSATIONS, PICTURED  # noqa: E402

NEW_TOKENS, LAYERS = 8, 4
TEXT = dict(hidden_size=32, intermediate_size=48, num_hidden_layers=LAYERS, num_attention_heads=4, num_key_value_heads=2, max_position_embeddings=4096, initializer_range=0.25, tie_word_embeddings=True)
VISION = dict(hidden_size=24, num_hidden_layers=2, num_attention_heads=4, intermediate_size=40)
torch.set_grad_enabled(False)
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


def internvl(own, vocabulary):
    return InternVLForConditionalGeneration(InternVLConfig(
        text_config=dict(TEXT, model_type="qwen3", head_dim=12, vocab_size=vocabulary), vision_config=dict(VISION, image_size=own["vision_config"]["image_size"], patch_size=own["vision_config"]["patch_size"], attention_bias=True, layer_scale_init_value=0.7),
        image_token_id=own["image_token_id"], image_seq_length=4, tie_word_embeddings=True))


def gemma3(own, vocabulary):
    return Gemma3ForConditionalGeneration(Gemma3Config(
        text_config=dict(TEXT, head_dim=12, query_pre_attn_scalar=2, sliding_window=24, layer_types=["sliding_attention", "full_attention"] * 2, vocab_size=vocabulary),
        vision_config=dict(VISION, image_size=own["vision_config"]["image_size"], patch_size=own["vision_config"]["patch_size"], vision_use_head=False), tie_word_embeddings=True,
        **{key: own[key] for key in ("image_token_index", "boi_token_index", "eoi_token_index", "mm_tokens_per_image")}))


def make(name, build, seed):
    fixture = FIXTURES / name
    own = json.loads((fixture / "config.json").read_text())
    vocabulary = len(AutoProcessor.from_pretrained(fixture).tokenizer)
    torch.manual_seed(seed)
    net = build(own, vocabulary)
    for path, parameter in net.named_parameters():
        # What begins as zeros or tiny would leave images alike.
        if "vision_tower" in path or "multi_modal_projector" in path:
            parameter.add_(torch.randn(parameter.shape) * 0.2)
    # An answer must not have the token that stands for images: a head that is zero is never the best.
    net.get_input_embeddings().weight[net.config.image_token_id] = 0
    folder = HERE / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    save_file({key: value.to(torch.bfloat16).contiguous() for key, value in net.state_dict().items() if key != "lm_head.weight"}, folder / "model.safetensors", metadata={"format": "pt"})
    config = json.loads(net.config.to_json_string(use_diff=False))
    for part in (config, config["text_config"], config["vision_config"]):
        for key in ("dtype", "transformers_version", "eos_token_id", "bos_token_id", "pad_token_id", "_sliding_window_pattern"):
            part.pop(key, None)
    config["architectures"] = [type(net).__name__]
    (folder / "config.json").write_text(json.dumps({key: value for key, value in config.items() if value is not None}, indent=1) + "\n")


class Subject:
    def __init__(self, name):
        with tempfile.TemporaryDirectory() as both:
            for folder in (FIXTURES / name, HERE / name):
                shutil.copytree(folder, both, dirs_exist_ok=True)
            self.net = transformers.AutoModelForImageTextToText.from_pretrained(both, dtype=torch.float32, attn_implementation="eager").eval()
            self.processor = AutoProcessor.from_pretrained(both)
            stops = self.net.generation_config.eos_token_id
        self.stops = stops if isinstance(stops, list) else [stops]
        self.layers = self.net.model.language_model.layers
        self.image = self.net.config.image_token_id

    def inputs(self, messages, images):
        text = self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        return self.processor(text=[text], images=images or None, return_tensors="pt", add_special_tokens=not text.startswith("<bos>"))

    def asked(self, prompt, image):
        words = prompt.removeprefix("<image>").removeprefix("\n")
        return self.inputs([{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": words}]}], [image])

    def forward(self, x, ids, **more):
        longer = {"input_ids": torch.cat([x["input_ids"], torch.tensor([ids], dtype=torch.long)], 1)}
        longer["attention_mask"] = torch.ones_like(longer["input_ids"])
        if "pixel_values" in x:
            longer["pixel_values"] = x["pixel_values"]
        if self.net.config.model_type == "gemma3":
            longer["token_type_ids"] = (longer["input_ids"] == self.image).int()
        return self.net(**longer, use_cache=False, **more)

    def answer(self, x, attend=False):
        """Token ids without the stop token, the smallest gap between the two largest logits, attention mass per layer and token."""
        position = int(x["input_ids"].shape[1])
        visual = (x["input_ids"][0] == self.image).nonzero()[:, 0]
        ids, gap = [], math.inf
        for _ in range(NEW_TOKENS):
            best = self.forward(x, ids).logits[0, -1].topk(2)
            gap = min(gap, float(best.values[0] - best.values[1]))
            token = int(best.indices[0])
            if token in self.stops:
                break
            ids.append(token)
        looks = [one[0, :, position:][:, :, visual].sum(-1).mean(0).tolist() for one in self.forward(x, ids, output_attentions=True).attentions] if attend else []
        return ids, gap, looks, visual

    def text(self, ids):
        return self.processor.tokenizer.decode(ids, skip_special_tokens=True)


def projections(subject):
    return {(at, part): getattr(layer.self_attn, part) for at, layer in enumerate(subject.layers) for part in ("k_proj", "v_proj")}


def swap(subject, sample, mode):
    """Keys and values of visual tokens: norm and rotation are of each token alone, so what the projections give is swapped."""
    images = [load_image(str(ROOT / "samples/probes" / sample[key])) for key in ("target_image", "source_image")]
    target, source = (subject.asked(sample["prompt"], image) for image in images)
    assert (target["input_ids"] == source["input_ids"]).all()
    visual = target["input_ids"][0] == subject.image
    found = {}
    handles = [module.register_forward_hook(lambda _m, _a, out, key=key: found.__setitem__(key, out.clone())) for key, module in projections(subject).items()]
    subject.forward(source, [])
    for handle in handles:
        handle.remove()
    base, base_gap, *_ = subject.answer(target)
    other, other_gap, *_ = subject.answer(source)
    answers, gaps = [], []
    for at in range(LAYERS):
        handles = []
        for (layer, part), module in projections(subject).items():
            if layer == at or (mode == "from" and layer > at):
                def hook(_module, _args, out, own=found[layer, part]):
                    out = out.clone()
                    out[:, : visual.shape[0]] = torch.where(visual[None, :, None], own, out[:, : visual.shape[0]])
                    return out
                handles.append(module.register_forward_hook(hook))
        ids, gap, *_ = subject.answer(target)
        for handle in handles:
            handle.remove()
        answers.append(subject.text(ids))
        gaps.append(min(gap, base_gap, other_gap))
    return {"id": sample["id"], "baseline": subject.text(base), "sourceAnswer": subject.text(other), "answers": answers, "gaps": gaps}


def skip(subject, question):
    x = subject.asked(question["prompt"], load_image(str(ROOT / "samples/eval" / question["image"])))
    base, base_gap, *_ = subject.answer(x)
    answers, gaps = [], []
    for layer in subject.layers:
        def hook(_module, args, kwargs, out):
            given = args[0] if args else kwargs["hidden_states"]
            return (given, *out[1:]) if isinstance(out, tuple) else given
        handle = layer.register_forward_hook(hook, with_kwargs=True)
        ids, gap, *_ = subject.answer(x)
        handle.remove()
        answers.append(subject.text(ids))
        gaps.append(min(gap, base_gap))
    return {"id": question["id"], "baseline": subject.text(base), "answers": answers, "gaps": gaps}


def attention(subject, question):
    ids, gap, looks, visual = subject.answer(subject.asked(question["prompt"], load_image(str(ROOT / "samples/eval" / question["image"]))), attend=True)
    return {"id": question["id"], "answer": subject.text(ids), "gap": gap, "reasoningTokens": len(ids), "visualTokens": len(visual), "mass": np.mean(looks, axis=1).tolist()}


def prompts(subject):
    result = []
    for label, messages in {**CONVERSATIONS, **PICTURED}.items():
        count = sum(part["type"] == "image" for message in messages if not isinstance(message["content"], str) for part in message["content"])
        files = ["rgb.png", "wide.png"][:count]
        ids, gap, *_ = subject.answer(subject.inputs(messages, [load_image(str(FIXTURES / "pictures" / file)) for file in files]))
        result.append({"label": label, "messages": messages, "pictures": files, "tokens": ids, "gap": gap})
    return result


def lines(file, count):
    return [json.loads(line) for line in (ROOT / "samples" / file).read_text().splitlines()[:count]]


def main():
    questions = [question for question in lines("eval/math.jsonl", 40) if question.get("image")][:2]
    samples = lines("probes/counting.jsonl", 2)
    result = {"transformers": transformers.__version__, "newTokens": NEW_TOKENS, "families": {}}
    for name, build, seed in (("internvl", internvl, 71), ("gemma3", gemma3, 81)):
        make(name, build, seed)
        subject = Subject(name)
        own = {
            "prompts": prompts(subject),
            "swap": {mode: [swap(subject, sample, mode) for sample in samples] for mode in ("from", "only")},
            "skip": [skip(subject, question) for question in questions],
            "attention": [attention(subject, question) for question in questions],
        }
        result["families"][name] = own
        print(name, [len(set(one["answers"])) for mode in ("from", "only") for one in own["swap"][mode]], [one["gap"] for one in own["prompts"]], own["attention"][0]["mass"], own["attention"][0]["visualTokens"])
    (HERE / "expectations.json").write_text(json.dumps(result, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
