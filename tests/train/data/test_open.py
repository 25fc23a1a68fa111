import json

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.train.data.open import check_notebook, open_split, open_splits, without_leaks

from ..conftest import held


def test_a_cache_that_does_not_fit_names_the_command_that_makes_one(viewed_cache):
    padded = viewed_cache.recipe.layout == "padded"
    check_notebook(viewed_cache, padded)
    says = (
        "add --notebook; for heads with masks: python -m extract --data x.csv$"
        if padded
        else "holds real tokens only; first: python -m extract --data x.csv --layout padded"
    )
    with pytest.raises(UserError, match=says):
        check_notebook(viewed_cache, not padded)


def test_the_recipe_s_views_are_the_training_split_s(viewed_cache):
    assert viewed_cache.views == ("train-view-1", "train-view-2")
    assert json.loads(viewed_cache.recipe.dropout)["views"] == 2
    assert len(open_split(viewed_cache, "train").views) == 2


def test_all_rows_or_the_first_of_each_split(viewed_cache):
    for rows, sizes in ((None, (33, 11, 4)), (5, (5, 5, 4))):
        splits, counts = open_splits(viewed_cache, deduplicate=False, rows=rows)
        assert counts == {"train/valid": 11, "train/test": 4, "valid/test": 4}  # all texts are one
        for (name, split), size in zip(splits.items(), sizes, strict=True):
            whole = held(viewed_cache, name)
            assert len(split.labels) == size
            np.testing.assert_array_equal(split.hidden, whole.hidden[: whole.lengths[:size].sum()])


def test_a_split_that_loses_all_its_rows_is_named(written_cache):
    cache = open_cache(str(written_cache))
    with pytest.raises(UserError, match="cannot be used: the train split has no rows"):
        open_splits(cache, deduplicate=True, rows=None)
    kept = without_leaks({name: cache.split(name) for name in ("train", "valid", "test")})
    assert {name: len(split.labels) for name, split in kept.items()} == {"train": 0, "valid": 0, "test": 2}
