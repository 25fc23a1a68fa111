"""Answers beside `train.metrics.probabilities` and SciPy."""

import jax
import numpy as np
import pytest
from scipy.special import expit, softmax

from headstart.cache.task import Task
from headstart.train.predict.answers import chosen, class_probabilities, labels_of

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("a", "b", "c")),
    "multilabel": Task("multilabel", ("x", "y", "z")),
}


@pytest.mark.parametrize("kind", TASKS)
def test_probabilities_are_scipy_s(kind: str) -> None:
    task = TASKS[kind]
    logits = np.random.default_rng(0).normal(scale=8, size=(50, task.outputs)).astype(np.float32)
    found = np.asarray(jax.jit(lambda logits: class_probabilities(task, logits))(logits))
    wanted = {
        "binary": lambda: np.concatenate([expit(-logits), expit(logits)], axis=1),
        "multiclass": lambda: softmax(logits, axis=1),
        "multilabel": lambda: expit(logits),
    }[kind]()
    np.testing.assert_allclose(found, wanted, atol=1e-6)


def test_labels_at_their_thresholds() -> None:
    shares = np.array([[0.6, 0.4], [0.3, 0.7]], np.float32)
    assert labels_of(TASKS["binary"], chosen(TASKS["binary"], shares, 0.75)) == [["no"], ["no"]]
    assert labels_of(TASKS["binary"], chosen(TASKS["binary"], shares, 0.35)) == [["yes"], ["yes"]]
    several = np.array([[0.2, 0.2, 0.2], [0.9, 0.9, 0.9]], np.float32)
    found = labels_of(TASKS["multilabel"], chosen(TASKS["multilabel"], several, [0.1, 0.5, 0.95]))
    assert found == [["x"], ["x", "y"]]
    ties = np.array([[0.4, 0.4, 0.2]], np.float32)
    assert labels_of(TASKS["multiclass"], chosen(TASKS["multiclass"], ties, 0.5)) == [["a"]]
