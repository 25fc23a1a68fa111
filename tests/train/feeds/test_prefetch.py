import gc
import threading

import pytest

from headstart.train.feeds.prefetch import prefetch


def test_items_come_prepared_and_in_order():
    assert list(prefetch(range(5), lambda item: item * 10)) == [0, 10, 20, 30, 40]
    assert list(prefetch([], str)) == []


def test_one_is_prepared_ahead_and_no_more():
    begun, second = [], threading.Event()

    def prepare(item):
        begun.append(item)
        if item == 1:
            second.set()
        return item

    items = prefetch(range(10), prepare)
    assert next(items) == 0
    assert second.wait(5)  # prepared while the caller holds the first
    assert begun == [0, 1]
    assert next(items) == 1
    items.close()
    assert len(begun) <= 3


def test_an_error_comes_where_its_item_would():
    def prepare(item):
        if item == 2:
            raise KeyError("broken")
        return item

    items = prefetch(range(5), prepare)
    assert [next(items), next(items)] == [0, 1]
    with pytest.raises(KeyError, match="broken"):
        next(items)


def test_items_are_taken_in_the_thread():
    def items():
        for _ in range(3):
            yield threading.get_ident()

    assert threading.get_ident() not in set(prefetch(items(), lambda thread: thread))


def test_results_that_are_nothing_come_too():
    assert list(prefetch(range(3), lambda item: None)) == [None] * 3


def test_leaving_early_ends_the_thread():
    before = set(threading.enumerate())  # which may end meanwhile: they are other tests'
    for item in prefetch(range(100), str):
        assert item == "0"
        break
    gc.collect()
    assert set(threading.enumerate()) <= before
