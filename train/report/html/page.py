"""The whole page, from what `results.json`, `predictions/` and the cache hold."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np

from headstart.train.report.html.costs import costs
from headstart.train.report.html.curves import epochs, trust
from headstart.train.report.html.heads_table import BASELINES, NAMES, differences, scores
from headstart.train.report.html.layers import layers
from headstart.train.report.html.markup import text
from headstart.train.report.html.mistakes import classes, mistakes
from headstart.train.report.html.opening import opening, title
from headstart.train.report.html.origin import data, origin
from headstart.train.report.html.recommendation import recommend
from headstart.train.results.run_record import RunRecord

STYLE, SCRIPT = (
    f"\n{Path(__file__).with_name(name).read_text('utf-8')}" for name in ("report.css", "report.js")
)
"""Light and dark, phone and paper, in Okabe and Ito's colours; and a click on the name of a column, which sorts."""

PARTS = {
    "layers": "Layers",
    "classes": "Classes",
    "scores": "Heads",
    "pairs": "Differences",
    "mistakes": "Mistakes",
    "epochs": "Learning curves",
    "trust": "Probabilities",
    "costs": "Costs",
    "data": "Data",
    "origin": "Make it again",
}


class Names(NamedTuple):
    """What heads are called: short names of all of them, and the notebook's of those that it had."""

    titles: Mapping[str, str]
    notebook: Mapping[str, str] = {}


def render(
    run: RunRecord,
    names: Names,
    predictions: Mapping[str, np.ndarray],
    texts: Sequence[str] | None,
) -> str:
    """The report as one HTML file that needs nothing else, and no network.

    Args:
        run: What `results.json` holds.
        names: Names of the heads.
        predictions: Answers to the test rows, see `train.results.outcome.Outcome`.
        texts: Cleaned texts of the test rows, for the mistakes; None leaves them out.
    """
    titles, recommended = {**BASELINES, **names.titles}, recommend(run, names.titles)
    head = recommended.head
    body = "".join(
        (
            layers(run, NAMES[run.statistics.compared]),
            classes(run, head),
            scores(run, titles, names.notebook),
            differences(run.statistics),
            mistakes(run.task, predictions, texts, head) if texts and head else "",
            epochs(run, head),
            trust(run, head),
            costs(run, NAMES[run.statistics.compared]),
            data(run),
            origin(run),
        )
    )
    links = "".join(f'<a href="#{at}">{part}</a>' for at, part in PARTS.items() if f'id="{at}"' in body)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{text(title(run))}</title><style>{STYLE}</style></head><body>"
        '<a class="skip" href="#scores">Skip to the table</a>'
        f"<header>{opening(run, titles, recommended)}"
        f'<nav aria-label="Parts of the report">{links}</nav></header>'
        f"<main>{body}</main><footer>Made by headstart's bench.py. This file is complete: it loads nothing.</footer>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def policy() -> str:
    """What a browser may do: this very style and script, and nothing from elsewhere."""

    def digest(content: str) -> str:
        return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(STYLE)}'; script-src 'sha256-{digest(SCRIPT)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
