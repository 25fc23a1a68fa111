"""The input of `predict.py`, by its flags."""

import io
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from headstart.cache import UserError
from headstart.extract.predict.options import command_lines
from headstart.extract.predict.source import read_input


def read(*flags: object) -> tuple[list[str], list[str]]:
    """The texts, and what is said."""
    said: list[str] = []
    options = command_lines("")[""].parse(["--run", "run", *map(str, flags)])[0]
    chunks = list(read_input(options, 10, said.append))
    return [text for chunk in chunks for text in chunk.table.iloc[:, 0]], said


def test_files_by_the_flags_of_their_format(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_bytes("id,t\n1,f\xfcr\n".encode("latin-1"))
    assert read("--input", tmp_path / "a.csv", "--text-column", "t", "--encoding", "latin-1")[0] == ["für"]
    with pytest.raises(UserError, match="no column 'x'"):
        read("--input", tmp_path / "a.csv", "--text-column", "t", "--encoding", "latin-1", "--keep", "x")


@pytest.mark.parametrize(
    ("data", "flags", "texts", "kind"),
    [
        (b"you are\nkind\n", (), ["you are", "kind"], "one text a line"),
        (b"text\nyou\n", (), ["you"], "a table"),
        (b"text\nyou\n", ("--lines",), ["text", "you"], "one text a line"),
        (b"t\nyou\n", ("--text-column", "t"), ["you"], "a table"),
    ],
)
def test_standard_input_is_lines_or_a_table(
    data: bytes, flags: tuple[str, ...], texts: list[str], kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data))))
    found, (line, *_) = read("--input", "-", *flags)
    assert (found, kind in line) == (texts, True)
