"""Prepare the next item while the present one is in use."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

Item = TypeVar("Item")
Result = TypeVar("Result")


def prefetch(items: Iterable[Item], prepare: Callable[[Item], Result]) -> Iterator[Result]:
    """Yield `prepare(item)` for each item, in order; a thread takes and prepares one ahead.

    At most one result waits while the caller holds another, and the thread begins none beyond it. An error of the
    thread is raised here, where its result would have come. Leaving early ends the thread.
    """
    remaining, end = iter(items), object()

    def work() -> Any:
        for item in remaining:
            return prepare(item)
        return end

    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(work)
        while (result := coming.result()) is not end:
            coming = thread.submit(work)
            yield result
