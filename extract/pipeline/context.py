"""What all steps of filling a cache share."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from headstart.cache.runtime.progress import Listener
from headstart.cache.runtime.timing import Clock
from headstart.cache.writer import CacheWriter
from headstart.extract.features.blocks import BlockRows
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.job import ExtractJob
from headstart.extract.pipeline.reuse import Records, committed_blocks


class RunContext(NamedTuple):
    """One run of stage one.

    Attributes:
        job: rows, backbone and recipe.
        writer: the cache to fill.
        check_lock: called before every write; raises if the cache's lock is no longer ours.
        hosts: the processes that share the job.
        clock: adds up the seconds of each phase.
        listener: hears sizes and progress.
    """

    job: ExtractJob
    writer: CacheWriter
    check_lock: Callable[[], None]
    hosts: Hosts
    clock: Clock
    listener: Listener

    def committed(self, blocks: Iterable[BlockRows]) -> Records:
        """Return the records of those blocks that are on disk."""
        return committed_blocks(self.writer, blocks, self.job.architecture.dim)
