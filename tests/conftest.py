"""What the tests share. Keras, which only they use, computes with JAX; its configuration is not the user's."""

import functools
import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))

PROGRAMS = tempfile.mkdtemp(prefix="programs-")
"""Each of xdist's processes compiles a program once. Said here, as JAX reads it when the first module imports it."""
os.environ["JAX_COMPILATION_CACHE_DIR"] = PROGRAMS
os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"

HASTY = "--xla_backend_optimization_level=0 --xla_llvm_disable_expensive_passes=true"
"""Tests compile much and compute little: with these a quarter of their time is spared. `make slow` compiles as users
do, and so do the commands whose results are compared with those of long ago."""
os.environ.setdefault("XLA_FLAGS", HASTY)


def pytest_unconfigure() -> None:
    """Remove the compiled programs."""
    shutil.rmtree(PROGRAMS, ignore_errors=True)


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Whatever a command set for JAX in this process is gone before the next test starts others.

    Commands that a test starts keep their programs apart: one that is killed may leave a damaged one, and JAX's warning
    of it would be an error here.
    """
    before = dict(os.environ)
    os.environ["JAX_COMPILATION_CACHE_DIR"] = os.path.join(PROGRAMS, "commands")
    hear_signals()
    yield
    hear_signals()
    os.environ.clear()
    os.environ.update(before)


def hear_signals() -> None:
    """As in a new process: a command that ran in this one ignores signals from then on, as what a test starts would."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for number in (signal.SIGTERM, signal.SIGALRM):
        signal.signal(number, signal.SIG_DFL)


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Name of one of `tests.made.MAKES` -> a finished run of both stages, made once."""
    from .made import LAYERED, MAKES, both_stages

    return functools.cache(
        lambda name: both_stages(tmp_path_factory.mktemp(name), *{**MAKES, **LAYERED}[name])
    )
