#!/usr/bin/env python3
"""Greedy tokens of transformers under every setting of generation_config.json, for generation.test.ts.

Run with torch and transformers 5 installed:
    python test/parity/model/make_generation.py
Writes generation.json beside this file: the keys of transformers' GenerationConfig, and per case the file's content, where
it stands (generation_config.json or config.json), and the new tokens for each prompt with the smallest gap between the best
two scores, or the error.
"""
import json
import shutil
import tempfile
import warnings
from pathlib import Path

import torch
import transformers
from transformers import AutoModelForCausalLM, GenerationConfig

HERE = Path(__file__).parent
MODEL = HERE / "checkpoints" / "qwen2-tied"
PROMPTS = [[9], [17, 23, 23, 17, 23], [50, 59, 60, 70, 8, 49, 19, 42, 89, 55, 12], [33, 34, 33, 34, 33, 34, 33]]
NEW_TOKENS = 16
warnings.filterwarnings("ignore")
transformers.logging.set_verbosity_error()
torch.set_grad_enabled(False)

PLAIN = dict(eos_token_id=1, pad_token_id=0)


def run(settings, where):
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        shutil.copytree(MODEL, folder, dirs_exist_ok=True)
        if where == "generation":
            (folder / "generation_config.json").write_text(json.dumps({**PLAIN, **settings}))
        else:
            config = json.loads((folder / "config.json").read_text())
            (folder / "config.json").write_text(json.dumps({**config, **settings}))
        model = AutoModelForCausalLM.from_pretrained(folder, dtype=torch.float32)
        found, gaps = [], []
        for prompt in PROMPTS:
            ids = torch.tensor([prompt])
            out = model.generate(ids, attention_mask=torch.ones_like(ids), do_sample=False, max_new_tokens=NEW_TOKENS, output_scores=True, return_dict_in_generate=True)
            best = torch.stack(out.scores)[:, 0].topk(2).values
            found.append(out.sequences[0, len(prompt):].tolist())
            gaps.append(float((best[:, 0] - best[:, 1]).min()))
        return found, gaps


