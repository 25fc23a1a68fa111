"""Which head of a run answers, and what of the run it takes with it."""

import hashlib
import json
import math
import os
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.block import MAX_PART_ROWS, MIN_PART_ROWS
from headstart.cache.recipe import canonical_json
from headstart.train.engine.checkpoints import save
from headstart.train.predict.trained_head import choose, open_trained
from headstart.train.results.result import Result
from tests.train.results.run_before import BEFORE, finished, flip, trained_head

HEADS = ("avg", "gru").__contains__


def test_the_best_head_is_chosen_on_validation_rows() -> None:
    rows = [
        Result("majority", 0, 0, 0, 0, 0.1, 0.5, 0.1, 0.5, 0.0),
        Result("gru", 0, 9, 5, 3, 0.5, 0.5, 0.2, 0.5, 1.0),
        Result("gru", 1, 9, 5, 3, 0.3, 0.5, 0.9, 0.5, 1.0),
        Result("avg", 0, 9, 5, 1, math.nan, 0.5, math.nan, 0.5, 1.0),
    ]
    assert choose(rows, "best", HEADS) == ("gru", 1)
    with pytest.raises(UserError, match="all losses of 'avg' are NaN"):
        choose(rows, "avg", HEADS)
    with pytest.raises(UserError, match="the run has no head 'lstm'; it has: gru, avg"):
        choose(rows, "lstm", HEADS)


def test_a_head_is_read_with_its_parameters(tmp_path: Path) -> None:
    head = trained_head()
    (tmp_path / "results.json").write_text(json.dumps(BEFORE))
    save(tmp_path / "checkpoints" / "avg" / "seed-0", "best", head.params)
    again = open_trained(f"{tmp_path}/", "best", HEADS, lambda name, recipe, width: head.params)
    assert (again.name, again.seed, again.task, again.recipe) == ("avg", 0, head.task, head.recipe)
    np.testing.assert_array_equal(again.params["dense"]["kernel"], head.params["dense"]["kernel"])
    (tmp_path / "results.json").write_text(json.dumps(BEFORE, indent=1))
    assert open_trained(str(tmp_path), "avg", HEADS, lambda *_: head.params).identity != again.identity


def test_a_head_with_any_bit_turned_over_is_the_same_or_told(tmp_path: Path) -> None:
    finished(tmp_path)
    params, said = trained_head().params, []
    files = sorted(path for path in (tmp_path / "checkpoints/avg/seed-0/best").rglob("*") if path.is_file())
    for bit in range(0, 400, 7):
        path = files[bit % len(files)]
        flip(path, bit * 31)
        try:
            again = open_trained(str(tmp_path), "best", HEADS, lambda *_: params).params
        except UserError as error:
            said.append(str(error))
        else:
            np.testing.assert_array_equal(again["dense"]["kernel"], params["dense"]["kernel"])
        flip(path, bit * 31)
    assert len(said) > 5
    assert all(line.startswith(f"the head avg of {tmp_path} cannot be read: ") for line in said)
    assert all(line.endswith("; run `python bench.py` again") and "\n" not in line for line in said)
    open_trained(str(tmp_path), "best", HEADS, lambda *_: params)


def test_weights_of_another_training_are_not_the_run_s(tmp_path: Path) -> None:
    finished(tmp_path)
    params = trained_head().params
    save(
        tmp_path / "checkpoints/avg/seed-0",
        "best",
        {"dense": {**params["dense"], "bias": np.ones(3, np.float32)}},
    )
    with pytest.raises(
        UserError, match=r"the SHA-256 of .*best is [0-9a-f]{16}, and [0-9a-f]{16} was written"
    ):
        open_trained(str(tmp_path), "best", HEADS, lambda *_: params)


def test_what_results_json_must_not_say_of_a_head(tmp_path: Path) -> None:
    recipe = BEFORE["cache"]["recipe"]
    for changed, says in (
        ({"task": {"kind": "multiclass", "classes": ["x", "y", "z"]}}, "have other classes"),
        ({"cache": keyed({**recipe, "architecture": '{"dim":1000000000}'})}, "no dim from 1 to 65,536"),
        ({"cache": keyed({**recipe, "architecture": "{}"})}, "no dim"),
        ({"cache": keyed({**recipe, "architecture": "[" * 100_000})}, "architecture is no JSON"),
        ({"cache": keyed({**recipe, "max_length": 0})}, "max_length"),
        (
            {"cache": {**BEFORE["cache"], "recipe": {**recipe, "max_length": 7}}},
            "recipe is not the one of the cache",
        ),
    ):
        (tmp_path / "results.json").write_text(json.dumps(BEFORE | changed))
        with pytest.raises(UserError, match=says):
            open_trained(str(tmp_path), "best", HEADS, lambda *_: trained_head().params)


