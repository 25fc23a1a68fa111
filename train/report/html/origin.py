"""What the numbers depend on, and the commands that make them again."""

import shlex
from collections.abc import Mapping
from typing import Any

from headstart.cache.runtime.options import arguments_of
from headstart.cache.runtime.text import as_started
from headstart.train.data.checks import describe_leaks
from headstart.train.options import ComparisonSettings
from headstart.train.report.html.markup import TableCell, folded, paragraph, section, table, text, word
from headstart.train.results.run_record import RunRecord


def commands(run: RunRecord) -> list[str]:
    """The two commands."""
    extract = run.cache.source.get("command")
    return [*([str(extract)] if extract else []), bench_command(run)]


def bench_command(run: RunRecord) -> str:
    """Stage two, with every setting that changes a number."""
    repeated = [argument for argument in arguments_of(ComparisonSettings) if argument.about.repeats]
    settings = {argument.flag: getattr(run.settings, argument.name) for argument in repeated}
    flags = [
        flag if value is True else f"{flag} {shlex.quote(str(value))}"
        for flag, value in settings.items()
        if value
    ]
    location = shlex.quote(run.cache.location or run.cache.name)
    return " ".join([as_started("python bench.py"), f"--cache {location}", *flags])


def data(run: RunRecord) -> str:
    """Rows, classes, and texts that stand in two splits."""
    classes = run.task.classes
    counts = ", ".join(f"{name} {count:,}" for name, count in run.rows.items())
    names = ", ".join(classes[:20]) + (" …" if len(classes) > 20 else "")
    parts = [paragraph(f"Rows: {counts}. Task: {run.task.kind} ({names}).")]
    if run.leaks is not None:
        says = describe_leaks(run.leaks, run.settings.deduplicate)
        parts.append(paragraph(f"{says[0].upper()}{says[1:]}."))
    return section("data", "Data", *parts)


def origin(run: RunRecord) -> str:
    """Commands, recipe, environment, times."""
    shown = "".join(f"<pre><code>{text(line)}</code></pre>" for line in commands(run))
    seconds = {
        name: f"{value:.1f} s" for name, value in run.seconds.items() if isinstance(value, int | float)
    }
    environment = {"cache key": run.cache.key, **run.environment, **seconds}
    return section(
        "origin",
        "Make it again",
        shown,
        paragraph("Paths are as seen from where the commands ran; of a folder elsewhere, its name alone."),
        folded(
            "Recipe of the cache: everything that changes a cached value", _facts("Recipe", run.cache.recipe)
        ),
        folded("Environment and times", _facts("Environment", environment)),
    )


def _facts(caption: str, facts: Mapping[str, Any]) -> str:
    rows = [[word(name), TableCell(text(value), None, "word long")] for name, value in facts.items()]
    return table(caption, ["field", "value"], rows) if rows else ""
