#!/usr/bin/env python3
"""Small random models of every family, and what transformers computes with them, for test/parity/model.

Run with torch and transformers 5 installed:
    python test/parity/model/make_expectations.py [NAME...]
Writes checkpoints/<name>/ and expectations.json beside this file; given names, only those are made anew. Everything follows from seeds; the models are
stored, so that the tests need neither torch nor the same random numbers.

Interventions are implemented here a second time, on transformers' own modules and cache, by hooks.
"""
import base64
import contextlib
import copy
import json
import shutil
import sys
from pathlib import Path

import numpy as np
import torch
import transformers
from safetensors.torch import save_file
from transformers import (
    DynamicCache, LlamaConfig, LlamaForCausalLM, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration, Qwen2Config,
    Qwen2ForCausalLM, Qwen2VLConfig, Qwen2VLForConditionalGeneration, Qwen3_5Config, Qwen3_5ForCausalLM, Qwen3_5ForConditionalGeneration, Qwen3_5TextConfig, Qwen3Config,
    Qwen3ForCausalLM, Qwen3VLConfig, Qwen3VLForConditionalGeneration, Qwen3VLMoeConfig, Qwen3VLMoeForConditionalGeneration,
    Qwen3_5MoeConfig, Qwen3_5MoeForConditionalGeneration,
)

HERE = Path(__file__).parent
VOCAB, PAD, EOS, IMAGE = 96, 0, 1, 2
NEW_TOKENS = 10
torch.set_grad_enabled(False)
torch.set_num_threads(1)


# ---------------------------------------------------------------- numbers that both sides can make
def mulberry(state: int):
    """The generator of src/engine/model/interventions.ts: uniform in (0, 1)."""
    mask = 0xFFFFFFFF
    while True:
        state = (state + 0x6D2B79F5) & mask
        mixed = ((state ^ (state >> 15)) * (state | 1)) & mask
        mixed ^= (mixed + ((mixed ^ (mixed >> 7)) * (mixed | 61))) & mask
        yield (((mixed ^ (mixed >> 14)) & mask) + 0.5) / 2**32


def normals(seed: int, stream: int, count: int) -> np.ndarray:
    mask = 0xFFFFFFFF
    uniform = mulberry(((seed * 0x9E3779B1) ^ ((stream + 1) * 0x85EBCA6B)) & mask)
    made = []
    for _ in range(count):
        radius = np.sqrt(-2 * np.log(next(uniform)))
        made.append(radius * np.cos(2 * np.pi * next(uniform)))
    return np.array(made, dtype=np.float32)


def pixels(seed: int, grid, patch_values: int) -> np.ndarray:
    uniform = mulberry(seed)
    count = int(np.prod(grid))
    return np.array([3 * next(uniform) - 1.5 for _ in range(count * patch_values)], dtype=np.float32).reshape(count, patch_values)


# ---------------------------------------------------------------- models
TEXT = dict(vocab_size=VOCAB, hidden_size=32, intermediate_size=48, num_hidden_layers=4, num_attention_heads=4, num_key_value_heads=2,
            max_position_embeddings=512, initializer_range=0.25, rms_norm_eps=1e-6, bos_token_id=None, eos_token_id=EOS, pad_token_id=PAD)
IDS = dict(image_token_id=IMAGE, video_token_id=3, vision_start_token_id=4, vision_end_token_id=5, eos_token_id=EOS, pad_token_id=PAD)
VISION = dict(depth=3, num_heads=2, in_channels=3, patch_size=4, spatial_merge_size=2, temporal_patch_size=2, initializer_range=0.2)
MROPE = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1]}


def qwen2_5_vl(tied, **text):
    return Qwen2_5_VLForConditionalGeneration(Qwen2_5_VLConfig(
        text_config={**TEXT, "rope_parameters": MROPE, "tie_word_embeddings": tied, "use_sliding_window": False, **text},
        vision_config=dict(VISION, hidden_size=32, intermediate_size=40, window_size=16, fullatt_block_indexes=[1], out_hidden_size=32, hidden_act="silu"),
        tie_word_embeddings=tied, **IDS))


def qwen2_vl(tied):
    return Qwen2VLForConditionalGeneration(Qwen2VLConfig(
        text_config=dict(TEXT, rope_parameters=MROPE, tie_word_embeddings=tied, use_sliding_window=False),
        vision_config=dict(VISION, embed_dim=32, hidden_size=32, mlp_ratio=2, hidden_act="quick_gelu"), tie_word_embeddings=tied, **IDS))


