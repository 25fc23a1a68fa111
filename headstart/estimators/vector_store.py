"""Vectors of texts that were encoded before, in this process and, if asked for, on this machine."""

import functools
import hashlib
import os
import secrets
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, UInt8

from headstart.cache.ragged import split_rows
from headstart.cache.runtime.files import atomic_file
from headstart.extract.predict.text_vectors import EncoderChoice, open_encoder
from headstart.train.engine.stored_files import require_no_link
from headstart.train.results.prediction_arrays import read_arrays

CHUNK = 4096
"""Texts that are encoded, and kept on disk, together: so many are lost at most if the process ends."""
DIGESTS, VECTORS, LENGTHS = "digests", "vectors", "lengths"

Vectors = Float[np.ndarray, "k d"]
"""Of one text: its three pooled vectors, those of several layers, or one for each token."""
Encode = Callable[[list[str]], Sequence[Vectors]]


class VectorStore:
    """Some vectors for each text, found by the text's SHA-256.

    On disk each call that encodes something adds files, whole or not at all and under random names: any number of
    processes may share a folder, which may come from anyone. A file that is damaged, or that no encoder has written, is
    passed over, and its texts are encoded again.

    Args:
        encode: Encodes texts that are new.
        width: Size d of a vector.
        folder: Where vectors are kept for other processes; None keeps them in this one alone.
        counts: How many vectors a text can have.

    Attributes:
        width: Size d of a vector.
        encoded: Texts that were encoded by this store.
    """

    def __init__(
        self, encode: Encode, width: int, folder: str | None = None, counts: range = range(1, 2**31)
    ) -> None:
        self._encode, self._folder, self.width, self.encoded = encode, folder, width, 0
        self._rows: dict[bytes, Vectors] = {}
        self._counts = counts
        if folder:
            require_no_link(folder)
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
            arrays = read_arrays(path)
            keys, values, lengths = arrays[DIGESTS], arrays[VECTORS], arrays[LENGTHS]
        except (OSError, ValueError, KeyError):
            return
        if self._fit(keys, values, lengths):
            self._keep([key.tobytes() for key in keys], values, lengths)

    def _fit(self, keys: np.ndarray, values: np.ndarray, lengths: np.ndarray) -> bool:
        """Whether arrays are what an encoder's vectors can be."""
        if (keys.ndim, lengths.ndim) != (2, 1) or keys.shape != (len(lengths), 32) or not len(lengths):
            return False
        if [array.dtype.name for array in (keys, values, lengths)] != ["uint8", "float16", "int64"]:
            return False
        counted = lengths.min() in self._counts and lengths.max() in self._counts
        return counted and values.shape == (lengths.sum(), self.width) and bool(np.isfinite(values).all())


@functools.cache
def open_store(choice: EncoderChoice, folder: str | None) -> VectorStore:
    """The vectors of an encoder, which the whole process shares: clones of an estimator encode nothing again.

    Args:
        choice: The encoder.
        folder: Where vectors are kept for other processes; None keeps them in this one.

    Raises:
        UserError: there is no such encoder, or no such cleaning.
    """
    encoder = open_encoder(choice)
    place = folder and os.path.join(folder, f"vectors-{encoder.recipe.key[:10]}")
    return VectorStore(encoder.vectors, encoder.width, place, encoder.counts)
