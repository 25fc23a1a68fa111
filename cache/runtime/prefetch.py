"""Prepare the next item while the present one is in use."""

import queue
import threading
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

Item = TypeVar("Item")
Made = TypeVar("Made")


def prefetch(items: Iterable[Item], make: Callable[[Item], Made]) -> Iterator[Made]:
    """Yield `make(item)` for each item, in order; a thread makes one ahead.

    At most one made item waits while the caller holds another, and the thread makes none beyond it. An error of
    the thread is raised here, where its item would have come. Leaving early ends the thread.
    """
    made: queue.Queue[tuple[Made | None, BaseException | None]] = queue.Queue()
    wanted, left = threading.Semaphore(1), threading.Event()

    def work() -> None:
        try:
            for item in items:
                wanted.acquire()
                if left.is_set():
                    return
                made.put((make(item), None))
            made.put((None, None))
        except BaseException as error:
            made.put((None, error))

    thread = threading.Thread(target=work, daemon=True)
    thread.start()
    try:
        while True:
            item, error = made.get()
            if error is not None:
                raise error
            if item is None:
                return
            wanted.release()  # the caller takes this one: the next may be made
            yield item
    finally:
        left.set()
        wanted.release()
        thread.join()
