import io
import itertools
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
    assert words(figure.axes[0])[3] == "diverged"
    assert rendered(figure).startswith(b"\x89PNG")


LONG = "a head with a name that is as long as any head's name could be, on all layers"
FEW = [  # of 8 test rows: exact intervals are wide
    ComparisonRow("cls", "", 0.9, 0.0, (0.5, 1.9), (0.0, 0.369)),
    ComparisonRow("avg", "", 0.7, 0.5, (0.5, 0.9), (0.343, 0.343)),
    ComparisonRow("gru", "", 0.1, 1.0, (0.1, 0.2), (0.369, 0.0)),
]
CASES = {
    "few rows": (FEW, Metrics(0.69, 0.5)),
    "few rows, a head that diverged": (
        [*FEW, ComparisonRow("max", "", math.nan, math.nan)],
        Metrics(0.69, 1.0),
    ),
    "twenty classes": (
        [ComparisonRow("avg", "", 2.9, 0.06, (0.4, 0.4), (0.02, 0.03)), ComparisonRow("gru", "", 3.1, 0.05)],
        Metrics(math.log(20), 0.05),
    ),
    "all right": ([ComparisonRow("avg", "", 0.0, 1.0, (0.0, 0.0), (0.03, 0.0))] * 2, Metrics(0.69, 0.99)),
    "long names": ([ComparisonRow("bilstm_pooled@all", LONG, 0.2, 0.9, (0.1, 0.1), (0.05, 0.02))] * 12, None),
    "every head diverged": ([ComparisonRow("avg", "", math.nan, math.nan)] * 2, None),
}


def overlapping(boxes):
    """Pairs of boxes with an area in common."""
    return [(a, b) for a, b in itertools.combinations(boxes, 2) if a.x0 < b.x1 and b.x0 < a.x1
        and a.y0 < b.y1 and b.y0 < a.y1]  # fmt: skip


def require_all_seen(figure):
    """No word beyond the figure or on another one, no number of an axis beyond it, no whisker beyond its axes."""
    figure.draw_without_rendering()
    canvas, boxes = figure.bbox, []
    for axes in figure.axes:
        ticks = [*axes.get_xticklabels(), *axes.get_yticklabels()]
        texts = [*axes.texts, *ticks, axes.title, axes._left_title, axes.xaxis.label]
        inside = axes.get_window_extent()
        for text in (text for text in texts if text.get_text() and text.get_visible()):
            box = text.get_window_extent()
            beyond = text in ticks and not (inside.x0 - 1 <= (box.x0 + box.x1) / 2 <= inside.x1 + 1
                or text in axes.get_yticklabels())  # fmt: skip
            if not beyond:
                assert canvas.x0 - 1 <= box.x0
                assert box.x1 <= canvas.x1 + 1, text
                boxes.append(box)
        for bars in (
            bars for container in axes.containers if hasattr(container, "has_xerr") for bars in container[2]
        ):
            for segment in filter(len, bars.get_segments()):
                (x0, y0), (x1, y1) = axes.transData.transform(segment)
                assert inside.x0 - 1 <= min(x0, x1) <= max(x0, x1) <= inside.x1 + 1
                assert inside.y0 - 1 <= min(y0, y1) <= max(y0, y1) <= inside.y1 + 1
    assert not overlapping(boxes)


@pytest.mark.parametrize("case", CASES)
def test_every_head_has_its_number_and_every_whisker_its_ends(case):
    rows, majority = CASES[case]
    figure = comparison(rows, majority)
    require_all_seen(figure)
    for axes, name, form in zip(figure.axes, ("loss", "accuracy"), ("{:.4f}", "{:.2%}"), strict=True):
        values = [getattr(row, name) for row in rows]
        drawn = [
            text for text in axes.texts if text.get_text() in [form.format(v) for v in values] + ["diverged"]
        ]
        assert len(drawn) == len(rows)
        for text in drawn:  # matplotlib draws no annotation whose place is beyond the axes
            low, high = axes.get_xlim()
            assert low <= text.xy[0] <= high
            assert text.get_window_extent().x1 <= axes.get_window_extent().x1 + 1
    shares = [float(label.get_text()[:-1]) for label in figure.axes[1].get_xticklabels()]
    assert max(shares) <= 100
    assert len(set(shares)) == len(shares)


@pytest.mark.parametrize("spread", [0.3, 0.004, 0.0])
def test_curves_of_any_height_have_numbers_that_differ(spread):
    records = [
        EpochRecord(epoch, 0.6, 0.9 - spread * epoch / 3, 0.5, 0.9, 2e-3, False) for epoch in range(1, 4)
    ]
    figure = history(records, LONG, best_epoch=2)
    require_all_seen(figure)
    labels = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("kind", TASKS)
def test_whiskers_of_layers_are_whole(kind):
    run = layered_run(TASKS[kind])
    require_all_seen(layers(run.layers, run.statistics))


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


def test_many_layers_have_few_numbers():
    run = layered_run(heads=("avg",))
    (first, *_) = run.layers.candidates
    many = [first._replace(layer=layer) for layer in range(49)]
    figure = layers(run.layers._replace(candidates=many, last=48), run.statistics)
    require_all_seen(figure)
    assert 10 < len(figure.axes[0].get_xticklabels()) < 22


def test_other_seeds_are_faint_and_in_no_legend():
    others = [[record._replace(valid_loss=0.9) for record in RECORDS * 2], RECORDS]
    figure = history(RECORDS, "cls", best_epoch=2, others=others)
    left, right = figure.axes
    for axes in (left, right):
        shares = [line.get_alpha() for line in axes.lines if len(line.get_xdata()) > 2]
        assert shares.count(1) == 2
        assert len(shares) == 6
        assert max(share for share in shares if share != 1) < 0.5
        assert vertical(axes) == [2.5, 3.5]  # the first seed's
    assert lines(left)["validation"] == [[1, 0.5], [2, 0.3], [3, 0.31]]
    assert left.get_xlim()[1] > 6
    assert len(figure.legends[0].get_texts()) == 4
