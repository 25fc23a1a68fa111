"""`headstart.compare`: train heads on features, and say which of them differ."""

import dataclasses
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from headstart.cache.reader import open_cache
from headstart.cache.runtime.environment import prepare_library
from headstart.cache.runtime.options import arguments_of
from headstart.features import Features, require_known
from headstart.model import Model, load

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.figure import Figure

    from headstart.train.results.run_record import RunRecord


class ComparisonResult:
    """Heads that were trained on the same features, and what their differences are worth.

    Attributes:
        record: All of it, as `results.json` holds it.
        path: Folder with the results, the heads, the figures and `report.html`.
    """

    def __init__(self, record: "RunRecord", path: str) -> None:
        self.record, self.path = record, path

    @property
    def table(self) -> str:
        """What the command line shows."""
        return self.record.table

    @property
    def verdict(self) -> str:
        """Which head to take, and what the best ones differ from, in words."""
        from headstart.train.report.html.recommendation import recommend

        return " ".join([recommend(self.record, self._titles()).sentence, *self.record.statistics.verdict])

    @property
    def figures(self) -> "dict[str, Figure]":
        """Matplotlib's: `comparison`, `layers` if there are, each head's epochs (of its first seed) by its name."""
        from headstart.train.results import plots
        from headstart.train.results.folder import comparison_figure

        titles = self._titles()
        figures = {"comparison": comparison_figure(self.record, titles)}
        if self.record.layers:
            figures["layers"] = plots.layers(self.record.layers, self.record.statistics)
        for row in self.record.results:
            if row.seed == 0 and (history := self.record.histories.get(f"{row.head}/0")):
                figures[row.head] = plots.history(history, titles[row.head], int(row.best_epoch))
        return figures

    def _titles(self) -> dict[str, str]:
        from headstart.heads.spec import is_head, spec_of

        return {row.head: spec_of(row.head).title for row in self.record.results if is_head(row.head)}

    def to_frame(self, seeds: bool = False) -> "pd.DataFrame":
        """A line for each head and baseline.

        Args:
            seeds: Whether each seed (and fold) has its own line; else they are means, with the number of seeds.
        """
        import pandas as pd

        from headstart.train.results.result import mean_by_head

        rows = self.record.results if seeds else mean_by_head(self.record.results)
        frame = pd.DataFrame([dataclasses.asdict(row) for row in rows]).set_index("head")
        frame = frame.dropna(axis=1, how="all") if "fold" in frame else frame
        if seeds:
            return frame
        low, high = zip(*(self._interval(name) for name in frame.index), strict=True)
        place = frame.columns.get_loc("test_accuracy")
        assert isinstance(place, int)
        frame = frame.rename(columns={"seed": "seeds"})
        frame.insert(place + 1, "low", low)
        frame.insert(place + 2, "high", high)
        return frame

    def best(self) -> Model:
        """The head with the lowest validation loss, on its encoder, to label new texts.

        Raises:
            UserError: the heads were trained in folds, and none learnt from all rows.
        """
        return load(self.path)

    def _interval(self, head: str) -> tuple[float | None, float | None]:
        estimate = self.record.statistics.metrics[head]["accuracy"]
        return estimate.low, estimate.high

    def __repr__(self) -> str:
        return f"{self.table}\n\nwritten to {self.path}/"

    def _repr_html_(self) -> str:
        """What a notebook shows: the means, and the verdict."""
        from html import escape

        shown = self.to_frame()[["params", "epochs", "test_loss", "test_accuracy", "low", "high"]]
        table = shown.to_html(float_format="{:.4f}".format, border=0)
        report = escape(os.path.join(self.path, "report.html"))
        return f"{table}<p>{escape(self.verdict)}</p><p>Everything else: <code>{report}</code></p>"


def compare(
    features: Features | str | os.PathLike[str],
    heads: str | Sequence[str] = "all",
    *,
    seeds: int = 1,
    out: str | os.PathLike[str] = "results",
    progress: bool = False,
    **settings: Any,
) -> ComparisonResult:
    """Train heads on features and compare them on the test rows, which are read once, at the end.

    Args:
        features: What `headstart.encode` gives, or the folder of a cache.
        heads: Names of heads, or `all`.
        seeds: Seeds of each head.
        out: Folder that gets a folder of results.
        progress: Whether to print what the command line prints on standard error.
        settings: Other fields of `headstart.train.options.ComparisonSettings`.

    Raises:
        UserError: features and settings do not fit, or the results cannot be written.
        TypeError: there is no such setting.
    """
    prepare_library()
    from headstart.bench import compare as train_and_compare
    from headstart.train.options import ComparisonSettings
    from headstart.train.report.loggers import RunReporter
    from headstart.train.report.terminal import TerminalRun

    every = arguments_of(ComparisonSettings)  # but where things lie, and how the command line prints
    known = [a.name for a in every if a.about.repeats or a.name in ("resume", "fresh", "log")]
    require_known(settings, known, "compare")
    cache = features.cache if isinstance(features, Features) else open_cache(os.fspath(features))
    names = heads if isinstance(heads, str) else ",".join(heads)
    chosen = ComparisonSettings(
        heads=names, cache=cache.store.location, seeds=seeds, out=os.fspath(out), **settings
    )
    reporter = TerminalRun(chosen.epochs) if progress else RunReporter()
    record, path = train_and_compare(cache, chosen, reporter)
    return ComparisonResult(record, path)
