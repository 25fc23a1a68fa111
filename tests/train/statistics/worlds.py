"""Made-up test sets whose truth is known: binary labels, and heads that see them through Gaussian noise.

A head sees `signal * (2 label - 1) + noise` and answers `2 * signal` times what it sees, which is calibrated exactly;
a temperature other than 1 spoils that.
"""

from typing import NamedTuple

import numpy as np
from scipy.special import logit, ndtr

from headstart.cache.task import BINARY
from headstart.train.metrics.scores import metric_names, scorer


class World(NamedTuple):
    """Heads that are equally good.

    Attributes:
        heads: how many.
        seeds: trainings of each.
        signal: how much a head sees; of each training, `signal + spread * normal`.
        spread: how much trainings differ.
        shared: share of the noise's variance that all heads have in common: a hard row is hard for all.
        temperature: below 1 for heads that are too sure.
    """

    heads: int = 10
    seeds: int = 1
    signal: float = 1.0
    spread: float = 0.0
    shared: float = 0.8
    temperature: float = 1.0

    def train(self, rng):
        """Signal of each training of each head, `[h, s, 1]`."""
        return self.signal + self.spread * rng.normal(size=(self.heads, self.seeds, 1))

    def draw(self, rng, rows, signals):
        """Labels `[n]` and logits `{head: [s, n, 1]}` on new rows."""
        labels = rng.integers(0, 2, rows)
        own = rng.normal(size=(self.heads, self.seeds, rows))
        noise = np.sqrt(self.shared) * rng.normal(size=rows) + np.sqrt(1 - self.shared) * own
        logits = 2 * self.signal / self.temperature * (signals * (2 * labels - 1) + noise)
        return labels, {f"head{h}": logits[h, :, :, None].astype(np.float32) for h in range(self.heads)}

    def endless(self, rows=1_000_000):
        """Metrics of a head without spread on so many rows that chance hardly matters."""
        world = World(heads=1, signal=self.signal, temperature=self.temperature)
        rng = np.random.default_rng(1)
        labels, logits = world.draw(rng, rows, world.train(rng))
        values = scorer(BINARY, labels, logits["head0"][0], 0.5)(np.ones((rows, 1)))[:, 0]
        return dict(zip(metric_names(BINARY), values.tolist(), strict=True))

    def f1(self, threshold):
        """F1 of class 1, and the mean over both classes, of a head without spread, on endless rows."""
        cut = logit(threshold) * self.temperature / (2 * self.signal)
        hits, alarms = ndtr(self.signal - cut), ndtr(-self.signal - cut)
        one, zero = 2 * hits / (1 + hits + alarms), 2 * (1 - alarms) / (1 + 2 - hits - alarms)
        return {"f1": one, "macro_f1": (one + zero) / 2}
