import dataclasses
import math
import sys

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.engine.history import EpochRecord, HeadSeed, TrainingProgress
from headstart.train.report.terminal import TerminalRun, epoch_line, is_logged, table
from headstart.train.results.result import FoldSpread, Result
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.summary import summarise

HEADS = ("cls", "gru", "bilstm_pooled")


def comparison(seeds=1, task=BINARY, spoil=None):
    """Results and summary of three heads and a baseline."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 2, (300, task.outputs))
    logits = {
        name: (2 * labels - 1 + noise * rng.normal(size=(seeds, 300, task.outputs))).astype(np.float32)
        for name, noise in zip(HEADS, (3.0, 1.0, 0.9), strict=True)
    }
    if spoil:
        logits[spoil][:] = np.nan
    logits["tfidf_logreg"] = np.zeros((1, 300, task.outputs), np.float32)
    labels = labels[:, 0] if task.kind == "binary" else labels
    answers = SplitAnswers(labels, logits)
    summary = summarise(task, answers, answers, {"tfidf_logreg"}, resamples=100)
    results = [
        Result(name, seed, 1_205_185, 31 + seed, 26, 0.3, 0.8, 0.3, 0.8, 12.34)
        for name, own in logits.items()
        for seed in range(len(own))
    ]
    return results, summary


@pytest.mark.parametrize("task", [BINARY, Task("multilabel", ("x", "y"))], ids=["binary", "multilabel"])
@pytest.mark.parametrize("seeds", [1, 3])
def test_it_fits_80_columns_and_says_what_the_summary_says(seeds, task):
    results, summary = comparison(seeds, task)
    text = table(results, summary)
    heads, words, how = text.split("\n\n")
    assert max(map(len, text.splitlines())) <= 80
    rows = heads.splitlines()
    assert len({len(row) for row in rows}) == 1
    for row, (name, own) in zip(rows[1:], summary.metrics.items(), strict=True):
        cells = row.split()
        judged = own[summary.compared]
        assert cells[0] == name + "*" * (name == "tfidf_logreg")
        assert cells[1] == "1,205,185"
        assert float(cells[3]) == pytest.approx(own["loss"].mean, abs=5e-5)
        assert float(cells[4]) == pytest.approx(judged.mean, abs=5e-5)
        last = [summary.groups[name], *["12.3"] * (seeds == 1)]
        assert cells[-len(last) :] == last
        low_to_high, f1 = cells[-len(last) - 2 : -len(last)]
        assert low_to_high == f"{judged.low:.3f}-{judged.high:.3f}"
        assert float(f1) == pytest.approx(own["macro_f1"].mean, abs=5e-5)
    assert " ".join(words.split()) == " ".join(summary.verdict)
    assert how.startswith("* baseline")


def test_mean_and_spread_over_seeds():
    results, summary = comparison(3)
    row = table(results, summary).splitlines()[2].split()
    assert row[2] == "32"
    assert row[5] == f"{summary.metrics['gru']['accuracy'].sd:.3f}"


def test_a_diverged_head_keeps_its_line():
    results, summary = comparison(spoil="gru")
    text = table(results, summary)
    assert text.splitlines()[2].split() == ["gru", "1,205,185", "31", "-", "-", "-", "-", "12.3"]
    assert "diverged and left out: gru seed 0" in text


def test_many_letters_are_cut():
    results, summary = comparison()
    summary.groups["gru"] = "abcdefgh"
    rows = table(results, summary).splitlines()
    assert " abcde+ " in rows[2]
    assert len(rows[2]) == len(rows[0])


def test_folds_have_a_table_below():
    results, summary = comparison()
    measures = {
        "test_accuracy": FoldSpread(0.7667, 0.1528, [0.8, 0.6, 0.9]),
        "test_loss": FoldSpread(0.6, 0.1, []),
    }
    whole, below = table(results, summary), table(results, summary, {"gru": measures})
    assert below.startswith(f"{whole}\n\nOver 3 folds:\nhead")
    assert below.splitlines()[-1].split() == [
        "gru",
        "0.7667",
        "0.1528",
        "0.6000",
        "0.9000",
        "0.6000",
        "0.1000",
    ]


def test_the_line_of_an_epoch_names_the_lowest_loss_so_far_of_all_heads():
    losses = {HeadSeed("cls", 0): (0.1,), HeadSeed("gru", 0): (0.6, 0.5), HeadSeed("gru", 1): (0.4, 0.7)}
    histories = {
        key: tuple(EpochRecord(i, 0.5, 0.5, loss, 0.5, 1e-3, False) for i, loss in enumerate(own, start=1))
        for key, own in losses.items()
    }
    progress = TrainingProgress({}, {}, histories, (9.0, 2.25))
    line = epoch_line(50, progress, [HeadSeed("gru", 0), HeadSeed("gru", 1)])
    assert line == "epoch  2  2 in training  14 s left, at most 108  lowest valid loss 0.1000 (cls)"


def training(epochs):
    """The progress after each epoch of a head whose loss falls and of one that stops after epoch 6."""
    keys = [HeadSeed("bilstm_pooled", 0), HeadSeed("cls", 0)]
    losses = [[1 / (epoch + 1), 1.0] for epoch in range(epochs)]
    for done in range(1, epochs + 1):
        histories = {
            key: tuple(
                EpochRecord(n, 0.5, 0.5, loss[at], 0.5, 1e-3, False)
                for n, loss in enumerate(losses[: min(done, 6) if at else done], start=1)
            )
            for at, key in enumerate(keys)
        }
        yield TrainingProgress({}, {}, histories, (2.0,) * done), keys if done <= 6 else keys[:1]


def test_fifty_epochs_are_six_lines_of_a_log_and_one_of_a_terminal(capsys, monkeypatch):
    run = TerminalRun(50)
    for fold in (1, 2, 3):
        for progress, active in training(50):
            run.epoch(fold, progress, active)
    lines = capsys.readouterr().err.splitlines()
    assert [int(line.split()[1]) for line in lines] == [1, 2, 5, 10, 20, 50]
    assert [" s left, at most " in line for line in lines] == [True] * 5 + [False]
    assert not any(is_logged(epoch, 80) for epoch in (3, 12, 25, 30, 51, 79))
    assert is_logged(80, 80)
    assert is_logged(100, 300)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    for progress, active in training(50):
        run.epoch(None, progress, active)
    drawn = capsys.readouterr().err
    assert "\n" not in drawn
    assert drawn.count("\r") == 50
    assert max(map(len, drawn.replace("\033[K", "").split("\r"))) <= 79


def test_what_is_not_defined_has_a_dash_and_a_reason():
    results, summary = comparison(spoil=None)
    infinite = dataclasses.replace(summary.metrics["gru"]["loss"], mean=None)
    summary.metrics["gru"]["loss"] = infinite
    text = table(results, summary)
    assert text.splitlines()[2].split()[3] == "-"
    assert "loss not defined (a row's is infinite): gru" in " ".join(text.split())
    measures = {
        "test_accuracy": FoldSpread(0.5, 0.0, [0.5, 0.5]),
        "test_loss": FoldSpread(math.nan, math.nan, [math.nan, 0.7]),
    }
    below = table(results, summary, {"gru": measures}).splitlines()[-2:]
    assert below[0].split()[-2:] == ["-", "-"]
    assert below[1].startswith("- not defined: the head diverged in a fold")


@pytest.mark.parametrize("loss", [-0.0, -1e-9, -4e-5])
def test_zero_has_no_sign(loss):
    results, summary = comparison()
    summary.metrics["gru"]["loss"] = dataclasses.replace(summary.metrics["gru"]["loss"], mean=loss)
    assert table(results, summary).splitlines()[2].split()[3] == "0.0000"


@pytest.mark.parametrize(
    ("losses", "lowest"),
    [
        ([math.nan, 0.5], "0.5000 (gru)"),
        ([0.5, math.nan], "0.5000 (cls)"),
        ([math.inf, math.nan], "not defined (all diverge)"),
    ],
)
def test_a_loss_that_is_none_is_not_the_lowest(losses, lowest):
    keys = [HeadSeed("cls", 0), HeadSeed("gru", 0)]
    histories = {
        key: (EpochRecord(1, 0.5, 0.5, loss, 0.5, 1e-3, False),)
        for key, loss in zip(keys, losses, strict=True)
    }
    line = epoch_line(50, TrainingProgress({}, {}, histories, (2.0,)), keys)
    assert line.endswith(f"lowest valid loss {lowest}")
