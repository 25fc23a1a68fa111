"""What all steps of filling a cache share."""

from collections.abc import Callable, Iterable
from typing import NamedTuple

from headstart.cache.runtime.progress import Clock, Reporter
from headstart.cache.writer import CacheWriter
from headstart.extract.features.blocks import BlockRows
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.job import Job
from headstart.extract.pipeline.reuse import Records, committed_blocks


class Run(NamedTuple):
    """One run of stage one.

    Attributes:
        job: rows, backbone and recipe.
        writer: the cache to fill.
        check_lock: called before every write; raises if the cache's lock is no longer ours.
        hosts: the processes that share the job.
        clock: adds up the seconds of each phase.
        reporter: hears sizes and progress.
    """

    job: Job
    writer: CacheWriter
    check_lock: Callable[[], None]
    hosts: Hosts
    clock: Clock
    reporter: Reporter

    def committed(self, blocks: Iterable[BlockRows]) -> Records:
        """Return the records of those blocks that are on disk."""
        return committed_blocks(self.writer, blocks, self.job.architecture.dim)
