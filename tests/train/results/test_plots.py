import io
import math

import numpy as np
import pytest

from headstart.train.engine.history import EpochRecord
from headstart.train.engine.loss import Metrics
from headstart.train.results.plots import ComparisonRow, comparison, history, layers
from tests.train.report.html.made_runs import TASKS
from tests.train.report.layered_runs import layered_run

ROWS = [
    ComparisonRow("cls", "[CLS] token only", 0.2602, 0.8912),
    ComparisonRow(
        "gru", "Finetuned Last Hidden States with simple GRU", 0.1923, 0.9214, (0.006, 0.006), (0.005, 0.005)
    ),
    ComparisonRow(
        "lstm",
        "Finetuned Last Hidden States with simple LSTM",
        0.2177,
        0.9106,
        (0.007, 0.007),
        (0.004, 0.004),
    ),
]
RECORDS = [
    EpochRecord(1, 0.6, 0.61, 0.5, 0.7, 2e-3, False),
    EpochRecord(2, 0.4, 0.82, 0.3, 0.9, 2e-3, True),
    EpochRecord(3, 0.35, 0.86, 0.31, 0.88, 2e-4, True),
]


def words(axes):
    return [text.get_text() for text in axes.texts]


def lines(axes):
    """The points of each line that has a name in the legend."""
    handles, labels = axes.get_legend_handles_labels()
    return {
        label: np.transpose(handle.get_data()).tolist() for handle, label in zip(handles, labels, strict=True)
    }


def vertical(axes):
    return [line.get_xdata()[0] for line in axes.lines if list(line.get_xdata()) == [line.get_xdata()[0]] * 2]


def test_bars_have_the_values_that_are_written_on_them():
    left, right = comparison(ROWS).axes
    assert [bar.get_width() for bar in left.patches] == [row.loss for row in ROWS]
    assert [bar.get_width() for bar in right.patches] == [row.accuracy for row in ROWS]
    assert words(left)[:3] == ["0.2602", "0.1923", "0.2177"]
    assert words(right) == ["89.12%", "92.14%", "91.06%"]


def test_heads_are_named_in_order_from_top_to_bottom():
    left, _ = comparison(ROWS).axes
    assert words(left)[3:] == [word for row in ROWS for word in (row.name, row.title)]
    assert left.yaxis_inverted()


def test_the_floor_is_a_line_inside_the_picture():
    for axes, value, word in zip(
        comparison(ROWS, Metrics(0.69, 0.5)).axes,
        (0.69, 0.5),
        ("majority 0.6900", "majority 50.00%"),
        strict=True,
    ):
        low, high = axes.get_xlim()
        assert vertical(axes) == [value]
        assert low < value < high
        assert word in words(axes)


def test_an_axis_that_does_not_begin_at_zero_says_so():
    left, right = comparison(ROWS).axes
    assert left.get_xlim()[0] == 0
    assert right.get_xlim()[0] == pytest.approx(0.8)
    assert right.get_xlabel() == "the axis begins at 80%"
    assert comparison([ComparisonRow("cls", "", 0.9, 0.05)]).axes[1].get_xlabel() == ""


def test_a_head_that_diverged_is_still_listed():
    figure = comparison([*ROWS, ComparisonRow("max", "", math.nan, 0.5)])
    assert "nan" in words(figure.axes[0])
    assert rendered(figure).startswith(b"\x89PNG")


def test_curves_show_the_records():
    left, right = history(RECORDS, "cls", best_epoch=2).axes
    assert lines(left)["training"] == [[1, 0.6], [2, 0.4], [3, 0.35]]
    assert lines(left)["validation"] == [[1, 0.5], [2, 0.3], [3, 0.31]]
    assert lines(right)["training"] == [[1, 0.61], [2, 0.82], [3, 0.86]]
    assert lines(right)["validation"] == [[1, 0.7], [2, 0.9], [3, 0.88]]


def test_cuts_and_the_best_epoch_are_marked():
    left, right = history(RECORDS, "cls", best_epoch=2).axes
    assert vertical(left) == vertical(right) == [2.5, 3.5]
    assert lines(left)["best epoch (2)"] == [[2, 0.3]]
    assert lines(right)["best epoch (2)"] == [[2, 0.9]]
    assert left.get_xlim()[1] > 3.5


def test_the_legend_names_each_thing_once():
    (legend,) = history(RECORDS, "cls", best_epoch=2).legends
    names = ["training", "validation", "learning rate cut", "best epoch (2)"]
    assert [text.get_text() for text in legend.get_texts()] == names


def rendered(figure):
    stream = io.BytesIO()
    figure.savefig(stream, format="png", dpi=40)
    return stream.getvalue()


@pytest.mark.parametrize("records", [RECORDS, RECORDS[:1]])
def test_figures_can_be_written(records):
    assert rendered(history(records, "cls", best_epoch=1)).startswith(b"\x89PNG")
    assert rendered(comparison(ROWS[:1], Metrics(0.69, 0.5))).startswith(b"\x89PNG")


def points(container):
    """The points of an error bar's line, and how far its bars reach."""
    line, _, (bars,) = container
    return np.transpose(line.get_data(orig=False)), [segment[:, 1] for segment in bars.get_segments()]


def test_a_line_for_each_head_by_layer_with_intervals():
    run = layered_run(better={"2": 0.9, "all": 0.95})
    estimates = run.statistics.compared_estimates()
    (axes,) = layers(run.layers, run.statistics).axes
    assert [text.get_text() for text in axes.get_xticklabels()] == ["0", "1", "2", "3", "4", "all"]
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["avg", "maxavg"]
    for at, head in enumerate(("avg", "maxavg")):
        for container, names in zip(axes.containers[2 * at : 2 * at + 2], (range(5), ["all"]), strict=True):
            places, reach = points(container)
            known = np.array([estimates[f"{head}@{name}"].known for name in names])
            np.testing.assert_allclose(places[:, 1], known[:, 0])
            np.testing.assert_allclose(np.array(reach), known[:, 1:])
            assert abs(places[:, 0] - ([5] if names == ["all"] else range(5))).max() < 0.1
    rings = [line for line in axes.lines if line.get_markersize() == 12]
    assert [round(float(line.get_xdata()[0])) for line in rings] == [2, 2]


def test_layers_can_be_drawn_for_every_task_and_without_a_choice():
    for kind in TASKS:
        run = layered_run(TASKS[kind], heads=("avg",))
        assert rendered(layers(run.layers, run.statistics)).startswith(b"\x89PNG")
    nothing = run.layers._replace(candidates=[], choices=[])
    assert rendered(layers(nothing, run.statistics)).startswith(b"\x89PNG")
