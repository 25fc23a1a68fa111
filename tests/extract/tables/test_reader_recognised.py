"""What files have that is neither header nor row: recognised, said in one line, and every row accounted for."""

import csv
import gzip
import io
import os
import tempfile
import zipfile
from pathlib import Path

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache import UserError
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.tables.batch import REPEATED
from headstart.extract.tables.files import expand

from ..conftest import dataset_of

BODY = "so kind{0}0\nso rude{0}1\nno good{0}0\nno bad{0}1\n"
TEXTS = ["so kind", "so rude", "no good", "no bad"]
EXAMPLES = int(os.environ.get("GENERATED_TABLES", "60"))


def rows_of(path: Path, content: str | bytes, **fields: object) -> Dataset:
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    rows = dataset_of(str(path), **fields)
    assert rows.counts.balanced
    return rows


def remarks(rows: Dataset) -> str:
    return "\n".join(rows.counts.details())


@pytest.mark.parametrize(
    "again",
    [
        "text,label\n",
        " text,label \n",
        "\n\ntext,label\n",
        "\ufefftext,label\n",
        '"text","label"\n',
        '\ufeff"text",label\r\n',
    ],
)
def test_a_header_inside_is_left_out_and_counted(tmp_path: Path, again: str) -> None:
    first, second = (
        BODY.format(",").splitlines(keepends=True)[:2],
        BODY.format(",").splitlines(keepends=True)[2:],
    )
    rows = rows_of(tmp_path / "a.csv", "".join(["text,label\n", *first, again, *second]))
    assert (rows.texts, rows.task.classes) == (TEXTS, ("0", "1"))
    assert (rows.counts.read, rows.counts.used, rows.counts.bad) == (5, 4, 1)
    assert REPEATED in remarks(rows)
    assert ("byte-order marks inside" in remarks(rows)) == ("\ufeff" in again)
    assert rows.rows.tolist() == [0, 1, 3, 4]


def test_a_row_that_is_no_header_stays(tmp_path: Path) -> None:
    rows = rows_of(tmp_path / "a.csv", "text,label\ntext,0\nso rude,1\n")
    assert rows.texts == ["text", "so rude"]


@pytest.mark.parametrize(
    ("line", "delimiter"),
    [("sep=;\n", ";"), ("\ufeffsep=,\r\n", ","), ('"sep=^"\n', "^"), ("\nSEP=\t\n", "\t"), ("sep=~\n", "~")],
)
def test_excel_s_first_line_sets_the_delimiter(tmp_path: Path, line: str, delimiter: str) -> None:
    rows = rows_of(tmp_path / "a.csv", f"{line}text{delimiter}label\n{BODY.format(delimiter)}")
    assert (rows.texts, rows.columns) == (TEXTS, ("text", "label"))
    assert "sets the delimiter, and is no row" in remarks(rows)


@pytest.mark.parametrize("delimiter", [",", "\t", ";"])
def test_a_file_without_header_is_refused_and_can_be_read(tmp_path: Path, delimiter: str) -> None:
    lines = [f"{'ham' if n % 2 else 'spam'}{delimiter}you are so kind {n}\n" for n in range(8)]
    path = tmp_path / "a.csv"
    with pytest.raises(
        UserError, match=r"looks like data, no header \(spam, you are so kind 0\).*`--no-header`"
    ):
        rows_of(path, "".join(lines))
    rows = rows_of(path, "".join(lines), no_header=True)
    assert (rows.columns, len(rows.texts), rows.counts.read) == (("2", "1"), 8, 8)
    assert (
        rows_of(path, "".join(lines), no_header=True, text_column="2", label_column="1").digest()
        == rows.digest()
    )


MARKS = [
    ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16"), ("utf-16-be", None), ("utf-8", "utf_8"), ("utf-8", "UTF8"),
    ("utf-8", "utf-8-sig"), ("utf-8", None), ("utf-32-le", "utf-32"), ("utf-32-be", "UTF-32BE"), ("utf-8", "cp1252"),
]  # fmt: skip


@pytest.mark.parametrize(("encoding", "named"), MARKS)
@pytest.mark.parametrize("ending", ["csv", "jsonl"])
def test_a_byte_order_mark_under_any_name(
    tmp_path: Path, ending: str, encoding: str, named: str | None
) -> None:
    lines = "text,label\n" + BODY.format(",")
    if ending == "jsonl":
        lines = "".join(f'{{"text":"{text}","label":{n % 2}}}\n' for n, text in enumerate(TEXTS))
    rows = rows_of(tmp_path / f"a.{ending}", ("\ufeff" + lines).encode(encoding), encoding=named)
    assert (rows.texts, rows.columns) == (TEXTS, ("text", "label"))
    assert f"byte-order mark of {encoding}" in remarks(rows)


