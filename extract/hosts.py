"""Several processes on one job, on JAX's own runtime: each computes its blocks, the first writes the manifest."""

import os
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import numpy as np

from cache.errors import UserError
from extract.settings import Settings

CLUSTERS = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")
"""Variables in which a launcher says how many processes it started; SLURM_NTASKS is there before `srun` starts any."""


@dataclass(frozen=True)
class Hosts:
    """The processes of a job.

    Attributes:
        index: this process's, from 0.
        count: how many there are.
    """

    index: int = 0
    count: int = 1

    @property
    def first(self) -> bool:
        """Whether this process holds the lock and writes what there is one of."""
        return self.index == 0

    def wait(self, name: str) -> None:
        """Wait until every process has come to the place of this name.

        JAX ends all processes when one of them is lost; the same command then continues from their blocks.
        """
        if self.count > 1:
            from jax.experimental.multihost_utils import sync_global_devices

            _interruptible(lambda: sync_global_devices(name))

    def total(self, numbers: Sequence[int]) -> list[int]:
        """Add up each number over all processes, every one of which asks for it at the same place."""
        if self.count == 1:
            return list(numbers)
        from jax.experimental.multihost_utils import process_allgather

        found: list[np.ndarray] = []
        halves = np.array(numbers, np.int64).view(
            np.int32
        )  # JAX has no 64-bit integers, unless it is told to
        _interruptible(lambda: found.append(np.asarray(process_allgather(halves))))
        sums: list[int] = found[0].view(np.int64).reshape(self.count, -1).sum(axis=0).tolist()
        return sums


def check_hosts(settings: Settings) -> None:
    """Refuse settings, or a launcher's variables, that do not say which process this is.

    Raises:
        UserError: some are missing, or are not what they have to be.
    """
    given = (settings.coordinator, settings.num_processes, settings.process_id)
    if given == (None, None, None):
        in_cluster()
        return
    if None in given:
        raise UserError("--coordinator, --num-processes and --process-id belong together: give all three")
    if not 0 <= (settings.process_id or 0) < (settings.num_processes or 1):
        raise UserError(
            f"--process-id {settings.process_id} is not from 0 to {(settings.num_processes or 1) - 1}"
        )
    _, colon, port = (settings.coordinator or "").rpartition(":")
    if not colon or not port.isdecimal() or not 0 < int(port) < 2**16:
        raise UserError(f"--coordinator {settings.coordinator} is no HOST:PORT with a port from 1 to 65535")


def join(settings: Settings) -> Hosts:
    """Meet the other processes, if the settings or a cluster's launcher name any; before JAX is used.

    Raises:
        UserError: the settings are incomplete, or the coordinator does not answer.
    """
    check_hosts(settings)
    if settings.coordinator is None and not in_cluster():
        return Hosts()
    return _initialize(settings.coordinator, settings.num_processes, settings.process_id)


def in_cluster() -> bool:
    """Whether a launcher started several processes that JAX can find by itself.

    Raises:
        UserError: a launcher's variable holds no number.
    """
    if "," in os.environ.get("TPU_WORKER_HOSTNAMES", ""):
        return True
    return any(_count(name) > 1 for name in CLUSTERS)


def _count(name: str) -> int:
    text = os.environ.get(name) or "1"
    if not text.isdecimal():
        raise UserError(
            f"the variable {name} holds {text!r}, wanted the number of processes: unset or mend it"
        )
    return int(text)


def _initialize(coordinator: str | None, num_processes: int | None, process_id: int | None) -> Hosts:
    import jax

    # It takes SIGTERM for a sign that the host will go away, tells the program, which asks nobody, and goes on.
    jax.config.update("jax_enable_preemption_service", False)
    try:
        _interruptible(lambda: jax.distributed.initialize(coordinator, num_processes, process_id))
    except (RuntimeError, ValueError) as error:
        reason = str(error).splitlines()[0]
        raise UserError(
            f"the processes did not meet at {coordinator or 'their cluster'}: {reason}; "
            "start all of them with the same --coordinator HOST:PORT, the port free on process 0's host"
        ) from None
    return Hosts(jax.process_index(), jax.process_count())


def _interruptible(wait: Callable[[], None]) -> None:
    """Wait in a thread, which an interruption leaves behind: JAX does not hear Ctrl-C while it waits for others."""
    done: Future[None] = Future()

    def work() -> None:
        try:
            wait()
            done.set_result(None)
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    done.result()
