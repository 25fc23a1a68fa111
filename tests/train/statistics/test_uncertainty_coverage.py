"""Intervals and tests on made-up heads whose truth is known; `tests/benchmarks/coverage.py` prints the figures."""

import numpy as np
import pytest
from scipy.special import ndtr

from headstart.cache.task import BINARY
from headstart.train.metrics.calibration import chance
from headstart.train.metrics.probabilities import probabilities_of
from headstart.train.metrics.scores import metric_names, scorer
from headstart.train.statistics.bootstrap import interval, resample
from headstart.train.statistics.pairs import HeadDecisions, compare_pairs
from headstart.train.statistics.proportion import accuracy_interval
from headstart.train.statistics.uncertainty import ece_interval, trained_anew

from .worlds import World

TRIALS = 150


@pytest.mark.parametrize("temperature", [1.0, 0.5])
def test_intervals_cover_the_truth(temperature):
    world = World(heads=1, temperature=temperature)
    truth = np.array(list(world.endless(200_000).values()))
    rng = np.random.default_rng(0)
    covered = []
    for trial in range(TRIALS):
        labels, logits = world.draw(rng, 300, world.train(rng))
        score = scorer(BINARY, labels, logits["head0"][0], 0.5)
        draws = resample(score, 300, 400, seed=trial)
        ends = interval(draws, 300)
        ends[:, 1] = accuracy_interval(labels == (logits["head0"][0] > 0).T)
        value = score(np.ones((300, 1)))[-1, 0]
        ends[:, -1] = ece_interval(
            value,
            (ends[0, -1], ends[1, -1]),
            draws[-1],
            chance(BINARY, probabilities_of(BINARY, logits["head0"][0])),
        )
        covered.append((ends[0] <= truth) & (truth <= ends[1]))
    shares = dict(zip(metric_names(BINARY), np.mean(covered, axis=0), strict=True))
    assert min(shares.values()) >= 0.9, shares
    assert shares["ece"] >= 0.95


def judge(labels, logits):
    """Heads for `compare_pairs`."""
    right = {name: (own[..., 0] > 0) == labels for name, own in logits.items()}
    together = [
        (probabilities_of(BINARY, own)[..., 0].mean(axis=0) > 0.5) == labels for own in logits.values()
    ]
    return [HeadDecisions(name, together[i], own) for i, (name, own) in enumerate(right.items())]


def told_apart(world, rows, trials):
    """Share of trials in which any two of equally good heads are told apart."""
    rng = np.random.default_rng(0)
    wrong = 0
    for _ in range(trials):
        labels, logits = world.draw(rng, rows, world.train(rng))
        pairs = compare_pairs(judge(labels, logits))
        wrong += any(pair.differs for pair in pairs)
    return wrong / trials


def test_ten_equal_heads_are_seldom_told_apart():
    assert told_apart(World(), 300, TRIALS) <= 0.05


def test_nor_are_those_whose_trainings_differ():
    # the standard deviation over seeds is 0.012, the standard error of a difference over rows 0.013
    assert told_apart(World(heads=6, seeds=3, spread=0.05), 600, 100) <= 0.05


def test_heads_that_are_not_equal_are_told_apart():
    world = World(heads=2)
    rng = np.random.default_rng(0)
    signals = np.array([1.0, 1.5]).reshape(2, 1, 1)
    found = [compare_pairs(judge(*world.draw(rng, 300, signals)))[0] for _ in range(40)]
    assert np.mean([pair.differs and pair.difference < 0 for pair in found]) > 0.9


def test_the_interval_of_a_head_trained_anew_covers_its_next_training():
    world = World(heads=1, seeds=4, spread=0.1)
    rng = np.random.default_rng(0)
    covered, narrow = [], []
    for _ in range(TRIALS):
        labels, logits = world.draw(rng, 400, world.train(rng))
        right = labels == (logits["head0"][..., 0] > 0)
        ends = accuracy_interval(right)
        low, high = trained_anew(right.mean(axis=1), ends)
        truth = ndtr(world.signal + world.spread * rng.normal())
        covered.append(low <= truth <= high)
        narrow.append(ends[0] <= truth <= ends[1])
    assert np.mean(covered) >= 0.93
    assert np.mean(narrow) < 0.9  # rows alone do not say it
