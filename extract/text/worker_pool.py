"""Work on chunks of texts in other processes; one that is killed ends the run, and the run's end ends them.

joblib's `Parallel` (1.6, loky) does not do: while one result was taken of 2,000 chunks it had cleaned 1,552 and held
870 MB, as only the work that runs is bounded and not the results that wait; and its processes outlive a parent that is
killed.
"""

import contextlib
import functools
import multiprocessing
import os
import signal
import sys
import threading
import types
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.signals import deferred

AHEAD = 8_000_000  # texts and characters that a process is given before their results are taken: no waiting, but memory
CHUNKS_AHEAD = 2  # of a process, however long they are

Work = Callable[[list[str]], list[str]]


@contextlib.contextmanager
def in_processes(
    work: Work, chunks: Iterable[list[str]], processes: int, log: Callable[[str], None] = lambda line: None
) -> Iterator[Iterator[list[str]]]:
    """Give an iterator over the results, in order; the processes work from here on, whatever the caller does.

    Where the system has no semaphores, as without a writable /dev/shm, this process works, when a result is asked for.

    Args:
        work: A function that can be sent to another process.
        chunks: Its inputs, read as they are needed.
        processes: How many work.
        log: Takes a line that says so.

    Raises:
        UserError: one of them was killed.
    """
    others = set(multiprocessing.active_children())
    try:
        # Spawned, not forked: JAX's threads do not survive a fork.
        pool = ProcessPoolExecutor(processes, multiprocessing.get_context("spawn"), _end_with_the_parent)
    except (ImportError, NotImplementedError, OSError) as error:
        log(f"texts are cleaned in this process alone: the system has no semaphores for others ({error})")
        yield map(work, chunks)
        return
    results = _ordered(functools.partial(_submit, pool, work), iter(chunks), processes)
    try:
        next(results)  # which hands the first chunks over
        yield results
    except BaseException as error:
        for process in set(multiprocessing.active_children()) - others:
            process.terminate()
        if isinstance(error, BrokenProcessPool):
            raise UserError(
                "a process that cleans texts was killed, perhaps because memory ran out; run the same command again, "
                "with fewer `--workers` where memory is short"
            ) from None
        raise
    finally:
        pool.shutdown()


def _ordered(
    submit: Callable[[list[str]], Future[list[str]]], chunks: Iterator[list[str]], processes: int
) -> Iterator[list[str]]:
    """Results in order, behind an empty one; before each, chunks are handed over, only so far ahead."""
    pending, characters, result = deque[tuple[Future[list[str]], int]](), 0, list[str]()
    while True:
        while (len(pending) < CHUNKS_AHEAD * processes or characters < AHEAD * processes) and (
            chunk := next(chunks, None)
        ) is not None:
            size = len(chunk) + sum(map(len, chunk))
            pending.append((submit(chunk), size))
            characters += size
        yield result
        if not pending:
            return
        future, size = pending.popleft()
        result = future.result()
        characters -= size


def _submit(pool: ProcessPoolExecutor, work: Work, chunk: list[str]) -> Future[list[str]]:
    """Submit a chunk, for which a process may have to be started.

    A start that is interrupted leaves a process that nobody knows.
    """
    try:
        # Which the process inherits: Ctrl-C is ours alone; nor does it run the user's script again.
        with deferred(), _without_interrupts(), _without_main():
            return pool.submit(work, chunk)
    except OSError as error:
        if error.errno is not None:
            raise
        raise BrokenProcessPool(str(error)) from None  # "handle is closed": broken a moment ago


@contextlib.contextmanager
def _without_main() -> Iterator[None]:
    """Hide the main module: a spawned process imports it, and a script without a guard would start anew in each."""
    main = sys.modules["__main__"]
    sys.modules["__main__"] = types.ModuleType("__main__")
    try:
        yield
    finally:
        sys.modules["__main__"] = main


@contextlib.contextmanager
def _without_interrupts() -> Iterator[None]:
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _end_with_the_parent() -> None:
    """End this process when its parent is gone, however that ended; a worker would wait for ever."""

    def wait() -> None:
        if parent := multiprocessing.parent_process():
            parent.join()
            os._exit(1)

    threading.Thread(target=wait, daemon=True).start()
