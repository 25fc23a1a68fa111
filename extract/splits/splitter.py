"""Which rule deals the rows to the splits, as the settings say."""

import functools
from collections.abc import Callable
from typing import NamedTuple

from headstart.cache.recipe import GROUPED
from headstart.cache.runtime.errors import UserError
from headstart.extract.dataset.dataset import Rows
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.splits.given import digest, from_column, from_files, splits_of, with_missing
from headstart.extract.splits.groups import deal_groups, groups_of
from headstart.extract.splits.rules import (
    RULES,
    Splits,
    deal_twice,
    require_enough,
    require_rows,
    split_rows,
    strata_of,
)
from headstart.extract.tables.files import expand

STRATIFIED = ", stratified by labels, those of fewer than 10 rows pooled"


class Dealing(NamedTuple):
    """A way to deal rows.

    Attributes:
        deal: rows and seed to the positions of each split's rows.
        describe: what the recipe says; where the data give the splits, a hash of them.
        grows: appended rows leave the others where they are.
    """

    deal: Callable[[Rows, int], Splits]
    describe: Callable[[Rows], str]
    grows: bool = False


def choose_dealing(settings: Settings) -> Dealing:
    """Return the wanted rule.

    Raises:
        UserError: two settings contradict each other.
    """
    _refuse_contradictions(settings)
    if settings.split_column:
        return _by_column(settings.split_column)
    if settings.valid_data or settings.test_data:
        return _by_files(settings)
    if settings.groups:
        return _by_groups(settings.groups)
    return _stratified() if settings.stratify else _by_rule(settings.split_rule)


def deal(rows: Rows, settings: Settings) -> Splits:
    """Return the row positions of each split.

    Raises:
        UserError: there are too few rows, or a split gets none.
    """
    return require_rows(choose_dealing(settings).deal(rows, settings.seed))


def extra_files(settings: Settings) -> dict[str, str]:
    """The files of single splits, by split."""
    files = {"valid": settings.valid_data, "test": settings.test_data}
    return {name: path for name, path in files.items() if path}


def other_columns(settings: Settings) -> list[str]:
    """Names of the columns that the rule reads."""
    return [name for name in (settings.split_column, settings.groups) if name]


def advice(settings: Settings) -> str:
    """What to do about a class that a split lacks."""
    if settings.split_column or len(extra_files(settings)) == 2:
        return "give that split some of its rows"
    if settings.groups or settings.split_rule != "notebook":
        return "try another --seed"
    return "give it more rows" if settings.stratify else "deal with --stratify"


def _by_rule(name: str) -> Dealing:
    rule = RULES[name]
    return Dealing(
        lambda rows, seed: split_rows(rows.texts, seed, name), lambda _: rule.description, rule.grows
    )


def _stratified() -> Dealing:
    def own(rows: Rows, seed: int) -> Splits:
        require_enough(len(rows.texts))
        return deal_twice(len(rows.texts), seed, strata_of(rows.labels))

    return Dealing(own, lambda _: RULES["notebook"].description + STRATIFIED)


def _by_column(name: str) -> Dealing:
    return Dealing(
        lambda rows, _: splits_of(from_column(rows, name)),
        lambda rows: f"given with the data, SHA-256 {digest(from_column(rows, name))}",
    )


def _by_files(settings: Settings) -> Dealing:
    extra = list(extra_files(settings))
    numbers = functools.partial(from_files, first=len(expand(settings.data)), extra=extra)

    def own(rows: Rows, seed: int) -> Splits:
        splits = splits_of(numbers(rows))
        require_rows({name: splits[name] for name in ("train", *extra)})
        return with_missing(splits, extra, seed, rows.labels if settings.stratify else None)

    dealt = "" if len(extra) == 2 else ", the third scikit-learn train_test_split 0.1 of train"
    dealt += STRATIFIED * settings.stratify
    return Dealing(own, lambda rows: f"given with the data, SHA-256 {digest(numbers(rows))}{dealt}")


def _by_groups(name: str) -> Dealing:
    return Dealing(
        lambda rows, seed: deal_groups(groups_of(rows, name), seed),
        lambda rows: (
            f"{GROUPED} 0.2, then 0.5, same seed, groups with the SHA-256 {digest(groups_of(rows, name))}"
        ),
    )


def _refuse_contradictions(settings: Settings) -> None:
    """Refuse two flags that both say which row goes where."""
    if settings.data in SAMPLES and extra_files(settings):
        raise UserError("--valid-data and --test-data go with files: name yours with --data")
    groups = "--group-column" if settings.group_column else f"--data {settings.data} (split by film)"
    files = " and ".join(f"--{name}-data" for name in extra_files(settings))
    whole = {
        "--split-column": settings.split_column,
        files: files,
        groups: settings.groups,
        "--split-rule stable": settings.split_rule != "notebook",
        # with one file, the split without one is still to be dealt
        "--stratify": settings.stratify and len(extra_files(settings)) != 1,
    }
    if len(chosen := [flag for flag, value in whole.items() if value]) > 1:
        raise UserError(f"{chosen[0]} and {chosen[1]} both say which row goes to which split; choose one")
