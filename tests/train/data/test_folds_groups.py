"""Caches that say which row is of which group, in folds."""

from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.cache.splits import SPLITS
from headstart.train.data.folds import open_folds
from tests.layered import write_layered_cache


@pytest.mark.parametrize("most", [None, 60])
def test_no_group_of_a_cache_is_in_two_parts(tmp_path: Path, most: int | None) -> None:
    """The layered cache's rows are groups of three that follow each other in the file."""
    cache = open_cache(str(write_layered_cache(tmp_path / "cache", groups=True)))
    rounds = open_folds(cache, 4, most, deduplicate=False)
    tested = []
    for fold, splits in zip(rounds.folds, rounds.splits, strict=True):
        groups = [set((splits[name].rows // 3).tolist()) for name in SPLITS]
        assert not any(one & other for one, other in combinations(groups, 2))
        tested.append(set((rounds.tested.rows[fold.test] // 3).tolist()))
    assert not any(one & other for one, other in combinations(tested, 2))
    assert sum(len(fold.test) for fold in rounds.folds) == (most or 106)


def test_groups_are_those_of_the_rows_whatever_split_they_come_from(tmp_path: Path) -> None:
    cache = open_cache(str(write_layered_cache(tmp_path / "cache", groups=True)))
    for name in SPLITS:
        np.testing.assert_array_equal(cache.split(name).groups, cache.split(name).rows // 3)


def test_without_groups_rows_are_dealt_one_by_one(tmp_path: Path) -> None:
    cache = open_cache(str(write_layered_cache(tmp_path / "cache")))
    (first, *_) = open_folds(cache, 4, None, deduplicate=False).splits
    groups = [set((first[name].rows // 3).tolist()) for name in SPLITS]
    assert groups[0] & groups[2]


def test_more_folds_than_groups(tmp_path: Path) -> None:
    cache = open_cache(str(write_layered_cache(tmp_path / "cache", groups=True)))
    with pytest.raises(UserError, match="106 rows in 36 groups are too few to deal into 40 parts"):
        open_folds(cache, 40, None, deduplicate=False)
