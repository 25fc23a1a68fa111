"""`FrozenTextEncoder` in scikit-learn's own tools."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.compose import ColumnTransformer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV, cross_val_score
from sklearn.pipeline import make_pipeline

import headstart
from headstart.estimators.frozen_text_encoder import text_column
from headstart.estimators.vector_store import VectorStore, open_store
from headstart.extract.predict.text_vectors import EncoderChoice
from tests.extract.conftest import DISTILBERT, random_weights, save_backbone

TEXTS = [f"you are {word} {'very ' * (n % 7)}" for n, word in enumerate(["kind", "rude"] * 30)]
LABELS = ["kind", "rude"] * 30


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_backbone(tmp_path_factory.mktemp("b") / "tiny", DISTILBERT, random_weights(DISTILBERT)))


@pytest.fixture
def encoder(backbone: str) -> headstart.FrozenTextEncoder:
    return headstart.FrozenTextEncoder(backbone, max_length=32)


def store_of(encoder: headstart.FrozenTextEncoder) -> VectorStore:
    return open_store(EncoderChoice(encoder.backbone, encoder.max_length, "notebook", "auto"), None)


def test_its_vectors_are_those_of_a_cache(encoder: headstart.FrozenTextEncoder, tmp_path: Path) -> None:
    settings = {"max_length": 32, "cache_dir": str(tmp_path), "views": "pooled"}
    train = headstart.encode(TEXTS, LABELS, backbone=encoder.backbone, **settings).split("train")
    texts = [TEXTS[row] for row in train.rows]
    everything = clone(encoder).set_params(pooling=["cls", "max", "mean"])
    expected = train.pooled.reshape(len(texts), -1).astype(np.float32)
    np.testing.assert_allclose(everything.fit_transform(texts), expected, atol=4e-3)  # float16, other batches
    mean = encoder.transform(texts)
    np.testing.assert_array_equal(mean, everything.transform(texts)[:, 2 * mean.shape[1] :])


def test_cross_validation_encodes_each_text_once(encoder: headstart.FrozenTextEncoder) -> None:
    before = store_of(encoder).encoded
    texts = [f"{text} {number}" for number, text in enumerate(TEXTS)]
    pipeline = make_pipeline(encoder, LogisticRegression())
    assert cross_val_score(pipeline, texts, LABELS, cv=5).mean() > 0.9
    grid = GridSearchCV(pipeline, {"frozentextencoder__pooling": ["mean", ("mean", "max")]}, cv=3)
    assert grid.fit(pd.Series(texts), LABELS).score(np.array(texts), LABELS) > 0.9
    assert store_of(encoder).encoded - before == len(set(texts))


def test_it_takes_a_column_of_a_table(encoder: headstart.FrozenTextEncoder) -> None:
    frame = pd.DataFrame({"said": TEXTS, "n": range(60)}, index=range(60, 0, -1))
    for column in ("said", ["said"]):
        step = ColumnTransformer([("text", clone(encoder), column)], remainder="passthrough")
        np.testing.assert_array_equal(step.fit_transform(frame)[:, :-1], encoder.transform(TEXTS))
    names = ColumnTransformer([("text", clone(encoder), "said")]).fit(frame).get_feature_names_out()
    assert names[:2].tolist() == ["text__mean_0", "text__mean_1"]


def test_it_is_set_to_pandas_output(encoder: headstart.FrozenTextEncoder) -> None:
    table = clone(encoder).set_output(transform="pandas").fit_transform(pd.Series(TEXTS[:3], index=[7, 8, 9]))
    assert table.columns[0] == "mean_0"
    assert table.index.tolist() == [7, 8, 9]


def test_a_folder_keeps_vectors_for_other_processes(
    encoder: headstart.FrozenTextEncoder, tmp_path: Path
) -> None:
    kept = clone(encoder).set_params(cache_dir=tmp_path)
    first = kept.transform(TEXTS[:4])
    (folder,) = tmp_path.iterdir()
    assert folder.name.startswith("vectors-")
    open_store.cache_clear()  # as in another process
    np.testing.assert_array_equal(kept.transform(TEXTS[:4]), first)
    assert len(list(folder.iterdir())) == 1


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"pooling": "avg"}, "pooling is 'avg'; one or several of cls, max, mean are wanted"),
        ({"pooling": []}, "pooling is"),
        ({"clean": "most"}, "most"),
        ({"backbone": "/nowhere/at/all"}, "nowhere"),
    ],
)
def test_a_parameter_that_is_none_is_a_value_error(
    encoder: headstart.FrozenTextEncoder, parameters: dict[str, object], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        clone(encoder).set_params(**parameters).transform(TEXTS)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("a text", "a single str was given"),
        (["a", None], "text 1 is a NoneType"),
        ([1.0, 2.0], "text 0 is a float"),
        (np.zeros((2, 3)), r"texts have the shape \(2, 3\); one column is wanted"),
        (pd.DataFrame({"a": ["x"], "b": ["y"]}), "one column is wanted"),
        (7, "a int holds no texts"),
        ([], "no texts were given"),
    ],
)
def test_what_holds_no_texts_is_a_value_error(data: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        text_column(data)
