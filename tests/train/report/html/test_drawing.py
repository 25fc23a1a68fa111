"""Axes, and what is drawn on them."""

import math
import re

import numpy as np
import pytest

from headstart.train.report.html.drawing import BOTTOM, LEFT, RIGHT, TOP, Panel, Span, figure, span


@pytest.mark.parametrize("log", [False, True])
def test_an_axis_holds_its_values_with_room(log: bool) -> None:
    values = [3, 900, 40.5]
    axis = span(values, "x", log)
    assert axis.low < min(values)
    assert max(values) < axis.high
    shares = [axis.share(value) for value in values]
    scale = np.log10 if log else np.asarray
    steps = np.diff(scale(np.array(values))) / (scale(axis.high) - scale(axis.low))
    assert np.diff(shares) == pytest.approx(steps)
    assert (axis.share(axis.low), axis.share(axis.high)) == (0, 1)


def test_ticks_are_round_and_on_the_axis() -> None:
    assert Span(0, 1, "").ticks() == pytest.approx([0, 0.2, 0.4, 0.6, 0.8, 1])
    assert Span(0.5, 2000, "", log=True).ticks() == [1, 10, 100, 1000]
    assert Span(2.0, 9.0, "", log=True).ticks() == [2, 9]  # not two powers of ten
    assert [Span(0, 1, "", percent=True).label(tick) for tick in (0.25, 1)] == ["25%", "100%"]
    assert [Span(0, 1, "").label(tick) for tick in (0.25, 12345)] == ["0.25", "12,345"]
    assert span([5, 5], "").share(5) == pytest.approx(0.5)


@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (0.83, 0.87), (0.9015, 0.9097), (-0.05, 0.31)])
def test_shares_have_as_many_digits_as_tell_them_apart(low: float, high: float) -> None:
    axis = Span(low, high, "", percent=True)
    labels = [axis.label(tick) for tick in axis.ticks()]
    assert len(set(labels)) == len(labels) > 2
    assert [float(label[:-1]) / 100 for label in labels] == pytest.approx(axis.ticks(), abs=6e-4)
    widest = 7 * max(map(len, labels))  # at 11 pixels a digit takes less
    assert widest / 2 < RIGHT  # a number at the very end is whole


def test_points_lie_between_the_margins() -> None:
    panel = Panel(Span(0, 10, "x"), Span(0, 1, "y"), "title", (300, 200), left=40)
    assert panel.place((0, 0)) == (40 + LEFT, 200 - BOTTOM)
    assert panel.place((10, 1)) == (40 + 300 - RIGHT, TOP)
    panel.dot((10, 1), "spot")
    assert f'<circle class="spot" cx="{340 - RIGHT:.1f}" cy="{TOP:.1f}" r="4.0"/>' in panel.svg()


def test_a_line_has_a_gap_where_nothing_is_known() -> None:
    panel = Panel(Span(0, 10, "x"), Span(0, 1, "y"), "<title>", (300, 200))
    panel.line([(1, 0.5), (2, math.nan), (3, 0.5), (4, 0.5), (5, math.inf)], "valid")
    lines = re.findall(r'<polyline class="valid" points="([^"]+)"', panel.svg())
    assert [len(points.split()) for points in lines] == [1, 2]
    assert "&lt;title&gt;" in panel.svg()


def test_a_figure_has_a_text_alternative() -> None:
    shown = figure("a", "The <title>", "What it says", (30, 20), "<g/>", caption="<b>c</b>")
    assert 'role="img" aria-labelledby="a-t a-d" viewBox="0 0 30 20"' in shown
    assert '<title id="a-t">The &lt;title&gt;</title><desc id="a-d">What it says</desc><g/>' in shown
    assert "<figcaption><b>c</b></figcaption>" in shown
