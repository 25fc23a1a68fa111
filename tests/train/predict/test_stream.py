"""Streams of rows: every row is labelled once, also where the work was stopped, and others read what is written."""

import csv
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from headstart.cache.runtime.errors import UserError
from headstart.cache.task import Task
from headstart.train.predict.answers import Answer
from headstart.train.predict.formats import FORMATS
from headstart.train.predict.stream import Counts, Labelling, label_stream
from headstart.train.predict.target import ToFile

ENDINGS = sorted(FORMATS)
TASKS = {
    "binary": Task("binary", ("no", "yes")),
    "multiclass": Task("multiclass", ("a", 'b,"', "c\nd")),
    "multilabel": Task("multilabel", ("x", "y", "z")),
}


class Chunk:
    """Rows from `first` on; row 3 is bad."""

    def __init__(self, first: int, rows: int) -> None:
        kept = [row for row in range(first, first + rows) if row != 3]
        texts = [f'text "{row}",\nß' for row in kept]
        self.table = pd.DataFrame(
            {"text": texts, "label": [str(-row) for row in kept]}, index=kept, dtype=str
        )
        self.bad = ["row 3"] if first <= 3 < first + rows else []


CHUNKS = [(0, 3), (3, 1), (4, 3), (7, 2)]


def shares_of(task: Task, texts: list[str]) -> np.ndarray:
    numbers = [int(text.split('"')[1]) for text in texts]
    random = np.random.default_rng(5).random((20, len(task.classes))).astype(np.float32)
    return random[numbers]


def label(task: Task, target: Any, fails_at: int | None = None) -> tuple[Counts, list[list[str]]]:
    """Label four chunks, and tell which texts were asked for."""
    asked: list[list[str]] = []

    def answer(texts: list[str]) -> Answer:
        asked.append(texts)
        if len(asked) - 1 == fails_at:
            raise KeyboardInterrupt
        shares = shares_of(task, texts)
        return Answer(shares, shares)

    threshold = 0.5 if task.kind != "multilabel" else [0.2, 0.5, 0.8]
    how = Labelling(task, threshold, lambda _: "text", list, answer, ("label",))
    chunks = (Chunk(*own) for own in CHUNKS)
    return label_stream(chunks, how, target, lambda *_: None), asked


