"""What a head must beat to be worth its name: the frequencies of the classes, and logistic regressions."""

import time
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float, Float32, Int
from sklearn.exceptions import ConvergenceWarning
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

from headstart.cache.task import Task
from headstart.train.data.split import Split
from headstart.train.metrics.probabilities import LINKS, Labels, row_losses, targets

STRENGTHS = (0.1, 1.0, 10.0, 100.0)
"""Inverse regularisation; the validation loss chooses."""
MEAN = 2  # place of the mean among the pooled vectors
MOST_ROWS = 50_000
"""Most training rows, drawn at random: a baseline should not take longer than the heads."""
KNOWN = 0.25
"""Share of the letters of validation texts in known words, below which characters may say more; of English texts it is
above that from about 50 training rows on."""
MOST_CHARACTERS = 200_000
CHARACTERS = (
    "tfidf_logreg counts one to three characters, not words: few letters of the validation texts stand in words of the "
    "training texts, and characters have the lower validation loss."
)
NO_TEXT = (
    "tfidf_logreg has nothing to count: the training texts are empty; it says how often each class comes."
)


class Baseline(NamedTuple):
    """A classifier without a head.

    Attributes:
        name: `majority`, `tfidf_logreg` or `logreg_mean`.
        params: Its coefficients.
        seconds: Wall clock of the fit.
        logits: Logits of the rows of each split but training.
        note: What a reader of the table must know of it; empty if nothing.
    """

    name: str
    params: int
    seconds: float
    logits: dict[str, Float32[np.ndarray, "b k"]]
    note: str = ""


def all_baselines(task: Task, splits: Mapping[str, Split], logistic: bool) -> list[Baseline]:
    """The frequencies of the classes and, if asked for, the two logistic regressions."""
    rows = {name: len(split.labels) for name, split in splits.items() if name != "train"}
    baselines = [majority(task, splits["train"].labels, rows)]
    if not logistic:
        return baselines
    learnt = drawn(len(splits["train"].labels))
    labels = {name: split.labels for name, split in splits.items()}
    texts = {name: split.texts for name, split in splits.items()}
    means = {name: split.pooled[:, MEAN] for name, split in splits.items()}
    labels["train"], means["train"] = labels["train"][learnt], means["train"][learnt]
    texts["train"] = [texts["train"][row] for row in learnt]
    return [*baselines, tfidf_logreg(task, labels, texts), logreg_mean(task, labels, means)]


def majority(task: Task, labels: Labels, rows: Mapping[str, int]) -> Baseline:
    """The frequency of each class among the training labels, for every row.

    As for heads a probability above 0.5 says 1, so equal classes say 0.
    """
    logits = prior(task, labels)
    constant = {name: np.tile(logits, (count, 1)) for name, count in rows.items()}
    return Baseline("majority", 0, 0.0, constant)


def prior(task: Task, labels: Labels) -> Float32[np.ndarray, " k"]:
    """Logits that say how often each class comes."""
    logits = LINKS[task.link].inverse(targets(task, labels).mean(axis=0))
    return np.asarray(logits.astype(np.float32))


def logreg_mean(
    task: Task, labels: Mapping[str, Int[np.ndarray, " _ *k"]], means: Mapping[str, Float[np.ndarray, "_ d"]]
) -> Baseline:
    """Logistic regression on mean-pooled hidden states, each feature scaled to unit variance."""
    start = time.perf_counter()
    scaler = StandardScaler().fit(means["train"].astype(np.float32))
    scaled = {name: scaler.transform(vectors.astype(np.float32)) for name, vectors in means.items()}
    return _fitted("logreg_mean", task, labels, scaled, start)


def tfidf_logreg(
    task: Task, labels: Mapping[str, Int[np.ndarray, " _ *k"]], texts: Mapping[str, Sequence[str]]
) -> Baseline:
    """Logistic regression on words and pairs of words, weighted by TF-IDF.

    Texts that do not separate their words, or whose words are single letters, have few words that come again: where
    most letters of the validation rows are in unknown words, characters are tried, too, and the note says if they do
    better. Texts without any character have the frequencies of the classes.
    """
    words = _learnt(TfidfVectorizer(ngram_range=(1, 2)), texts)
    tried = [_tfidf(task, labels, texts, words)] if words else []
    if words and _known_letters(words, texts["valid"]) >= KNOWN:
        return tried[0]
    most = {"ngram_range": (1, 3), "max_features": MOST_CHARACTERS}
    if characters := _learnt(TfidfVectorizer(analyzer="char", **most), texts):
        tried.append(_tfidf(task, labels, texts, characters)._replace(note=CHARACTERS))
    if not tried:
        rows = {name: len(split) for name, split in texts.items() if name != "train"}
        return majority(task, labels["train"], rows)._replace(name="tfidf_logreg", note=NO_TEXT)
    return min(tried, key=lambda baseline: row_losses(task, labels["valid"], baseline.logits["valid"]).mean())


