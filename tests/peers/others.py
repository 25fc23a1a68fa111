"""How much of the processor others used while we measured, and passes that wait for a quiet moment."""

import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MOST = 0.05
"""Share of the processor that others may use during a pass that counts."""
TRIES = 3
"""Passes until the least disturbed one counts, however disturbed it was."""


def quietest(run: Callable[[], dict[str, Any]], pid: int) -> dict[str, Any]:
    """Run until others left us alone, and return that run's answer, with `others`, their share of the processor.

    Where the system does not tell what others use (it is read from Linux' /proc), the first run counts.

    Args:
        run: one measured pass.
        pid: the process that does its work.
    """
    answers = []
    for _ in range(TRIES):
        before, start = used_by_others(pid), time.perf_counter()
        answer = run()
        passed = (time.perf_counter() - start) * (os.cpu_count() or 1)
        answer["others"] = (used_by_others(pid) - before) / passed
        answers.append(answer)
        if answer["others"] <= MOST:
            break
    return min(answers, key=lambda answer: answer["others"])


def used_by_others(pid: int) -> float:
    """Processor seconds since the machine started that were not this process's; 0 where nobody tells."""
    try:
        total = Path("/proc/stat").read_text().split("\n")[0].split()[1:]
        own = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    user, nice, system, _, _, interrupts, more_interrupts, stolen = map(int, total[:8])
    busy = user + nice + system + interrupts + more_interrupts + stolen
    return (busy - int(own[11]) - int(own[12])) / os.sysconf("SC_CLK_TCK")
