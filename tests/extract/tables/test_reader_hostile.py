"""Files that want to do harm: no traceback, no hang, and no row lost without a word."""

import csv
import io
import json
import re
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.extract.dataset.dataset import Dataset

from ..conftest import dataset_of
from ..hostile import NONE_LEFT, Hostile, damaged, made_by_hand

HAND, DAMAGED = made_by_hand(), damaged(150)
MODES = ("error", "skip", "report")


def outcomes(folder: Path, hostile: Hostile) -> dict[str, Dataset | str]:
    """The rows, or what the error says, in each mode; anything but a user's error is raised."""
    path, found = folder / hostile.name, dict[str, Dataset | str]()
    path.write_bytes(hostile.content)
    for mode in MODES:
        try:
            found[mode] = dataset_of(str(path), on_bad_row=mode, bad_rows=str(folder / "bad.jsonl"))
        except UserError as error:
            found[mode] = str(error)
    assert all(len(error.splitlines()) == 1 for error in found.values() if isinstance(error, str))
    return found


def check(folder: Path, found: dict[str, Dataset | str]) -> None:
    """What must hold of every file."""
    report = folder / "bad.jsonl"
    skipped, reported = found["skip"], found["report"]
    assert type(skipped) is type(reported)
    assert not list(folder.glob("*.partial"))
    if isinstance(reported, str) or isinstance(skipped, str):
        assert isinstance(found["error"], str)
        assert not report.exists()
        return
    counts, listed = reported.counts, [json.loads(line) for line in report.read_text().splitlines()]
    assert counts.read == len(reported.texts) + reported.missing + len(listed)
    assert len({entry["row"] for entry in listed}) == counts.bad == len(listed)
    assert not {entry["row"] - 1 for entry in listed} & {*reported.rows.tolist()}
    assert skipped.digest() == reported.digest()
    assert isinstance(found["error"], str) == bool(counts.bad)


def test_there_are_more_than_two_hundred() -> None:
    assert len(HAND) + len(DAMAGED) >= 200


SLOW = ("cut2.csv.gz", "keys.jsonl", "wide.tsv", "wide.csv")
"""Larger than the others."""


@pytest.mark.parametrize(
    "hostile",
    [pytest.param(one, marks=[pytest.mark.slow] if one.name in SLOW else [], id=one.name) for one in HAND],
)
def test_made_by_hand(tmp_path: Path, hostile: Hostile) -> None:
    found = outcomes(tmp_path, hostile)
    check(tmp_path, found)
    if hostile.counts is None:
        for mode in ("skip", "report") if hostile.says == NONE_LEFT else MODES:
            assert isinstance(found[mode], str)
            assert re.search(hostile.says or "", str(found[mode]))
        return
    rows = found["report"]
    assert isinstance(rows, Dataset)
    assert (rows.counts.read, rows.counts.used, rows.counts.empty, rows.counts.bad) == hostile.counts
    assert rows.rows.tolist() == [0, 1, 3, 4]
    if hostile.counts[-1]:
        assert "data row 3" in str(found["error"])


@pytest.mark.parametrize("hostile", DAMAGED, ids=lambda hostile: hostile.name)
def test_damaged(tmp_path: Path, hostile: Hostile) -> None:
    found = outcomes(tmp_path, hostile)
    check(tmp_path, found)
    if isinstance(rows := found["skip"], Dataset) and hostile.name.endswith(".jsonl"):
        lines = hostile.content.replace(b"\r\n", b"\n").replace(b"\r", b"\n").split(b"\n")
        assert rows.counts.read == sum(bool(line.strip()) for line in lines)


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet", "csv.gz", "csv.zst", "csv.zip"])
@settings(deadline=None)
@given(content=st.binary(max_size=300))
def test_any_bytes(ending: str, content: bytes) -> None:
    with tempfile.TemporaryDirectory() as folder:
        check(Path(folder), outcomes(Path(folder), Hostile(f"a.{ending}", content)))


def written(cells: list[str]) -> str:
    file = io.StringIO()
    csv.writer(file, lineterminator="\n", quoting=csv.QUOTE_ALL).writerow(cells)
    return file.getvalue()


word = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=9)
text = word.map(lambda some: f"so {some}")
label = st.sampled_from(["0", "1"])
KINDS: dict[str, Callable[[str, str], bytes]] = {
    "used": lambda text, label: written([text, label]).encode(),
    "empty": lambda text, label: written([" " * len(text), label]).encode(),
    "ragged": lambda text, label: written([text, label, "more"]).encode(),
    "short": lambda text, label: written([text]).encode(),
    "nul": lambda text, label: written([text + "\0", label]).encode(),
    "bytes": lambda text, label: written([text, label]).encode().replace(b"so", b"\xff", 1),
    "unlabelled": lambda text, label: written([text, " "]).encode(),
    "quotes": lambda text, label: b'"so "odd"" it is,1\n',
}


@settings(deadline=None)
@given(st.lists(st.tuples(st.sampled_from(list(KINDS)), text, label), min_size=1, max_size=30))
def test_every_row_is_where_it_belongs(made: list[tuple[str, str, str]]) -> None:
    """Dataset of known kinds in any order: each used one comes out as it went in, each other is counted."""
    made = [("used", "so kind", "0"), ("used", "so rude", "1"), *made]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.csv"
        path.write_bytes(b"text,label\n" + b"".join(KINDS[kind](text, label) for kind, text, label in made))
        rows = dataset_of(str(path), text_column="text", label_column="label", on_bad_row="skip")
    used = [place for place, (kind, _, _) in enumerate(made) if kind == "used"]
    assert rows.rows.tolist() == used
    assert rows.texts == [made[place][1] for place in used]
    assert rows.labels.tolist() == [int(made[place][2]) for place in used]
    assert rows.missing == sum(kind == "empty" for kind, _, _ in made)
    assert rows.counts.bad == len(made) - len(used) - rows.missing
