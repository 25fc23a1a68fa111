from itertools import combinations

import numpy as np
import pytest

from headstart.train.statistics.letters import letter_groups


@pytest.mark.parametrize(
    ("names", "differing", "letters"),
    [
        ("abc", [], {"a": "a", "b": "a", "c": "a"}),
        # not transitive: b stands between a and c
        ("abc", ["ac"], {"a": "a", "b": "ab", "c": "b"}),
        ("abc", ["ab", "ac", "bc"], {"a": "a", "b": "b", "c": "c"}),
        ("abcd", ["ac", "ad", "bd"], {"a": "a", "b": "ab", "c": "bc", "d": "c"}),
        # a ring: every head differs from the one opposite
        ("abcd", ["ac", "bd"], {"a": "ab", "b": "ac", "c": "cd", "d": "bd"}),
        ("a", [], {"a": "a"}),
        ("", [], {}),
    ],
)
def test_by_hand(names, differing, letters):
    assert letter_groups(list(names), [tuple(pair) for pair in differing]) == letters


@pytest.mark.parametrize("seed", range(60))
def test_two_share_a_letter_if_and_only_if_they_do_not_differ(seed):
    rng = np.random.default_rng(seed)
    names = [f"head{i}" for i in range(int(rng.integers(2, 14)))]
    differing = [pair for pair in combinations(names, 2) if rng.random() < rng.choice([0.2, 0.5, 0.9])]
    letters = letter_groups(names, differing)
    assert all(letters.values())
    for a, b in combinations(names, 2):
        assert bool(set(letters[a]) & set(letters[b])) == ((a, b) not in differing)
    # no letter is superfluous: without it two heads would wrongly share none
    for letter in set("".join(letters.values())):
        members = [name for name in names if letter in letters[name]]
        needed = [set(letters[a]) & set(letters[b]) == {letter} for a, b in combinations(members, 2)]
        assert any(needed) or len(members) == 1


def test_the_order_of_pairs_does_not_matter():
    pairs = [("a", "d"), ("b", "d"), ("a", "e"), ("c", "e")]
    expected = letter_groups(list("abcde"), pairs)
    assert letter_groups(list("abcde"), [(b, a) for a, b in reversed(pairs)]) == expected
