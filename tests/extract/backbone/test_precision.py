import builtins
import io

import pytest

from headstart.extract.backbone import precision
from headstart.extract.backbone.precision import Precision, fastest_dtype


def machine(monkeypatch: pytest.MonkeyPatch, flags: str, devices: set[str], packages: set[str]) -> None:
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr(precision.os.path, "exists", lambda path: path in devices)
    monkeypatch.setattr(
        precision.importlib.util, "find_spec", lambda name: name if name in packages else None
    )
    real = builtins.open
    text = f"processor: 0\nflags : {flags}\n"
    monkeypatch.setattr(
        builtins,
        "open",
        lambda path, *a, **k: io.StringIO(text) if path == "/proc/cpuinfo" else real(path, *a, **k),
    )


@pytest.mark.parametrize(
    ("flags", "devices", "packages", "wanted"),
    [
        ("fpu avx2", set(), set(), "float32"),
        ("fpu avx512_bf16", set(), set(), "mixed"),
        ("fpu amx_bf16", set(), set(), "mixed"),
        ("fpu avx2", {"/dev/nvidia0"}, set(), "float32"),  # a GPU that this JAX cannot use
        ("fpu avx2", {"/dev/nvidia0"}, {"jax_cuda13_plugin"}, "bfloat16"),
        ("fpu avx2", set(), {"jax_cuda13_plugin", "libtpu"}, "float32"),
        ("fpu avx2", {"/dev/accel0"}, {"libtpu"}, "bfloat16"),
    ],
)
def test_the_machine_decides(
    monkeypatch: pytest.MonkeyPatch, flags: str, devices: set[str], packages: set[str], wanted: str
) -> None:
    machine(monkeypatch, flags, devices, packages)
    assert fastest_dtype() == wanted


def test_jax_platforms_has_the_last_word(monkeypatch: pytest.MonkeyPatch) -> None:
    machine(monkeypatch, "fpu avx2", {"/dev/nvidia0"}, {"jax_cuda13_plugin"})
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    assert fastest_dtype() == "float32"
    monkeypatch.setenv("JAX_PLATFORMS", "tpu,cpu")
    assert fastest_dtype() == "bfloat16"


def test_what_each_dtype_means() -> None:
    found = {
        name: (p.activations, p.operands, p.matmul)
        for name in ("float32", "mixed", "bfloat16")
        for p in [Precision(name, "packed")]
    }
    assert found == {
        "float32": ("float32", "float32", "highest"),
        "mixed": ("float32", "bfloat16", "default"),
        "bfloat16": ("bfloat16", "bfloat16", "default"),
    }
