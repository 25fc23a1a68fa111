import math
from typing import NamedTuple

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.results.baselines import Baseline
from headstart.train.results.outcome import FOLDS_NOTE, TrainedHeads, judge, metrics_of


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


class Labels(NamedTuple):
    """Labels and numbers of rows; the rest of a split is not there."""

    labels: np.ndarray
    rows: np.ndarray
    hidden = lengths = pooled = texts = width = itemsize = None

    def read(self, field, start, stop):
        raise NotImplementedError


def split_of(labels):
    """A split of which only labels and numbers of rows are asked for."""
    return Labels(labels, np.arange(len(labels)))


def round_of(notes, fold, rows=12):
    """A round without heads, whose baselines have notes."""
    labels = np.arange(rows) % 2
    split = split_of(labels)
    logits = {name: np.zeros((rows, 1), np.float32) for name in ("valid", "test")}
    baselines = [Baseline(name, 0, 0.0, logits, note) for name, note in notes.items()]
    splits = dict.fromkeys(("train", "valid", "test"), split)
    return TrainedHeads(splits, None, None, {}, {}, baselines, 0.0, fold), split


@pytest.mark.parametrize("note", ["counts characters.", "has nothing to count.", ""])
def test_what_is_to_know_of_a_baseline_is_said_below_the_table(note) -> None:
    trained, tested = round_of({"majority": "", "tfidf_logreg": note}, None)
    notes = judge(BINARY, [trained], tested, []).statistics.notes
    assert [said for said in notes if said.endswith("count.") or said.endswith("characters.")] == [
        note
    ] * bool(note)
    assert "" not in notes


def test_what_several_folds_say_alike_is_said_once() -> None:
    rounds = [
        round_of({"tfidf_logreg": note}, fold)[0] for fold, note in enumerate(("a.", "b.", "a."), start=1)
    ]
    tested = split_of(np.arange(36) % 2)
    places = np.split(np.arange(36), 3)
    notes = judge(BINARY, rounds, tested, places).statistics.notes
    assert notes[-3:] == ["a.", "b.", FOLDS_NOTE]