LITTER = ["__MACOSX/._a.csv", "._a.csv", ".DS_Store", "x/Thumbs.db", "desktop.ini", "x/", "__MACOSX/"]


@pytest.mark.parametrize("litter", [LITTER[:1], LITTER[1:4], LITTER[4:], LITTER])
def test_litter_in_an_archive(tmp_path: Path, litter: list[str]) -> None:
    with zipfile.ZipFile(tmp_path / "a.csv.zip", "w") as archive:
        for name in [litter[0], "x/a.csv", *litter[1:]]:
            archive.writestr(name, "text,label\n" + BODY.format(",") if name == "x/a.csv" else "")
    rows = dataset_of(str(tmp_path / "a.csv.zip"))
    assert rows.texts == TEXTS
    assert "x/a.csv is read" in remarks(rows)


def test_litter_among_files(tmp_path: Path) -> None:
    for name in ("a.csv", "._a.csv", ".DS_Store", "Thumbs.db"):
        (tmp_path / name).write_text("text,label\n" + BODY.format(",") if name == "a.csv" else "\0\5\x16\7")
    path = str(tmp_path / "a.csv")
    assert (
        expand(str(tmp_path / "*"))
        == expand(str(tmp_path / "[.a]*.csv"))
        == expand([path, f"{tmp_path}/._a.csv"])
    )
    rows = dataset_of(str(tmp_path / "*"))
    assert rows.texts == TEXTS
    assert remarks(rows) == "no data, left out: Thumbs.db"
    assert expand(f"{tmp_path}/._a.csv") == [f"{tmp_path}/._a.csv"]  # named alone, it is meant


def long_window(content: bytes) -> bytes:
    """A frame of zstandard that says it needs a window of 2 GB; the content is in one raw block."""
    block = (len(content) << 3 | 1).to_bytes(3, "little")
    return b"\x28\xb5\x2f\xfd\x00\xa8" + block + content


@pytest.mark.parametrize("name", ["a.csv.zst", "two words.csv.zst", "b.jsonl.zst"])
def test_a_long_window_of_zstandard_has_a_way_round(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"`zstd -d --long=31 \S*") as error:
        rows_of(tmp_path / name, long_window(b"text,label\na b,1\n"))
    assert "unpack it first" in str(error.value)


@pytest.mark.parametrize("pack", [gzip.compress, lambda data: pa.compress(data, codec="zstd", asbytes=True)])
def test_packed_members_are_joined_and_a_cut_is_no_end(tmp_path: Path, pack: object) -> None:
    parts = [
        pack(part.encode()) for part in ("text,label\nso kind,0\n", "so rude,1\nno good,0\n", "no bad,1\n")
    ]  # type: ignore[operator]
    path = tmp_path / f"a.csv.{'gz' if pack is gzip.compress else 'zst'}"
    whole = b"".join(parts)
    assert rows_of(path, whole).texts == TEXTS
    ends = {len(parts[0]), len(parts[0] + parts[1])}
    for cut in range(len(parts[0]) + 1, len(whole)):
        if cut not in ends:
            with pytest.raises(UserError, match="cannot be read"):
                rows_of(path, whole[:cut])


def test_unquoted_lines_are_as_many_rows(tmp_path: Path) -> None:
    lines = [f"{n % 2}\t{'' if n % 3 else chr(34)}so kind {n}{chr(34) * (n % 2)} he said" for n in range(50)]
    rows = rows_of(tmp_path / "a.tsv", "label\ttext\n" + "\n".join(lines) + "\n")
    assert rows.counts.read == rows.counts.used == len(lines)
    assert rows.texts == [line.split("\t")[1] for line in lines]
    assert "--quoting none" in remarks(rows)
    with pytest.raises(UserError, match="--quoting none"):
        rows_of(tmp_path / "a.tsv", "label\ttext\n" + "\n".join(lines) + "\n", quoting="minimal")
    commas = ["text,label", '"so kind,0', 'so "rude",1', '"x",0']
    rows = rows_of(tmp_path / "a.csv", "\n".join(commas), quoting="none")
    assert rows.texts == ['"so kind', 'so "rude"', '"x"']


