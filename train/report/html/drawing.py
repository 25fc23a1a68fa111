"""Figures as SVG: axes, lines, dots; colours are the style sheet's, so that they follow light and dark."""

import itertools
import math
from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.ticker import MaxNLocator

from headstart.train.report.html.markup import text

Number = float | int
Point = tuple[Number, Number]
LEFT, RIGHT, TOP, BOTTOM = 46, 18, 26, 38


class Span(NamedTuple):
    """An axis.

    Attributes:
        low: Value at its beginning.
        high: Value at its end.
        name: What it measures.
        log: Whether powers of ten are at even distances.
        percent: Whether its numbers are shares.
    """

    low: Number
    high: Number
    name: str
    log: bool = False
    percent: bool = False

    def share(self, value: Number) -> float:
        """How far along the axis a value lies, 0 to 1."""
        low, high, at = (math.log10(v) if self.log else v for v in (self.low, self.high, value))
        return (at - low) / (high - low)

    def ticks(self, most: int = 5) -> list[float]:
        """Round numbers along the axis, which cut it into so many parts at most."""
        if self.log:
            powers = range(
                math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9) + 1
            )
            return [10.0**power for power in powers] if len(powers) > 1 else [self.low, self.high]
        ticks = MaxNLocator(most).tick_values(self.low, self.high)
        return [float(tick) for tick in ticks if self.low - 1e-12 <= tick <= self.high + 1e-12]

    def label(self, tick: Number) -> str:
        """A tick's number."""
        if self.percent:
            whole = all(abs(100 * other - round(100 * other)) < 1e-6 for other in self.ticks())
            return f"{tick:.0%}" if whole else f"{tick:.1%}"
        return f"{tick:,.0f}" if tick >= 1000 else f"{tick:.3g}"


def span(values: Sequence[Number], name: str, log: bool = False, percent: bool = False) -> Span:
    """An axis that holds these values with a little room."""
    low, high = min(values), max(values)
    if log:
        return Span(low / 1.6, high * 1.6, name, True, percent)
    room = 0.06 * (high - low) or 0.05 * abs(high) or 1.0
    return Span(low - room, high + room, name, False, percent)


class Panel:
    """One pair of axes at a place in a figure.

    Args:
        x: The horizontal axis.
        y: The vertical axis.
        title: What stands above it.
        size: Width and height, labels included.
        left: Where it begins.
    """

    def __init__(self, x: Span, y: Span, title: str, size: tuple[int, int], left: int = 0) -> None:
        self._x, self._y, self._left, (self._width, self._height) = x, y, left, size
        self._parts = [f'<text class="title" x="{left + LEFT}" y="14">{text(title)}</text>', *self._frame()]

    def place(self, point: Point) -> Point:
        """Where a point is drawn."""
        wide, high = self._width - LEFT - RIGHT, self._height - TOP - BOTTOM
        x, y = self._x.share(point[0]), self._y.share(point[1])
        return self._left + LEFT + x * wide, TOP + (1 - y) * high

    def line(self, points: Sequence[Point], kind: str) -> None:
        """Draw a line; it has a gap where a value is not finite."""
        for finite, run in itertools.groupby(points, lambda point: math.isfinite(point[1])):
            if finite:
                joined = " ".join(f"{x:.1f},{y:.1f}" for x, y in map(self.place, run))
                self._parts.append(f'<polyline class="{kind}" points="{joined}"/>')

    def dot(self, point: Point, kind: str, radius: Number = 4) -> None:
        """Draw a dot."""
        x, y = self.place(point)
        self._parts.append(f'<circle class="{kind}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"/>')

    def words_at(self, x: Number, y: Number, words: str, anchor: str) -> None:
        """Write at a place in the figure."""
        self._parts.append(
            f'<text class="name" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text(words)}</text>'
        )

    def upright(self, value: Number, kind: str) -> None:
        """Draw a line from bottom to top."""
        self.line([(value, self._y.low), (value, self._y.high)], kind)

    def svg(self) -> str:
        """Everything drawn so far."""
        return "".join(self._parts)

    def _frame(self) -> list[str]:
        parts = []
        for tick in self._y.ticks():
            (left, y), (right, _) = self.place((self._x.low, tick)), self.place((self._x.high, tick))
            parts.append(f'<line class="grid" x1="{left:.1f}" x2="{right:.1f}" y1="{y:.1f}" y2="{y:.1f}"/>')
            parts.append(_tick(left - 6, y + 4, self._y.label(tick), "end"))
        for tick in self._x.ticks():
            x, y = self.place((tick, self._y.low))
            parts.append(_tick(x, y + 15, self._x.label(tick)))
        middle = self._left + (LEFT + self._width - RIGHT) / 2
        return [*parts, _tick(middle, self._height - 6, self._x.name)]


def _tick(x: Number, y: Number, words: str, anchor: str = "middle") -> str:
    return f'<text class="tick" x="{x:.1f}" y="{y:.1f}" text-anchor="{anchor}">{text(words)}</text>'


def figure(name: str, title: str, says: str, size: tuple[int, int], *parts: str, caption: str = "") -> str:
    """A figure with its text alternative.

    Args:
        name: Unique in the page.
        title: What it is.
        says: Its facts in words, for those who do not see it.
        size: Width and height.
        parts: SVG.
        caption: HTML below it.
    """
    below = f"<figcaption>{caption}</figcaption>" if caption else ""
    return (
        f'<figure><svg role="img" aria-labelledby="{name}-t {name}-d" viewBox="0 0 {size[0]} {size[1]}" '
        f'width="{size[0]}" height="{size[1]}"><title id="{name}-t">{text(title)}</title>'
        f'<desc id="{name}-d">{text(says)}</desc>{"".join(parts)}</svg>{below}</figure>'
    )
