"""Names that others may have taken."""

import os
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.train.predict.journal import Journal
from headstart.train.predict.plain_files import open_plain, read_plain


def planted(kind: str, path: Path, victim: Path) -> None:
    victim.write_bytes(b"a stranger's")
    match kind:
        case "link":
            path.symlink_to(victim)
        case "dangling link":
            path.symlink_to(victim.with_name("nothing"))
        case "second name":
            path.hardlink_to(victim)
        case "pipe":
            os.mkfifo(path)
        case "folder":
            path.mkdir()


KINDS = ("link", "dangling link", "second name", "pipe", "folder")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("ending", ["", ".json"])
def test_only_an_ordinary_file_of_ours_is_used(kind: str, ending: str, tmp_path: Path) -> None:
    """Neither for the pieces nor for the notes; nothing of it is changed, and a pipe does not hang."""
    victim, path = tmp_path / "victim", tmp_path / f"out.csv.partial{ending}"
    planted(kind, path, victim)
    with pytest.raises(UserError, match=f"{path.name} is in the way: it is .*choose another --output"):
        Journal(str(tmp_path / "out.csv"), "one")
    assert victim.read_bytes() == b"a stranger's"
    assert not victim.with_name("nothing").exists()
    assert os.path.lexists(path)


def test_another_user_s_file_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"1")
    monkeypatch.setattr(os, "geteuid", lambda: 12_345)
    with pytest.raises(UserError, match="it is another user's"):
        open_plain(str(path))


def test_files_of_ours_go_on(tmp_path: Path) -> None:
    path = str(tmp_path / "a")
    assert read_plain(path, 9) is None
    for piece in (b"12", b"34"):
        with open_plain(path) as file:
            file.write(piece)
    assert read_plain(path, 9) == b"1234"
    assert read_plain(path, 3) == b"123"


@pytest.mark.parametrize(
    "notes",
    ['{"identity": "one", "pieces": "2", "size": 1}', '{"identity": 1, "pieces": 1, "size": 1}', "[1]", "[" * 9_000,
     '{"identity": "one", "pieces": -1, "size": 1}', '{"identity": "one", "pieces": 1, "size": 1, "noted": ["x"]}'],
)  # fmt: skip
def test_notes_of_other_types_count_for_nothing(notes: str, tmp_path: Path) -> None:
    (tmp_path / "out.csv.partial").write_bytes(b"old")
    (tmp_path / "out.csv.partial.json").write_text(notes)
    journal = Journal(str(tmp_path / "out.csv"), "one")
    assert journal.done == ("one", 0, 0, ())
    journal.discard()


def test_noted_numbers_are_found_again(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "out.csv"), "one")
    journal.append(b"a", (1, 2))
    journal.leave()
    again = Journal(str(tmp_path / "out.csv"), "one")
    assert list(again.done.noted) == [1, 2]
    again.discard()
