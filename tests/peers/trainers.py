"""What training costs the peers: seconds per epoch of each head, or of whole trainings."""

import statistics
import sys
import time
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from talk import Alone, Worker

PEERS = {
    "Keras 3 on JAX": ("train_keras.py",),
    "PyTorch, padded": ("train_torch.py", "padded"),
    "PyTorch, packed": ("train_torch.py", "packed"),
}
"""Script and arguments of each worker. Padded rows are what one writes first, packed ones what is fastest."""
EPOCHS = 50


class Costs(NamedTuple):
    """Seconds of one peer.

    Attributes:
        start: of starting, importing and reading the features.
        compile: of each head.
        epoch: of each head, validation included.
        epochs: how many each head runs; measured only where it was trained to the end.
    """

    start: float
    compile: dict[str, float]
    epoch: dict[str, float]
    epochs: dict[str, int]

    @property
    def total(self) -> float:
        """Of the whole comparison of heads."""
        return self.start + sum(self.compile[head] + self.epoch[head] * n for head, n in self.epochs.items())


def measure_epochs(
    cache: str, heads: Sequence[str], rounds: int, epochs: Mapping[str, int], lock: Alone
) -> dict[str, Costs]:
    """Median over single epochs, the peers taking turns; `epochs` says how many a training would have."""
    workers, starts = start_workers(cache, lock)
    seconds: dict[tuple[str, str], list[float]] = {(name, head): [] for name in PEERS for head in heads}
    compile = {
        (name, head): worker.ask("prepare", head=head)["compile"]
        for head in heads
        for name, worker in workers.items()
    }
    for _ in range(rounds):
        for head in heads:
            for name, worker in workers.items():
                lock.take()
                answer = worker.measure("epoch", head=head)
                seconds[name, head].append(answer["seconds"])
                say(f"{head} {name}: {answer['seconds']:.2f} s, others {answer['others']:.0%}")
    for worker in workers.values():
        worker.close()

    def own(name: str) -> Costs:
        middle = {head: statistics.median(seconds[name, head]) for head in heads}
        return Costs(starts[name], {head: compile[name, head] for head in heads}, middle, dict(epochs))

    return {name: own(name) for name in PEERS}


def train_fully(cache: str, heads: Sequence[str], lock: Alone) -> dict[str, Costs]:
    """Train every head to its end, the peers taking turns; reading the test rows counts."""
    workers, starts = start_workers(cache, lock)
    costs = {name: Costs(starts[name], {}, {}, {}) for name in PEERS}
    for head in heads:
        for name, worker in workers.items():
            lock.take()
            answer = worker.ask("fit", head=head, seed=0, epochs=EPOCHS)
            costs[name].compile[head] = answer["compile"]
            costs[name].epoch[head] = answer["seconds"] / answer["epochs"]
            costs[name].epochs[head] = answer["epochs"]
            say(f"{head} {name}: {answer['epochs']} epochs in {answer['seconds']:.1f} s")
    for worker in workers.values():
        worker.close()
    return costs


def start_workers(cache: str, lock: Alone) -> tuple[dict[str, Worker], dict[str, float]]:
    """One worker for each peer, and how long it took to be ready."""
    workers, starts = {}, {}
    for name, (script, *arguments) in PEERS.items():
        lock.take()
        before = time.perf_counter()
        workers[name] = Worker(script, cache, *arguments)
        starts[name] = time.perf_counter() - before
    return workers, starts


def say(line: str) -> None:
    """Report progress where it does not disturb the tables."""
    print(line, file=sys.stderr, flush=True)