def keyed(recipe: dict[str, Any]) -> dict[str, Any]:
    """The cache of a recipe, called by its key."""
    return {
        **BEFORE["cache"],
        "recipe": recipe,
        "key": hashlib.sha256(canonical_json(recipe).encode()).hexdigest(),
    }


def test_heads_of_folds_label_nothing(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(BEFORE | {"settings": {"folds": 5}}))
    with pytest.raises(UserError, match="holds 5 heads of each name"):
        open_trained(str(tmp_path), "best", HEADS, lambda *_: None)


def test_a_head_without_its_checkpoint(tmp_path: Path) -> None:
    (tmp_path / "results.json").write_text(json.dumps(BEFORE))
    with pytest.raises(UserError, match=r"the head avg of .* cannot be read: there is no checkpoint"):
        open_trained(str(tmp_path), "best", HEADS, lambda *_: None)


@pytest.mark.parametrize(
    ("kind", "chosen", "asked", "threshold"),
    [
        ("binary", 0.3, None, 0.5),
        ("binary", 0.3, 0.7, 0.7),
        ("multilabel", [0.1, 0.2], None, [0.1, 0.2]),
        ("multilabel", [0.1, 0.2], 0.7, [0.7, 0.7]),
        ("multiclass", None, None, 0.5),
    ],
)
def test_thresholds(
    kind: str, chosen: float | list[float] | None, asked: float | None, threshold: float | list[float]
) -> None:
    statistics = BEFORE["statistics"] | {"threshold": {"avg": chosen}}
    head = trained_head(task={"kind": kind, "classes": ["a", "b"]}, statistics=statistics)
    assert head.threshold(asked) == threshold


def test_several_classes_have_no_threshold() -> None:
    with pytest.raises(UserError, match="of several classes the most probable is taken"):
        trained_head().threshold(0.4)


@pytest.mark.parametrize(("rows", "together"), [(5, 5), (None, MIN_PART_ROWS), (10**9, MAX_PART_ROWS)])
def test_as_many_rows_go_through_the_backbone_as_test_rows_did(rows: int | None, together: int) -> None:
    assert trained_head(cache=BEFORE["cache"] | {"block_rows": rows}).block_rows == together


def test_the_backbone_is_what_the_user_called_it() -> None:
    source = BEFORE["cache"]["source"] | {"backbone": "tiny", "backbone_argument": "models/tiny"}
    assert trained_head(cache=BEFORE["cache"] | {"source": source}).backbone == "models/tiny"
    del source["backbone_argument"]
    assert trained_head(cache=BEFORE["cache"] | {"source": source}).backbone == "tiny"


@pytest.mark.parametrize(("argument", "name"), [("../../tiny", "tiny"), ("/home/x/tiny", "tiny")])
def test_a_backbone_s_folder_is_looked_for_from_the_run(argument: str, name: str, tmp_path: Path) -> None:
    source = BEFORE["cache"]["source"] | {"backbone": "tiny", "backbone_argument": argument}
    head = trained_head(cache=BEFORE["cache"] | {"source": source})._replace(folder=str(tmp_path / "a/run"))
    assert (head.backbone, head.backbone_place) == (name, argument)
    (tmp_path / "a/run").mkdir(parents=True)
    (tmp_path / "tiny").mkdir()
    place = head.backbone_place
    assert place == argument if os.path.isabs(argument) else os.path.samefile(place, tmp_path / "tiny")


@pytest.mark.parametrize("argument", ["minilm", "org/model"])
def test_a_backbone_s_name_is_no_folder_of_the_run(argument: str, tmp_path: Path) -> None:
    (tmp_path / "minilm").mkdir()
    source = BEFORE["cache"]["source"] | {"backbone": "model", "backbone_argument": argument}
    head = trained_head(cache=BEFORE["cache"] | {"source": source})._replace(folder=str(tmp_path))
    assert (head.backbone, head.backbone_place) == (argument, argument)
