"""What TRL optimises is what the model says: the log-probabilities in a mixed batch (with and without images,
padded, shuffled) equal those of each sample alone."""
from pathlib import Path

import pytest
import torch

import reinforce

START = Path(__file__).parent.parent / "lineage" / "in"


class Seen(Exception):
    pass


def test_log_probabilities_of_a_mixed_batch(monkeypatch, tmp_path):
    torch.set_num_threads(1)
    monkeypatch.setattr(reinforce, "PROMPTS", 6)
    monkeypatch.setattr(reinforce, "GROUP", 2)
    worst = []

    class Trainer(reinforce.GRPOTrainer):
        def _compute_loss(self, model, inputs):
            prompt, prompt_mask = inputs["prompt_ids"], inputs["prompt_mask"]
            answer, answer_mask = inputs["completion_ids"], inputs["completion_mask"]
            extra = {k: inputs.get(k) for k in ("pixel_values", "image_grid_thw", "num_images", "mm_token_type_ids")}
            with torch.no_grad():
                got = self._get_per_token_logps_and_entropies(
                    model, torch.cat([prompt, answer], 1), torch.cat([prompt_mask, answer_mask], 1), answer.size(1), **extra
                )[0]
                at = 0
                for i, n in enumerate(inputs["num_images"]):
                    p, a = prompt[i][prompt_mask[i].bool()], answer[i][answer_mask[i].bool()]
                    x = torch.cat([p, a])[None]
                    image = {}
                    if n:
                        image = {"pixel_values": inputs["pixel_values"][at : at + 64], "image_grid_thw": torch.tensor([[1, 8, 8]]),
                                 "mm_token_type_ids": (x == model.config.image_token_id).int()}
                        at += 64
                    alone = model(input_ids=x, attention_mask=torch.ones_like(x), **image).logits[0, len(p) - 1 : -1].log_softmax(-1)
                    worst.append((int(n), (alone.gather(-1, a[:, None])[:, 0] - got[i, : len(a)]).abs().max().item()))
            raise Seen

    monkeypatch.setattr(reinforce, "GRPOTrainer", Trainer)
    with pytest.raises(Seen):
        reinforce.train("rl", START, tmp_path, "cpu", 1)
    print(worst)
    assert {n for n, _ in worst} == {0, 1}
    assert max(d for _, d in worst) < 1e-3, worst
