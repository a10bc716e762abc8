"""What families have in common whose towers see squares of one size: InternVL and Gemma 3."""
import copy
import json

import numpy as np
import torch
from safetensors.torch import save_file

from make_expectations import IMAGE, Runner, image_prompt, pixels, text_tokens

SIDE, PATCH = 16, 4  # pixels


class SquareRunner(Runner):
    """An image is some squares; the stored pixels are patches in blocks of `merge` × `merge`, as the product cuts them."""

    # Squares of each image, prompt by prompt.
    SQUARES = [[1], [2], [3], [4], [1, 1], [2, 1], [1, 3], [3, 3], [1, 2, 1], [5], [1], [2, 2], [1, 1, 1, 1], [7], [1]]

    def new_name(self, name):
        return name

    def see(self, config):
        self.patch_values = 3 * PATCH**2
        self.patches = SIDE // PATCH
        self.merge = self.merge_of(config)

    def squares(self, seed, count):
        """[count, 3, SIDE, SIDE]"""
        side, merge, blocks = self.patches, self.merge, self.patches // self.merge
        cut = pixels(seed, [count, side, side], self.patch_values).reshape(count, blocks, blocks, merge, merge, 3, PATCH, PATCH)
        return torch.from_numpy(np.ascontiguousarray(cut.transpose(0, 5, 1, 3, 6, 2, 4, 7).reshape(count, 3, SIDE, SIDE)))

    def show(self, given, images, ids):
        given["pixel_values"] = torch.cat([self.squares(image["seed"], image["grid"][0]) for image in images])

    def prompts(self, seed, more):
        random = np.random.default_rng(seed)
        if not self.vision:
            return [{"inputIds": text_tokens(random, int(count)), "images": []} for count in [1, 5, 9, 14, 23, *random.integers(4, 40, 15)]]
        made = [{"inputIds": text_tokens(random, count), "images": []} for count in (1, 3, 11, 17, 29)]
        for index, squares in enumerate(self.SQUARES):
            grids = [(count, self.patches, self.patches) for count in squares]
            made.append(self.image_prompt(random, grids, [1000 * seed + 10 * index + place for place in range(len(grids))]))
        return made

    def image_prompt(self, random, grids, seeds):
        prompt = image_prompt(random, grids, seeds)
        # That makes four patches one token; here it is as many as the projector joins.
        ids, images = [], iter(grids)
        for place, token in enumerate(prompt["inputIds"]):
            if token != IMAGE:
                ids.append(token)
            elif prompt["inputIds"][place - 1] != IMAGE:
                ids += [IMAGE] * (int(np.prod(next(images))) // self.merge**2)
        return {**prompt, "inputIds": ids}


def write_config(model, folder, config):
    """The whole config, as transformers writes it."""
    config = json.loads(json.dumps(config))
    for part in (config, *(value for value in config.values() if isinstance(value, dict))):
        for key in ("dtype", "transformers_version", "_name_or_path"):
            part.pop(key, None)
    config.setdefault("architectures", [type(model).__name__])
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n")


def stored_state(model, dtype):
    tied = model.config.tie_word_embeddings
    return {name: value.to(dtype).contiguous() for name, value in model.state_dict().items() if not (tied and name == "lm_head.weight")}


def save(state, folder):
    save_file(copy.copy(state), folder / "model.safetensors", metadata={"format": "pt"})
