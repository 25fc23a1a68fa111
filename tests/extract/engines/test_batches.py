"""Functions of a batch give what the encoder and the job give, wherever they are called."""

import pickle
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from headstart.cache.inspect.verify import verify
from headstart.cache.reader import open_cache
from headstart.cache.runtime.errors import UserError
from headstart.extract.engines.batches import FeatureBatches, TokenBatches, UnitBatches
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder
from headstart.extract.settings import Settings
from headstart.extract.text.cleaning import clean

from ..units.test_work import fingerprint, run_workers

TEXTS = ["You are very KIND!", "", None, "rude\neditor http://x.org", "soup " * 40]
KINDS = [pa.RecordBatch.from_pydict, pa.Table.from_pydict]


def sent(function: Any) -> Any:
    """A function as it arrives at a worker."""
    return pickle.loads(pickle.dumps(function))  # noqa: S301  # what engines do with functions


@pytest.mark.parametrize("view", ["cls", "max", "mean"])
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_the_encoder_s(kind: Any, view: str, encoder: EncoderChoice) -> None:
    batch = kind({"n": [1, 2, 3, 4, 5], "words": TEXTS})
    result = sent(FeatureBatches(encoder, "words", view, "vector"))(batch)
    assert type(result) is type(batch)
    assert result.column_names == ["n", "words", "vector"]
    expected = open_encoder(encoder).vectors([text or "" for text in TEXTS])
    place = ["cls", "max", "mean"].index(view)
    np.testing.assert_array_equal(
        np.stack(result.column("vector").to_pylist()), [row[place] for row in expected]
    )


@pytest.mark.parametrize("kind", KINDS)
def test_tokens_are_the_tokenizer_s(kind: Any, encoder: EncoderChoice) -> None:
    result = sent(TokenBatches(encoder))(kind({"text": TEXTS}))
    assert result.column("clean").to_pylist() == [clean(text or "") for text in TEXTS]
    ids = result.column("ids").to_pylist()
    assert [len(row) for row in ids] == [6, 2, 2, 7, 20]
    assert all((row[0], row[-1]) == (2, 3) for row in ids)


@pytest.mark.parametrize("function", [FeatureBatches, TokenBatches])
def test_no_rows(function: Any, encoder: EncoderChoice) -> None:
    schema = pa.schema([("text", pa.string())])
    result = function(encoder)(pa.RecordBatch.from_pylist([], schema=schema))
    assert (result.num_rows, result.num_columns) == (0, 2 if function is FeatureBatches else 3)


def test_units_in_any_order_fill_the_cache(
    settings: Settings, job_fields: dict[str, Any], tmp_path: Any
) -> None:
    units = sent(UnitBatches(settings))
    numbers = units.numbers()
    for part in (numbers[3:], numbers[:2], numbers[1:4]):
        result = units(pa.RecordBatch.from_pydict({"unit": part}))
        assert result.column_names == ["unit", "rows", "content"]
    with pytest.raises(UserError, match="units are not computed yet"):
        UnitBatches(Settings(**job_fields | {"cache_dir": str(tmp_path / "none")})).finish()
    location = units.finish()
    assert verify(open_cache(location)) == []
    alone = run_workers(Settings(**job_fields | {"cache_dir": str(tmp_path / "other")}), "0/1")
    assert fingerprint(location) == fingerprint(alone)


ODD = [
    (FeatureBatches, {"text": "body"}, {"text": ["a"]}, r"0 columns 'body'; they have text"),
    (FeatureBatches, {"view": "avg"}, {"text": ["a"]}, "there is no view 'avg'; there are cls, max, mean"),
    (FeatureBatches, {}, {"text": ["a"], "features": [1]}, "a column 'features' already"),
    (TokenBatches, {}, {"text": ["a"], "ids": [1]}, "a column 'ids' already"),
    (TokenBatches, {}, {"text": [1, 2]}, "'text' holds no text, but '1'"),
    (FeatureBatches, {}, {"text": [b"a"]}, "'text' holds no text"),
]


@pytest.mark.parametrize(("function", "fields", "columns", "says"), ODD)
def test_mistakes_are_said(
    function: Any, fields: dict[str, str], columns: dict[str, Any], says: str, encoder: EncoderChoice
) -> None:
    with pytest.raises(UserError, match=says):
        function(encoder, **fields)(pa.table(columns))


@pytest.mark.parametrize("number", [-1, 6, 10**9])
def test_a_unit_that_is_none_is_not_computed(number: int, settings: Settings) -> None:
    with pytest.raises(UserError, match=f"no unit {number}; there are those from 0 to 5"):
        UnitBatches(settings)(pa.table({"unit": [number]}))