def _tfidf(
    task: Task,
    labels: Mapping[str, Int[np.ndarray, " _ *k"]],
    texts: Mapping[str, Sequence[str]],
    vectorizer: TfidfVectorizer,
) -> Baseline:
    """Logistic regression on what a vectorizer makes of texts."""
    start = time.perf_counter()
    vectors = {name: vectorizer.transform(split) for name, split in texts.items()}
    return _fitted("tfidf_logreg", task, labels, vectors, start)


def _learnt(vectorizer: TfidfVectorizer, texts: Mapping[str, Sequence[str]]) -> TfidfVectorizer | None:
    """A vectorizer with the vocabulary of the training texts; None where there is none."""
    few = 2 if len(texts["train"]) > 100 else 1
    try:
        return vectorizer.set_params(sublinear_tf=True, min_df=few).fit(texts["train"])
    except ValueError:  # an empty vocabulary
        return None


def _known_letters(words: TfidfVectorizer, texts: Sequence[str]) -> float:
    """Share of the letters of some texts that stand in words of the vocabulary; 0 where there are none."""
    prepare, tokenize = words.build_preprocessor(), words.build_tokenizer()
    prepared = [prepare(text) for text in texts]
    known = sum(len(word) for text in prepared for word in tokenize(text) if word in words.vocabulary_)
    return float(known / max(1, sum(letter.isalnum() for text in prepared for letter in text)))


def drawn(rows: int) -> Int[np.ndarray, " r"]:
    """The training rows that baselines learn from, in order."""
    if rows <= MOST_ROWS:
        return np.arange(rows)
    return np.sort(np.random.default_rng(0).choice(rows, MOST_ROWS, replace=False))


def _fitted(
    name: str, task: Task, labels: Mapping[str, Any], vectors: Mapping[str, Any], start: float
) -> Baseline:
    """Fit with every strength and keep the one with the lowest validation loss."""
    fits = []
    for strength in STRENGTHS:
        models = [_fit(vectors["train"], column, strength) for column in _columns(task, labels["train"])]
        logits = {
            split: _logits(task, models, rows, labels["train"])
            for split, rows in vectors.items()
            if split != "train"
        }
        loss = float(row_losses(task, labels["valid"], logits["valid"]).mean())
        fits.append((loss, sum(_size(model) for model in models), logits))
    _, params, logits = min(fits, key=lambda fit: fit[0])
    return Baseline(name, params, time.perf_counter() - start, logits)


def _columns(task: Task, labels: Labels) -> list[Int[np.ndarray, " r"]]:
    """What one regression each learns."""
    return list(labels.T) if task.several else [labels]


def _fit(vectors: Any, labels: Int[np.ndarray, " r"], strength: float) -> LogisticRegression | None:
    """A regression; None where there is only one class to learn."""
    if len(np.unique(labels)) < 2:
        return None
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # a baseline a little lower than it could be
        return LogisticRegression(C=strength, max_iter=300).fit(vectors, labels)


def _logits(
    task: Task, models: Sequence[LogisticRegression | None], vectors: Any, labels: Labels
) -> Float32[np.ndarray, "b k"]:
    """Logits of all outputs; those of a class that no training row has are its prior's."""
    whole = np.tile(prior(task, labels), (vectors.shape[0], 1))
    for output, model in enumerate(models):
        if model is None:
            continue
        scores = model.decision_function(vectors)
        if task.link == "sigmoid":
            whole[:, output] = scores
        elif scores.ndim == 2:
            whole[:, model.classes_] = scores
        else:  # two of the classes are there: scikit-learn gives the second's log-odds
            whole[:, model.classes_] = np.stack([np.zeros_like(scores), scores], axis=1)
    return whole


def _size(model: LogisticRegression | None) -> int:
    return 0 if model is None else model.coef_.size + model.intercept_.size