def read(path: Path) -> list[dict[str, Any]]:
    """The rows of a file, with readers that know nothing of ours."""
    if path.suffix == ".parquet":
        return list(pd.read_parquet(path).to_dict("records"))
    if path.suffix == ".jsonl":
        return [json.loads(line) for line in path.read_text().splitlines()]
    with path.open(newline="") as file:
        return list(csv.DictReader(file, delimiter="\t" if path.suffix == ".tsv" else ","))


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("ending", ENDINGS)
def test_others_read_what_is_written(kind: str, ending: str, tmp_path: Path) -> None:
    task, path = TASKS[kind], tmp_path / f"out{ending}"
    counts, _ = label(task, ToFile(str(path), "one"))
    assert counts == Counts(labelled=8, empty=0, bad=1)
    rows, wanted = read(path), [row for row in range(9) if row != 3]
    assert [int(row["row"]) for row in rows] == [row + 1 for row in wanted]
    assert [row["label_input"] for row in rows] == [str(-row) for row in wanted]
    shares = shares_of(task, [f'"{row}"' for row in wanted])
    for row, own in zip(rows, shares, strict=True):
        found = row["probabilities"] if ending == ".jsonl" else {n: row[f"p_{n}"] for n in task.classes}
        np.testing.assert_allclose([float(found[name]) for name in task.classes], own, atol=1e-6)
        if kind == "multilabel":
            names = [n for n, s, t in zip(task.classes, own, [0.2, 0.5, 0.8], strict=True) if s > t]
            assert (
                (row["label"] == "|".join(names))
                if ending in (".csv", ".tsv")
                else list(row["label"]) == names
            )
        else:
            number = int(own.argmax()) if kind == "multiclass" else int(own[1] > 0.5)
            assert row["label"] == task.classes[number]
    assert [own.name for own in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fails_at", [0, 1, 2])
def test_the_same_work_goes_on_where_it_was_left(ending: str, fails_at: int, tmp_path: Path) -> None:
    task, path, whole = TASKS["multilabel"], tmp_path / f"out{ending}", tmp_path / f"whole{ending}"
    label(task, ToFile(str(whole), "one"))
    target = ToFile(str(path), "one")
    with pytest.raises(KeyboardInterrupt):
        label(task, target, fails_at)
    target.leave(useless=False)
    assert not path.exists()
    with open(f"{path}.partial", "ab") as file:
        file.write(b"half a row")  # what a kill in the middle of a piece leaves
    again = ToFile(str(path), "one")
    counts, asked = label(task, again)
    assert len(asked) == 3 - fails_at  # one of the four chunks holds bad rows alone
    assert counts == Counts(8, 0, 1)
    assert path.read_bytes() == whole.read_bytes()
    assert sorted(own.name for own in tmp_path.iterdir()) == sorted([path.name, whole.name])


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("fails_at", [None, 0, 2])
def test_texts_that_are_empty_or_cut_are_counted_and_marked(
    ending: str, fails_at: int | None, tmp_path: Path
) -> None:
    """Once each, also where the work was stopped; formulas where spreadsheets run them."""
    path, calls = tmp_path / f"out{ending}", iter(range(9))

    def answer(texts: list[str]) -> Answer:
        if next(calls) == fails_at:
            raise KeyboardInterrupt
        return Answer(np.zeros((len(texts), 2)), np.full((len(texts), 2), 0.5, np.float32))

    def flags_of(texts: list[str]) -> list[np.ndarray]:
        numbers = np.array([int(text.split('"')[1]) for text in texts])
        return [numbers % 4 == 1, numbers % 4 == 2]

    how = Labelling(
        TASKS["binary"], 0.5, lambda _: "text", list, answer, ("formula",), flags_of, flagged=True
    )
    chunks = [Chunk(*own) for own in CHUNKS]
    for chunk in chunks:
        chunk.table["formula"] = [f"=A{row}" if row == 8 else f"-{row}" for row in chunk.table.index]
    for attempt in range(2 if fails_at is not None else 1):
        target = ToFile(str(path), "one")
        if attempt < (fails_at is not None):
            with pytest.raises(KeyboardInterrupt):
                label_stream(chunks, how, target, lambda *_: None)
            target.leave(useless=False)
        else:
            counts = label_stream(chunks, how._replace(ahead=False), target, lambda *_: None)
    assert counts == Counts(8, 2, 1, truncated=2, formulas=int(ending in (".csv", ".tsv")))
    assert str(counts) == (
        "9 rows in, 8 labelled (2 empty after cleaning, 2 cut at the maximum length), 1 left out"
    )
    for row in read(path):
        number = int(row["row"]) - 1
        shown = [str(row[name]).lower() == "true" for name in ("empty", "truncated")]
        assert shown == [number % 4 == 1, number % 4 == 2]


def test_what_looks_like_a_formula_is_escaped_if_asked(tmp_path: Path) -> None:
    """Labels and names of columns, too."""
    task = Task("binary", ("=no", "@yes"))
    shares = np.full((1, 2), 0.5, np.float32)
    table = pd.DataFrame({"text": ["a"], "=kept": ["+1+1"]}, dtype=str)
    for escaped in (False, True):
        how = Labelling(
            task, 0.5, lambda _: "text", list, lambda _: Answer(shares, shares), ("=kept",), escaped=escaped
        )
        target = ToFile(str(tmp_path / f"{escaped}.csv"), "one")
        counts = label_stream([SimpleNamespace(table=table, bad=[])], how, target, lambda *_: None)
        assert counts.formulas == 2 * (not escaped)
    (row,) = read(tmp_path / "True.csv")
    assert (row["'=kept"], row["label"]) == ("'+1+1", "'=no")


def test_a_planted_link_is_not_followed(tmp_path: Path) -> None:
    one, other, elsewhere = tmp_path / "out.csv", tmp_path / "out.parquet", tmp_path / "elsewhere"
    for planted in (f"{one}.partial", f"{other}.partial.whole"):
        Path(planted).symlink_to(elsewhere)
    with pytest.raises(UserError, match="in the way: it is a link"):
        ToFile(str(one), "one")
    label(TASKS["binary"], ToFile(str(other), "one"))
    assert not elsewhere.exists()
    assert sorted(tmp_path.iterdir()) == [Path(f"{one}.partial"), other]
