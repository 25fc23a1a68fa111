"""Made-up test sets whose truth is known: binary labels, and heads that see them through Gaussian noise.

A head sees `signal * (2 label - 1) + noise` and answers `2 * signal` times what it sees, which is calibrated exactly;
a temperature other than 1 spoils that. Its accuracy on endless rows is the normal distribution's value at `signal`.
"""

import numpy as np

from cache.task import BINARY
from train.statistics.scores import metric_names, scorer


def draw_rows(rng, rows, heads, seeds=1, signal=1.0, shared=0.8, spread=0.0, temperature=1.0):
    """Labels `[n]` and logits `{head: [s, n, 1]}` of heads that are equally good.

    Args:
        rng: NumPy generator.
        rows: n.
        heads: how many.
        seeds: s.
        signal: how much each head sees; of a seed of a head, `signal + spread * normal`.
        shared: share of the noise's variance that all heads have in common: a hard row is hard for all.
        spread: how much trainings differ.
        temperature: below 1 for heads that are too sure.
    """
    labels = rng.integers(0, 2, rows)
    common = rng.normal(size=rows)
    own = rng.normal(size=(heads, seeds, rows))
    noise = np.sqrt(shared) * common + np.sqrt(1 - shared) * own
    seen = (signal + spread * rng.normal(size=(heads, seeds, 1))) * (2 * labels - 1) + noise
    logits = (2 * signal / temperature * seen)[..., None].astype(np.float32)
    return labels, {f"head{h}": logits[h] for h in range(heads)}


def endless(threshold, rows=1_000_000, **how):
    """Metrics of such a head on so many rows that chance hardly matters."""
    labels, logits = draw_rows(np.random.default_rng(1), rows, 1, **how)
    values = scorer(BINARY, labels, logits["head0"][0], threshold)(np.ones((rows, 1)))[:, 0]
    return dict(zip(metric_names(BINARY), values, strict=True))
