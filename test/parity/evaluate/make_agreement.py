#!/usr/bin/env python3
"""Cohen's kappa of two judges with an interval over clusters: the expectations of agreement.test.ts.

    python test/parity/evaluate/make_agreement.py         # numpy, statsmodels

kappa: as scikit-learn's cohen_kappa_score computes it, from the confusion matrix and the outer product of its margins.
The interval: kappa is differentiated in the four cells by complex steps, so that no derivative is written down; the sandwich
over clusters, times C/(C - 1). Where every answer is a cluster of its own, the same variance without that factor is the
asymptotic one of Fleiss, Cohen and Everitt (1969), which statsmodels has: checked here before anything is written.
"""
import json
from pathlib import Path

import numpy as np
import statsmodels
from scipy.stats import norm
from statsmodels.stats.inter_rater import cohens_kappa


def kappa_of(cells):
    """cells: fractions (or complex perturbations of them) of first x second, [wrong, right]."""
    confusion = cells / cells.sum()
    expected = np.outer(confusion.sum(axis=1), confusion.sum(axis=0))
    weights = 1 - np.eye(2)
    return 1 - (weights * confusion).sum() / (weights * expected).sum()


def gradient(cells):
    out = np.zeros(4)
    for k in range(4):
        moved = cells.astype(complex).ravel()
        moved[k] += 1e-30j
        out[k] = kappa_of(moved.reshape(2, 2)).imag / 1e-30
    return out


def interval(first, second, cluster):
    n = len(first)
    one_hot = np.zeros((n, 4))
    one_hot[np.arange(n), 2 * first + second] = 1
    cells = one_hot.mean(axis=0)
    influence = (one_hot - cells) @ gradient(cells.reshape(2, 2))
    names = np.unique(cluster)
    sums = np.array([influence[cluster == name].sum() for name in names])
    c = len(names)
    se = np.sqrt(c / (c - 1) * (sums**2).sum()) / n
    kappa = kappa_of(cells.reshape(2, 2))
    z = norm.ppf(0.975)
    return kappa, max(-1.0, kappa - z * se), min(1.0, kappa + z * se), se


rng = np.random.default_rng(11)
cases = []
for questions, each, skill, noise in [(12, 1, 0.5, 0.2), (60, 1, 0.7, 0.1), (40, 6, 0.4, 0.15), (200, 3, 0.9, 0.05), (30, 8, 0.5, 0.5), (25, 2, 0.5, 0.0), (9, 4, 0.2, 0.6)]:
    cluster = np.repeat(np.arange(questions), each)
    ease = np.repeat(rng.beta(2 * skill + 0.2, 2 * (1 - skill) + 0.2, questions), each)
    first = (rng.random(len(cluster)) < ease).astype(int)
    flip = np.repeat(rng.random(questions) < noise, each) & (rng.random(len(cluster)) < 0.8)
    second = np.where(flip, 1 - first, first)
    kappa, low, high, se = interval(first, second, cluster)
    if each == 1 and noise > 0:
        reference = cohens_kappa(np.histogram2d(first, second, bins=2)[0])
        assert abs(reference.kappa - kappa) < 1e-12
        assert abs(reference.var_kappa**0.5 - se * ((questions - 1) / questions) ** 0.5) < 1e-12, (reference.var_kappa**0.5, se)
    cases.append({"pairs": [[int(c), int(a), int(b)] for c, a, b in zip(cluster, first, second)], "kappa": float(kappa), "low": float(low), "high": float(high)})
out = {"versions": {"numpy": np.__version__, "statsmodels": statsmodels.__version__}, "cases": cases}
(Path(__file__).parent / "agreement.json").write_text(json.dumps(out) + "\n")
