"""The little Qwen2.5-VL: tokenizer, processor, configuration, and a fast forward pass for training.

The model class is transformers' own. Only two things are done differently while training, both equal
to the original in result (tested): window attention runs as one batch, since all windows have the same
size; and several questions about one image share its prefix through a block mask.
"""
import json
from pathlib import Path

import numpy as np
import torch
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import (
    GenerationConfig, PreTrainedTokenizerFast, Qwen2_5_VLConfig, Qwen2_5_VLForConditionalGeneration,
)
from transformers.models.qwen2_5_vl import modeling_qwen2_5_vl as hf

import scenes

VOCAB = 512
SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>",
           "<|image_pad|>", "<|video_pad|>"]
PLAIN = ["<think>", "</think>", "<answer>", "</answer>"]
PROCESSOR = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja", "preprocessor_config.json")
CHAT_TEMPLATE = (
    "{% for message in messages %}<|im_start|>{{ message['role'] }}\n"
    "{% if message['content'] is string %}{{ message['content'] }}"
    "{% else %}{% for content in message['content'] %}"
    "{% if content['type'] == 'image' or 'image' in content or 'image_url' in content %}<|vision_start|><|image_pad|><|vision_end|>"
    "{% elif content['type'] == 'video' or 'video' in content %}<|vision_start|><|video_pad|><|vision_end|>"
    "{% elif 'text' in content %}{{ content['text'] }}{% endif %}{% endfor %}{% endif %}<|im_end|>\n"
    "{% endfor %}{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)


# ---------------------------------------------------------------- tokenizer and processor
def build_tokenizer(corpus: list[str]) -> PreTrainedTokenizerFast:
    """Byte-level BPE (any text encodes). Digits and capital letters stay single: sums and codes are spelled out."""
    tok = Tokenizer(models.BPE())
    tok.pre_tokenizer = pre_tokenizers.Sequence([
        pre_tokenizers.Split(Regex(r"\p{Lu}| ?\p{Ll}+|\p{N}| ?[^\s\p{Lu}\p{Ll}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"), "isolated"),
        pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
    ])
    tok.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=VOCAB - len(SPECIAL) - len(PLAIN), initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False,
    )
    tok.train_from_iterator(corpus, trainer)
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in SPECIAL])
    tok.add_tokens([AddedToken(t, special=False, normalized=False) for t in PLAIN])
    return PreTrainedTokenizerFast(
        tokenizer_object=tok, eos_token="<|im_end|>", pad_token="<|endoftext|>", padding_side="left",
        model_max_length=1024, clean_up_tokenization_spaces=False,
        extra_special_tokens={
            "image_token": "<|image_pad|>", "video_token": "<|video_pad|>",
            "vision_bos_token": "<|vision_start|>", "vision_eos_token": "<|vision_end|>",
        },
    )


def write_processor(tok: PreTrainedTokenizerFast, folder: Path) -> None:
    """Files by hand where transformers would write what only its newest version reads."""
    folder.mkdir(parents=True, exist_ok=True)
    tok.save_pretrained(folder)
    config = json.loads((folder / "tokenizer_config.json").read_text())
    # The class of real Qwen2.5-VL folders; `backend` and the like differ from version to version.
    config = {k: v for k, v in config.items() if k not in ("backend", "is_local", "added_tokens_decoder")}
    config["tokenizer_class"] = "PreTrainedTokenizerFast"
    config["processor_class"] = "Qwen2_5_VLProcessor"
    (folder / "tokenizer_config.json").write_text(json.dumps(config, indent=2, ensure_ascii=False) + "\n")
    (folder / "chat_template.jinja").write_text(CHAT_TEMPLATE)
    pixels = scenes.SIZE**2
    (folder / "preprocessor_config.json").write_text(json.dumps({
        "image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor",
        "do_resize": True, "do_rescale": True, "do_normalize": True, "do_convert_rgb": True, "resample": 3,
        "rescale_factor": 1 / 255,
        "image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711],
        "min_pixels": pixels, "max_pixels": pixels,
        "size": {"shortest_edge": pixels, "longest_edge": pixels},
        "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2,
    }, indent=2) + "\n")


