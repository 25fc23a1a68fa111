"""The notebook's figures: heads side by side, and one head's epochs."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter
from matplotlib.transforms import offset_copy

from headstart.train.engine.history import EpochRecord
from headstart.train.engine.loss import Metrics
from headstart.train.results.result import Result
from headstart.train.statistics.findings import Estimate, LayerCurve, LayerFindings, Summary
from headstart.train.statistics.verdict import TITLES

# Okabe and Ito's palette: told apart with every kind of colour vision, and in grey
BLUE, ORANGE, GREEN, INK, FAINT = "#0072B2", "#D55E00", "#009E73", "#222222", "#767676"
LINES = (BLUE, ORANGE, GREEN, INK)
SMALL = 9
"""Letters, in points, of figures that are at most 375 points wide: a phone shows them at that size."""
FADED = 0.28
MOST_NUMBERS = 20
"""So many layers have a number at most."""
ROOM = 1.18
"""An axis is so many times as long as what is drawn, for the numbers behind the bars."""
NO_ERROR = (0.0, 0.0)


class ComparisonRow(NamedTuple):
    """One head's bars.

    Attributes:
        name: The head's key.
        title: Its short name, written small below the key.
        loss: Test loss.
        accuracy: Test accuracy, a fraction.
        loss_error: How far an error bar reaches below and above.
        accuracy_error: Likewise.
    """

    name: str
    title: str
    loss: float
    accuracy: float
    loss_error: tuple[float, float] = NO_ERROR
    accuracy_error: tuple[float, float] = NO_ERROR


def comparison_row(row: Result, metrics: Mapping[str, Estimate], title: str) -> ComparisonRow:
    """One head's bars, from its mean over seeds and the estimates of its metrics."""
    errors = (_reach(metrics[name]) for name in ("loss", "accuracy"))
    return ComparisonRow(row.head, title, row.test_loss, row.test_accuracy, *errors)


def _reach(estimate: Estimate) -> tuple[float, float]:
    """How far a metric's interval reaches from its mean."""
    mean, low, high = estimate.known or (0.0, 0.0, 0.0)
    return max(0.0, mean - low), max(0.0, high - mean)


def comparison(rows: Sequence[ComparisonRow], majority: Metrics | None = None) -> Figure:
    """Test loss and test accuracy of each head, in the order given from top to bottom.

    Args:
        rows: One for each head.
        majority: Loss and accuracy of the majority class, drawn as dashed lines.
    """
    figure = Figure(figsize=(13, 1.7 + 0.6 * len(rows)), layout="constrained")
    left, right = figure.subplots(1, 2)
    losses, accuracies = ([getattr(row, name) for row in rows] for name in ("loss", "accuracy"))
    of_loss, of_accuracy = ([getattr(row, f"{name}_error") for row in rows] for name in ("loss", "accuracy"))
    floor = Metrics(math.nan, math.nan) if majority is None else majority
    left.set_xlim(0, ROOM * max([1e-9, *ends([*losses, floor.loss], [*of_loss, NO_ERROR])]))
    zoom(right, ends([*accuracies, floor.accuracy], [*of_accuracy, NO_ERROR]))
    draw_bars(left, losses, of_loss, BLUE, "{:.4f}")
    draw_bars(right, accuracies, of_accuracy, ORANGE, "{:.2%}")
    if majority is not None:
        draw_majority(left, majority.loss, "{:.4f}")
        draw_majority(right, majority.accuracy, "{:.2%}")
    left.set_title("Test loss (lower is better)", loc="left", y=1, pad=24, weight="bold")
    right.set_title("Test accuracy (higher is better)", loc="left", y=1, pad=24, weight="bold")
    name_rows(left, rows)
    right.set_yticks([])
    return figure


def ends(values: Sequence[float], errors: Sequence[tuple[float, float]]) -> list[float]:
    """Where the error bars of all finite values end, on both sides."""
    bars = zip(values, errors, strict=True)
    return [end for value, (low, high) in bars if math.isfinite(value) for end in (value - low, value + high)]


