import math

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.results.outcome import metrics_of


@pytest.mark.parametrize(
    ("task", "labels", "logits", "loss", "accuracy"),
    [
        (BINARY, [1, 0], [[0.0], [0.0]], math.log(2), 0.5),
        (
            Task("multiclass", ("a", "b", "c")),
            [2, 0],
            [[0.0, 0.0, 9.0], [0.0, 0.0, 0.0]],
            math.log(3) / 2,
            1.0,
        ),
        (Task("multilabel", ("a", "b")), [[1, 0]], [[0.0, 0.0]], math.log(2), 0.5),
    ],
)
def test_metrics_by_hand(task, labels, logits, loss, accuracy) -> None:
    found = metrics_of(task, np.array(labels, np.int32), np.array(logits, np.float32))
    assert found == pytest.approx((loss, accuracy), abs=2e-4)
