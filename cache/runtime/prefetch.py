"""Prepare the next item while the present one is in use."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(items: Iterable[Item], prepare: Callable[[Item], Result]) -> Iterator[Result]:
    """Yield `prepare(item)` for each item, in order; a thread works one ahead.

    At most one result waits while the caller holds another, and the thread begins none beyond it. An error of the
    thread is raised here, where its result would have come. Leaving early ends the thread.
    """
    results: queue.Queue[tuple[Result | None, BaseException | None]] = queue.Queue()
    free, left = threading.Semaphore(1), threading.Event()

    def work() -> None:
        try:
            for item in items:
                free.acquire()
                if left.is_set():
                    return
                results.put((prepare(item), None))
            results.put((None, None))
        except BaseException as error:
            results.put((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            result, error = results.get()
            if error is not None:
                raise error
            if result is None:
                return
            free.release()  # the caller takes this one: the next may be prepared
            yield result
    finally:
        left.set()
        free.release()
        thread.join()