def build_model(tok: PreTrainedTokenizerFast, seed: int) -> Qwen2_5_VLForConditionalGeneration:
    ids = {t: tok.convert_tokens_to_ids(t) for t in SPECIAL}
    eos, pad = ids["<|im_end|>"], ids["<|endoftext|>"]
    config = Qwen2_5_VLConfig(
        text_config=dict(
            vocab_size=VOCAB, hidden_size=96, intermediate_size=224, num_hidden_layers=12, num_attention_heads=4,
            num_key_value_heads=2, hidden_act="silu", max_position_embeddings=1024, initializer_range=0.04,
            rms_norm_eps=1e-6, use_sliding_window=False, tie_word_embeddings=True,
            rope_parameters={"rope_type": "default", "rope_theta": 10000.0, "mrope_section": [4, 4, 4]},
            bos_token_id=None, eos_token_id=eos, pad_token_id=pad,
        ),
        vision_config=dict(
            depth=4, hidden_size=96, intermediate_size=192, num_heads=4, in_channels=3, patch_size=14,
            spatial_merge_size=2, temporal_patch_size=2, window_size=56, fullatt_block_indexes=[1, 3],
            out_hidden_size=96, hidden_act="silu", tokens_per_second=2, initializer_range=0.04,
        ),
        image_token_id=ids["<|image_pad|>"], video_token_id=ids["<|video_pad|>"],
        vision_start_token_id=ids["<|vision_start|>"], vision_end_token_id=ids["<|vision_end|>"],
        tie_word_embeddings=True, initializer_range=0.04,
        eos_token_id=eos, pad_token_id=pad,
    )
    torch.manual_seed(seed)
    model = Qwen2_5_VLForConditionalGeneration(config)
    model.generation_config = GenerationConfig(do_sample=False, eos_token_id=eos, pad_token_id=pad, max_new_tokens=128)
    return model


def save(model, folder: Path, processor_from: Path | None = None) -> None:
    """bf16 on disk, whatever the dtype in memory; the caller's model is left as it is."""
    state = {k: v.detach().to("cpu", torch.bfloat16) for k, v in model.state_dict().items() if k != "lm_head.weight"}
    copy = Qwen2_5_VLForConditionalGeneration(model.config).to(torch.bfloat16)
    missing, unexpected = copy.load_state_dict(state, strict=False)
    assert not unexpected and all(m == "lm_head.weight" for m in missing), (missing, unexpected)
    copy.tie_weights()
    copy.config.text_config.dtype = copy.config.vision_config.dtype = torch.bfloat16
    copy.generation_config = model.generation_config
    copy.save_pretrained(folder)
    if processor_from and processor_from != folder:
        for f in PROCESSOR:
            (folder / f).write_bytes((processor_from / f).read_bytes())


def load(folder: Path, device="cpu"):
    """fp32 in memory, from the bf16 on disk."""
    return Qwen2_5_VLForConditionalGeneration.from_pretrained(folder, dtype=torch.float32).to(device)


# ---------------------------------------------------------------- fast and equal
_original_attention = hf.Qwen2_5_VLVisionAttention.forward