def main():
    plain, _ = run({}, "generation")
    # Tokens that the plain answers have, so that settings about them matter.
    early = plain[1][1]
    third, fourth = plain[2][2], plain[2][3]
    first = [answer[0] for answer in plain]
    cases = {
        "plain": {},
        "repetition_penalty": dict(repetition_penalty=1.3),
        "repetition_penalty below one": dict(repetition_penalty=0.8),
        "repetition_penalty whole": dict(repetition_penalty=2),
        "encoder_repetition_penalty": dict(encoder_repetition_penalty=1.5),
        "both penalties": dict(encoder_repetition_penalty=1.5, repetition_penalty=1.3),
        "no_repeat_ngram_size 1": dict(no_repeat_ngram_size=1),
        "no_repeat_ngram_size 2": dict(no_repeat_ngram_size=2),
        "no_repeat_ngram_size 3": dict(no_repeat_ngram_size=3),
        "no_repeat_ngram_size long": dict(no_repeat_ngram_size=40),
        "encoder_no_repeat_ngram_size 1": dict(encoder_no_repeat_ngram_size=1),
        "encoder_no_repeat_ngram_size 2": dict(encoder_no_repeat_ngram_size=2),
        "suppress_tokens": dict(suppress_tokens=[early, third]),
        "suppress_tokens out of range": dict(suppress_tokens=[-1, 5000, early]),
        "suppress_tokens empty": dict(suppress_tokens=[]),
        "begin_suppress_tokens": dict(begin_suppress_tokens=first),
        "begin_suppress_tokens and forced_bos": dict(begin_suppress_tokens=first, forced_bos_token_id=7),
        "bad_words_ids single": dict(bad_words_ids=[[early], [third]]),
        "bad_words_ids longer": dict(bad_words_ids=[[third, fourth], [23, first[1]]]),
        "bad_words_ids with the end": dict(bad_words_ids=[[1], [early]], eos_token_id=[1, early]),
        "bad_words_ids all ends": dict(bad_words_ids=[[1]]),
        "bad_words_ids empty": dict(bad_words_ids=[]),
        "bad_words_ids out of range": dict(bad_words_ids=[[5000]]),
        "sequence_bias": dict(sequence_bias=[[[40], 3.5], [[third, 41], 30.0], [[third], -2.0]]),
        "sequence_bias twice": dict(sequence_bias=[[[40], 30.0], [[40], -30.0]]),
        "sequence_bias whole": dict(sequence_bias=[[[40], 3]]),
        "sequence_bias out of range": dict(sequence_bias=[[[5000], 3.0]]),
        "two ends": dict(eos_token_id=[1, early]),
        "min_new_tokens": dict(min_new_tokens=8, eos_token_id=[1, early, third]),
        "min_new_tokens zero": dict(min_new_tokens=0, min_length=30, eos_token_id=[1, early, third]),
        "min_length": dict(min_length=10, eos_token_id=[1, early, third]),
        "min_length and min_new_tokens": dict(min_length=20, min_new_tokens=3, eos_token_id=[1, early, third]),
        "forced_bos_token_id": dict(forced_bos_token_id=7),
        "forced_eos_token_id": dict(forced_eos_token_id=1),
        "forced_eos_token_id list": dict(forced_eos_token_id=[5, 1]),
        "exponential_decay_length_penalty": dict(exponential_decay_length_penalty=[4, 1.5]),
        "exponential_decay_length_penalty strong": dict(exponential_decay_length_penalty=[2, 3.0], eos_token_id=[1, 90]),
        "remove_invalid_values": dict(remove_invalid_values=True, suppress_tokens=[early]),
        "renormalize_logits": dict(renormalize_logits=True, repetition_penalty=1.2),
        "everything": dict(sequence_bias=[[[40], 2.5]], repetition_penalty=1.2, no_repeat_ngram_size=2, bad_words_ids=[[early]], min_new_tokens=9, suppress_tokens=[third], begin_suppress_tokens=first, forced_eos_token_id=1, exponential_decay_length_penalty=[5, 1.2], eos_token_id=[1, 90]),
        "sampling settings": dict(do_sample=True, temperature=0.000001, top_k=1, top_p=0.1, min_p=0.5, typical_p=0.3, epsilon_cutoff=0.2, eta_cutoff=0.2, top_h=0.4),
        "lengths": dict(max_length=7, max_new_tokens=3),
        "unknown": dict(presence_penalty=1.5, chat_format="chatml"),
        "num_beams": dict(num_beams=3),
        "penalty_alpha": dict(penalty_alpha=0.6),
        "dola_layers": dict(dola_layers="low"),
        "guidance_scale": dict(guidance_scale=1.5),
        "stop_strings": dict(stop_strings=["a"]),
        "num_return_sequences": dict(num_return_sequences=2),
        "prompt_lookup_num_tokens": dict(prompt_lookup_num_tokens=3),
        "cache_implementation": dict(cache_implementation="static"),
        "repetition_penalty zero": dict(repetition_penalty=0.0),
        "repetition_penalty text": dict(repetition_penalty="1.2"),
        "suppress_tokens text": dict(suppress_tokens="1"),
        "min_new_tokens negative": dict(min_new_tokens=-1),
        "no_repeat_ngram_size fraction": dict(no_repeat_ngram_size=1.5),
    }
    in_config = ["repetition_penalty", "no_repeat_ngram_size 1", "suppress_tokens", "begin_suppress_tokens", "bad_words_ids single", "encoder_repetition_penalty", "min_length", "forced_bos_token_id", "forced_eos_token_id", "exponential_decay_length_penalty", "min_new_tokens", "sequence_bias", "num_beams", "guidance_scale", "penalty_alpha", "two ends"]
    made = []
    for where, names in (("generation", list(cases)), ("config", in_config)):
        for name in names:
            entry = {"name": f"{name}, {where}", "where": where, "settings": {**PLAIN, **cases[name]} if where == "generation" else cases[name]}
            try:
                entry["tokens"], entry["gaps"] = run(cases[name], where)
            except Exception as error:  # whatever it says, it does not run
                entry["refused"] = f"{type(error).__name__}: {str(error).splitlines()[0][:120]}"
            made.append(entry)
            print(entry["name"], "->", entry.get("refused") or ("as plain" if entry["tokens"] == plain else entry["tokens"][1:3]))
    keys = sorted(key for key in vars(GenerationConfig()) if key not in ("_original_object_hash",))
    result = {"transformers": transformers.__version__, "keys": keys, "prompts": PROMPTS, "newTokens": NEW_TOKENS, "cases": made}
    (HERE / "generation.json").write_text(json.dumps(result) + "\n")
    print(keys)


main()
