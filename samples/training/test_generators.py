"""The generators are deterministic, keep the splits apart, and the fast training pass equals transformers' own."""
import random

import pytest
import torch

import base
import cold_start
import model as m
import questions as q
import reward
import scenes


def test_scenes_depend_on_the_seed_alone():
    a, b = (scenes.sample_scene(random.Random(3), 1, 6, 0.5) for _ in range(2))
    assert a == b
    assert base.make_batch(7) == base.make_batch(7) != base.make_batch(8)


def test_training_never_shows_a_held_out_scene_or_sum():
    for step in (0, 700, 2500, 3600, 4500):
        for scene in base.make_batch(step)[1]:
            assert scene is None or scenes.split_of(scene) == "train"
    rows, images = cold_start.make_batch(0)
    assert all(s is None or scenes.split_of(s) == "train" for s in images)
    for has_image, segments in rows:
        if not has_image:
            assert all(scenes.bucket(prompt) == "train" for prompt, _, _ in segments)


@pytest.mark.parametrize("kind", q.GENERAL + q.MATH)
def test_traces_end_in_the_answer(kind):
    rng = random.Random(kind)
    done = 0
    while done < 50:
        item = q.ask(kind, scenes.sample_scene(rng, 1, 6, 0.4), rng)
        if item:
            done += 1
            for style in ("verbose", "brief"):
                text = q.trace(item, style)
                assert reward.follows_format(text) and reward.is_right(text, item["answer"], item["answer_type"])


def test_reward_refuses_what_is_wrong():
    assert not reward.follows_format("<think>a</think>3")
    assert not reward.follows_format("<think>a</think><answer>3</answer> and more")
    assert not reward.follows_format("<think>a<think></think><answer>3</answer>")
    assert not reward.is_right("<think>3</think><answer>4</answer>", "3", "number")
    assert not reward.is_right("[0, 0, 10, 10]", "[20, 20, 40, 40]", "box")
    assert reward.is_right("[22, 20, 40, 42]", "[20, 20, 40, 40]", "box")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    out = tmp_path_factory.mktemp("m")
    tok = m.build_tokenizer(base.corpus())
    m.write_processor(tok, out)
    m.save(m.build_model(tok, 1), out)
    return out


def test_packed_pass_equals_transformers(folder):
    from transformers import AutoModelForImageTextToText, AutoProcessor

    processor = AutoProcessor.from_pretrained(folder)
    net = AutoModelForImageTextToText.from_pretrained(folder, dtype=torch.float32)
    scene = scenes.sample_scene(random.Random(0), 3, 6, 1.0)
    asked = ["What text is in the image?", "How many red objects are there?"]
    want = []
    for text in asked:
        message = [{"role": "user", "content": [{"type": "image", "image": scenes.render(scene)}, {"type": "text", "text": text}]}]
        x = processor.apply_chat_template(message, add_generation_prompt=True, tokenize=True, return_dict=True, return_tensors="pt")
        assert torch.allclose(m.Patches()([scene]), x["pixel_values"], atol=1e-5)
        want.append(net(**x).logits[0, -1])
    m.use_batched_windows()
    batch = m.Packer(processor.tokenizer).pack([(True, [(t, "3", 1.0) for t in asked])])
    _, _, logits, _ = m.packed_loss(net, batch, m.Patches()([scene]))
    for got, expected in zip(logits[::2], want):
        assert torch.allclose(got, expected, atol=1e-4)


def test_the_guide_sees_the_attention_of_the_model(folder):
    tok = m.PreTrainedTokenizerFast.from_pretrained(folder)
    net = m.load(folder)
    with torch.no_grad():
        for p in net.parameters():
            p.mul_(3)  # a new model looks everywhere alike
    packer = m.Packer(tok)
    guide = base.Guide(net, packer)
    rng = random.Random(1)
    scene = scenes.sample_scene(rng, 3, 6, 0.0)
    asked = [i for i in (q.ask(kind, scene, rng) for kind in ("where", "count_all", "count_color", "what_at", "exists")) if i]
    told = [base.looked_at(i, scene) for i in asked]
    rows = [(True, [(i["prompt"], i["answer"], 1.0, t) for i, t in zip(asked, told)])]
    batch = packer.pack(rows)
    m.packed_loss(net, batch, m.Patches()([scene]))
    got = guide.loss(rows, batch[2]).item()

    net.set_attn_implementation("eager")
    want, at = [], [i for i, t in enumerate(batch[3][0].tolist()) if t >= 0]
    x, (cos, sin) = guide.seen
    seen = []
    guide.attention.register_forward_hook(lambda module, args, out: seen.append(out[1]))
    m.packed_loss(net, (*batch[:2], torch.where(batch[2], 0.0, -1e30), *batch[3:]), m.Patches()([scene]))
    first, k = len(packer.open) + 1, 0
    for item, (head, cells, times) in zip(asked, told):
        n = len(packer.encode(item["answer"])) + 1
        for j in range(min(times, n - 1)):
            look = [first + scenes.CELLS.index(c) for c in cells] + ([0] if head or not cells else [])
            p = seen[-1][0, guide.HEADS[head], at[k + j], look]
            want.append((-torch.tensor(float(len(look))).log() - p.log().mean()).item())
        k += n
    assert got == pytest.approx(sum(want) / len(want), rel=1e-3)


def test_any_text_encodes(folder):
    tok = m.PreTrainedTokenizerFast.from_pretrained(folder)
    for text in ("日本語 é 🙂\n\t\u0000", "KTA [4, 28] 12", "<think>x</think>"):
        assert tok.decode(tok.encode(text)) == text
    assert tok.tokenize("KTA 128") == ["K", "T", "A", "Ġ", "1", "2", "8"]
