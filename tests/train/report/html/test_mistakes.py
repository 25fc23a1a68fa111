"""What the best head gets wrong, by class and by text."""

import numpy as np
import pytest

from headstart.cache.task import BINARY
from headstart.train.report.html.mistakes import classes, confident_mistakes, mistakes
from tests.train.report.html.made_runs import TASKS, made_run


def test_the_most_confident_mistakes_come_first() -> None:
    shares = np.array([[0.9], [0.2], [0.99], [0.4]])
    found = confident_mistakes(BINARY, shares, np.array([0, 1, 1, 1]))
    assert [(own.place, own.said, own.truth) for own in found] == [
        (0, "1", "0"),
        (1, "0", "1"),
        (3, "0", "1"),
    ]
    assert [own.confidence for own in found] == pytest.approx([0.9, 0.8, 0.6])
    several = confident_mistakes(TASKS["multilabel"], np.array([[0.9, 0.3, 0.1]]), np.array([[1, 1, 0]]))
    assert [(own.said, own.truth) for own in several] == [("not threat", "threat")]
    three = confident_mistakes(
        TASKS["multiclass"], np.array([[0.5, 0.3, 0.2], [0.1, 0.1, 0.8]]), np.array([2, 2])
    )
    assert [(own.place, own.said, own.truth) for own in three] == [(0, "hate", "neither")]


@pytest.mark.parametrize("kind", TASKS)
def test_confident_mistakes_beside_a_loop_over_rows(kind: str) -> None:
    task, random = TASKS[kind], np.random.default_rng(0)
    probabilities = (
        random.dirichlet([1, 1, 1], 50) if kind == "multiclass" else random.random((50, task.outputs))
    )
    labels = random.integers(0, task.highest_label + 1, task.label_shape(50))
    worst = []
    for row, label in zip(probabilities, labels.reshape(50, -1), strict=True):
        if kind == "multiclass":
            sure = [row.max()] if row.argmax() != label[0] else []
        else:
            sure = [max(p, 1 - p) for p, y in zip(row, label, strict=True) if (p > 0.5) != y]
        worst.append(max(sure, default=0.0))
    places = sorted((place for place in range(50) if worst[place]), key=lambda place: -worst[place])[:20]
    wrong = confident_mistakes(task, probabilities, labels)
    assert [mistake.place for mistake in wrong] == places
    assert [mistake.confidence for mistake in wrong] == pytest.approx([worst[place] for place in places])


def test_texts_are_shown_escaped_cut_and_by_their_row_in_the_file() -> None:
    run, arrays = made_run(TASKS["binary"])
    arrays["gru/0"][:] = 5.0  # says 1 of every row
    shown = mistakes(run.task, arrays, ["<b>" + "x" * 700] * 60, "gru")
    first = int(np.flatnonzero(arrays["labels"] == 0)[0])
    assert f"row {2 * first + 1:,}: says 1 (99.3%), label 0" in shown
    assert "&lt;b&gt;" in shown
    assert "x" * 597 + " …" in shown
    assert "x" * 598 not in shown
    arrays["gru/0"][:, 0] = np.where(arrays["labels"] == 1, 5.0, -5.0)
    assert "gru makes no mistake on the test rows." in mistakes(run.task, arrays, [""] * 60, "gru")
    arrays["gru/0"][:] = np.nan
    assert mistakes(run.task, arrays, [""] * 60, "gru") == ""


def test_the_best_head_s_classes_are_open_and_the_others_folded() -> None:
    run, _ = made_run(TASKS["multiclass"], diverged="avg")
    shown = classes(run, "gru")
    assert shown.index("gru: each class") < shown.index("<details>") < shown.index("lstm_pooled: each class")
    assert "avg: each class" not in shown
    assert classes(run, "avg").index("majority: each class") < classes(run, "avg").index("<details>")


def test_recall_comes_first_and_classes_of_few_rows_are_named() -> None:
    run, _ = made_run(TASKS["multiclass"])
    shown = classes(run, "gru")
    assert shown.index("recall") < shown.index("precision")
    assert (
        f">{run.statistics.per_class['gru']['hate'].recall:.3f}</td>"
        in str(shown).split("</tr>")[1].split("</td>")[0] + "</td>"
    )
    assert "Fewer than ten test rows" not in shown
    rare = run.statistics.per_class["gru"]["offence"]._replace(support=3)
    run.statistics.per_class["gru"]["offence"] = rare
    assert "Fewer than ten test rows, too few to judge a class by: offence (3)." in classes(run, "gru")