def qwen3_vl(tied):
    return Qwen3VLForConditionalGeneration(Qwen3VLConfig(
        text_config=dict(TEXT, head_dim=12, rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 2, 2], "mrope_interleaved": True}, tie_word_embeddings=tied),
        vision_config=dict(VISION, hidden_size=32, intermediate_size=40, out_hidden_size=32, num_position_embeddings=25, deepstack_visual_indexes=[0, 2], hidden_act="gelu_pytorch_tanh"),
        tie_word_embeddings=tied, **IDS))


LINEAR = dict(linear_conv_kernel_dim=4, linear_num_key_heads=2, linear_key_head_dim=8, linear_num_value_heads=4, linear_value_head_dim=6)
PARTIAL = {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 1, 1], "mrope_interleaved": True}


def qwen3_5(tied, rope={}, **text):
    return Qwen3_5ForConditionalGeneration(Qwen3_5Config(
        text_config={**TEXT, **LINEAR, "head_dim": 32, "rope_parameters": {**PARTIAL, **rope}, "tie_word_embeddings": tied, **text},
        vision_config=dict(VISION, hidden_size=32, intermediate_size=40, out_hidden_size=32, num_position_embeddings=25, hidden_act="gelu_pytorch_tanh"),
        tie_word_embeddings=tied, **IDS))


EXPERTS = dict(num_experts=6, num_experts_per_tok=2, moe_intermediate_size=20)


