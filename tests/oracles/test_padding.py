import ml_dtypes
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.oracles.padded_training import BUCKET, bucket_length, pad_rows


@pytest.mark.parametrize(
    ("longest", "limit", "length"),
    [
        (1, 150, 32),
        (32, 150, 32),
        (33, 150, 64),
        (128, 150, 128),
        (129, 150, 150),
        (150, 150, 150),
        (3, 7, 7),
    ],
)
def test_bucket_lengths_by_hand(longest, limit, length):
    assert bucket_length(longest, limit) == length


@given(st.integers(1, 600), st.integers(0, 600))
def test_a_bucket_holds_the_row_and_buckets_are_few(longest, more):
    length = bucket_length(longest, longest + more)
    assert longest <= length <= longest + more
    assert length % BUCKET == 0 or length == longest + more


def padded_slowly(hidden, lengths, rows):
    """The oracle: row by row and token by token."""
    length = bucket_length(max(int(lengths[row]) for row in rows), int(max(lengths)))
    padded = np.zeros((len(rows), length, hidden.shape[1]), hidden.dtype)
    mask = np.zeros((len(rows), length), bool)
    for place, row in enumerate(rows):
        for token in range(lengths[row]):
            padded[place, token] = hidden[sum(int(n) for n in lengths[:row]) + token]
            mask[place, token] = True
    return padded, mask


@pytest.mark.parametrize("dtype", [np.float16, np.float32, ml_dtypes.bfloat16])
@pytest.mark.parametrize("rows", [[3, 0, 5], [8], [2, 2, 8, 1], list(range(9))])
def test_equals_the_slow_oracle(make_split, rows, dtype):
    split = make_split(9, seed=3, longest=70)
    hidden = split.hidden.astype(dtype)
    padded, mask = pad_rows(hidden, split.lengths, np.array(rows))
    expected, expected_mask = padded_slowly(hidden, split.lengths, rows)
    assert padded.dtype == dtype
    np.testing.assert_array_equal(padded, expected)
    np.testing.assert_array_equal(mask, expected_mask)


def test_padding_is_zero_even_beside_nan(make_split):
    split = make_split(4, seed=1)
    split.hidden[:] = np.nan
    padded, mask = pad_rows(split.hidden, split.lengths, np.arange(4))
    assert np.isnan(padded[mask]).all()
    assert (padded[~mask] == 0).all()
    assert (~mask).any()
