import hashlib
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from headstart.extract.sample.generator import (
    LABEL_NOISE,
    MAX_WORDS,
    MIN_WORDS,
    SAMPLE_NAME,
    Dice,
    Row,
    _disguised,
    _expanded,
    _mistyped,
    comments,
    rows,
)
from headstart.extract.sample.phrases import KINDS, SENTENCES, WORDS
from headstart.extract.sample.topics import TOPICS

ROOT = Path(__file__).parents[3]
# Changes with every edit of a phrase; caches, figures and README numbers made from the sample change too.
SHA256 = "24803caa0b439190a2142a1b1a2094c0368558e6187c93516c8cb88d6f70b1e3"


@pytest.fixture(scope="module")
def sample() -> list[Row]:
    return rows(3000, 42)


def digest(sample: list[tuple[str, int]]) -> str:
    return hashlib.sha256("".join(f"{label}\t{text}\n" for text, label in sample).encode()).hexdigest()


def test_the_sample_is_the_pinned_one() -> None:
    assert SAMPLE_NAME == "sample"
    assert digest(comments()) == SHA256


@pytest.mark.parametrize("hash_seed", ["0", "1"])
def test_string_hashing_changes_nothing(hash_seed: str) -> None:
    code = "from headstart.extract.sample.generator import comments; print(comments(40, 3))"
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    run = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, check=True
    )
    assert run.stdout.decode().strip() == str(comments(40, 3))


@pytest.mark.parametrize("count", [0, 1, 100])
def test_a_shorter_sample_is_the_start_of_a_longer_one(count: int) -> None:
    assert comments(count) == comments(150)[:count]


def test_another_seed_gives_other_comments() -> None:
    assert not {text for text, _ in comments(100, 1)} & {text for text, _ in comments(100, 2)}


def test_the_dice_use_only_what_python_promises_to_repeat() -> None:
    dice = Dice(42)
    assert [dice.below(10) for _ in range(8)] == [6, 0, 2, 2, 7, 6, 8, 0]


def test_size_and_balance(sample: list[Row]) -> None:
    assert len(sample) == 3000
    assert 0.45 <= np.mean([row.label for row in sample]) <= 0.50


def test_lengths_have_a_hump_and_a_long_tail(sample: list[Row]) -> None:
    lengths = [len(row.text.split()) for row in sample]
    assert min(lengths) == MIN_WORDS
    assert max(lengths) <= MAX_WORDS
    low, median, high = np.percentile(lengths, [10, 50, 97])
    assert low < 10 < 15 < median < 30 < 80 < high


def test_label_noise_is_as_stated(sample: list[Row]) -> None:
    assert np.mean([row.label != row.kind.toxic for row in sample]) == pytest.approx(LABEL_NOISE, abs=0.01)


def test_every_kind_comes_up(sample: list[Row]) -> None:
    counts = Counter(row.kind.name for row in sample)
    assert set(counts) == {kind.name for kind in KINDS} == set(SENTENCES)
    assert min(counts.values()) >= 50


def test_cleaned_comments_differ(sample: list[Row]) -> None:
    cleaned = {re.sub(r"[^a-z0-9 ]", "", row.text.lower()) for row in sample}
    assert len(cleaned) >= 0.999 * len(sample)


@pytest.mark.parametrize("name", SENTENCES)
def test_every_sentence_can_be_filled_on_every_topic(name: str) -> None:
    dice = Dice(0)
    for topic in TOPICS:
        for pattern in SENTENCES[name]:
            filled = _expanded(pattern, {**WORDS, **SENTENCES, **topic}, dice, 0.0)
            assert not re.search(r"[{}|]|  |\ba [aeiou]", filled, re.IGNORECASE), filled


def test_topics_fill_the_same_slots() -> None:
    assert len({tuple(topic) for topic in TOPICS}) == 1
    assert all(phrase for topic in TOPICS for table in topic.values() for phrase in table)


def test_no_sentence_is_both_toxic_and_harmless() -> None:
    by_label = {
        toxic: {sentence for kind in KINDS if kind.toxic == toxic for sentence in SENTENCES[kind.name]}
        for toxic in (True, False)
    }
    assert not by_label[True] & by_label[False]


@pytest.mark.parametrize(
    "phrase",
    [
        "you are",  # who is meant decides, not the word
        "idiot",
        "shut up",
        "damn",
        "nobody called you",
        "people like you",
        "i will make sure",
        "called",
    ],
)
def test_rude_and_harmless_comments_share_their_words(sample: list[Row], phrase: str) -> None:
    assert {row.kind.toxic for row in sample if phrase in row.text.lower()} == {True, False}


def test_toxic_words_sit_anywhere_in_long_comments() -> None:
    insult = re.compile(
        r"people like you should not|i will find out where you live|your mother must be so disa"
    )
    long = [row.text.lower() for row in rows(5000, 7) if len(row.text) > 200]
    places = [found.start() / len(text) for text in long if (found := insult.search(text))]
    assert np.histogram(places, bins=3, range=(0, 1))[0].min() >= 3


def test_disguises_change_the_word_and_nothing_else() -> None:
    dice = Dice(5)
    seen = {_disguised("total idiot", dice) for _ in range(300)}
    assert all(text.startswith("total ") and text != "total idiot" for text in seen)
    assert {"total i d i o t", "total i.d.i.o.t", "total 1d10t", "total id*ot", "total idot"} <= seen


def test_typos_keep_the_first_letter_and_spare_short_words() -> None:
    dice = Dice(5)
    assert _mistyped("the", dice) == "the"
    assert {_mistyped("edit", dice) for _ in range(100)} == {"eidt", "edt"}


def test_word_counts_alone_leave_room_for_better_heads(sample: list[Row]) -> None:
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.model_selection import cross_val_score
    from sklearn.pipeline import make_pipeline

    texts, labels = [row.text for row in sample], [row.label for row in sample]
    lengths = [[len(text.split())] for text in texts]
    words = make_pipeline(TfidfVectorizer(ngram_range=(1, 2)), LogisticRegression())
    assert 0.75 < cross_val_score(words, texts, labels, cv=3).mean() < 0.86
    assert 0.45 < cross_val_score(LogisticRegression(), lengths, labels).mean() < 0.60
