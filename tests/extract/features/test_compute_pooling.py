import jax.numpy as jnp
import numpy as np
import pytest

from headstart.extract.features.compute import pool_rows
from headstart.heads.pooling import pool

LENGTHS = np.array([3, 1, 7, 2], np.int32)


@pytest.mark.parametrize("dtype", ["float32", "float16"])
def test_pooled_features_are_those_of_the_heads(dtype: str) -> None:
    hidden = np.random.default_rng(0).standard_normal((LENGTHS.sum(), 5)).astype(dtype)
    rows = np.split(hidden, np.cumsum(LENGTHS)[:-1])
    found = pool_rows(hidden, LENGTHS)
    assert found.dtype == hidden.dtype
    for row, pooled in zip(rows, found, strict=True):
        wanted = pool(jnp.asarray(row)[None], jnp.ones((1, len(row)), bool))[0]
        np.testing.assert_allclose(pooled, wanted, rtol=1e-3 if dtype == "float16" else 1e-6, atol=1e-6)


def test_what_is_not_finite_shows() -> None:
    hidden = np.zeros((LENGTHS.sum(), 5), np.float16)
    hidden[4, 2] = np.inf
    assert not np.isfinite(pool_rows(hidden, LENGTHS)[2, :, 2]).all()
    assert np.isfinite(pool_rows(hidden, LENGTHS)[[0, 1, 3]]).all()
