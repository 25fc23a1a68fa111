"""Contributions of tokens add up to the logits of the pooling heads, beside brute force."""

import jax
import numpy as np
import pytest

from headstart.heads import HEADS, PoolingHead
from headstart.heads.explain import contributions
from headstart.heads.modules import init
from tests.oracles.head_logits import logits_of

from .conftest import batch_from

POOLING = [name for name, head in HEADS.items() if isinstance(head, PoolingHead)]


@pytest.mark.parametrize("dtype", [np.float32, np.float16])
@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("name", POOLING)
def test_they_sum_to_the_logits(name: str, outputs: int, dtype: type) -> None:
    random = np.random.default_rng(0)
    hidden = random.normal(size=(4, 9, 32)).astype(dtype)
    lengths = (9, 1, 5, 3)
    batch = batch_from(hidden, lengths)
    batch = batch._replace(pooled=batch.pooled.astype(dtype))
    params = init(name, HEADS[name], 32, 0, outputs)
    wanted = np.asarray(jax.jit(logits_of(HEADS[name], outputs))(params, batch))
    kernel, bias = (np.asarray(params["dense"][part]) for part in ("kernel", "bias"))
    for row, length in enumerate(lengths):
        found = contributions(HEADS[name], kernel, hidden[row, :length], batch.pooled[row])
        assert found.shape == (length, outputs)
        np.testing.assert_allclose(found.sum(axis=0) + bias, wanted[row], atol=1e-4)


def test_the_winner_of_each_feature_gets_it() -> None:
    hidden = np.array([[1.0, 5.0], [3.0, 2.0], [0.0, 5.0]])
    kernel = np.array([[2.0], [10.0]])
    pooled = np.stack([hidden[0], hidden.max(axis=0), hidden.mean(axis=0)])
    # feature 0 is token 1's; feature 1 is shared by tokens 0 and 2: the first has it
    assert contributions(HEADS["max"], kernel, hidden, pooled).tolist() == [[50], [6], [0]]
    assert contributions(HEADS["cls"], kernel, hidden, pooled).tolist() == [[52], [0], [0]]
    np.testing.assert_allclose(
        contributions(HEADS["avg"], kernel, hidden, pooled), [[52 / 3], [26 / 3], [50 / 3]], rtol=1e-6
    )
