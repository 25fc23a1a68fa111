"""What other test rows and other seeds would have changed: the paired bootstrap over rows, and the variance over seeds.

Every metric of every head is computed on the same resamples. By scikit-learn's functions, five metrics of a head and a
resample of 3,245 rows take 10 ms, which is 20 minutes for 13 heads and baselines, and hours for more rows; not seconds.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float
from scipy.special import ndtr, stdtr, stdtrit

from headstart.cache.runtime.machine import core_count

RESAMPLES = 10_000
FEW, MANY_HEADS = 2_000, 16
"""Resamples where there are more heads: heads on every layer else take longer to judge than to train."""
LEVEL = 0.95
CHUNK = 2**20  # weights that a worker holds at a time: 4 MiB
WORKERS = 8
FIXED = 1e9  # degrees of freedom of a variance that is as good as known


def resample(
    statistic: Callable[[np.ndarray], np.ndarray], rows: int, resamples: int = RESAMPLES, seed: int = 0
) -> Float[np.ndarray, "m r"]:
    """Statistics of samples of as many rows, drawn from the rows with replacement.

    The same seed draws the same samples, whatever the statistic and however many cores.

    Args:
        statistic: Statistics `[m, c]` of c samples, from how often each row was drawn, float32 `[n, c]`.
        rows: n.
        resamples: r, the number of samples.
        seed: Seed of the draws.
    """
    size = max(1, min(resamples, CHUNK // rows))
    starts = range(0, resamples, size)

    def chunk(start: int) -> np.ndarray:
        return statistic(draw(rows, min(size, resamples - start), [seed, start]))

    with ThreadPoolExecutor(min(len(starts), core_count(), WORKERS)) as pool:
        return np.concatenate(list(pool.map(chunk, starts)), axis=1)


def resamples_for(heads: int) -> int:
    """How many resamples so many heads and baselines are judged by."""
    return FEW if heads > MANY_HEADS else RESAMPLES


def draw(rows: int, samples: int, seed: list[int]) -> Float[np.ndarray, "n c"]:
    """How often each row is drawn in each sample: multinomial, float32."""
    picks = np.random.default_rng(seed).integers(0, rows, (rows, samples))
    flat = np.bincount((picks * samples + np.arange(samples)).ravel(), minlength=rows * samples)
    return flat.reshape(rows, samples).astype(np.float32)


def interval(values: Float[np.ndarray, "*m r"], rows: int) -> Float[np.ndarray, "2 ..."]:
    """Percentile interval: lower and upper ends, of the resamples in which a metric is defined, NaN where none is.

    Few rows vary less than what they are drawn from; the percentiles are therefore further apart, as Student's t and
    the divisor of a variance say.

    Args:
        values: Metrics in the resamples.
        rows: Rows that were resampled.

    Reference:
        T. C. Hesterberg, What teachers should know about the bootstrap, The American Statistician 69 (2015): the
        expanded percentile interval.
    """
    ends = np.full((2, *values.shape[:-1]), np.nan)
    freedom = max(rows - 1, 1)
    tail = float(ndtr(stdtrit(freedom, (1 - LEVEL) / 2) * ((freedom + 1) / freedom) ** 0.5))
    for where in np.ndindex(values.shape[:-1]):
        defined = values[where][~np.isnan(values[where])]
        if len(defined):
            ends[(slice(None), *where)] = np.quantile(defined.astype(np.float64), [tail, 1 - tail])
    return ends


class Spread:
    """Variance of an estimate from test rows and seeds together.

    The rows' part is as good as known from the bootstrap; each head's part is known from few seeds only, which
    Student's t with Welch's and Satterthwaite's degrees of freedom makes up for.

    Args:
        rows: Variance over resamples of the rows.
        seeds: Value of each seed of each head; a single one says nothing and counts as no spread.
        anew: Whether the estimate is for one more training, not for the mean over all.

    Reference:
        B. L. Welch, The generalization of "Student's" problem ..., Biometrika 34 (1947).
    """

    def __init__(self, rows: float, seeds: Sequence[Float[np.ndarray, " _"]], anew: bool = False) -> None:
        parts = [(_spread(values, anew), len(values) - 1) for values in seeds if len(values) > 1]
        self.variance = rows + sum(part for part, _ in parts)
        doubt = sum(part**2 / freedom for part, freedom in parts)
        self.freedom = min(FIXED, self.variance**2 / doubt) if doubt > 0 else FIXED

    @property
    def half_width(self) -> float:
        """Half of the 95 % interval around the estimate."""
        return float(stdtrit(self.freedom, (1 + LEVEL) / 2) * self.variance**0.5)

    def p(self, estimate: float) -> float:
        """Two-sided p value of the estimate if the truth is 0."""
        if self.variance == 0:
            return float(estimate == 0)
        return 2 * float(stdtr(self.freedom, -abs(estimate) / self.variance**0.5))


def _spread(values: Float[np.ndarray, " s"], anew: bool) -> float:
    """Variance of the seeds' mean; with one more training's own variance, of the next value around that mean."""
    return float(values.var(ddof=1)) * (1 / len(values) + anew)
