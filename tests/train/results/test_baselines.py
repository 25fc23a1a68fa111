import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from headstart.cache.task import BINARY, Task
from headstart.train.results.baselines import (
    CHARACTERS,
    NO_TEXT,
    Baseline,
    logreg_mean,
    majority,
    tfidf_logreg,
)
from headstart.train.results.outcome import metrics_of

THREE, SEVERAL = Task("multiclass", ("a", "b", "c")), Task("multilabel", ("a", "b", "c"))


@pytest.mark.parametrize(
    ("train", "test", "loss", "accuracy"),
    [
        # 3 of 4 say 1: probability 0.75 for every row
        ([1, 1, 0, 1], [1, 0, 1], -(2 * np.log(0.75) + np.log(0.25)) / 3, 2 / 3),
        # the majority of training counts, though test has another
        ([0, 0, 0, 0, 1], [1, 1, 0], -(2 * np.log(0.2) + np.log(0.8)) / 3, 1 / 3),
        # equal classes say 0
        ([0, 1], [0, 0, 1], np.log(2), 2 / 3),
    ],
)
def test_the_shares_of_two_classes(train, test, loss, accuracy):
    baseline = majority(BINARY, np.array(train), {"test": len(test)})
    assert metrics_of(BINARY, np.array(test), baseline.logits["test"]) == pytest.approx((loss, accuracy))


def test_the_shares_of_three_classes():
    baseline = majority(THREE, np.array([0, 2, 2, 1]), {"test": 2})
    found = metrics_of(THREE, np.array([2, 0]), baseline.logits["test"])
    assert found == pytest.approx((-(np.log(0.5) + np.log(0.25)) / 2, 0.5))


def test_each_of_several_labels_has_its_share():
    baseline = majority(SEVERAL, np.array([[1, 0, 0], [1, 1, 0]]), {"test": 1})
    np.testing.assert_allclose(1 / (1 + np.exp(-baseline.logits["test"])), [[1, 0.5, 0]], atol=1e-6)


def test_one_class_only_stays_finite():
    baseline = majority(BINARY, np.array([1, 1, 1]), {"test": 2})
    loss, accuracy = metrics_of(BINARY, np.array([1, 0]), baseline.logits["test"])
    assert 5 < loss < np.inf
    assert accuracy == 0.5


def splits_of(task, seed=0, sizes=(200, 60, 80)):
    """Features whose first numbers say the label, and texts that name it."""
    random = np.random.default_rng(seed)
    labels, means, texts = {}, {}, {}
    for name, rows in zip(("train", "valid", "test"), sizes, strict=True):
        ones = random.integers(0, 2, (rows, 3))
        own = {"binary": ones[:, 0], "multiclass": random.integers(0, 3, rows), "multilabel": ones}[task.kind]
        shown = np.eye(3)[own] if task.kind == "multiclass" else ones
        labels[name] = own.astype(np.int32)
        means[name] = (random.normal(size=(rows, 6)) + np.pad(2 * shown, ((0, 0), (0, 3)))).astype(np.float16)
        texts[name] = [" ".join(f"w{k}" for k in np.flatnonzero(row)) + " and so on" for row in shown]
    return labels, means, texts


@pytest.mark.parametrize("task", [BINARY, THREE, SEVERAL])
def test_regressions_learn(task):
    labels, means, texts = splits_of(task)
    shares = majority(task, labels["train"], {"test": 80})
    least = metrics_of(task, labels["test"], shares.logits["test"])
    for baseline in (logreg_mean(task, labels, means), tfidf_logreg(task, labels, texts)):
        assert isinstance(baseline, Baseline)
        assert baseline.logits["test"].shape == (80, task.outputs)
        found = metrics_of(task, labels["test"], baseline.logits["test"])
        assert found.loss < least.loss - 0.1
        assert found.accuracy > least.accuracy + 0.1
    assert baseline.params > 0


def test_the_validation_loss_chooses_the_strength():
    labels, means, _ = splits_of(BINARY)
    found = metrics_of(BINARY, labels["valid"], logreg_mean(BINARY, labels, means).logits["valid"])
    from sklearn.preprocessing import StandardScaler

    scaler = StandardScaler().fit(means["train"].astype(np.float32))
    vectors = {name: scaler.transform(own.astype(np.float32)) for name, own in means.items()}
    losses = []
    for strength in (0.1, 1.0, 10.0, 100.0):
        model = LogisticRegression(C=strength, max_iter=300).fit(vectors["train"], labels["train"])
        logits = model.decision_function(vectors["valid"])[:, None].astype(np.float32)
        losses.append(metrics_of(BINARY, labels["valid"], logits).loss)
    assert found.loss == pytest.approx(min(losses))


@pytest.mark.parametrize("present", [[0, 1], [0, 2], [1]])
def test_a_class_without_training_rows_keeps_its_prior(present):
    labels, means, _ = splits_of(THREE)
    labels["train"] = np.random.default_rng(1).choice(present, 200).astype(np.int32)
    baseline = logreg_mean(THREE, labels, means)
    assert np.isfinite(baseline.logits["test"]).all()
    assert set(baseline.logits["test"].argmax(axis=1)) <= set(present)


def worded(kind, label, random):
    """A text whose label shows in its letters only."""
    letters = {
        "unspaced": ("春夏秋冬雨雪", "金木水火土石"),
        "one-letter": ("abcdef", "uvwxyz"),
        "marks": ("!?;:", "+-*/"),
    }
    spaced = "" if kind in ("unspaced", "thai") else " "
    if kind == "thai":
        return "".join(random.choice(list(("กขคงจ", "ฉชซญฐ")[label]), 30))
    return spaced.join(random.choice(list(letters[kind][label]), 30))


@pytest.mark.parametrize("kind", ["unspaced", "thai", "one-letter", "marks"])
@pytest.mark.parametrize("rows", [90, 300])
def test_texts_without_words_count_characters_and_say_so(kind, rows):
    random = np.random.default_rng(0)
    labels = {name: np.arange(count) % 2 for name, count in (("train", rows), ("valid", 30), ("test", 40))}
    texts = {name: [worded(kind, int(label), random) for label in own] for name, own in labels.items()}
    baseline = tfidf_logreg(BINARY, labels, texts)
    assert (baseline.name, baseline.note) == ("tfidf_logreg", CHARACTERS)
    assert metrics_of(BINARY, labels["test"], baseline.logits["test"]).accuracy > 0.95


def test_a_few_words_in_another_script_do_not_make_words_useless():
    labels, _, texts = splits_of(BINARY)
    mixed = {name: [f"{text} 春夏" for text in own] for name, own in texts.items()}
    assert tfidf_logreg(BINARY, labels, mixed).note == tfidf_logreg(BINARY, labels, texts).note == ""


@pytest.mark.parametrize("task", [BINARY, THREE, SEVERAL])
def test_texts_without_characters_have_the_shares_and_say_so(task):
    labels, _, _ = splits_of(task)
    baseline = tfidf_logreg(task, labels, {name: [""] * len(own) for name, own in labels.items()})
    shares = majority(task, labels["train"], {"test": 80})
    assert (baseline.name, baseline.params, baseline.note) == ("tfidf_logreg", 0, NO_TEXT)
    np.testing.assert_array_equal(baseline.logits["test"], shares.logits["test"])
