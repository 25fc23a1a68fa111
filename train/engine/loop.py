"""Train heads together: epochs, the two rules for each head and seed. Test rows never come here."""

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from headstart.train.engine.history import History, goes_on, is_best, judge, longer
from headstart.train.engine.passes import Passes, of_seed, stack
from headstart.train.engine.settings import FitSettings
from headstart.train.engine.steps import Flags, Rates, States, init
from headstart.train.engine.sums import Metrics, Sums, add
from headstart.train.feeds.feed import Feed

Lane = tuple[str, int]
"""A head's name and a seed."""


class Progress(NamedTuple):
    """What one epoch hands to the next.

    Attributes:
        states: of each head; the first axis of every leaf is the seed.
        best: parameters of each head's best epoch so far, likewise.
        histories: of each head and seed.
        seconds: wall clock of each epoch, compilation not included.
    """

    states: States
    best: dict[str, PyTree]
    histories: dict[Lane, History]
    seconds: tuple[float, ...]


@dataclass(frozen=True)
class FitResult:
    """What training left of one head and seed.

    Attributes:
        history: one record for each epoch that ran.
        best_params: the parameters after `best_epoch`.
        last_params: the parameters after the last epoch.
        best_epoch: counted from 1.
        best_valid_loss: NaN or infinite if no validation loss was ever finite.
        stopped_early: the stopping rule ended training.
        seconds: wall clock of all epochs until its last, the other heads' share included, compilation not.
    """

    history: History
    best_params: PyTree
    last_params: PyTree
    best_epoch: int
    best_valid_loss: float
    stopped_early: bool
    seconds: float

    @property
    def diverged(self) -> bool:
        """No validation loss was ever finite: `best_params` are the first epoch's, and worth nothing."""
        return not math.isfinite(self.best_valid_loss)


