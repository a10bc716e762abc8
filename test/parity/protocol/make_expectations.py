"""What NumPy draws, what several answers come to, and when texts differ: for protocol.test.ts.

    python make_expectations.py        # writes expectations.json

Draws are numpy.random.RandomState(seed).choice. pass@k is counted out over all subsets of the answers. The bootstrap is
written anew here with the product's generator of random numbers (sfc32), so that intervals are equal, not near. The
sign-flip test tries all signs. Texts differ as the paper's scripts say it: method of the published localization script.
"""
import itertools
import json
from math import comb
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
MASK = 0xFFFFFFFF


def sfc32(seed):
    a, b, c, counter = seed & MASK, (seed >> 32) & MASK, 0x9E3779B9, 1

    def following():
        nonlocal a, b, c, counter
        total = (a + b + counter) & MASK
        counter = (counter + 1) & MASK
        a = b ^ (b >> 9)
        b = (c + (c << 3)) & MASK
        c = (((c << 21) | (c >> 11)) + total) & MASK
        return total / 2**32

    for _ in range(15):
        following()
    return following


def bootstrap(values, seed, resamples=2000):
    random, count = sfc32(seed), len(values)
    means = [sum(values[int(random() * count)] for _ in range(count)) / count for _ in range(resamples)]
    return [float(np.mean(values)), float(np.quantile(means, 0.025)), float(np.quantile(means, 0.975))]


def pass_at(flags, k):
    """Over all subsets of k answers: the share in which one is right."""
    return sum(any(some) for some in itertools.combinations(flags, k)) / comb(len(flags), k)


def sign_flip(differences):
    observed = abs(sum(differences))
    sums = [abs(sum(s * d for s, d in zip(signs, differences))) for signs in itertools.product((1, -1), repeat=len(differences))]
    return sum(one >= observed - 1e-9 for one in sums) / len(sums)


def differ(first, second):
    first, second = (text.lower().strip().rstrip(".,!?;:") for text in (first, second))
    if len(first) < 20 and len(second) < 20:
        return first != second
    if first in second or second in first:
        return False
    return first != second


TEXTS = [
    ("Three.", "three"), ("three", "Three squares"), ("three", "four"), ("", "x"), ("", "There are three red squares here."),
    ("There are three squares.", "there are three squares"), ("There are three squares.", "There are three squares in the picture."),
    ("There are three squares.", "There are four squares."), ("three", "There are three squares in it."),
    ("a,b", "ab"), ("yes!?", "YES"), ("No; ", "no"), ("nineteen characters", "nineteen characters!"), ("twenty characters ok", "twenty"),
    ("(three)", "three"), ("Ü.", "ü"), ("1", "1."), ("1.0", "1"),
]

if __name__ == "__main__":
    rng = np.random.default_rng(5)
    draws = [[n, k, seed, sorted(np.random.RandomState(seed).choice(np.arange(n), size=k, replace=False).tolist())]
             for n, k, seed in [(460, 100, 123), (540, 100, 123), (500, 100, 123), (1319, 100, 123), (2, 1, 0), (7, 3, 42), (1000, 999, 4294967295), (65537, 4, 1)]]
    answers = 6
    table = (rng.random((2, 9, answers)) < np.array([0.45, 0.7])[:, None, None]).tolist()
    before, after = (np.mean(flags, axis=1) for flags in np.array(table))
    out = {
        "draws": draws,
        "flags": table,
        "passes": [[[pass_at(flags, k) for flags in checkpoint] for checkpoint in table] for k in (1, 2, 4, 6)],
        "passIntervals": [[bootstrap([pass_at(flags, k) for flags in checkpoint], 3) for k in (1, 2, 4, 6)] for checkpoint in table],
        "means": [bootstrap([float(np.mean(flags)) for flags in checkpoint], 3) for checkpoint in table],
        "difference": bootstrap((after - before).tolist(), 3),
        "signFlip": sign_flip((after - before).tolist()),
        "texts": [[first, second, differ(first, second)] for first, second in TEXTS],
    }
    (HERE / "expectations.json").write_text(json.dumps(out) + "\n")
