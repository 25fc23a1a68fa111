import pytest

from cache import environment
from cache.environment import prepare_jax

NAMES = ("JAX_NUM_CPU_DEVICES", "JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    variables: dict[str, str] = {"HOME": "/home/someone"}
    monkeypatch.setattr(environment.os, "environ", variables)
    monkeypatch.setattr(environment, "core_count", lambda: 3)
    return variables


def test_each_core_is_a_device_and_programs_are_kept(bare: dict[str, str]) -> None:
    prepare_jax()
    assert bare["JAX_NUM_CPU_DEVICES"] == "3"
    assert bare["JAX_COMPILATION_CACHE_DIR"].endswith("/headstart/programs")


def test_many_cores_share_devices(bare: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "core_count", lambda: 64)
    prepare_jax()
    assert bare["JAX_NUM_CPU_DEVICES"] == "4"


def test_what_the_user_has_set_stays(bare: dict[str, str]) -> None:
    bare |= {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_COMPILATION_CACHE_DIR": "/mine"}
    prepare_jax()
    assert "JAX_NUM_CPU_DEVICES" not in bare
    assert bare["JAX_COMPILATION_CACHE_DIR"] == "/mine"
