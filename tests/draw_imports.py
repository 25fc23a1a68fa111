"""Draw docs/images/imports.svg, the table of who may import whom: `python -m tests.draw_imports`."""

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes

from tests.structure import ROOT
from tests.test_imports import RESTS_ON

PICTURE = ROOT / "docs" / "images" / "imports.svg"
COLOURS = {
    "cache": "#0f766e",
    "extract": "#1d4ed8",
    "heads": "#a16207",
    "train": "#7c3aed",
    "headstart": "#334155",
}
STYLE = {"svg.hashsalt": "headstart", "svg.fonttype": "none", "font.family": "sans-serif", "font.size": 8}
COLUMNS = {"cache": 0.0, "extract": 1.15, "heads": 2.3, "train": 3.45, "headstart": 5.0}
STEP = 0.85
"""Room between two packages of one room that stand equally high."""


def height(name: str) -> int:
    """Packages below the package, one upon the other."""
    return max((height(below) + 1 for below in RESTS_ON[name]), default=0)


def room(name: str) -> str:
    """The room, or the package `headstart`, that a package belongs to."""
    first = name.split("/")[0]
    return first if first in COLOURS else "headstart"


def places() -> dict[str, tuple[float, float]]:
    """Where each package stands: its room says the column, what it rests on the height."""
    levels: dict[tuple[str, int], list[str]] = {}
    for name in RESTS_ON:
        if room(name) == name.split("/")[0]:  # not the two shims at the top
            levels.setdefault((room(name), height(name)), []).append(name)
    return {
        name: (COLUMNS[place] + STEP * 0.55 * (at - (len(names) - 1) / 2), float(level))
        for (place, level), names in levels.items()
        for at, name in enumerate(names)
    }


def draw(axes: Axes) -> None:
    """Draw packages, and an arrow from each to those that it rests on."""
    at = places()
    for name, (x, y) in at.items():
        colour = COLOURS[room(name)]
        for below in RESTS_ON[name]:
            arrow = {"arrowstyle": "->", "color": colour, "alpha": 0.6, "shrinkA": 9, "shrinkB": 9}
            axes.annotate("", xy=at[below], xytext=(x, y), arrowprops=arrow, zorder=1)
        box = {"boxstyle": "round,pad=0.3", "facecolor": "white", "edgecolor": colour}
        axes.text(x, y, name.partition("/")[2] or name, ha="center", va="center", color=colour, bbox=box)
    for title, x in COLUMNS.items():
        axes.text(x, -0.8, f"{title}/", ha="center", color=COLOURS[title], size=11, weight="bold")
    axes.set_xlim(-0.6, 6.0)
    axes.set_ylim(-1.0, max(y for _, y in at.values()) + 0.6)
    axes.axis("off")


def main() -> None:
    """Write the picture; the same bytes from the same table."""
    with plt.rc_context(STYLE):
        figure, axes = plt.subplots(figsize=(11, 9), layout="constrained")
        draw(axes)
        figure.savefig(PICTURE, metadata={"Date": None})


if __name__ == "__main__":
    main()
