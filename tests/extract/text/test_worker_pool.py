"""Work in other processes: order, bounds, and what becomes of them when they or we end."""

import errno
import multiprocessing
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.text import worker_pool
from headstart.extract.text.worker_pool import in_processes

SCRIPT = """
import time
from headstart.extract.text.worker_pool import in_processes
from tests.extract.text.test_worker_pool import own_pid

if __name__ == "__main__":
    with in_processes(own_pid, [["a"], ["b"]], 2) as results:
        print(*(next(results)[0] for _ in range(2)), flush=True)
        time.sleep(600)
"""


def upper_later(texts: list[str]) -> list[str]:
    time.sleep(0.05 if texts[0] == "a" else 0)
    return [text.upper() for text in texts]


def killed(texts: list[str]) -> list[str]:
    os.kill(os.getpid(), signal.SIGKILL)
    return texts


def refused(texts: list[str]) -> list[str]:
    raise ValueError(f"not {texts[0]}")


def own_pid(texts: list[str]) -> list[str]:
    return [str(os.getpid())]


def blocked_signals(texts: list[str]) -> list[str]:
    return [number.name for number in signal.pthread_sigmask(signal.SIG_BLOCK, set())]  # type: ignore[union-attr]


def slow(texts: list[str]) -> list[str]:
    time.sleep(600)
    return texts


def test_results_come_in_order() -> None:
    chunks = [["a", "b"], ["c"], ["d"], ["a"], ["e"]]
    with in_processes(upper_later, chunks, 2) as results:
        assert list(results) == [["A", "B"], ["C"], ["D"], ["A"], ["E"]]


def test_only_so_many_are_read_ahead(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "AHEAD", 55)
    read: list[int] = []

    def chunks() -> Iterator[list[str]]:
        for number in range(100):
            read.append(number)
            yield ["x" * 10]

    with in_processes(upper_later, chunks(), 1) as results:
        assert len(read) == 5  # of a text with ten characters each
        next(results)
        next(results)
        assert len(read) == 7
        assert sum(1 for _ in results) == 98


def test_long_texts_keep_every_process_busy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(worker_pool, "AHEAD", 1)
    read: list[int] = []
    chunks = (read.append(number) or ["x" * 1000] for number in range(9))  # type: ignore[func-returns-value]
    with in_processes(upper_later, chunks, 2) as results:
        assert len(read) == 4
        assert sum(1 for _ in results) == 9


def test_a_killed_process_ends_the_run() -> None:
    with (
        pytest.raises(UserError, match=r"was killed.*--workers"),
        in_processes(killed, [["a"]] * 9, 2) as results,
    ):
        list(results)
    assert not multiprocessing.active_children()


def test_a_process_that_is_killed_while_others_start_ends_the_run() -> None:
    def chunks() -> Iterator[list[str]]:
        yield ["a"]
        for process in multiprocessing.active_children():
            process.kill()
        time.sleep(0.5)
        yield from [["b"]] * 9

    with pytest.raises(UserError, match="was killed"), in_processes(upper_later, chunks(), 2):
        pass
    assert not multiprocessing.active_children()


def test_an_error_in_a_process_is_ours() -> None:
    with pytest.raises(ValueError, match="not a"), in_processes(refused, [["a"]], 1) as results:
        next(results)


def test_our_error_ends_the_processes_in_the_middle_of_their_work() -> None:
    def fail() -> None:
        with in_processes(slow, [["a"]] * 9, 2):
            time.sleep(0.5)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert not multiprocessing.active_children()


def test_they_never_see_ctrl_c_and_we_do() -> None:
    with in_processes(blocked_signals, [["a"]], 1) as results:
        assert next(results) == ["SIGINT"]
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, set())


def test_processes_end_with_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(SCRIPT)
    parent = subprocess.Popen(
        [sys.executable, script],
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONPATH": os.getcwd()},
    )
    assert parent.stdout
    children = set(map(int, parent.stdout.readline().split()))
    parent.kill()
    parent.communicate()
    deadline = time.monotonic() + 60
    while any(map(_lives, children)):
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _lives(pid: int) -> bool:
    try:
        status = Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
    return status.rpartition(")")[2].split()[0] != "Z"  # nobody may be there to reap it


@pytest.mark.parametrize(
    "error",
    [OSError(errno.EROFS, "Read-only file system"), OSError(errno.ENOSYS, "no"), ImportError("no sem_open")],
)
def test_without_semaphores_this_process_works(monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr("multiprocessing.synchronize.SemLock.__init__", refuse)
    lines: list[str] = []
    with in_processes(own_pid, [["a"], ["b"]], 2, lines.append) as results:
        assert list(results) == [[str(os.getpid())]] * 2
    (line,) = lines
    assert "semaphores" in line
    assert not multiprocessing.active_children()
