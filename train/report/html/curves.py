"""Figures of curves: how each head learnt, and how far its probabilities can be trusted."""

import math
from collections.abc import Mapping, Sequence

from headstart.train.engine.history import EpochRecord
from headstart.train.report.html.drawing import Panel, Point, Span, figure, span
from headstart.train.report.html.markup import folded, section, text
from headstart.train.results.result import group_by_head
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import Curves

SIZE = (560, 190)
HALF = (SIZE[0] // 2, SIZE[1])
KEY = (
    '<p class="key"><span class="k valid">validation</span><span class="k train">training</span>'
    '<span class="k best">best epoch</span><span class="k cut">learning rate cut</span></p>'
)
TRUST_SIZE = (420, 380)
SHARE = (0.0, 1.0)

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
    shown = figures.pop(first, "") if first else ""
    others = f'<div class="grid">{"".join(figures.values())}</div>' if figures else ""
    folds = folded("Learning curves of the other heads", others) if shown else others
    return section("epochs", "Learning curves", KEY + shown + folds if heads else "")


def _learning(name: str, head: str, seeds: list[Records], best: int) -> str:
    panels = [_panel(seeds, measure, best, at * HALF[0]) for at, measure in enumerate(("loss", "accuracy"))]
    kept, cuts = seeds[0][best - 1], [record.epoch for record in seeds[0] if record.lr_cut]
    after = (
        f"learning rate cut after epoch {', '.join(map(str, cuts))}" if cuts else "learning rate never cut"
    )
    says = (
        f"{len(seeds[0])} epochs; best epoch {best}, with validation loss {kept.valid_loss:.4f} and "
        f"accuracy {kept.valid_accuracy:.4f}; {after}"
    )
    caption = f"<b>{text(head)}</b> {text(says)}"
    return figure(name, f"Learning curves of {head}", says, SIZE, *panels, caption=caption)


def _panel(seeds: list[Records], measure: str, best: int, left: int) -> str:
    curves = [[_points(records, field) for field in (measure, f"valid_{measure}")] for records in seeds]
    values = [value for curve in curves for points in curve for _, value in points]
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    longest = max(len(records) for records in seeds)
    y = span(finite, "", percent=measure == "accuracy")
    panel = Panel(Span(0.5, longest + 0.5, "epoch"), y, measure, HALF, left)
    for at, (train, valid) in reversed(list(enumerate(curves))):
        faint = " faint" if at else ""
        panel.line(train, f"train{faint}")
        panel.line(valid, f"valid{faint}")
    for record in seeds[0]:
        if record.lr_cut:
            panel.upright(record.epoch + 0.5, "cut")
    if math.isfinite(curves[0][1][best - 1][1]):
        panel.dot(curves[0][1][best - 1], "best")
    return panel.svg()


def _points(records: Records, field: str) -> list[Point]:
    return [(record.epoch, getattr(record, field)) for record in records]


def trust(run: RunRecord, best: str | None) -> str:
    """ROC and calibration curves; the best head's are strong, the others' are faint."""
    curves = {name: drawn for name, drawn in run.statistics.curves.items() if drawn}
    if best is None or best not in curves:
        return ""
    # the best head last, so that it is drawn over the others
    curves = {**{name: drawn for name, drawn in curves.items() if name != best}, best: curves[best]}
    parts = [_roc(run, curves, best), _calibration(run, curves, best)]
    return section("trust", "How far to trust its probabilities", f'<div class="grid">{"".join(parts)}</div>')


def _trust_panel(x: str, title: str) -> Panel:
    """Axes from 0 to 1, with their diagonal."""
    panel = Panel(Span(*SHARE, x, percent=True), Span(*SHARE, "", percent=True), title, TRUST_SIZE)
    panel.line([(0, 0), (1, 1)], "cut")
    return panel


def _roc(run: RunRecord, curves: Mapping[str, Curves], best: str) -> str:
    if not curves[best].roc:
        return ""
    panel = _trust_panel("false positive rate", "true positive rate")
    for name, drawn in curves.items():
        if drawn.roc:
            panel.line(
                list(zip(drawn.roc.fpr, drawn.roc.tpr, strict=True)), "valid" if name == best else "other"
            )
    areas = {
        name: metrics["roc_auc"].mean for name, metrics in run.statistics.metrics.items() if name in curves
    }
    says = "Area under the curve: " + ", ".join(
        f"{name} {area:.3f}" for name, area in areas.items() if area is not None
    )
    caption = f"<b>{text(best)}</b>, the others in grey. {text(says)}"
    return figure("roc", "ROC curves", says, TRUST_SIZE, panel.svg(), caption=caption)


def _calibration(run: RunRecord, curves: Mapping[str, Curves], best: str) -> str:
    panel = _trust_panel("confidence", "share that is right")
    for name, (_, drawn) in curves.items():
        panel.line(
            list(zip(drawn.confidence, drawn.share, strict=True)), "valid" if name == best else "other"
        )
    bins = curves[best].calibration
    most = max(bins.rows, default=1) or 1
    for confidence, share, rows in zip(bins.confidence, bins.share, bins.rows, strict=True):
        panel.dot((confidence, share), "spot", 3 + 5 * (rows / most) ** 0.5)
    error = run.statistics.metrics[best]["ece"]
    shown = "undefined" if error.mean is None else f"{error.mean:.3f}"
    chance = f"; a perfectly calibrated head would show {error.chance:.3f} by chance" if error.chance else ""
    says = f"Expected calibration error of {best}: {shown}{chance}. A curve below the diagonal is too sure of itself."
    caption = f"<b>{text(best)}</b>, larger dots are more rows; the others in grey. {text(says)}"
    return figure("calibration", "Calibration curves", says, TRUST_SIZE, panel.svg(), caption=caption)
