import dataclasses
import json
import math

import jax
import numpy as np
import pytest

from headstart.cache import UserError
from headstart.train.engine.resume import load_progress, remove_progress, save_progress
from headstart.train.engine.settings import TrainingSettings

SETTINGS = TrainingSettings(epochs=4, batch_size=8, seeds=2)
RUN = {"cache": "abc", "heads": ["cls", "gru"], "epochs": 4}


@pytest.fixture
def trainer(trainer_of, make_split, linear):
    return trainer_of(linear, (make_split(45, seed=1), make_split(21, seed=2)), SETTINGS)


@pytest.fixture
def start(trainer, linear_params):
    return lambda: trainer.loop.begin({"head": [linear_params(0), linear_params(1)]})


def same(left, right):
    jax.tree.map(np.testing.assert_array_equal, left[:2], right[:2])
    assert left.histories == right.histories
    assert left.seconds == right.seconds


def test_a_state_comes_back_bit_by_bit(tmp_path, trainer, start):
    progress = trainer.loop.epoch(start())
    save_progress(tmp_path / "state", progress, RUN)
    same(load_progress(tmp_path / "state", start(), RUN), progress)


def test_a_resumed_run_ends_like_one_that_was_never_stopped(tmp_path, trainer, start):
    whole = start()
    while trainer.loop.active(whole):
        whole = trainer.loop.epoch(whole)
    save_progress(tmp_path, trainer.loop.epoch(trainer.loop.epoch(start())), RUN)
    resumed = load_progress(tmp_path, start(), RUN)
    while trainer.loop.active(resumed):
        resumed = trainer.loop.epoch(resumed)
    same(resumed._replace(seconds=()), whole._replace(seconds=()))


def test_histories_without_finite_losses_come_back(tmp_path, trainer, start):
    progress = trainer.loop.epoch(start())
    key, (record,) = next(iter(progress.histories.items()))
    broken = {**progress.histories, key: (record._replace(valid_loss=math.nan, loss=math.inf),)}
    save_progress(tmp_path, progress._replace(histories=broken), RUN)
    (back,) = load_progress(tmp_path, start(), RUN).histories[key]
    assert math.isnan(back.valid_loss)
    assert math.isinf(back.loss)


def test_only_the_last_state_is_kept(tmp_path, trainer, start):
    progress = start()
    (tmp_path / f"epoch-000001.{'0' * 16}.partial").mkdir()  # of a run that was killed
    for _ in range(3):
        progress = trainer.loop.epoch(progress)
        save_progress(tmp_path, progress, RUN)
    assert [entry.name for entry in tmp_path.iterdir()] == ["epoch-000003"]
    same(load_progress(tmp_path, start(), RUN), progress)


def test_a_state_half_written_is_never_read(tmp_path, trainer, start, monkeypatch):
    progress = trainer.loop.epoch(start())
    save_progress(tmp_path, progress, RUN)

    def fail(*args, **kwargs):
        raise OSError("no space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(json, "dumps", fail)
        with pytest.raises(OSError, match="no space"):
            save_progress(tmp_path, progress._replace(seconds=(1.0, 2.0)), RUN)
    assert [entry.name for entry in tmp_path.iterdir()] == ["epoch-000001"]
    same(load_progress(tmp_path, start(), RUN), progress)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"epochs": 9}, "epochs was 4, now 9"),
        ({"heads": ["cls"]}, r"heads was \['cls', 'gru'\], now \['cls'\]"),
        ({"cache": "xyz", "epochs": 5}, "cache was abc, now xyz; epochs was 4, now 5"),
        ({"new": 1}, "new was None, now 1"),
    ],
)
def test_other_settings_are_named(tmp_path, trainer, start, changed, says):
    save_progress(tmp_path, trainer.loop.epoch(start()), RUN)
    with pytest.raises(UserError, match=says):
        load_progress(tmp_path, start(), RUN | changed)


def test_nothing_to_resume(tmp_path, start):
    assert load_progress(tmp_path / "state", start(), RUN) is None


def test_removed_states_are_not_resumed(tmp_path, trainer, start):
    save_progress(tmp_path / "state", trainer.loop.epoch(start()), RUN)
    remove_progress(tmp_path / "state")
    assert load_progress(tmp_path / "state", start(), RUN) is None


def test_a_run_writes_a_state_and_replaces_an_older_one(tmp_path, trainer, linear_params):
    params = {"head": [linear_params(0), linear_params(1)]}
    seen = []
    first = trainer.train(params, tmp_path, RUN, False, lambda progress, active: seen.append(len(active)))
    assert seen == [2, 2, 2, 2]
    assert [entry.name for entry in tmp_path.iterdir()] == ["epoch-000004"]
    again = trainer.train(params, tmp_path, RUN, True, lambda *_: pytest.fail("nothing is left to train"))
    same(again, first)
    other = dataclasses.replace(SETTINGS, epochs=2)
    assert other.epochs < len(trainer.train(params, tmp_path, {"other": 1}, False, lambda *_: None).seconds)
