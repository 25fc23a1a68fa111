import numpy as np
import pytest
from sklearn.metrics import log_loss

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.probabilities import decisions, probabilities_of, row_losses

THREE = Task("multiclass", ("x", "y", "z"))
LABELS = Task("multilabel", ("x", "y", "z"))


def test_sigmoid_and_softmax_row_by_row():
    logits = np.random.default_rng(0).normal(size=(2, 5, 3)).astype(np.float32)
    for s in range(2):
        for i in range(5):
            row = logits[s, i].astype(np.float64)
            assert probabilities_of(THREE, logits)[s, i] == pytest.approx(np.exp(row) / sum(np.exp(row)))
            assert probabilities_of(LABELS, logits)[s, i] == pytest.approx(
                [1 / (1 + np.exp(-z)) for z in row]
            )


@pytest.mark.parametrize(
    ("task", "logits", "expected"),
    [
        (BINARY, [[np.inf]], [[1]]),
        (BINARY, [[-np.inf]], [[0]]),
        (THREE, [[np.inf, 0, 3]], [[1, 0, 0]]),
        (THREE, [[-np.inf, 0, 0]], [[0, 0.5, 0.5]]),
        (THREE, [[np.inf, np.inf, -np.inf]], [[0.5, 0.5, 0]]),
        (THREE, [[-np.inf] * 3], [[1 / 3] * 3]),
        (THREE, [[3e38, -3e38, 0]], [[1, 0, 0]]),
    ],
)
def test_infinite_logits_are_certain(task, logits, expected):
    assert probabilities_of(task, np.array(logits, np.float32)) == pytest.approx(np.array(expected))


@pytest.mark.parametrize("task", [BINARY, THREE, LABELS])
def test_nan_stays_where_it_is(task):
    logits = np.zeros((2, task.outputs), np.float32)
    logits[1, 0] = np.nan
    shares = probabilities_of(task, logits)
    assert np.isfinite(shares[0]).all()
    assert np.isnan(shares[1, 0])


def test_losses_are_scikit_learns():
    rng = np.random.default_rng(1)
    logits = rng.normal(size=(40, 3)).astype(np.float32)
    numbers, several = rng.integers(0, 3, 40), rng.integers(0, 2, (40, 3))
    shares = probabilities_of(THREE, logits)
    assert row_losses(THREE, numbers, logits).mean() == pytest.approx(log_loss(numbers, shares))
    means = [log_loss(several[:, k], probabilities_of(LABELS, logits)[:, k]) for k in range(3)]
    assert row_losses(LABELS, several, logits).mean() == pytest.approx(np.mean(means))
    binary = row_losses(BINARY, several[:, 0], logits[:, :1]).mean()
    assert binary == pytest.approx(log_loss(several[:, 0], probabilities_of(BINARY, logits[:, :1])))


@pytest.mark.parametrize(
    ("task", "label", "logits", "loss"),
    [
        (BINARY, 1, [np.inf], 0),
        (BINARY, 0, [np.inf], np.inf),
        (BINARY, 0, [800], 800),
        (THREE, 0, [np.inf, 0, 0], 0),
        (THREE, 1, [np.inf, 0, 0], np.inf),
        (THREE, 0, [-np.inf, 0, 0], np.inf),
        (THREE, 1, [-np.inf, 0, 0], np.log(2)),
    ],
)
def test_the_loss_of_an_infinite_logit(task, label, logits, loss):
    assert row_losses(task, np.array([label]), np.array([logits], np.float32)) == pytest.approx([loss])


def test_a_half_says_0_and_of_equal_classes_the_first_is_said():
    half = np.array([[0.5], [0.6]])
    assert decisions(BINARY, half).tolist() == [0, 1]
    assert decisions(BINARY, half, 0.6).tolist() == [0, 0]
    assert decisions(THREE, np.array([[0.2, 0.4, 0.4]])).tolist() == [1]
    assert decisions(LABELS, np.array([[0.2, 0.5, 0.9]]), [0.1, 0.4, 0.95]).tolist() == [[1, 1, 0]]
