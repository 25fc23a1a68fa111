"""Rows in memory give the features that the same rows in a file give."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from headstart.cache.runtime.errors import UserError
from headstart.extract.dataset.read import read_dataset
from headstart.extract.settings import Settings
from headstart.rows import as_files

TEXTS = ["you are kind", "NA", "", 'schön, "quoted"\nnew line', "you are rude"]
LABELS = [0, 1, 1, 0, 1]


def digest(data: object, labels: object = None, **settings: object) -> str:
    """What the recipe says of the rows."""
    with as_files(data, labels, "texts") as files:
        return read_dataset(Settings(data=files, **settings)).digest()  # type: ignore[arg-type]


@pytest.fixture
def expected(tmp_path: Path) -> str:
    pd.DataFrame({"text": TEXTS, "label": LABELS}).to_csv(tmp_path / "d.csv", index=False)
    return read_dataset(Settings(data=str(tmp_path / "d.csv"))).digest()


class Polars:
    """What a table of polars offers."""

    def to_arrow(self) -> pa.Table:
        return pa.table({"text": TEXTS, "label": LABELS})


class Datasets:
    """What a data set of Hugging Face's library offers."""

    column_names = ("text", "label")

    def with_format(self, kind: str) -> "Datasets":
        assert kind == "arrow"
        return self

    def __getitem__(self, rows: slice) -> pa.Table:
        return Polars().to_arrow()[rows]


@pytest.mark.parametrize(
    ("data", "labels"),
    [
        (TEXTS, LABELS),
        (tuple(TEXTS), np.array(LABELS, np.int8)),
        (np.array(TEXTS, dtype=object), np.array(LABELS, float)),
        (pd.Series(TEXTS, index=[9, 8, 7, 6, 5]), pd.Series(LABELS, dtype="Int64")),
        (pd.Series(TEXTS, dtype="string"), pd.Categorical([str(label) for label in LABELS])),
        (pa.array(TEXTS), [bool(label) for label in LABELS]),
        (pd.DataFrame({"text": TEXTS, "label": LABELS}, index=list("abcde")), None),
        ({"label": LABELS, "text": TEXTS}, None),
        (pa.table({"text": TEXTS, "label": LABELS}), None),
        (Polars(), None),
        (Datasets(), None),
    ],
)
def test_every_kind_of_table_means_what_a_file_means(data: object, labels: object, expected: str) -> None:
    booleans = isinstance(labels, list) and isinstance(labels[0], bool)
    assert digest(data, labels, **({"class_names": "0,1"} if booleans else {})) == expected


def test_several_labels_are_rows_of_a_matrix() -> None:
    labels = np.array([[0, 1], [1, 1], [0, 0], [1, 0], [0, 1]])
    with as_files(TEXTS, labels, "texts") as files:
        dataset = read_dataset(Settings(data=files, class_names="a,b"))
    assert dataset.task.kind == "multilabel"
    np.testing.assert_array_equal(dataset.labels, labels[[0, 1, 3, 4]])  # the third text is empty


def test_a_missing_text_is_counted_as_in_a_file() -> None:
    with as_files(["a b", None, "c d"], ["x", "y", "y"], "texts") as files:
        dataset = read_dataset(Settings(data=files))
    assert (len(dataset.texts), dataset.missing) == (2, 1)


def test_paths_stay_what_they_are(tmp_path: Path) -> None:
    with as_files(tmp_path / "a.csv", None, "texts") as files:
        assert files == str(tmp_path / "a.csv")
    with as_files(("a.csv", "b.csv"), None, "texts") as files:
        assert files == ("a.csv", "b.csv")


def test_another_column_may_hold_anything_and_the_file_goes_away() -> None:
    frame = pd.DataFrame({"text": TEXTS, "label": LABELS, "odd": [1, "x", None, object(), [2]]})
    with as_files(frame, None, "texts") as files:
        assert isinstance(files, str)
        assert read_dataset(Settings(data=files)).digest()
    assert not Path(files).parent.exists()


@pytest.mark.parametrize(
    ("data", "labels", "message"),
    [
        (TEXTS, LABELS[:3], "the columns are not of one length: 'text' has 5, 'label' has 3"),
        (["a", 1], [0, 1], "the column 'text' mixes types"),
        ("a text", [0], "the column 'text' mixes types: a str is no column"),
        (TEXTS, 1, "the column 'label' mixes types: a int is no column"),
        (TEXTS, None, "a list holds no rows with labels; what works: paths, texts with labels"),
        (7, None, "a int holds no rows with labels"),
    ],
)
def test_what_holds_no_rows_is_told(data: object, labels: object, message: str) -> None:
    with pytest.raises(UserError, match=message), as_files(data, labels, "texts"):
        pass


def test_a_needed_column_that_mixes_types_is_told() -> None:
    frame = pd.DataFrame({"text": ["a", 1, "b"], "label": [0, 1, 1]})
    with (
        pytest.raises(UserError, match="the column 'text' mixes types"),
        as_files(frame, None, "t", ["text"]),
    ):
        pass


@pytest.mark.parametrize("kind", ["pandas", "mapping", "arrow", "array"])
def test_a_table_beside_labels_is_a_question(kind: str) -> None:
    columns = {"text": ["a", "b"], "label": [0, 1]}
    tables = {
        "pandas": pd.DataFrame(columns), "mapping": columns, "arrow": pa.table(columns),
        "array": np.array([["a", "b"], ["c", "d"]]),
    }  # fmt: skip
    with pytest.raises(UserError, match="a table and labels were given"), as_files(tables[kind], [0, 1], "x"):
        pass
