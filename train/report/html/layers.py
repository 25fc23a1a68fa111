"""Accuracy by layer: a figure with a line for each head, and what validation rows choose."""

from headstart.train.report.html.drawing import inline
from headstart.train.report.html.markup import fill
from headstart.train.results import plots
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import LayerCurve


def layers(run: RunRecord, measure: str) -> str:
    """The figure and the table of choices; empty where heads are not on several layers.

    Args:
        run: The run.
        measure: What heads are compared by.
    """
    if not run.layers:
        return ""
    curves = [curve for curve in run.layers.curves(run.statistics.compared_estimates()) if curve.points]
    figure = plots.layers(run.layers, run.statistics)
    drawn = (
        inline(figure, "by-layer", f"{measure} by layer", "; ".join(map(_says, curves))) if curves else None
    )
    return fill("report/html/layers", findings=run.layers, measure=measure, drawn=drawn)


def _says(curve: LayerCurve) -> str:
    """A head's accuracies in words."""
    each = [
        f"{'all layers' if point.every else f'layer {point.x}'} {point.mean:.3f} ({point.low:.3f} to {point.high:.3f}"
        f"{', chosen' if point.chosen else ''})"
        for point in curve.points
    ]
    return f"{curve.head}: {', '.join(each)}"
