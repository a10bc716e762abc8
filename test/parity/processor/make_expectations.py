#!/usr/bin/env python3
"""What transformers makes of texts, conversations and pictures: the expectations of processor.test.ts.

    python test/parity/processor/make_expectations.py        # transformers, tokenizers, torch, torchvision, pillow

Writes fixtures/: small tokenizers with real chat templates, pictures, and expectations.json. Everything is drawn from
seeds; pictures are written once by this script and then read as they are, so that a newer encoder changes nothing.
"""
import base64
import hashlib
import json
import random
import struct
import zlib
from pathlib import Path

import numpy as np
import torch
import transformers
from PIL import Image, ImageDraw
from tokenizers import AddedToken, Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors, trainers
from transformers import AutoImageProcessor, AutoProcessor, AutoTokenizer
from transformers.image_utils import load_image
from transformers.models.qwen2_vl.image_processing_qwen2_vl import smart_resize

HERE = Path(__file__).resolve().parent
OUT = HERE / "fixtures"
SEED = 7

# ---------------------------------------------------------------- texts
CORPUS = [
    "The quick brown fox jumps over the lazy dog. How many dogs are there in the picture?",
    "def solve(x: int) -> int:\n    return x * 2 + 1  # twice and one\n\nprint(solve(20))\n",
    "Let's count: 1, 2, 3, 10, 42, 1000, 3.14159. She'll say they've done what I'd do; it's fine, we're here.",
    "Le café déjà vu coûte 3 € à Genève. Größe, Übermut, straße; niño, mañana; čeština, žluťoučký kůň.",
    "你好,世界。图片里有几只猫?日本語のテキストも入ります。한국어 문장도 있습니다.",
    "Привет, мир! Сколько кошек на картинке? Γειά σου Κόσμε. שלום עולם. مرحبا بالعالم.",
    "{\"answer\": [1, 2, 3], \"text\": \"yes\"} <think>first, add them</think><answer>42</answer> \\boxed{7}",
    "A\tB\tC\r\n  indented   twice\n\n\n   and again    \n", "😀 👩‍👩‍👧‍👦 🏳️‍🌈 naïve 𝕄𝕒𝕥𝕙 ∑∫√ ½ → ≤ ≥",
]
TEXTS = CORPUS + [
    "", " ", "  ", "\n", "\r\n", "\t", " \n ", "a", " a", "a ", "  a  b  ", "a\n\nb\n \nc", "Spaces , before . punctuation ! and n't 's", "   leading", "trailing   ", "tabs\t\tand  spaces \t",
    "I'm you're he's WE'LL THEY'VE I'D can't y'all 'tis '", "1234567890", "12 345 6.789e-10", "x=1;y=2;z=x+y", "http://example.org/a?b=c&d=%20#e",
    "e\u0301 vs \u00e9", "\ufb01ne \u210c \uff21\uff22\uff23 \u00bd", "\u1e9b\u0323", "\u0000\u0001\u001f", "\u200b\u200d\ufeff\u00a0\u2003x\u3000y", "\u0085a\u0085",
    "👍🏽👍🏿", "🇨🇭🇩🇪", "\U0001f9d1\u200d\U0001f52c", "\U00020000\U0002a6d6", "zalgo h\u0335\u0321e\u0337l\u0338", "\u0e2a\u0e27\u0e31\u0e2a\u0e14\u0e35", "नमस्ते दुनिया", "ქართული", "አማርኛ",
    "<|im_start|>user\nhi<|im_end|>", "<|im_start|><|im_start|>", "text<|endoftext|>more", "<|im_start", "|im_end|>", "a<|vision_start|><|image_pad|><|vision_end|>b",
    "<think>\nstep\n</think>\n\n<answer> 7 </answer>", "<think></think>", "< think>", "<s>[INST] x [/INST]</s>", "<|begin_of_text|><|eot_id|>",
    "CamelCaseIdentifier_with_snake_case-and-kebab", "    if (a[i] != b[j]) { return -1; }\n\t\t}", "/* comment */ // another\n#include <x.h>", "SELECT * FROM t WHERE a='b''c';",
    "...", "!!!???", "---===---", "“quoted” ‘single’ «guillemets» … – —", "a,b;c:d.e!f?g", "$100,000.00 (50%) #1 @home ^2 ~x `y` |z|", "\\frac{1}{2} \\sqrt{x^2+y^2}",
    "word " * 30, "z" * 120, "ab" * 50, " " * 40, "\n" * 12, "0" * 40,
]


