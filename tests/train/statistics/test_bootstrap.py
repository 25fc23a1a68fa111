import numpy as np
import pytest
from scipy import stats

from headstart.train.statistics import bootstrap
from headstart.train.statistics.bootstrap import draw, interval, resample, resamples_for


def test_every_sample_has_as_many_rows_and_every_row_the_same_chance():
    counts = draw(50, 4000, [1])
    assert (counts.sum(axis=0) == 50).all()
    # each row's count is binomial with mean 1
    assert stats.chisquare(counts.sum(axis=1)).pvalue > 0.001
    assert counts.var() == pytest.approx(1 - 1 / 50, rel=0.02)


def test_all_statistics_see_the_same_samples(monkeypatch):
    values = np.random.default_rng(0).random((2, 30)).astype(np.float32)
    monkeypatch.setattr(bootstrap, "CHUNK", 30 * 7)  # 15 pieces, the last one short
    both = resample(lambda weights: values @ weights, 30, 100, seed=5)
    alone = resample(lambda weights: values[1:] @ weights, 30, 100, seed=5)
    assert both.shape == (2, 100)
    assert both[1] == pytest.approx(alone[0], rel=1e-6)
    assert len(set(both[0].tolist())) > 90
    assert not np.array_equal(both[0], resample(lambda weights: values[:1] @ weights, 30, 100, seed=6)[0])


def test_as_many_resamples_as_rows_are_too_many_for_a_chunk(monkeypatch):
    monkeypatch.setattr(bootstrap, "CHUNK", 8)
    assert resample(lambda weights: weights.sum(axis=0, keepdims=True), 20, 3).tolist() == [[20, 20, 20]]


def test_the_interval_is_scipys_percentile_interval_of_a_higher_level():
    data = np.random.default_rng(2).exponential(size=80)
    draws = resample(lambda weights: (data @ weights)[None] / 80, 80, 20_000)
    level = 1 - 2 * stats.norm.cdf(stats.t.ppf(0.025, 79) * np.sqrt(80 / 79))
    assert 0.95 < level < 0.96
    ends = stats.bootstrap(
        (data,), np.mean, n_resamples=20_000, method="percentile", rng=3, confidence_level=level
    ).confidence_interval
    assert interval(draws, 80)[:, 0] == pytest.approx([ends.low, ends.high], abs=0.01)


@pytest.mark.parametrize("rows", [5, 12, 30])
def test_of_few_normal_rows_it_is_students_interval(rows):
    data = np.random.default_rng(rows).normal(size=rows)
    spread = data.std() / np.sqrt(rows)  # of the resamples' means
    ends = interval(data.mean() + spread * np.random.default_rng(0).normal(size=(1, 400_000)), rows)[:, 0]
    expected = stats.t.interval(0.95, rows - 1, data.mean(), stats.sem(data))
    assert ends == pytest.approx(expected, rel=0.02, abs=0.02)


def test_undefined_resamples_are_left_out():
    values = np.array([[np.nan, 1.0, 1.0], [np.nan, np.nan, np.nan]])
    ends = interval(values, 50)
    assert ends[:, 0].tolist() == [1, 1]
    assert np.isnan(ends[:, 1]).all()


@pytest.mark.parametrize(("heads", "resamples"), [(1, 10_000), (13, 10_000), (16, 10_000), (19, 2_000)])
def test_many_heads_are_resampled_less_often(heads, resamples):
    assert resamples_for(heads) == resamples
