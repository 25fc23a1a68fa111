"""Answers beside `train.metrics.probabilities` and SciPy, and pages that hold what they should."""

import html
import re

import jax
import numpy as np
import pytest
from scipy.special import expit, softmax

from headstart.cache.task import Task
from headstart.train.predict.answers import chosen, class_probabilities, labels_of
from headstart.train.predict.explain_page import Explained, as_lines, as_page, label_texts

TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("a", "b", "c")),
    "multilabel": Task("multilabel", ("x", "y", "z")),
}
NASTY = '<script>alert("x")</script> & \u202e \x1b[31m'


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


def explained(text: str) -> Explained:
    task = TASKS["multilabel"]
    shares = np.array([[0.9, 0.1, 0.2]], np.float32)
    (labelled,) = label_texts(task, [text], shares, 0.5)
    random = np.random.default_rng(0)
    added, bias = random.normal(size=(4, 3)).astype(np.float32), np.float32([0.1, -0.2, 0.3])
    won = np.array([3, 0, 4, 1])
    return Explained(
        labelled, task.classes, added.sum(axis=0) + bias, bias, ["[CLS]", NASTY, "b", "c"], added, won
    )


def test_the_page_is_one_file_with_every_contribution_and_no_markup_from_texts() -> None:
    own = explained(NASTY)
    page = as_page("What each token adds", [own])
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert not re.search(r"https?:|src=|@import|url\(", page)
    assert "prefers-color-scheme:dark" in page
    titles = [html.unescape(found) for found in re.findall(r'title="([^"]*)"', page)]
    values = np.array([float(title.split(",")[0]) for title in titles]).reshape(3, 4)
    np.testing.assert_allclose(values.sum(axis=1) + own.bias, own.logits, atol=1e-3)  # four decimals each
    assert [title.split(", ")[1] for title in titles[:2]] == [
        "largest in 3 of 8 features",
        "largest in 0 of 8 features",
    ]


def test_colour_is_for_terminals() -> None:
    own = explained("a text")._replace(words=["a", "b", "c", "d"])
    assert "\033[31m" in as_lines(own, colour=True)
    assert "\033" not in as_lines(own, colour=False)