def qwen3_vl_moe(tied, **text):
    return Qwen3VLMoeForConditionalGeneration(Qwen3VLMoeConfig(
        text_config={**TEXT, **EXPERTS, "head_dim": 12, "rope_parameters": {"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [2, 2, 2], "mrope_interleaved": True}, "tie_word_embeddings": tied, **text},
        vision_config=dict(VISION, hidden_size=32, intermediate_size=40, out_hidden_size=32, num_position_embeddings=25, deepstack_visual_indexes=[0, 2], hidden_act="gelu_pytorch_tanh"),
        tie_word_embeddings=tied, **IDS))


def qwen3_5_moe(tied, **text):
    return Qwen3_5MoeForConditionalGeneration(Qwen3_5MoeConfig(
        text_config={**TEXT, **LINEAR, **EXPERTS, "shared_expert_intermediate_size": 12, "head_dim": 32, "rope_parameters": PARTIAL, "tie_word_embeddings": tied, **text},
        vision_config=dict(VISION, hidden_size=32, intermediate_size=40, out_hidden_size=32, num_position_embeddings=25, hidden_act="gelu_pytorch_tanh"),
        tie_word_embeddings=tied, **IDS))


def kinds(letters):
    return [{"L": "linear_attention", "F": "full_attention"}[letter] for letter in letters]


def llama(tied, **more):
    return LlamaForCausalLM(LlamaConfig(**dict(TEXT, tie_word_embeddings=tied, **more)))


LLAMA3 = {"rope_type": "llama3", "rope_theta": 500000.0, "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0, "original_max_position_embeddings": 64}
YARN = {"rope_type": "yarn", "rope_theta": 10000.0, "factor": 4.0, "original_max_position_embeddings": 16}

# name: (build, dtype on disk, old layout, seed)
MODELS = {
    "qwen2_5_vl-tied": (lambda: qwen2_5_vl(True), torch.bfloat16, False, 11),
    "qwen2_5_vl-other": (lambda: qwen2_5_vl(True), torch.bfloat16, False, 12),
    "qwen2_5_vl-old": (lambda: qwen2_5_vl(False), torch.float16, True, 13),
    "qwen2_vl": (lambda: qwen2_vl(False), torch.bfloat16, False, 14),
    "qwen2_vl-old-tied": (lambda: qwen2_vl(True), torch.bfloat16, True, 15),
    "qwen3_vl": (lambda: qwen3_vl(False), torch.bfloat16, False, 16),
    "qwen3_vl-tied": (lambda: qwen3_vl(True), torch.bfloat16, False, 17),
    "qwen2-tied": (lambda: Qwen2ForCausalLM(Qwen2Config(**dict(TEXT, tie_word_embeddings=True))), torch.bfloat16, False, 18),
    "qwen2-window": (lambda: Qwen2ForCausalLM(Qwen2Config(**dict(TEXT, use_sliding_window=True, sliding_window=6, max_window_layers=2))), torch.bfloat16, False, 19),
    "qwen3": (lambda: Qwen3ForCausalLM(Qwen3Config(**dict(TEXT, head_dim=16, tie_word_embeddings=False))), torch.bfloat16, False, 20),
    "llama3": (lambda: llama(False, rope_parameters=LLAMA3), torch.float32, False, 21),
    "llama-linear": (lambda: llama(True, rope_parameters={"rope_type": "linear", "rope_theta": 10000.0, "factor": 2.5}), torch.bfloat16, False, 23),
    "qwen3-yarn": (lambda: Qwen3ForCausalLM(Qwen3Config(**dict(TEXT, head_dim=16, rope_parameters=dict(YARN, beta_fast=4.0, mscale=0.9, mscale_all_dim=0.5)))), torch.bfloat16, False, 24),
    "qwen2_5_vl-yarn": (lambda: qwen2_5_vl(True, rope_parameters=dict(MROPE, **YARN)), torch.bfloat16, False, 25),
    # The published pattern; attention in the middle and at the end; a recurrence at the end, as many key as value heads.
    "qwen3_5": (lambda: qwen3_5(False), torch.bfloat16, False, 26),
    "qwen3_5-other": (lambda: qwen3_5(False), torch.bfloat16, False, 27),
    "qwen3_5-tied": (lambda: qwen3_5(True, {"partial_rotary_factor": 0.5}, head_dim=16, layer_types=kinds("LFLF")), torch.bfloat16, False, 28),
    "qwen3_5-last": (lambda: qwen3_5(True, layer_types=kinds("FLLL"), linear_num_key_heads=2, linear_num_value_heads=2, linear_conv_kernel_dim=3), torch.float32, False, 29),
    "qwen3_5-yarn": (lambda: qwen3_5(False, YARN, layer_types=kinds("LLFF"), attention_bias=True), torch.float16, False, 30),
    "qwen3_5_text": (lambda: Qwen3_5ForCausalLM(Qwen3_5TextConfig(**dict(TEXT, **LINEAR, head_dim=32, rope_parameters=PARTIAL, layer_types=kinds("LFLF"), tie_word_embeddings=True))), torch.bfloat16, False, 32),
    # Stacks inputs x outputs, as published; outputs x inputs, with dense layers between; a matrix per expert.
    "qwen3_vl_moe": (lambda: qwen3_vl_moe(False), torch.bfloat16, False, 33),
    "qwen3_vl_moe-other": (lambda: qwen3_vl_moe(False), torch.bfloat16, False, 34),
    "qwen3_vl_moe-dense": (lambda: qwen3_vl_moe(True, mlp_only_layers=[2], decoder_sparse_step=1, num_experts_per_tok=3), torch.float32, False, 35),
    "qwen3_5_moe": (lambda: qwen3_5_moe(False, layer_types=kinds("LFLF")), torch.bfloat16, False, 36),
    "qwen3_5_moe-other": (lambda: qwen3_5_moe(False, layer_types=kinds("LFLF")), torch.bfloat16, False, 37),
    "qwen3_5_moe-single": (lambda: qwen3_5_moe(True), torch.float16, False, 38),
    "llama-biased": (lambda: llama(True, attention_bias=True, mlp_bias=True), torch.bfloat16, False, 22),
}


def randomise(model, seed):
    """Initialisation leaves biases zero and norms one; nothing that is trained is either."""
    generator = torch.Generator().manual_seed(seed)
    for name, parameter in model.named_parameters():
        if parameter.ndim == 1:
            noise = torch.randn(parameter.shape, generator=generator) * 0.2
            # Norms that are stored as the distance from one; and a decay that leaves something after some tokens.
            unit = hasattr(model.config.get_text_config(), "linear_conv_kernel_dim") and name.endswith("norm.weight") and "linear_attn" not in name and "visual" not in name
            parameter.copy_(noise + (-1.5 if name.endswith("A_log") else 0 if unit or name.endswith("bias") else 1))


def as_stored(name: str, state: dict) -> dict:
    """Experts as files have them: stacks inputs x outputs (published Qwen3-VL), or a matrix per expert."""
    made = {}
    for key, value in state.items():
        if ".mlp.experts." not in key or name not in STORED:
            made[key] = value
        elif STORED[name] == "inputs first":
            made[key] = value.transpose(1, 2).contiguous()
        else:
            at, projection = key.rsplit(".", 1)
            for expert, matrix in enumerate(value):
                parts = zip(("gate_proj", "up_proj"), matrix.chunk(2)) if projection == "gate_up_proj" else [("down_proj", matrix)]
                made.update({f"{at}.{expert}.{part}.weight": one.contiguous() for part, one in parts})
    return made


STORED = {"qwen3_vl_moe": "inputs first", "qwen3_vl_moe-other": "inputs first", "qwen3_5_moe-single": "single"}


def old_name(name: str) -> str:
    return name.replace("model.visual.", "visual.", 1).replace("model.language_model.", "model.", 1)


def write(model, folder: Path, dtype, old: bool):
    folder.mkdir(parents=True)
    tied = model.config.tie_word_embeddings
    state = {name: value.to(dtype).contiguous() for name, value in model.state_dict().items() if not (tied and name == "lm_head.weight")}
    config = json.loads(model.config.to_json_string(use_diff=False))
    for part in (config, *(value for value in config.values() if isinstance(value, dict))):
        part.pop("dtype", None)
    if old:
        # As transformers before 4.52 wrote it: text sizes at the top, rope_scaling, another spelling of the names.
        state = {old_name(name): value for name, value in state.items()}
        text = config.pop("text_config")
        rope = text.pop("rope_parameters")
        config = {**text, **config, "rope_theta": rope["rope_theta"], "rope_scaling": {"type": "mrope", "mrope_section": rope["mrope_section"]}}
        config["vision_config"] = {key: value for key, value in config["vision_config"].items() if key not in ("rope_parameters", "hidden_act")}
    keep = {"model_type", "architectures", "text_config", "vision_config", "tie_word_embeddings", "rope_theta", "rope_scaling", "rope_parameters",
            "hidden_size", "num_attention_heads", "num_key_value_heads", "num_hidden_layers", "intermediate_size", "head_dim", "rms_norm_eps", "hidden_act", "vocab_size",
            "num_experts", "num_local_experts", "num_experts_per_tok", "moe_intermediate_size", "shared_expert_intermediate_size", "mlp_only_layers", "decoder_sparse_step", "max_position_embeddings", "use_sliding_window", "sliding_window", "max_window_layers", "layer_types", *LINEAR, "attention_bias", "mlp_bias", "eos_token_id", "pad_token_id", *IDS}
    config = {key: value for key, value in config.items() if key in keep and value is not None}
    config["architectures"] = [type(model).__name__]
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")
    save_file(as_stored(folder.name, state), folder / "model.safetensors", metadata={"format": "pt"})
    return {name: value.float() for name, value in state.items()}


# ---------------------------------------------------------------- prompts
def text_tokens(random, count):
    return [int(token) for token in random.integers(6, VOCAB, count)]


def image_prompt(random, grids, seeds):
    ids = text_tokens(random, int(random.integers(2, 6)))
    for grid in grids:
        ids += [4] + [IMAGE] * (int(np.prod(grid)) // 4) + [5] + text_tokens(random, int(random.integers(1, 5)))
    ids += text_tokens(random, int(random.integers(2, 7)))
    return {"inputIds": ids, "images": [{"grid": list(grid), "seed": seed} for grid, seed in zip(grids, seeds)]}


def prompts_for(vision: bool, seed: int, more: int):
    random = np.random.default_rng(seed)
    made = [{"inputIds": text_tokens(random, count), "images": []} for count in ([1, 5, 9, 14, 23] if not vision else [3, 11, 17])]
    if not vision:
        return made + [{"inputIds": text_tokens(random, int(random.integers(4, 40))), "images": []} for _ in range(5)]
    # One block, one window, several windows, windows cut off at both edges, wide, tall; then several pictures.
    shapes = [[(1, 2, 2)], [(1, 4, 4)], [(1, 8, 8)], [(1, 6, 10)], [(1, 4, 14)], [(1, 10, 2)], [(1, 6, 6)], [(1, 4, 4), (1, 6, 4)], [(1, 4, 6), (1, 4, 6)], [(1, 10, 6), (1, 2, 2), (1, 4, 8)]]
    sides = [2, 4, 6, 8]
    shapes += [[(1, int(random.choice(sides)), int(random.choice(sides))) for _ in range(index % 3)] for index in range(more)]
    return made + [image_prompt(random, grids, [1000 * seed + 10 * index + place for place in range(len(grids))]) for index, grids in enumerate(shapes)]


class Runner:
    """A model and its prompts. What families with images of another kind do otherwise, they override."""

    def __init__(self, model, state):
        self.model = model
        self.vision = hasattr(model.config, "vision_config")
        model.load_state_dict({self.new_name(name): value for name, value in state.items()}, strict=False)
        model.tie_weights()
        model.eval()
        model.generation_config.eos_token_id = EOS
        model.generation_config.pad_token_id = PAD
        if self.vision:
            self.see(model.config)

    def see(self, config):
        vision = config.vision_config
        self.patch_values = vision.in_channels * vision.temporal_patch_size * vision.patch_size**2

    def prompts(self, seed, more):
        return prompts_for(self.vision, seed, more)

    def show(self, given, images, ids):
        given["pixel_values"] = torch.from_numpy(np.concatenate([pixels(image["seed"], image["grid"], self.patch_values) for image in images]))
        given["image_grid_thw"] = torch.tensor([image["grid"] for image in images])
        given["mm_token_type_ids"] = (ids == IMAGE).int()

    def new_name(self, name):
        if not self.vision or name.startswith("model.language_model.") or name.startswith("model.visual.") or name.startswith("lm_head"):
            return name
        return "model." + name if name.startswith("visual.") else name.replace("model.", "model.language_model.", 1)

    @property
    def layers(self):
        return (self.model.model.language_model if self.vision else self.model.model).layers

    def inputs(self, prompts):
        longest = max(len(prompt["inputIds"]) for prompt in prompts)
        ids = torch.tensor([[PAD] * (longest - len(prompt["inputIds"])) + prompt["inputIds"] for prompt in prompts])
        mask = torch.tensor([[0] * (longest - len(prompt["inputIds"])) + [1] * len(prompt["inputIds"]) for prompt in prompts])
        given = {"input_ids": ids, "attention_mask": mask}
        images = [image for prompt in prompts for image in prompt["images"]]
        if images:
            self.show(given, images, ids)
        return given

    def run(self, prompts, cache=None):
        """First logits [rows, vocabulary], new tokens per row (up to the stop token), smallest gap between the best two logits."""
        if self.vision:
            self.model.model.rope_deltas = None
        more = {"past_key_values": cache} if cache is not None else {}
        out = self.model.generate(**self.inputs(prompts), do_sample=False, max_new_tokens=NEW_TOKENS, output_logits=True, return_dict_in_generate=True, **more)
        tokens = out.sequences[:, -len(out.logits):].tolist()
        rows, gaps = [], []
        for row, own in enumerate(tokens):
            end = own.index(EOS) + 1 if EOS in own else len(own)
            rows.append(own[:end])
            best = torch.stack([step[row] for step in out.logits[:end]]).topk(2).values
            gaps.append(float((best[:, 0] - best[:, 1]).min()))
        return out.logits[0], rows, gaps


# ---------------------------------------------------------------- interventions, on transformers' modules
class SwapCache(DynamicCache):
    """Replaces keys and values of the visual tokens as they are stored, in prefill."""

    def __init__(self, config, source, positions, source_positions, layers):
        super().__init__(config=config)
        self.source, self.positions, self.source_positions, self.swapped = source, positions, source_positions, layers

    def update(self, key_states, value_states, layer_idx, *args, **kwargs):
        if key_states.shape[2] > 1 and layer_idx in self.swapped:
            key_states, value_states = key_states.clone(), value_states.clone()
            key_states[:, :, self.positions] = self.source.layers[layer_idx].keys[:, :, self.source_positions]
            value_states[:, :, self.positions] = self.source.layers[layer_idx].values[:, :, self.source_positions]
        return super().update(key_states, value_states, layer_idx, *args, **kwargs)


def visual(prompt):
    return [index for index, token in enumerate(prompt["inputIds"]) if token == IMAGE]


def mixer(layer):
    return layer.self_attn if hasattr(layer, "self_attn") else layer.linear_attn


def carries_state(runner):
    return any(hasattr(layer, "linear_attn") for layer in runner.layers)


def states_of(runner, prompt):
    """Hidden states at every layer's input, the cache, deepstack features and what every mixer is given, of a plain forward pass."""
    kept, features, given = {}, {}, {}
    handles = [layer.register_forward_pre_hook(lambda _m, args, kwargs, at=at: kept.__setitem__(at, (args[0] if args else kwargs["hidden_states"]).clone()), with_kwargs=True) for at, layer in enumerate(runner.layers)]
    language = runner.model.model.language_model if runner.vision else runner.model.model
    if hasattr(language, "_deepstack_process"):
        original = language._deepstack_process
        count = iter(range(100))

        def process(hidden, mask, embeds):
            features[next(count)] = embeds.clone()
            return original(hidden, mask, embeds)
        language._deepstack_process = process
    handles += [mixer(layer).register_forward_pre_hook(lambda _m, _args, kwargs, at=at: given.__setitem__(at, kwargs["hidden_states"].clone()), with_kwargs=True) for at, layer in enumerate(runner.layers)]
    handles.append(runner.layers[-1].register_forward_hook(lambda _m, _a, out: kept.__setitem__(len(runner.layers), (out if torch.is_tensor(out) else out[0]).clone())))
    if runner.vision:
        runner.model.model.rope_deltas = None
    cache = DynamicCache(config=runner.model.config.get_text_config())
    runner.model(**runner.inputs([prompt]), past_key_values=cache, use_cache=True)
    for handle in handles:
        handle.remove()
    if "_deepstack_process" in vars(language):
        del language._deepstack_process
    return kept, cache, features, given


def routing_of(runner, prompt):
    """The experts of every token, ascending, by layer that has experts."""
    chosen = {}
    handles = [layer.mlp.gate.register_forward_hook(lambda _m, _a, out, at=at: chosen.__setitem__(str(at), out[2].sort(-1).values.tolist()))
               for at, layer in enumerate(runner.layers) if hasattr(layer.mlp, "experts")]
    if runner.vision:
        runner.model.model.rope_deltas = None
    runner.model(**runner.inputs([prompt]))
    for handle in handles:
        handle.remove()
    return chosen


@contextlib.contextmanager
def intervened(runner, prompt, interventions, others):
    """Hooks for all interventions; yields the cache to generate with."""
    handles, restore, cache = [], [], None
    # Before any hook: the source is a run that nothing was done to.
    sources = [states_of(runner, one["what"]["source"]) if one["what"]["kind"] == "swap" else None for one in interventions]

    def before(layer, edit):
        def hook(_module, args, kwargs):
            if args:
                return (edit(args[0]), *args[1:]), kwargs
            return args, {**kwargs, "hidden_states": edit(kwargs["hidden_states"])}
        handles.append(runner.layers[layer].register_forward_pre_hook(hook, with_kwargs=True))

    for one, source_states in zip(interventions, sources):
        at, what = one["at"], one["what"]
        if what["kind"] == "swap":
            kept, source_cache, features, given = source_states
            positions, source_positions = visual(prompt), visual(what["source"])
            if what["mode"] == "hidden":
                def edit(hidden, kept=kept, at=at):
                    if hidden.shape[1] == 1:
                        return hidden
                    hidden = hidden.clone()
                    hidden[:, positions] = kept[at][:, source_positions]
                    return hidden
                before(at, edit)
                language = runner.model.model.language_model if runner.vision else None
                if hasattr(language, "_deepstack_process"):
                    original = language._deepstack_process
                    count = iter(range(100))

                    def process(hidden, mask, embeds, at=at, features=features):
                        layer = next(count)
                        return original(hidden, mask, features[layer] if layer >= at else embeds)
                    language._deepstack_process = process
                    restore.append(lambda language=language: delattr(language, "_deepstack_process"))
            elif carries_state(runner):
                # There are no keys and values of all layers: what each mixer is given of the visual tokens is the source's.
                for layer in range(at, len(runner.layers)) if what["mode"] == "from" else [at]:
                    def given_hook(_module, args, kwargs, own=given[layer]):
                        hidden = kwargs["hidden_states"]
                        if hidden.shape[1] == 1:
                            return args, kwargs
                        hidden = hidden.clone()
                        hidden[:, positions] = own[:, source_positions]
                        return args, {**kwargs, "hidden_states": hidden}
                    handles.append(mixer(runner.layers[layer]).register_forward_pre_hook(given_hook, with_kwargs=True))
            else:
                layers = range(at, len(runner.layers)) if what["mode"] == "from" else [at]
                cache = SwapCache(runner.model.config.get_text_config(), source_cache, positions, source_positions, list(layers))
        elif what["kind"] == "skip":
            if what["part"] == "experts":
                # The router chooses as before; what it gives to these experts counts for nothing.
                def without(_module, args, kwargs, chosen=what.get("experts")):
                    states, index, scores = args
                    gone = torch.ones_like(scores, dtype=torch.bool) if chosen is None else torch.isin(index, torch.tensor(chosen))
                    return (states, index, torch.where(gone, 0, scores)), kwargs
                handles.append(runner.layers[at].mlp.experts.register_forward_pre_hook(without, with_kwargs=True))
                continue
            module = {"layer": runner.layers[at], "attention": mixer(runner.layers[at]), "mlp": runner.layers[at].mlp}[what["part"]]

            def after(_module, args, kwargs, out, part=what["part"]):
                given = args[0] if args else kwargs["hidden_states"]
                new = given if part == "layer" else torch.zeros_like(out[0] if isinstance(out, tuple) else out)
                return (new, *out[1:]) if isinstance(out, tuple) else new
            handles.append(module.register_forward_hook(after, with_kwargs=True))
        elif what["kind"] == "stitch":
            own = runner.layers[at]
            runner.layers[at] = others[what["checkpoint"]].layers[at]
            restore.append(lambda at=at, own=own: runner.layers.__setitem__(at, own))
        elif what["kind"] == "noise":
            def edit(hidden, at=at, what=what):
                if hidden.shape[1] == 1:
                    return hidden
                tokens, width = hidden.shape[1:]
                noise = torch.from_numpy(normals(what["seed"], at, tokens * width).reshape(tokens, width))
                size = what["scale"] * hidden.pow(2).mean(-1, keepdim=True).sqrt()
                chosen = torch.ones(tokens, dtype=torch.bool) if what["tokens"] == "all" else torch.tensor(prompt["inputIds"]) == IMAGE
                return hidden + torch.where(chosen[None, :, None], size * noise, 0)
            before(at, edit)
    try:
        yield cache
    finally:
        for handle in handles:
            handle.remove()
        for undo in reversed(restore):
            undo()


def floats(values) -> str:
    return base64.b64encode(np.ascontiguousarray(np.asarray(values, dtype="<f4")).tobytes()).decode()


def intervention_cases(vision: bool, prompt, source, name, stitched):
    layers = range(4)
    cases = []
    if vision:
        for mode in ("hidden", "from", "only"):
            cases += [[{"at": at, "what": {"kind": "swap", "mode": mode, "source": source}}] for at in layers]
        cases.append([{"at": 1, "what": {"kind": "noise", "tokens": "visual", "scale": 0.5, "seed": 7}}])
        cases.append([{"at": 1, "what": {"kind": "skip", "part": "layer"}}, {"at": 2, "what": {"kind": "swap", "mode": "hidden", "source": source}}])
        cases.append([{"at": 1, "what": {"kind": "swap", "mode": "only", "source": source}}, {"at": 3, "what": {"kind": "skip", "part": "mlp"}}])
    for part in ("layer", "attention", "mlp"):
        cases += [[{"at": at, "what": {"kind": "skip", "part": part}}] for at in (0, 2, 3)]
    cases.append([{"at": 0, "what": {"kind": "noise", "tokens": "all", "scale": 0.3, "seed": 5}}, {"at": 2, "what": {"kind": "noise", "tokens": "all", "scale": 0.1, "seed": 5}}])
    if "moe" in name:
        cases += [[{"at": at, "what": {"kind": "skip", "part": "experts"}}] for at in (0, 3)]
        cases += [[{"at": at, "what": {"kind": "skip", "part": "experts", "experts": chosen}}] for at, chosen in ((1, [0, 2, 5]), (2, [1, 3, 4]))]
    if name in stitched:
        other = stitched[name]
        cases += [[{"at": at, "what": {"kind": "stitch", "checkpoint": other}}] for at in layers]
        cases.append([{"at": at, "what": {"kind": "stitch", "checkpoint": other}} for at in (1, 2)] + [{"at": 0, "what": {"kind": "skip", "part": "attention"}}])
    return cases


# Prompts beyond those that every model has: of none to two images.
MORE = {"qwen3_vl_moe": 50, "qwen3_5_moe": 50}
INTERVENED = ["qwen2_5_vl-tied", "qwen2_vl", "qwen3_vl", "qwen3", "qwen3_5", "qwen3_5-tied", "qwen3_5-last", "qwen3_vl_moe", "qwen3_5_moe"]
STITCHED = {"qwen2_5_vl-tied": "qwen2_5_vl-other", "qwen3_5": "qwen3_5-other", "qwen3_vl_moe": "qwen3_vl_moe-other", "qwen3_5_moe": "qwen3_5_moe-other"}


def main(wanted, every=MODELS, file="expectations.json", runner_of=Runner, write_as=write, intervened_ones=INTERVENED, stitched=STITCHED):
    before = json.loads((HERE / file).read_text())["models"] if wanted else {}
    made_now = {name: model for name, model in every.items() if not wanted or name in wanted}
    runners = {}
    for name, (build, dtype, old, seed) in made_now.items():
        shutil.rmtree(HERE / "checkpoints" / name, ignore_errors=True)
        torch.manual_seed(seed)
        model = build()
        model.set_attn_implementation("eager")
        randomise(model, seed)
        runners[name] = runner_of(model, write_as(model, HERE / "checkpoints" / name, dtype, old))

    models, gaps, count = {}, [], 0
    for name, (_, _, _, seed) in made_now.items():
        runner = runners[name]
        made = []
        for prompt in runner.prompts(seed, MORE.get(name, 0)):
            logits, (tokens,), (gap,) = runner.run([prompt])
            while gap < 2e-3:  # two tokens are as good as each other: another end of the prompt decides
                prompt["inputIds"][-1] = 6 + (prompt["inputIds"][-1] - 5) % (VOCAB - 6)
                logits, (tokens,), (gap,) = runner.run([prompt])
            gaps.append(gap)
            made.append({**prompt, "tokens": tokens, "logits": floats(logits[0])})
        count += len(made)
        # What transformers makes of the same prompts padded to one batch must be the same, or the comparison means nothing.
        padded, tokens, _ = runner.run(made)
        for row, prompt in enumerate(made):
            single = np.frombuffer(base64.b64decode(prompt["logits"]), dtype="<f4")
            assert np.abs(padded[row].numpy() - single).max() < 1e-3, f"{name}: padding changes row {row}"
            assert tokens[row] == prompt["tokens"], f"{name}: padding changes the tokens of row {row}"
        entry = {"prompts": made}
        models[name] = entry
        longest = max(made, key=lambda prompt: len(prompt["images"]) * 1000 + len(prompt["inputIds"]))
        kept, *_ = states_of(runner, longest)
        attention = runner.model(**runner.inputs([longest]), output_attentions=True).attentions
        # Layers without attention give no weights.
        attending = [at for at, layer in enumerate(runner.layers) if hasattr(layer, "self_attn")]
        shown = min(1, len(attending) - 1)
        entry["states"] = {"prompt": made.index(longest), "hidden": {str(at): floats(states[0]) for at, states in kept.items() if at in (0, 2, 4)}, "attention": {str(attending[shown]): floats(attention[shown][0])}}
        if "moe" in name:
            entry["routing"] = {"prompt": made.index(longest), "chosen": routing_of(runner, longest)}
        if name in intervened_ones:
            cases = []
            pairs = [(prompt, {**prompt, "images": [{**image, "seed": image["seed"] + 5} for image in prompt["images"]]}) for prompt in (made[6], made[11])] if runner.vision else [(made[3], None)]
            for index, (prompt, source) in enumerate(pairs):
                prompt = {key: prompt[key] for key in ("inputIds", "images")}
                source = source and {key: source[key] for key in ("inputIds", "images")}
                for interventions in intervention_cases(runner.vision, prompt, source, name, stitched):
                    with intervened(runner, prompt, interventions, runners) as cache:
                        logits, (tokens,), (gap,) = runner.run([prompt], cache)
                    named = [{"at": one["at"], "what": {key: value for key, value in one["what"].items() if key != "source"}} for one in interventions]
                    cases.append({"pair": index, "interventions": named, "tokens": tokens, "logits": floats(logits[0]), "gap": gap})
            entry["pairs"] = [{"prompt": {key: prompt[key] for key in ("inputIds", "images")}, "source": source and {key: source[key] for key in ("inputIds", "images")}} for prompt, source in pairs]
            entry["interventions"] = cases
        print(name, len(made), "prompts", len(entry.get("interventions", [])), "interventions")
    result = {"transformers": transformers.__version__, "torch": torch.__version__, "stopTokens": [EOS], "newTokens": NEW_TOKENS, "models": {**before, **models}}
    (HERE / file).write_text(json.dumps(result) + "\n")
    print(count, "prompts; smallest gap between two best logits", min(gaps))


if __name__ == "__main__":
    main(sys.argv[1:])
