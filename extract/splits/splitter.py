"""The way in which rows are split, as the settings say."""

import functools
from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from jaxtyping import Int

from headstart.cache.recipe import GROUPED
from headstart.cache.runtime.errors import UserError
from headstart.cache.splits import SPLITS
from headstart.extract.dataset.dataset import Dataset
from headstart.extract.settings import SAMPLES, Settings
from headstart.extract.splits.assignments import digest, groups_by_column, splits_by_column, splits_by_file
from headstart.extract.splits.coverage import require_enough, require_rows
from headstart.extract.splits.rules import (
    Splits,
    split_at_random,
    split_by_content,
    split_by_groups,
    split_by_number,
    split_in_two,
    strata_of,
    with_every_class,
)
from headstart.extract.tables.files import expand

RANDOM = "scikit-learn train_test_split 0.2, then 0.5, same seed"
STABLE = "first 8 bytes of SHA-256 of seed:text, modulo 10: 0-7, 8, 9"
STRATIFIED = ", stratified by labels, those of fewer than 10 rows pooled"
FRACTION = 0.1  # of the training rows, for a split without a file


class Splitter(NamedTuple):
    """A way to split rows.

    Attributes:
        split: Rows and seed to the positions of each split's rows.
        describe: What the recipe says; where the data name the splits or groups, with a hash of them.
        grows: Whether appended rows leave the others where they are.
        groups: Number of each row's group, of which none stands in two splits; None where rows have no groups.
    """

    split: Callable[[Dataset, int], Splits]
    describe: Callable[[Dataset], str]
    grows: bool = False
    groups: Callable[[Dataset], Int[np.ndarray, " b"]] | None = None


def choose_splitter(settings: Settings) -> Splitter:
    """Return the splitter that the settings name.

    Raises:
        UserError: two settings contradict each other.
    """
    _refuse_contradictions(settings)
    if settings.split_column:
        return _by_column(settings.split_column)
    if settings.split_files:
        return _by_files(settings)
    if settings.groups:
        return _by_groups(settings.groups)
    rules: dict[str, Callable[[], Splitter]] = {
        "notebook": functools.partial(_at_random, settings.stratify),
        "stable": _by_content,
    }
    return rules[settings.split_rule]()


def split_dataset(dataset: Dataset, settings: Settings) -> Splits:
    """Return the positions of each split's rows.

    Raises:
        UserError: there are too few rows, or a split gets none.
    """
    return require_rows(choose_splitter(settings).split(dataset, settings.seed))


def _at_random(stratify: bool) -> Splitter:
    def split(dataset: Dataset, seed: int) -> Splits:
        require_enough(len(dataset.texts))
        if not stratify:
            return split_at_random(len(dataset.texts), seed)
        splits = split_at_random(len(dataset.texts), seed, strata_of(dataset.labels))
        return with_every_class(splits, dataset.labels, SPLITS[1:])

    return Splitter(split, lambda _: RANDOM + STRATIFIED * stratify)


def _by_content() -> Splitter:
    def split(dataset: Dataset, seed: int) -> Splits:
        require_enough(len(dataset.texts))
        return split_by_content(dataset.texts, seed)

    return Splitter(split, lambda _: STABLE, grows=True)


def _by_column(name: str) -> Splitter:
    return Splitter(
        lambda dataset, _: split_by_number(splits_by_column(dataset, name)),
        lambda dataset: f"given with the data, SHA-256 {digest(splits_by_column(dataset, name))}",
    )


def _by_groups(name: str) -> Splitter:
    groups = functools.partial(groups_by_column, name=name)
    return Splitter(
        lambda dataset, seed: split_by_groups(groups(dataset), seed),
        lambda dataset: (
            f"{GROUPED} 0.2, then 0.5, same seed, groups with the SHA-256 {digest(groups(dataset))}"
        ),
        groups=groups,
    )


def _by_files(settings: Settings) -> Splitter:
    """Each file is a split; one that has no file is split off from the training rows, 90 : 10."""
    extra = list(settings.split_files)
    missing = [name for name in SPLITS[1:] if name not in extra]
    numbers = functools.partial(splits_by_file, first=len(expand(settings.data)), extra=extra)

    def split(dataset: Dataset, seed: int) -> Splits:
        splits = split_by_number(numbers(dataset))
        require_rows({name: splits[name] for name in ("train", *extra)})
        for name in missing:
            rows = splits["train"]
            require_enough(len(rows))
            strata = strata_of(dataset.labels[rows]) if settings.stratify else None
            splits["train"], splits[name] = split_in_two(rows, FRACTION, seed, strata)
        return with_every_class(splits, dataset.labels, missing) if missing and settings.stratify else splits

    third = ", the third scikit-learn train_test_split 0.1 of train" if missing else ""
    third += STRATIFIED * settings.stratify
    return Splitter(split, lambda dataset: f"given with the data, SHA-256 {digest(numbers(dataset))}{third}")


def _refuse_contradictions(settings: Settings) -> None:
    """Refuse two flags that both say which row goes where."""
    if settings.data in SAMPLES and settings.split_files:
        raise UserError("--valid-data and --test-data go with files: name yours with --data")
    files = " and ".join(f"--{name}-data" for name in settings.split_files)
    flags = {
        "--split-column": settings.split_column,
        files: files,
        "--group-column": settings.groups,
        "--split-rule stable": settings.split_rule != "notebook",
        # with one file, the split without one is still to be drawn
        "--stratify": settings.stratify and len(settings.split_files) != 1,
    }
    if len(chosen := [flag for flag, value in flags.items() if value]) > 1:
        if settings.data in SAMPLES and not settings.group_column:
            other = next(flag for flag in chosen if flag != "--group-column")
            raise UserError(
                f"--data {settings.data} is split by film: leave {other} out, or name a file of yours with --data"
            )
        raise UserError(f"{chosen[0]} and {chosen[1]} both say which row goes to which split; choose one")
