"""Everything that a finished comparison leaves in its folder."""

from collections.abc import Mapping, Sequence
from typing import Any

from headstart.train.report.html.page import render
from headstart.train.report.terminal import lines
from headstart.train.results.folder import RunFolder
from headstart.train.results.outcome import Outcome


def write_run(
    folder: RunFolder,
    outcome: Outcome,
    run: dict[str, Any],
    texts: Sequence[str],
    titles: Mapping[str, str],
    folds: Sequence[int] = (),
    below: str = "",
) -> dict[str, Any]:
    """Write results, pictures and report; return what `results.json` holds.

    Args:
        folder: of the run.
        outcome: every result, judged.
        run: what `results.json` will hold, but for the table.
        texts: of the test rows.
        titles: of the heads.
        folds: the fold of each result, if there are any.
        below: said under the table.
    """
    run["table"] = lines(outcome.results, outcome.statistics) + (f"\n\n{below}" if below else "")
    for row, fold in zip(run["results"], folds, strict=False):
        row["fold"] = fold
    folder.save_results(outcome.results, run, folds)
    folder.save_comparison(outcome.results, outcome.statistics, titles)
    predictions = {name: folder.predictions(name) for name in ("valid", "test")}
    folder.write("report.html", render(run, predictions, {"test": texts}, titles))
    return run
