"""Whatever heads answer, no sentence and no letter says anything else than the table of pairs."""

import re

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from headstart.cache.task import BINARY
from headstart.train.report.compare import compare_lines
from headstart.train.report.html.heads_table import differences
from headstart.train.statistics.compare import RunAnswers, compare_runs
from headstart.train.statistics.entrant import SplitAnswers
from headstart.train.statistics.letters import letter_groups
from headstart.train.statistics.pairs import HeadDecisions, compare_pairs
from headstart.train.statistics.summary import summarise
from headstart.train.statistics.verdict import Standing, verdict

NAMES = ("cls", "max", "avg", "gru", "lstm", "tfidf_logreg")
FLOORS = {"tfidf_logreg"}


@st.composite
def answers(draw, rows=40):
    """Logits of heads that are right on some rows; many are right equally often, on the same rows or on others."""
    heads = draw(st.integers(1, len(NAMES)))
    labels = np.arange(rows) % 2
    logits = {}
    for name in NAMES[:heads]:
        seeds = draw(st.integers(1, 2)) if name not in FLOORS else 1
        wrong = draw(
            st.lists(
                st.tuples(st.integers(0, rows), st.sampled_from((0, 7, 20))), min_size=seeds, max_size=seeds
            )
        )
        right = np.stack([np.roll(np.arange(rows) >= count, by) for count, by in wrong])
        logits[name] = np.where(right == labels, 2.0, -2.0)[..., None].astype(np.float32)
    return labels, logits


def names_in(text):
    return [name for name in re.findall(r"\w+", text) if name in NAMES]


def claims(first, second, leaders, others):
    """Pairs that two sentences call alike, and those that they call different."""
    same, differ = set(), set()
    if apart := re.search(r"cannot be told apart from (.*)\.", first):
        listed = names_in(apart[1])
        if "any other head" in apart[1]:
            listed += [name for name in others if name not in FLOORS]
        same |= {frozenset([a, b]) for a in leaders for b in listed}
    for part in second.rstrip(".").split("; "):
        winners, _, losers = re.split(r"\b(beats?)\b", part, maxsplit=1) if "beat" in part else ("", "", "")
        alone = names_in(winners)
        named = names_in(losers)
        differ |= {frozenset([a, b]) for a in alone or leaders for b in named}
        same |= {frozenset([a, b]) for a in leaders for b in named if alone and a not in alone}
    if "No difference between any two" in second or "equally often" in second:
        same |= {frozenset([a, b]) for a in leaders for b in (*others, *leaders) if a != b}
    return same, differ


def check(pairs, sentences, groups, accuracies):
    """Compare sentences and letters with the pairs."""
    differing = {frozenset([pair.a, pair.b]) for pair in pairs if pair.differs}
    alike = {frozenset([pair.a, pair.b]) for pair in pairs if not pair.differs}
    top = max(accuracies.values())
    leaders = [name for name, accuracy in accuracies.items() if accuracy == top]
    others = [name for name in accuracies if name not in leaders]
    same, differ = claims(*sentences, leaders, others)
    assert same <= alike
    assert differ <= differing
    # and nothing about the first is left unsaid
    assert all(frozenset([a, b]) in same | differ for a in leaders for b in others)
    for pair in pairs:
        assert bool(set(groups[pair.a]) & set(groups[pair.b])) != pair.differs


@settings(max_examples=150, deadline=None)
@given(answers())
def test_sentences_and_letters_repeat_the_pairs(table):
    labels, logits = table
    right = {name: (own[..., 0] > 0) == labels for name, own in logits.items()}
    accuracies = {name: float(own.mean()) for name, own in right.items()}
    pairs = compare_pairs([HeadDecisions(name, own[0], own) for name, own in right.items()])
    differing = {frozenset([pair.a, pair.b]) for pair in pairs if pair.differs}
    standings = [Standing(name, mean, mean, mean, name in FLOORS) for name, mean in accuracies.items()]
    groups = letter_groups(sorted(accuracies, key=lambda name: -accuracies[name]), differing)
    check(pairs, verdict(standings, differing, [], "accuracy", len(labels), 1), groups, accuracies)


@settings(max_examples=10, deadline=None)
@given(answers())
def test_the_summary_and_the_page_repeat_them_too(table):
    labels, logits = table
    split = SplitAnswers(labels, logits)
    summary = summarise(BINARY, split, split, FLOORS & logits.keys(), resamples=5)
    accuracies = {name: metrics["accuracy"].mean for name, metrics in summary.metrics.items()}
    check(summary.pairs, summary.verdict, summary.groups, accuracies)
    page, count = differences(summary), sum(pair.differs for pair in summary.pairs)
    assert f"{count} of {len(summary.pairs)} pairs differ" in page
    assert page.count("<tr>") == (count + 1 if count else 0)


@settings(max_examples=30, deadline=None)
@given(answers(), answers())
def test_runs_that_are_compared_are_better_for_the_heads_that_differ(one, two):
    labels, rows = one[0], np.arange(len(one[0]))
    runs = [
        RunAnswers(name, BINARY, labels, rows, table[1]) for name, table in zip("ab", (one, two), strict=True)
    ]
    comparison = compare_runs(runs)
    (pair,) = comparison.pairs
    text = " ".join(compare_lines(comparison).split())
    better = {
        run: set(names_in(m[1])) if (m := re.search(rf"{run} is better for ([\w, ]*)", text)) else set()
        for run in "AB"
    }
    assert better["B"] == {row.head for row in pair.heads if row.differs and row.change > 0}
    assert better["A"] == {row.head for row in pair.heads if row.differs and row.change < 0}
    assert all(row.low <= row.change <= row.high for row in pair.heads)
    assert not any(row.differs and row.low <= 0 <= row.high and row.p_seeds is None for row in pair.heads)
    assert "-0.0000" not in text
