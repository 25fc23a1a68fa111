"""What the numbers depend on, and the commands that make them again."""

import shlex
from collections.abc import Mapping
from typing import Any

from headstart.train.data.checks import describe_leaks
from headstart.train.report.html.markup import Cell, folded, paragraph, section, table, text, word

FLAGS = (
    "heads",
    "seeds",
    "epochs",
    "batch_size",
    "batching",
    "precision",
    "class_weight",
    "memory",
    "memory_limit",
)
SWITCHES = ("notebook", "deduplicate", "no_floors", "quick")
COUNTS = ("folds",)


def commands(run: Mapping[str, Any]) -> list[str]:
    """The two commands."""
    extract = run["cache"].get("source", {}).get("command")
    return [*([str(extract)] if extract else []), bench_command(run)]


def bench_command(run: Mapping[str, Any]) -> str:
    """Stage two, with every setting that changes a number."""
    settings = run["settings"]
    flags = [
        f"--{name.replace('_', '-')} {shlex.quote(str(settings[name]))}"
        for name in FLAGS
        if settings.get(name) is not None
    ]
    flags += [f"--{name} {settings[name]}" for name in COUNTS if settings.get(name)]
    flags += [f"--{name.replace('_', '-')}" for name in SWITCHES if settings.get(name)]
    location = run["cache"].get("location", run["cache"]["name"])
    return " ".join(["python bench.py", f"--cache {shlex.quote(str(location))}", *flags])


def data(run: Mapping[str, Any]) -> str:
    """Rows, classes, and texts that stand in two splits."""
    rows, task = run.get("rows", {}), run["task"]
    counts = ", ".join(f"{name} {count:,}" for name, count in rows.items())
    names = ", ".join(task["classes"][:20]) + (" …" if len(task["classes"]) > 20 else "")
    parts = [paragraph(f"Rows: {counts}. Task: {task['kind']} ({names}).")]
    if "leaks" in run:
        says = describe_leaks(run["leaks"], bool(run["settings"].get("deduplicate")))
        parts.append(paragraph(f"{says[0].upper()}{says[1:]}."))
    return section("data", "Data", *parts)


def origin(run: Mapping[str, Any]) -> str:
    """Commands, recipe, environment, times."""
    made = "".join(f"<pre><code>{text(line)}</code></pre>" for line in commands(run))
    about = {"cache key": run["cache"].get("key", ""), **run.get("environment", {})}
    seconds = {
        name: f"{own:.1f} s" for name, own in run.get("seconds", {}).items() if isinstance(own, (int, float))
    }
    return section(
        "origin",
        "Make it again",
        made,
        folded(
            "Recipe of the cache: everything that changes a cached value",
            _facts("Recipe", run["cache"].get("recipe", {})),
        ),
        folded("Environment and times", _facts("Environment", {**about, **seconds})),
    )


def _facts(caption: str, facts: Mapping[str, Any]) -> str:
    rows = [[word(name), Cell(text(value), None, "word long")] for name, value in facts.items()]
    return table(caption, ["field", "value"], rows) if rows else ""
