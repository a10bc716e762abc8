#!/usr/bin/env python3
"""Two small random mixtures of experts, one a little trained on from the other, and what transformers makes of them, for
routing.test.ts.

Run with torch, torchvision and transformers 5 installed:
    python test/parity/routing/make_expectations.py
Writes in/, rl/ and expectations.json beside this file. Which experts tokens go through, and answers without a layer's experts,
are found here by hooks on transformers' own modules, one prompt at a time.
"""
import json
import math
import shutil
from pathlib import Path

import torch
import transformers
from safetensors.torch import save_file
from transformers import AutoProcessor, Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration
from transformers.image_utils import load_image

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[2]
PROCESSOR = HERE.parent / "processor" / "fixtures" / "qwen3_vl"
NEW_TOKENS = 8
SKIPPED = [0, 3, 4]
torch.set_grad_enabled(False)
torch.set_num_threads(1)
transformers.logging.set_verbosity_error()


def make(name, model, ids):
    out = HERE / name
    shutil.rmtree(out, ignore_errors=True)
    shutil.copytree(PROCESSOR, out)
    state = {key: value.to(torch.bfloat16) for key, value in model.state_dict().items() if key != "lm_head.weight"}
    # Stacks inputs x outputs, as published checkpoints of the family have them.
    save_file({key: (value.transpose(1, 2) if ".mlp.experts." in key else value).contiguous() for key, value in state.items()}, out / "model.safetensors", metadata={"format": "pt"})
    (out / "model.safetensors").chmod(0o644)
    config = json.loads(model.config.to_json_string(use_diff=False))
    part = lambda key: {name: value for name, value in config[key].items() if value is not None and name not in ("dtype", "pad_token_id", "eos_token_id", "bos_token_id", "id2label", "label2id")}
    (out / "config.json").write_text(json.dumps({"model_type": "qwen3_vl_moe", "architectures": ["Qwen3VLMoeForConditionalGeneration"], **ids, "tie_word_embeddings": True, "text_config": part("text_config"), "vision_config": part("vision_config")}, indent=1) + "\n")


def make_checkpoints():
    tokenizer = json.loads((PROCESSOR / "tokenizer.json").read_text())
    known = {token["content"]: token["id"] for token in tokenizer["added_tokens"]}
    vocabulary = max(*known.values(), *tokenizer["model"]["vocab"].values()) + 1
    ids = {"image_token_id": known["<|image_pad|>"], "video_token_id": known["<|video_pad|>"], "vision_start_token_id": known["<|vision_start|>"], "vision_end_token_id": known["<|vision_end|>"]}
    torch.manual_seed(41)
    model = Qwen3VLMoeForConditionalGeneration(Qwen3VLMoeConfig(
        text_config=dict(vocab_size=vocabulary, hidden_size=32, intermediate_size=40, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2, head_dim=12, max_position_embeddings=4096, initializer_range=0.25,
                         num_experts=8, num_experts_per_tok=2, moe_intermediate_size=20, mlp_only_layers=[1], tie_word_embeddings=True,
                         rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 2, 2], "mrope_interleaved": True}),
        vision_config=dict(depth=2, hidden_size=32, intermediate_size=40, num_heads=2, patch_size=16, spatial_merge_size=2, temporal_patch_size=2, out_hidden_size=32, num_position_embeddings=36, deepstack_visual_indexes=[0], initializer_range=0.1),
        tie_word_embeddings=True, **ids))
    make("in", model, ids)
    for name, parameter in model.named_parameters():
        if "visual" not in name and parameter.ndim > 1:
            parameter.add_(torch.randn_like(parameter) * 0.012)
    make("rl", model, ids)


