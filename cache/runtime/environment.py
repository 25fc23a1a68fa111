"""What JAX and transformers read from the environment, and Python's garbage collection; to be set before both.

Variables that the user has set stay.
"""

import atexit
import gc
import importlib
import os
import sys
import warnings

from headstart.cache.runtime.machine import core_count

MOST_CPU_DEVICES = 4  # every device holds its own copy of the weights
OBJECTS = 50_000  # new ones, before Python looks for garbage; its default makes it look hundreds of times in an import


def prepare_jax() -> None:
    """Give each core its own device, keep compiled programs for the next run, and make garbage collection rare.

    One core per batch needs no waiting between operations: on 2 cores it ran 1.1 (long sequences) to 1.3 times
    (short ones) as fast as both cores on one batch. Accelerators are not affected.
    """
    rarer_garbage_collection()
    set_variables()


def prepare_library() -> None:
    """`prepare_jax` inside somebody's program: garbage collection stays theirs, and so does JAX once it is there."""
    if "jax" not in sys.modules:
        set_variables()
    import_bars()


def import_bars() -> None:
    """Import the bars of transformers, which warn in a notebook without widgets, though none is ever shown."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        importlib.import_module("tqdm.auto")


def set_variables() -> None:
    """Set what JAX reads from the environment when it is imported."""
    if "xla_force_host_platform_device_count" not in os.environ.get("XLA_FLAGS", ""):
        os.environ.setdefault("JAX_NUM_CPU_DEVICES", str(min(core_count(), MOST_CPU_DEVICES)))
    if folder := programs_folder():
        os.environ.setdefault("JAX_COMPILATION_CACHE_DIR", folder)
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS", "0")
    os.environ.setdefault("JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES", "-1")
    # Version 5 says at each import that PyTorch is missing.
    os.environ.setdefault("TRANSFORMERS_VERBOSITY", "error")


def rarer_garbage_collection() -> None:
    """Look for garbage less often, and not at the end; only cycles wait for it, and we drop none that are large.

    It saves half a second while libraries are imported, and a third while the process ends.
    """
    gc.set_threshold(OBJECTS)
    atexit.register(gc.freeze)


def programs_folder() -> str | None:
    """Folder of compiled programs: this user's own, as they are run without a check; None where they have none."""
    caches = os.environ.get("XDG_CACHE_HOME", "")
    home = caches if os.path.isabs(caches) else os.path.join(os.path.expanduser("~"), ".cache")
    folder = os.path.join(home, "headstart", "programs")
    return folder if os.path.isabs(folder) and _can_be_written(folder) else None


def _can_be_written(folder: str) -> bool:
    """Whether a folder, or the one above it in which it would be made, can be written."""
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    return os.path.isdir(folder) and os.access(folder, os.W_OK | os.X_OK)
