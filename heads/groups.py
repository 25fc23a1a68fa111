"""Heads by name: which go through a batch together, and the parameters they begin with."""

from collections.abc import Sequence
from typing import Any

from heads.joint import Joint
from heads.module import init
from heads.registry import HEADS


def groups_of(names: Sequence[str], longest: int, operands: str) -> list[Joint]:
    """Pooling heads share a matmul; each recurrent head goes alone, so that its numbers depend on no other.

    Args:
        names: of heads.
        longest: tokens of the longest row.
        operands: name of the dtype of the operands of the large matmuls.
    """
    tokens = [name for name in names if HEADS[name].reads_tokens]
    pooled = [name for name in names if name not in tokens]
    together = [group for group in (pooled, *([name] for name in tokens)) if group]
    return [Joint(tuple((name, HEADS[name]) for name in own), longest, operands) for own in together]


def first_params(names: Sequence[str], width: int, seeds: int, outputs: int) -> dict[str, list[Any]]:
    """Parameters before the first step, of each head for each seed.

    Args:
        names: of heads.
        width: of a token's vector.
        seeds: how many: 0, 1, ...
        outputs: of each head.
    """
    return {name: [init(name, HEADS[name], width, seed, outputs) for seed in range(seeds)] for name in names}
