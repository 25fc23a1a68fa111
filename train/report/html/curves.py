"""Figures of curves: how each head learnt, and how far its probabilities can be trusted."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from headstart.train.engine.history import EpochRecord
from headstart.train.report.html.drawing import inline
from headstart.train.report.html.markup import fill
from headstart.train.results import plots
from headstart.train.results.result import group_by_head
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Curves

Records = Sequence[EpochRecord]


def epochs(run: RunRecord, first: str | None) -> str:
    """One figure for each head, all but the first one's folded; of several seeds the first is strong, the others faint.

    Args:
        run: What was compared.
        first: The head whose curves are shown at once.
    """
    heads: dict[str, list[Records]] = {}
    for name, records in run.histories.items():
        if records:
            heads.setdefault(name.rpartition("/")[0], []).append(records)
    results = group_by_head(run.results)
    figures = {
        # both lists begin with the first fold's first seed
        name: _learning(f"epochs-{at}", name, seeds, int(results[name][0].best_epoch))
        for at, (name, seeds) in enumerate(heads.items())
    }
    shown = figures.pop(first, None) if first else None
    return fill("report/html/epochs", first=first, shown=shown, others=figures) if heads else ""


def _learning(name: str, head: str, seeds: list[Records], best: int) -> tuple[str, str]:
    """The figure, and what it says."""
    kept, cuts = seeds[0][best - 1], [record.epoch for record in seeds[0] if record.lr_cut]
    after = f"cut after epoch {', '.join(map(str, cuts))}" if cuts else "never cut"
    says = (
        f"{len(seeds[0])} epochs; best epoch {best}, with validation loss {kept.valid_loss:.4f} and "
        f"accuracy {kept.valid_accuracy:.4f}; learning rate {after}"
    )
    drawn = plots.history(seeds[0], "", best, seeds[1:])
    return inline(drawn, name, f"Learning curves of {head}", says), says


def trust(run: RunRecord, best: str | None) -> str:
    """ROC and calibration curves; the best head's are strong, the others' are faint."""
    curves = {name: drawn for name, drawn in run.statistics.curves.items() if drawn}
    if best is None or best not in curves:
        return ""
    # the best head last, so that it is drawn over the others
    curves[best] = curves.pop(best)
    roc = _roc(run, curves, best) if curves[best].roc else None
    return fill("report/html/trust", best=best, roc=roc, calibration=_calibration(run, curves, best))


def _square(
    x: str, y: str, lines: Mapping[str, tuple[list[float], list[float]]], best: str
) -> tuple[Figure, Axes]:
    """Axes from 0 to 1 with their diagonal, and lines."""
    figure = Figure(figsize=(4.8, 4.3))
    figure.subplots_adjust(left=0.13, right=0.97, top=0.93, bottom=0.12)
    axes = figure.subplots()
    axes.plot([0, 1], [0, 1], ":", color=plots.FAINT, linewidth=1)
    for name, points in lines.items():
        colour, width = (plots.BLUE, 1.8) if name == best else (plots.FAINT, 0.7)
        axes.plot(*points, color=colour, linewidth=width)
    axes.set(xlim=(0, 1), ylim=(0, 1))
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_formatter(PercentFormatter(1))
    plots.name_axes(axes, y, x)
    axes.tick_params(pad=5)
    return figure, axes


def _roc(run: RunRecord, curves: Mapping[str, Curves], best: str) -> tuple[str, str]:
    lines = {name: (drawn.roc.fpr, drawn.roc.tpr) for name, drawn in curves.items() if drawn.roc}
    areas = {name: one["roc_auc"].mean for name, one in run.statistics.metrics.items() if name in curves}
    known = ", ".join(f"{name} {area:.3f}" for name, area in areas.items() if area is not None)
    says = f"Area under the curve: {known}"
    figure, _ = _square("false positive rate", "true positive rate", lines, best)
    return inline(figure, "roc", "ROC curves", says), says


def _calibration(run: RunRecord, curves: Mapping[str, Curves], best: str) -> tuple[str, str]:
    lines = {name: (drawn.confidence, drawn.share) for name, (_, drawn) in curves.items()}
    figure, axes = _square("confidence", "share that is right", lines, best)
    bins = curves[best].calibration
    rows = np.asarray(bins.rows)
    sizes = (5 + 7 * np.sqrt(rows / max(1, rows.max(initial=1)))) ** 2
    axes.scatter(bins.confidence, bins.share, sizes, plots.BLUE, clip_on=False, zorder=3)
    error = run.statistics.metrics[best]["ece"]
    shown = "undefined" if error.mean is None else f"{error.mean:.3f}"
    chance = f"; a perfectly calibrated head would show {error.chance:.3f} by chance" if error.chance else ""
    says = f"Expected calibration error of {best}: {shown}{chance}. A curve below the diagonal is too sure of itself."
    return inline(figure, "calibration", "Calibration curves", says), says
