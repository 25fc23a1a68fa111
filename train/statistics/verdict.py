"""The comparison in two sentences, and what to be careful about."""

from collections.abc import Sequence
from typing import NamedTuple


def notes(pairs: int, seeds: int, compared: str, resamples: int) -> list[str]:
    """Sentences that belong under a table of heads.

    Args:
        pairs: Pairs tested together.
        seeds: Seeds of each head.
        compared: Metric of the tests.
        resamples: Resamples of the rows.
    """
    said = "row decided rightly in every label" if compared == "subset_accuracy" else "row decided rightly"
    return [_intervals(seeds, resamples), *([_tests(pairs, seeds, said)] if pairs else [])]


def _intervals(seeds: int, resamples: int) -> str:
    rows = (
        "A 95 % interval covers what other test rows of the same kind would change (accuracies: Clopper and Pearson's; "
        f"other metrics: percentiles of {resamples:,} resamples), the trained heads held fixed"
    )
    if seeds == 1:
        return f"{rows}; with one seed nothing is known of what another seed would change."
    return f"{rows}; sd is what the seed changes, over {seeds} seeds; the interval of a head trained anew has both."


def _tests(pairs: int, seeds: int, said: str) -> str:
    correction = f"with Holm's correction over {pairs} pair{'' if pairs == 1 else 's'} at 5 %"
    if seeds == 1:
        test = f"McNemar's exact test ({said}), {correction}; it compares these trained heads, not other seeds of them"
    else:
        test = (
            f"McNemar's exact test of the mean probability over seeds ({said}) and Welch's test of the mean accuracy "
            f"over rows and seeds must both say so, {correction}"
        )
    return f"Heads that share a letter cannot be told apart: {test}."


TITLES = {"accuracy": "test accuracy", "subset_accuracy": "exact-match test accuracy"}


class Standing(NamedTuple):
    """A head or baseline that gave finite answers.

    Attributes:
        name: Its name.
        value: Mean over seeds of the metric that heads are compared by.
        low: Lower end of its 95 % interval.
        high: Upper end.
        baseline: Whether it is a baseline.
    """

    name: str
    value: float
    low: float
    high: float
    baseline: bool


def verdict(
    standings: Sequence[Standing],
    differing: set[frozenset[str]],
    diverged: Sequence[str],
    metric: str,
    rows: int,
    seeds: int,
) -> list[str]:
    """Two sentences: what comes first and what it cannot be told apart from; what it does beat.

    Args:
        standings: Heads and baselines in the order of the table.
        differing: Pairs of names that differ.
        diverged: Names of those that gave no finite answers.
        metric: `accuracy` or `subset_accuracy`.
        rows: Test rows.
        seeds: The most seeds that any head has.
    """
    lost = f"{_names(diverged)} diverged and {'is' if len(diverged) == 1 else 'are'} left out"
    if not standings:
        return ["No head gave finite predictions.", f"{_capital(lost)}."]
    top = max(standing.value for standing in standings)
    best = [standing for standing in standings if standing.value == top]
    others = [standing for standing in standings if standing not in best]
    places = _places(best, others, differing)
    first = f"{_first(best, bool(others), metric, rows, seeds)}{_apart(places.same, others)}."
    second = _second(best, places, bool(differing))
    return [first, f"{second}; {lost}." if diverged else f"{second}."]


class _Places(NamedTuple):
    """The others as the first see them.

    Attributes:
        same: Those that none of the first can be told apart from.
        beaten: Those that each of the first beats.
        between: Those that some of the first beat, by the names of these.
    """

    same: list[Standing]
    beaten: list[Standing]
    between: dict[tuple[str, ...], list[Standing]]


