"""A file that grows piece by piece, after kills at any byte."""

import errno
import fcntl
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.train.predict.journal import Journal

ROOT = Path(__file__).parents[3]


def test_other_work_never_overwrites_what_was_stopped(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    first = Journal(str(path), "one")
    first.append(b"piece")
    first.leave()
    with pytest.raises(UserError, match="1 parts of other work"):
        Journal(str(path), "two")
    again = Journal(str(path), "one")
    assert again.done.pieces == 1
    again.discard()
    unrepeatable = Journal(str(path), None)
    unrepeatable.append(b"piece")
    unrepeatable.leave()
    assert list(tmp_path.iterdir()) == []


def test_notes_that_count_for_nothing_never_speak_for_other_work(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    first = Journal(str(path), "one")
    first.append(b"a" * 100)
    first.leave()
    os.truncate(first.partial, 3)
    other = Journal(str(path), "two")
    other._file.write(b"b" * 200)  # and is killed before its first notes
    other._file.close()
    again = Journal(str(path), "one")
    assert again.done.pieces == 0
    again.discard()


def test_a_journal_that_promises_more_than_there_is_counts_for_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    first = Journal(str(path), "one")
    first.append(b"a piece")
    first.leave()
    os.truncate(first.partial, 3)
    again = Journal(str(path), "one")
    assert again.done.pieces == 0
    again.discard()


def test_notes_that_a_kill_left_half_written_go(tmp_path: Path) -> None:
    leftover = tmp_path / f"out.csv.partial.json.{'0' * 16}.partial"
    leftover.touch()
    journal = Journal(str(tmp_path / "out.csv"), "one")
    assert not leftover.exists()
    journal.discard()


def test_two_processes_do_not_write_one_file(tmp_path: Path) -> None:
    journal = Journal(str(tmp_path / "out.csv"), "one")
    with pytest.raises(UserError, match="another process is writing"):
        Journal(str(tmp_path / "out.csv"), "one")
    journal.discard()


def test_a_file_system_without_locks_is_no_other_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(fcntl, "flock", refuse)
    with pytest.raises(OSError, match="No locks available"):
        Journal(str(tmp_path / "out.csv"), "one")


WRITER = """
import sys, time
from headstart.train.predict.journal import Journal
journal = Journal(sys.argv[1], "one")
for number in range(journal.done.pieces, 400):
    journal.append(f"{number:08d}\\n".encode() * 50)
open(sys.argv[1], "wb").write(open(journal.partial, "rb").read())
journal.discard()
"""


def test_kill_9_at_any_moment(tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    wanted = b"".join(f"{number:08d}\n".encode() * 50 for number in range(400))
    partial, kills = Path(f"{path}.partial"), 0
    for trial in range(20):
        process = subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path)], cwd=ROOT, stderr=subprocess.PIPE
        )
        before = partial.stat().st_size if partial.exists() else 0
        for _ in range(10_000):
            grown = partial.exists() and partial.stat().st_size - before > 450 * 70 * (1 + trial % 3)
            if grown or process.poll() is not None:
                break
            time.sleep(0.0005)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        _, errors = process.communicate()
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, errors
    assert (path.read_bytes() == wanted, list(tmp_path.iterdir())) == (True, [path])
    assert kills >= 2