def _batched_attention(self, hidden_states, cu_seqlens, position_embeddings=None, **kwargs):
    n = hidden_states.shape[0]
    chunk = int(cu_seqlens[1])
    if n % chunk or int((cu_seqlens[1:] - cu_seqlens[:-1] != chunk).sum()):
        return _original_attention(self, hidden_states, cu_seqlens, position_embeddings, **kwargs)
    q, k, v = self.qkv(hidden_states).reshape(n, 3, self.num_heads, -1).permute(1, 0, 2, 3).unbind(0)
    q, k = hf.apply_rotary_pos_emb_vision(q, k, *position_embeddings)
    q, k, v = (x.reshape(n // chunk, chunk, self.num_heads, -1).transpose(1, 2) for x in (q, k, v))
    out = torch.nn.functional.scaled_dot_product_attention(q, k, v)
    return self.proj(out.transpose(1, 2).reshape(n, -1))


def use_batched_windows() -> None:
    hf.Qwen2_5_VLVisionAttention.forward = _batched_attention


class Patches:
    """Pixel values of a scene by table: each cell is one of 37 pictures on one of 3 grounds."""

    def __init__(self):
        self.index, tiles = {("black", None): 0}, [scenes.tile("black", None)]
        for ground in scenes.BACKGROUNDS:
            for content in [None, *scenes.LETTERS, *((c, s) for c in scenes.COLORS for s in scenes.SHAPES)]:
                self.index[(ground, content)] = len(tiles)
                tiles.append(scenes.tile(ground, content))
        x = np.stack(tiles).astype(np.float32) / 255
        mean, std = np.array([0.48145466, 0.4578275, 0.40821073]), np.array([0.26862954, 0.26130258, 0.27577711])
        x = ((x - mean) / std).astype(np.float32)
        # cell -> 2 x 2 patches -> (channel, time, row, column), the processor's order
        x = x.reshape(-1, 2, 14, 2, 14, 3).transpose(0, 1, 3, 5, 2, 4)[:, :, :, :, None].repeat(2, axis=4)
        self.table = torch.from_numpy(np.ascontiguousarray(x.reshape(len(tiles), 4, 3 * 2 * 14 * 14)))

    def __call__(self, batch: list) -> torch.Tensor:
        ids = []
        for scene in batch:
            if scene is None:
                ids += [0] * 16
            else:
                ids += [self.index[(scene["background"], c)] for c in scenes.contents(scene)]
        return self.table[ids].reshape(-1, self.table.shape[-1])


class Packer:
    """Rows of one shared prefix (image or nothing) and several question-answer segments that do not see each other."""

    def __init__(self, tok):
        self.tok, self.cache = tok, {}
        self.image = tok.convert_tokens_to_ids("<|image_pad|>")
        self.pad = tok.pad_token_id
        self.open = self.encode("<|im_start|>user\n")
        self.visual = [tok.convert_tokens_to_ids("<|vision_start|>"), *[self.image] * 16, tok.convert_tokens_to_ids("<|vision_end|>")]
        self.middle = self.encode("<|im_end|>\n<|im_start|>assistant\n")
        self.end = self.encode("<|im_end|>")

    def encode(self, text: str) -> list[int]:
        if text not in self.cache:
            if len(self.cache) > 200_000:
                self.cache.clear()
            self.cache[text] = self.tok.encode(text, add_special_tokens=False)
        return self.cache[text]

    def pack(self, rows: list[tuple[bool, list[tuple[str, str, float]]]]):
        """rows: (has image, [(question, answer, weight of its tokens)]) -> ids, positions, mask, targets, weights."""
        laid = []
        for has_image, segments in rows:
            ids, seg = list(self.open), [0] * len(self.open)
            pos = [(i, i, i) for i in range(len(ids))]
            if has_image:
                at = len(ids) + 1
                ids += self.visual
                pos.append((at - 1,) * 3)
                pos += [(at, at + i // 4, at + i % 4) for i in range(16)]
                pos.append((at + 4,) * 3)
            seg = [0] * len(ids)
            start = pos[-1][0] + 1
            target, weight = [-100] * len(ids), [0.0] * len(ids)
            for s, (question, answer, w, *_) in enumerate(segments, 1):
                q = self.encode(question) + self.middle
                a = self.encode(answer) + self.end
                ids += q + a
                seg += [s] * (len(q) + len(a))
                pos += [(start + i,) * 3 for i in range(len(q) + len(a))]
                target += [-100] * (len(q) - 1) + a + [-100]  # target[i] is what follows position i
                weight += [0.0] * (len(q) - 1) + [w] * len(a) + [0.0]
            laid.append((ids, seg, pos, target, weight))
        n = max(len(x[0]) for x in laid)
        n = -(-n // 16) * 16
        b = len(laid)
        ids = np.full((b, n), self.pad, dtype=np.int64)
        seg = np.full((b, n), -1, dtype=np.int64)
        pos = np.zeros((3, b, n), dtype=np.int64)
        target = np.full((b, n), -100, dtype=np.int64)
        weight = np.zeros((b, n), dtype=np.float32)
        for i, (x, s, p, t, w) in enumerate(laid):
            m = len(x)
            ids[i, :m], seg[i, :m], target[i, :m], weight[i, :m] = x, s, t, w
            pos[:, i, :m] = np.array(p).T
        seg = torch.from_numpy(seg)
        causal = torch.ones(n, n, dtype=torch.bool).tril()
        same = (seg[:, :, None] == seg[:, None, :]) | ((seg[:, None, :] == 0) & (seg[:, :, None] >= 0))
        mask = (same & causal)[:, None]
        mask = mask | torch.eye(n, dtype=torch.bool)
        return torch.from_numpy(ids), torch.from_numpy(pos), mask, torch.from_numpy(target), torch.from_numpy(weight)


def packed_loss(model, batch, pixels, device="cpu"):
    """Weighted cross-entropy of the answers. Returns (loss, per-token losses of the targets)."""
    ids, pos, mask, target, weight = (x.to(device) for x in batch)
    x = model.model.language_model.embed_tokens(ids)
    if pixels is not None and len(pixels):
        n = len(pixels) // 64
        grid = torch.tensor([[1, 8, 8]] * n, device=device)
        seen = model.model.visual(pixels.to(device), grid_thw=grid).pooler_output
        x = x.masked_scatter((ids == model.config.image_token_id)[..., None], seen.to(x.dtype))
    h = model.model.language_model(inputs_embeds=x, attention_mask=mask, position_ids=pos, use_cache=False).last_hidden_state
    at = target >= 0
    logits = model.lm_head(h[at])
    each = torch.nn.functional.cross_entropy(logits.float(), target[at], reduction="none")
    w = weight[at]
    return (each * w).sum() / w.sum(), each, logits, target[at]
