"""Accuracy by layer in the report."""

import re

import pytest

from headstart.train.report.html.layers import layers
from headstart.train.report.html.page import Names, render
from tests.train.report.html.made_runs import TASKS, made_run
from tests.train.report.html.test_page import Page
from tests.train.report.layered_runs import HEADS, layered_run


def test_the_figure_says_every_accuracy_and_draws_it() -> None:
    run = layered_run(better={"2": 0.9, "all": 0.95})
    shown, estimates = layers(run, "accuracy"), run.statistics.compared_estimates()
    for head in HEADS:
        for layer in (*range(5), "all"):
            mean, low, high = estimates[f"{head}@{layer}"].known or (0, 0, 0)
            place = "all layers" if layer == "all" else f"layer {layer}"
            assert re.search(rf"{place} {mean:.3f} \({low:.3f} to {high:.3f}(, chosen)?\)", shown)
    assert shown.count(", chosen)") == 2
    figure = shown[: shown.index("</figure>")]
    for head, colour in zip(HEADS, ("blue", "orange"), strict=True):
        assert f">{head}</text>" in figure
        assert f'stroke="var(--{colour})"' in figure


def test_the_table_holds_the_choices() -> None:
    run = layered_run(better={"2": 0.9}, folds=3)
    assert run.layers
    shown = layers(run, "accuracy")
    for choice in run.layers.choices:
        assert f"{choice.test:.4f}" in shown
        assert f"{choice.optimism:z.4f}" in shown
        assert f"{choice.last.low:+z.3f} to {choice.last.high:+z.3f}" in shown
    assert "3 of 3" in shown


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("folds", [1, 4])
def test_the_page_begins_with_what_layers_say(kind: str, folds: int) -> None:
    run = layered_run(TASKS[kind], folds=folds)
    assert run.layers
    words = render(run, Names({}), {}, None)
    page = Page(words)
    assert len(page.ids) == len(set(page.ids))
    assert 'href="#layers"' in words
    for sentence in run.layers.verdict:
        assert sentence in page.words()
    # these would name the best of many by their test rows
    assert run.statistics.verdict[0] not in page.words()
    assert 'class="forest"' not in words


def test_a_run_with_other_heads_has_both_verdicts() -> None:
    run = layered_run(plain=("gru",))
    assert run.layers
    words = Page(render(run, Names({}), {}, None)).words()
    assert run.statistics.verdict[0] in words
    assert run.layers.verdict[0] in words


def test_runs_without_layers_have_no_such_part() -> None:
    run, arrays = made_run(TASKS["binary"])
    assert layers(run, "accuracy") == ""
    assert "#layers" not in render(run, Names({}), arrays, None)
