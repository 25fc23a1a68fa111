"""`HeadClassifier` in scikit-learn's own checks and tools, on texts and on vectors."""

import pickle
import warnings
from typing import Any

import jax
import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score
from sklearn.pipeline import make_pipeline
from sklearn.utils.estimator_checks import estimator_checks_generator

import headstart
from headstart.estimators.vector_store import open_store

TEXTS = [f"the page is {word} {'very ' * (n % 5)}{n}" for n, word in enumerate(["kind", "rude"] * 40)]
LABELS = ["kind", "rude"] * 40
QUICK = headstart.HeadClassifier(epochs=12, learning_rate=0.05)
HEAVY = {
    "check_classifier_data_not_an_array",
    "check_class_weight_classifiers",
    "check_classifiers_classes",
    "check_classifiers_train",
    "check_dict_unchanged",
    "check_dont_overwrite_parameters",
    "check_dtype_object",
    "check_estimators_dtypes",
    "check_estimators_nan_inf",
    "check_estimators_overwrite_params",
    "check_fit2d_1feature",
    "check_fit2d_predict1d",
    "check_fit_check_is_fitted",
    "check_fit_score_takes_y",
    "check_n_features_in_after_fitting",
    "check_pipeline_consistency",
    "check_positive_only_tag_during_fit",
    "check_readonly_memmap_input",
}
"""Checks of scikit-learn that train on rows of several shapes, and so compile for each."""


def checks(estimator: Any) -> list[Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # "Can't test estimator which requires input of type ..."
        generated = list(estimator_checks_generator(estimator))
    names = [getattr(check, "func", check).__name__ for _, check in generated]
    return [
        pytest.param(of, check, id=name, marks=[pytest.mark.slow] if name in HEAVY else [])
        for name, (of, check) in zip(names, generated, strict=True)
        if name != "check_array_api_input"  # skips itself unless SCIPY_ARRAY_API is set
    ]


@pytest.mark.parametrize(("estimator", "check"), checks(QUICK))
def test_scikit_learn_finds_nothing_wrong_on_vectors(estimator: Any, check: Any) -> None:
    check(estimator)


@pytest.mark.parametrize(("estimator", "check"), checks(headstart.HeadClassifier("gru", backbone="minilm")))
def test_scikit_learn_finds_nothing_wrong_as_far_as_it_can_make_texts(estimator: Any, check: Any) -> None:
    check(estimator)


def vectors(rows: int, classes: int, width: int = 6, scale: float = 50.0) -> tuple[np.ndarray, np.ndarray]:
    """Rows of numbers, far from 0 and of unlike scale, of which the first ones tell the class."""
    random = np.random.default_rng(rows)
    numbers = np.arange(rows) % classes
    values = random.standard_normal((rows, width))
    values[np.arange(rows), numbers] += 4
    return values * np.geomspace(1 / scale, scale, width) + 1000, numbers


@pytest.mark.parametrize(
    "names",
    [
        np.array(["no", "yes"]), np.array([False, True]), np.array([-3, 7, 12]), np.array([0.0, 1.0]),
        np.array(["a", "b", "c"], object), pd.Categorical(["x", "y"]),
    ],
)  # fmt: skip
def test_labels_are_whatever_can_be_sorted(names: Any) -> None:
    rows, numbers = vectors(120, len(names))
    labels = names[numbers]
    fitted = clone(QUICK).fit(rows, labels)
    assert fitted.score(rows, np.asarray(labels)) > 0.95
    assert fitted.classes_.tolist() == sorted(set(np.asarray(labels).tolist()))
    probabilities = fitted.predict_proba(rows)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1)
    assert (fitted.classes_[probabilities.argmax(axis=1)] == fitted.predict(rows)).all()
    assert fitted.decision_function(rows).shape == ((120,) if len(names) == 2 else (120, len(names)))


def test_folds_and_clones_share_programs(compiled: list[str]) -> None:
    rows, numbers = vectors(203, 2, width=7)
    folds = list(StratifiedKFold(5).split(rows, numbers))
    clone(QUICK).fit(rows[folds[0][0]], numbers[folds[0][0]])
    assert compiled
    compiled.clear()
    for train, test in folds[1:]:
        fitted = clone(QUICK).set_params(learning_rate=0.04).fit(rows[train], numbers[train])
        assert fitted.score(rows[test], numbers[test]) > 0.9
    assert not compiled


@pytest.mark.parametrize(
    "head", ["avg", *(pytest.param(name, marks=pytest.mark.slow) for name in ("mix", "gru"))]
)
def test_on_texts_folds_encode_nothing_again_and_share_programs(
    head: str, tiny_backbone: str, compiled: list[str]
) -> None:
    classifier = headstart.HeadClassifier(
        head, backbone=tiny_backbone, max_length=16, epochs=12, learning_rate=0.05
    )
    assert cross_val_score(classifier, TEXTS, LABELS, cv=StratifiedKFold(2)).mean() > 0.8
    choice = classifier._choice("tokens" if head == "gru" else "pooled" if head == "avg" else "layers")
    assert open_store(choice, None).encoded == len(TEXTS)
    compiled.clear()
    classifier.fit(TEXTS[40:], LABELS[40:])  # as many rows, of other lengths
    assert not compiled