def draw_bars(
    axes: Axes, values: Sequence[float], errors: Sequence[tuple[float, float]], colour: str, form: str
) -> None:
    """Draw horizontal bars from top to bottom, each with its value behind its error bar; the limits are set before."""
    places, reach = range(len(values)), list(zip(*errors, strict=True)) if any(map(any, errors)) else None
    style = {"ecolor": INK, "elinewidth": 1.2, "capsize": 3}
    axes.barh(places, values, height=0.62, color=colour, xerr=reach, error_kw=style)
    for place, value, error in zip(places, values, errors, strict=True):
        # a head that diverged has no bar, but its row says so
        finite = math.isfinite(value)
        words, end = (form.format(value), value + error[1]) if finite else ("diverged", axes.get_xlim()[0])
        over = {"facecolor": "white", "edgecolor": "none", "pad": 1.0}  # the majority's line
        axes.annotate(words, (end, place), (5, 0), textcoords="offset points", va="center", bbox=over)
    axes.set_ylim(len(values) - 0.4, -0.6)
    tidy(axes)


def draw_majority(axes: Axes, value: float, form: str) -> None:
    """Draw the majority class as a dashed line, with its value above the bars."""
    axes.axvline(value, color=INK, linestyle="--", linewidth=1.3)
    above = offset_copy(axes.get_xaxis_transform(), axes.get_figure(root=True), 0, 4, units="points")
    axes.text(value, 1, f"majority {form.format(value)}", transform=above, ha="center", fontsize=SMALL)


def zoom(axes: Axes, shares: Sequence[float]) -> None:
    """Begin the axis below the lowest share, and say so: heads differ by a few percent; end it behind the highest."""
    low, high = min(shares, default=0.0), max(shares, default=1.0)
    start = max(math.floor(10 * low - 0.4) / 10, 0.0)
    axes.set_xlim(start, start + ROOM * max(high - start, 0.05))
    # the room behind is for numbers
    axes.set_xticks([tick for tick in axes.get_xticks() if start <= tick <= 1])
    axes.xaxis.set_major_formatter(PercentFormatter(1))
    if start > 0:
        axes.set_xlabel(f"the axis begins at {start:.0%}", color=FAINT)


def name_rows(axes: Axes, rows: Sequence[ComparisonRow]) -> None:
    """Write each head's key, and below it in small its title."""
    axes.set_yticks(range(len(rows)), ["" for _ in rows])
    for place, row in enumerate(rows):
        for text, lift, size, colour in ((row.name, 6, 11, INK), (row.title, -7, 7.5, FAINT)):
            beside = offset_copy(
                axes.get_yaxis_transform(), axes.get_figure(root=True), -8, lift, units="points"
            )
            axes.text(0, place, text, transform=beside, ha="right", va="center", fontsize=size, color=colour)


def name_axes(axes: Axes, title: str, x: str) -> None:
    """Name axes in a small figure, whose places matplotlib would else look for, which takes a third of its time."""
    below = offset_copy(axes.transAxes, axes.get_figure(root=True), 0, -18, units="points")
    axes.set_title(title, loc="left", y=1, fontsize=SMALL)
    axes.set_xlabel(x, fontsize=SMALL)
    axes.xaxis.set_label_coords(0.5, 0, below)
    axes.yaxis.set_label_coords(0, 0.5)
    axes.tick_params(labelsize=SMALL)
    axes.grid(axis="y", alpha=0.25)
    tidy(axes)


def tidy(axes: Axes) -> None:
    """Take away what carries no information."""
    axes.spines[["top", "right"]].set_visible(False)
    axes.tick_params(length=0)


