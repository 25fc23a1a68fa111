"""The paired bootstrap over test rows: every metric of every head is computed on the same resamples."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from jaxtyping import Float

RESAMPLES = 10_000
LEVEL = 0.95
CHUNK = 2**20  # weights that a worker holds at a time: 4 MiB
WORKERS = 8


def resample(
    statistic: Callable[[np.ndarray], np.ndarray], rows: int, resamples: int = RESAMPLES, seed: int = 0
) -> Float[np.ndarray, "m r"]:
    """Statistics of samples of as many rows, drawn from the rows with replacement.

    The same seed draws the same samples, whatever the statistic and however many cores.

    Args:
        statistic: from how often each row was drawn, float32 `[n, c]`, to the statistics `[m, c]` of c samples.
        rows: n.
        resamples: r, how many samples.
        seed: of the draws.
    """
    size = max(1, min(resamples, CHUNK // rows))
    starts = range(0, resamples, size)

    def chunk(start: int) -> np.ndarray:
        return statistic(draw(rows, min(size, resamples - start), [seed, start]))

    with ThreadPoolExecutor(min(len(starts), os.cpu_count() or 1, WORKERS)) as pool:
        return np.concatenate(list(pool.map(chunk, starts)), axis=1)


def draw(rows: int, samples: int, seed: list[int]) -> Float[np.ndarray, "n c"]:
    """How often each row is drawn in each sample: multinomial, float32."""
    picks = np.random.default_rng(seed).integers(0, rows, (rows, samples))
    flat = np.bincount((picks * samples + np.arange(samples)).ravel(), minlength=rows * samples)
    return flat.reshape(rows, samples).astype(np.float32)


def interval(values: Float[np.ndarray, "*m r"]) -> Float[np.ndarray, "2 ..."]:
    """Percentile interval: lower and upper ends, of the resamples in which a metric is defined, NaN where none is."""
    ends = np.full((2, *values.shape[:-1]), np.nan)
    tail = (1 - LEVEL) / 2
    for where in np.ndindex(values.shape[:-1]):
        defined = values[where][~np.isnan(values[where])]
        if len(defined):
            ends[(slice(None), *where)] = np.quantile(defined.astype(np.float64), [tail, 1 - tail])
    return ends
