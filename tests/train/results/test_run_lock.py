"""Two commands never write one run."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.train.results.run_lock import NAME, held

HOLDER = """
import sys, time
from headstart.train.results.run_lock import held
with held(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_second_one_says_who_holds_it_and_a_killed_one_holds_nothing(tmp_path: Path) -> None:
    line = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(line, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout is not None
            assert other.stdout.readline() == "held\n"
            with (
                pytest.raises(
                    UserError,
                    match=rf"{tmp_path} is being written by process {other.pid} on \S+; wait for it, or",
                ),
                held(str(tmp_path)),
            ):
                pytest.fail("two at once")
        finally:
            other.kill()
    assert (tmp_path / NAME).exists()
    with held(str(tmp_path)):
        assert json.loads((tmp_path / NAME).read_text())["pid"] == os.getpid()
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["", "[]", "{", None])
def test_a_note_that_cannot_be_read_hides_nobody(content: str | None, tmp_path: Path) -> None:
    with held(str(tmp_path)):
        (tmp_path / NAME).unlink()
        if content is not None:
            (tmp_path / NAME).write_text(content)
        with pytest.raises(UserError, match="is being written by another process"), held(str(tmp_path)):
            pytest.fail("two at once")


def test_a_planted_note_is_no_lock_and_no_way_out(tmp_path: Path) -> None:
    victim = tmp_path / "victim"
    victim.write_text("theirs")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / NAME).symlink_to(victim)
    with held(str(tmp_path / "run")):
        assert victim.read_text() == "theirs"
    assert victim.read_text() == "theirs"


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EDQUOT, errno.EFBIG])
def test_no_room_is_said_with_a_way_on(number: int, tmp_path: Path) -> None:
    with (
        pytest.raises(
            UserError, match=rf"{tmp_path} cannot be written \(.*\); make room: the same command then goes on"
        ),
        held(str(tmp_path)),
    ):
        raise OSError(number, os.strerror(number), "a file")
    with pytest.raises(PermissionError), held(str(tmp_path)):
        raise PermissionError(errno.EACCES, "no")
    assert list(tmp_path.iterdir()) == []


def test_a_file_system_without_locks_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.ENOLCK, "no locks available")

    monkeypatch.setattr("fcntl.flock", refuse)
    with held(str(tmp_path)):
        assert (tmp_path / NAME).exists()
