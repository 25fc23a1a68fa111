"""Bytes that grow on disk and are read back: what is made of millions of rows need not fit into memory."""

import os
import tempfile
import weakref
from typing import BinaryIO

import numpy as np

from headstart.cache.runtime.errors import UserError

IN_MEMORY = 8_000_000  # bytes; below it, no file is made


class Spool:
    """Bytes that are written once, at the end, and read anywhere.

    The file has no name, so that nothing is left behind however the process ends.
    """

    def __init__(self) -> None:
        self._memory = bytearray()
        self._file: BinaryIO | None = None
        self.size = 0

    def append(self, data: bytes) -> None:
        """Write bytes at the end.

        Raises:
            UserError: the disk of the temporary folder is full.
        """
        self.size += len(data)
        if self._file is None and self.size <= IN_MEMORY:
            self._memory += data
            return
        try:
            file = self._on_disk()
            file.write(data)
            file.flush()  # it is read past the buffer
        except OSError as error:
            raise UserError(
                f"the temporary folder {tempfile.gettempdir()} cannot hold what is read ({error.strerror}); make room "
                "or name another one: TMPDIR=FOLDER before the command"
            ) from None

    def read(self, start: int, stop: int) -> bytes:
        """Return the bytes of a range."""
        if self._file is None:
            return bytes(self._memory[start:stop])
        pieces = []
        while start < stop and (piece := os.pread(self._file.fileno(), stop - start, start)):
            pieces.append(piece)
            start += len(piece)
        return b"".join(pieces)

    def array(self, dtype: type[np.generic]) -> np.ndarray:
        """Return all bytes as numbers; where they are in a file, it is mapped into memory, not read."""
        if self._file is None:
            return np.frombuffer(bytes(self._memory), dtype)
        return np.asarray(np.memmap(self._file, dtype, "r"))

    def _on_disk(self) -> BinaryIO:
        if self._file is None:
            self._file = tempfile.TemporaryFile(prefix="headstart-")  # noqa: SIM115  # closed with the spool
            weakref.finalize(self, self._file.close)
            self._file.write(self._memory)
            self._memory = bytearray()
        return self._file
