"""Vectors of texts that were encoded before, in this process and, if asked for, on this machine."""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, UInt8

from headstart.cache.ragged import split_rows
from headstart.cache.runtime.files import atomic_file

CHUNK = 4096
"""Texts that are encoded, and kept on disk, together: so many are lost at most if the process ends."""
DIGESTS, VECTORS, LENGTHS = "digests", "vectors", "lengths"

Vectors = Float[np.ndarray, "k d"]
"""Of one text: its three pooled vectors, those of several layers, or one for each token."""
Encode = Callable[[list[str]], Sequence[Vectors]]


class VectorStore:
    """Some vectors for each text, found by the text's SHA-256.

    On disk each call that encodes something adds files, whole or not at all and under random names: any number of
    processes may share a folder. A file that is damaged is passed over, and its texts are encoded again.

    Args:
        encode: Encodes texts that are new.
        width: Size d of a vector.
        folder: Where vectors are kept for other processes; None keeps them in this one alone.

    Attributes:
        width: Size d of a vector.
        encoded: Texts that were encoded by this store.
    """

    def __init__(self, encode: Encode, width: int, folder: str | None = None) -> None:
        self._encode, self._folder, self.width, self.encoded = encode, folder, width, 0
        self._rows: dict[bytes, Vectors] = {}
        if folder and os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".npz"):
                    self._read(os.path.join(folder, name))

    def rows(self, texts: Sequence[str]) -> list[Vectors]:
        """The vectors of each text, float16; of those that are not known, each is encoded once."""
        digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._rows}
        keys = list(new)
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            self._add(part, self._encode([new[key] for key in part]))
        return [self._rows[digest] for digest in digests]

    def vectors(self, texts: Sequence[str]) -> Float[np.ndarray, "n k d"]:
        """The vectors of each text, where all have as many."""
        rows = self.rows(texts)
        return np.stack(rows) if rows else np.empty((0, 3, self.width), np.float16)

    def _add(self, digests: list[bytes], rows: Sequence[Vectors]) -> None:
        self.encoded += len(digests)
        lengths = np.array([len(row) for row in rows])
        values = np.concatenate(list(rows)).astype(np.float16, copy=False)
        if self._folder:
            self._write(self._folder, digests, values, lengths)
        self._keep(digests, values, lengths)

    def _keep(self, digests: list[bytes], values: np.ndarray, lengths: np.ndarray) -> None:
        self._rows |= dict(zip(digests, split_rows(values, lengths), strict=True))

    def _write(self, folder: str, digests: list[bytes], values: np.ndarray, lengths: np.ndarray) -> None:
        os.makedirs(folder, exist_ok=True)
        keys: UInt8[np.ndarray, "n 32"] = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
        with atomic_file(os.path.join(folder, f"{secrets.token_hex(8)}.npz")) as file:
            np.savez(file, allow_pickle=False, **{DIGESTS: keys, VECTORS: values, LENGTHS: lengths})

    def _read(self, path: str) -> None:
        """Take a file's vectors, unless it is none of ours or damaged: zip checks a CRC-32 of every byte."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                keys, values, lengths = arrays[DIGESTS], arrays[VECTORS], arrays[LENGTHS]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return
        counted = lengths.shape == (len(keys),) and lengths.dtype == np.int64 and lengths.min(initial=1) > 0
        fits = counted and values.shape == (lengths.sum(), self.width) and values.dtype == np.float16
        if fits and len(keys) and keys.dtype == np.uint8 and keys.shape[1:] == (32,):
            self._keep([key.tobytes() for key in keys], values, lengths)
