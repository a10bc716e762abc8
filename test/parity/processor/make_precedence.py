"""Which of several chat templates transformers takes: python make_precedence.py  # writes precedence.json

`sees`: through AutoProcessor, for a checkpoint with images; else through AutoTokenizer. null: transformers has none.
"""
import itertools
import json
import shutil
import tempfile
from pathlib import Path

import transformers

HERE = Path(__file__).parent
SOURCES = {True: HERE.parents[2] / "samples/lineage/base", False: HERE / "fixtures/llama3"}
PLACES = ["chat_template.json", "chat_template.jinja", "processor_config.json", "tokenizer_config.json"]


def made(source, places, folder):
    for file in source.iterdir():
        if file.is_file() and file.suffix != ".safetensors" and not file.name.startswith("chat_template"):
            shutil.copy(file, folder)
    for place in PLACES:
        file = folder / place
        if place.endswith(".jinja"):
            if place in places:
                file.write_text(place)
            continue
        content = json.loads(file.read_text()) if file.exists() else {}
        content.pop("chat_template", None)
        if place in places:
            content["chat_template"] = place
        if content:
            file.write_text(json.dumps(content))


def taken(sees, folder):
    reader = transformers.AutoProcessor if sees else transformers.AutoTokenizer
    try:
        return reader.from_pretrained(folder).apply_chat_template([{"role": "user", "content": "x"}], tokenize=False)
    except ValueError:
        return None


if __name__ == "__main__":
    cases = []
    for sees, source in SOURCES.items():
        for count in range(1, len(PLACES) + 1):
            for places in itertools.combinations(PLACES, count):
                with tempfile.TemporaryDirectory() as name:
                    made(source, places, Path(name))
                    cases.append({"sees": sees, "places": places, "taken": taken(sees, Path(name))})
    result = {"transformers": transformers.__version__, "cases": cases}
    (HERE / "precedence.json").write_text(json.dumps(result, indent=1) + "\n")
