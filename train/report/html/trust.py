"""How far probabilities can be trusted: ROC and calibration curves."""

from collections.abc import Mapping
from typing import Any

from headstart.train.report.html.drawing import Panel, Span, figure
from headstart.train.report.html.markup import section, text

SIZE = (420, 380)
SHARE = (0.0, 1.0)


def trust(run: Mapping[str, Any], best: str | None) -> str:
    """Two figures; the best head's curve is strong, the others' are faint."""
    curves = {name: own for name, own in run["statistics"]["curves"].items() if own}
    if best is None or best not in curves:
        return ""
    parts = [_roc(run, curves, best), _calibration(run, curves, best)]
    return section("trust", "How far to trust its probabilities", f'<div class="grid">{"".join(parts)}</div>')


def _ordered(curves: Mapping[str, Any], best: str) -> list[str]:
    """The best head last, so that it is drawn over the others."""
    return [*(name for name in curves if name != best), best]


def _panel(x: str, title: str) -> Panel:
    """Axes from 0 to 1."""
    return Panel(Span(*SHARE, x, percent=True), Span(*SHARE, "", percent=True), title, SIZE)


def _roc(run: Mapping[str, Any], curves: Mapping[str, Any], best: str) -> str:
    if not curves[best]["roc"]:
        return ""
    panel = _panel("false positive rate", "true positive rate")
    panel.line([(0, 0), (1, 1)], "cut")
    for name in _ordered(curves, best):
        if roc := curves[name]["roc"]:
            points = list(zip(roc["fpr"], roc["tpr"], strict=True))
            panel.line(points, "valid" if name == best else "other")
    areas = {name: run["statistics"]["metrics"][name]["roc_auc"]["mean"] for name in curves}
    says = "Area under the curve: " + ", ".join(
        f"{name} {area:.3f}" for name, area in areas.items() if area is not None
    )
    caption = f"<b>{text(best)}</b>, the others in grey. {text(says)}"
    return figure("roc", "ROC curves", says, SIZE, panel.svg(), caption=caption)


def _calibration(run: Mapping[str, Any], curves: Mapping[str, Any], best: str) -> str:
    panel = _panel("confidence", "share that is right")
    panel.line([(0, 0), (1, 1)], "cut")
    for name in _ordered(curves, best):
        own = curves[name]["calibration"]
        panel.line(
            list(zip(own["confidence"], own["share"], strict=True)), "valid" if name == best else "other"
        )
    own = curves[best]["calibration"]
    most = max(own["rows"], default=1) or 1
    for confidence, share, rows in zip(own["confidence"], own["share"], own["rows"], strict=True):
        panel.dot((confidence, share), "spot", 3 + 5 * (rows / most) ** 0.5)
    error = run["statistics"]["metrics"][best]["ece"]
    shown = "undefined" if error["mean"] is None else f"{error['mean']:.3f}"
    chance = (
        f"; a perfectly calibrated head would show {error['chance']:.3f} by chance"
        if error.get("chance")
        else ""
    )
    says = f"Expected calibration error of {best}: {shown}{chance}. A curve below the diagonal is too sure of itself."
    caption = f"<b>{text(best)}</b>, larger dots are more rows; the others in grey. {text(says)}"
    return figure("calibration", "Calibration curves", says, SIZE, panel.svg(), caption=caption)
