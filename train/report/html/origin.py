"""What the numbers depend on, and the commands that make them again."""

import shlex

from headstart.cache.runtime.options import arguments_of
from headstart.cache.runtime.text import as_started
from headstart.train.data.checks import describe_leaks
from headstart.train.options import ComparisonSettings
from headstart.train.report.html.markup import fill
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
    leaks = "" if run.leaks is None else describe_leaks(run.leaks, run.settings.deduplicate)
    return fill("report/html/data", run=run, leaks=leaks[:1].upper() + leaks[1:])


def origin(run: RunRecord) -> str:
    """Commands, recipe, environment, times."""
    seconds = {
        name: f"{value:.1f} s" for name, value in run.seconds.items() if isinstance(value, int | float)
    }
    facts = {
        "Recipe of the cache: everything that changes a cached value": run.cache.recipe,
        "Environment and times": {"cache key": run.cache.key, **run.environment, **seconds},
    }
    return fill("report/html/origin", commands=commands(run), facts=facts)
