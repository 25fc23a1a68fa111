import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.train.data.open import open_split
from headstart.train.data.views import (
    Concat,
    DropoutViews,
    EveryPosition,
    Subset,
    held_rows,
    learnt_from,
    subset,
)

from ..conftest import held
from ..held_split import HeldSplit

FIELDS = ("hidden", "lengths", "labels", "pooled", "rows", "texts")


@pytest.fixture
def whole():
    random = np.random.default_rng(0)
    return HeldSplit(
        random.standard_normal((8, 5), np.float32),
        np.array([4, 1, 3], np.int32),
        np.array([[0, 1], [1, 1], [1, 0]], np.int32),
        random.standard_normal((3, 3, 5), np.float32),
        np.array([7, 2, 9]),
        ["a", "b", "c"],
    )


@pytest.mark.parametrize("count", [1, 2, 3])
def test_the_first_rows_need_no_copy(whole, count):
    first = Subset(whole, np.arange(count))
    np.testing.assert_array_equal(first.hidden, whole.hidden[: whole.lengths[:count].sum()])
    np.testing.assert_array_equal(first.pooled, whole.pooled[:count])
    assert np.shares_memory(first.hidden, whole.hidden)
    assert np.shares_memory(first.pooled, whole.pooled)


@pytest.mark.parametrize("rows", [[0, 2], [1], [2], [0, 1, 2], [1, 2], [2, 0, 1], [1, 0]])
def test_any_rows_keep_what_is_theirs(whole, rows):
    some = Subset(whole, np.array(rows))
    starts = [0, 4, 5]
    tokens = [whole.hidden[starts[row] : starts[row] + whole.lengths[row]] for row in rows]
    np.testing.assert_array_equal(some.hidden, np.concatenate(tokens))
    for field in ("lengths", "labels", "pooled", "rows"):
        np.testing.assert_array_equal(getattr(some, field), getattr(whole, field)[rows])
    assert some.texts == [whole.texts[row] for row in rows]


def test_rows_of_some_rows_are_rows_of_the_whole(whole):
    some = subset(subset(whole, np.array([2, 0])), np.array([1]))
    assert some.base is whole
    assert some.index.tolist() == [0]


def test_several_splits_are_one_and_read_their_hidden_states_once(written_cache):
    cache, opened = open_cache(str(written_cache)), []

    def reopen(part):
        opened.append(part)
        return cache.split(names[part])

    names = ("train", "valid", "test")
    parts = [cache.split(name) for name in names]
    concat = Concat(parts, reopen)
    for field in FIELDS[:-1]:
        expected = np.concatenate([getattr(cache.split(name), field) for name in names])
        np.testing.assert_array_equal(getattr(concat, field), expected)
    assert concat.texts == [text for part in parts for text in part.texts]
    assert concat.hidden is concat.hidden
    assert opened == [0, 1, 2]


def test_every_position_of_a_padded_row_counts(viewed_cache):
    for name in ("train", "valid", "test"):
        split = open_split(viewed_cache, name)
        plain = split.base if name == "train" else split
        assert isinstance(plain, EveryPosition) == (viewed_cache.recipe.layout == "padded")
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(split, field), getattr(held(viewed_cache, name), field))


def test_training_learns_from_the_dropout_views_alone(viewed_cache, whole):
    split = open_split(viewed_cache, "train")
    for view, name in zip(learnt_from(split), viewed_cache.views, strict=True):
        np.testing.assert_array_equal(view.hidden, held(viewed_cache, name).hidden)
    assert learnt_from(whole) == (whole,)


@pytest.mark.parametrize("index", [np.arange(5), np.flatnonzero(np.arange(33) % 3)], ids=["first", "some"])
def test_rows_are_taken_from_every_dropout_view(viewed_cache, index):
    some = subset(open_split(viewed_cache, "train"), index)
    assert isinstance(some, DropoutViews)
    for view, name in zip((some, *some.views), ("train", *viewed_cache.views), strict=True):
        expected = Subset(held(viewed_cache, name), index)
        for field in FIELDS:
            np.testing.assert_array_equal(getattr(view, field), getattr(expected, field))


def test_folds_share_features_and_other_rows_do_not(whole):
    concat = Concat([whole, whole], lambda part: whole)
    holder, index = held_rows(Subset(concat, np.array([4, 1])))
    assert holder is concat
    assert index.tolist() == [4, 1]
    for split in (whole, concat, Subset(whole, np.array([1]))):
        assert held_rows(split) == (split, None)
