"""Bytes on disk are those that were put there, and nothing is left behind."""

import os
import tempfile

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.extract.text import spool as module
from headstart.extract.text.spool import Spool


def test_a_spool_leaves_no_file(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(module, "IN_MEMORY", 4)
    spool = Spool()
    for piece in (b"abc", b"defg", b"h"):
        spool.append(piece)
    numbers = spool.array(np.uint8)
    assert os.listdir(str(tmp_path)) == []
    del spool
    assert numbers.tobytes() == b"abcdefgh"


@pytest.mark.parametrize("in_memory", [1, 8])
def test_an_empty_spool(monkeypatch: pytest.MonkeyPatch, in_memory: int) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", in_memory)
    assert Spool().array(np.int32).shape == (0,)


def test_a_full_disk_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "IN_MEMORY", 1)
    spool = Spool()
    spool.append(b"ab")
    monkeypatch.setattr(spool, "_file", open("/dev/full", "wb"))  # noqa: SIM115  # fails as it is written to
    with pytest.raises(UserError, match=r"cannot hold what is read \(No space left on device\)"):
        spool.append(b"b")
    with pytest.raises(OSError, match="No space"):
        spool._file.close()