def more_texts(count: int) -> list[str]:
    rng = random.Random(SEED)
    pools = ["abcdefghijklmnopqrstuvwxyz", "ABCXYZ", "0123456789", " \t\n  ", ".,;:!?'\"()[]{}<>-_=+*/\\|@#$%^&~`", "äöüßéèñçø", "你好世界图片猫狗の한국", "😀🎉🏳️‍🌈👩‍🚀", "АБВгде", "\u0301\u0323\u200d\u00a0"]
    return ["".join(rng.choice(rng.choice(pools)) for _ in range(rng.randint(1, 60))) for _ in range(count)]


# ---------------------------------------------------------------- tokenizers
QWEN_SPLIT = r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
LLAMA_SPLIT = QWEN_SPLIT.replace(r"|\p{N}|", r"|\p{N}{1,3}|")
SAMPLE_SPLIT = r"\p{Lu}| ?\p{Ll}+|\p{N}| ?[^\s\p{Lu}\p{Ll}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+"
QWEN_SPECIAL = ["<|endoftext|>", "<|im_start|>", "<|im_end|>", "<|vision_start|>", "<|vision_end|>", "<|vision_pad|>", "<|image_pad|>", "<|video_pad|>"]
QWEN_PLAIN = ["<think>", "</think>", "<answer>", "</answer>"]


def byte_level(split: str, size: int, special: list[str], plain: list[str], **model) -> Tokenizer:
    tok = Tokenizer(models.BPE(**model))
    tok.pre_tokenizer = pre_tokenizers.Sequence([pre_tokenizers.Split(Regex(split), "isolated"), pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False)])
    tok.decoder = decoders.ByteLevel()
    tok.train_from_iterator(CORPUS * 3, trainers.BpeTrainer(vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False, min_frequency=2))
    tok.add_special_tokens([AddedToken(t, special=True, normalized=False) for t in special])
    tok.add_tokens([AddedToken(t, special=False, normalized=False) for t in plain])
    return tok


def sentencepiece(size: int) -> Tokenizer:
    """As Llama 2: byte fallback, spaces as ▁."""
    tok = Tokenizer(models.BPE(byte_fallback=True, unk_token="<unk>", fuse_unk=True))
    tok.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    trainer = trainers.BpeTrainer(vocab_size=size, special_tokens=["<unk>", "<s>", "</s>"] + [f"<0x{b:02X}>" for b in range(256)], show_progress=False, min_frequency=2, max_token_length=8)
    tok.train_from_iterator(CORPUS[:4] * 3, trainer)
    spec = json.loads(tok.to_str())
    spec["added_tokens"] = [t for t in spec["added_tokens"] if not t["content"].startswith("<0x")]  # bytes are pieces, not added tokens
    tok = Tokenizer.from_str(json.dumps(spec))
    tok.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)])
    tok.post_processor = processors.TemplateProcessing(single="<s> $A", pair="<s> $A <s> $B", special_tokens=[("<s>", 1)])
    return tok


def write(folder: Path, name: str, value) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


QWEN25_VL_TEMPLATE = (HERE / "templates" / "qwen2_5_vl.jinja").read_text()
QWEN3_VL_TEMPLATE = (HERE / "templates" / "qwen3_vl.jinja").read_text()
QWEN3_TEMPLATE = (HERE / "templates" / "qwen3.jinja").read_text()
LLAMA3_TEMPLATE = (HERE / "templates" / "llama3.jinja").read_text()
LLAMA2_TEMPLATE = (HERE / "templates" / "llama2.jinja").read_text()

CLIP = {"image_mean": [0.48145466, 0.4578275, 0.40821073], "image_std": [0.26862954, 0.26130258, 0.27577711]}
HALF = {"image_mean": [0.5, 0.5, 0.5], "image_std": [0.5, 0.5, 0.5]}


