"""A Parquet file of eight row groups, and settings of a worker's job on it."""

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart.extract.settings import Settings

from ..conftest import WORDS

ROWS, GROUPS = 72, 6


def write_comments(path: Path, seed: int = 3) -> Path:
    """Labelled comments, of which the first 40 all have one label; rows 4, 19 and 50 hold no text."""
    random = np.random.default_rng(seed)
    texts = [" ".join(random.choice(WORDS, random.integers(2, 40))) for _ in range(ROWS)]
    for row in (4, 19, 50):
        texts[row] = ""
    labels = [0] * 40 + [row % 2 for row in range(40, ROWS)]
    pq.write_table(pa.table({"text": texts, "label": labels}), path, row_group_size=ROWS // GROUPS)
    return path


@pytest.fixture(scope="module")
def comments_parquet(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_comments(tmp_path_factory.mktemp("data") / "comments.parquet")


@pytest.fixture
def job_fields(comments_parquet: Path, tiny_backbone: Path, tmp_path: Path) -> dict[str, Any]:
    """Fields of the settings."""
    return {
        "data": (str(comments_parquet),), "backbone": str(tiny_backbone), "max_length": 20, "dtype": "float32",
        "compute_dtype": "float32", "split_rule": "stable", "class_names": "0,1", "block_rows": 5,
        "batch_tokens": 64, "workers": 1, "cache_dir": str(tmp_path / "features"),
    }  # fmt: skip


@pytest.fixture
def settings(job_fields: dict[str, Any]) -> Settings:
    return Settings(**job_fields)
