"""Write each block while the backbone computes the next."""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

from headstart.cache.block import Block
from headstart.cache.runtime.errors import UserError
from headstart.cache.storage.store import StorageError
from headstart.extract.features.blocks import BlockRows, Records
from headstart.extract.pipeline.job import RunContext

FULL = ("No space left", "Disk quota", "RESOURCE_EXHAUSTED")
"""Words in the error of a write that failed for want of room."""


class BlockWriter:
    """Writes blocks in a thread, one after another, so that memory holds two at most.

    Args:
        run: The run.
        thread: The only thread that writes.

    Attributes:
        records: Records of the blocks that are written.
    """

    def __init__(self, run: RunContext, thread: ThreadPoolExecutor) -> None:
        self.records: Records = {}
        self._run, self._thread = run, thread
        self._writing: Future[None] | None = None

    def write(self, planned: BlockRows, block: Block) -> None:
        """Start to write a block, once the one before it is written.

        Raises:
            UserError: the disk is full, or the cache's lock is no longer ours.
        """
        self.wait()
        self._writing = self._thread.submit(self._write, planned, block)

    def wait(self) -> None:
        """Wait for the last block; a full disk is the user's to mend."""
        try:
            if self._writing:
                self._writing.result()
        except StorageError as error:
            if not any(words in str(error) for words in FULL):
                raise
            raise UserError(
                f"the disk of {self._run.writer.store.location} is full; make room and run the same command again: "
                "it continues from the blocks that are there"
            ) from None

    def _write(self, planned: BlockRows, block: Block) -> None:
        run = self._run
        run.check_lock()  # right before: whoever lost it must not touch what another has finished
        with run.clock.measure("write"):
            try:
                record = run.writer.write_block(planned.split, planned.number, planned.start, block)
            except StorageError:
                run.check_lock()  # whoever took it over may have removed what we were writing
                raise
        self.records[planned.key] = record


@contextmanager
def writing_behind(run: RunContext) -> Iterator[BlockWriter]:
    """Give a writer, all of whose blocks are written at the end of the `with` block."""
    with ThreadPoolExecutor(1) as thread:
        writer = BlockWriter(run, thread)
        yield writer
        writer.wait()
