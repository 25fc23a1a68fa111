"""The compact letter display: heads that share a letter cannot be told apart."""

import string
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import combinations, count

Pair = frozenset[str]


def letter_groups(names: Sequence[str], differing: Iterable[Collection[str]]) -> dict[str, str]:
    """Letters of each head; two heads share one if and only if they do not differ.

    "Cannot be told apart" is not transitive: a head between two that differ has the letters of both.

    Args:
        names: The best head first, which so gets the first letter.
        differing: Pairs that differ.

    Reference:
        H.-P. Piepho, An algorithm for a letter-based representation of all-pairwise comparisons, J. Comput. Graph.
        Statist. 13 (2004): insert, absorb, sweep.
    """
    pairs = {frozenset(pair) for pair in differing}
    rank = {name: i for i, name in enumerate(names)}
    groups = [frozenset(names)] if names else []
    for pair in sorted(pairs, key=lambda pair: sorted(rank[name] for name in pair)):
        groups = _insert(groups, pair)
    ordered = sorted(groups, key=lambda group: sorted(rank[name] for name in group))
    columns = list(zip(_sweep(ordered), _letters(), strict=False))
    return {name: "".join(letter for group, letter in columns if name in group) for name in names}


def _insert(groups: list[frozenset[str]], pair: Pair) -> list[frozenset[str]]:
    """Split each group that holds both of a pair into two, and absorb groups inside others."""
    split = [
        part for group in groups for part in ([group - {name} for name in pair] if pair <= group else [group])
    ]
    unique = list(dict.fromkeys(split))
    return [group for group in unique if not any(group < other for other in unique)]


def _sweep(groups: list[frozenset[str]]) -> list[frozenset[str]]:
    """Leave out groups, the last first, all of whose pairs stand together in another."""
    kept = list(groups)
    for group in reversed(groups):
        others = {pair for other in kept if other != group for pair in _bonds(other)}
        if _bonds(group) <= others:
            kept.remove(group)
    return kept


def _bonds(group: frozenset[str]) -> set[Pair]:
    """Pairs in a group; each name with itself, so that none is left without a letter."""
    return {frozenset(pair) for pair in combinations(group, 2)} | {frozenset([name]) for name in group}


def _letters() -> Iterator[str]:
    yield from string.ascii_letters
    yield from map(chr, count(0x100))  # accented letters, should there ever be more than 52 groups
