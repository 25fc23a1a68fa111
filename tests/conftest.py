"""What the tests share. Keras, which only they use, computes with JAX; its configuration is not the user's."""

import functools
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))


def pytest_configure(config: pytest.Config) -> None:
    """Have each of xdist's processes, and the commands that it starts, compile a program once: a third of all time."""
    folder = tempfile.mkdtemp(prefix="programs-")
    os.environ["JAX_COMPILATION_CACHE_DIR"] = folder
    os.environ["JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS"] = "0"
    os.environ["JAX_PERSISTENT_CACHE_MIN_ENTRY_SIZE_BYTES"] = "-1"
    config.add_cleanup(functools.partial(shutil.rmtree, folder, ignore_errors=True))


@pytest.fixture(autouse=True)
def own_environment() -> Iterator[None]:
    """Whatever a command set for JAX in this process is gone before the next test starts others."""
    before = dict(os.environ)
    yield
    os.environ.clear()
    os.environ.update(before)


@pytest.fixture(scope="session")
def made_run(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Any]:
    """Name of one of `tests.made.MAKES` -> a finished run of both stages, made once."""
    from .made import MAKES, both_stages

    return functools.cache(lambda name: both_stages(tmp_path_factory.mktemp(name), *MAKES[name]))
