"""What `results.json` keeps, and that a file which the code before `RunRecord` wrote still opens."""

import dataclasses
import json
import math
import os
from pathlib import Path
from typing import Any

import pytest

from headstart.cache import UserError
from headstart.cache.task import Task
from headstart.train.engine.history import EpochRecord
from headstart.train.report.terminal import table
from headstart.train.results.folder import RunFolder
from headstart.train.results.result import FoldSpread, Result
from headstart.train.results.run_record import RunRecord, decode, encode
from headstart.train.statistics.findings import Estimate
from tests.train.results.run_before import BEFORE


def test_a_file_of_the_code_before_is_read_and_written_alike() -> None:
    run = RunRecord.from_json(BEFORE)
    assert json.dumps(run.to_json()) == json.dumps(BEFORE)
    assert run.task == Task("multiclass", ("hate", "offence", "neither"))
    assert run.baselines == run.statistics.baselines == ["majority"]
    assert run.results[1].head == "avg"
    assert run.histories["avg/0"][0].epoch == 1
    assert run.table == table(run.results, run.statistics)


def test_folds_are_kept_where_there_are_any() -> None:
    run = RunRecord.from_json(BEFORE)
    assert not {"folds", "fold"} & {*run.to_json(), *run.to_json()["results"][0]}
    folds = {"avg": {"test_loss": FoldSpread(0.5, 0.1, [0.4, 0.6])}}
    results = [dataclasses.replace(row, fold=2) for row in run.results]
    again = RunRecord.from_json(dataclasses.replace(run, folds=folds, results=results).to_json())
    assert (again.folds, again.results[0].fold) == (folds, 2)


def test_what_a_head_lost_by_diverging_is_null_and_nan() -> None:
    row = Result("gru", 0, 9, 5, 1, math.nan, 0.5, math.inf, 0.5, 1.0)
    fields = encode(row)
    assert fields["valid_loss"] is fields["test_loss"] is None
    assert math.isnan(decode(Result, fields).valid_loss)
    lost = Estimate(None, None, None, None, None, None, [None])
    assert decode(Estimate, encode(lost)) == lost
    assert "chance" not in encode(lost)


def test_named_tuples_are_objects_and_other_tuples_lists() -> None:
    history = (EpochRecord(1, 0.5, 0.7, 0.4, 0.8, 1e-3, False),)
    assert encode({"gru/0": history}) == {"gru/0": [history[0]._asdict()]}
    assert decode(tuple[EpochRecord, ...], encode(history)) == history


def test_unknown_fields_are_left_out_and_some_may_be_missing(tmp_path: Path) -> None:
    optional = (
        "histories",
        "floors",
        "rows",
        "inference",
        "seconds",
        "memory",
        "leaks",
        "environment",
        "table",
    )
    fields = {key: value for key, value in BEFORE.items() if key not in optional} | {"later": 1}
    (tmp_path / "results.json").write_text(json.dumps(fields))
    run = RunFolder(str(tmp_path)).record()
    assert (run.histories, run.baselines, run.leaks, run.table) == ({}, [], None, "")


@pytest.mark.parametrize(
    "fields",
    [
        [],
        {},
        *(
            {key: value for key, value in BEFORE.items() if key != name}
            for name in ("results", "cache", "settings")
        ),
        BEFORE | {"results": {"head": "gru"}},
        BEFORE | {"results": [{"head": "gru"}]},
        BEFORE | {"operands": 5},
        BEFORE | {"rows": {"train": "many"}},
    ],
)
def test_what_is_no_record_is_said(fields: Any, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(fields))
    with pytest.raises(UserError, match=r"is not what bench.py of this version writes; run it again"):
        RunFolder(str(tmp_path)).record()


@pytest.mark.parametrize("text", [None, "{", "\udcff"])
def test_a_folder_without_a_finished_run(text: str | None, tmp_path: Path) -> None:
    if text is not None:
        (tmp_path / "results.json").write_text(text, errors="surrogateescape")
    with pytest.raises(UserError, match=r"holds no finished run .*; make one with `python bench.py`"):
        RunFolder(str(tmp_path)).record()


