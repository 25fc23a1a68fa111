import json
from itertools import combinations

import numpy as np
import pytest
from scipy.stats import binomtest, fisher_exact

from headstart.cache.task import BINARY, Task
from headstart.train.results.run_record import encode
from headstart.train.statistics.compare import RunAnswers, align, compare_runs, take
from headstart.train.statistics.proportion import difference_interval


def run(name="a", rows=200, seed=0, heads=("cls", "gru"), seeds=1, noise=1.0, task=BINARY):
    """A run whose labels depend on the number of rows only, its noise on the seed."""
    labels = np.random.default_rng(99).integers(0, 2, (rows, task.outputs))
    rng = np.random.default_rng(seed)
    logits = {
        head: (2 * labels - 1 + noise * rng.normal(size=(seeds, rows, task.outputs))).astype(np.float32)
        for head in heads
    }
    labels = labels[:, 0] if task.kind == "binary" else labels
    return RunAnswers(name, task, labels, np.arange(rows) * 7, logits)


def shuffled(own, seed=3):
    return take(own, np.random.default_rng(seed).permutation(len(own.rows)))


def test_rows_are_paired_by_number_whatever_their_order():
    a, b = run(), shuffled(run(name="b", seed=1))
    found = align(a, b)
    first, second = found.positions
    assert (a.rows[first] == b.rows[second]).all()
    assert len(first) == 200
    assert found.statement == "paired: the same 200 test rows with the same labels."


def test_rows_that_one_run_has_removed_are_left_out():
    a, b = run(), take(run(name="b"), np.arange(50, 200))
    found = align(a, b)
    assert found.statement == "paired on the 150 test rows that both have (A 200, B 150); labels agree."
    assert (a.rows[found.positions[0]] == b.rows[found.positions[1]]).all()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda own: own._replace(rows=own.rows + 1), "not paired: no row is in both."),
        (
            lambda own: own._replace(rows=own.rows + 7 * 150),
            "not paired: only 50 of up to 200 rows have the same number.",
        ),
        (
            lambda own: own._replace(labels=np.where(np.arange(200) < 3, 1 - own.labels, own.labels)),
            "not paired: 3 of 200 rows with the same number have other labels.",
        ),
    ],
)
def test_other_rows_are_not_paired(change, reason):
    found = align(run(), change(run(name="b")))
    assert found.positions is None
    assert found.statement.startswith(reason)


def right(own, head):
    return (own.logits[head][0, :, 0] > 0) == own.labels


def test_paired_runs_are_compared_head_by_head():
    a, b = run(), run(name="b", seed=1, noise=0.7)
    found = compare_runs([a, shuffled(b)])
    (pair,) = found.pairs
    assert (pair.paired, pair.rows) == (True, 200)
    for row in pair.heads:
        one, two = right(a, row.head), right(b, row.head)
        only_a, only_b = int((one & ~two).sum()), int((two & ~one).sum())
        assert (row.a, row.b) == pytest.approx((one.mean(), two.mean()))
        assert row.change == pytest.approx(two.mean() - one.mean())
        assert (row.only_a, row.only_b) == (only_a, only_b)
        assert row.p == pytest.approx(binomtest(only_a, only_a + only_b).pvalue)
        error = np.std(two * 1.0 - one) / 200**0.5
        assert [row.low, row.high] == pytest.approx([row.change + k * error for k in (-1.96, 1.96)], abs=0.01)


def test_the_difference_is_taken_row_by_row():
    a, b = run(), run(name="b", seed=1)
    row = compare_runs([a, b]).pairs[0].heads[1]
    expected = difference_interval(right(b, "gru") * 1.0, right(a, "gru") * 1.0, paired=True)
    assert (row.low, row.high) == pytest.approx(expected)


def test_unpaired_runs_have_wider_intervals_and_fishers_test():
    a = run()
    noise = np.random.default_rng(5).normal(size=(1, 200, 1)).astype(np.float32)
    b = a._replace(name="b", logits={head: own + noise for head, own in a.logits.items()})
    (paired,) = compare_runs([a, b]).pairs
    (apart,) = compare_runs([a, b._replace(rows=b.rows + 1)]).pairs
    assert (apart.paired, apart.rows) == (False, None)
    for near, far in zip(paired.heads, apart.heads, strict=True):
        assert far.change == near.change
        assert far.high - far.low > near.high - near.low
        counts = [[own.sum(), (~own).sum()] for own in (right(a, far.head), right(b, far.head))]
        assert far.p == pytest.approx(fisher_exact(counts).pvalue)
        assert far.only_a is far.only_b is None


def test_every_two_runs_are_tested_together():
    runs = [run(name=name, seed=i) for i, name in enumerate("abc")]
    found = compare_runs(runs)
    assert [(pair.a, pair.b) for pair in found.pairs] == list(combinations("abc", 2))
    assert found.comparisons == 6
    smallest = min((row for pair in found.pairs for row in pair.heads), key=lambda row: row.p)
    assert smallest.p_holm == pytest.approx(min(1, 6 * smallest.p))


def test_heads_of_one_run_only_are_named():
    a, b = run(heads=("cls", "gru")), run(name="b", heads=("gru", "lstm"))
    (pair,) = compare_runs([a, b]).pairs
    assert [row.head for row in pair.heads] == ["gru"]
    assert (pair.only_in_a, pair.only_in_b) == (["cls"], ["lstm"])


def test_a_diverged_head_is_not_compared():
    a, b = run(), run(name="b")
    b.logits["gru"][:] = np.nan
    found = compare_runs([a, b])
    json.dumps(encode(found), allow_nan=False)
    assert [row.head for row in found.pairs[0].heads] == ["cls"]
    assert found.runs[1].accuracy["gru"] is None
    assert found.pairs[0].diverged_in_b == ["gru"]
    none_left = compare_runs([b._replace(logits={"gru": b.logits["gru"]}), a])
    assert (none_left.pairs[0].heads, none_left.pairs[0].diverged_in_a) == ([], ["gru"])


def test_several_labels_must_all_be_right():
    task = Task("multilabel", ("x", "y"))
    a, b = run(task=task, seeds=2), run(name="b", seed=1, task=task, seeds=3)
    found = compare_runs([a, b])
    assert found.compared == "subset_accuracy"
    expected = ((a.logits["gru"] > 0) == a.labels).all(axis=2).mean()
    assert found.runs[0].accuracy["gru"] == pytest.approx(expected)


def test_runs_of_one_name_are_numbered():
    found = compare_runs([run(), run()])
    assert [scores.name for scores in found.runs] == ["a (1)", "a (2)"]
    assert all(row.p == 1 and not row.differs for row in found.pairs[0].heads)


@pytest.mark.parametrize(
    ("runs", "message"),
    [
        ([run()], "1 run cannot be compared"),
        (
            [run(), run(name="b", task=Task("multilabel", ("x",)))],
            "other classes .* a: binary 0, 1; b: multilabel x",
        ),
    ],
)
def test_what_cannot_be_compared(runs, message):
    with pytest.raises(ValueError, match=message):
        compare_runs(runs)
