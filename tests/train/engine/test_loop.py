import dataclasses
import math
from itertools import accumulate

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from headstart.train.engine.adam import init
from headstart.train.engine.loss import divide
from headstart.train.engine.settings import TrainingSettings
from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping
from tests.oracles.padded_training import evaluate, train_batches, train_epoch

QUICK = TrainingSettings(epochs=6, batch_size=8, batching="exact")


@pytest.fixture
def splits(make_split):
    return make_split(45, seed=1, signal=0.3), make_split(21, seed=2, signal=0.3)


@pytest.fixture
def noisy(fit_alone, linear, linear_params, splits):
    """A run at a rate that is too high, so that the rules have something to do."""
    settings = TrainingSettings(epochs=40, batch_size=8, batching="exact")
    return settings, fit_alone(linear, linear_params(), *splits, settings, rate=3.0)


def same(left, right):
    return all(
        np.array_equal(a, b) for a, b in zip(jax.tree.leaves(left), jax.tree.leaves(right), strict=True)
    )


def test_learns_what_can_be_told_apart(fit_alone, make_split, linear, linear_params):
    train, valid = make_split(120, seed=1, signal=2.0), make_split(31, seed=2, signal=2.0)
    result = fit_alone(linear, linear_params(), train, valid, dataclasses.replace(QUICK, epochs=20))
    assert evaluate(linear, result.best_params, make_split(50, seed=3, signal=2.0)).accuracy > 0.95
    assert not result.diverged


def test_learns_nothing_from_noise(fit_alone, make_split, linear, linear_params):
    result = fit_alone(linear, linear_params(), make_split(120, seed=1), make_split(60, seed=2), QUICK)
    assert evaluate(linear, result.best_params, make_split(200, seed=3)).loss > 0.6


def test_the_history_replays_through_both_rules(noisy):
    settings, result = noisy
    losses = [record.valid_loss for record in result.history]
    rates = [s.lr for s in accumulate(losses, settings.plateau.update, initial=settings.plateau.init(3.0))]
    stops = list(accumulate(losses, settings.stopping.update, initial=settings.stopping.init()))
    assert [record.learning_rate for record in result.history] == rates[:-1]
    assert [record.lr_cut for record in result.history] == list(np.diff(rates) < 0)
    assert [state.should_stop for state in stops[1:-1]] == [False] * (len(losses) - 1)
    assert result.stopped_early == stops[-1].should_stop
    assert (result.best_epoch, result.best_valid_loss) == (stops[-1].best_epoch, stops[-1].best)


def test_the_noisy_run_cuts_and_stops(noisy):
    _, result = noisy
    assert any(record.lr_cut for record in result.history)
    assert result.stopped_early
    assert 1 < result.best_epoch < len(result.history) < 40
    assert [record.epoch for record in result.history] == list(range(1, len(result.history) + 1))


def test_best_and_last_parameters_are_those_of_their_epochs(noisy, linear, splits):
    _, result = noisy
    for params, epoch in ((result.best_params, result.best_epoch), (result.last_params, len(result.history))):
        record = result.history[epoch - 1]
        expected = (record.valid_loss, record.valid_accuracy)
        assert evaluate(linear, params, splits[1], batch_size=5) == pytest.approx(expected, rel=1e-5)
    assert not same(result.best_params, result.last_params)


def test_equals_its_epochs_one_after_another(fit_alone, linear, linear_params, splits):
    train, valid = splits
    result = fit_alone(linear, linear_params(), train, valid, dataclasses.replace(QUICK, epochs=3))
    state = init(linear_params())
    for record in result.history:
        state, sums = train_epoch(
            linear, state, train_batches(train, 8, 0, record.epoch), record.learning_rate
        )
        assert divide(sums) == pytest.approx((record.loss, record.accuracy), rel=1e-5)
    for together, alone in zip(
        jax.tree.leaves(result.last_params), jax.tree.leaves(state.params), strict=True
    ):
        np.testing.assert_allclose(together, alone, atol=1e-5)


def test_a_cut_changes_what_follows(fit_alone, linear, linear_params, splits):
    cutting = TrainingSettings(epochs=5, batch_size=8, plateau=ReduceLROnPlateau(patience=1, min_delta=9))
    steady = dataclasses.replace(cutting, plateau=ReduceLROnPlateau(patience=50))
    runs = [
        fit_alone(linear, linear_params(), *splits, settings, rate=3.0).history
        for settings in (cutting, steady)
    ]
    first = next(record.epoch for record in runs[0] if record.lr_cut)
    assert runs[0][first - 1][:-1] == runs[1][first - 1][:-1]
    assert runs[0][first].valid_loss != runs[1][first].valid_loss


