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
    with pytest.raises(UserError, match=r"b.csv has no column 'label', as the first file has; .* text, y"):
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
