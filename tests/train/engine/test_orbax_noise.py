"""What Orbax prints of its own errors is left out, and nobody else's."""

import logging
import sys
import threading
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest

from headstart.train.engine.orbax_noise import hush_orbax

LOG, ASYNCIO = logging.getLogger("absl"), logging.getLogger("asyncio")


@pytest.fixture
def heard() -> Iterator[list[Any]]:
    """What would be printed by threads and by what cannot be raised."""
    heard: list[Any] = []
    before = threading.excepthook, sys.unraisablehook, list(LOG.filters), list(ASYNCIO.filters)
    threading.excepthook = sys.unraisablehook = heard.append
    hush_orbax.cache_clear()
    yield heard
    threading.excepthook, sys.unraisablehook, LOG.filters, ASYNCIO.filters = before
    hush_orbax.cache_clear()


def test_only_orbax_is_silent(heard: list[Any]) -> None:
    hush_orbax()
    hush_orbax()
    theirs = type("Theirs", (), {"__module__": "orbax.checkpoint.futures"})()
    for thread in (theirs, threading.current_thread()):
        threading.excepthook(SimpleNamespace(thread=thread))  # type: ignore[arg-type]
    for error in (RuntimeError("Event loop is closed"), RuntimeError("another"), None):
        sys.unraisablehook(SimpleNamespace(exc_value=error))  # type: ignore[arg-type]
    assert len(heard) == 3
    paths = ("/lib/orbax/checkpoint/a.py", "/lib/other/a.py")
    records = [logging.LogRecord("absl", 40, path, 1, "a", (), None) for path in paths]
    assert [bool(LOG.filter(record)) for record in records] == [False, True]
    messages = ("Future exception was never retrieved\nfuture: <Future>", "another")
    records = [logging.LogRecord("asyncio", 40, "/a.py", 1, message, (), None) for message in messages]
    assert [bool(ASYNCIO.filter(record)) for record in records] == [False, True]
