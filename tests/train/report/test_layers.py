"""What the terminal shows of heads on several layers."""

import dataclasses

import pytest

from headstart.train.report.layers import layer_name, layers_table, tables
from headstart.train.report.terminal import WIDTH
from headstart.train.results.run_record import RunRecord
from tests.train.report.html.made_runs import TASKS, made_run
from tests.train.report.layered_runs import HEADS, layered_run


def lines_of(run: RunRecord) -> list[str]:
    assert run.layers
    return layers_table(run.layers, run.statistics).splitlines()


@pytest.mark.parametrize("kind", TASKS)
@pytest.mark.parametrize("heads", [("avg",), HEADS, ("cls", "max", "avg", "maxavg")])
@pytest.mark.parametrize("folds", [1, 5])
def test_no_line_is_wider_than_the_terminal(kind: str, heads: tuple[str, ...], folds: int) -> None:
    lines = lines_of(layered_run(TASKS[kind], heads, folds))
    assert max(map(len, lines)) <= WIDTH
    assert not [line for line in lines if line != line.rstrip()]


def test_a_line_for_each_layer_and_a_column_for_each_head() -> None:
    run = layered_run(better={"2": 0.9, "all": 0.95})
    lines, estimates = lines_of(run), run.statistics.compared_estimates()
    assert lines[0].split() == ["layer", *HEADS]
    names = ["0 (embeddings)", "1", "2", "3", "4 (last)", "all", "majority*"]
    assert [line[:20].rstrip() for line in lines[1:8]] == names
    for line, layer in zip(lines[1:7], (0, 1, 2, 3, 4, "all"), strict=True):
        values = line[20:].replace(">", "").split()
        for at, head in enumerate(HEADS):
            known = estimates[f"{head}@{layer}"].known
            assert known
            assert values[2 * at : 2 * at + 2] == [f"{known[0]:.4f}", f"{known[1]:.3f}-{known[2]:.3f}"]
    assert [line.count(">") for line in lines[1:8]] == [0, 0, 2, 0, 0, 0, 0]


def test_the_choices_and_what_they_say() -> None:
    run = layered_run(better={"2": 0.9, "all": 0.95})
    assert run.layers
    text = layers_table(run.layers, run.statistics)
    chosen = text.split("\n\n")[1].splitlines()
    labels = [line.split("  ")[0] for line in chosen]
    assert labels == ["chosen", "avg@2", "avg@all", "maxavg@2", "maxavg@all", labels[5], labels[6]]
    assert labels[5] in ("any avg@2", "any maxavg@2")
    words = " ".join(text.split())
    assert "Layer 2, chosen on the validation rows, beats the last one by" in words
    assert "`--layer 2` also makes extraction about 1.7 times as fast." in words
    assert "All layers together beat the last one by" in words


def test_folds_say_how_many_chose_it() -> None:
    lines = lines_of(layered_run(folds=5, heads=("avg",), better={"2": 0.95}))
    assert [line for line in lines if line.startswith("avg@2 5/5")]


def test_layers_alone_are_shown_where_every_head_is_on_one() -> None:
    run = layered_run()
    assert run.layers
    assert tables(run, {}) == layers_table(run.layers, run.statistics)
    more = layered_run(plain=("gru",))
    assert more.layers
    first, second = tables(more, {}).split("\n\nhead ")
    assert first == layers_table(more.layers, more.statistics)
    assert "gru" in second
    plain, _ = made_run(TASKS["binary"])
    assert tables(plain, {}).startswith("head ")
    assert tables(dataclasses.replace(run, layers=None), {}).startswith("head ")


@pytest.mark.parametrize(("layer", "name"), [(None, "all"), (0, "0 (embeddings)"), (3, "3"), (6, "6 (last)")])
def test_names_of_layers(layer: int | None, name: str) -> None:
    assert layer_name(layer, 6) == name
