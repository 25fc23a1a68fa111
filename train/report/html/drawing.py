"""Figures of matplotlib in a page: without styles, which its policy forbids, and in the style sheet's colours."""

import io
import re

from matplotlib import rc_context
from matplotlib.figure import Figure

from headstart.train.report.html.markup import fill, visible

COLOURS = {
    "#ffffff": "paper",
    "#0072b2": "blue",
    "#d55e00": "orange",
    "#009e73": "green",
    "#222222": "ink",
    "#000000": "soft",
    "#767676": "grey",
    "#b0b0b0": "grey",
}
"""Colours of `train.results.plots` and of matplotlib's axes, and what the style sheet calls theirs: light and dark."""
NOT_NEEDED = re.compile(
    r'(?s)<style.*?</style>|<!--.*?-->|(?: id="[\w.]*_\d+"| transform="rotate\(-0 [^"]*")(?=[^<>]*>)|(?<=>)\s+(?=<)'
)
"""Rules for the whole page, remarks, names that every figure gives again, turns by nothing, blanks between tags."""


def inline(figure: Figure, name: str, title: str, says: str) -> str:
    """A figure as SVG with its text alternative; the same bytes whenever it is drawn.

    Args:
        figure: It is as wide in points as it should at least be in pixels, for its words to be readable.
        name: Unique in the page.
        title: What it is.
        says: Its facts in words, for those who do not see it.
    """
    stream = io.StringIO()
    nothing = dict.fromkeys(("Creator", "Date", "Format", "Type"))
    with rc_context({"svg.fonttype": "none", "svg.hashsalt": name}):
        figure.savefig(stream, format="svg", facecolor="none", metadata=nothing)
    start, inside = NOT_NEEDED.sub("", stream.getvalue()).split("<svg", 1)[1].split(">", 1)
    shapes = re.sub(r'style="([^"]*)"(?=[^<>]*>)', _attributes, visible(inside))
    for colour, variable in COLOURS.items():
        shapes = shapes.replace(f'"{colour}"', f'"var(--{variable})"')
    box = re.findall(r'viewBox="([^"]*)"', start)[0]
    return fill("report/html/figure", name=name, title=title, says=says, box=box, shapes=shapes)


def _attributes(style: re.Match[str]) -> str:
    """A style as attributes, without the font, which the style sheet chooses."""
    pairs = (pair.split(": ", 1) for pair in style[1].split("; "))
    return " ".join(f'{name}="{value}"' for name, value in pairs if name != "font-family")
