import re

from axolotl.integrations.base import BasePlugin
from transformers import TrainerCallback

# --- settings ---


# --- freezing ---


class Check(TrainerCallback):
    """Once more as the trainer wrapped it, before the first step."""

    def on_train_begin(self, args, state, control, model=None, **_):
        check(model)


class FreezePlugin(BasePlugin):
    """Freezes the loaded model; Axolotl's own `unfrozen_parameters` reads dots and ranges in its own way."""

    def post_model_load(self, cfg, model):
        if not ADAPTERS:
            freeze(model)
            check(model)

    def add_callbacks_post_trainer(self, cfg, trainer):
        return [Check()]


def questions(cfg, *args, **kwargs):
    """Rows are prompts already."""

    def transform(row, tokenizer=None):
        return row

    return transform, {}
