"""What stage one takes from files: draws, further columns, several files, guesses that must hold to the end."""

import hashlib
import json
import tracemalloc
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.extract.dataset import dataset as module
from headstart.extract.dataset.dataset import read_rows
from headstart.extract.tables import delimited
from headstart.extract.tables.reader import read_chunks
from headstart.extract.text import tokenizer as tokens_module
from headstart.extract.text.spool import Spool
from headstart.extract.text.tokenizer import load_tokenizer, tokenize

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


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
    assert read_rows(path, "text", "label").digest() == (
        "0d242c2b8d0a0ab6e5151be8046f5b89fcf25ba625c9c36cc2c7e6b5cda27011"
    )


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
@pytest.mark.parametrize("limit", [None, 500])
def test_the_digest_of_real_rows_is_that_of_pandas(limit: int | None) -> None:
    table = pd.read_csv(DATA / "davidson.csv", dtype=str, keep_default_na=False)
    table = table if limit is None else table.sample(limit, random_state=7).sort_index()
    rows = read_rows(str(DATA / "davidson.csv"), "tweet", "class", limit, 7)
    assert rows.digest() == digest_by_hand(table, "tweet", [[int(own)] for own in table["class"]])
    assert rows.task.classes == ("0", "1", "2")


def test_a_digest_of_the_first_rows(tmp_path: Path) -> None:
    table = pd.DataFrame({"text": [f"text {n}" for n in range(2_500)], "label": ["0", "1"] * 1_250})
    table.to_csv(tmp_path / "a.csv", index=False)
    rows = read_rows(str(tmp_path / "a.csv"), None, None)
    for count in (0, 1, 1_000, 1_001, 2_500):
        assert rows.digest(count) == digest_by_hand(
            table[:count], "text", [[int(own)] for own in table["label"][:count]]
        )


@pytest.mark.parametrize("limit", [1, 37, 199, 200, 500])
def test_a_limit_draws_what_pandas_draws(tmp_path: Path, limit: int) -> None:
    """Rows without text take part in the draw, as they always did."""
    table = pd.DataFrame(
        {"text": [f"text {n}" if n % 5 else " " for n in range(200)], "label": list("01") * 100}
    )
    table.to_csv(tmp_path / "a.csv", index=False)
    drawn = table.sample(min(limit, 200), random_state=3).sort_index()
    kept = drawn[drawn["text"] != " "]
    if kept["label"].nunique() < 2:
        with pytest.raises(UserError, match=r"two classes are needed|none of the 1 rows"):
            read_rows(str(tmp_path / "a.csv"), None, None, limit, 3)
        return
    rows = read_rows(str(tmp_path / "a.csv"), None, None, limit, 3)
    assert rows.texts == kept["text"].tolist()
    assert rows.rows.tolist() == kept.index.tolist()
    assert rows.missing == len(drawn) - len(kept)
    assert rows.tally.undrawn == 200 - len(drawn)
    assert rows.tally.balanced


def test_further_columns_and_files(tmp_path: Path) -> None:
    first = "text,label,split,user\na b,1,train,u9\n,0,train,u9\nc d,0, valid ,u1\n"
    second = [
        {"text": "e f", "label": 1, "split": "test", "user": "u9"},
        {"text": "g h", "label": 0, "user": "u2"},
    ]
    files = [
        write(tmp_path / "a.csv", first),
        write(
            tmp_path / "b.jsonl",
            "".join(json.dumps(row) + "\n" for row in [*second, {**second[0], "split": ""}]),
        ),
    ]
    rows = read_rows(files, "text", "label", others=("split", "user"))
    assert (rows.source.dtype, rows.source.tolist()) == (np.int32, [0, 0, 1, 1, 1])
    assert rows.rows.tolist() == [0, 2, 3, 4, 5]
    split, user = rows.others["split"], rows.others["user"]
    assert split.names == ("", "test", "train", "valid")
    assert [split.names[code] for code in split.codes] == ["train", "valid", "test", "", ""]
    assert (user.codes.dtype, [user.names[code] for code in user.codes]) == (
        np.int32,
        ["u9", "u1", "u9", "u2", "u9"],
    )
    drawn = read_rows(files, "text", "label", 3, 0, others=("split", "user"))
    for name, column in drawn.others.items():
        places = np.isin(rows.rows, drawn.rows)
        assert [column.names[code] for code in column.codes] == [
            rows.others[name].names[code] for code in rows.others[name].codes[places]
        ]
    with pytest.raises(UserError, match="there is no column 'splitt'; did you mean 'split'"):
        read_rows(files, "text", "label", others=("splitt",))


def test_every_file_needs_the_columns(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.csv", "text,label\na b,1\nc d,0\n"),
        write(tmp_path / "b.csv", "text,y\na b,1\n"),
    ]
    with pytest.raises(UserError, match=r"b.csv has no column 'label', as the first file has; .* text, y"):
        read_rows(files, None, None)


