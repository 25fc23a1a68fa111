"""The bundled sample: short synthetic comments, labelled toxic or not.

A demonstration, not a benchmark: the comments come from a seeded generator, so scores on them say whether
the pipeline works and how heads differ, and nothing about real comments. A comment is one sentence that
decides the label (its kind, see `sample_phrases`) among others: civil ones, a few that only sound rude and,
in some toxic comments, more of the same. Typos, odd casing and missing punctuation follow. A few labels are
wrong on purpose, so no head should reach 100 %.

Accuracy of logistic regression on the default sample, ten folds: 0.84 on TF-IDF of words and word pairs, 0.79
on the mean of MiniLM's features; always answering "not toxic" gives 0.51.
"""

import random
import re
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeVar

from headstart.extract.sample.phrases import KINDS, SENTENCES, SWEAR_SLOTS, WORDS, Kind
from headstart.extract.sample.topics import TOPICS, Table

SAMPLE_NAME = "sample"
MIN_WORDS, MAX_WORDS = 3, 150
TOXIC_SHARE = 0.49
LABEL_NOISE = 0.03
# Share of the other sentences that sound rude and are not, in comments of either label.
DECOY_SHARE = 0.05
# Share of the other sentences of a toxic comment that are toxic too: one slip, a quarrel, a rant.
TEMPERS = (0.0, 0.6, 0.9)

_ATTACKS = tuple(kind for kind in KINDS if kind.toxic)
_DECOYS = tuple(kind for kind in KINDS if not kind.toxic and kind.name not in ("civil", "identity"))
_SLOT = re.compile(r"\{(\w+)\}")
_ARTICLE = re.compile(r"\b([Aa]) (?=[aeiouAEIOU])")
_CONTRACTIONS = {
    "I am": "I'm", "you are": "you're", "it is": "it's", "that is": "that's", "do not": "don't",
    "does not": "doesn't", "cannot": "can't", "is not": "isn't", "I will": "I'll", "you will": "you'll",
    "I would": "I'd", "nobody is": "nobody's", "I have been": "I've been",
    "was not": "wasn't", "would not": "wouldn't",
}  # fmt: skip
# Only before a word: "what a fool you are" cannot be shortened.
_CONTRACTIBLE = re.compile(rf"\b({'|'.join(_CONTRACTIONS)})(?= \w)")
_CHAT = {"you": "u", "are": "r", "please": "pls", "because": "cuz", "your": "ur", "and": "n", "people": "ppl"}
_CHATTABLE = re.compile(rf"\b({'|'.join(_CHAT)})\b")

T = TypeVar("T")


class Row(NamedTuple):
    """One comment; `label` differs from `kind.toxic` where label noise struck."""

    text: str
    label: int
    kind: Kind


class Dice:
    """Seeded choices that no Python version changes.

    Only `random()` is promised to repeat across versions; `choice`, `sample` and `shuffle` are not.
    """

    def __init__(self, seed: int) -> None:
        self.roll: Callable[[], float] = random.Random(seed).random

    def chance(self, share: float) -> bool:
        """True in this share of the calls."""
        return self.roll() < share

    def below(self, stop: int) -> int:
        """A whole number from 0 up to, not including, `stop`."""
        return int(self.roll() * stop)

    def pick(self, table: Sequence[T]) -> T:
        """One entry of the table, each as likely as the next."""
        return table[self.below(len(table))]


def comments(count: int = 3000, seed: int = 42) -> list[tuple[str, int]]:
    """The sample, the same on every machine for the same count and seed.

    Args:
        count: number of comments.
        seed: another seed gives other comments of the same kinds.

    Returns:
        Pairs of text and label, 1 for toxic, in random order.
    """
    return [(row.text, row.label) for row in rows(count, seed)]


def rows(count: int, seed: int) -> list[Row]:
    """The sample with the kind of every comment; no two are equal once punctuation and case are gone.

    Cleaning drops both, and a comment found in training and test would test memory.
    """
    drawn = _drawn(Dice(seed))
    kept: dict[str, Row] = {}
    while len(kept) < count:
        row = next(drawn)
        if MIN_WORDS <= len(row.text.split()) <= MAX_WORDS:
            kept.setdefault(re.sub(r"[^a-z0-9 ]", "", row.text.lower()).strip(), row)
    return list(kept.values())


def _drawn(dice: Dice) -> Iterator[Row]:
    """Rows without end; some are too short or repeat an earlier one."""
    while True:
        kind = _kind(dice)
        text = _roughened(_comment(kind, dice), dice)
        yield Row(text, int(kind.toxic != dice.chance(LABEL_NOISE)), kind)


def _kind(dice: Dice) -> Kind:
    """A kind, its label drawn first so that the balance does not hang on the weights."""
    toxic = dice.chance(TOXIC_SHARE)
    return dice.pick([kind for kind in KINDS if kind.toxic == toxic for _ in range(kind.weight)])


def _comment(kind: Kind, dice: Dice) -> str:
    """The deciding sentence at a random place among sentences that fill the length drawn for the comment."""
    tables = {**WORDS, **SENTENCES, **dice.pick(TOPICS)}
    length = _length(dice)
    sentences: list[str] = []
    deciding = _deciding(kind, tables, dice, length)
    for sentence in _surroundings(kind, tables, dice):
        if len(" ".join([deciding, *sentences, sentence]).split()) > length:
            break
        sentences.append(sentence)
    sentences.insert(dice.below(len(sentences) + 1), deciding)
    return " ".join(_sentence_case(sentence) for sentence in sentences)


