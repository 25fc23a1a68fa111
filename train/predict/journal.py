"""A file that grows piece by piece and survives a kill: the same command goes on behind the last whole piece."""

import contextlib
import json
import os
from collections.abc import Sequence
from typing import IO, NamedTuple

from filelock import lock_descriptor

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_file, remove_partials, sync
from headstart.train.predict.plain_files import open_plain, read_plain

MOST_NOTES = 10_000  # bytes of the notes


class Done(NamedTuple):
    """What is safely on disk.

    Attributes:
        identity: Hash of the work; other work must not go on here.
        pieces: Number of pieces.
        size: Their bytes.
        noted: Numbers that whoever wrote the last piece wants to find again.
    """

    identity: str
    pieces: int
    size: int
    noted: Sequence[int] = ()


class Journal:
    """`TARGET.partial` holds the pieces, `TARGET.partial.json` says how many of its bytes count.

    Both are synced to disk after each piece, the pieces first.

    Args:
        target: The file to be.
        identity: Hash of everything that the pieces depend on; None if they cannot be computed a second time.

    Raises:
        UserError: another process writes it, it holds other work, or is no file of ours.
    """

    def __init__(self, target: str, identity: str | None) -> None:
        self.target, self._identity = target, identity
        self.partial, self._notes = f"{target}.partial", f"{target}.partial.json"
        self._file: IO[bytes] = open_plain(self.partial)  # closed by `publish` or `leave`
        try:
            self._lock()
            remove_partials(self._notes)
            self.done = self._read() or self._begun(identity or "")
        except BaseException:
            self._file.close()
            raise
        self._file.truncate(self.done.size)

    def append(self, piece: bytes, noted: Sequence[int] = ()) -> None:
        """Add a piece, and numbers to find again; when this returns, they survive."""
        self._file.write(piece)
        sync(self._file)
        self.done = Done(self.done.identity, self.done.pieces + 1, self.done.size + len(piece), noted)
        with atomic_file(self._notes) as notes:
            notes.write(json.dumps(self.done._asdict()).encode())
            sync(notes)

    def leave(self) -> None:
        """Close it as it is; the same work can go on later."""
        self._file.close()
        if self._identity is None:
            self.discard()

    def publish(self, whole: str) -> None:
        """Make a finished file the target, at last: once it is there, nothing else is."""
        self._remove({self._notes, self.partial} - {whole})
        os.replace(whole, self.target)

    def discard(self) -> None:
        """Remove everything but the target."""
        self._remove({self._notes, self.partial})

    def _lock(self) -> None:
        if not lock_descriptor(self._file.fileno(), blocking=False):  # it ends with its process
            raise UserError(
                f"another process is writing {self.partial}; wait for it, or choose another --output"
            )

    def _remove(self, paths: set[str]) -> None:
        self._file.close()
        for path in paths:
            with contextlib.suppress(FileNotFoundError):
                os.remove(path)

    def _read(self) -> Done | None:
        """What an earlier run has left.

        Raises:
            UserError: it is other work, which would be lost.
        """
        done = _parsed(read_plain(self._notes, MOST_NOTES))
        if done is None or os.fstat(self._file.fileno()).st_size < done.size:
            return None
        if done.pieces and done.identity != self._identity:
            raise UserError(
                f"{self.partial} holds {done.pieces:,} parts of other work (another input, head, threshold, or other "
                f"columns), which was stopped: its own command goes on; else remove {self.partial} and {self._notes}, "
                "or choose another --output"
            )
        return done if done.identity == self._identity else None

    def _begun(self, identity: str) -> Done:
        """Begin anew: notes that count for nothing go first, so that they never speak for what comes."""
        with contextlib.suppress(FileNotFoundError):
            os.remove(self._notes)
        return Done(identity, 0, 0)


def _parsed(notes: bytes | None) -> Done | None:
    """What notes say; None if they say nothing."""
    try:
        done = Done(**json.loads(notes or b""))
    except (ValueError, TypeError, RecursionError):
        return None
    if not isinstance(done.identity, str) or not isinstance(done.noted, list | tuple):
        return None
    numbers = [done.pieces, done.size, *done.noted]
    return done if all(type(number) is int and number >= 0 for number in numbers) else None