def test_a_grid_of_heads_and_layers_on_texts(tiny_backbone: str) -> None:
    classifier = headstart.HeadClassifier(
        backbone=tiny_backbone, max_length=16, epochs=12, learning_rate=0.05
    )
    grid = GridSearchCV(classifier, {"head": ["cls@0", "max@last"], "patience": [3]}, cv=2)
    grid.fit(pd.Series(TEXTS), LABELS)
    # the embeddings of [CLS] are those of every text
    assert grid.best_params_["head"] == "max@last"
    assert grid.cv_results_["mean_test_score"][0] == 0.5
    assert grid.score(np.array(TEXTS), LABELS) > 0.9


def test_behind_the_encoder_in_a_pipeline(tiny_backbone: str) -> None:
    encoder = headstart.FrozenTextEncoder(tiny_backbone, max_length=16, pooling=("mean", "max"))
    pipeline = make_pipeline(encoder, headstart.HeadClassifier("maxavg", epochs=12, learning_rate=0.05)).fit(
        TEXTS, LABELS
    )
    assert pipeline.score(TEXTS, LABELS) > 0.9
    assert pipeline[-1].n_features_in_ == 32


@pytest.mark.parametrize("head", ["avg", "gru"])
def test_a_pickle_holds_numpy_alone_and_answers_alike(head: str, tiny_backbone: str) -> None:
    classifier = headstart.HeadClassifier(head, backbone=tiny_backbone, max_length=16, epochs=2)
    fitted = classifier.fit(TEXTS[:40], LABELS[:40])
    packed = pickle.dumps(fitted)
    assert b"jax" not in packed
    assert all(isinstance(leaf, np.ndarray) for leaf in jax.tree.leaves(fitted.params_))
    np.testing.assert_array_equal(pickle.loads(packed).predict_proba(TEXTS), fitted.predict_proba(TEXTS))  # noqa: S301
    assert not hasattr(clone(fitted), "params_")


def test_class_weights_count_the_loss_of_rare_rows() -> None:
    rows, labels = np.random.default_rng(0).standard_normal((120, 6)), np.array([0] * 108 + [1] * 12)
    plain, balanced, fixed = (
        clone(QUICK).set_params(class_weight=weight).fit(rows, labels).predict_proba(rows)[:, 1].mean()
        for weight in (None, "balanced", {0: 120 / 216, 1: 120 / 24})
    )
    assert plain < 0.2 < 0.4 < balanced
    assert fixed == balanced


def test_the_seed_decides_and_histories_say_what_happened() -> None:
    rows, labels = vectors(120, 3)
    one, again, other = (
        headstart.HeadClassifier(random_state=seed, epochs=9, patience=2).fit(rows, labels)
        for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one.decision_function(rows), again.decision_function(rows))
    assert (one.decision_function(rows) != other.decision_function(rows)).any()
    losses = [epoch["valid_loss"] for epoch in one.history_]
    assert len(losses) == one.n_iter_ <= 9
    assert 1 <= one.best_epoch_ <= one.n_iter_
    assert losses[one.best_epoch_ - 1] < losses[0]


@pytest.mark.parametrize("fraction", [0, 0.1, 0.5])
def test_few_rows_are_enough(fraction: float) -> None:
    rows, labels = vectors(12, 3)
    fitted = clone(QUICK).set_params(validation_fraction=fraction).fit(rows, labels)
    assert fitted.score(rows, labels) > 0.6


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"head": "avgg"}, "there is no head 'avgg'; did you mean 'avg'"),
        ({"head": "gru"}, r"head 'gru' reads tokens or layers.*backbone='minilm'"),
        ({"head": "avg@3"}, r"head 'avg@3' reads tokens or layers"),
        ({"epochs": 0}, "epochs is 0; at least 1 is needed"),
        ({"patience": 0}, "patience is 0"),
        ({"validation_fraction": 1.0}, "validation_fraction is 1.0"),
        ({"learning_rate": -1.0}, "learning_rate is -1.0"),
        ({"head": "avg@7", "backbone": "tiny"}, r"head is 'avg@7'; the encoder's layers are 0 .* to 2"),
        ({"clean": "most", "backbone": "tiny"}, "most"),
    ],
)
def test_a_parameter_that_is_none_is_a_value_error(
    parameters: dict[str, Any], message: str, tiny_backbone: str
) -> None:
    if "backbone" in parameters:
        parameters = {"max_length": 32, **parameters, "backbone": tiny_backbone}
    rows = TEXTS if "backbone" in parameters else vectors(80, 2)[0]
    with pytest.raises(ValueError, match=message):
        headstart.HeadClassifier(**parameters).fit(rows, LABELS)


@pytest.mark.parametrize(
    ("rows", "labels", "message"),
    [
        (TEXTS, ["one"] * 80, "all rows have one class, 'one'"),
        (TEXTS, LABELS[:70], "inconsistent numbers of samples"),
        (TEXTS, None, "needs labels, y"),
        (TEXTS, np.linspace(0, 1, 80), "Unknown label type"),
        (vectors(80, 2)[0], LABELS, "one column is wanted"),
    ],
)
def test_rows_and_labels_that_are_none_are_a_value_error(
    rows: Any, labels: Any, message: str, tiny_backbone: str
) -> None:
    with pytest.raises(ValueError, match=message):
        headstart.HeadClassifier(backbone=tiny_backbone).fit(rows, labels)
