import pytest

from headstart.cache import UserError
from headstart.extract.backbone import precision
from headstart.extract.backbone.precision import Precision, choose_precision, fastest_dtype
from headstart.extract.settings import Settings


def machine(monkeypatch: pytest.MonkeyPatch, flags: str, devices: set[str], packages: set[str]) -> None:
    monkeypatch.delenv("JAX_PLATFORMS", raising=False)
    monkeypatch.setattr(precision.os.path, "exists", lambda path: path in devices)
    monkeypatch.setattr(
        precision.importlib.util, "find_spec", lambda name: name if name in packages else None
    )
    monkeypatch.setattr("headstart.cache.runtime.machine.cpu_flags", lambda: set(flags.split()))


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


@pytest.mark.parametrize(
    ("platforms", "devices", "dtype"),
    [
        ("cuda,cpu", set(), "float32"),  # JAX passes over CUDA where it sees no GPU
        ("cuda,cpu", {"/dev/nvidia0"}, "bfloat16"),
        ("cuda,cpu", {"/dev/nvidiactl"}, "bfloat16"),
        ("cuda,cpu", {"/dev/dxg"}, "bfloat16"),
        ("cuda,cuda,cpu", set(), "float32"),
        ("cpu,cuda", {"/dev/nvidia0"}, "float32"),
        ("cuda,tpu,cpu", set(), "bfloat16"),  # if there is none, JAX says so
        ("cuda", set(), "bfloat16"),
        ("nonsense", set(), "bfloat16"),
    ],
)
def test_of_several_platforms_the_first_that_jax_uses_counts(
    monkeypatch: pytest.MonkeyPatch, platforms: str, devices: set[str], dtype: str
) -> None:
    machine(monkeypatch, "fpu avx2", devices, set())
    monkeypatch.setenv("JAX_PLATFORMS", platforms)
    assert fastest_dtype() == dtype


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


@pytest.mark.parametrize(
    ("settings", "precision"),
    [
        (Settings(), Precision("mixed", "packed")),
        (Settings(compute_dtype="float32"), Precision("float32", "packed")),
        (Settings(forward="stock"), Precision("float32", "stock")),
        (Settings(layout="padded"), Precision("float32", "stock")),
        (Settings(dropout_views=1, compute_dtype="bfloat16"), Precision("bfloat16", "stock")),
        (Settings(forward="packed-cudnn"), Precision("mixed", "packed-cudnn")),
    ],
)
def test_settings_choose_dtype_and_forward_pass(
    monkeypatch: pytest.MonkeyPatch, settings: Settings, precision: Precision
) -> None:
    machine(monkeypatch, "fpu avx512_bf16", set(), set())
    assert choose_precision(settings) == precision


@pytest.mark.parametrize(
    ("settings", "says"),
    [
        (Settings(forward="packed", layout="padded"), "--layout padded needs --forward stock"),
        (Settings(forward="packed", dropout_views=2), "--dropout-views needs --forward stock"),
        (Settings(compute_dtype="mixed", layout="padded"), "--compute-dtype mixed needs --forward packed"),
        (Settings(compute_dtype="mixed", forward="stock"), "--compute-dtype mixed needs --forward packed"),
    ],
)
def test_settings_that_contradict_each_other(settings: Settings, says: str) -> None:
    with pytest.raises(UserError, match=says):
        choose_precision(settings)
