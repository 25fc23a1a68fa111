"""Which of how many workers this one is, as the user or whatever started it says."""

import os
import re
from collections.abc import Mapping
from typing import NamedTuple

from headstart.cache.runtime.errors import UserError

LAUNCHERS = (
    ("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_COUNT", "SLURM_ARRAY_TASK_MIN"),
    ("SLURM_PROCID", "SLURM_STEP_NUM_TASKS", None),
    ("OMPI_COMM_WORLD_RANK", "OMPI_COMM_WORLD_SIZE", None),
    # A Kubernetes Job with completionMode Indexed, which tells no count.
    ("JOB_COMPLETION_INDEX", None, None),
)
"""Variables with a worker's number, with how many there are, and with the first one's number."""
_FORM = re.compile(r"(?:(\d{1,9})|auto)/(\d{1,9})|auto", re.ASCII)


class Worker(NamedTuple):
    """One of several workers.

    Attributes:
        number: Its number, from 0.
        workers: How many there are.
    """

    number: int
    workers: int

    def __str__(self) -> str:
        return f"{self.number}/{self.workers}"


def read_worker(text: str, environment: Mapping[str, str] = os.environ) -> Worker:
    """Read `--worker`: `3/16`; `auto/16`, whose number a launcher gives; `auto`, for which it gives both.

    Raises:
        UserError: it has another form, is out of range, or nothing gives what is left open.
    """
    form = _FORM.fullmatch(text)
    if form is None:
        raise UserError(
            f"--worker {text!r} is none of 3/16, auto/16 and auto: the fourth of 16 workers is 3/16"
        )
    index, count = (int(digits) if digits else None for digits in form.groups())
    if index is None:
        index, launched, first = _launched(environment)
        # An array of other tasks than all, as when some are started again, keeps their numbers.
        index -= first if count in (None, launched) else 0
        count = launched if count is None else count
    if count is None:
        raise UserError(
            "--worker auto: nothing here says how many workers there are; give it: --worker auto/16"
        )
    if not 0 <= index < count:
        raise UserError(
            f"--worker {index}/{count}: the first of {count} workers is 0/{count}, the last {count - 1}/{count}"
        )
    return Worker(index, count)


def _launched(environment: Mapping[str, str]) -> tuple[int, int | None, int]:
    """The number that a launcher gave this worker, how many it started, if it says so, and the first one's number."""
    for index, count, first in LAUNCHERS:
        if index in environment:
            start = _number(environment, first) if first and first in environment else 0
            total = _number(environment, count) if count and count in environment else None
            return _number(environment, index), total, start
    names = ", ".join(names[0] for names in LAUNCHERS)
    raise UserError(
        f"--worker auto: none of the variables {names} is set; number the workers: --worker 0/16 ..."
    )


def _number(environment: Mapping[str, str], name: str) -> int:
    text = environment[name]
    if not re.fullmatch(r"\d{1,9}", text, re.ASCII):
        raise UserError(f"the variable {name} holds {text!r}, wanted a number: unset or mend it")
    return int(text)
