"""Vectors of texts that were encoded before, in this process and, if asked for, on this machine."""

import hashlib
import os
import secrets
import zipfile
from collections.abc import Callable, Sequence

import numpy as np
from jaxtyping import Float, Int, UInt8

from headstart.cache.runtime.files import atomic_file

CHUNK = 4096
"""Texts that are encoded, and kept on disk, together: so many are lost at most if the process ends."""
DIGESTS, VECTORS = "digests", "vectors"

Encode = Callable[[list[str]], Float[np.ndarray, "n 3 d"]]


class VectorStore:
    """Three vectors for each text, found by the text's SHA-256.

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
        self._rows: dict[bytes, int] = {}
        self._parts = [np.empty((0, 3, width), np.float16)]
        if folder and os.path.isdir(folder):
            for name in sorted(os.listdir(folder)):
                if name.endswith(".npz"):
                    self._read(os.path.join(folder, name))

    def vectors(self, texts: Sequence[str]) -> Float[np.ndarray, "n 3 d"]:
        """First, maximum and mean vector of each text; of those that are not known, each is encoded once."""
        digests = [hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest() for text in texts]
        new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in self._rows}
        keys = list(new)
        for start in range(0, len(keys), CHUNK):
            part = keys[start : start + CHUNK]
            self._add(part, self._encode([new[key] for key in part]))
        rows: Int[np.ndarray, " n"] = np.array([self._rows[digest] for digest in digests], int)
        self._parts = [np.concatenate(self._parts)]  # once for each call: the parts of a call are many
        vectors: Float[np.ndarray, "n 3 d"] = self._parts[0][rows]
        return vectors

    def _add(self, digests: list[bytes], vectors: Float[np.ndarray, "n 3 d"]) -> None:
        self.encoded += len(digests)
        if self._folder:
            self._write(self._folder, digests, vectors)
        self._keep(digests, vectors)

    def _keep(self, digests: list[bytes], vectors: Float[np.ndarray, "n 3 d"]) -> None:
        first = sum(map(len, self._parts))
        self._parts.append(vectors.astype(np.float16, copy=False))
        self._rows |= {digest: first + place for place, digest in enumerate(digests)}

    def _write(self, folder: str, digests: list[bytes], vectors: Float[np.ndarray, "n 3 d"]) -> None:
        os.makedirs(folder, exist_ok=True)
        keys: UInt8[np.ndarray, "n 32"] = np.frombuffer(b"".join(digests), np.uint8).reshape(-1, 32)
        with atomic_file(os.path.join(folder, f"{secrets.token_hex(8)}.npz")) as file:
            np.savez(file, allow_pickle=False, **{DIGESTS: keys, VECTORS: vectors.astype(np.float16)})

    def _read(self, path: str) -> None:
        """Take a file's vectors, unless it is none of ours or damaged: zip checks a CRC-32 of every byte."""
        try:
            with open(path, "rb") as file, np.load(file, allow_pickle=False) as arrays:
                keys, vectors = arrays[DIGESTS], arrays[VECTORS]
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            return
        fits = vectors.dtype == np.float16 and vectors.shape == (len(keys), *self._parts[0].shape[1:])
        if fits and keys.dtype == np.uint8 and keys.shape[1:] == (32,):
            self._keep([key.tobytes() for key in keys], vectors)
