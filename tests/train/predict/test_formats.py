"""Labels as bytes, without a stream around them."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.train.predict.formats import FORMATS, Columns, LabelledRows, nothing

ROWS = LabelledRows(
    np.array([1, 3]), [["ä", 'b,"']], [["no"], ["yes"]], np.array([[0.75, 0.25], [0.125, 0.875]], np.float32)
)
COLUMNS = Columns(("id",), ("no", "yes"), several=False)


def test_delimited_text_by_hand() -> None:
    header, encode, *_ = FORMATS[".csv"]
    assert header(COLUMNS).decode() == "row,id,label,p_no,p_yes\n"
    lines = encode(COLUMNS, ROWS).decode().splitlines()
    assert lines == ["1,ä,no,0.750000,0.250000", '3,"b,""",yes,0.125000,0.875000']
    several = ROWS._replace(labels=[[], ["no", "yes"]])
    assert [
        line.split("\t")[2] for line in FORMATS[".tsv"].encode(COLUMNS, several).decode().splitlines()
    ] == [
        "",
        "no|yes",
    ]


def test_json_lines_by_hand() -> None:
    lines = [json.loads(line) for line in FORMATS[".jsonl"].encode(COLUMNS, ROWS).splitlines()]
    assert lines[0] == {"row": 1, "id": "ä", "label": "no", "probabilities": {"no": 0.75, "yes": 0.25}}
    (first, _) = FORMATS[".jsonl"].encode(COLUMNS._replace(several=True), ROWS).splitlines()
    assert json.loads(first)["label"] == ["no"]


@pytest.mark.parametrize("pieces", [0, 1, 3])
def test_parquet_has_a_row_group_for_each_piece(pieces: int, tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    parquet, source = FORMATS[".parquet"], tmp_path / "pieces"
    source.write_bytes(parquet.header(COLUMNS) + parquet.encode(COLUMNS, ROWS) * pieces)
    whole = parquet.finish(str(source))
    frame = pd.read_parquet(whole)
    assert list(frame) == ["row", "id", "label", "p_no", "p_yes"]
    assert frame["label"].tolist() == ["no", "yes"] * pieces
    assert pq.ParquetFile(whole).metadata.num_row_groups == 1 + pieces  # the first tells the columns


def test_a_kept_column_that_is_called_like_ours_gets_another_name() -> None:
    assert Columns(("label", "id"), ("a",), several=False).renamed == ("label_input", "id")
    for kept in (("label", "label_input"), ("id", "id")):
        with pytest.raises(UserError, match="two columns of the output would be called"):
            _ = Columns(kept, ("a",), several=False).renamed


def test_no_rows_have_every_column() -> None:
    empty = nothing(COLUMNS)
    assert (len(empty.rows), empty.kept, empty.labels, empty.probabilities.shape) == (0, [[]], [], (0, 2))