def test_the_same_seed_gives_the_same_result(fit_alone, linear, linear_params, splits):
    runs = [fit_alone(linear, linear_params(), *splits, QUICK) for _ in range(2)]
    assert runs[0].history == runs[1].history
    assert same(runs[0].last_params, runs[1].last_params)


def test_another_seed_gives_another_result(trainer_of, linear, linear_params, splits):
    loop = trainer_of(linear, splits, dataclasses.replace(QUICK, seeds=2)).loop
    progress = loop.epoch(loop.begin({"head": [linear_params(), linear_params()]}))
    first, second = loop.results(progress).values()
    assert not same(first.last_params, second.last_params)


def test_each_record_is_reported_at_once(fit_alone, linear, linear_params, splits):
    seen = []
    result = fit_alone(linear, linear_params(), *splits, QUICK, on_epoch=seen.append)
    assert tuple(seen) == result.history
    assert len(seen) == 6
    assert not result.stopped_early


def test_who_listens_can_interrupt(fit_alone, linear, linear_params, splits):
    class EnoughError(Exception):
        pass

    def stop(record):
        raise EnoughError(record.epoch)

    with pytest.raises(EnoughError, match="1"):
        fit_alone(linear, linear_params(), *splits, QUICK, on_epoch=stop)


def test_the_first_parameters_stay(fit_alone, linear, linear_params, splits):
    params = linear_params()
    fit_alone(linear, params, *splits, QUICK)
    assert same(params, linear_params())


def test_fewer_rows_than_a_batch_still_learn(fit_alone, make_split, linear, linear_params):
    train, valid = make_split(9, seed=1), make_split(3, seed=2)
    result = fit_alone(linear, linear_params(), train, valid, TrainingSettings(epochs=12))
    assert result.history[-1].loss < result.history[0].loss


def test_a_pooling_head_trains_without_tokens(fit_alone, pooled_linear, linear_params, splits):
    for split in splits:
        split.hidden = None
    result = fit_alone(pooled_linear, linear_params(), *splits, QUICK, tokens=False)
    assert result.history[-1].loss < result.history[0].loss


def nan_after(limit):
    """A head whose logits are NaN once its bias has moved further than the limit."""

    def head(params, batch):
        logits = batch.pooled[:, 2].astype(jnp.float32) @ params["kernel"] + params["bias"]
        return jnp.where(jnp.abs(params["bias"] - 0.25) > limit, jnp.nan, logits)

    return head


def test_a_loss_that_was_never_finite_is_visible(fit_alone, linear_params, splits):
    result = fit_alone(
        nan_after(-1), linear_params(), *splits, dataclasses.replace(QUICK, epochs=20), tokens=False
    )
    assert result.diverged
    assert result.stopped_early
    assert len(result.history) == 6
    assert all(math.isnan(record.valid_loss) for record in result.history)
    assert result.best_epoch == 1


def test_without_any_finite_validation_loss_the_first_epoch_is_kept(
    fit_alone, pooled_linear, linear_params, splits
):
    splits[1].pooled[3] = np.nan
    result = fit_alone(pooled_linear, linear_params(), *splits, QUICK, tokens=False)
    once = fit_alone(
        pooled_linear, linear_params(), *splits, dataclasses.replace(QUICK, epochs=1), tokens=False
    )
    assert result.diverged
    assert all(math.isfinite(record.loss) for record in result.history)
    assert same(result.best_params, once.last_params)
    assert not same(result.best_params, linear_params())


def test_the_best_before_nan_is_kept(fit_alone, linear_params, splits):
    settings = TrainingSettings(epochs=20, batch_size=8, stopping=EarlyStopping(patience=2))
    result = fit_alone(nan_after(0.3), linear_params(), *splits, settings, tokens=False)
    assert math.isnan(result.history[-1].valid_loss)
    assert not result.diverged
    assert math.isfinite(result.history[result.best_epoch - 1].valid_loss)
    assert np.isfinite(result.best_params["kernel"]).all()


@pytest.mark.parametrize(("place", "name"), [(0, "train"), (1, "valid")])
def test_labels_that_are_not_binary_are_refused(fit_alone, linear, linear_params, splits, place, name):
    splits[place].labels[3] = 2
    with pytest.raises(ValueError, match=f"the {name} split has labels"):
        fit_alone(linear, linear_params(), *splits, QUICK)


def test_compiles_each_step_once(fit_alone, linear_params, splits):
    traced = []

    def head(params, batch):
        traced.append(batch.labels.shape)
        return batch.pooled[:, 0].astype(jnp.float32) @ params["kernel"] + params["bias"]

    settings = dataclasses.replace(QUICK, plateau=ReduceLROnPlateau(patience=1, min_delta=1))
    result = fit_alone(head, linear_params(), *splits, settings, tokens=False)
    assert any(record.lr_cut for record in result.history)
    assert len(traced) == 2  # one training pass and one validation pass
