"""Pages and lines that hold what they should."""

import html
import re

import numpy as np

from headstart.cache.task import Task
from headstart.train.predict.explain_page import Explained, as_lines, as_page, label_texts

NASTY = '<script>alert("x")</script> & \u202e \x1b[31m'


def explained(text: str) -> Explained:
    task = Task("multilabel", ("x", "y", "z"))
    shares = np.array([[0.9, 0.1, 0.2]], np.float32)
    (labelled,) = label_texts(task, [text], shares, 0.5)
    random = np.random.default_rng(0)
    added, bias = random.normal(size=(4, 3)).astype(np.float32), np.float32([0.1, -0.2, 0.3])
    won = np.array([3, 0, 4, 1])
    return Explained(
        labelled, task.classes, added.sum(axis=0) + bias, bias, ["[CLS]", NASTY, "b", "c"], added, won
    )


def test_the_page_is_one_file_with_every_contribution_and_no_markup_from_texts() -> None:
    own = explained(NASTY)
    page = as_page("What each token adds", [own])
    assert "<script" not in page
    assert "\u202e" not in page
    assert "\x1b" not in page
    assert not re.search(r"https?:|src=|@import|url\(", page)
    assert "prefers-color-scheme:dark" in page
    titles = [html.unescape(found) for found in re.findall(r'title="([^"]*)"', page)]
    values = np.array([float(title.split(",")[0]) for title in titles]).reshape(3, 4)
    np.testing.assert_allclose(values.sum(axis=1) + own.bias, own.logits, atol=1e-3)  # four decimals each
    assert [title.split(", ")[1] for title in titles[:2]] == [
        "largest in 3 of 8 features",
        "largest in 0 of 8 features",
    ]


def test_colour_is_for_terminals() -> None:
    own = explained("a text")._replace(words=["a", "b", "c", "d"])
    assert "\033[31m" in as_lines(own, colour=True)
    assert "\033" not in as_lines(own, colour=False)


def test_a_text_is_shown_with_its_label_and_probabilities() -> None:
    task = Task("multilabel", ("x", "y"))
    shown = label_texts(task, ["a\nb", "c"], np.array([[0.9, 0.6], [0.1, 0.2]], np.float32), [0.5, 0.5])
    assert [str(text) for text in shown] == [
        "x|y  [x 0.9000  y 0.6000]  a b",
        "(none)  [x 0.1000  y 0.2000]  c",
    ]


def test_lines_show_tokens_and_classes_of_any_name_as_text() -> None:
    shown = as_lines(explained("a")._replace(outputs=("x\x1b[2J", "y\u202e", "z\nw")), colour=False)
    assert len(shown.split("\n")) == 3
    assert all(line.isprintable() for line in shown.split("\n"))
    assert "\\x1b[31m" in shown
