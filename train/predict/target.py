"""Where labels go: a file that survives a kill, or standard output."""

import hashlib
import json
from typing import Any, Protocol, runtime_checkable

from headstart.train.predict.formats import FORMATS, Columns, Format, LabelledRows, Remarks
from headstart.train.predict.journal import Journal


@runtime_checkable
class Target(Protocol):
    """Takes labels piece by piece; `done` pieces are there already. `remarks` are those of all pieces."""

    done: int

    @property
    def remarks(self) -> Remarks:
        """What the user ought to know of all pieces."""

    def write(self, columns: Columns, labelled: LabelledRows) -> None:
        """Add a piece."""

    def finish(self, columns: Columns) -> None:
        """Nothing more comes."""

    def leave(self, useless: bool) -> None:
        """Stop before the end; what is useless is removed."""


class ToStream:
    """Labels that go to standard output as they come.

    Args:
        stream: Where bytes go.
        form: How to write.
    """

    done = 0
    remarks = Remarks()

    def __init__(self, stream: Any, form: Format) -> None:
        self._stream, self._form, self._begun = stream, form, False

    def write(self, columns: Columns, labelled: LabelledRows) -> None:
        """See `Target`."""
        header = b"" if self._begun else self._form.header(columns)
        self._begun = True
        self._stream.write(header + self._form.encode(columns, labelled))
        self._stream.flush()
        self.remarks = self.remarks.after(self._form, columns, labelled)

    def finish(self, columns: Columns) -> None:
        """See `Target`."""

    def leave(self, useless: bool) -> None:
        """See `Target`."""


class ToFile:
    """Labels that appear as a file when they are whole.

    Args:
        path: The file; its ending says how to write.
        identity: Hash of the work, see `identity_of`.
    """

    def __init__(self, path: str, identity: str | None) -> None:
        self._form = FORMATS[path[path.rindex(".") :].lower()]
        self._journal = Journal(path, identity)
        self.done = self._journal.done.pieces

    @property
    def remarks(self) -> Remarks:
        """See `Target`."""
        noted = self._journal.done.noted
        return Remarks(*noted) if len(noted) == len(Remarks()) else Remarks()

    def write(self, columns: Columns, labelled: LabelledRows) -> None:
        """See `Target`."""
        header = b"" if self._journal.done.pieces else self._form.header(columns)
        remarks = self.remarks.after(self._form, columns, labelled)
        self._journal.append(header + self._form.encode(columns, labelled), remarks)

    def finish(self, columns: Columns) -> None:
        """See `Target`."""
        self._journal.publish(self._form.finish(self._journal.partial))

    def leave(self, useless: bool) -> None:
        """See `Target`."""
        if useless:
            self._journal.discard()
        else:
            self._journal.leave()


def identity_of(source: Any, **options: Any) -> str | None:
    """SHA-256 of everything that the labels depend on; None if the source cannot be read again.

    Args:
        source: What `extract.predict.options.stamp` returns.
        options: The rest, as JSON can hold it.
    """
    if source is None:
        return None
    return hashlib.sha256(json.dumps([source, options], sort_keys=True).encode()).hexdigest()
