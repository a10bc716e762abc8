#!/usr/bin/env python3
"""A small random Qwen3.5 with tokenizer, template and image processor, and what transformers makes of it, for hybrid.test.ts.

Run with torch, torchvision and transformers 5 installed:
    python test/parity/hybrid/make_expectations.py
Writes checkpoint/ and expectations.json beside this file: texts as token ids, conversations with images of odd sizes as token
ids, pixel values and greedy answers, and the three probes, implemented here a second time by hooks, one generation at a time.
"""
import hashlib
import json
import math
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image
from safetensors.torch import save_file
from tokenizers import normalizers, processors
from transformers import AutoProcessor, Qwen3_5Config, Qwen3_5ForConditionalGeneration
from transformers.image_utils import load_image
from transformers.models.qwen3_5.tokenization_qwen3_5 import PRETOKENIZE_REGEX

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
sys.path.insert(0, str(HERE.parent / "processor"))
from make_expectations import CONVERSATIONS, HALF, PICTURED, QWEN_PLAIN, QWEN_SPECIAL, TEXTS, byte_level, write  # noqa: E402

OUT = HERE / "checkpoint"
PICTURES = HERE.parent / "processor" / "fixtures" / "pictures"
NEW_TOKENS = 12
LAYERS = ["linear_attention", "linear_attention", "full_attention", "linear_attention", "full_attention", "linear_attention"]
torch.set_grad_enabled(False)
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