def test_columns_of_files_may_stand_in_any_order(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.csv", "text,label\na b,1\nc d,0\n"),
        write(tmp_path / "b.csv", "label;text\n1;e f\n"),
    ]
    rows = read_rows(files, None, None)
    assert (rows.texts, rows.labels.tolist()) == (["a b", "c d", "e f"], [1, 0, 1])


def test_a_guess_must_hold_to_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "ROWS", 10)
    lines = [f"{n},text number {n},{n % 2}" for n in range(40)]
    path = write(tmp_path / "a.csv", "\n".join(["id,text,label", *lines, "40,a b,2"]))
    with pytest.raises(
        UserError, match=r"'label' was taken for the label, .* data row 41: '2'; name the label"
    ):
        read_rows(path, None, None)
    assert read_rows(path, None, "label").task.classes == ("0", "1", "2")
    unlabelled = write(tmp_path / "b.csv", "\n".join(["id,text,label", *lines, "40,a b,"]))
    assert read_rows(unlabelled, None, None, on_bad_row="skip").tally.bad == 1


def test_bad_rows_at_the_start_do_not_shorten_the_guess(tmp_path: Path) -> None:
    lines = ["x", "y", *(f"{n},text number {n},{n % 2}" for n in range(10)), '0,"a"b,1', "11,so kind,0"]
    path = write(tmp_path / "a.csv", "\n".join(["id,text,label", *lines]))
    rows = read_rows(path, None, None, on_bad_row="skip")
    assert (rows.columns, rows.tally.bad, len(rows.texts)) == (("text", "label"), 3, 11)


def test_lists_are_recognised_among_other_columns(tmp_path: Path) -> None:
    made = [
        {"id": n, "text": f"text number {n}", "topics": ["a b"] * (n % 2) + ["c"] * (n % 3)} for n in range(9)
    ]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in made))
    rows = read_rows(path, None, None)
    assert rows.columns == ("text", "topics")
    assert (rows.task.kind, rows.task.classes) == ("multilabel", ("a b", "c"))
    assert rows.labels.tolist() == [[n % 2, int(n % 3 > 0)] for n in range(9)]
    allowed = read_rows(path, None, None, class_names="c,x", on_bad_row="skip")
    assert allowed.tally.bad == 4
    assert allowed.labels.tolist() == [[int(n % 3 > 0), 0] for n in range(0, 9, 2)]


def test_separated_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,topics\na b,sport|art\nc d,\ne f,art\n")
    rows = read_rows(path, None, None, label_separator="|")
    assert (rows.task.classes, rows.labels.tolist()) == (("art", "sport"), [[1, 1], [0, 0], [1, 0]])


def test_the_report_lists_every_bad_row(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,label\na b,1\nragged\nc d,\n,1\ne f,0\n")
    report = tmp_path / "bad.jsonl"
    rows = read_rows(path, None, None, on_bad_row="report", bad_rows=str(report))
    assert [json.loads(line) for line in report.read_text().splitlines()] == [
        {"file": path, "row": 2, "line": 3, "reason": "it has 1 cell, the header has 2"},
        {"file": path, "row": 3, "line": None, "reason": "column 'label' holds ''; every row needs a label"},
    ]
    assert str(rows.tally) == "5 rows read = 2 used + 1 rows without text left out + 2 bad"
    assert rows.tally.details()[-1] == f"all 2 bad rows: {report}"
    with pytest.raises(UserError, match="is one of the data files"):
        read_rows(path, None, None, on_bad_row="report", bad_rows=path)
    with pytest.raises(UserError, match="choose another file with --bad-rows"):
        read_rows(path, None, None, on_bad_row="report", bad_rows=str(tmp_path / "none" / "bad.jsonl"))


def test_memory_holds_numbers_not_texts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Allocations while reading 60 MB of text, a megabyte at once, stay below a third of it."""
    monkeypatch.setattr(delimited, "MOST_AT_ONCE", 1_000_000)
    monkeypatch.setattr(module, "ROWS", 100)
    path = write(
        tmp_path / "a.csv", "text,label\n" + "".join(f"{'word ' * 3000}{n},{n % 2}\n" for n in range(4000))
    )
    tracemalloc.start()
    rows = read_rows(path, None, None)
    digest = rows.digest()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert digest
    assert len(rows.texts) == 4000
    assert peak < 20_000_000


def test_tokens_on_disk_are_those_in_memory(tiny_backbone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    tokenizer = load_tokenizer(str(tiny_backbone), 10)
    chunks = [["you are kind", ""], [], ["idiots !"]]
    inside = tokenize(tokenizer, chunks)
    monkeypatch.setattr(tokens_module, "Spool", lambda: Spool(in_memory=0))
    on_disk = tokenize(tokenizer, chunks)
    for name, own in vars(inside).items():
        np.testing.assert_array_equal(own, vars(on_disk)[name])
    assert isinstance(on_disk.ids.base, np.memmap)


@pytest.mark.skipif(not DATA.exists(), reason="the shared data are not here")
def test_chunks_of_a_file_are_its_table() -> None:
    path = DATA / "jigsaw_preprocessed_sample.csv"
    (chunk,) = read_chunks(str(path))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(chunk.table, table, check_index_type=False)
