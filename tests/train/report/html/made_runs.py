"""Runs as bench.py writes them, of random answers."""

import math

import numpy as np

from headstart.cache.task import BINARY, Task
from headstart.train.engine.history import EpochRecord, History
from headstart.train.options import ComparisonSettings
from headstart.train.results.outcome import metrics_of
from headstart.train.results.result import Result
from headstart.train.results.run_record import CacheFacts, RunRecord
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.summary import summarise

TASKS = {
    "binary": BINARY,
    "multiclass": Task("multiclass", ("hate", "offence", "neither")),
    "multilabel": Task("multilabel", ("toxic", "threat", "insult")),
}
HEADS = {"avg": 385, "gru": 86_465, "lstm_pooled": 115_073}
ROWS = {"train": 200, "valid": 40, "test": 60}


def made_run(
    task: Task, seeds: int = 1, seed: int = 0, diverged: str = ""
) -> tuple[RunRecord, dict[str, np.ndarray]]:
    """What `results.json` and `predictions/test.npz` hold."""
    random = np.random.default_rng(seed)
    labels = {name: labels_of(task, ROWS[name], random) for name in ROWS}
    names = {"majority": 1, "logreg_mean": 1, **dict.fromkeys(HEADS, seeds)}
    logits = {
        split: {name: answers(task, labels[split], count, random) for name, count in names.items()}
        for split in ("valid", "test")
    }
    if diverged:
        logits["test"][diverged][:] = np.nan
    results = [
        row(task, name, number, labels["test"], logits["test"][name][number])
        for name, count in names.items()
        for number in range(count)
    ]
    answers_of = {split: SplitAnswers(labels[split], logits[split]) for split in logits}
    baselines = {"majority", "logreg_mean"}
    statistics = summarise(task, answers_of["valid"], answers_of["test"], baselines, resamples=200)
    arrays = {f"{name}/{n}": own[n] for name, own in logits["test"].items() for n in range(len(own))}
    run = RunRecord(
        task=task,
        results=results,
        settings=ComparisonSettings(heads="avg,gru", seeds=seeds, epochs=5, deduplicate=True),
        operands="float32",
        cache=CacheFacts(
            name="made-minilm-0123456789",
            location="features/made-minilm-0123456789",
            key="ab" * 32,
            recipe={"max_length": 150, "dropout": "{}", "row_count": 300},
            source={
                "backbone": "minilm",
                "command": "python -m extract --data made.csv",
                "data": "made.csv",
                "label_column": "Toxic",
            },
        ),
        environment={"date": "2026-11-28", "python": "3.11", "jax": "0.10.2"},
        histories={f"{name}/{n}": history(random, diverged == name) for name in HEADS for n in range(seeds)},
        statistics=statistics,
        leaks={"train/valid": 0, "train/test": 3, "valid/test": 0},
        baselines=sorted(baselines),
        inference={"avg": 0.0005, "gru": 0.06, "lstm_pooled": 0.08},
        rows=ROWS,
        seconds={"total": 12.5, "epochs": [1.0]},
    )
    return run, {"labels": labels["test"], "rows": np.arange(60) * 2, **arrays}


def labels_of(task: Task, rows: int, random: np.random.Generator) -> np.ndarray:
    if task.kind == "multilabel":
        return random.integers(0, 2, (rows, 3)).astype(np.int32)
    return random.integers(0, len(task.classes), rows).astype(np.int32)


def answers(task: Task, labels: np.ndarray, seeds: int, random: np.random.Generator) -> np.ndarray:
    """Logits that are mostly right."""
    truth = np.eye(3)[labels] if task.kind == "multiclass" else labels.reshape(len(labels), -1)
    return (random.normal(size=(seeds, *truth.shape)) + 0.6 * (2 * truth - 1)).astype(np.float32)


def row(task: Task, name: str, seed: int, labels: np.ndarray, logits: np.ndarray) -> Result:
    found = metrics_of(task, labels, logits)
    return Result(name, seed, HEADS.get(name, 0), 5, 3, 0.4, 0.8, *found, 2.5)


def history(random: np.random.Generator, diverged: bool) -> History:
    return tuple(
        EpochRecord(
            epoch,
            *(math.nan if diverged else float(random.uniform(0.2, 0.9)) for _ in range(4)),
            learning_rate=1e-3,
            lr_cut=epoch == 3,
        )
        for epoch in range(1, 6)
    )
