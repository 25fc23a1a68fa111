"""What follows from the settings: files, columns, the command."""

import pytest

from headstart.extract.settings import Settings


@pytest.mark.parametrize(
    ("fields", "files", "split_files"),
    [
        ({}, ["sample"], {}),
        ({"data": ("a.csv", "b*.csv")}, ["a.csv", "b*.csv"], {}),
        ({"data": "a.csv", "test_data": "t.csv"}, ["a.csv", "t.csv"], {"test": "t.csv"}),
        (
            {"data": ("a.csv", "b.csv"), "valid_data": "v.csv", "test_data": "t.csv"},
            ["a.csv", "b.csv", "v.csv", "t.csv"],
            {"valid": "v.csv", "test": "t.csv"},
        ),
    ],
)
def test_files_of_single_splits_come_last(
    fields: dict[str, object], files: list[str], split_files: dict[str, str]
) -> None:
    settings = Settings(**fields)
    assert (settings.files, settings.split_files) == (files, split_files)


@pytest.mark.parametrize(
    ("fields", "groups", "columns"),
    [
        ({}, "movie_name", ["movie_name"]),
        ({"data": "sample-full", "group_column": "category"}, "category", ["category"]),
        ({"data": "a.csv"}, None, []),
        ({"data": ("sample", "a.csv")}, None, []),
        ({"data": "a.csv", "split_column": "split", "group_column": "user"}, "user", ["split", "user"]),
    ],
)
def test_the_samples_are_grouped_by_film(
    fields: dict[str, object], groups: str | None, columns: list[str]
) -> None:
    settings = Settings(**fields)
    assert (settings.groups, settings.split_columns) == (groups, columns)


def test_the_command_names_what_is_not_the_default() -> None:
    assert Settings().command == "python -m extract --data sample"
    settings = Settings(data=("a b.csv", "c.csv"), seed=42, limit=5, stratify=True, encoding="cp1252")
    assert settings.command == (
        "python -m extract --data 'a b.csv' c.csv --encoding cp1252 --stratify --limit 5"
    )
    assert Settings(class_names="-1,0,1").command == "python -m extract --data sample --class-names=-1,0,1"
    assert Settings(data="-").command == "python -m extract --data -"
