"""Texts of rows as bytes: UTF-8, one text after another, each ended by a NUL."""

from collections.abc import Iterable

import numpy as np
from jaxtyping import Int, UInt8

from headstart.cache.runtime.errors import CacheError

END = "\0"
REPLACEMENT = "\ufffd"


def pack(texts: Iterable[str]) -> UInt8[np.ndarray, " n"]:
    """Return the bytes of texts; a NUL within a text, which would end it, becomes U+FFFD."""
    joined = "".join(text.replace(END, REPLACEMENT) + END for text in texts)
    return np.frombuffer(joined.encode(), np.uint8)


def unpack(packed: UInt8[np.ndarray, " n"]) -> list[str]:
    """Return the texts that `pack` packed.

    Raises:
        CacheError: the bytes are not UTF-8, or the last text has no end.
    """
    try:
        *texts, rest = packed.tobytes().decode().split(END)
    except UnicodeDecodeError as error:
        raise CacheError(f"the texts are not UTF-8: {error.reason} at byte {error.start}") from None
    if rest:
        raise CacheError("the last text has no end")
    return texts


def packed_lengths(packed: UInt8[np.ndarray, " n"]) -> Int[np.ndarray, " b"]:
    """Bytes of each text, its end included, int64."""
    return np.diff(np.flatnonzero(packed == 0), prepend=-1)
