"""Hugging Face datasets keep features as a column: `tests/peers/engines.sh`."""

from pathlib import Path

import numpy as np
import pytest

from headstart.extract.engines.batches import FeatureBatches
from headstart.extract.engines.hugging_face import map_rows
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder

pytestmark = [pytest.mark.peer, pytest.mark.filterwarnings("default")]


def test_rows_get_the_encoder_s_vectors(encoder: EncoderChoice, tmp_path: Path) -> None:
    import datasets

    texts = [f"you are {'very ' * (n % 7)}kind {n}" for n in range(50)]
    dataset = datasets.Dataset.from_dict({"text": texts})
    rows = map_rows(dataset, FeatureBatches(encoder), rows=10)
    assert rows["text"][:] == texts
    expected = [row[2] for row in open_encoder(encoder).vectors(texts)]
    np.testing.assert_allclose(np.array(rows["features"][:]), np.stack(expected), atol=2e-3)