class Fit:
    """A training run of some heads, each with several seeds, that advances epoch by epoch.

    Every head and seed keeps its own parameters, moments, learning rate, stopping rule and best epoch. One that
    has stopped is skipped from then on. A loss that becomes NaN raises nothing: as in Keras it is no
    improvement, so the stopping rule ends training, the best parameters before it are kept, and `diverged` tells
    if there were none.

    Args:
        passes: the heads, compiled for so many seeds.
        train: rows to learn from.
        valid: rows that cut the rate, end training and pick the best epoch.
        rates: learning rate of each head before any cut.
        settings: everything a user can choose.
    """

    def __init__(
        self, passes: Passes, train: Feed, valid: Feed, rates: Mapping[str, float], settings: FitSettings
    ) -> None:
        self._passes, self._train, self._valid = passes, train, valid
        self._rates, self._settings = dict(rates), settings
        self._lanes = [(name, seed) for name in rates for seed in range(settings.seeds)]
        self._choose = jax.jit(choose)

    def begin(self, params: Mapping[str, list[PyTree]]) -> Progress:
        """Progress before the first epoch, from each head's parameters for each seed."""
        states = {name: stack([init(own) for own in seeds]) for name, seeds in params.items()}
        best = {name: stack(seeds) for name, seeds in params.items()}
        return self.place(Progress(states, best, dict.fromkeys(self._lanes, ()), ()))

    def place(self, progress: Progress) -> Progress:
        """Put a progress that was read from disk on the devices."""
        states, best = self._passes.spread((progress.states, progress.best))
        return progress._replace(states=states, best=best)

    def active(self, progress: Progress) -> list[Lane]:
        """Heads and seeds that another epoch follows."""
        return [
            lane
            for lane in self._lanes
            if goes_on(progress.histories[lane], self._rates[lane[0]], self._settings)
        ]

    def epoch(self, progress: Progress) -> Progress:
        """Train and validate once; the progress given is used up."""
        start, lanes = time.perf_counter(), self.active(progress)
        going = self._by_head({lane: lane in lanes for lane in self._lanes}, bool)
        rates = {lane: self._lr(progress.histories[lane], lane) for lane in self._lanes}
        compiled = self._passes.compile_seconds
        states, learnt = self._steps(progress, self._by_head(rates, np.float32), going)
        checked = self.evaluate({name: state.params for name, state in states.items()}, self._valid, lanes)
        histories = dict(progress.histories)
        found = metrics(learnt, lanes)
        for lane in lanes:
            own = histories[lane], found[lane], checked[lane]
            histories[lane] = longer(*own, self._rates[lane[0]], self._settings)
        best = self._better(progress.best, states, histories, lanes)
        seconds = time.perf_counter() - start - (self._passes.compile_seconds - compiled)
        return Progress(states, best, histories, (*progress.seconds, seconds))

    def _steps(self, progress: Progress, rates: Rates, active: Flags) -> tuple[States, Any]:
        states, sums = progress.states, None
        for chunk in self._train.train(len(progress.seconds) + 1):
            states, more = self._passes.train(states, chunk, rates, active)
            sums = total(sums, more)
            jax.block_until_ready(
                sums
            )  # else the host runs ahead, and more chunks are in memory than are used
        return states, sums

    def evaluate(self, params: Mapping[str, PyTree], feed: Feed, lanes: list[Lane]) -> dict[Lane, Metrics]:
        """Loss and accuracy of these heads and seeds over all rows of a split."""
        going = self._by_head({lane: lane in lanes for lane in self._lanes}, bool)
        sums = None
        for chunk in feed.evaluate():
            sums = jax.block_until_ready(total(sums, self._passes.evaluate(params, chunk, going)))
        return metrics(sums, lanes)

    def results(self, progress: Progress) -> dict[Lane, FitResult]:
        """What training left, once no epoch follows."""
        return {lane: self._result(progress, lane) for lane in self._lanes}

    def _result(self, progress: Progress, lane: Lane) -> FitResult:
        (name, seed), history = lane, progress.histories[lane]
        stopping = judge(history, self._rates[name], self._settings).stopping
        return FitResult(
            history=history,
            best_params=of_seed(progress.best[name], seed),
            last_params=of_seed(progress.states[name].params, seed),
            best_epoch=stopping.best_epoch,
            best_valid_loss=math.inf if stopping.best is None else stopping.best,
            stopped_early=stopping.should_stop,
            seconds=sum(progress.seconds[: len(history)]),
        )

    def _lr(self, history: History, lane: Lane) -> float:
        return judge(history, self._rates[lane[0]], self._settings).plateau.lr

    def _better(
        self, best: dict[str, PyTree], states: States, histories: dict[Lane, History], lanes: list[Lane]
    ) -> dict[str, PyTree]:
        """The best parameters, replaced where the last epoch was the best."""
        better = {
            lane: lane in lanes and is_best(histories[lane], self._rates[lane[0]], self._settings)
            for lane in self._lanes
        }
        flags = self._passes.spread(self._by_head(better, bool))
        new = {name: state.params for name, state in states.items()}
        chosen: dict[str, PyTree] = self._choose(flags, new, best)
        return chosen

    def _by_head(self, values: Mapping[Lane, Any], dtype: Any) -> dict[str, np.ndarray]:
        """One array over seeds for each head."""
        seeds = range(self._settings.seeds)
        return {name: np.array([values[name, seed] for seed in seeds], dtype) for name in self._rates}


def choose(
    flags: Mapping[str, Any], new: Mapping[str, PyTree], old: Mapping[str, PyTree]
) -> dict[str, PyTree]:
    """`new` for seeds whose flag is set, else `old`."""

    def pick(flag: Any) -> Callable[[Any, Any], Any]:
        return lambda n, o: jnp.where(flag.reshape(-1, *(1,) * (n.ndim - 1)), n, o)

    return {name: jax.tree.map(pick(flags[name]), new[name], old[name]) for name in new}


def total(sums: Any, more: dict[str, Sums]) -> dict[str, Sums]:
    """Sums over the chunks so far; stays on the devices."""
    return more if sums is None else {name: add(sums[name], more[name]) for name in more}


def metrics(sums: dict[str, Sums] | None, lanes: list[Lane]) -> dict[Lane, Metrics]:
    """Means of each head and seed; waits for the devices."""
    host: dict[str, Sums] = jax.device_get(sums or {})
    return {(name, seed): of_sums(host[name], seed) for name, seed in lanes}


def of_sums(sums: Sums, seed: int) -> Metrics:
    """Means of one seed."""
    loss, correct, rows = (float(part[seed]) for part in sums)
    return Metrics(loss / rows, correct / rows)
