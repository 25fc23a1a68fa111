"""Bytes that grow on disk and are mapped into memory: what is made of millions of rows need not fit into it."""

import tempfile
import weakref

import numpy as np

from headstart.cache.runtime.errors import UserError

IN_MEMORY = 8_000_000  # bytes; up to it, no file is made


class Spool:
    """Bytes that are written at the end, and read when all are there.

    The file has no name, so that nothing is left behind however the process ends.
    """

    def __init__(self) -> None:
        self._file = tempfile.SpooledTemporaryFile(IN_MEMORY, prefix="headstart-")  # noqa: SIM115  # closed with us
        weakref.finalize(self, self._file.close)

    def append(self, data: bytes) -> None:
        """Write bytes at the end.

        Raises:
            UserError: the disk of the temporary folder is full.
        """
        try:
            self._file.write(data)
            self._file.flush()  # it is read past the buffer
        except OSError as error:
            raise UserError(
                f"the temporary folder {tempfile.gettempdir()} cannot hold what is read ({error.strerror}); make room "
                "or name another one: TMPDIR=FOLDER before the command"
            ) from None

    def array(self, dtype: type[np.generic]) -> np.ndarray:
        """Return all bytes as numbers; where they are in a file, it is mapped into memory, not read."""
        if self._file.name is not None:
            return np.asarray(np.memmap(self._file, dtype, "r"))
        self._file.seek(0)
        return np.frombuffer(self._file.read(), dtype)
