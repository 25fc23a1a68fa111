"""What is said of size and time before the backbone starts."""

import dataclasses
import shutil
from pathlib import Path

import jax
import pytest

from headstart.cache import UserError, open_cache
from headstart.extract.checkpoint.architecture import Architecture
from headstart.extract.pipeline import forecast
from headstart.extract.pipeline.forecast import Totals, check_space, estimate_seconds
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


@pytest.mark.parametrize("change", [{}, {"views": "pooled"}, {"layout": "padded"}])
def test_the_announced_size_is_the_size_of_the_arrays_on_disk(
    settings: Settings, tmp_path: Path, change: dict[str, str]
) -> None:
    recorder = Recorder()
    location = extract(dataclasses.replace(settings, cache_dir=str(tmp_path), **change), recorder)
    files = [path for path in Path(location).rglob("c/**/*") if path.is_file()]
    announced = f"cache {sum(path.stat().st_size for path in files):,} bytes"
    assert any(announced in line for line in recorder.lines)
    assert recorder.done == recorder.total == open_cache(location).manifest.tokens


def test_too_little_room_is_said_before_the_backbone_starts(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(forecast.shutil, "disk_usage", lambda path: usage._replace(free=1000))
    recorder = Recorder()
    with pytest.raises(UserError, match=r"needs .* but its disk has 1.0 kB free"):
        extract(dataclasses.replace(settings, cache_dir=str(tmp_path / "new")), recorder)
    assert recorder.total == 0
    assert not list((tmp_path / "new").glob("*"))


def test_an_object_store_has_no_end() -> None:
    check_space("memory://bucket/cache", 2**100)


def test_padding_waste_by_hand() -> None:
    assert Totals(3, 75, 100, 0).padding_waste == 0.25
    assert Totals(0, 0, 0, 0).padding_waste == 0


def test_seconds_are_operations_by_the_measured_speed(monkeypatch: pytest.MonkeyPatch) -> None:
    """One layer of width 2 and inner width 3: per token 2 * (4 * 4 + 2 * 6) operations, and 2 * 2 * t * 2 to attend."""
    architecture = Architecture(10, 2, 1, 1, 3, 8, "gelu")
    assert architecture.flops(tokens=10, length=5.0) == 10 * (2 * 28 + 2 * 20)
    monkeypatch.setattr(forecast, "matmul_flops", lambda dtype: 960 / 0.6)
    assert estimate_seconds(architecture, 10, 5.0, "float32") == pytest.approx(1)


def test_the_speed_is_that_of_all_devices(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(forecast, "SIZE", 8)
    monkeypatch.setattr(forecast, "_seconds", lambda product, square: 0.5)
    assert forecast.matmul_flops("float32") == 2 * 8**3 / 0.5 * jax.local_device_count()
