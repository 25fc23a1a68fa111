"""Tune the contenders, then let them run in turns, and compare what they computed."""

import statistics
import sys
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from contenders import CONTENDERS, REFERENCE, Candidate, Contender
from talk import Alone, Worker

WARM_ROWS = 64


class Runner(NamedTuple):
    """A contender in its fastest setting, ready to run."""

    contender: Contender
    candidate: Candidate
    batch: int
    worker: Worker

    @property
    def setting(self) -> str:
        """What was tuned, in words."""
        batch = [f"batches of {self.batch}"] if self.batch else []
        return ", ".join([*batch, *filter(None, [self.candidate.label])])


class Outcome(NamedTuple):
    """What a contender reached.

    Attributes:
        runner: the contender and its setting.
        lengths: real tokens of each text.
        seconds: of each pass.
        cosine: the smallest over all tokens, between its vector and float32's.
    """

    runner: Runner
    lengths: list[int]
    seconds: list[float]
    cosine: float

    @property
    def rate(self) -> float:
        """Real tokens per second, median of the passes."""
        return sum(self.lengths) / statistics.median(self.seconds)


def race(model: Path, texts: Path, rounds: int, tuning_rows: int, lock: Alone) -> list[Outcome]:
    """Run every contender over all texts so many times, taking turns.

    Args:
        model: folder of the model.
        texts: JSON file of cleaned texts.
        rounds: passes of each contender.
        tuning_rows: texts on which settings are tried.
        lock: held during each pass.
    """
    runners = [tune(contender, model, texts, tuning_rows, lock) for contender in CONTENDERS]
    # These passes also warm up: whatever is compiled for the first pass is not timed.
    cosines = compare(runners, model)
    turns = [[timed(runner, lock) for runner in runners] for _ in range(rounds)]
    for runner in runners:
        runner.worker.close()
    return [
        Outcome(runner, passes[0]["lengths"], [answer["seconds"] for answer in passes], cosine)
        for runner, passes, cosine in zip(runners, zip(*turns, strict=True), cosines, strict=True)
    ]


def tune(contender: Contender, model: Path, texts: Path, rows: int, lock: Alone) -> Runner:
    """Find the contender's fastest candidate and batch size; the other workers end."""
    runners: list[tuple[float, Runner]] = []
    for candidate in contender.candidates:
        worker = Worker(candidate.script, model, texts, candidate.variant, environment=candidate.environment)
        for batch in contender.batches:
            runner = Runner(contender, candidate, batch, worker)
            worker.ask("run", batch=batch, rows=min(WARM_ROWS, rows))
            runners.append((timed(runner, lock, rows)["seconds"], runner))
    _, best = min(runners, key=lambda pair: pair[0])
    for worker in {runner.worker for _, runner in runners} - {best.worker}:
        worker.close()
    say(f"{contender.name} {contender.dtype}: {best.setting}")
    return best


def timed(runner: Runner, lock: Alone, rows: int | None = None) -> dict[str, Any]:
    """Run one pass over the first rows, or over all."""
    lock.take()
    answer = runner.worker.measure("run", batch=runner.batch, rows=rows)
    rate = sum(answer["lengths"]) / answer["seconds"]
    name = f"{runner.contender.name} {runner.contender.dtype}, {runner.setting}"
    say(f"  {name}: {rate:,.0f} tokens/s, others {answer['others']:.0%}")
    return answer


def compare(runners: list[Runner], model: Path) -> list[float]:
    """Smallest cosine of each runner's token vectors to the reference's."""

    def vectors(runner: Runner) -> np.ndarray:
        file = model / "vectors.npy"  # one at a time: they are hundreds of megabytes
        runner.worker.ask("save", path=str(file), batch=runner.batch)
        return np.load(file)

    reference = vectors(runners[REFERENCE])
    return [smallest_cosine(vectors(runner), reference) for runner in runners]


def smallest_cosine(found: np.ndarray, wanted: np.ndarray) -> float:
    """Smallest cosine between rows, computed in float64.

    Raises:
        ValueError: the shapes differ: some text has other tokens.
    """
    if found.shape != wanted.shape:
        raise ValueError(f"token vectors of shape {found.shape}, wanted {wanted.shape}")
    dots = np.einsum("nd,nd->n", found, wanted, dtype=np.float64)
    squares = [np.einsum("nd,nd->n", v, v, dtype=np.float64) for v in (found, wanted)]
    return float((dots / np.sqrt(squares[0] * squares[1])).min())


def say(line: str) -> None:
    """Report progress where it does not disturb the tables."""
    print(line, file=sys.stderr, flush=True)
