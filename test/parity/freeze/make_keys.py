"""Settings that the trainers' packages know, read from their sources without importing them:

    python test/parity/freeze/make_keys.py FOLDER    # of unpacked wheels: trl, ms_swift, axolotl, verl; EasyR1's repository: easyr1
"""
import ast
import json
import sys
from pathlib import Path

import yaml


def fields(*files):
    """Annotated names of all classes: dataclasses and pydantic models."""
    found = set()
    for file in files:
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ClassDef):
                found |= {s.target.id for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)}
    return sorted(found)


def paths(tree, prefix=""):
    for key, value in tree.items():
        yield prefix + key
        if isinstance(value, dict):
            yield from paths(value, f"{prefix}{key}.")


def dotted(root, files):
    """Dotted names of the settings of a tree of dataclasses."""
    classes = {
        node.name: [s for s in node.body if isinstance(s, ast.AnnAssign) and isinstance(s.target, ast.Name)]
        for file in files
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8")))
        if isinstance(node, ast.ClassDef)
    }

    def walk(name, prefix):
        for setting in classes[name]:
            # What is computed is no setting.
            if setting.value is not None and "init=False" in ast.unparse(setting.value):
                continue
            yield prefix + setting.target.id
            kind = ast.unparse(setting.annotation)
            if kind in classes:
                yield from walk(kind, f"{prefix}{setting.target.id}.")

    return sorted(walk(root, ""))


if __name__ == "__main__":
    root = Path(sys.argv[1])
    import transformers

    hugging_face = [Path(transformers.__file__).parent / "training_args.py"]
    swift = root / "ms_swift/swift"
    axolotl = root / "axolotl/axolotl/utils/schemas"
    result = {
        "trl": fields(*hugging_face, *(root / "trl/trl/trainer").glob("*_config.py")),
        "ms-swift": fields(
            *hugging_face,
            *swift.glob("arguments/**/*.py"),
            *swift.glob("trainers/arguments.py"),
            *swift.glob("rlhf_trainers/arguments.py"),
            *swift.glob("rlhf_trainers/args_mixin.py"),
        ),
        "axolotl": fields(*axolotl.glob("**/*.py")),
        "verl": sorted(paths(yaml.safe_load((root / "verl/verl/trainer/config/_generated_ppo_trainer.yaml").read_text()))),
        "easyr1": dotted("PPOConfig", [*(root / "easyr1/verl").glob("trainer/config.py"), *(root / "easyr1/verl").glob("workers/**/config.py")]),
    }
    Path(__file__).with_name("keys.json").write_text(json.dumps(result, separators=(",", ":")).replace('],"', '],\n"') + "\n")
    print({name: len(keys) for name, keys in result.items()})
