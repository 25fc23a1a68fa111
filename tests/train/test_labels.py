import numpy as np
import pytest

from train.labels import require_binary


@pytest.mark.parametrize("labels", [[0, 1, 1], [0], [1, 1]])
def test_binary_labels_pass(labels):
    require_binary(np.array(labels), "train")


@pytest.mark.parametrize(
    ("labels", "message"),
    [([], "the valid split has no rows"), ([0, 2, 1], r"labels \[0, 1, 2\]"), ([-1], r"labels \[-1\]")],
)
def test_others_are_named(labels, message):
    with pytest.raises(ValueError, match=message):
        require_binary(np.array(labels, np.int32), "valid")
