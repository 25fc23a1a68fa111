"""The report's structure, and that its numbers are the run's."""

import dataclasses
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest

from headstart.cache.task import Task
from headstart.train.report.html.origin import commands
from headstart.train.report.html.page import Names, render
from headstart.train.results.run_record import RunRecord
from tests.train.report.html.made_runs import TASKS, made_run

TITLES = {"avg": "GlobalAveragePooling", "gru": "simple GRU", "lstm_pooled": "pooled LSTM"}
VOID = {"meta", "link", "br", "img", "line", "circle", "polyline", "input", "hr"}


class Page(HTMLParser):
    """Collects what the tests ask about; fails where tags do not match."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[tuple[str, dict[str, Any]]] = []
        self.ids: list[str] = []
        self.headings: list[str] = []
        self.tags: list[tuple[str, dict[str, Any]]] = []
        self.text: list[tuple[str, str]] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        own = dict(attributes)
        self.tags.append((tag, own))
        if "id" in own:
            self.ids.append(own["id"])
        if tag[0] == "h" and tag[1:].isdigit():
            self.headings.append(tag)
        if tag not in VOID:
            self.open.append((tag, own))

    def handle_startendtag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        self.text.append((self.open[-1][0] if self.open else "", data))

    def words(self) -> str:
        return " ".join(data for tag, data in self.text if tag not in ("style", "script"))


TEXTS = [f"the text of row {row}" for row in range(60)]


@pytest.fixture(scope="module", params=[(kind, seeds) for kind in TASKS for seeds in (1, 3)], ids=str)
def made(request: pytest.FixtureRequest) -> tuple[RunRecord, Page]:
    kind, seeds = request.param
    run, predictions = made_run(TASKS[kind], seeds)
    return run, Page(render(run, Names(TITLES), predictions, TEXTS))


def test_the_structure_is_sound(made: tuple[RunRecord, Page]) -> None:
    _, page = made
    assert len(set(page.ids)) == len(page.ids)
    assert page.headings[0] == "h1"
    assert set(page.headings[1:]) == {"h2"}
    assert dict(page.tags)["html"] == {"lang": "en"}
    figures = [own for tag, own in page.tags if tag == "svg" and own.get("role") == "img"]
    assert len(figures) >= 7
    for own in figures:
        assert all(name in page.ids for name in own["aria-labelledby"].split())
    for tag, own in page.tags:
        assert tag != "svg" or own.get("role") == "img" or own.get("aria-hidden") == "true"
        assert "style" not in own  # the page's own policy forbids it
        assert not any(name.startswith("on") for name in own)


def test_nothing_comes_from_elsewhere(made: tuple[RunRecord, Page]) -> None:
    _, page = made
    for tag, own in page.tags:
        for name in ("src", "href", "action", "data", "xlink:href"):
            value = own.get(name, "")
            assert value in ("", "data:,") or value.startswith("#"), (tag, value)
    for own in (own for tag, own in page.tags if tag == "a"):
        assert own["href"][1:] in page.ids


def test_the_table_s_numbers_are_the_run_s(made: tuple[RunRecord, Page]) -> None:
    run, page = made
    words = page.words()
    for name, estimate in run.statistics.compared_estimates().items():
        assert name in words
        assert f"{estimate.mean:.4f}" in words
        assert f"{estimate.low:.3f} to {estimate.high:.3f}" in words
    for sentence in run.statistics.verdict:
        assert sentence in words
    assert "3 rows of test also in train" in words
    for line in commands(run):
        assert line in words


def test_each_class_has_its_figures(made: tuple[RunRecord, Page]) -> None:
    run, page = made
    words = page.words()
    for name in run.task.classes:
        assert name in words
    for count in np.ravel(run.statistics.confusion["gru"]):
        assert f"{count:,}" in words


HOSTILE = '</script><img src=x onerror="alert(1)">\u202egnp.\u0007'


def test_whatever_data_say_stays_text() -> None:
    task = Task("multiclass", (HOSTILE, "b<b>", "c&amp;"))
    run, predictions = made_run(task)
    run.cache.source["command"] = run.environment["jax"] = run.cache.recipe["split_rule"] = HOSTILE
    run = dataclasses.replace(run, cache=dataclasses.replace(run.cache, name=HOSTILE))
    page = render(run, Names({**TITLES, "gru": HOSTILE}, {"gru": HOSTILE}), predictions, [HOSTILE] * 60)
    parsed = Page(page)
    assert "img" not in {tag for tag, _ in parsed.tags}
    assert sum(tag == "script" for tag, _ in parsed.tags) == 1
    assert "\u202e" not in page
    assert "\u0007" not in page
    assert parsed.words().count('onerror="alert(1)"') > 10


def test_a_head_that_diverged_is_listed() -> None:
    run, predictions = made_run(TASKS["binary"], seeds=2, diverged="gru")
    page = Page(render(run, Names(TITLES), predictions, TEXTS))
    assert "gru" in page.words()
    assert "\u2013" in page.words()


def test_parts_that_are_missing_are_left_out() -> None:
    run, predictions = made_run(TASKS["binary"])
    fields = run.to_json()
    for name in ("leaks", "floors", "inference", "rows", "histories"):
        del fields[name]
    fields["cache"] = {"name": "made"}
    page = Page(render(RunRecord.from_json(fields), Names(TITLES), predictions, None))
    assert "mistakes" not in page.ids
    assert "epochs" not in page.ids
