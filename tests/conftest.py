"""Keras, which only the tests use, computes with JAX; its configuration is not the user's."""

import functools
import os
import tempfile
from collections.abc import Callable, Iterator
from typing import Any

import pytest

os.environ["KERAS_BACKEND"] = "jax"
os.environ.setdefault("KERAS_HOME", tempfile.mkdtemp(prefix="keras-"))


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
