"""Layers that are equal in truth are rarely told apart, though the best of many is sought; better ones are found."""

import numpy as np
import pytest

from headstart.cache.task import BINARY, Task
from headstart.train.metrics.probabilities import row_losses
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.findings import LayerCandidate, LayerChoice
from headstart.train.statistics.layers import (
    RoundDecisions,
    choices,
    choose,
    comparable,
    decide,
    pools,
)
from headstart.train.statistics.pairs import HeadDecisions, contrast
from headstart.train.statistics.proportion import accuracy_interval

LAST = 6


def candidates(*heads: str, last: int = LAST, every: bool = True) -> list[LayerCandidate]:
    layers = [*range(last + 1), *([None] * every)]
    return [LayerCandidate(f"{h}@{'all' if n is None else n}", h, n) for h in heads for n in layers]


def world(
    rng: np.random.Generator, count: int, rows: tuple[int, int], folds: int, seeds: int, better: float = 0.0
) -> list[RoundDecisions]:
    """Rounds of layers that are equally good, but for layer 3: a row is hard for all, or for one layer, or by chance.

    With folds the rows that choose in one fold are tested in others, by heads that have learnt from other rows.
    """
    hard = rng.normal(size=folds * rows[1])
    of_layer = rng.normal(size=(count, folds * rows[1])) * 0.5
    lift = np.zeros((count, 1, 1))
    lift[3] = better

    def margins(at: np.ndarray) -> np.ndarray:
        chance = 0.4 * rng.normal(size=(count, seeds, len(at)))
        return 1.0 + lift + hard[at] + of_layer[:, None, at] + chance

    places = np.arange(folds * rows[1])
    rounds = []
    for fold in range(folds):
        test = places[fold * rows[1] : (fold + 1) * rows[1]]
        rest = np.setdiff1d(places, test) if folds > 1 else None
        valid = rng.choice(rest, rows[0], replace=False) if rest is not None else None
        of_test = margins(test)
        of_valid = margins(valid) if valid is not None else fresh(rng, count, rows[0], seeds, lift)
        rounds.append(decided(of_valid, of_test))
    return rounds


def decided(valid: np.ndarray, test: np.ndarray) -> RoundDecisions:
    """From how far each answer is on the right side."""
    loss = np.logaddexp(0, -valid).mean(axis=(1, 2))
    return RoundDecisions(loss, valid > 0, test > 0, test.mean(axis=1) > 0)


def fresh(rng: np.random.Generator, count: int, rows: int, seeds: int, lift: np.ndarray) -> np.ndarray:
    noise = 0.5 * rng.normal(size=(count, 1, rows)) + 0.4 * rng.normal(size=(count, seeds, rows))
    return np.asarray(1.0 + lift + rng.normal(size=rows) + noise)


def trials_of(
    number: int, seed: int, folds: int, seeds: int, better: float = 0.0, last: int = LAST, naive: bool = False
) -> list[list[LayerChoice]]:
    """What is chosen in each of so many trials."""
    rng, among, made = np.random.default_rng(seed), candidates("avg", last=last), []
    for _ in range(number):
        rounds = world(rng, len(among), (200, 300 if folds == 1 else 100), folds, seeds, better)
        if naive:
            rounds = [one._replace(loss=-one.test.mean(axis=(1, 2)), valid=one.test) for one in rounds]
        made.append(choices(among, rounds, last))
    return made


def claims(trials: list[list[LayerChoice]]) -> float:
    """Share of trials in which one layer, or all of them, is said to beat the last."""
    return float(
        np.mean([any(one.last.differs and one.last.difference > 0 for one in made) for made in trials])
    )


@pytest.mark.parametrize(("folds", "seeds"), [(1, 1), (1, 3), (4, 1)])
def test_equal_layers_are_said_to_be_better_in_at_most_5_of_100_trials(folds: int, seeds: int) -> None:
    trials = trials_of(1_000 if seeds == folds == 1 else 300, 0, folds, seeds)
    assert claims(trials) <= 0.05
    differences = np.array([made[0].last.difference for made in trials])
    assert abs(differences.mean()) < 4 * differences.std() / len(trials) ** 0.5
    assert np.mean([made[0].optimism for made in trials]) > 0.005


@pytest.mark.slow
@pytest.mark.parametrize("folds", [1, 2, 5, 10])
@pytest.mark.parametrize("seeds", [1, 3])
def test_equal_layers_in_many_trials(folds: int, seeds: int) -> None:
    assert claims(trials_of(3_000, 7, folds, seeds)) <= 0.04


def test_choosing_by_the_test_rows_would_claim_too_often() -> None:
    trials = trials_of(200, 0, 1, 1, last=24, naive=True)
    assert claims(trials) > 0.05
    assert np.mean([made[0].last.difference for made in trials]) > 0.02
    assert claims(trials_of(200, 0, 1, 1, last=24)) < 0.05


@pytest.mark.parametrize("folds", [1, 4])
def test_a_better_layer_is_found(folds: int) -> None:
    assert claims(trials_of(60, 1, folds, 1, better=0.8)) > 0.9


