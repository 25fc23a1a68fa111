import dataclasses
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.extract.pipeline.accuracy import Accuracy, compare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder


def test_numbers_by_hand() -> None:
    wanted = np.array([[1, 0], [0, 2], [3, 4]], np.float32)
    found = np.array([[1, 0], [2, 2], [3, 4]], np.float32)
    accuracy = compare(found, wanted, rows=2)
    assert accuracy[:2] == (2, 3)
    np.testing.assert_allclose(accuracy[2:], [0.5**0.5, (2 + 0.5**0.5) / 3, 2], rtol=1e-6)


@pytest.mark.parametrize(
    ("found", "wanted", "cosine"),
    [
        ([0, 0], [0, 0], 1.0),
        ([0, 0], [1, 0], 0.0),
        ([1, 0], [0, 0], 0.0),
        ([3e38, 3e38], [3e38, 3e38], 1.0),
    ],
)
def test_zeros_and_huge_vectors(found: list[float], wanted: list[float], cosine: float) -> None:
    accuracy = compare(np.array([found], np.float32), np.array([wanted], np.float32), rows=1)
    assert accuracy.min_cosine == accuracy.mean_cosine == pytest.approx(cosine)
    assert ("low" in str(accuracy)) == (cosine < 0.5)


def test_a_low_cosine_is_a_warning() -> None:
    assert "exact" in str(Accuracy(1, 5, 0.99, 0.999, 0.1))
    assert "exact" not in str(Accuracy(1, 5, 0.9995, 0.9999, 0.1))


@pytest.mark.parametrize(("dtype", "lowest"), [("float32", 0.999999), ("mixed", 0.999)])
def test_it_is_measured_once_per_cache(settings: Settings, tmp_path: Path, dtype: str, lowest: float) -> None:
    recorder = Recorder()
    location = extract(dataclasses.replace(settings, cache_dir=str(tmp_path), compute_dtype=dtype), recorder)
    found = open_cache(location).manifest.accuracy
    assert lowest <= found["min_cosine"] <= found["mean_cosine"] <= 1.000001
    assert found["rows"] == 8
    said = any(f"{found['tokens']} tokens" in line for line in recorder.lines)
    assert said == (dtype != "float32")  # which is compared with itself


def test_the_stock_model_needs_no_comparison(settings: Settings, tmp_path: Path) -> None:
    location = extract(dataclasses.replace(settings, cache_dir=str(tmp_path), forward="stock"), Recorder())
    assert open_cache(location).manifest.accuracy == {}
