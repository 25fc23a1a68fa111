"""What `results.json` keeps, and that a file which the code before `RunRecord` wrote still opens."""

import dataclasses
import json
import math
import os
import re
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
    now = table(run.results, run.statistics)
    for old_row, row in zip(run.table.splitlines()[1:3], now.splitlines()[1:3], strict=True):
        assert {*old_row.split()} < {*row.split()}  # macro-F1 has been added since


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
    with pytest.raises(
        UserError, match=r"holds no finished run .*; make one with `python bench.py --heads all`"
    ):
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


ON_LAYERS = ("avg@0", "avg@last", "avg@all")
PAIR = {
    "a": "avg@0", "b": "avg@last", "difference": 0.1, "low": -0.2, "high": 0.3, "p_seeds": None, "only_a": 2,
    "only_b": 1, "p": 1.0, "p_holm": 1.0, "differs": False,
}  # fmt: skip
CHOICE = {
    "among": ["avg"], "every": False, "chosen": ["avg@0"], "name": "avg@0", "valid": 0.7, "test": 0.6, "low": 0.4,
    "high": 0.8, "last": PAIR,
}  # fmt: skip
CANDIDATES = [
    {"name": name, "head": "avg", "layer": layer} for name, layer in zip(ON_LAYERS, (0, 2, None), strict=True)
]
LAYERS = {
    "last": 2, "candidates": CANDIDATES, "valid": dict.fromkeys(ON_LAYERS, 0.5), "choices": [CHOICE],
    "verdict": ["No layer."], "notes": [],
}  # fmt: skip
WITH_LAYERS = BEFORE | {
    "statistics": STATISTICS
    | {"metrics": STATISTICS["metrics"] | dict.fromkeys(ON_LAYERS, STATISTICS["metrics"]["avg"])}
}


def candidate(**changed: object) -> dict[str, Any]:
    return {"candidates": [CANDIDATES[0] | changed, *CANDIDATES[1:]]}


def choice(**changed: object) -> dict[str, Any]:
    return {"choices": [CHOICE | changed]}


def test_what_was_found_of_layers_is_kept() -> None:
    run = RunRecord.from_json(WITH_LAYERS | {"layers": LAYERS})
    assert run.to_json()["layers"] == LAYERS


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"last": 0}, "no encoder has the layers 0 to 0"),
        ({"last": -1}, "no encoder has"),
        ({"last": 10**15}, "no encoder has"),
        ({"last": 1}, "'avg@last' is no head on a layer from 0 to 1"),
        ({"last": True}, "a bool where a int"),
        ({"candidates": []}, "a head stands on one twice"),
        ({"candidates": [*CANDIDATES, CANDIDATES[0]]}, "a head stands on one twice"),
        (candidate(layer=-1), "'avg@0' is no head on a layer"),
        (candidate(layer=10**9), "'avg@0' is no head on a layer"),
        (candidate(layer=1), "'avg@0' is no head on a layer"),
        (candidate(layer=None), "'avg@0' is no head on a layer"),
        (candidate(layer=0.0), "a float where a int"),
        (candidate(head="max"), "'avg@0' is no head on a layer"),
        (candidate(name="avg@5", layer=5), "the statistics lack 'avg@5'"),
        (candidate(name="avg"), "'avg' is no head on a layer"),
        ({"valid": {}}, "other accuracies than one"),
        ({"valid": dict.fromkeys(ON_LAYERS, 2.0)}, "other accuracies than one"),
        ({"valid": dict.fromkeys(ON_LAYERS)}, "other accuracies than one"),
        ({"valid": LAYERS["valid"] | {"max@0": 0.5}}, "other accuracies than one"),
        (choice(name="avg@1"), "'avg@1' is no choice"),
        (choice(chosen=[]), "'avg@0' is no choice"),
        (choice(chosen=["avg@0", "\x1b[2J"]), "'avg@0' is no choice"),
        (choice(test=1.5), "an accuracy that is no share"),
        (choice(valid=None), "an accuracy that is no share"),
        (choice(low=-0.1), "an accuracy that is no share"),
        (choice(last=PAIR | {"difference": -2.0}), "an accuracy that is no share"),
        (choice(last=PAIR | {"difference": 10**400}), "where a number should be"),
        (choice(last=None), "a NoneType where a dict"),
        (choice(every=0), "a int where a bool"),
        ({"verdict": "none"}, "a str where a list"),
    ],
)
def test_what_no_run_can_have_found_of_layers_is_said(changed: dict[str, Any], says: str) -> None:
    with pytest.raises((TypeError, ValueError), match=re.escape(says)):
        RunRecord.from_json(WITH_LAYERS | {"layers": LAYERS | changed})


@pytest.mark.parametrize(
    "text", ["[" * 100_000, '{"a":' * 100_000, '{"table": NaN}', "[-Infinity]", "1" * 5000, "", "\0"]
)
def test_what_is_no_json_is_said(text: str, tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(text)
    with pytest.raises(
        UserError, match=r"holds no finished run .*; make one with `python bench.py --heads all`"
    ):
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
