"""The command line of stage two, and the heads it means."""

from types import SimpleNamespace
from typing import Any

import pytest

from headstart.cache import UserError
from headstart.heads import HEADS
from headstart.train.options import (
    ComparisonSettings,
    choose_heads,
    parse_arguments,
    parse_compare,
    trainable,
)


def parsed(*arguments: str) -> ComparisonSettings:
    return parse_arguments(tuple(HEADS), "", arguments)


def test_without_arguments_every_default_is_that_of_the_settings() -> None:
    assert parsed() == ComparisonSettings()


@pytest.mark.parametrize(
    ("arguments", "field", "value"),
    [
        ("--heads avg,gru", "heads", "avg,gru"),
        ("--seeds 3", "seeds", 3),
        ("--batching exact", "batching", "exact"),
        ("--memory-limit 4GB", "memory_limit", 4_000_000_000),
        ("--folds 5", "folds", 5),
        ("--no-floors", "no_floors", True),
        ("--class-weight balanced", "class_weight", "balanced"),
    ],
)
def test_a_flag_changes_its_setting_alone(arguments: str, field: str, value: object) -> None:
    settings = vars(parsed(*arguments.split()))
    assert settings == vars(ComparisonSettings()) | {field: value}


@pytest.mark.parametrize(
    "arguments", ["--epochs 0", "--folds 1", "--memory-limit much", "--batching x", "--seed 1"]
)
def test_what_is_no_value(arguments: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        parsed(*arguments.split())
    assert capsys.readouterr().err.count("error:") == 1


def test_runs_to_compare() -> None:
    options = parse_compare(["results/a", "results/b", "--json"])
    assert (options.runs, options.json) == (["results/a", "results/b"], True)


def test_heads_come_in_the_registry_s_order() -> None:
    assert choose_heads("lstm, cls", tuple(HEADS)) == ["cls", "lstm"]
    assert choose_heads("all", tuple(HEADS)) == list(HEADS)
    with pytest.raises(UserError, match="known heads: cls, max"):
        choose_heads("xyz", tuple(HEADS))
    with pytest.raises(UserError, match="did you mean 'gru_pooled'"):
        choose_heads("cls,gru_poold", tuple(HEADS))
    with pytest.raises(UserError, match="names no head"):
        choose_heads(" , ", tuple(HEADS))


def test_pooled_vectors_train_the_heads_that_read_no_tokens() -> None:
    whole: Any = SimpleNamespace(name="cache", layout_has=lambda array: True)
    pooled: Any = SimpleNamespace(name="cache", layout_has=lambda array: False)
    assert trainable(["avg", "gru"], "avg,gru", whole, ["cls", "avg"]) == (["avg", "gru"], None)
    names, line = trainable(["avg", "gru"], "all", pooled, ["cls", "avg"])
    assert names == ["avg"]
    assert line
    assert "cache holds pooled vectors only and cannot train gru" in line
    with pytest.raises(UserError, match="from this cache: `--heads cls,avg`"):
        trainable(["avg", "gru"], "avg,gru", pooled, ["cls", "avg"])
