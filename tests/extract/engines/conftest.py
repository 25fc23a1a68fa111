"""The job of `tests.extract.units`, and an encoder."""

from pathlib import Path

import pytest

from headstart.extract.predict.text_vectors import EncoderChoice

from ..units.conftest import comments_parquet, job_fields, settings

__all__ = ["comments_parquet", "job_fields", "settings"]


@pytest.fixture
def encoder(tiny_backbone: Path) -> EncoderChoice:
    return EncoderChoice(str(tiny_backbone), 20, "notebook", "float32")
