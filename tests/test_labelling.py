"""What shows how far the labelling of a file is."""

import sys

import pytest

from headstart.extract.predict.options import LabelSettings
from headstart.labelling import REPORTER, reporter_of


@pytest.mark.parametrize(
    ("output", "terminal", "moves"),
    [
        ("labels.csv", True, True),
        (None, False, True),
        ("-", False, True),
        (None, True, False),
        ("-", True, False),
    ],
)
def test_nothing_moves_on_a_terminal_that_the_labels_go_to(
    output: str | None, terminal: bool, moves: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True, raising=False)
    reporter = reporter_of(LabelSettings(texts=[], run="results/a", input="a.csv", output=output))
    assert reporter.terminal is moves
    assert (reporter is REPORTER) is moves
