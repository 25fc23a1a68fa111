"""All heads and baselines with their intervals, on one scale, the best at the top."""

from collections.abc import Mapping, Sequence

from headstart.train.report.html.drawing import Span, span
from headstart.train.report.html.markup import NOTHING, paragraph, text
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Estimate
from headstart.train.statistics.verdict import TITLES

MOST_HEADS = 12
"""So many heads are drawn, the best ones; more are in the table."""
TICKS = 3
"""Parts of the axis at most; the numbers of more would touch on a phone."""


def forest(run: RunRecord, titles: Mapping[str, str], recommended: str | None) -> str:
    """A table with a drawn interval in each row, in grey the baselines'.

    Args:
        run: What was compared.
        titles: Short names of heads.
        recommended: The head whose row is marked.
    """
    estimates, baselines = run.statistics.compared_estimates(), run.baselines
    ranked = sorted(estimates, key=lambda name: -(estimates[name].mean or 0.0))
    heads = [name for name in ranked if name not in baselines]
    shown = {*heads[:MOST_HEADS], *baselines, *([recommended] if recommended else [])}
    axis = _axis([estimates[name] for name in shown if name != "majority"])
    rows = "".join(
        _row(name, titles.get(name, "baseline"), estimates[name], axis, _kind(name, recommended, baselines))
        for name in ranked
        if name in shown
    )
    metric = TITLES[run.statistics.compared]
    rest = len([name for name in heads if name not in shown])
    more = paragraph(f"{rest} more head{'s are' if rest > 1 else ' is'} in the table below.", "note")
    return (
        f'<div><table class="forest"><caption>{metric[:1].upper()}{metric[1:]} with 95 % intervals; in grey the '
        f'baselines</caption><thead><tr><th scope="col"><span class="unseen">head</span></th><th scope="col">'
        f'<span class="unseen">interval</span>{_ticks(axis)}</th><th scope="col"><span class="unseen">value</span>'
        f"</th></tr></thead><tbody>{rows}</tbody></table>{more * bool(rest)}</div>"
    )


def _kind(name: str, recommended: str | None, baselines: Sequence[str]) -> str:
    return "baseline" if name in baselines else "recommended" if name == recommended else "head"


def _axis(estimates: Sequence[Estimate]) -> Span:
    """An axis for the intervals; without that of the majority class, which would leave no room for the others."""
    known = [end for estimate in estimates for end in estimate.known or ()]
    axis = span(known or [0.0, 1.0], "", percent=True)
    return axis._replace(low=max(0.0, axis.low), high=min(1.0, axis.high))


def _ticks(axis: Span) -> str:
    words = (
        f'<text x="{100 * axis.share(tick):.1f}%" y="13" text-anchor="middle">{axis.label(tick)}</text>'
        for tick in axis.ticks(TICKS)
    )
    return f'<svg class="bar" aria-hidden="true" width="100%" height="18">{"".join(words)}</svg>'


def _row(name: str, title: str, estimate: Estimate, axis: Span, kind: str) -> str:
    mark = " <em>recommended</em>" if kind == "recommended" else ""
    value = NOTHING if estimate.mean is None else f"{estimate.mean:.3f}"
    ends = "" if estimate.known is None else f"<small>{estimate.low:.3f} to {estimate.high:.3f}</small>"
    return (
        f'<tr class="{kind}"><th scope="row"><span>{text(name)}</span>{mark}<small>{text(title)}</small></th>'
        f"<td>{_drawn(estimate, axis)}</td><td>{value}{ends}</td></tr>"
    )


def _drawn(estimate: Estimate, axis: Span) -> str:
    """An interval at its place on the axis; what lies beyond its ends is at them."""
    lines = "".join(
        f'<line class="grid" x1="{100 * axis.share(tick):.1f}%" x2="{100 * axis.share(tick):.1f}%" y1="0" y2="100%"/>'
        for tick in axis.ticks(TICKS)
    )
    if estimate.known:
        middle, low, high = (100 * min(1.0, max(0.0, axis.share(value))) for value in estimate.known)
        lines += f'<line x1="{low:.1f}%" x2="{high:.1f}%" y1="50%" y2="50%"/>'
        if estimate.known[2] > axis.low:
            lines += f'<circle cx="{middle:.1f}%" cy="50%" r="4.5"/>'
    return f'<svg class="bar" aria-hidden="true" width="100%" height="40">{lines}</svg>'
