import threading

import pytest

from headstart.cache.runtime.prefetch import prefetch


def test_items_come_made_and_in_order():
    assert list(prefetch(range(5), lambda item: item * 10)) == [0, 10, 20, 30, 40]
    assert list(prefetch([], str)) == []


def test_one_is_made_ahead_and_no_more():
    made, second = [], threading.Event()

    def make(item):
        made.append(item)
        if item == 1:
            second.set()
        return item

    items = prefetch(range(10), make)
    assert next(items) == 0
    assert second.wait(5)  # made while the caller holds the first
    assert made == [0, 1]
    assert next(items) == 1
    items.close()
    assert len(made) <= 3


def test_an_error_comes_where_its_item_would():
    def make(item):
        if item == 2:
            raise KeyError("broken")
        return item

    items = prefetch(range(5), make)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(KeyError, match="broken"):
        next(items)


def test_leaving_early_ends_the_thread():
    before = threading.active_count()
    for item in prefetch(range(100), str):
        assert item == "0"
        break
    import gc

    gc.collect()
    assert threading.active_count() == before
