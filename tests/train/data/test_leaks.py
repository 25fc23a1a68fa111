import numpy as np

from headstart.train.data.leaks import describe_leaks, leaks, unleaked

TEXTS = {"train": ["a", "b", "b", "c", ""], "valid": ["b", "d", "e"], "test": ["e", "a", "a", "f"]}


def test_rows_of_a_later_split_are_counted() -> None:
    assert leaks(TEXTS) == {"train/valid": 1, "train/test": 2, "valid/test": 1}
    assert "2 rows of test also in train" in describe_leaks(leaks(TEXTS), removed=False)


def test_texts_stay_where_they_are_judged() -> None:
    kept = unleaked(TEXTS)
    left = {
        name: [text for text, stays in zip(own, kept[name], strict=True) if stays]
        for name, own in TEXTS.items()
    }
    assert left == {"train": ["c", ""], "valid": ["b", "d"], "test": TEXTS["test"]}
    assert not any(leaks(left).values())
    assert describe_leaks(leaks(left), removed=True) == "no text stands in two splits"


def test_nothing_is_left_out_without_leaks() -> None:
    kept = unleaked({"train": ["a", "a"], "valid": ["b"], "test": ["c"]})
    assert all(np.all(own) for own in kept.values())
