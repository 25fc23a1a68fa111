import gzip
import zipfile
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.dataset.dataset import read_rows
from headstart.extract.tables.files import stem


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_rows_keep_their_place_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label\n"two, words",1\n,0\n"NA",0\n"  ",1\n"a\nb",1\n')
    rows = read_rows(path, "text", "label")
    assert rows.texts == ["two, words", "NA", "a\nb"]  # NA is a word here, not a missing cell
    assert rows.rows.tolist() == [0, 2, 4]
    assert rows.labels.tolist() == [1, 0, 1]
    assert rows.missing == 2


def test_tsv_gzip_and_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv.gz", gzip.compress(b"text\tlabel\na b\t1\nc, d\t0\ne f\t1\n"))
    assert read_rows(path, None, None).texts == ["a b", "c, d", "e f"]
    assert stem(path) == "a"


def test_a_limit_draws_rows_at_random_and_keeps_their_order(tmp_path: Path) -> None:
    lines = [
        f"text number {row},{int(row < 100)}" for row in range(200)
    ]  # sorted by label, as the notebook's
    rows = read_rows(write(tmp_path / "a.csv", "\n".join(["text,label", *lines])), None, None, limit=50)
    assert len(rows.texts) == 50
    assert (rows.rows[1:] > rows.rows[:-1]).all()
    assert 15 < rows.labels.sum() < 35
    assert rows.texts[7] == f"text number {rows.rows[7]}"


def test_the_digest_sees_position_label_and_text(tmp_path: Path) -> None:
    base = "text,label\na b,1\nc d,0\n"
    variants = [
        base,
        base.replace("c d,0", "c e,0"),
        "text,label\na b,0\nc d,1\n",
        "text,label\n,1\na b,1\nc d,0\n",
    ]
    paths = [write(tmp_path / f"{i}.csv", text) for i, text in enumerate(variants)]
    digests = [read_rows(path, "text", "label", None).digest() for path in paths]
    assert len(set(digests)) == len(variants)
    assert read_rows(write(tmp_path / "x.csv", base), "text", "label", None).digest() == digests[0]


def test_several_labels_are_in_the_digest(tmp_path: Path) -> None:
    base = "text,a,b\nc d,1,0\ne f,0,0\n"
    variants = [base, base.replace("1,0", "0,1"), base.replace("1,0", "1,1")]
    paths = [write(tmp_path / f"{i}.csv", text) for i, text in enumerate(variants)]
    found = [read_rows(path, "text", "a,b") for path in paths]
    assert len({rows.digest() for rows in found}) == 3
    assert found[0].labels.tolist() == [[1, 0], [0, 0]]
    assert found[0].columns == ("text", "a,b")


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
        read_rows(path, "text", "label", None)
    assert "\n" not in str(error.value).strip()


def test_a_missing_file_and_a_folder(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="there is no file"):
        read_rows(str(tmp_path / "none.csv"), None, None, None)
    with pytest.raises(UserError, match="is not a file"):
        read_rows(str(tmp_path), None, None, None)


def test_a_byte_order_mark_blank_lines_and_crlf(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "\ufefftext,label\r\na b,1\r\n\r\nc d,0\r\n")
    rows = read_rows(path, None, None)
    assert (rows.texts, rows.columns) == (["a b", "c d"], ("text", "label"))


def test_a_huge_cell(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", f"text,label\n{'word ' * 2_000_000},1\nc d,0\n")
    assert len(read_rows(path, None, None).texts[0]) == 10_000_000


def test_a_zip_of_one_file(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        archive.writestr("inner.csv", "text,label\na b,1\nc d,0\n")
    assert read_rows(str(tmp_path / "a.csv.zip"), None, None).texts == ["a b", "c d"]
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "a") as archive:
        archive.writestr("other.csv", "x")
    with pytest.raises(UserError, match="holds 2 files"):
        read_rows(str(tmp_path / "a.csv.zip"), None, None)
