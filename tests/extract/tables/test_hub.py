"""Data sets of the Hugging Face hub, with a library that stands in for `datasets`."""

import sys
from collections.abc import Iterator, Sequence
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from headstart.cache import UserError
from headstart.extract.tables.hub import parse_name

from ..conftest import dataset_of

NAMES = ["neg", "pos"]
ROWS = [{"text": f"text number {n}", "label": n % 2, "tags": [0] * (n % 3)} for n in range(25)]


class Streamed:
    """What `load_dataset(..., streaming=True)` gives."""

    features = {  # noqa: RUF012
        "text": object(),
        "label": SimpleNamespace(names=NAMES),
        "tags": SimpleNamespace(feature=SimpleNamespace(names=["a", "b"])),
    }

    def __init__(self, columns: Sequence[str] = ("text", "label", "tags")) -> None:
        self.columns = columns

    def __iter__(self) -> Iterator[dict[str, Any]]:
        for row in [*ROWS, {"text": "nobody knows", "label": -1, "tags": []}]:
            yield {name: row[name] for name in self.columns}

    def select_columns(self, columns: Sequence[str]) -> "Streamed":
        return Streamed(columns)


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, ...]]:
    """What is asked of the library; `missing/set` is not there."""
    calls: list[tuple[Any, ...]] = []

    def load_dataset(name: str, configuration: str | None, **options: Any) -> Streamed:
        calls.append((name, configuration, options))
        if name == "missing/set":
            raise ConnectionError("Couldn't reach the hub\nand more")
        return Streamed()

    module = ModuleType("datasets")
    module.load_dataset = load_dataset  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "datasets", module)
    return calls


def test_classes_come_by_their_names(asked: list[tuple[Any, ...]]) -> None:
    rows = dataset_of("hf:owner/set@plain:test", text_column="text", label_column="label")
    assert asked == [("owner/set", "plain", {"split": "test", "streaming": True})]
    assert rows.task.classes == ("neg", "pos")
    assert rows.texts == [row["text"] for row in ROWS]
    assert rows.labels.tolist() == [row["label"] for row in ROWS]
    assert (rows.counts.unlabelled, rows.counts.bad) == (1, 0)  # the hub writes -1 for no label


def test_lists_of_classes(asked: list[tuple[Any, ...]]) -> None:
    rows = dataset_of("hf:set", text_column="text", label_column="tags", class_names="b,a")
    assert rows.labels.tolist() == [*([0, int(n % 3 > 0)] for n in range(25)), [0, 0]]


def test_the_hub_is_out_of_reach(asked: list[tuple[Any, ...]]) -> None:
    with pytest.raises(UserError, match=r"hf:missing/set cannot be read .* Couldn't reach the hub$"):
        dataset_of("hf:missing/set")


def test_without_the_library(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "datasets", None)
    with pytest.raises(UserError, match=r"pip install -e '.\[hub\]'"):
        dataset_of("hf:owner/set")


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("hf:imdb", ("imdb", None, "train")),
        ("hf:owner/set", ("owner/set", None, "train")),
        ("hf:owner/set:test", ("owner/set", None, "test")),
        ("hf:owner/set@de", ("owner/set", "de", "train")),
    ],
)
def test_names(source: str, found: tuple[str, str | None, str]) -> None:
    assert parse_name(source) == found


@pytest.mark.parametrize("source", ["hf:", "hf:a/b/c", "hf:/etc", "hf:../x", "hf:a/", "hf:./a"])
def test_what_is_no_name(source: str) -> None:
    with pytest.raises(UserError, match="names no data set"):
        parse_name(source)
