"""What is read from files: each row once, in its place, or an error of the user's."""

import gzip
import tracemalloc
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.dataset import read as module
from headstart.extract.tables import delimited
from headstart.extract.tables.files import stem

from ..conftest import dataset_of


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_rows_keep_their_place_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label\n"two, words",1\n,0\n"NA",0\n"  ",1\n"a\nb",1\n')
    rows = dataset_of(path, text_column="text", label_column="label")
    assert rows.texts == ["two, words", "NA", "a\nb"]  # NA is a word here, not a missing cell
    assert rows.rows.tolist() == [0, 2, 4]
    assert rows.labels.tolist() == [1, 0, 1]
    assert rows.missing == 2


def test_tsv_gzip_and_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv.gz", gzip.compress(b"text\tlabel\na b\t1\nc, d\t0\ne f\t1\n"))
    assert dataset_of(path).texts == ["a b", "c, d", "e f"]
    assert stem(path) == "a"


def test_a_limit_draws_rows_at_random_and_keeps_their_order(tmp_path: Path) -> None:
    lines = [
        f"text number {row},{int(row < 100)}" for row in range(200)
    ]  # sorted by label, as the notebook's
    rows = dataset_of(write(tmp_path / "a.csv", "\n".join(["text,label", *lines])), limit=50)
    assert len(rows.texts) == 50
    assert (rows.rows[1:] > rows.rows[:-1]).all()
    assert 15 < rows.labels.sum() < 35
    assert rows.texts[7] == f"text number {rows.rows[7]}"


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "text,label\n", "header but no rows"),
        ("a.csv", "text,label\n,1\n ,0\n", "holds no text"),
        ("a.csv", "text,label\na b,1\nc d,\n", "data row 2: column 'label' holds ''"),
        ("a.csv", "text,label\na b,1\nc d,1\n", "two classes are needed"),
        ("a.csv", b"text,label\n\xff\xfe x,1\n", "not UTF-8"),
        ("a.csv", "text,label\na b,1\nc d,1,5\n", r"data row 2 \(line 3\): it has 3 cells, the header has 2"),
        (
            "a.csv",
            "text,label\na b,1,5\nc d,0,5\n",
            "data row 1 .* it has 3 cells",
        ),  # pandas would shift all columns
        ("a.csv", "text,label\na b\n", "data row 1 .* it has 1 cell, the header has 2"),
        ("a.csv", 'text,label\n"a b,1\nc d,0\n', r"data row 1 \(line 2\): a quote opens"),
        ("a.csv", 'text,label\n"a"b,1\n', "data row 1 .* its quotes are not balanced"),
        ("a.csv", "text,text\na b,1\n", "names the column 'text' twice"),
        ("a.csv", "you are kind,1\nnot so,0\n", "looks like data"),
        ("a.csv", "text,label\na\0b,1\n", "data row 1 .* NUL byte"),
        ("a.csv.gz", "text,label\n", "cannot be read"),
        ("a.csv.zip", "text,label\n", "cannot be read"),
        ("a.xlsx", "", "ending .xlsx"),
    ],
)
def test_bad_files_are_the_user_s_errors(tmp_path: Path, name: str, content: str | bytes, says: str) -> None:
    path = write(tmp_path / name, content)
    with pytest.raises(UserError, match=says) as error:
        dataset_of(path, text_column="text", label_column="label")
    assert "\n" not in str(error.value).strip()


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        dataset_of(str(tmp_path / "none.csv"))
    with pytest.raises(UserError, match="is not a file"):
        dataset_of(str(tmp_path))


def test_a_guess_must_hold_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(delimited, "FIRST_LINES", 11)
    lines = [f"{n},text number {n},{n % 2}" for n in range(40)]
    path = write(tmp_path / "a.csv", "\n".join(["id,text,flag", *lines, "40,a b,2"]))
    with pytest.raises(
        UserError, match=r"'flag' was taken for the label, .* data row 41: '2'; name the label"
    ):
        dataset_of(path)
    assert dataset_of(path, label_column="flag").task.classes == ("0", "1", "2")
    unlabelled = write(tmp_path / "b.csv", "\n".join(["id,text,flag", *lines, "40,a b,"]))
    assert dataset_of(unlabelled, on_bad_row="skip").counts.bad == 1


def test_bad_rows_at_the_start_do_not_shorten_the_guess(tmp_path: Path) -> None:
    lines = ["x", "y", *(f"{n},text number {n},{n % 2}" for n in range(10)), '0,"a"b,1', "11,so kind,0"]
    path = write(tmp_path / "a.csv", "\n".join(["id,text,label", *lines]))
    rows = dataset_of(path, on_bad_row="skip")
    assert (rows.columns, rows.counts.bad, len(rows.texts)) == (("text", "label"), 3, 11)


def test_memory_holds_numbers_not_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allocations while reading 60 MB of text, a megabyte at once, stay below a third of it."""
    monkeypatch.setattr(delimited, "MOST_AT_ONCE", 1_000_000)
    monkeypatch.setattr(module, "ROWS", 100)
    path = write(
        tmp_path / "a.csv", "text,label\n" + "".join(f"{'word ' * 3000}{n},{n % 2}\n" for n in range(4000))
    )
    tracemalloc.start()
    rows = dataset_of(path)
    digest = rows.digest()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert digest
    assert len(rows.texts) == 4000
    assert peak < 20_000_000