def layers(findings: LayerFindings, summary: Summary) -> Figure:
    """Accuracy by layer with 95 % intervals, a line for each head; a ring where validation rows chose.

    Args:
        findings: Heads on layers.
        summary: What the test rows say of each.
    """
    figure = Figure(figsize=(5.2, 3.4), layout="constrained")
    axes = figure.subplots()
    curves = findings.curves(summary.compared_estimates())
    for number, curve in enumerate(curves):
        colour, shift = LINES[number % len(LINES)], 0.06 * (number - (len(curves) - 1) / 2)
        draw_layers(axes, curve, colour, shift)
    every = [point.x for curve in curves for point in curve.points if point.every]
    layers = sorted({point.x for curve in curves for point in curve.points if not point.every})
    numbered = layers[:: 1 + len(layers) // MOST_NUMBERS]
    axes.set_xticks([*numbered, *set(every)], [*map(str, numbered), *["all"] * bool(every)])
    axes.set_xlabel(f"layer of the encoder, of {findings.last} (0: the embeddings)")
    measure = TITLES[summary.compared][:1].upper() + TITLES[summary.compared][1:]
    axes.set_title(f"{measure} by layer, with 95 % intervals", loc="left", weight="bold", fontsize=SMALL)
    axes.yaxis.set_major_formatter(PercentFormatter(1))
    axes.grid(axis="y", alpha=0.25)
    if layers:
        axes.legend(frameon=False, loc="best")
    tidy(axes)
    return figure


def draw_layers(axes: Axes, curve: LayerCurve, colour: str, shift: float) -> None:
    """Draw one head's accuracy by layer, all layers together apart at the right, moved a little to the side."""
    for every in (False, True):
        points = [point for point in curve.points if point.every == every]
        x, y = [point.x + shift for point in points], [point.mean for point in points]
        reach = [[point.mean - point.low for point in points], [point.high - point.mean for point in points]]
        form = "o" if every else "-o"
        label = "_" if every else curve.head
        axes.errorbar(x, y, reach, fmt=form, color=colour, label=label, capsize=3, elinewidth=1, markersize=4)
    chosen = [point for point in curve.points if point.chosen]
    axes.plot(
        [point.x + shift for point in chosen], [point.mean for point in chosen],
        "o", markersize=12, markerfacecolor="none", markeredgecolor=colour, markeredgewidth=1.8,
        label="_",
    )  # fmt: skip


def history(
    records: Sequence[EpochRecord],
    title: str,
    best_epoch: int,
    others: Sequence[Sequence[EpochRecord]] = (),
) -> Figure:
    """Loss and accuracy by epoch on training and validation rows.

    Args:
        records: One for each epoch.
        title: What stands above the figure.
        best_epoch: The epoch whose parameters were kept; marked on the validation curves.
        others: Records of other seeds, drawn faintly.
    """
    figure = Figure(figsize=(5, 3))
    left, right = figure.subplots(1, 2)
    # places by hand: a layout engine draws every word twice more, and there is a figure for each head
    figure.subplots_adjust(left=0.1, right=0.98, top=0.82 if title else 0.91, bottom=0.3, wspace=0.34)
    draw_curves(left, [records, *others], "loss", best_epoch)
    draw_curves(right, [records, *others], "accuracy", best_epoch)
    right.yaxis.set_major_formatter(PercentFormatter(1))
    figure.suptitle(title, x=0.01, ha="left", weight="bold", fontsize=SMALL)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(
        handles, labels, loc="lower center", ncols=2, frameon=False, fontsize=SMALL, handlelength=1.4
    )
    return figure


def draw_curves(axes: Axes, seeds: Sequence[Sequence[EpochRecord]], field: str, best_epoch: int) -> None:
    """Draw one measure of both splits, the first seed's strongly, its cuts of the rate, and its best epoch."""
    for number, records in reversed([*enumerate(seeds)]):
        epochs = [record.epoch for record in records]
        for name, line, colour, label in (
            (field, "--", ORANGE, "training"),
            (f"valid_{field}", "-", BLUE, "validation"),
        ):
            values, shown = [getattr(record, name) for record in records], "_" if number else label
            axes.plot(epochs, values, line, color=colour, label=shown, alpha=FADED if number else 1)
    draw_cuts(axes, seeds[0])
    best = getattr(seeds[0][best_epoch - 1], f"valid_{field}")
    axes.plot(best_epoch, best, "o", color=GREEN, markersize=6, label=f"best epoch ({best_epoch})", zorder=3)
    axes.set_xlim(0.5, max(map(len, seeds)) + 0.7)
    axes.xaxis.set_major_locator(MaxNLocator(5, integer=True, min_n_ticks=1))
    axes.yaxis.set_major_locator(MaxNLocator(5))
    name_axes(axes, field, "epoch")


def draw_cuts(axes: Axes, records: Sequence[EpochRecord]) -> None:
    """Draw a vertical line after each epoch whose end cut the learning rate."""
    cuts = [record.epoch + 0.5 for record in records if record.lr_cut]
    for number, place in enumerate(cuts):
        # a label that begins with an underscore is kept out of the legend
        label = "learning rate cut" if number == 0 else "_"
        axes.axvline(place, color=FAINT, linestyle=":", linewidth=1.5, label=label)
