import numpy as np
import pytest

from train.floors import majority


@pytest.mark.parametrize(
    ("train", "test", "loss", "accuracy"),
    [
        # 3 of 4 say 1: probability 0.75 for every row
        ([1, 1, 0, 1], [1, 0, 1], -(2 * np.log(0.75) + np.log(0.25)) / 3, 2 / 3),
        # the majority of training counts, though test has another
        ([0, 0, 0, 0, 1], [1, 1, 0], -(2 * np.log(0.2) + np.log(0.8)) / 3, 1 / 3),
        # equal classes say 0
        ([0, 1], [0, 0, 1], np.log(2), 2 / 3),
    ],
)
def test_by_hand(train, test, loss, accuracy):
    assert majority(np.array(train), np.array(test)) == pytest.approx((loss, accuracy))


def test_one_class_only_stays_finite():
    loss, accuracy = majority(np.array([1, 1, 1]), np.array([1, 0]))
    assert np.isfinite(loss)
    assert loss > 5
    assert accuracy == 0.5


def test_labels_are_checked():
    with pytest.raises(ValueError, match="test split has no rows"):
        majority(np.array([0, 1]), np.array([], np.int32))
