import re
import sys
from pathlib import Path

from swift.callbacks import TrainerCallback, callbacks_map
from swift.rewards import ORM, orms

# --- settings ---

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent))  # reward.py
import reward  # noqa: E402


# --- freezing ---


class Check(TrainerCallback):
    """ms-swift freezes by its own flags, and only warns of a bad pattern: this looks before the first step."""

    def on_train_begin(self, args, state, control, model=None, **_):
        check(model)


class Format(ORM):
    def __call__(self, completions, **columns):
        return reward.format_reward(completions)


class Answer(ORM):
    def __call__(self, completions, **columns):
        return reward.answer_reward(completions, **columns)


callbacks_map["freeze_check"] = Check
orms["format"], orms["answer"] = Format, Answer