def test_a_merge_behind_the_first_part_is_a_question(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from headstart.extract.tables import delimited

    monkeypatch.setattr(delimited, "FIRST_LINES", 3)
    lines = ["label\ttext", "0\tso", "1\tkind", "0\tfine", '1\t"well', '0\tthe end"', "1\tso"]
    with pytest.raises(UserError, match=r"2 lines from '1\\t\"well' on are one row .* `--quoting none`"):
        rows_of(tmp_path / "a.tsv", "\n".join(lines))
    assert rows_of(tmp_path / "a.tsv", "\n".join(lines), quoting="none").counts.used == 6
    assert rows_of(tmp_path / "a.tsv", "\n".join(lines), quoting="minimal").counts.used == 5


cells = st.text(st.sampled_from("ab é☃,;\t|\"'\n\0"), max_size=8).map(lambda some: f"so {some}")
kinds = st.sampled_from(["used", "used", "used", "empty", "ragged", "blank", "header", "mark"])


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    table=st.lists(st.tuples(kinds, cells, st.sampled_from("01")), max_size=12),
    delimiter=st.sampled_from(",;\t|"),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-32"]),
    more=st.sampled_from([[], ["more"], ["", ""]]),
)
def test_rows_in_are_rows_used_and_reported(
    table: list[tuple[str, str, str]], delimiter: str, quoting: int, encoding: str, more: list[str]
) -> None:
    """Whatever is written with quotes: no traceback, and each row is used or reported, or the file is refused."""
    odd = len(table) + 1  # sound rows are the most, or the delimiter is in doubt
    table = [("used", 'so "kind", no', "0"), ("used", f"so{delimiter}rude", "1"), *table]
    table += [("used", "so so", "1")] * odd
    file = io.StringIO()
    writer = csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator="\n")  # type: ignore[arg-type]
    header = ["text", "label", *more]
    writer.writerow(header)
    for kind, text, label in table:
        if kind == "blank":
            file.write("\n")
            continue
        file.write("\ufeff" if kind == "mark" else "")
        writer.writerow({"empty": ["", label, *more], "header": header}.get(kind, [text, label, *more]))
        if kind == "ragged":
            file.seek(file.tell() - 1)
            file.write(f"{delimiter}x{delimiter}y\n")
    with tempfile.TemporaryDirectory() as folder:
        rows = answer(Path(folder) / "a.csv", file.getvalue().encode(encoding))
    if isinstance(rows, str):  # within quotes, a delimiter and a line's end look like two rows without quotes
        assert "--quoting minimal" in rows
        assert any(delimiter in text and "\n" in text for _, text, _ in table)
        return
    made = [row for row in table if row[0] != "blank"]
    used = [
        place for place, (kind, text, _) in enumerate(made) if kind in ("used", "mark") and "\0" not in text
    ]
    assert rows.counts.read == len(made)
    assert rows.rows.tolist() == used
    assert rows.texts == [made[place][1] for place in used]
    assert rows.counts.empty == sum(kind == "empty" for kind, _, _ in made)


@settings(deadline=None, max_examples=EXAMPLES)
@given(
    table=st.lists(
        st.tuples(st.text(st.sampled_from("ab \"'é"), max_size=9), st.sampled_from("01")), max_size=30
    ),
    ends=st.sampled_from(["\n", "\r\n"]),
)
def test_unquoted_lines_are_rows_used_or_reported(table: list[tuple[str, str]], ends: str) -> None:
    """Text between tabs that knows no quotes: as many rows as lines, or a question that names the flag."""
    table = [("so kind", "0"), ("so rude", "1"), *((f"{text}x", label) for text, label in table)]
    lines = "".join(f"{label}\t{text}{ends}" for text, label in table)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "a.tsv"
        named = rows_of(path, f"label\ttext{ends}{lines}", quoting="none")
        assert (named.counts.used, named.texts) == (len(table), [text for text, _ in table])
        rows = answer(path, f"label\ttext{ends}{lines}")
    if isinstance(rows, str):
        assert "--quoting none" in rows
    else:
        assert rows.counts.read == len(table)


def answer(path: Path, content: str | bytes) -> Dataset | str:
    """The rows, or the refusal."""
    try:
        return rows_of(path, content, on_bad_row="skip")
    except UserError as error:
        return str(error)
