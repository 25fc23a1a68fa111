"""A finished run, to be copied and damaged."""

from pathlib import Path

import pytest

from tests.train.results.run_before import finished


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("whole") / "run"
    finished(path)
    return path
