"""Heads on tokens in any order and with gaps between rows: the numbers of the padded modules, rows one by one."""

import jax
import numpy as np
import pytest

from headstart.extract.features.compute import pool_rows
from headstart.heads import HEADS
from headstart.heads.fused.ragged import Ragged, pool_ragged, score_of
from tests.oracles.head_logits import logits_of

LENGTHS = np.array([17, 1, 40, 5], np.int32)
STARTS = np.array([50, 3, 5, 70], np.int32)


def table(width: int) -> np.ndarray:
    """Tokens of all rows; NaN wherever no row lies."""
    tokens = np.full((80, width), np.nan, np.float16)
    random = np.random.default_rng(0)
    for start, length in zip(STARTS, LENGTHS, strict=True):
        tokens[start : start + length] = random.normal(size=(length, width))
    return tokens


def test_pooled_vectors_are_those_of_the_cache_to_the_last_bit() -> None:
    tokens = table(64)
    found = jax.jit(pool_ragged)(Ragged(tokens, STARTS, LENGTHS))
    rows = [tokens[start : start + length] for start, length in zip(STARTS, LENGTHS, strict=True)]
    wanted = pool_rows(np.concatenate(rows), LENGTHS)
    np.testing.assert_array_equal(np.asarray(found).astype(np.float16), wanted)


@pytest.mark.parametrize("name", HEADS)
def test_logits_are_those_of_the_head_alone(name: str, random_params, make_batch) -> None:
    tokens, params = table(7), random_params(name)
    found = jax.jit(score_of(name, HEADS[name], 40, "float32"))(params, tokens, STARTS, LENGTHS)
    hidden = np.zeros((4, 40, 7), np.float16)
    for row, (start, length) in enumerate(zip(STARTS, LENGTHS, strict=True)):
        hidden[row, :length] = tokens[start : start + length]
    batch = make_batch(hidden, LENGTHS)
    batch = batch._replace(pooled=batch.pooled.astype(np.float16))
    wanted = jax.jit(logits_of(HEADS[name], 2))(params, batch)
    np.testing.assert_allclose(found, wanted, atol=2e-5)
