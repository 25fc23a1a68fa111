import gzip
from pathlib import Path

import pytest

from cache import UserError
from extract.rows import data_name, read_rows


def write(path: Path, text: str | bytes) -> str:
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return str(path)


def test_rows_keep_their_place_in_the_file(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", 'text,label\n"two, words",1\n,0\n"NA",0\n"  ",1\n"a\nb",1\n')
    rows = read_rows(path, "text", "label", None)
    assert rows.texts == ["two, words", "NA", "a\nb"]  # NA is a word here, not a missing cell
    assert rows.rows.tolist() == [0, 2, 4]
    assert rows.labels.tolist() == [1, 0, 1]
    assert rows.missing == 2


def test_tsv_gzip_and_limit(tmp_path: Path) -> None:
    path = write(tmp_path / "a.tsv.gz", gzip.compress(b"text\tlabel\na b\t1\nc, d\t0\ne f\t1\n"))
    assert read_rows(path, None, None, 2).texts == ["a b", "c, d"]
    assert data_name(path) == "a"


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


def test_the_sample_is_labelled_text() -> None:
    rows = read_rows("sample", None, None, 100)
    assert len(rows.texts) == 100
    assert set(rows.labels.tolist()) == {0, 1}


@pytest.mark.parametrize(
    ("name", "content", "says"),
    [
        ("a.csv", "", "is empty"),
        ("a.csv", "text,label\n", "header but no rows"),
        ("a.csv", "text,label\n,1\n ,0\n", "holds no text"),
        ("a.csv", "text,label\na b,1\nc d,2\n", "'2' in data row 2"),
        ("a.csv", "text,label\na b,1\nc d,\n", "'' in data row 2"),
        ("a.csv", "text,label\na b,1\nc d,1\n", "two classes are needed"),
        ("a.csv", b"text,label\n\xff\xfe x,1\n", "not UTF-8"),
        ("a.csv", "text,label\na b,1,5,6\nc,1\nd,1,2,3,4,5,6\n", "cannot be read"),
        ("a.csv.gz", "text,label\n", "cannot be read"),
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
