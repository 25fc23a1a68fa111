"""Accuracy by layer: a figure with a line for each head, and what validation rows choose."""

from headstart.train.report.html.drawing import Panel, Span, figure, span
from headstart.train.report.html.markup import TableCell, number, paragraph, section, table, text, word
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import LayerChoice, LayerCurve

SIZE = (760, 330)
ROOM = 0.4
"""Room on either side of the layers, and how far heads stand apart, both in layers."""
APART = 0.06


def layers(run: RunRecord, measure: str) -> str:
    """The figure and the table of choices; empty where heads are not on several layers.

    Args:
        run: The run.
        measure: What heads are compared by.
    """
    if not run.layers:
        return ""
    curves = [curve for curve in run.layers.curves(run.statistics.compared_estimates()) if curve.points]
    parts = [_figure(curves, measure)] if curves else []
    header = ["chosen", measure, "95 % interval", "less the last layer", "95 % interval", "p (Holm)"]
    header += ["optimism", "in folds"]
    caption = "What validation rows choose: one layer, and all layers together"
    choices = table(caption, header, [_choice(choice) for choice in run.layers.choices])
    notes = [
        *run.layers.notes,
        "Optimism: how much better the choice looked on the rows that chose it.",
    ]
    return section("layers", "Layers", *parts, choices, *(paragraph(note, "note") for note in notes))


def _figure(curves: list[LayerCurve], measure: str) -> str:
    points = [point for curve in curves for point in curve.points]
    first, last = min(point.x for point in points), max(point.x for point in points)
    x = _Layers(first - ROOM, last + ROOM, "layer of the encoder")
    if any(point.every for point in points):
        x = _Layers(first - ROOM, last + ROOM, f"layer of the encoder; all layers together at {last}")
    panel = Panel(
        x, span([e for p in points for e in (p.low, p.high)], "", percent=True), f"{measure} by layer", SIZE
    )
    for at, curve in enumerate(curves):
        _draw(panel, curve, f"line-{at % 4}", APART * (at - (len(curves) - 1) / 2))
    says = "; ".join(_says(curve) for curve in curves)
    key = "".join(
        f'<span class="k line-{at % 4}">{text(curve.head)}</span>' for at, curve in enumerate(curves)
    )
    caption = f'<p class="key">{key}<span class="k ring">chosen on validation rows</span></p>'
    return figure("by-layer", f"{measure} by layer", says, SIZE, panel.svg(), caption=caption)


class _Layers(Span):
    """An axis of whole numbers."""

    def ticks(self, most: int = 20) -> list[float]:
        """Every layer, of many every second or so."""
        whole = range(round(self.low + ROOM), round(self.high - ROOM) + 1)
        return [float(layer) for layer in whole[:: 1 + len(whole) // most]]


def _draw(panel: Panel, curve: LayerCurve, kind: str, shift: float) -> None:
    """Draw a head; all layers together stand apart from its line."""
    panel.line([(point.x + shift, point.mean) for point in curve.points if not point.every], kind)
    for point in curve.points:
        x = point.x + shift
        panel.line([(x, point.low), (x, point.high)], f"{kind} whisker-of-line")
        panel.dot((x, point.mean), f"{kind} spot-of-line", 3.5)
        if point.chosen:
            panel.dot((x, point.mean), f"{kind} ring", 8)


def _says(curve: LayerCurve) -> str:
    """A head's accuracies in words."""
    each = [
        f"{'all layers' if point.every else f'layer {point.x}'} {point.mean:.3f} ({point.low:.3f} to {point.high:.3f}"
        f"{', chosen' if point.chosen else ''})"
        for point in curve.points
    ]
    return f"{curve.head}: {', '.join(each)}"


def _choice(choice: LayerChoice) -> list[TableCell]:
    last, folds = choice.last, len(choice.chosen)
    name = f"{choice.name} (of {', '.join(choice.among)})" if len(choice.among) > 1 else choice.name
    return [
        word(name, "head"),
        number(choice.test),
        TableCell(f"{choice.low:.3f} to {choice.high:.3f}"),
        number(last.difference),
        TableCell(f"{last.low:+z.3f} to {last.high:+z.3f}"),
        TableCell(f"{last.p_holm:.2g}"),
        number(choice.optimism),
        TableCell(f"{choice.chosen.count(choice.name)} of {folds}" if folds > 1 else "\u2013"),
    ]
