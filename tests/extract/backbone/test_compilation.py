"""Compiled programs: each is made once, whoever asks first, and errors reach whoever needs it."""

import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from typing import Any

import numpy as np
import pytest

from headstart.extract.backbone.compilation import Programs


def inputs(rows: int) -> tuple[Any, ...]:
    return np.zeros((rows, 4)), None


class Compiler:
    """Makes a program of an input's shape; waits where a test says so."""

    def __init__(self) -> None:
        self.asked: list[int] = []
        self.seconds = 0.0
        self.begun, self.go_on = threading.Event(), threading.Event()
        self.go_on.set()

    def __call__(self, given: tuple[Any, ...]) -> Callable[[], int]:
        rows = len(given[0])
        self.asked.append(rows)
        self.begun.set()
        assert self.go_on.wait(60)
        time.sleep(self.seconds)
        if not rows:
            raise ValueError("no rows")
        return lambda: rows


@pytest.fixture
def compiler() -> Compiler:
    return Compiler()


def test_shapes_and_what_is_absent_choose_the_program(compiler: Compiler) -> None:
    programs = Programs(compiler)
    first = programs.get(inputs(3))
    assert programs.get((np.ones((3, 4)), None)) is first
    assert programs.get(inputs(2))() == 2
    assert programs.get((np.ones((3, 4)), np.ones((3, 2)))) is not first
    assert compiler.asked == [3, 2, 3]


def test_what_is_compiled_ahead_is_not_compiled_again(compiler: Compiler) -> None:
    programs = Programs(compiler)
    with programs.ahead([inputs(1), inputs(2)]):
        assert [programs.get(inputs(rows))() for rows in (2, 1, 3)] == [2, 1, 3]
    assert sorted(compiler.asked) == [1, 2, 3]


def test_who_comes_second_waits_for_the_first(compiler: Compiler) -> None:
    programs = Programs(compiler)
    compiler.go_on.clear()
    with ThreadPoolExecutor(1) as thread, programs.ahead([inputs(5)]):
        assert compiler.begun.wait(60)
        second = thread.submit(programs.get, inputs(5))
        assert wait([second], 0.1).not_done
        compiler.go_on.set()
        assert second.result(60)() == 5
    assert compiler.asked == [5]
    assert programs.waiting_seconds >= 0.1
    assert programs.compile_seconds >= 0.1


def test_an_error_shows_where_the_program_is_needed(compiler: Compiler) -> None:
    programs = Programs(compiler)
    with programs.ahead([inputs(0), inputs(1)]):
        assert programs.get(inputs(1))() == 1
        with pytest.raises(ValueError, match="no rows"):
            programs.get(inputs(0))


def test_what_failed_is_tried_again(compiler: Compiler) -> None:
    programs = Programs(compiler)
    for _ in range(2):
        with pytest.raises(ValueError, match="no rows"):
            programs.get(inputs(0))
    assert compiler.asked == [0, 0]


def test_an_interrupted_maker_leaves_nobody_waiting(
    compiler: Compiler, monkeypatch: pytest.MonkeyPatch
) -> None:
    programs, real = Programs(compiler), Programs._compile
    left = threading.Event()

    def interrupted(own: Programs, given: Any, shapes: Any, program: Any) -> None:
        if threading.current_thread() is threading.main_thread():
            left.set()
            time.sleep(0.2)  # until the thread waits
            raise KeyboardInterrupt  # before the error could reach those who wait
        real(own, given, shapes, program)

    def wanted() -> Iterator[tuple[Any, ...]]:
        left.wait(60)
        yield inputs(7)  # the thread waits for what the main thread has begun

    monkeypatch.setattr(Programs, "_compile", interrupted)
    with pytest.raises(KeyboardInterrupt), programs.ahead(wanted()):
        programs.get(inputs(7))
    assert compiler.asked == []


def test_the_end_cancels_what_has_not_begun(compiler: Compiler) -> None:
    compiler.seconds = 0.01
    with Programs(compiler).ahead(map(inputs, range(1, 1001))):
        assert compiler.begun.wait(60)
    assert 1 <= len(compiler.asked) < 1000