def test_a_choice_is_what_a_loop_says() -> None:
    among = candidates("avg", "max", last=2)
    rounds = world(np.random.default_rng(3), len(among), (40, 30), 3, 2)
    made = choices(among, rounds, last=2)
    assert [(one.among, one.every) for one in made] == [
        (["avg"], False), (["avg"], True), (["max"], False), (["max"], True),
        (["avg", "max"], False), (["avg", "max"], True),
    ]  # fmt: skip
    for one in made:
        right, last, together, of_last, valid = [], [], [], [], []
        for at, fold in enumerate(rounds):
            names = [c.name for c in among if c.head in one.among and (c.layer is None) == one.every]
            losses = {c.name: fold.loss[i] for i, c in enumerate(among) if c.name in names}
            name = one.chosen[at]
            assert losses[name] == min(losses.values())
            i = [c.name for c in among].index(name)
            j = [c.name for c in among].index(f"{name.partition('@')[0]}@2")
            right.append(fold.test[i]), last.append(fold.test[j])
            together.append(fold.together[i]), of_last.append(fold.together[j])
            valid.append(fold.valid[i])
        chosen = HeadDecisions("", np.concatenate(together), np.concatenate(right, axis=1))
        other = HeadDecisions("", np.concatenate(of_last), np.concatenate(last, axis=1))
        assert one.test == chosen.by_seed.mean()
        assert one.valid == np.concatenate(valid, axis=1).mean()
        assert one.optimism == one.valid - one.test
        assert (one.low, one.high) == accuracy_interval(chosen.by_seed)
        pair = contrast(chosen, other)
        assert one.last[2:9] == pair[2:9]
        assert pair.p_holm <= one.last.p_holm <= min(1.0, 6 * pair.p_holm)


def test_each_fold_chooses_for_itself_and_all_validation_rows_choose_the_one_to_take() -> None:
    among = candidates("avg", last=2, every=False)
    test = np.zeros((3, 1, 4), bool)
    rounds = [
        RoundDecisions(np.array(loss), np.zeros((3, 1, rows), bool), test, test[:, 0])
        for loss, rows in (([0.1, 0.5, 0.9], 20), ([0.3, 0.2, 0.9], 10))
    ]
    (one,) = choices(among, rounds, last=2)
    assert (one.chosen, one.name) == (["avg@0", "avg@1"], "avg@0")


def test_of_equal_layers_the_last_is_taken_and_then_the_lowest() -> None:
    among = candidates("avg", last=3)
    rows, loss = np.ones((5, 2, 8), bool), np.ones(5)
    alike = RoundDecisions(loss, rows, rows, rows[:, 0])
    single, every = pools(among, ["avg"], 3)
    assert among[choose(single, [alike])].name == "avg@3"
    loss[3] = 2.0
    assert among[choose(single, [alike])].name == "avg@0"
    loss[:3] = np.inf
    assert among[choose(single, [alike])].name == "avg@3"
    assert [among[at].name for at in every] == ["avg@all"]


def answers(logits: dict[str, np.ndarray], labels: np.ndarray) -> dict[str, SplitAnswers]:
    return dict.fromkeys(("valid", "test"), SplitAnswers(labels, logits))


def test_heads_that_diverged_and_heads_without_a_last_layer_are_left_out() -> None:
    among = [*candidates("avg", last=2), LayerCandidate("max@0", "max", 0), LayerCandidate("cls@2", "cls", 2)]
    labels = np.array([0, 1, 1])
    logits = {c.name: np.ones((3, 3, 1)) for c in among}
    logits["avg@0"][:] = np.nan
    logits["avg@1"][1, 2] = np.nan
    kept, seeds = comparable(among, [answers(logits, labels)] * 2, 2)
    assert ([c.name for c in kept], seeds) == (["avg@1", "avg@2", "avg@all"], [0, 2])
    logits["avg@2"][:] = np.nan
    assert comparable(among, [answers(logits, labels)], 2) == ([], [])


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        (BINARY, np.array([0, 1, 1, 0])),
        (Task("multiclass", ("a", "b", "c")), np.array([0, 2, 1, 1])),
        (Task("multilabel", ("a", "b")), np.array([[0, 1], [1, 1], [0, 0], [1, 0]])),
    ],
    ids=["binary", "multiclass", "multilabel"],
)
def test_rows_are_right_where_every_decision_is(task: Task, labels: np.ndarray) -> None:
    rng = np.random.default_rng(0)
    among = candidates("avg", last=1, every=False)
    logits = {c.name: rng.normal(size=(3, 4, task.outputs)) for c in among}
    (one,) = decide(task, among, [answers(logits, labels)], [0, 2])
    assert one.test.shape == (2, 2, 4)
    for at, candidate in enumerate(among):
        for place, seed in enumerate((0, 2)):
            for row in range(4):
                values = logits[candidate.name][seed, row]
                said = values.argmax() if task.kind == "multiclass" else values > 0
                assert one.test[at, place, row] == bool(np.all(said == labels[row]))
    np.testing.assert_array_equal(one.valid, one.test)
    for at, candidate in enumerate(among):
        each = [row_losses(task, labels, logits[candidate.name][seed]).mean() for seed in (0, 2)]
        assert one.loss[at] == pytest.approx(np.mean(each))
