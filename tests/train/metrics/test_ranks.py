import numpy as np
import pytest

from headstart.train.metrics.ranks import BLOCK, running


@pytest.mark.parametrize("levels", [1, 2, BLOCK - 1, BLOCK, BLOCK + 1, 5 * BLOCK + 7])
def test_the_running_sum_is_numpys(levels):
    values = np.random.default_rng(levels).integers(0, 9, (levels, 3)).astype(np.float32)
    assert running(values).tolist() == np.cumsum(values, axis=0).tolist()
