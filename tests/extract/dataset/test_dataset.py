"""A data set's digest, beside hashing by hand, and its counts."""

import hashlib
from pathlib import Path

import pandas as pd
import pytest

from headstart.extract.dataset.dataset import RowCounts

from ...real_data import real_file
from ..conftest import dataset_of


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


def test_the_digest_sees_position_label_and_text(tmp_path: Path) -> None:
    base = "text,label\na b,1\nc d,0\n"
    variants = [
        base,
        base.replace("c d,0", "c e,0"),
        "text,label\na b,0\nc d,1\n",
        "text,label\n,1\na b,1\nc d,0\n",
    ]
    paths = [write(tmp_path / f"{i}.csv", text) for i, text in enumerate(variants)]
    digests = [dataset_of(path, text_column="text", label_column="label").digest() for path in paths]
    assert len(set(digests)) == len(variants)
    assert (
        dataset_of(write(tmp_path / "x.csv", base), text_column="text", label_column="label").digest()
        == digests[0]
    )


def test_several_labels_are_in_the_digest(tmp_path: Path) -> None:
    base = "text,a,b\nc d,1,0\ne f,0,0\n"
    variants = [base, base.replace("1,0", "0,1"), base.replace("1,0", "1,1")]
    paths = [write(tmp_path / f"{i}.csv", text) for i, text in enumerate(variants)]
    found = [dataset_of(path, text_column="text", label_column="a,b") for path in paths]
    assert len({rows.digest() for rows in found}) == 3
    assert found[0].labels.tolist() == [[1, 0], [0, 0]]
    assert found[0].columns == ("text", "a,b")


def digest_by_hand(table: pd.DataFrame, text: str, labels: list[list[int]]) -> str:
    """The recipe's hash of rows, as it was before files were streamed."""
    total = hashlib.sha256()
    for (row, found), own in zip(table[text].items(), labels, strict=True):
        encoded = found.encode()
        total.update(f"{row}:{','.join(map(str, own))}:{len(encoded)}:".encode() + encoded)
    return total.hexdigest()


def test_the_digest_of_known_rows_has_not_changed(tmp_path: Path) -> None:
    """Values of the release before; a cache made by it must be found again."""
    path = write(tmp_path / "a.csv", 'text,label\n"two, words",1\n,0\n"NA",0\n"  ",1\n"a\nb",1\né ☃,0\n')
    assert dataset_of(path, text_column="text", label_column="label").digest() == (
        "0d242c2b8d0a0ab6e5151be8046f5b89fcf25ba625c9c36cc2c7e6b5cda27011"
    )


@pytest.mark.parametrize("limit", [None, 500])
def test_the_digest_of_real_rows_is_that_of_pandas(limit: int | None) -> None:
    table = pd.read_csv(real_file("davidson.csv"), dtype=str, keep_default_na=False)
    table = table if limit is None else table.sample(limit, random_state=7).sort_index()
    rows = dataset_of(
        str(real_file("davidson.csv")), text_column="tweet", label_column="class", limit=limit, seed=7
    )
    assert rows.digest() == digest_by_hand(table, "tweet", [[int(own)] for own in table["class"]])
    assert rows.task.classes == ("0", "1", "2")


def test_a_digest_of_the_first_rows(tmp_path: Path) -> None:
    table = pd.DataFrame({"text": [f"text {n}" for n in range(2_500)], "label": ["0", "1"] * 1_250})
    table.to_csv(tmp_path / "a.csv", index=False)
    rows = dataset_of(str(tmp_path / "a.csv"))
    for count in (0, 1, 1_000, 1_001, 2_500):
        assert rows.digest(count) == digest_by_hand(
            table[:count], "text", [[int(own)] for own in table["label"][:count]]
        )


def test_counts_say_where_all_rows_went() -> None:
    counts = RowCounts(1_009, 1_000, 3, 2, 4, ("a", "b", "c"), "bad.jsonl")
    assert counts.balanced
    assert not counts._replace(bad=3).balanced
    assert str(counts) == (
        "1,009 rows read = 1,000 used + 3 rows without text left out + 2 not drawn + 4 bad"
    )
    assert counts.details() == [
        *(f"left out: {example}" for example in "abc"),
        "left out: 1 more bad rows",
        "all 4 bad rows: bad.jsonl",
    ]
    assert RowCounts().details() == []


def test_counts_name_rows_without_a_label() -> None:
    counts = RowCounts(10, 5, 1, 0, 1, ("a",), None, ("of the labels",), 3)
    assert counts.balanced
    assert not counts._replace(unlabelled=2).balanced
    assert str(counts).endswith("1 rows without text left out + 3 rows without a label left out + 1 bad")
    assert counts.details() == ["of the labels", "left out: a"]
