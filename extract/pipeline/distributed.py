"""Several processes on one job, on JAX's own runtime: each computes its blocks, the first writes the manifest."""

import atexit
import os
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np

from headstart.cache.runtime.errors import EXIT_USER_ERROR, UserError
from headstart.extract.settings import Settings

CLUSTERS = ("SLURM_STEP_NUM_TASKS", "OMPI_COMM_WORLD_SIZE")
"""Variables in which a launcher says how many processes it started; SLURM_NTASKS is there before `srun` starts any."""


class FailedTogetherError(UserError):
    """A mistake that every process of a job knows of."""


@dataclass(frozen=True)
class Hosts:
    """The processes of a job.

    Attributes:
        index: Number of this process, from 0.
        count: Number of processes.
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

    @contextmanager
    def together(self) -> Iterator[None]:
        """Fail in all processes where one fails inside the `with` block, at the end of which they meet.

        Raises:
            FailedTogetherError: here or elsewhere there was a mistake.
        """
        failure: UserError | None = None
        try:
            yield
        except UserError as error:
            if self.count == 1:
                raise
            failure = error
        if self.total([failure is not None])[0]:
            raise FailedTogetherError(str(failure or "another process of this job failed, and has said why"))

    @contextmanager
    def lost_on_error(self) -> Iterator[None]:
        """Leave a job of several processes at once after any other error, which is told first.

        JAX's way out waits for the others, who wait for us; without it they see that we are lost.
        """
        try:
            yield
        except FailedTogetherError:
            raise
        except Exception as error:
            if self.count > 1:  # registered last, it comes before JAX's own
                atexit.register(os._exit, EXIT_USER_ERROR if isinstance(error, UserError | OSError) else 1)
            raise

    def total(self, numbers: Sequence[int]) -> list[int]:
        """Add up each number over all processes, every one of which asks for it at the same place."""
        if self.count == 1:
            return list(numbers)
        from jax.experimental.multihost_utils import process_allgather

        gathered: list[np.ndarray] = []
        # JAX has no 64-bit integers, unless it is told to.
        words = np.array(numbers, np.int64).view(np.int32)
        _interruptible(lambda: gathered.append(np.asarray(process_allgather(words))))
        sums: list[int] = gathered[0].view(np.int64).reshape(self.count, -1).sum(axis=0).tolist()
        return sums


def check_hosts(settings: Settings) -> None:
    """Refuse settings, or a launcher's variables, that do not say which process this is.

    Raises:
        UserError: some are missing, or are not what they have to be.
    """
    options = (settings.coordinator, settings.num_processes, settings.process_id)
    if options == (None, None, None):
        in_cluster()
        return
    if None in options:
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
