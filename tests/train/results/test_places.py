"""Where results go: each run's settings have a folder of their own."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.train.options import ComparisonSettings
from headstart.train.results.places import differences, place_of, settings_in, settings_of
from headstart.train.results.provenance import Experiment, choices
from headstart.train.results.run_record import RunRecord
from tests.train.results.run_before import BEFORE

RUN = RunRecord.from_json(BEFORE)
SETTINGS = dataclasses.replace(RUN.settings, quick=False, precision="float32")


def experiment(out: Path, heads: tuple[str, ...] = ("avg",), **changed: Any) -> Experiment:
    cache: Any = SimpleNamespace(name="made", manifest=SimpleNamespace(key="a key"))
    return Experiment(cache, heads, dataclasses.replace(SETTINGS, out=str(out), **changed))


def finish(path: str, what: Experiment) -> None:
    """Leave a record of a run."""
    row = RUN.results[1]
    results = [RUN.results[0], *(dataclasses.replace(row, head=head) for head in what.heads)]
    metrics = {**RUN.statistics.metrics, **dict.fromkeys(what.heads, RUN.statistics.metrics["avg"])}
    record = dataclasses.replace(
        RUN,
        results=results,
        statistics=dataclasses.replace(RUN.statistics, metrics=metrics),
        settings=what.settings,
        operands=what.settings.precision,
        cache=dataclasses.replace(RUN.cache, key="a key", recipe={}),
    )
    Path(path).mkdir(exist_ok=True)
    Path(path, "results.json").write_text(json.dumps(record.to_json()))


@pytest.mark.parametrize(
    ("changed", "name"), [({}, "made"), ({"folds": 5}, "made-folds-5"), ({"quick": True}, "made-quick")]
)
def test_the_first_run_s_folder_is_called_like_the_cache(
    changed: dict[str, Any], name: str, tmp_path: Path
) -> None:
    folder, why = place_of(experiment(tmp_path, **changed))
    assert (folder.path, why) == (str(tmp_path / name), "")


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"epochs": 9}, "epochs was 1, now 9"),
        ({"seeds": 2, "batch_size": 8}, "seeds was 1, now 2; batch_size was 128, now 8"),
        ({"heads": ("avg", "gru")}, r"heads was \['avg'\], now \['avg', 'gru'\]"),
        ({"class_weight": "balanced"}, "class_weight was none, now balanced"),
        ({"deduplicate": True}, "deduplicate was False, now True"),
        ({"no_floors": False}, "no_floors was True, now False"),
        ({"precision": "bfloat16"}, "precision was float32, now bfloat16"),
    ],
)
def test_other_settings_have_their_own_and_the_same_ones_come_back(
    changed: dict[str, Any], says: str, tmp_path: Path
) -> None:
    first, second = experiment(tmp_path), experiment(tmp_path, **changed)
    finish(place_of(first)[0].path, first)
    folder, why = place_of(second)
    assert folder.path.startswith(f"{tmp_path / 'made'}-")
    assert says.replace("\\", "") in why
    assert why.endswith(f"this one goes to {folder.path}")
    finish(folder.path, second)
    assert place_of(second)[0].path == folder.path
    assert place_of(first)[0].path == str(tmp_path / "made")


def test_what_changes_no_number_shares_the_folder(tmp_path: Path) -> None:
    finish(str(tmp_path / "made"), experiment(tmp_path))
    for changed in ({"memory": "host"}, {"json": True}, {"cache_dir": "elsewhere"}, {"memory_limit": 10**9}):
        assert place_of(experiment(tmp_path, **changed))[0].path == str(tmp_path / "made")


def test_resuming_stays_where_there_is_something_to_resume(tmp_path: Path) -> None:
    finish(str(tmp_path / "made"), experiment(tmp_path))
    other = experiment(tmp_path, epochs=9, resume=True)
    assert place_of(other)[0].path == str(tmp_path / "made")  # whose state says what differs
    place = place_of(experiment(tmp_path, epochs=9))[0].path
    finish(place, other)
    assert place_of(other)[0].path == place


@pytest.mark.parametrize("fold", ["", "fold-1"])
def test_a_stopped_run_keeps_its_folder(fold: str, tmp_path: Path) -> None:
    state = tmp_path / "made" / "state" / fold / "epoch-000002"
    state.mkdir(parents=True)
    run = {**choices(experiment(tmp_path)), "jax": "0.1", "fold": 1}
    (state / "facts.json").write_text(json.dumps({"run": run}))
    assert place_of(experiment(tmp_path))[0].path == str(tmp_path / "made")
    assert "epochs was 1, now 9" in place_of(experiment(tmp_path, epochs=9))[1]
    (state / "facts.json").write_text("damaged")
    assert settings_in(str(tmp_path / "made")) is None


@pytest.mark.parametrize("text", ["", "{}", "[" * 100_000])
def test_a_record_that_cannot_be_read_is_replaced(text: str, tmp_path: Path) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made" / "results.json").write_text(text)
    assert place_of(experiment(tmp_path, epochs=9))[0].path == str(tmp_path / "made")


def test_a_record_says_what_the_command_chose(tmp_path: Path) -> None:
    what = experiment(tmp_path, ("avg", "gru"), seeds=3)
    finish(str(tmp_path / "made"), what)
    assert settings_in(str(tmp_path / "made")) == {**choices(what), "no_floors": True}
    assert settings_of(RUN)["heads"] == ["avg"]
    assert differences({"a": 1, "b": 2}, {"b": 3, "c": 4}) == "b was 2, now 3"
    assert ComparisonSettings().out == "results"
