"""Where labels go, piece by piece."""

import io
from pathlib import Path

import numpy as np

from headstart.train.predict.formats import FORMATS, Columns, LabelledRows
from headstart.train.predict.target import ToFile, ToStream, identity_of

COLUMNS = Columns((), ("a", "b"), several=False)


def piece(row: int) -> LabelledRows:
    return LabelledRows(np.array([row]), [], [["a"]], np.array([[0.75, 0.25]], np.float32))


TEXT = b"row,label,p_a,p_b\n1,a,0.750000,0.250000\n2,a,0.750000,0.250000\n"


def test_a_stream_gets_its_header_once() -> None:
    stream = io.BytesIO()
    target = ToStream(stream, FORMATS[".csv"])
    for row in (1, 2):
        target.write(COLUMNS, piece(row))
    target.finish(COLUMNS)
    assert stream.getvalue() == TEXT


def test_a_file_appears_when_it_is_whole(tmp_path: Path) -> None:
    path = tmp_path / "out.CSV"
    target = ToFile(str(path), "one")
    target.write(COLUMNS, piece(1))
    assert not path.exists()
    target.leave(useless=False)
    again = ToFile(str(path), "one")
    assert again.done == 1
    again.write(COLUMNS, piece(2))
    again.finish(COLUMNS)
    assert (path.read_bytes(), list(tmp_path.iterdir())) == (TEXT, [path])


def test_what_is_useless_goes(tmp_path: Path) -> None:
    target = ToFile(str(tmp_path / "out.csv"), "one")
    target.write(COLUMNS, piece(1))
    target.leave(useless=True)
    assert list(tmp_path.iterdir()) == []


def test_work_is_the_same_where_source_and_options_are() -> None:
    source = [("/a.csv", 5, 17)]
    one = identity_of(source, threshold=0.5, keep=None)
    assert one == identity_of(source, keep=None, threshold=0.5)
    assert len({one, identity_of(source, threshold=0.4, keep=None), identity_of([("/b.csv", 5, 17)])}) == 3
    assert identity_of(None, threshold=0.5) is None
