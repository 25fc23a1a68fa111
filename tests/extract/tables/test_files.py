"""Which files are meant, and what a data set is called."""

from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.tables import files
from headstart.extract.tables.files import expand, file_size, open_file, shown, stem
from headstart.extract.tables.reader import read_batches


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


@pytest.fixture
def bucket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that stands for `s3://bucket`."""
    import pyarrow.fs

    (tmp_path / "bucket").mkdir()
    system = pyarrow.fs.SubTreeFileSystem(str(tmp_path), pyarrow.fs.LocalFileSystem())
    monkeypatch.setattr(files, "_file_system", lambda *server: system)
    return tmp_path / "bucket"


@pytest.mark.parametrize("url", ["s3://bucket/in/a.csv", "s3://bucket/in/*.csv", "gs://bucket/in/?.csv"])
def test_objects_are_read_as_files(url: str, bucket: Path) -> None:
    (bucket / "in" / "deep").mkdir(parents=True)
    for name in ("in/a.csv", "in/b.txt", "in/deep/c.csv"):
        (bucket / name).write_text("text,label\n" + "you are kind,1\n" * 9_000)
    assert expand(url) == [url.replace("*", "a").replace("?", "a")]
    (path,) = expand(url)
    assert file_size(path) == (bucket / "in/a.csv").stat().st_size
    with open_file(path) as stream:
        assert stream.read() == (bucket / "in/a.csv").read_bytes()
        stream.seek(5)
        assert stream.read(5) == b"label"
    assert sum(len(batch.rows) for batch in read_batches(url)) == 9_000


def test_packed_objects(bucket: Path) -> None:
    import gzip

    (bucket / "a.jsonl.gz").write_bytes(gzip.compress(b'{"text": "kind words"}\n' * 3))
    assert sum(len(batch.rows) for batch in read_batches("s3://bucket/*.jsonl.gz")) == 3


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("s3://bucket/none.csv", "there is no object"),
        ("s3://bucket/none*.csv", "no object matches"),
        ("s3://other/*.csv", r"no object matches|cannot be read"),
        ("http://host/a.csv", r"is no data: files, s3://BUCKET/KEY and gs://BUCKET/KEY are"),
        ("file:///etc/passwd", "is no data"),
        ("s3://bucket/a.xlsx", r"ending \.xlsx"),
    ],
)
def test_what_is_no_object(url: str, says: str, bucket: Path) -> None:
    (bucket / "a.xlsx").write_text("x")
    with pytest.raises(UserError, match=says):
        expand(url)
