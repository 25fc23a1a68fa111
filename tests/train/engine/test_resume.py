import dataclasses
import json
import math

import jax
import numpy as np
import pytest

from headstart.cache import UserError
from headstart.train.engine.resume import load_progress, remove_progress, save_progress
from headstart.train.engine.settings import TrainingSettings
from tests.train.results.run_before import flip

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


@pytest.mark.parametrize("part", ["facts.json", "arrays"])
def test_a_state_with_any_bit_turned_over_is_the_same_or_told(tmp_path, trainer, start, part):
    progress = trainer.loop.epoch(start())
    save_progress(tmp_path, progress, RUN)
    place, told = tmp_path / "epoch-000001" / part, 0
    files = [place] if place.is_file() else sorted(path for path in place.rglob("*") if path.is_file())
    for bit in range(0, 300, 7):
        path = files[bit % len(files)]
        flip(path, bit * 31)
        try:
            same(load_progress(tmp_path, start(), RUN), progress)
        except UserError:
            told += 1
        flip(path, bit * 31)
    assert told > 4
    same(load_progress(tmp_path, start(), RUN), progress)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"run": 1}', "[" * 100_000, '{"run": {}}', "\x00"])
def test_facts_that_are_none_are_told(tmp_path, trainer, start, text):
    save_progress(tmp_path, trainer.loop.epoch(start()), RUN)
    (tmp_path / "epoch-000001" / "facts.json").write_text(text)
    with pytest.raises(UserError, match=r"begin anew"):
        load_progress(tmp_path, start(), RUN)


@pytest.mark.parametrize(
    "change",
    [
        lambda facts: facts | {"seconds": "long"},
        lambda facts: facts | {"seconds": [None]},
        lambda facts: facts | {"seconds": []},
        lambda facts: facts | {"seconds": [10**400]},
        lambda facts: facts | {"histories": facts["histories"][:1]},
        lambda facts: facts | {"histories": [["other", 0, facts["histories"][0][2]]]},
        lambda facts: facts | {"histories": [[name, "0", r] for name, _, r in facts["histories"]]},
        lambda facts: facts | {"histories": [[name, seed, []] for name, seed, _ in facts["histories"]]},
        lambda facts: facts | {"histories": [[name, seed, r * 2] for name, seed, r in facts["histories"]]},
        lambda facts: (
            facts | {"histories": [[n, s, [r[0] | {"valid_loss": "0"}]] for n, s, r in facts["histories"]]}
        ),
        lambda facts: (
            facts | {"histories": [[n, s, [r[0] | {"epoch": 7}]] for n, s, r in facts["histories"]]}
        ),
    ],
)
def test_facts_that_no_run_has_left_are_told(tmp_path, trainer, start, change):
    """Whoever forges a state can leave out its digest, as earlier versions did."""
    save_progress(tmp_path, trainer.loop.epoch(start()), RUN)
    path = tmp_path / "epoch-000001" / "facts.json"
    facts = json.loads(path.read_text())
    del facts["sha256"]
    path.write_text(json.dumps(change(facts)))
    with pytest.raises(UserError, match="begin anew"):
        load_progress(tmp_path, start(), RUN)


def test_a_state_of_an_earlier_version_has_no_digest(tmp_path, trainer, start):
    progress = trainer.loop.epoch(start())
    save_progress(tmp_path, progress, RUN)
    path = tmp_path / "epoch-000001" / "facts.json"
    facts = json.loads(path.read_text())
    del facts["sha256"]
    path.write_text(json.dumps(facts))
    same(load_progress(tmp_path, start(), RUN), progress)


def test_only_states_are_removed(tmp_path, trainer, start):
    theirs = [
        "mynotes/a",
        "epoch-1/a",
        "epoch-0000011/a",
        "epoch-000001.txt",
        "epoch-000001/notes",
        "epoch-000001/arrays/b",
    ]
    root = tmp_path / "state"
    save_progress(root, trainer.loop.epoch(start()), RUN)
    for name in theirs:
        (root / name).parent.mkdir(exist_ok=True)
        (root / name).write_text(name)
    (root / "empty").mkdir()
    (root / "epoch-000009").symlink_to(root / "mynotes")
    save_progress(root, trainer.loop.epoch(start())._replace(seconds=(1.0, 2.0)), RUN)
    remove_progress(root)
    files = [path for path in root.rglob("*") if path.is_file() and not path.is_symlink()]
    assert sorted(str(path.relative_to(root)) for path in files) == sorted(theirs)
    assert (root / "epoch-000009").is_symlink()
    assert (root / "empty").is_dir()
    assert load_progress(root, start(), RUN) is None


def test_no_state_is_written_read_or_removed_through_a_link(tmp_path, trainer, start):
    victim, link = tmp_path / "victim", tmp_path / "state"
    save_progress(victim, trainer.loop.epoch(start()), RUN)
    (victim / "more").mkdir()
    link.symlink_to(victim)
    progress = trainer.loop.epoch(start())._replace(seconds=(1.0, 2.0))
    for action in (
        lambda: save_progress(link, progress, RUN),
        lambda: load_progress(link, start(), RUN),
        lambda: remove_progress(link),
    ):
        with pytest.raises(UserError, match="is a link"):
            action()
    assert sorted(path.name for path in victim.iterdir()) == ["epoch-000001", "more"]