CACHE, STATISTICS, ROW = BEFORE["cache"], BEFORE["statistics"], BEFORE["results"][1]


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"results": [ROW | {"head": "../x"}]}, "is no name of a head"),
        ({"results": [ROW | {"head": ".."}]}, "is no name of a head"),
        ({"results": [ROW | {"head": "a/b"}]}, "is no name of a head"),
        ({"results": [ROW | {"head": "\x1b[2J"}]}, "is no name of a head"),
        ({"results": [ROW | {"head": "lstm"}]}, "the statistics lack 'lstm'"),
        ({"results": [ROW | {"seed": -1}]}, "count below 0"),
        ({"results": [ROW | {"seed": True}]}, "a bool where a int"),
        ({"results": [ROW | {"seed": 1.5}]}, "a float where a int"),
        ({"results": [ROW | {"params": 10**400}]}, "where a number should be"),
        ({"results": [ROW | {"epochs": "5"}]}, "where a number should be"),
        ({"results": [ROW | {"valid_loss": "0.5"}]}, "where a number should be"),
        ({"results": [ROW | {"valid_loss": [0.5]}]}, "where a number should be"),
        ({"results": [ROW | {"test_accuracy": 1.5}]}, "an accuracy that is no share"),
        ({"results": [ROW | {"fold": 0}]}, "a fold below 1"),
        ({"results": [5]}, "a int where a dict"),
        ({"floors": ["none"]}, "the statistics lack 'none'"),
        ({"rows": {"test": -5}}, "count below its least"),
        ({"rows": {"test": 10**30}}, "count below its least"),
        ({"settings": BEFORE["settings"] | {"seeds": 0}}, "count below its least"),
        ({"settings": BEFORE["settings"] | {"memory": "cloud"}}, "'cloud' is none of auto"),
        ({"settings": BEFORE["settings"] | {"memory": ["host"]}}, "is none of auto"),
        ({"settings": BEFORE["settings"] | {"quick": 1}}, "a int where a bool"),
        ({"operands": "int4"}, "operands 'int4' is none of"),
        ({"cache": CACHE | {"block_rows": -1}}, "block_rows"),
        ({"cache": CACHE | {"device": {"batch_tokens": "many"}}}, "batch_tokens"),
        ({"cache": CACHE | {"device": {"batch_tokens": -1}}}, "batch_tokens"),
        ({"cache": CACHE | {"source": {"data": ["x"]}}}, "something else than text"),
        ({"cache": CACHE | {"source": {"backbone_argument": 5}}}, "something else than text"),
        ({"cache": CACHE | {"key": "0" * 64}}, "the recipe is not the one of the cache's key '0000000000'"),
        ({"cache": CACHE | {"recipe": CACHE["recipe"] | {"weights": "0"}}}, "the recipe is not the one"),
        ({"statistics": STATISTICS | {"threshold": {"avg": 1.5}}}, "'avg' has other thresholds"),
        ({"statistics": STATISTICS | {"threshold": {"avg": [0.5]}}}, "'avg' has other thresholds"),
        ({"statistics": STATISTICS | {"threshold": {"avg": "0.5"}}}, "where a list should be"),
        ({"statistics": STATISTICS | {"metrics": {"avg": {"accuracy": 0.5}}}}, "a float where a dict"),
        ({"task": {"kind": "binary", "classes": ["a"]}}, "cannot have 1 classes"),
        ({"digests": {"checkpoints/avg/seed-0/best": 5}}, "a int where a str"),
        ({"histories": {"avg/0": {"epoch": 1}}}, "a dict where a list"),
    ],
)
def test_what_no_run_can_have_is_said(changed: dict[str, Any], says: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(BEFORE | changed))
    with pytest.raises(
        UserError, match=r"is not what bench.py of this version writes; run it again"
    ) as caught:
        RunFolder(str(tmp_path)).record()
    assert says in str(caught.value)
    assert len(str(caught.value)) < 500 + len(str(tmp_path))


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"table": NaN}', "[-Infinity]", "1" * 5000, "", "\0"]
)
def test_what_is_no_json_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(UserError, match=r"holds no finished run .*; make one with `python bench.py`"):
        RunFolder(str(tmp_path)).record()


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "results.json")
    with pytest.raises(UserError, match="holds no finished run"):
        RunFolder(str(tmp_path)).record()


def test_digests_are_kept_where_there_are_any() -> None:
    run = RunRecord.from_json(BEFORE)
    assert "digests" not in run.to_json()
    digests = {"checkpoints/avg/seed-0/best": "a" * 64}
    assert RunRecord.from_json(dataclasses.replace(run, digests=digests).to_json()).digests == digests


def test_a_value_of_several_types_is_read_as_the_first_that_fits() -> None:
    for kind, value in (
        (int | float, 3),
        (int | float, 2.5),
        (float | list[float] | None, [0.5]),
        (str | None, None),
    ):
        assert decode(kind, value) == value
    with pytest.raises(TypeError):
        decode(float | list[float] | None, "x")
