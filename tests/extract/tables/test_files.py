"""Which files are meant, and what a data set is called."""

from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.tables.files import expand, shown, stem


@pytest.mark.parametrize(
    ("names", "says"),
    [
        (["a.csv", "a.csv"], "a.csv is named twice"),
        (["none*.csv"], "no file matches"),
        (["none.csv"], "there is no file"),
        (["."], r"is not a file; for all of its files"),
        (["a.xlsx"], "ending .xlsx"),
    ],
)
def test_what_is_no_source(tmp_path: Path, names: list[str], says: str) -> None:
    for name in ("a.csv", "a.xlsx"):
        (tmp_path / name).write_text("text\nx y\n")
    with pytest.raises(UserError, match=says):
        expand([str(tmp_path / name) for name in names])


def test_a_name_for_several_files() -> None:
    assert stem(["x/train.csv", "y/test.parquet.gz"]) == "train+test"
    assert stem("data/part-*.csv.gz") == "part"
    assert stem("data/*.csv") == "data"
    assert stem([f"data/a-long-name-{number}.csv" for number in range(9)]) == "a-long-name-0+8"
    assert stem("hf:owner/name@config:test") == "owner-name-config-test"
    assert stem("-") == "stdin"
    assert shown(["x/a.csv", "y/b.csv"]) == "a.csv, b.csv"


def test_patterns_and_sources_that_are_no_files(tmp_path: Path) -> None:
    for name in ("b.csv", "a.csv", "c.txt"):
        (tmp_path / name).touch()
    paths = [str(tmp_path / name) for name in ("a.csv", "b.csv")]
    assert expand(str(tmp_path / "*.csv")) == paths
    assert expand(["-", "hf:some/name", paths[1]]) == ["-", "hf:some/name", paths[1]]
    (tmp_path / "link.csv").symlink_to("a.csv")
    with pytest.raises(
        UserError, match=r"link.csv is named twice, once as .*a.csv; its rows would count twice"
    ):
        expand([paths[0], str(tmp_path / "link.csv")])