def make_checkpoint():
    shutil.rmtree(OUT, ignore_errors=True)
    tok = byte_level(PRETOKENIZE_REGEX, 480, QWEN_SPECIAL, QWEN_PLAIN)
    tok.normalizer = normalizers.NFC()
    tok.post_processor = processors.ByteLevel(trim_offsets=False)
    ids = {token: tok.token_to_id(token) for token in QWEN_SPECIAL}
    write(OUT, "tokenizer.json", tok.to_str())
    write(OUT, "tokenizer_config.json", {"tokenizer_class": "Qwen3_5Tokenizer", "processor_class": "Qwen3VLProcessor", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None, "bos_token": None,
                                         "clean_up_tokenization_spaces": False, "model_max_length": 262144, "additional_special_tokens": QWEN_SPECIAL[1:]})
    shutil.copy(HERE / "chat_template.jinja", OUT)
    write(OUT, "preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor", "size": {"shortest_edge": 4096, "longest_edge": 32768}, "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, **HALF})
    write(OUT, "generation_config.json", {"eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]], "pad_token_id": ids["<|endoftext|>"]})
    torch.manual_seed(31)
    own = {"image_token_id": ids["<|image_pad|>"], "video_token_id": ids["<|video_pad|>"], "vision_start_token_id": ids["<|vision_start|>"], "vision_end_token_id": ids["<|vision_end|>"]}
    model = Qwen3_5ForConditionalGeneration(Qwen3_5Config(
        text_config=dict(vocab_size=tok.get_vocab_size(), hidden_size=32, intermediate_size=48, num_hidden_layers=len(LAYERS), layer_types=LAYERS, num_attention_heads=4, num_key_value_heads=2, head_dim=16,
                         linear_num_key_heads=2, linear_key_head_dim=8, linear_num_value_heads=4, linear_value_head_dim=8, max_position_embeddings=4096, initializer_range=0.25, tie_word_embeddings=True,
                         rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "partial_rotary_factor": 0.5, "mrope_section": [2, 1, 1], "mrope_interleaved": True}),
        vision_config=dict(depth=2, hidden_size=32, intermediate_size=40, num_heads=2, patch_size=16, spatial_merge_size=2, temporal_patch_size=2, out_hidden_size=32, num_position_embeddings=36, initializer_range=0.1),
        tie_word_embeddings=True, **own))
    for name, parameter in model.named_parameters():
        if name.endswith("A_log"):
            parameter.copy_(torch.linspace(-4, -1, parameter.numel()))
    state = {name: value.to(torch.bfloat16).contiguous() for name, value in model.state_dict().items() if name != "lm_head.weight"}
    # The head that guesses ahead, as published checkpoints have it: transformers leaves it out.
    state["mtp.fc.weight"] = torch.zeros(32, 64, dtype=torch.bfloat16)
    save_file(state, OUT / "model.safetensors", metadata={"format": "pt"})
    config = json.loads(model.config.to_json_string(use_diff=False))
    text = {key: value for key, value in config["text_config"].items() if value is not None and key not in ("dtype", "pad_token_id", "eos_token_id", "bos_token_id")}
    text |= {"attn_output_gate": True, "full_attention_interval": 4, "mamba_ssm_dtype": "float32", "mlp_only_layers": [], "mtp_num_hidden_layers": 1, "mtp_use_dedicated_embeddings": False}
    vision = {key: value for key, value in config["vision_config"].items() if value is not None and key != "dtype"} | {"deepstack_visual_indexes": []}
    write(OUT, "config.json", {"model_type": "qwen3_5", "architectures": ["Qwen3_5ForConditionalGeneration"], **own, "tie_word_embeddings": True, "text_config": text, "vision_config": vision})


class Subject:
    def __init__(self):
        self.net = Qwen3_5ForConditionalGeneration.from_pretrained(OUT, dtype=torch.float32, attn_implementation="eager")
        self.net.eval()
        self.processor = AutoProcessor.from_pretrained(OUT)
        self.stops = self.net.generation_config.eos_token_id
        self.layers = self.net.model.language_model.layers

    def inputs(self, messages, images):
        text = self.processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        return self.processor(text=[text], images=images or None, return_tensors="pt")

    def asked(self, prompt, image):
        words = prompt.removeprefix("<image>").removeprefix("\n")
        return self.inputs([{"role": "user", "content": ([] if image is None else [{"type": "image"}]) + [{"type": "text", "text": words}]}], [] if image is None else [image])

    def answer(self, x, limit, attend=False):
        """Token ids without the stop token, the smallest gap between the two largest logits, attention mass per layer and token."""
        # Every step runs the whole sequence: nothing is cached that could be carried wrongly.
        position = int(x["input_ids"].shape[1])
        visual = (x["input_ids"][0] == self.net.config.image_token_id).nonzero()[:, 0]
        ids, gap = [], math.inf
        for _ in range(limit):
            best = self.forward(x, ids).logits[0, -1].topk(2)
            gap = min(gap, float(best.values[0] - best.values[1]))
            token = int(best.indices[0])
            if token in self.stops:
                break
            ids.append(token)
        looks = [one[0, :, position:][:, :, visual].sum(-1).mean(0).tolist() for one in self.forward(x, ids, output_attentions=True).attentions] if attend else []
        return ids, gap, looks, visual

    def forward(self, x, ids, **more):
        longer = {key: value for key, value in x.items() if key not in ("input_ids", "attention_mask", "mm_token_type_ids")}
        longer["input_ids"] = torch.cat([x["input_ids"], torch.tensor([ids], dtype=torch.long)], 1)
        longer["attention_mask"] = torch.ones_like(longer["input_ids"])
        longer["mm_token_type_ids"] = (longer["input_ids"] == self.net.config.image_token_id).int()
        self.net.model.rope_deltas = None
        return self.net(**longer, use_cache=False, **more)

    def text(self, ids):
        return self.processor.tokenizer.decode(ids, skip_special_tokens=True)

    def mixer(self, at):
        layer = self.layers[at]
        return layer.self_attn if hasattr(layer, "self_attn") else layer.linear_attn


def mixer_inputs(subject, x):
    found = {}
    handles = [subject.mixer(at).register_forward_pre_hook(lambda _m, _a, kwargs, at=at: found.__setitem__(at, kwargs["hidden_states"].clone()), with_kwargs=True) for at in range(len(LAYERS))]
    subject.forward(x, [])
    for handle in handles:
        handle.remove()
    return found


def swap(subject, sample, mode):
    images = [load_image(str(ROOT / "samples/probes" / sample[key])) for key in ("target_image", "source_image")]
    target, source = (subject.asked(sample["prompt"], image) for image in images)
    given = mixer_inputs(subject, source)
    visual = target["input_ids"][0] == subject.net.config.image_token_id
    assert (target["input_ids"] == source["input_ids"]).all()
    base, base_gap, *_ = subject.answer(target, NEW_TOKENS)
    other, other_gap, *_ = subject.answer(source, NEW_TOKENS)
    answers, gaps = [], []
    for at in range(len(LAYERS)):
        handles = []
        for layer in range(at, len(LAYERS)) if mode == "from" else [at]:
            def hook(_module, args, kwargs, own=given[layer]):
                hidden = kwargs["hidden_states"]
                prompt = torch.where(visual[None, :, None], own, hidden[:, : visual.shape[0]])
                return args, {**kwargs, "hidden_states": torch.cat([prompt, hidden[:, visual.shape[0] :]], 1)}
            handles.append(subject.mixer(layer).register_forward_pre_hook(hook, with_kwargs=True))
        ids, gap, *_ = subject.answer(target, NEW_TOKENS)
        for handle in handles:
            handle.remove()
        answers.append(subject.text(ids))
        gaps.append(min(gap, base_gap, other_gap))
    return {"id": sample["id"], "baseline": subject.text(base), "sourceAnswer": subject.text(other), "answers": answers, "gaps": gaps}


def skip(subject, question, part):
    image = load_image(str(ROOT / "samples/eval" / question["image"]))
    x = subject.asked(question["prompt"], image)
    base, base_gap, *_ = subject.answer(x, NEW_TOKENS)
    answers, gaps = [], []
    for at in range(len(LAYERS)):
        module = subject.layers[at] if part == "layer" else subject.mixer(at)

        def hook(_module, args, kwargs, out):
            given = args[0] if args else kwargs["hidden_states"]
            first = out[0] if isinstance(out, tuple) else out
            new = given if part == "layer" else torch.zeros_like(first)
            return (new, *out[1:]) if isinstance(out, tuple) else new
        handle = module.register_forward_hook(hook, with_kwargs=True)
        ids, gap, *_ = subject.answer(x, NEW_TOKENS)
        handle.remove()
        answers.append(subject.text(ids))
        gaps.append(min(gap, base_gap))
    return {"id": question["id"], "baseline": subject.text(base), "answers": answers, "gaps": gaps}


def attention(subject, question):
    image = load_image(str(ROOT / "samples/eval" / question["image"]))
    ids, gap, looks, visual = subject.answer(subject.asked(question["prompt"], image), NEW_TOKENS, attend=True)
    assert "think>" not in subject.processor.tokenizer.decode(ids), "all tokens are reasoning here"
    return {"id": question["id"], "answer": subject.text(ids), "gap": gap, "reasoningTokens": len(ids), "visualTokens": len(visual), "mass": np.mean(looks, axis=1).tolist()}


def lines(file, count):
    return [json.loads(line) for line in (ROOT / "samples" / file).read_text().splitlines()[:count]]


def main():
    make_checkpoint()
    subject = Subject()
    tokenizer = subject.processor.tokenizer
    sizes = ["rgb.png", "wide.png", "fits.png", "one-pixel.png", "grey.jpg", "large.jpg", "turned-6.jpg", "alpha.webp"]
    prompts = []
    for index, (label, messages) in enumerate({**CONVERSATIONS, **PICTURED}.items()):
        count = sum(part["type"] == "image" for message in messages if not isinstance(message["content"], str) for part in message["content"])
        for start in range(0, len(sizes), 2) if count else [0]:
            names = [sizes[(start + index + place) % len(sizes)] for place in range(count)]
            images = [Image.fromarray(np.asarray(load_image(str(PICTURES / name)))) for name in names]
            x = subject.inputs(messages, images)
            ids, gap, *_ = subject.answer(x, NEW_TOKENS)
            pixels = x["pixel_values"].float().numpy() if count else np.zeros(0, np.float32)
            prompts.append({"label": label, "messages": messages, "pictures": names, "ids": x["input_ids"][0].tolist(), "grids": x["image_grid_thw"].tolist() if count else [],
                            "pixels": hashlib.sha256(np.ascontiguousarray(pixels).tobytes()).hexdigest(), "tokens": ids, "gap": gap})
    questions = [question for question in lines("eval/math.jsonl", 40) if question.get("image")][:3]
    samples = lines("probes/counting.jsonl", 3)
    result = {
        "transformers": transformers.__version__, "newTokens": NEW_TOKENS,
        "texts": [[text, tokenizer.encode(text, add_special_tokens=False)] for text in TEXTS],
        "prompts": prompts,
        "swap": {mode: [swap(subject, sample, mode) for sample in samples] for mode in ("from", "only")},
        "skip": {part: [skip(subject, question, part) for question in questions] for part in ("layer", "attention")},
        "attention": [attention(subject, question) for question in questions],
    }
    (HERE / "expectations.json").write_text(json.dumps(result) + "\n")
    gaps = [prompt["gap"] for prompt in prompts] + [gap for kind in ("swap", "skip") for group in result[kind].values() for one in group for gap in one["gaps"]]
    print(len(prompts), "prompts; smallest gap", min(gaps), "answers", [prompt["tokens"][:4] for prompt in prompts[:6]])
    print(result["attention"][0]["mass"], [len(set(one["answers"])) for one in result["swap"]["from"]])


main()
