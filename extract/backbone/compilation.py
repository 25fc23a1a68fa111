"""Compiled programs, one for each shape of batch: made once, and ahead of need in a thread."""

import threading
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

Arrays = tuple[Any, ...]
"""Inputs of a program, None where one is absent; their shapes say which program."""


class Programs:
    """Programs compiled when their shapes first come along; who asks meanwhile waits for the program.

    Args:
        compiler: Function that returns the program for inputs of such shapes.

    Attributes:
        compile_seconds: Seconds that all threads have spent on compiling so far.
        waiting_seconds: Seconds that callers of `get` have waited for a program.
    """

    def __init__(self, compiler: Callable[[Any], Any]) -> None:
        self.compile_seconds = self.waiting_seconds = 0.0
        self._compiler = compiler
        self._programs: dict[Any, Future[Any]] = {}
        self._lock = threading.Lock()

    def get(self, inputs: Arrays) -> Any:
        """Return the program for these inputs."""
        start = time.perf_counter()
        program = self._make(inputs)
        self.waiting_seconds += time.perf_counter() - start
        return program

    @contextmanager
    def ahead(self, batches: Iterable[Arrays]) -> Iterator[None]:
        """Compile in a thread, in this order, while the body of `with` runs; its end cancels what has not begun."""
        ended = threading.Event()

        def compile_all() -> None:
            for inputs in batches:
                if ended.is_set():
                    return
                self._make(inputs)

        with ThreadPoolExecutor(1) as thread:
            # An error shows again where the program is needed.
            thread.submit(compile_all)
            try:
                yield
            except BaseException:
                self._give_up()
                raise
            finally:
                ended.set()

    def _give_up(self) -> None:
        """Let nobody wait for what an interrupted caller, wherever it was, may have left without a maker."""
        with self._lock:
            for program in self._programs.values():
                program.cancel()

    def _make(self, inputs: Arrays) -> Any:
        shapes = tuple(None if array is None else array.shape for array in inputs)
        with self._lock:
            first = shapes not in self._programs
            program = self._programs.setdefault(shapes, Future())
        if first:
            self._compile(inputs, shapes, program)
        return program.result()

    def _compile(self, inputs: Arrays, shapes: Any, program: Future[Any]) -> None:
        start = time.perf_counter()
        try:
            compiled = self._compiler(inputs)
        except BaseException as error:
            with self._lock:
                # Tried again: memory may be there the next time.
                del self._programs[shapes]
            program.set_exception(error)
            return
        with self._lock:
            self.compile_seconds += time.perf_counter() - start
        program.set_result(compiled)
