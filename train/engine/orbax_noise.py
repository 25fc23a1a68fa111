"""What Orbax prints of errors that it raises as well: pages of tracebacks, from its threads and its log."""

import functools
import logging
import sys
import threading
from typing import Any

NEVER_RETRIEVED = "Future exception was never retrieved"
"""What asyncio says of the errors after the first; nothing but Orbax uses it here."""


@functools.cache
def hush_orbax() -> None:
    """From now on only what is raised is said of an error of Orbax'; everyone else prints as before.

    For good, as its threads may fail after the error has been raised.
    """
    logging.getLogger("absl").addFilter(lambda record: "/orbax/" not in record.pathname)
    logging.getLogger("asyncio").addFilter(lambda record: NEVER_RETRIEVED not in record.getMessage())
    in_thread, unraisable = threading.excepthook, sys.unraisablehook

    def on_thread(failure: Any) -> None:
        if not type(failure.thread).__module__.startswith("orbax."):
            in_thread(failure)

    def on_unraisable(failure: Any) -> None:
        # TensorStore answers an event loop that Orbax has closed after the first error
        if str(failure.exc_value) != "Event loop is closed":
            unraisable(failure)

    threading.excepthook, sys.unraisablehook = on_thread, on_unraisable
