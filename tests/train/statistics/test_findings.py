"""What readers ask the records of the statistics."""

import dataclasses

import pytest

from headstart.train.results.run_record import decode
from headstart.train.statistics.findings import Estimate, Summary
from tests.train.results.run_before import BEFORE

ESTIMATE = Estimate(0.5, None, 0.25, 0.75, None, None, [0.5])


@pytest.mark.parametrize("name", ["mean", "low", "high"])
def test_an_estimate_is_known_with_its_mean_and_both_ends(name: str) -> None:
    assert ESTIMATE.known == (0.5, 0.25, 0.75)
    assert dataclasses.replace(ESTIMATE, mean=0.0, low=0.0).known == (0.0, 0.0, 0.75)
    assert dataclasses.replace(ESTIMATE, **{name: None}).known is None


def test_heads_are_compared_by_one_metric() -> None:
    summary = decode(Summary, BEFORE["statistics"])
    for name, estimate in summary.compared_estimates().items():
        assert estimate.mean == BEFORE["statistics"]["metrics"][name]["accuracy"]["mean"]
    by_loss = dataclasses.replace(summary, compared="loss")
    assert by_loss.compared_estimates()["avg"] == summary.metrics["avg"]["loss"]
