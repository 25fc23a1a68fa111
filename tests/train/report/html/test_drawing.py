"""Figures in a page: nothing that its policy forbids, its colours, the same bytes again, and what they say in words."""

import re
import xml.etree.ElementTree as ElementTree

import numpy as np
import pytest
from matplotlib.figure import Figure

from headstart.train.report.html.drawing import COLOURS, inline
from headstart.train.results import plots
from tests.train.report.html.made_runs import TASKS
from tests.train.report.layered_runs import layered_run


def made_figure(title: str = "a title", words: str = "words") -> Figure:
    figure = Figure(figsize=(3, 2))
    axes = figure.subplots()
    axes.plot([0, 1, 2], [1, np.nan, 3], "--o", color=plots.BLUE, label=words)
    axes.bar([0, 1], [1, 2], color=plots.ORANGE, edgecolor="white")
    axes.set_title(title, weight="bold")
    axes.legend(frameon=False)
    return figure


def parsed(shown: str) -> ElementTree.Element:
    """As XML; a page needs no name spaces."""
    return ElementTree.fromstring(shown.replace("xlink:href", "href"))


def test_a_figure_has_a_text_alternative() -> None:
    shown = inline(made_figure(), "a", "The <title>", 'What it "says"')
    svg = parsed(shown)
    assert svg.attrib["role"] == "img"
    assert svg.attrib["aria-labelledby"] == "a-t a-d"
    assert svg.attrib["viewBox"] == "0 0 216 144"
    assert [(one.attrib["id"], one.text) for one in svg[:2]] == [
        ("a-t", "The <title>"),
        ("a-d", 'What it "says"'),
    ]
    assert "a title" in [text.text for text in svg.iter("text")]  # letters, and no shapes of letters


def test_it_has_no_style_of_its_own_and_loads_nothing() -> None:
    shown = inline(made_figure(), "a", "", "")
    assert "style" not in shown
    assert "http" not in shown
    assert "<!--" not in shown
    assert {one.attrib["href"][0] for one in parsed(shown).iter("use")} == {"#"}


def test_its_colours_follow_the_style_sheet_s() -> None:
    run = layered_run(TASKS["binary"])
    assert run.layers
    for figure in (made_figure(), plots.layers(run.layers, run.statistics)):
        shown = inline(figure, "a", "", "")
        painted = re.findall(r'(?:fill|stroke)="([^"]*)"', shown)
        assert set(painted) <= {"none", *(f"var(--{name})" for name in COLOURS.values())}
        assert "var(--blue)" in painted
        assert "var(--orange)" in painted


def test_what_it_was_drawn_with_stays() -> None:
    shown = inline(made_figure(), "a", "", "")
    assert 'stroke-dasharray="' in shown
    sizes = {one.text: one.attrib for one in parsed(shown).iter("text")}
    assert sizes["a title"]["font-size"] == "12px"
    assert sizes["a title"]["font-weight"] == "700"
    assert sizes["words"]["font-size"] == "10px"


def test_the_same_figure_is_the_same_bytes_and_no_name_is_said_twice() -> None:
    first, again, other = (str(inline(made_figure(), name, "", "")) for name in ("a", "a", "b"))
    assert first == again
    names = re.findall(r' id="([^"]*)"', first + other)
    assert len(names) == len(set(names)) > 8
    for used in re.findall(r"#(\w{11})", first):
        assert f'id="{used}"' in first


@pytest.mark.parametrize(
    "words", ["</svg><script>", "--><b>", "\u202egpj", "a\"b'", "$x_1$", ' id="a_1" style="x"']
)
def test_words_stay_words(words: str) -> None:
    svg = parsed(inline(made_figure(words, words), "a", words, words))
    assert not list(svg.iter("script")) + list(svg.iter("b"))
    kept = words.replace("\u202e", "\ufffd")
    assert [one.text for one in svg[:2]] == [kept, kept]
    if "$" not in words:
        assert [text.text for text in svg.iter("text")].count(kept) == 2
