"""Runs of heads on layers, of answers that are right as often as is said."""

import dataclasses
from collections.abc import Mapping

import numpy as np

from headstart.cache.task import BINARY, Task
from headstart.train.results.layers import candidates_of
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.layer_verdict import find_layers
from headstart.train.statistics.summary import summarise
from tests.train.report.html.made_runs import answers, labels_of, made_run, row

LAST = 4
HEADS = ("avg", "maxavg")
SECONDS = {"total": 10.0, "backbone": 8.0}


def layered_run(
    task: Task = BINARY,
    heads: tuple[str, ...] = HEADS,
    folds: int = 1,
    better: Mapping[str, float] | None = None,
    plain: tuple[str, ...] = (),
) -> RunRecord:
    """A run of heads on layers 0 to 4 and on all of them, and of the majority class.

    Args:
        task: Kind and classes; with `better` a binary one.
        heads: Heads on layers.
        folds: Number of rounds.
        better: Layer, or `all` -> share of rows that heads there decide rightly; of the others 0.7.
        plain: Heads without a layer.
    """
    random = np.random.default_rng(3)
    names = [f"{head}@{layer}" for head in heads for layer in (*range(LAST + 1), "all")]
    every = ["majority", *plain, *names]
    rounds = [
        {split: _answers(task, rows, every, better, random) for split, rows in (("valid", 90), ("test", 150))}
        for _ in range(folds)
    ]
    joined = {split: _joined([one[split] for one in rounds]) for split in ("valid", "test")}
    statistics = summarise(task, joined["valid"], joined["test"], {"majority"}, resamples=50)
    results = [row(task, name, 0, joined["test"].labels, joined["test"].logits[name][0]) for name in every]
    found = find_layers(task, candidates_of(every, LAST), rounds, LAST, SECONDS)
    base = made_run(task)[0]
    histories = {f"{name}/0": base.histories["avg/0"] for name in names[:2]}  # each is a figure to draw
    return dataclasses.replace(
        base,
        results=results,
        statistics=statistics,
        baselines=["majority"],
        histories=histories,
        inference={},
        layers=found,
    )


def _answers(
    task: Task, rows: int, names: list[str], better: Mapping[str, float] | None, random: np.random.Generator
) -> SplitAnswers:
    labels = labels_of(task, rows, random)
    if better is None:
        return SplitAnswers(labels, {name: answers(task, labels, 1, random) for name in names})
    logits = {}
    for name in names:
        right = random.random(rows) < better.get(name.partition("@")[2], 0.7)
        logits[name] = ((2 * labels - 1) * np.where(right, 1.0, -1.0))[None, :, None]
    return SplitAnswers(labels, logits)


def _joined(parts: list[SplitAnswers]) -> SplitAnswers:
    logits = {name: np.concatenate([part.logits[name] for part in parts], axis=1) for name in parts[0].logits}
    return SplitAnswers(np.concatenate([part.labels for part in parts]), logits)
