"""The whole page, from what `results.json`, `predictions/` and the cache hold."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from headstart.train.report.html.costs import costs
from headstart.train.report.html.curves import epochs, trust
from headstart.train.report.html.heads_table import BASELINES, NAMES, differences, scores
from headstart.train.report.html.layers import layers
from headstart.train.report.html.markup import fill
from headstart.train.report.html.mistakes import classes, mistakes
from headstart.train.report.html.opening import opening, title
from headstart.train.report.html.origin import data, origin
from headstart.train.report.html.recommendation import recommend
from headstart.train.results.run_record import RunRecord


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
    head, measure = recommended.head, NAMES[run.statistics.compared]
    parts = [
        ("layers", "Layers", layers(run, measure)),
        ("classes", "Classes", classes(run, head)),
        ("scores", "Heads", scores(run, titles, names.notebook)),
        ("pairs", "Differences", differences(run.statistics)),
        ("mistakes", "Mistakes", mistakes(run.task, predictions, texts, head) if texts and head else ""),
        ("epochs", "Learning curves", epochs(run, head)),
        ("trust", "Probabilities", trust(run, head)),
        ("costs", "Costs", costs(run, measure)),
        ("data", "Data", data(run)),
        ("origin", "Make it again", origin(run)),
    ]
    return fill(
        "report/html/page",
        title=title(run),
        opening=opening(run, titles, recommended),
        parts=[part for part in parts if part[2]],
    )
