from typing import NamedTuple

import numpy as np
import pytest

from train.first_rows import first_rows


class Whole(NamedTuple):
    hidden: np.ndarray
    lengths: np.ndarray
    labels: np.ndarray
    pooled: np.ndarray


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_rows_keep_their_tokens(count: int) -> None:
    random = np.random.default_rng(0)
    lengths = np.array([4, 1, 3], np.int32)
    hidden, pooled = random.standard_normal((8, 5), np.float32), random.standard_normal((3, 3, 5), np.float32)
    found = first_rows(Whole(hidden, lengths, np.array([0, 1, 1], np.int32), pooled), count)
    assert len(found.labels) == len(found.lengths) == len(found.pooled) == min(count, 3)
    np.testing.assert_array_equal(found.hidden, hidden[: lengths[:count].sum()])
