"""Which heads are compared: those that the user named, as far as the cache can train them."""

from collections.abc import Sequence

from headstart.cache.reader import Cache
from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.text import did_you_mean


def choose_heads(names: str, known: Sequence[str]) -> list[str]:
    """Return the names of the heads to compare, in the order of the table.

    Args:
        names: `all`, or names separated by commas.
        known: All heads there are, in that order.

    Raises:
        UserError: a name is unknown.
    """
    chosen = list(known) if names == "all" else [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        if name not in known:
            hint = did_you_mean(name, known)
            raise UserError(f"there is no head {name!r}; {hint}known heads: {', '.join(known)}")
    if not chosen:
        raise UserError(f"--heads names no head; known heads: {', '.join(known)}")
    return [name for name in known if name in chosen]


def trainable(
    names: Sequence[str], asked: str, cache: Cache, pooling: Sequence[str]
) -> tuple[list[str], str | None]:
    """Return the heads that a cache can train, and what to tell of the others: pooled vectors are no tokens to read.

    Args:
        names: The heads to compare.
        asked: What the user said; `all` means all that the cache can train.
        cache: An opened cache.
        pooling: All heads that read pooled vectors only.

    Raises:
        UserError: the user named a head that reads tokens.
    """
    left_out = [] if cache.layout_has("hidden") else [name for name in names if name not in pooling]
    if not left_out:
        return list(names), None
    line = (
        f"{cache.name} holds pooled vectors only and cannot train {', '.join(left_out)}, which read tokens; "
        "for them, run the same `python -m extract` command with `--views all`"
    )
    if asked != "all":
        raise UserError(f"{line}; from this cache: `--heads {','.join(pooling)}`")
    return [name for name in names if name in pooling], line
