"""A tiny encoder, texts that two words tell apart, and a count of what JAX compiles."""

import pytest
from jax import monitoring

from tests.extract.conftest import DISTILBERT, random_weights, save_backbone

COMPILED: list[str] = []


def count(event: str, duration: float, **_: object) -> None:
    if event == "/jax/core/compile/backend_compile_duration":
        COMPILED.append(event)


monitoring.register_event_duration_secs_listener(count)


@pytest.fixture(scope="session")
def tiny_backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_backbone(tmp_path_factory.mktemp("b") / "tiny", DISTILBERT, random_weights(DISTILBERT)))


@pytest.fixture
def compiled() -> list[str]:
    """An entry for each program that JAX compiles from now on."""
    COMPILED.clear()
    return COMPILED
