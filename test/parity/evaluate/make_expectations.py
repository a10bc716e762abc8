#!/usr/bin/env python3
"""Intervals and tests by SciPy and statsmodels: the expectations of statistics.test.ts.

    python test/parity/evaluate/make_expectations.py         # numpy, scipy, statsmodels
"""
import json
import random
from pathlib import Path

import numpy as np
import scipy
import statsmodels
from scipy.stats import bootstrap
from statsmodels.stats.contingency_tables import mcnemar
from statsmodels.stats.proportion import proportion_confint

rng = random.Random(7)
wilson = []
for n in (1, 2, 5, 10, 37, 100, 1000, 123456):
    for k in sorted({0, 1, n // 3, n // 2, n - 1, n} & set(range(n + 1))):
        for level in (0.9, 0.95, 0.99):
            wilson.append([k, n, level, *map(float, proportion_confint(k, n, alpha=1 - level, method="wilson"))])
pairs = []
for lost, won in [(0, 0), (0, 1), (1, 0), (3, 9), (12, 12), (0, 24), (5, 19), (13, 12), (25, 0), (10, 30), (40, 41), (50, 50), (200, 150), (1000, 900), (0, 300)]:
    exact = lost + won < 25
    p = mcnemar([[0, lost], [won, 0]], exact=exact, correction=True).pvalue if lost + won else 1.0
    pairs.append([lost, won, exact, 1.0 if lost == won else float(p)])
samples = []
for n in (8, 40, 200):
    values = [round(rng.gauss(0.3, 1.0), 4) for _ in range(n)]
    r = bootstrap((np.asarray(values),), np.mean, n_resamples=200_000, method="percentile", random_state=1).confidence_interval
    samples.append({"values": values, "mean": float(np.mean(values)), "low": float(r.low), "high": float(r.high)})
out = {"versions": {"scipy": scipy.__version__, "statsmodels": statsmodels.__version__}, "wilson": wilson, "mcnemar": pairs, "bootstrap": samples}
(Path(__file__).parent / "statistics.json").write_text(json.dumps(out) + "\n")
