"""Talk with workers: processes in environments of their own, which idle until they are asked."""

import fcntl
import json
import math
import os
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

from others import quietest

PEERS = Path(__file__).parent
ROOT = PEERS.parent.parent
OURS, SENTENCE = ".venv-peers", ".venv-peers-sentence"
"""Our environment with the peers that live with it, and the one of sentence-transformers with its transformers."""
MARK = "answer:"
THREADS = 2
THREAD_VARIABLES = ("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "RAYON_NUM_THREADS")
LAST_WORDS = 2_000
LONGEST_HELD = 240.0
"""Seconds for which a shared machine's lock is held without a break."""


class WorkerError(Exception):
    """A worker ended before it answered; its last words are in the message."""


class Worker:
    """One process that answers a line with a line.

    Args:
        script: file below `tests/peers/workers`.
        arguments: for the script.
        environment: folder of its virtual environment.
    """

    def __init__(self, script: str, *arguments: object, environment: str = OURS) -> None:
        self.script = script
        command = [python(environment), str(PEERS / "workers" / script), *map(str, arguments)]
        # A file, not a pipe: a pipe that nobody reads stops its writer once it is full.
        self._words = tempfile.TemporaryFile("w+")  # noqa: SIM115  (closed in close)
        self._process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=variables(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            text=True,
        )
        self._listen()

    def ask(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Have a command done, and wait for its answer."""
        assert self._process.stdin
        print(json.dumps([command, arguments]), file=self._process.stdin, flush=True)
        return self._listen()

    def measure(self, command: str, **arguments: Any) -> dict[str, Any]:
        """Have a command done in a quiet moment, see `others.quietest`."""
        return quietest(lambda: self.ask(command, **arguments), self._process.pid)

    def close(self) -> None:
        """Let it end."""
        self._process.communicate()
        self._words.close()

    def _listen(self) -> dict[str, Any]:
        assert self._process.stdout
        for line in self._process.stdout:
            if line.startswith(MARK):
                answer: dict[str, Any] = json.loads(line.removeprefix(MARK))
                return answer
        self._words.seek(0)
        words = self._words.read()[-LAST_WORDS:]
        raise WorkerError(f"{self.script} ended with exit code {self._process.wait()}:\n{words}")


def python(environment: str) -> str:
    """Path of an environment's interpreter."""
    return str(ROOT / environment / "bin" / "python")


def variables() -> dict[str, str]:
    """Environment variables of every worker: our packages are found, and two threads are the most."""
    return (
        os.environ
        | dict.fromkeys(THREAD_VARIABLES, str(THREADS))
        | {"PYTHONPATH": str(ROOT), "KERAS_BACKEND": "jax"}
    )


def use_few_cores() -> None:
    """Bind this process, and so all workers, to as many cores as threads are allowed."""
    if hasattr(os, "sched_setaffinity"):  # Linux
        os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:THREADS])


class Alone:
    """An exclusive lock on a file, for a machine on which others measure, too; without a path it does nothing.

    It is held over many passes, and handed on now and then, so that others need not wait for the last.
    """

    def __init__(self, path: str | None) -> None:
        self._file = open(path, "a") if path else None  # noqa: SIM115  (held until this process ends)
        self._since = -math.inf

    def take(self) -> None:
        """Be sure to hold the lock; to be called before each pass."""
        if self._file and time.monotonic() - self._since > LONGEST_HELD:
            fcntl.flock(self._file, fcntl.LOCK_UN)
            time.sleep(1)  # time for whoever waits
            fcntl.flock(self._file, fcntl.LOCK_EX)
            self._since = time.monotonic()
