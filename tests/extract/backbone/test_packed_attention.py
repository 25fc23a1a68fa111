"""Attention within rows, beside exact arithmetic in NumPy."""

import jax.numpy as jnp
import ml_dtypes
import numpy as np
import pytest

from headstart.extract.backbone.packed_attention import attend_exactly, attend_half, attend_mixed, score_scale
from headstart.extract.backbone.precision import Precision

SEGMENTS = np.array([[1, 1, 1, 2, 2, 2, 2, 2, 0, 0, 0], [3, 3, 3, 3, 3, 3, 3, 4, 5, 5, 0]])
SAME_ROW = SEGMENTS[:, :, None] == SEGMENTS[:, None, :]
HEADS, WIDTH = 3, 8
PRECISIONS = {"mixed": Precision("mixed", "packed"), "float32": Precision("float32", "packed")}


def drawn(spread: float = 1.0) -> np.ndarray:
    """q, k and v, `[b, t, 3, h, e]`, each representable in bfloat16."""
    values = np.random.default_rng(0).standard_normal((*SEGMENTS.shape, 3, HEADS, WIDTH)) * spread
    return values.astype(ml_dtypes.bfloat16).astype(np.float32)


def exactly(qkv: np.ndarray, base: float) -> np.ndarray:
    """Brute force, in float64: one sequence, one head, one token at a time."""
    wanted = np.zeros((*SEGMENTS.shape, HEADS, WIDTH))
    for b, t, h in np.ndindex(*SEGMENTS.shape, HEADS):
        own = SAME_ROW[b, t]
        q, k, v = (
            qkv[b, t, 0, h].astype(float),
            qkv[b, own, 1, h].astype(float),
            qkv[b, own, 2, h].astype(float),
        )
        scores = k @ q
        weights = base ** (scores - scores.max())
        wanted[b, t, h] = weights @ v / weights.sum()
    return wanted


@pytest.mark.parametrize("spread", [0.3, 1.0, 6.0])
def test_mixed_attention_is_that_of_powers_of_two(spread: float) -> None:
    """Scores reach 500 at the widest: what a row's maximum is must come from the row alone."""
    qkv = drawn(spread)
    found = attend_mixed(jnp.asarray(qkv), jnp.asarray(SAME_ROW))
    assert found.dtype == jnp.bfloat16
    np.testing.assert_allclose(found.astype(np.float32), exactly(qkv, 2.0), atol=0.01 * spread)


def test_the_scale_turns_powers_of_e_into_powers_of_two() -> None:
    qkv = drawn()
    scaled = qkv.copy()
    scaled[:, :, 0] *= score_scale(WIDTH, PRECISIONS["mixed"])
    plain = qkv.copy()
    plain[:, :, 0] *= score_scale(WIDTH, PRECISIONS["float32"])
    assert score_scale(WIDTH, PRECISIONS["float32"]) == pytest.approx(WIDTH**-0.5)
    np.testing.assert_allclose(exactly(scaled, 2.0), exactly(plain, np.e), atol=1e-6)


def test_exact_attention_is_exact_and_jax_s_own_is_near() -> None:
    qkv = drawn()
    parts = [jnp.asarray(qkv[:, :, part]) for part in range(3)]
    wanted = exactly(qkv, np.e)
    np.testing.assert_allclose(attend_exactly(*parts, jnp.asarray(SAME_ROW)), wanted, atol=1e-5)
    half = attend_half(*parts, jnp.asarray(SAME_ROW), "xla")
    np.testing.assert_allclose(half.astype(np.float32), wanted, atol=0.05)


@pytest.mark.parametrize("loud", [1.0, 4.0, 300.0])
def test_other_rows_change_nothing_however_loud(loud: float) -> None:
    qkv = drawn()
    other = qkv.copy()
    other[0, 3:] *= loud
    other[0, 3:, 1] += 2
    own = slice(0, 3)
    before, after = (np.asarray(attend_mixed(jnp.asarray(x), jnp.asarray(SAME_ROW))) for x in (qkv, other))
    np.testing.assert_array_equal(before[0, own], after[0, own])


def test_what_stands_for_the_maximum_does_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    qkv = jnp.asarray(drawn(2.0))
    found = []
    for near in (-1.0, np.inf):  # each row's own maximum, always; the sequence's, always
        monkeypatch.setattr("headstart.extract.backbone.packed_attention.NEAR", near)
        found.append(np.asarray(attend_mixed(qkv, jnp.asarray(SAME_ROW))))
    np.testing.assert_array_equal(*found)


@pytest.mark.parametrize("value", [np.nan, np.inf])
@pytest.mark.parametrize("part", [0, 1, 2])
def test_what_is_not_finite_shows_in_its_row_and_in_no_other(part: int, value: float) -> None:
    qkv = drawn()
    before = np.asarray(attend_mixed(jnp.asarray(qkv), jnp.asarray(SAME_ROW)))
    qkv[0, 1, part] = value
    after = np.asarray(attend_mixed(jnp.asarray(qkv), jnp.asarray(SAME_ROW))).astype(np.float32)
    assert not np.isfinite(after[0, 1]).any()
    np.testing.assert_array_equal(after[1], before[1].astype(np.float32))