def make_checkpoints() -> None:
    qwen = byte_level(QWEN_SPLIT, 480, QWEN_SPECIAL, QWEN_PLAIN)
    qwen.normalizer = normalizers.NFC()
    qwen.post_processor = processors.ByteLevel(trim_offsets=False)
    ids = {t: qwen.token_to_id(t) for t in QWEN_SPECIAL}
    vl = {"image_token_id": ids["<|image_pad|>"], "video_token_id": ids["<|video_pad|>"], "vision_start_token_id": ids["<|vision_start|>"], "vision_end_token_id": ids["<|vision_end|>"]}
    named = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "unk_token": None, "bos_token": None, "clean_up_tokenization_spaces": False, "model_max_length": 131072, "additional_special_tokens": QWEN_SPECIAL[1:]}
    stop = {"eos_token_id": [ids["<|im_end|>"], ids["<|endoftext|>"]], "pad_token_id": ids["<|endoftext|>"]}

    # Qwen2.5-VL as published: template in tokenizer_config.json and in chat_template.json, flat min/max pixels.
    folder = OUT / "qwen2_5_vl"
    write(folder, "tokenizer.json", qwen.to_str())
    write(folder, "tokenizer_config.json", {**named, "tokenizer_class": "Qwen2Tokenizer", "processor_class": "Qwen2_5_VLProcessor", "chat_template": "never {{ read }}"})
    write(folder, "chat_template.json", {"chat_template": QWEN25_VL_TEMPLATE})
    write(folder, "preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcessor", "processor_class": "Qwen2_5_VLProcessor", "min_pixels": 3136, "max_pixels": 25088, "patch_size": 14, "temporal_patch_size": 2, "merge_size": 2, **CLIP})
    write(folder, "generation_config.json", stop)
    write(folder, "config.json", {"model_type": "qwen2_5_vl", "architectures": ["Qwen2_5_VLForConditionalGeneration"], **vl, "max_position_embeddings": 32768, "vision_config": {"patch_size": 14, "spatial_merge_size": 2, "temporal_patch_size": 2}})

    # Qwen3-VL as published: size bounds as shortest and longest edge, sixteen-pixel patches, template as .jinja.
    folder = OUT / "qwen3_vl"
    write(folder, "tokenizer.json", qwen.to_str())
    write(folder, "tokenizer_config.json", {**named, "tokenizer_class": "Qwen2Tokenizer", "processor_class": "Qwen3VLProcessor"})
    write(folder, "chat_template.jinja", QWEN3_VL_TEMPLATE)
    write(folder, "preprocessor_config.json", {"image_processor_type": "Qwen2VLImageProcessorFast", "processor_class": "Qwen3VLProcessor", "size": {"shortest_edge": 4096, "longest_edge": 32768}, "patch_size": 16, "temporal_patch_size": 2, "merge_size": 2, **HALF})
    write(folder, "generation_config.json", stop)
    write(folder, "config.json", {"model_type": "qwen3_vl", "architectures": ["Qwen3VLForConditionalGeneration"], **vl, "text_config": {"model_type": "qwen3_vl_text", "max_position_embeddings": 262144}, "vision_config": {"patch_size": 16, "spatial_merge_size": 2, "temporal_patch_size": 2}})

    # The tokenizer of the sample lineage.
    sample = byte_level(SAMPLE_SPLIT, 400, QWEN_SPECIAL, QWEN_PLAIN)
    folder = OUT / "sample"
    write(folder, "tokenizer.json", sample.to_str())
    write(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "eos_token": "<|im_end|>", "pad_token": "<|endoftext|>", "clean_up_tokenization_spaces": False, "model_max_length": 1024,
                                            "extra_special_tokens": {"image_token": "<|image_pad|>", "video_token": "<|video_pad|>"}})
    write(folder, "chat_template.jinja", QWEN3_TEMPLATE)
    write(folder, "config.json", {"model_type": "qwen3", "max_position_embeddings": 1024, "eos_token_id": sample.token_to_id("<|im_end|>")})

    special = ["<|begin_of_text|>", "<|end_of_text|>", "<|start_header_id|>", "<|end_header_id|>", "<|eot_id|>", "<|finetune_right_pad_id|>"]
    llama3 = byte_level(LLAMA_SPLIT, 480, special, [], ignore_merges=True)
    begin = llama3.token_to_id("<|begin_of_text|>")
    llama3.post_processor = processors.Sequence([processors.ByteLevel(trim_offsets=False), processors.TemplateProcessing(single="<|begin_of_text|> $A", pair="<|begin_of_text|> $A <|begin_of_text|> $B", special_tokens=[("<|begin_of_text|>", begin)])])
    folder = OUT / "llama3"
    write(folder, "tokenizer.json", llama3.to_str())
    write(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", "clean_up_tokenization_spaces": True, "chat_template": LLAMA3_TEMPLATE})
    write(folder, "config.json", {"model_type": "llama", "max_position_embeddings": 131072})

    folder = OUT / "llama2"
    write(folder, "tokenizer.json", sentencepiece(620).to_str())
    write(folder, "tokenizer_config.json", {"tokenizer_class": "PreTrainedTokenizerFast", "bos_token": {"__type": "AddedToken", "content": "<s>"}, "eos_token": "</s>", "unk_token": "<unk>", "clean_up_tokenization_spaces": False, "chat_template": [{"name": "default", "template": LLAMA2_TEMPLATE}, {"name": "rag", "template": "{{ 'other' }}"}]})
    write(folder, "config.json", {"model_type": "llama", "max_position_embeddings": 4096})


# ---------------------------------------------------------------- conversations
CONVERSATIONS = {
    "text": [{"role": "user", "content": "How many cats?"}],
    "system": [{"role": "system", "content": "Answer briefly."}, {"role": "user", "content": "2 + 2 = ?"}],
    "turns": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<think>\nhm\n</think>\n\nHello!"}, {"role": "user", "content": "  Bye \n"}],
}
PICTURED = {
    "picture": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "What is this?"}]}],
    "two pictures": [{"role": "system", "content": [{"type": "text", "text": "You see."}]}, {"role": "user", "content": [{"type": "image"}, {"type": "text", "text": "Compare with "}, {"type": "image"}, {"type": "text", "text": " please."}]}],
    "later picture": [{"role": "user", "content": "Ready?"}, {"role": "assistant", "content": [{"type": "text", "text": "Yes."}]}, {"role": "user", "content": [{"type": "text", "text": "Read it: 読んで"}, {"type": "image"}]}],
}


