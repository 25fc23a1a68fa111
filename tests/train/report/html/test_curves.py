"""Learning curves, ROC and calibration curves."""

import dataclasses
import re

import pytest

from headstart.train.report.html.curves import epochs, trust
from tests.train.report.html.made_runs import TASKS, made_run


def test_the_best_epoch_is_the_one_whose_weights_were_kept() -> None:
    """A loss that is lower by less than `min_delta` does not replace the kept weights."""
    run, _ = made_run(TASKS["binary"])
    losses = (0.7, 0.5, 0.40, 0.39995, 0.39991)
    run.histories["gru/0"] = tuple(
        record._replace(valid_loss=loss) for record, loss in zip(run.histories["gru/0"], losses, strict=True)
    )
    assert [row.best_epoch for row in run.results if row.head == "gru"] == [3]
    words = epochs(run, None)
    assert "best epoch 3, with validation loss 0.4000" in words
    assert "0.3999" not in words


def test_a_figure_for_each_head_says_what_the_lines_say() -> None:
    run, _ = made_run(TASKS["binary"], seeds=2)
    shown = epochs(run, None)
    assert re.findall(r"Learning curves of (\w+)", shown) == ["avg", "gru", "lstm_pooled"]
    assert shown.count("learning rate cut after epoch 3") == 2 * 3  # as text and as caption
    assert shown.count(">best epoch (3)<") == 3
    # the second seed's, of two curves, in both panels
    assert shown.count('stroke-opacity="0.28"') == 2 * 2 * 3
    assert epochs(dataclasses.replace(run, histories={}), "gru") == ""


def test_the_curves_of_the_recommended_head_come_first_and_the_others_are_folded() -> None:
    run, _ = made_run(TASKS["binary"])
    shown = epochs(run, "gru")
    order = [shown.index(f"<title id=\"epochs-{at}-t\">Learning curves of {name}") for at, name in
        ((1, "gru"), (0, "avg"), (2, "lstm_pooled"))]  # fmt: skip
    assert order == sorted(order)
    assert order[0] < shown.index("<details>") < order[1]
    alone = dataclasses.replace(run, histories={"gru/0": run.histories["gru/0"]})
    assert "<details>" not in epochs(alone, "gru")
    assert "<details>" not in epochs(run, "majority")  # has no epochs: nothing is hidden behind it


def test_a_head_that_diverged_has_a_figure_without_lines() -> None:
    run, _ = made_run(TASKS["binary"], diverged="gru")
    run = dataclasses.replace(run, histories={"gru/0": run.histories["gru/0"]})
    shown = epochs(run, None)
    assert "with validation loss nan" in shown
    assert not drawn(shown, "blue")
    assert not drawn(shown, "orange")


def drawn(shown: str, colour: str) -> list[str]:
    """Lines of a colour inside axes that have more than a beginning."""
    paths = re.findall(
        rf'<path d="([^"]*)" clip-path="[^"]*" fill="none"[^>]*stroke="var\(--{colour}\)"', shown
    )
    return [path for path in paths if "L" in path]


@pytest.mark.parametrize("kind", TASKS)
def test_the_best_head_is_drawn_over_the_others(kind: str) -> None:
    run, _ = made_run(TASKS[kind])
    shown = trust(run, "avg")
    heads = len(run.statistics.curves)
    for figure in shown.split("</figure>")[:2]:
        diagonal = figure.index("stroke-dasharray")
        widths = re.findall(r'stroke="var\(--(grey|blue)\)" stroke-width="(0.7|1.8)"', figure[diagonal:])
        assert widths == [*[("grey", "0.7")] * (heads - 1), ("blue", "1.8")]
    assert f"avg {run.statistics.metrics['avg']['roc_auc'].mean:.3f}" in shown
    assert f"Expected calibration error of avg: {run.statistics.metrics['avg']['ece'].mean:.3f}" in shown
    assert f"would show {run.statistics.metrics['avg']['ece'].chance:.3f} by chance" in shown
    assert trust(run, None) == ""
