"""What a head computes, for a program that knows no `HEADS`."""

from typing import Any

from heads.registry import Head, PoolingHead


def described(head: Head) -> dict[str, Any]:
    """The fields that decide its logits, as JSON can hold them."""
    if isinstance(head, PoolingHead):
        return {"read": list(head.read)}
    return {"cell": head.cell, "units": head.units, "pooled": head.pooled}
