"""Every format gives the table that pandas, pyarrow and json wrote, of one file or of several."""

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.extract.tables.files import stem
from headstart.extract.tables.reader import read_batches, read_chunks

from ...real_data import real_file
from .formats import CELLS, COMPRESS, TABLE, WRITE, whole


@pytest.mark.parametrize("compression", COMPRESS)
@pytest.mark.parametrize("ending", WRITE)
def test_every_format_and_compression(tmp_path: Path, ending: str, compression: str) -> None:
    path = tmp_path / f"a{ending}{compression}"
    path.write_bytes(COMPRESS[compression](WRITE[ending](TABLE)))
    pd.testing.assert_frame_equal(whole(str(path)), TABLE)
    assert stem(str(path)) == "a"


@settings(deadline=None)
@given(
    st.lists(
        st.tuples(*[st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1)] * 2), min_size=1
    )
)
def test_what_is_written_is_read(rows: list[tuple[str, str]]) -> None:
    table = pd.DataFrame(rows, columns=["text", "more"], dtype=str)
    with tempfile.TemporaryDirectory() as folder:
        for ending, write in WRITE.items():
            path = Path(folder) / f"a{ending}"
            path.write_bytes(write(table))
            pd.testing.assert_frame_equal(whole(str(path), 3), table)


def test_several_files_and_patterns_count_on(tmp_path: Path) -> None:
    for number, ending in enumerate([".csv", ".jsonl", ".parquet"]):
        (tmp_path / f"part{number}{ending}").write_bytes(WRITE[ending](TABLE[number : number + 3]))
    files = [str(path) for path in sorted(tmp_path.iterdir())]
    chunks = list(read_chunks(str(tmp_path / "part*"), rows=2))
    assert np.concatenate([chunk.table.index for chunk in chunks]).tolist() == list(range(9))
    # a group of rows of a Parquet file is a batch: its dictionary is its own
    assert [batch.source for batch in read_batches(files)] == [0, 1, 2, 2]
    assert whole(files)["text"].tolist() == CELLS[:3] + CELLS[1:4] + CELLS[2:5]


def test_positions_count_bad_rows_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label\nx y,1\nragged\nz,0\n")
    (tmp_path / "b.jsonl").write_text('nonsense\n{"text":"u","label":"1"}\n')
    chunks = list(read_chunks([str(tmp_path / "a.csv"), str(tmp_path / "b.jsonl")], "skip"))
    assert [chunk.table.index.tolist() for chunk in chunks] == [[0, 2], [4]]
    bad = [bad for chunk in chunks for bad in chunk.bad]
    assert [(Path(row.file).name, row.row, row.line) for row in bad] == [("a.csv", 2, 3), ("b.jsonl", 1, 1)]


def test_chunks_of_a_file_are_its_table() -> None:
    path = real_file("jigsaw_preprocessed_sample.csv")
    (chunk,) = read_chunks(str(path))
    table = pd.read_csv(path, dtype=str, keep_default_na=False)
    pd.testing.assert_frame_equal(chunk.table, table, check_index_type=False)