# ---------------------------------------------------------------- pictures
def drawing(width: int, height: int, seed: int) -> Image.Image:
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[0:height, 0:width]
    waves = np.stack([127 + 120 * np.sin(x / 7 + y / 11), 127 + 120 * np.cos(x / 13 - y / 5), (x * 3 + y * 5) % 256], -1) + rng.normal(0, 6, (height, width, 3))
    image = Image.fromarray(np.clip(waves, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    draw.rectangle([width // 5, height // 5, width // 2, height // 2], fill=(220, 10, 20))
    draw.ellipse([width // 2, height // 3, width - 2, height - 2], fill=(5, 240, 80))
    draw.text((3, 3), "Frank 42", fill=(255, 255, 255))
    return image


def with_alpha(image: Image.Image) -> Image.Image:
    image = image.convert("RGBA")
    image.putalpha(Image.fromarray((np.mgrid[0 : image.height, 0 : image.width][1] * 255 // image.width).astype(np.uint8)))
    return image


def raw_png(samples: np.ndarray, depth: int, colour: int, interlaced: bool = False, extra: bytes = b"") -> bytes:
    """A PNG of kinds that PIL does not write. `samples`: [height, width, channels], unpacked."""
    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    def rows(part: np.ndarray) -> bytes:
        out = b""
        for row in part:
            flat = row.reshape(-1)
            if depth == 16:
                packed = flat.astype(">u2").tobytes()
            elif depth == 8:
                packed = flat.astype(np.uint8).tobytes()
            else:
                bits = "".join(format(int(v), f"0{depth}b") for v in flat)
                bits += "0" * (-len(bits) % 8)
                packed = bytes(int(bits[i : i + 8], 2) for i in range(0, len(bits), 8))
            out += b"\0" + packed
        return out

    passes = [(0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2)]
    data = b"".join(rows(samples[y::dy, x::dx]) for x, y, dx, dy in passes if samples[y::dy, x::dx].size) if interlaced else rows(samples)
    height, width = samples.shape[:2]
    header = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, int(interlaced))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(data, 9)) + chunk(b"IEND", b"")


def make_pictures(folder: Path) -> None:
    if folder.exists():
        return
    folder.mkdir(parents=True)
    small = drawing(97, 61, 1)
    small.save(folder / "rgb.png", optimize=True)
    with_alpha(small).save(folder / "rgba.png", optimize=True)
    small.convert("L").save(folder / "grey.png", optimize=True)
    small.convert("LA").save(folder / "grey-alpha.png", optimize=True)
    small.convert("1").save(folder / "one-bit.png", optimize=True)
    small.quantize(37).save(folder / "palette.png", optimize=True)
    small.quantize(13).save(folder / "palette-transparent.png", optimize=True, transparency=3)
    Image.new("RGB", (1, 1), (200, 30, 90)).save(folder / "one-pixel.png")
    drawing(301, 40, 3).save(folder / "wide.png", optimize=True)
    drawing(56, 112, 4).save(folder / "fits.png", optimize=True)
    array = np.asarray(small)
    (folder / "interlaced.png").write_bytes(raw_png(array, 8, 2, interlaced=True))
    (folder / "interlaced-2-bit.png").write_bytes(raw_png(array[..., :1] >> 6, 2, 0, interlaced=True))
    (folder / "4-bit.png").write_bytes(raw_png(array[..., :1] >> 4, 4, 0))
    (folder / "16-bit.png").write_bytes(raw_png(array[:24, :40].astype(np.uint16) * 257 - 3 * (array[:24, :40] > 9), 16, 2))

    for name, options in {"444": {"subsampling": 0}, "422": {"subsampling": 1}, "420": {"subsampling": 2}, "progressive": {"subsampling": 2, "progressive": True}, "low": {"quality": 20}}.items():
        drawing(131, 83, 5).save(folder / f"{name}.jpg", **{"quality": 85, **options})
    drawing(131, 83, 5).convert("L").save(folder / "grey.jpg")
    drawing(640, 427, 6).save(folder / "large.jpg", quality=70)
    for orientation in range(2, 9):
        exif = Image.Exif()
        exif[0x0112] = orientation
        drawing(45, 30, 7).save(folder / f"turned-{orientation}.jpg", quality=80, exif=exif)
    exif = Image.Exif()
    exif[0x0112] = 6
    drawing(45, 30, 7).save(folder / "turned.png", exif=exif)
    drawing(45, 30, 7).save(folder / "turned.webp", exif=exif, quality=80)

    drawing(131, 83, 8).save(folder / "lossy.webp", quality=80)
    drawing(97, 61, 8).save(folder / "lossless.webp", lossless=True)
    with_alpha(drawing(97, 61, 8)).save(folder / "alpha.webp", quality=80)
    with_alpha(drawing(61, 33, 8)).save(folder / "alpha-lossless.webp", lossless=True, exact=True)


# ---------------------------------------------------------------- expectations
def packed(values: np.ndarray) -> str:
    return base64.b64encode(zlib.compress(np.ascontiguousarray(values).tobytes(), 9)).decode()


def sha(values: np.ndarray) -> str:
    return hashlib.sha256(np.ascontiguousarray(values).tobytes()).hexdigest()


def text_expectations(name: str) -> dict:
    tok = AutoTokenizer.from_pretrained(OUT / name)
    texts = TEXTS + more_texts(60)
    rng = random.Random(SEED)
    size = len(tok)
    sequences = [tok.encode(t) for t in [*CORPUS, "Spaces , before . it 's !", "a\ufeffb \u0301"]] + [[rng.randrange(size) for _ in range(rng.randint(1, 40))] for _ in range(30)]
    return {
        "vocabulary": size,
        "encoded": [[t, tok.encode(t, add_special_tokens=False)] for t in texts],
        "withSpecial": [[t, tok.encode(t)] for t in ("", "Hello", "<|im_end|> x")],
        "decoded": [[ids, tok.decode(ids, skip_special_tokens=True), tok.decode(ids)] for ids in sequences],
    }


def template_expectations(name: str, pictured: bool) -> list:
    what = (AutoProcessor if pictured else AutoTokenizer).from_pretrained(OUT / name)
    result = []
    for label, messages in {**CONVERSATIONS, **(PICTURED if pictured else {})}.items():
        for prompt in (True, False):
            result.append({"label": label, "addGenerationPrompt": prompt, "messages": messages, "text": what.apply_chat_template(messages, add_generation_prompt=prompt, tokenize=False)})
    return result


def prompt_expectations(name: str) -> list:
    """Through the whole processor, with pictures of several sizes."""
    processor = AutoProcessor.from_pretrained(OUT / name)
    pictures = ["rgb.png", "wide.png"]
    result = []
    for label, messages in {**PICTURED, "text": CONVERSATIONS["text"]}.items():
        count = sum(part["type"] == "image" for m in messages if not isinstance(m["content"], str) for part in m["content"])
        text = processor.apply_chat_template(messages, add_generation_prompt=True, tokenize=False)
        images = [load_image(str(OUT / "pictures" / p)) for p in pictures[:count]]
        out = processor(text=[text], images=images or None, return_tensors="np")
        result.append({"label": label, "messages": messages, "pictures": pictures[:count], "ids": out["input_ids"][0].tolist(), "grids": out["image_grid_thw"].tolist() if images else []})
    return result


def picture_expectations() -> list:
    result = []
    processors = {name: (AutoImageProcessor.from_pretrained(OUT / name), AutoImageProcessor.from_pretrained(OUT / name, backend="pil")) for name in ("qwen2_5_vl", "qwen3_vl")}
    worst, differing, total = 0, 0, 0
    for file in sorted((OUT / "pictures").iterdir()):
        image = Image.fromarray(np.asarray(load_image(str(file))))  # PIL remembers a palette's transparency even in RGB
        entry = {"file": file.name, "size": [image.width, image.height], "rgb": sha(np.asarray(image)), "processed": {}}
        for name, (processor, pil) in processors.items():
            out = processor(images=[image], return_tensors="np")
            other = pil(images=[image], return_tensors="np")
            values = out["pixel_values"].astype(np.float32)
            patch = processor.patch_size
            mean = np.repeat(np.asarray(processor.image_mean), 2 * patch * patch)
            std = np.repeat(np.asarray(processor.image_std), 2 * patch * patch)
            bytes_ = np.rint((values * std + mean) * 255).astype(np.uint8)
            difference = np.abs(bytes_.astype(int) - np.rint((other["pixel_values"] * std + mean) * 255).astype(int))
            worst, differing, total = max(worst, int(difference.max())), differing + int((difference > 0).sum()), total + difference.size
            half = bytes_.reshape(len(bytes_), 3, 2, patch * patch)
            assert (half[:, :, 0] == half[:, :, 1]).all()
            entry["processed"][name] = {"grid": out["image_grid_thw"][0].tolist(), "values": sha(values)}
            # Bytes before normalisation, once per temporal patch, to measure by how much; hashes would only say "differs".
            if name == "qwen2_5_vl" and not file.name.startswith("turned"):
                entry["processed"][name]["bytes"] = packed(half[:, :, 0])
        result.append(entry)
    print(f"torchvision against PIL in transformers: at most {worst}/255, {differing / total:.2%} of values differ")
    return result


def size_expectations() -> list:
    rng = random.Random(SEED)
    result = []
    for factor, low, high in [(28, 3136, 1003520), (28, 200704, 1003520), (32, 65536, 16777216), (28, 12544, 12544)]:
        for _ in range(150):
            height, width = (int(2 ** rng.uniform(0, 12)) for _ in range(2))
            if rng.random() < 0.3:
                height, width = (max(1, round(v / factor * 2)) * factor // 2 for v in (height, width))  # ties of rounding
            if max(height, width) / min(height, width) <= 200:
                result.append([height, width, factor, low, high, *smart_resize(height, width, factor, low, high)])
    return result


def main() -> None:
    transformers.logging.set_verbosity_error()
    make_checkpoints()
    make_pictures(OUT / "pictures")
    expectations = {
        "versions": {"transformers": transformers.__version__, "torch": torch.__version__, "pillow": Image.__version__, "cpu": torch.backends.cpu.get_cpu_capability()},
        "texts": {name: text_expectations(name) for name in ("qwen2_5_vl", "sample", "llama3", "llama2")},
        "templates": {name: template_expectations(name, name.endswith("vl")) for name in ("qwen2_5_vl", "qwen3_vl", "sample", "llama3", "llama2")},
        "prompts": {name: prompt_expectations(name) for name in ("qwen2_5_vl", "qwen3_vl")},
        "pictures": picture_expectations(),
        "sizes": size_expectations(),
    }
    (OUT / "expectations.json").write_text(json.dumps(expectations, ensure_ascii=True, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
