"""How long a head takes to classify rows whose features are there."""

import statistics
import time
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from headstart.train.data.split import Split
from headstart.train.engine.steps import Group
from headstart.train.feeds.sampler import FeedSpec
from headstart.train.feeds.table import batch_of, table_of, take

ROWS = 128
REPEATS = 5


def seconds_per_thousand(
    group: Group, params: Mapping[str, PyTree], features: Split, tokens: bool, pooled: bool
) -> float:
    """Median seconds for 1,000 rows, after compilation, on one device; a batch of the rows of middling length.

    Args:
        group: of one head.
        params: of that head by name.
        features: any split.
        tokens: the head reads hidden states.
        pooled: the head reads pooled vectors.
    """
    middle = np.argsort(features.lengths, kind="stable")
    start = max(0, (len(middle) - ROWS) // 2)
    rows = np.sort(middle[start : start + ROWS])
    table = jax.device_put(take(table_of(features, FeedSpec(tokens, pooled, ROWS, 1, "exact")), rows))

    @jax.jit
    def run(params: Any, table: Any) -> Any:
        return group.logits(params, batch_of(table, jnp.arange(len(rows))))

    own = jax.device_put(dict(params))
    jax.block_until_ready(run(own, table))
    found = []
    for _ in range(REPEATS):
        begin = time.perf_counter()
        jax.block_until_ready(run(own, table))
        found.append(time.perf_counter() - begin)
    return statistics.median(found) * 1000 / len(rows)