def _places(best: list[Standing], others: list[Standing], differing: set[frozenset[str]]) -> _Places:
    beaten_by: dict[tuple[str, ...], list[Standing]] = {}
    for standing in others:
        beat = tuple(b.name for b in best if frozenset([standing.name, b.name]) in differing)
        beaten_by.setdefault(beat, []).append(standing)
    every = tuple(b.name for b in best)
    return _Places(beaten_by.pop((), []), beaten_by.pop(every, []), beaten_by)


def _first(best: list[Standing], contested: bool, metric: str, rows: int, seeds: int) -> str:
    """Who comes first, with which value."""
    leader, many = best[0], len(best) > 1
    mean = f"mean {TITLES[metric]} over {seeds} seeds" if seeds > 1 else TITLES[metric]
    has = "share the highest" if many else "has the highest" if contested else "has a"
    value = f"{leader.value:.3f} (95 % interval {leader.low:.3f} to {leader.high:.3f}, {rows:,} rows)"
    link = ", " if many or contested else " of "
    return f"{_capital(_listed(best))} {has} {mean}{link}{value}"


def _apart(same: list[Standing], others: list[Standing]) -> str:
    """What the first cannot be told apart from."""
    if not same:
        return ""
    heads = [standing for standing in same if not standing.baseline]
    every = len(heads) > 3 and len(heads) == sum(not standing.baseline for standing in others)
    names = _listed(same) if not every else _joined(["any other head", *_baselines(same)], "or")
    return f", but cannot be told apart from {names}"


def _second(best: list[Standing], places: _Places, any_differ: bool) -> str:
    """What the first do beat."""
    same, beaten, between = places
    if not same and not beaten and not between:
        return (
            "There is nothing else to compare it with" if len(best) == 1 else "They are right equally often"
        )
    if not any_differ:
        return "No difference between any two of them holds"
    parts = [_beaten(best, places), *(_some(best, names, lost) for names, lost in between.items())]
    if all(standing.baseline for standing in best):
        parts.insert(0, f"No head does better than {'these baselines' if len(best) > 1 else 'this baseline'}")
    said = "; ".join(part for part in parts if part)
    return said[:1].upper() + said[1:] if said.startswith(("it", "they", "of")) else said


def _beaten(best: list[Standing], places: _Places) -> str:
    """What each of the first beats; nothing where that is told otherwise."""
    subject, verb, do = ("they", "beat", "do") if len(best) > 1 else ("it", "beats", "does")
    if not places.beaten:
        baselines = all(standing.baseline for standing in best)
        return "" if places.between or baselines else f"{subject} {verb} none of them"
    listed = _listed(places.beaten)
    if all(standing.baseline for standing in best):
        return f"{subject} {verb} {listed}"
    if not places.same and not places.between:
        return f"{subject} {verb} all others: {listed}"
    return f"{subject} {do} beat {listed}"


def _some(best: list[Standing], names: tuple[str, ...], lost: list[Standing]) -> str:
    """What some of the first beat, and the rest of them do not."""
    winners = [standing for standing in best if standing.name in names]
    return f"of the first, {_listed(winners)} alone {'beat' if len(winners) > 1 else 'beats'} {_listed(lost)}"


def _listed(standings: Sequence[Standing]) -> str:
    """Names in words, the baselines last and named as such."""
    return _joined(
        [*(standing.name for standing in standings if not standing.baseline), *_baselines(standings)], "and"
    )


def _baselines(standings: Sequence[Standing]) -> list[str]:
    names = [standing.name for standing in standings if standing.baseline]
    return [f"the baseline{'s' if len(names) > 1 else ''} {_names(names)}"] if names else []


def _names(names: Sequence[str]) -> str:
    return _joined(names, "and")


def _joined(words: Sequence[str], last: str) -> str:
    return f" {last} ".join([", ".join(words[:-1]), words[-1]]) if len(words) > 1 else "".join(words)


def _capital(text: str) -> str:
    """Begin a sentence; a head's name keeps its case."""
    return text[:1].upper() + text[1:] if text.startswith(("the baseline", "it", "they")) else text
