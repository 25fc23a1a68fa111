import os
from pathlib import Path

import pytest

from headstart.cache.runtime import environment
from headstart.cache.runtime.environment import prepare_jax

NAMES = ("JAX_NUM_CPU_DEVICES", "JAX_COMPILATION_CACHE_DIR", "XLA_FLAGS")


@pytest.fixture(autouse=True)
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    variables: dict[str, str] = {"HOME": str(tmp_path)}
    monkeypatch.setattr(environment.os, "environ", variables)
    monkeypatch.setattr(environment, "core_count", lambda: 3)
    return variables


def test_each_core_is_a_device_and_programs_are_kept(bare: dict[str, str]) -> None:
    prepare_jax()
    assert bare["JAX_NUM_CPU_DEVICES"] == "3"
    assert bare["JAX_COMPILATION_CACHE_DIR"] == bare["HOME"] + "/.cache/headstart/programs"


def test_many_cores_share_devices(bare: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "core_count", lambda: 64)
    prepare_jax()
    assert bare["JAX_NUM_CPU_DEVICES"] == "4"


def test_what_the_user_has_set_stays(bare: dict[str, str]) -> None:
    bare |= {"XLA_FLAGS": "--xla_force_host_platform_device_count=8", "JAX_COMPILATION_CACHE_DIR": "/mine"}
    prepare_jax()
    assert "JAX_NUM_CPU_DEVICES" not in bare
    assert bare["JAX_COMPILATION_CACHE_DIR"] == "/mine"


def test_the_user_s_folder_of_caches(bare: dict[str, str], tmp_path: Path) -> None:
    bare["XDG_CACHE_HOME"] = str(tmp_path / "caches")
    assert environment.programs_folder() == str(tmp_path / "caches/headstart/programs")
    bare["XDG_CACHE_HOME"] = "caches"  # its standard says: not absolute, ignored
    assert environment.programs_folder() == str(tmp_path / ".cache/headstart/programs")
    assert not list(tmp_path.iterdir())


def test_who_has_no_folder_keeps_no_programs(
    bare: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(
            os.path, "expanduser", lambda path: path
        )  # as where neither HOME nor passwd names one
        prepare_jax()
    (tmp_path / "file").touch()
    bare["HOME"] = str(tmp_path / "file")
    prepare_jax()
    bare["HOME"] = str(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
        prepare_jax()
    assert "JAX_COMPILATION_CACHE_DIR" not in bare
    prepare_jax()
    assert "JAX_COMPILATION_CACHE_DIR" in bare
