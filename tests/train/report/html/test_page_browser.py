"""The report in a real browser: quiet, offline, sortable, readable on a phone, dark where wanted."""

import itertools
import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from headstart.train.predict.explain_page import Explained, as_page, label_texts
from headstart.train.report.html.page import Names, render
from tests.train.report.html.browser import Browser, found
from tests.train.report.html.made_runs import TASKS, made_run

pytestmark = pytest.mark.skipif(
    found() is None, reason="no Chromium in the PATH, or `ulimit -v` leaves it no room"
)

ROWS = "[...document.querySelector('#scores tbody').rows]"
HEADER = "document.querySelector('#scores table').tHead.rows[0].cells"
COLUMN = ROWS + ".map(row => row.cells[{}].dataset.value)"
PHONE = 320
TITLES = {"avg": "mean pooling", "gru": "bidirectional GRU, mean and max, all layers"}
FOREST = "document.querySelector('.forest')"


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    program = found()
    assert program is not None
    own = Browser(program)
    yield own
    own.close()


@pytest.fixture(scope="module", params=TASKS)
def page(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    run, predictions = made_run(TASKS[request.param], seeds=2)
    run.cache.source["data"] = "a_very_long_name_of_a_data_set_that_a_phone_cannot_hold_0123456789.csv"
    texts = ["word " * 30 + "a" * 200] * 60
    path = tmp_path_factory.mktemp("report") / "report.html"
    path.write_text(render(run, Names(TITLES), predictions, texts))
    return path


@pytest.fixture(scope="module")
def explained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What predict.py --explain --html writes, of tokens that add as much as any, nothing, or take away."""
    (labelled,) = label_texts(TASKS["binary"], ["long" * 99], np.float32([[0.2, 0.8]]), 0.5)
    added = np.float32([[3], [-3], [0], [1.5], [-1], [0.1]])
    words = ["[CLS]", "idiot" * 30, "the", "you", "kind", "[SEP]"]
    text = Explained(labelled, ("1",), added.sum(axis=0), np.float32([0]), words, added, None)
    path = tmp_path_factory.mktemp("explained") / "page.html"
    path.write_text(as_page("What each token adds: head avg", [text]))
    return path


def sized(browser: Browser, width: int) -> None:
    browser.call(
        "Emulation.setDeviceMetricsOverride", width=width, height=800, deviceScaleFactor=1, mobile=False
    )


def test_it_is_quiet_and_offline(browser: Browser, page: Path) -> None:
    sized(browser, 1280)
    browser.open(page)
    methods = [event.get("method") for event in browser.events]
    assert not {"Runtime.consoleAPICalled", "Runtime.exceptionThrown", "Log.entryAdded"} & set(methods), (
        browser.events
    )
    urls = [
        e["params"]["request"]["url"]
        for e in browser.events
        if e.get("method") == "Network.requestWillBeSent"
    ]
    assert [url for url in urls if not url.startswith("data:")] == [page.as_uri()]
    # the page's own policy let the style and the script through
    assert browser.evaluate("getComputedStyle(document.querySelector('h2')).marginTop") == "52px"


def column(browser: Browser, number: int) -> list[float]:
    return [float(value) for value in browser.evaluate(COLUMN.format(number)) if value is not None]


def test_columns_are_sorted_by_click_and_by_key(browser: Browser, page: Path) -> None:
    sized(browser, 1280)
    browser.open(page)
    names = browser.evaluate(f"[...{HEADER}].map(cell => cell.textContent)")
    params = names.index("parameters")
    browser.evaluate(f"{HEADER}[{params}].firstElementChild.click()")
    found = column(browser, params)
    assert found == sorted(found, reverse=True)
    assert len(found) == 5
    assert browser.evaluate(f"{HEADER}[{params}].getAttribute('aria-sort')") == "descending"
    browser.evaluate(f"{HEADER}[{params}].firstElementChild.focus()")
    browser.press("Enter", 13, "\r")
    assert column(browser, params) == sorted(found)
    assert browser.evaluate(f"{HEADER}[{params}].getAttribute('aria-sort')") == "ascending"
    browser.evaluate(f"{HEADER}[0].firstElementChild.click()")
    assert browser.evaluate(f"{HEADER}[{params}].getAttribute('aria-sort')") == "none"
    words = browser.evaluate(COLUMN.format(0))
    assert words == sorted(words, reverse=True)


def test_a_cell_without_a_number_comes_last(browser: Browser, page: Path) -> None:
    sized(browser, 1280)
    browser.open(page)
    last = browser.evaluate(f"{HEADER}.length") - 1  # floors have no time of inference
    for _ in range(2):
        browser.evaluate(f"{HEADER}[{last}].firstElementChild.click()")
        values = browser.evaluate(COLUMN.format(last))
        assert [value is None for value in values] == [False] * 3 + [True] * 2


def test_the_tab_key_reaches_the_table(browser: Browser, page: Path) -> None:
    sized(browser, 1280)
    browser.open(page)
    browser.press("Tab", 9)
    assert browser.evaluate("document.activeElement.className") == "skip"
    reached = []
    for _ in range(40):
        browser.press("Tab", 9)
        if browser.evaluate("document.activeElement.tagName") == "BUTTON":
            reached.append(browser.evaluate("document.activeElement.closest('section').id"))
    assert "scores" in reached
    browser.evaluate("document.querySelector('.skip').click()")  # or at once
    browser.press("Tab", 9)
    browser.press("Tab", 9)
    assert browser.evaluate("document.activeElement.closest('section').id") == "scores"


def test_a_phone_scrolls_tables_and_not_the_page(browser: Browser, page: Path) -> None:
    sized(browser, PHONE)
    browser.open(page)
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    assert browser.evaluate("document.documentElement.scrollWidth") <= PHONE


@pytest.mark.parametrize("width", [1280, 390, PHONE])
def test_the_first_screen_shows_every_interval_in_its_place(browser: Browser, page: Path, width: int) -> None:
    """Heads beside their intervals, nothing beyond the edge, no number of the axis on another."""
    sized(browser, width)
    browser.open(page)
    assert browser.evaluate("document.querySelector('h1').getBoundingClientRect().top") < 60
    assert browser.evaluate(f"{FOREST}.getBoundingClientRect().right") <= width
    assert browser.evaluate(f"{FOREST}.tBodies[0].rows.length") == 5
    inside = (
        "[...row.querySelectorAll('circle')].every(dot => {{const a = dot.getBoundingClientRect(), "
        "b = row.cells[1].getBoundingClientRect(); return a.left >= b.left - 5 && a.right <= b.right + 5}})"
    )
    assert browser.evaluate(
        f"[...{FOREST}.tBodies[0].rows].every(row => {inside})".replace("{{", "{").replace("}}", "}")
    )
    ticks = browser.evaluate(
        f"[...{FOREST}.tHead.querySelectorAll('text')].map(t => [t.getBoundingClientRect().left, "
        "t.getBoundingClientRect().right])"
    )
    assert len(ticks) >= 2
    assert all(right < left for (_, right), (left, _) in itertools.pairwise(ticks))
    labels = browser.evaluate("[...document.querySelectorAll('.figures dd')].map(d => d.textContent)")
    assert len(labels) == 3


def luminance(colour: str) -> float:
    """Relative luminance of `rgb(r, g, b)`, as WCAG 2 defines it."""
    parts = [float(part) / 255 for part in colour[4:-1].split(",")]
    linear = [part / 12.92 if part <= 0.03928 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def test_paper_is_printed_on_in_dark_ink(browser: Browser, page: Path, explained: Path) -> None:
    """Whatever scheme the screen has; and what colours say is printed, too."""
    sized(browser, 1280)
    feature = {"name": "prefers-color-scheme", "value": "dark"}
    browser.call("Emulation.setEmulatedMedia", media="print", features=[feature])
    try:
        for path, small in ((page, ".note"), (explained, "h3")):
            browser.open(path)
            for place in ("body", "h1", small):
                style = f"getComputedStyle(document.querySelector('{place}'))"
                assert luminance(browser.evaluate(f"{style}.color")) < 0.1, (path, place)
                assert browser.evaluate(f"{style}.printColorAdjust") == "exact"
    finally:
        browser.call("Emulation.setEmulatedMedia", media="", features=[])


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_what_tokens_add_can_be_read(browser: Browser, explained: Path, scheme: str) -> None:
    """On a phone, in both schemes, even on the strongest colour."""
    sized(browser, PHONE)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(explained)
    assert [e for e in browser.events if e.get("method") == "Network.requestWillBeSent"][1:] == []
    assert browser.evaluate("document.documentElement.scrollWidth") <= PHONE
    back = browser.evaluate("getComputedStyle(document.body).backgroundColor")
    ink = luminance(browser.evaluate("getComputedStyle(document.body).color"))
    tokens = browser.evaluate(
        "[...document.querySelectorAll('.tokens span')].map(s => getComputedStyle(s).backgroundColor)"
    )
    assert len(tokens) == 6
    for token in tokens:
        *colour, share = [float(part) for part in re.findall(r"[\d.]+", f"{token}, 1")[:4]]
        paper = [float(part) for part in re.findall(r"[\d.]+", back)]
        mixed = ", ".join(str(share * a + (1 - share) * b) for a, b in zip(colour, paper, strict=True))
        shade = luminance(f"rgb({mixed})")
        assert (max(ink, shade) + 0.05) / (min(ink, shade) + 0.05) >= 4.5, token


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_schemes_can_be_read(browser: Browser, page: Path, scheme: str) -> None:
    sized(browser, 1280)
    feature = {"name": "prefers-color-scheme", "value": scheme}
    browser.call("Emulation.setEmulatedMedia", features=[feature])
    browser.open(page)
    back = luminance(browser.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    assert (back < 0.1) == (scheme == "dark")
    for place in (
        "body",
        ".note",
        "a",
        "summary",
        ".warning",
        "tr.floor td",
        "figcaption",
        "th button",
        ".verdict",
        "dt",
        "dd",
        ".forest th",
        ".forest .baseline td",
        ".forest .recommended small",
        ".forest em",
        ".forest caption",
        "h1",
    ):
        ink = luminance(browser.evaluate(f"getComputedStyle(document.querySelector('{place}')).color"))
        contrast = (max(ink, back) + 0.05) / (min(ink, back) + 0.05)
        assert contrast >= 4.5, (place, contrast)


def figures_of(browser: Browser) -> list[list[list[float]]]:
    """Of each figure the box of every word: left, top, right, bottom, and the size of its letters, in pixels."""
    browser.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
    boxes: list[list[list[float]]] = browser.evaluate(
        "[...document.querySelectorAll('figure svg')].map(svg => [...svg.querySelectorAll('text')].map(t => {"
        "const box = t.getBoundingClientRect(), scale = svg.getScreenCTM().a; return [box.left, box.top, box.right, "
        "box.bottom, scale * parseFloat(getComputedStyle(t).fontSize)]}))"
    )
    return boxes


@pytest.mark.parametrize("width", [1280, 390])
def test_the_words_of_figures_can_be_read(browser: Browser, page: Path, width: int) -> None:
    """None is smaller than 8 pixels, beyond the page, or on another one."""
    sized(browser, width)
    browser.open(page)
    figures = figures_of(browser)
    assert len(figures) == 7
    for words in figures:
        assert len(words) > 8
        for left, _, right, _, size in words:
            assert 8 <= size <= 17
            assert 0 <= left < right <= width
        for (left, top, right, bottom, _), (begin, above, end, below, _) in itertools.combinations(words, 2):
            # letters are a little lower than their boxes
            assert right <= begin + 1 or end <= left + 1 or bottom <= above + 4 or below <= top + 4


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_figures_can_be_seen_in_both_schemes(browser: Browser, page: Path, scheme: str) -> None:
    sized(browser, 1280)
    browser.call("Emulation.setEmulatedMedia", features=[{"name": "prefers-color-scheme", "value": scheme}])
    browser.open(page)
    back = luminance(browser.evaluate("getComputedStyle(document.documentElement).backgroundColor"))
    colours = browser.evaluate(
        "['stroke', 'fill'].flatMap(kind => [...document.querySelectorAll(`figure svg [${kind}]`)].map(s => "
        "getComputedStyle(s)[kind])).filter(colour => colour !== 'none')"
    )
    words = browser.evaluate(
        "[...document.querySelectorAll('figure text')].map(t => getComputedStyle(t).fill)"
    )
    assert len(set(colours)) >= 6
    for colour in {*colours, *words}:
        ink = luminance(colour)
        contrast = (max(ink, back) + 0.05) / (min(ink, back) + 0.05)
        # but for the paper's own colour, which keeps words apart from lines
        assert contrast >= (4.5 if colour in words else 2.5) or contrast < 1.01, colour
