"""The model card says what the run measured, and lets no name out of its place."""

import dataclasses

import pytest

from headstart.cache.runtime.text import printable
from headstart.train.export import model_card
from headstart.train.export.hub import metadata
from headstart.train.export.model_card import Program
from headstart.train.predict.trained_head import Trained
from headstart.train.report.html.recommendation import recommend
from tests.train.results.run_before import BEFORE, trained_head

PROGRAM = Program(exact=True, texts=4, difference=1.5e-7)


def card(head: Trained, title: str, packages: list[str], program: Program) -> str:
    return model_card.card(head, title, packages, program, metadata(head, "mit"))


def test_its_figures_are_the_run_s() -> None:
    text = card(trained_head(), "a title", ["jax 0.10.2"], PROGRAM)
    metrics = BEFORE["statistics"]["metrics"]
    for name in ("accuracy", "loss", "ece"):
        own = metrics["avg"][name]
        assert f"| {name} | {own['mean']:.4f} | {own['low']:.4f} to {own['high']:.4f} |" in text
    assert f"accuracy of the baselines: majority {metrics['majority']['accuracy']['mean']:.4f}." in text
    assert "subset_accuracy" not in text
    assert "Mean over 1 seed," in text
    assert "On 4 texts the program's probabilities were at most 1.5e-07" in text
    assert "written with jax 0.10.2" in text
    assert "The label is the most probable class." in text
    assert "a small trained head: a title. Task" in text
    recommended = recommend(trained_head().run, {"avg": "a title"})
    assert recommended.head == "avg"
    assert f"What the run recommends: {recommended.sentence}" in text


def test_thresholds_are_those_that_predict_takes() -> None:
    for kind, threshold, used in (("binary", 0.25, "0.5"), ("multilabel", [0.25, 0.5], "these")):
        statistics = BEFORE["statistics"] | {"threshold": {"avg": threshold}}
        head = trained_head(task={"kind": kind, "classes": ["a", "b"]}, statistics=statistics)
        assert f"{threshold}; `predict.py` uses {used}." in card(head, "", [], PROGRAM)


def test_names_from_data_end_neither_a_line_nor_a_code_span() -> None:
    source = BEFORE["cache"]["source"] | {"data": "a`b\n# c|d<script>"}
    text = card(trained_head(cache=BEFORE["cache"] | {"source": source}), "", [], PROGRAM)
    assert "`a'b # c/d(script>`" in text
    _, body = text.split("\n---\n", 1)  # behind the hub's YAML
    assert "<script" not in body


def test_whether_texts_are_cleaned_is_said() -> None:
    recipe = BEFORE["cache"]["recipe"]
    text = card(trained_head(), "", [], PROGRAM)
    assert f"clean-text's `clean` with `{recipe['cleaning']}` ({recipe['cleaning_versions']})" in text
    head = trained_head()
    plain = head._replace(recipe=dataclasses.replace(head.recipe, cleaning="null", cleaning_versions=""))
    text = card(plain, "", [], PROGRAM)
    assert "`load.py` takes texts as they are" in text
    assert "clean-text" not in text


@pytest.mark.parametrize("name", ["\x1b[2J", "\u202egpj", "caf\udce9.csv"])
def test_names_from_data_move_no_cursor(name: str) -> None:
    source = BEFORE["cache"]["source"] | {"data": name, "text_column": name}
    head = trained_head(
        cache=BEFORE["cache"] | {"source": source}, task={"kind": "multiclass", "classes": [name, "b", "c"]}
    )
    text = card(head, "", [], PROGRAM)
    assert all(character.isprintable() or character == "\n" for character in text)
    assert f"`{printable(name)}`" in text


def test_what_only_a_template_would_understand_is_text() -> None:
    source = BEFORE["cache"]["source"] | {"data": "{{ 7 * 7 }}{% raw %}", "label_column": "{# y #}"}
    text = card(trained_head(cache=BEFORE["cache"] | {"source": source}), "", [], PROGRAM)
    assert "`{{ 7 * 7 }}{% raw %}`" in text
    assert "`{# y #}`" in text
    assert text.endswith("recipe.json.\n")


def test_of_many_classes_fifty_are_named() -> None:
    task = {"kind": "multiclass", "classes": [f"c{number}" for number in range(1060)]}
    assert "`c48`, `c49` and 1,010 more. Trained on" in card(trained_head(task=task), "", [], PROGRAM)