class Subject:
    def __init__(self, name):
        self.net = Qwen3VLMoeForConditionalGeneration.from_pretrained(HERE / name, dtype=torch.float32, attn_implementation="eager")
        self.net.eval()
        self.processor = AutoProcessor.from_pretrained(HERE / name)
        self.layers = self.net.model.language_model.layers
        self.routed = [at for at, layer in enumerate(self.layers) if hasattr(layer.mlp, "experts")]

    def asked(self, question):
        image = question.get("image")
        images = [load_image(str(ROOT / "samples/eval" / image))] if image else []
        content = [{"type": "image"}] * len(images) + [{"type": "text", "text": question["prompt"].removeprefix("<image>").removeprefix("\n")}]
        text = self.processor.apply_chat_template([{"role": "user", "content": content if images else content[0]["text"]}], add_generation_prompt=True, tokenize=False)
        return self.processor(text=[text], images=images or None, return_tensors="pt")

    def forward(self, x, ids=()):
        longer = {key: value for key, value in x.items() if key not in ("input_ids", "attention_mask", "mm_token_type_ids")}
        longer["input_ids"] = torch.cat([x["input_ids"], torch.tensor([list(ids)], dtype=torch.long)], 1)
        longer["attention_mask"] = torch.ones_like(longer["input_ids"])
        longer["mm_token_type_ids"] = (longer["input_ids"] == self.net.config.image_token_id).int()
        self.net.model.rope_deltas = None
        return self.net(**longer, use_cache=False)

    def routes(self, x):
        found, gaps = {}, []
        def keep(at):
            def hook(_module, _args, out):
                found[at] = [frozenset(row) for row in out[2].tolist()]
                best = out[0].topk(3).values
                gaps.append(float((best[:, 1] - best[:, 2]).min()))
            return hook
        handles = [self.layers[at].mlp.gate.register_forward_hook(keep(at)) for at in self.routed]
        self.forward(x)
        for handle in handles:
            handle.remove()
        return found, min(gaps)

    def answer(self, x):
        ids, gap = [], math.inf
        for _ in range(NEW_TOKENS):
            best = self.forward(x, ids).logits[0, -1].topk(2)
            gap = min(gap, float(best.values[0] - best.values[1]))
            if int(best.indices[0]) in self.net.generation_config.eos_token_id:
                break
            ids.append(int(best.indices[0]))
        return self.processor.tokenizer.decode(ids, skip_special_tokens=True), gap

    def without(self, x, at, experts):
        def hook(_module, args):
            states, index, scores = args
            gone = torch.ones_like(scores, dtype=torch.bool) if experts is None else torch.isin(index, torch.tensor(experts))
            return states, index, torch.where(gone, 0, scores)
        handle = self.layers[at].mlp.experts.register_forward_pre_hook(hook)
        found = self.answer(x)
        handle.remove()
        return found


def lines(file):
    return [json.loads(line) for line in (ROOT / "samples/eval" / file).read_text().splitlines()]


def main():
    make_checkpoints()
    one, other = Subject("in"), Subject("rl")
    pictured = [question for question in lines("math.jsonl") if question.get("image")][:4]
    routing, closest = [], math.inf
    for question in pictured:
        x = one.asked(question)
        visual = (x["input_ids"][0] == one.net.config.image_token_id).tolist()
        (a, near), (b, near_other) = one.routes(x), other.routes(x)
        closest = min(closest, near, near_other)
        changed = {at: [left != right for left, right in zip(a[at], b[at])] for at in one.routed}
        routing.append({"id": question["id"], "tokens": len(visual), "visualTokens": sum(visual),
                        "changedText": [sum(c for c, v in zip(changed[at], visual) if not v) for at in one.routed],
                        "changedVisual": [sum(c for c, v in zip(changed[at], visual) if v) for at in one.routed]})
    skip = {}
    for part, experts in (("all", None), ("some", SKIPPED)):
        skip[part] = []
        for question in lines("text.jsonl")[:3]:
            x = one.asked(question)
            baseline, gap = one.answer(x)
            found = [one.without(x, at, experts) for at in one.routed]
            skip[part].append({"id": question["id"], "baseline": baseline, "answers": [text for text, _ in found], "gaps": [min(gap, own) for _, own in found]})
    result = {"transformers": transformers.__version__, "newTokens": NEW_TOKENS, "layers": one.routed, "skipped": SKIPPED, "routing": routing, "skip": skip}
    (HERE / "expectations.json").write_text(json.dumps(result, indent=1) + "\n")
    print("closest choice of experts", closest, routing, [[len(set(one["answers"])), one["baseline"] in one["answers"]] for one in skip["some"]])


main()
