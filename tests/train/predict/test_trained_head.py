"""Which head of a run answers, and what of the run it takes with it."""

import json
import math
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.block import MAX_PART_ROWS, MIN_PART_ROWS
from headstart.train.engine.checkpoints import save
from headstart.train.predict.trained_head import choose, open_trained, width_of
from headstart.train.results.result import Result
from tests.train.results.run_before import BEFORE, trained_head

HEADS = ("avg", "gru")


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
    again = open_trained(f"{tmp_path}/", "best", HEADS, lambda name, width, outputs: head.params)
    assert (again.name, again.seed, again.task, again.recipe) == ("avg", 0, head.task, head.recipe)
    np.testing.assert_array_equal(again.params["dense"]["kernel"], head.params["dense"]["kernel"])
    assert width_of(head.recipe) == 16
    (tmp_path / "results.json").write_text(json.dumps(BEFORE, indent=1))
    assert open_trained(str(tmp_path), "avg", HEADS, lambda *_: head.params).identity != again.identity


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
