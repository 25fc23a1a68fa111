"""Spark in local mode, in two processes: `tests/peers/engines.sh`."""

import os
import sys
from typing import Any

import numpy as np
import pytest

from headstart.cache.inspect.verify import verify
from headstart.cache.reader import open_cache
from headstart.extract.engines.batches import FeatureBatches, UnitBatches
from headstart.extract.engines.spark import fill_cache, map_rows
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder
from headstart.extract.settings import Settings

from ..units.test_work import fingerprint, run_workers

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("default")]


@pytest.fixture(scope="module")
def session() -> Any:
    from pyspark.sql import SparkSession

    os.environ["PYSPARK_PYTHON"] = sys.executable  # else it takes whatever is called python3
    session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()
    yield session
    session.stop()


def test_rows_get_the_encoder_s_vectors(session: Any, encoder: EncoderChoice) -> None:
    texts = [f"you are {'very ' * (n % 7)}kind {n}" for n in range(50)]
    frame = session.createDataFrame(list(enumerate(texts)), "n bigint, text string").repartition(3)
    rows = sorted(map_rows(frame, FeatureBatches(encoder), "features array<float>").collect())
    assert [row.text for row in rows] == texts
    expected = [row[2] for row in open_encoder(encoder).vectors(texts)]
    np.testing.assert_allclose([row.features for row in rows], np.stack(expected), atol=2e-3)


def test_units_fill_the_cache(
    session: Any, settings: Settings, job_fields: dict[str, Any], tmp_path: Any
) -> None:
    location = fill_cache(UnitBatches(settings), session)
    assert verify(open_cache(location)) == []
    alone = run_workers(Settings(**job_fields | {"cache_dir": str(tmp_path / "other")}), "0/1")
    assert fingerprint(location) == fingerprint(alone)
