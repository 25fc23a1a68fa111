"""The whole page, from what `results.json`, `predictions/` and the cache hold."""

import base64
import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from headstart.train.report.html.costs import costs
from headstart.train.report.html.curves import epochs, trust
from headstart.train.report.html.heads_table import NAMES, differences, scores
from headstart.train.report.html.layers import layers
from headstart.train.report.html.markup import paragraph, text
from headstart.train.report.html.mistakes import classes, mistakes
from headstart.train.report.html.origin import data, origin
from headstart.train.results.layers import is_about_layers
from headstart.train.results.run_record import RunRecord

STYLE, SCRIPT = (
    f"\n{Path(__file__).with_name(name).read_text('utf-8')}" for name in ("report.css", "report.js")
)
"""Light and dark, phone and paper, in Okabe and Ito's colours; and a click on the name of a column, which sorts."""

PARTS = {
    "layers": "Layers",
    "scores": "Heads",
    "pairs": "Differences",
    "costs": "Costs",
    "epochs": "Learning curves",
    "trust": "Probabilities",
    "classes": "Classes",
    "mistakes": "Mistakes",
    "data": "Data",
    "origin": "Make it again",
}


def render(
    run: RunRecord,
    titles: Mapping[str, str],
    predictions: Mapping[str, np.ndarray],
    texts: Sequence[str] | None,
) -> str:
    """The report as one HTML file that needs nothing else, and no network.

    Args:
        run: What `results.json` holds.
        titles: Full names of the heads.
        predictions: Answers to the test rows, see `train.results.outcome.Outcome`.
        texts: Cleaned texts of the test rows, for the mistakes; None leaves them out.
    """
    best = best_head(run)
    shown = mistakes(run.task, predictions, texts, best) if texts and best else ""
    parts = (
        layers(run, NAMES[run.statistics.compared]),
        scores(run, titles),
        differences(run.statistics),
        costs(run, NAMES[run.statistics.compared]),
        epochs(run),
        trust(run, best),
        classes(run, best),
        shown,
        data(run),
        origin(run),
    )
    body = "".join(parts)
    links = "".join(
        f'<a href="#{name}">{title}</a>' for name, title in PARTS.items() if f'id="{name}"' in body
    )
    name = text(run.cache.name)
    # of layers alone, the heads' verdict would name the best of many by their test rows
    sentences = run.layers.verdict if run.layers else []
    sentences = sentences if is_about_layers(run) else [*sentences, *run.statistics.verdict]
    verdict = "".join(paragraph(sentence, "verdict") for sentence in sentences)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{policy()}">'
        '<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">'
        f"<title>{name}: heads compared</title><style>{STYLE}</style></head><body>"
        '<a class="skip" href="#scores">Skip to the table</a>'
        f'<header><h1>{name}</h1><p class="note">{text(about(run))}</p>{verdict}'
        f'<nav aria-label="Parts of the report">{links}</nav></header>'
        f"<main>{body}</main><footer>Made by headstart's bench.py. This file is complete: it loads nothing.</footer>"
        f"<script>{SCRIPT}</script></body></html>\n"
    )


def about(run: RunRecord) -> str:
    """What was compared, in a line."""
    heads = [name for name in run.statistics.metrics if name not in run.baselines]
    seeds = 1 + max(result.seed for result in run.results)
    return (
        f"{len(heads)} head{'s' * (len(heads) != 1)}, {seeds} seed{'s' * (seeds != 1)}"
        + (f", {run.statistics.rows:,} test rows" if run.statistics.rows else "")
        + f", encoder {run.cache.source.get('backbone', 'unknown')}"
    )


def best_head(run: RunRecord) -> str | None:
    """The head, no baseline, with the highest score; None if all diverged."""
    means = {
        name: estimate.mean
        for name, estimate in run.statistics.compared_estimates().items()
        if name not in run.baselines and estimate.mean is not None
    }
    return max(means, key=lambda name: means[name]) if means else None


def policy() -> str:
    """What a browser may do: this very style and script, and nothing from elsewhere."""

    def digest(content: str) -> str:
        return base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()

    return (
        f"default-src 'none'; style-src 'sha256-{digest(STYLE)}'; script-src 'sha256-{digest(SCRIPT)}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