def _length(dice: Dice) -> float:
    """Words to aim at: a hump near 30 with a long tail, the mean of two rolls on a log scale."""
    return float(MIN_WORDS * (MAX_WORDS / MIN_WORDS) ** (((dice.roll() + dice.roll()) / 2) ** 0.85))


def _deciding(kind: Kind, tables: Table, dice: Dice, length: float) -> str:
    """A sentence of the kind: the first of four that fits the length, else the last."""
    for _ in range(4):
        sentence = _sentence(kind, tables, dice)
        if len(sentence.split()) <= length:
            break
    return sentence


def _surroundings(kind: Kind, tables: Table, dice: Dice) -> Iterator[str]:
    """The other sentences: civil ones, each pattern once, decoys and, in a toxic comment, more attacks."""
    temper = dice.pick(TEMPERS) if kind.toxic else 0.0
    civil = list(SENTENCES["civil"])
    while civil:
        if dice.chance(temper):
            yield _sentence(dice.pick(_ATTACKS), tables, dice)
        elif dice.chance(DECOY_SHARE):
            yield _sentence(dice.pick(_DECOYS), tables, dice)
        else:
            yield _expanded(civil.pop(dice.below(len(civil))), tables, dice, 0.0)


def _sentence(kind: Kind, tables: Table, dice: Dice) -> str:
    """One sentence of the kind."""
    return _expanded(dice.pick(SENTENCES[kind.name]), tables, dice, kind.disguise)


def _expanded(pattern: str, tables: Table, dice: Dice, disguise: float) -> str:
    """The pattern with every slot filled, slots within slots too."""
    pieces = _SLOT.split(pattern)  # text, slot, text, slot, ..., text
    pieces[1::2] = [_filled(slot, tables, dice, disguise) for slot in pieces[1::2]]
    return _ARTICLE.sub(r"\1n ", "".join(pieces))


def _filled(slot: str, tables: Table, dice: Dice, disguise: float) -> str:
    """A phrase for the slot, swear words disguised as often as asked."""
    phrase = _expanded(dice.pick(tables[slot]), tables, dice, disguise)
    return _disguised(phrase, dice) if slot in SWEAR_SLOTS and dice.chance(disguise) else phrase


def _disguised(phrase: str, dice: Dice) -> str:
    """The phrase with its last word misspelt the way people slip past a word filter."""
    *rest, word = phrase.split()
    return " ".join([*rest, dice.pick(_DISGUISES)(word, dice)])


def _spaced(word: str, dice: Dice) -> str:
    return dice.pick((" ", " ", ".", "-")).join(word)


def _leet(word: str, dice: Dice) -> str:
    return word.translate(dice.pick((str.maketrans("aio", "@10"), str.maketrans("aeios", "431o5"))))


def _starred(word: str, dice: Dice) -> str:
    at = 1 + dice.below(len(word) - 2)
    return word[:at] + dice.pick("**#") + word[at + 1 :]


def _stretched(word: str, dice: Dice) -> str:
    at = 1 + dice.below(len(word) - 1)
    return word[:at] + word[at] * (1 + dice.below(3)) + word[at:]


def _shortened(word: str, dice: Dice) -> str:
    at = 1 + dice.below(len(word) - 1)
    return word[:at] + word[at + 1 :]


# As in i d i o t, 1d10t, id*ot, idiiot, idot.
_DISGUISES = (_spaced, _leet, _starred, _stretched, _shortened)


def _sentence_case(sentence: str) -> str:
    """The sentence with a capital first letter and an end."""
    return sentence[0].upper() + sentence[1:] + ("" if sentence[-1] in "?!" else ".")


def _roughened(text: str, dice: Dice) -> str:
    """The text as typed by somebody in a hurry: the same habits for both labels."""
    if dice.chance(0.55):
        text = _CONTRACTIBLE.sub(lambda words: _CONTRACTIONS[words[1]], text)
    if dice.chance(0.08):
        text = _CHATTABLE.sub(lambda word: _CHAT[word[1]], text)
    if dice.chance(0.35):
        text = " ".join(_mistyped(word, dice) if dice.chance(0.05) else word for word in text.split())
    return _cased(_punctuated(text, dice), dice)


def _mistyped(word: str, dice: Dice) -> str:
    """The word with two neighbouring letters swapped, or one lost; short words stay as they are."""
    if len(word) < 4:
        return word
    at = 1 + dice.below(len(word) - 3)
    return word[:at] + (word[at + 1] + word[at] if dice.chance(0.6) else word[at]) + word[at + 2 :]


def _punctuated(text: str, dice: Dice) -> str:
    """The text with its commas, apostrophes and last mark as careful as the writer."""
    if dice.chance(0.2):
        text = text.replace(",", "").replace("'", "")
    ending = dice.roll()
    if ending < 0.3:
        return text.rstrip(".")
    if ending < 0.4:
        return text.rstrip(".") + dice.pick(("!", "!!!", "...", " :)", "!!"))
    return text


def _cased(text: str, dice: Dice) -> str:
    """The text as written, in small letters, or now and then shouted."""
    habit = dice.roll()
    if habit < 0.3:
        return text.lower()
    return text.upper() if habit < 0.33 else text
