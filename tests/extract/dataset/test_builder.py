"""What stage one takes from files: draws, further columns, several files, guesses that must hold to the end."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headstart.cache import UserError

from ..conftest import dataset_of

DATA = Path(__file__).parents[3].parent / "shared" / "data"


def write(path: Path, text: str) -> str:
    path.write_text(text)
    return str(path)


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
            dataset_of(str(tmp_path / "a.csv"), limit=limit, seed=3)
        return
    rows = dataset_of(str(tmp_path / "a.csv"), limit=limit, seed=3)
    assert rows.texts == kept["text"].tolist()
    assert rows.rows.tolist() == kept.index.tolist()
    assert rows.missing == len(drawn) - len(kept)
    assert rows.counts.undrawn == 200 - len(drawn)
    assert rows.counts.balanced


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
    rows = dataset_of(
        files, text_column="text", label_column="label", split_column="split", group_column="user"
    )
    assert (rows.source.dtype, rows.source.tolist()) == (np.int32, [0, 0, 1, 1, 1])
    assert rows.rows.tolist() == [0, 2, 3, 4, 5]
    split, user = rows.others["split"], rows.others["user"]
    assert split.names == ("", "test", "train", "valid")
    assert [split.names[code] for code in split.codes] == ["train", "valid", "test", "", ""]
    assert (user.codes.dtype, [user.names[code] for code in user.codes]) == (
        np.int32,
        ["u9", "u1", "u9", "u2", "u9"],
    )
    drawn = dataset_of(
        files,
        text_column="text",
        label_column="label",
        limit=3,
        seed=0,
        split_column="split",
        group_column="user",
    )
    for name, column in drawn.others.items():
        places = np.isin(rows.rows, drawn.rows)
        assert [column.names[code] for code in column.codes] == [
            rows.others[name].names[code] for code in rows.others[name].codes[places]
        ]
    with pytest.raises(UserError, match="there is no column 'splitt'; did you mean 'split'"):
        dataset_of(files, text_column="text", label_column="label", split_column="splitt")


def test_every_file_needs_the_columns(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.csv", "text,label\na b,1\nc d,0\n"),
        write(tmp_path / "b.csv", "text,y\na b,1\n"),
    ]
    with pytest.raises(UserError, match=r"b.csv has no column 'label', as the first file has. .* text, y"):
        dataset_of(files)


def test_columns_of_files_may_stand_in_any_order(tmp_path: Path) -> None:
    files = [
        write(tmp_path / "a.csv", "text,label\na b,1\nc d,0\n"),
        write(tmp_path / "b.csv", "label;text\n1;e f\n"),
    ]
    rows = dataset_of(files)
    assert (rows.texts, rows.labels.tolist()) == (["a b", "c d", "e f"], [1, 0, 1])


def test_lists_are_recognised_among_other_columns(tmp_path: Path) -> None:
    made = [
        {"id": n, "text": f"text number {n}", "topics": ["a b"] * (n % 2) + ["c"] * (n % 3)} for n in range(9)
    ]
    path = write(tmp_path / "a.jsonl", "".join(json.dumps(row) + "\n" for row in made))
    rows = dataset_of(path)
    assert rows.columns == ("text", "topics")
    assert (rows.task.kind, rows.task.classes) == ("multilabel", ("a b", "c"))
    assert rows.labels.tolist() == [[n % 2, int(n % 3 > 0)] for n in range(9)]
    allowed = dataset_of(path, class_names="c,x", on_bad_row="skip")
    assert allowed.counts.bad == 4
    assert allowed.labels.tolist() == [[int(n % 3 > 0), 0] for n in range(0, 9, 2)]


def test_separated_labels(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,topics\na b,sport|art\nc d,\ne f,art\n")
    rows = dataset_of(path, label_separator="|")
    assert (rows.task.classes, rows.labels.tolist()) == (("art", "sport"), [[1, 1], [0, 0], [1, 0]])


def test_rows_without_a_label_are_left_out_and_counted(tmp_path: Path) -> None:
    lines = [f"{'' if n % 7 == 3 else f'text number {n}'},{(0, 1, -1)[n % 3]}" for n in range(60)]
    path = write(tmp_path / "a.csv", "\n".join(["text,label", *lines, ""]))
    rows = dataset_of(path)
    used = [n for n in range(60) if n % 7 != 3 and n % 3 != 2]
    assert (rows.rows.tolist(), rows.labels.tolist()) == (used, [n % 3 for n in used])
    assert rows.texts == [f"text number {n}" for n in used]
    empty, unlabelled = sum(n % 7 == 3 for n in range(60)), sum(n % 7 != 3 and n % 3 == 2 for n in range(60))
    assert str(rows.counts) == (
        f"60 rows read = {len(used)} used + {empty} rows without text left out + {unlabelled} rows without a label "
        "left out + 0 bad"
    )
    assert rows.counts.details() == [
        f"{unlabelled} rows left out: -1 in column 'label' is no label beside 0, 1; if it is a class, name it with the "
        "others: --class-names=-1,0,1"
    ]
    three = dataset_of(path, class_names="-1,0,1")
    assert (three.task.classes, three.counts.unlabelled, three.counts.details()) == (("-1", "0", "1"), 0, [])


@pytest.mark.parametrize("limit", [5, 30, 43])
def test_a_limit_draws_among_labelled_rows(tmp_path: Path, limit: int) -> None:
    labels = ["-1" if n % 4 == 0 else str(n % 2) for n in range(60)]
    path = write(
        tmp_path / "a.csv", "".join(["text,label\n", *(f"text {n},{labels[n]}\n" for n in range(60))])
    )
    kept = [n for n in range(60) if n % 4]
    plain = write(tmp_path / "b.csv", "".join(["text,label\n", *(f"text {n},{labels[n]}\n" for n in kept)]))
    rows, expected = dataset_of(path, limit=limit, seed=1), dataset_of(plain, limit=limit, seed=1)
    assert (rows.texts, rows.labels.tolist()) == ([*expected.texts], expected.labels.tolist())
    assert (len(rows.texts), rows.counts.undrawn, rows.counts.balanced) == (limit, 45 - limit, True)


def test_no_row_has_a_label(tmp_path: Path) -> None:
    path = write(tmp_path / "a.csv", "text,a,b\nx y,-1,-1\nz,-1.0,-1\n")
    with pytest.raises(
        UserError, match="holds no row with text and label: -1 in all label columns is no label"
    ):
        dataset_of(path, text_column="text", label_column="a,b")


def test_a_label_that_is_guessed_may_be_written_in_any_way(tmp_path: Path) -> None:
    lines = [f"{n},text number {n},{(0, 1.0)[n % 2]}" for n in range(9)]
    rows = dataset_of(write(tmp_path / "a.csv", "\n".join(["id,text,label", *lines, ""])))
    assert (rows.columns, rows.labels.tolist()) == (("text", "label"), [n % 2 for n in range(9)])


def test_vectors_are_read_to_the_end(tmp_path: Path) -> None:
    lines = [json.dumps({"text": f"text {n}", "labels": [n % 2, 1, n % 3 > 0]}) for n in range(9)]
    path = write(
        tmp_path / "a.jsonl", "\n".join([*lines, json.dumps({"text": "more", "labels": [1, 0]}), ""])
    )
    with pytest.raises(
        UserError, match=r"data row 10: column 'labels' holds .* wanted is, as in other rows, a list"
    ):
        dataset_of(path)
    rows = dataset_of(path, on_bad_row="skip", class_names="odd,all,third")
    assert (rows.task.classes, rows.counts.bad) == (("odd", "all", "third"), 1)
    assert rows.labels.tolist() == [[n % 2, 1, int(n % 3 > 0)] for n in range(9)]
    assert rows.counts.remarks == (
        "the lists in column 'labels' are taken for vectors: 0 or 1 for each of 3 labels",
    )
