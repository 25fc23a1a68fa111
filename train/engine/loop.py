"""Train heads side by side: epochs, the two rules for each head and seed. Test rows never come here."""

import math
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import PyTree

from headstart.train.engine.adam import Flags, Rates, States, init
from headstart.train.engine.compiled_epochs import CompiledEpochs, of_seed, stack
from headstart.train.engine.history import (
    FitResult,
    HeadSeed,
    History,
    TrainingProgress,
    goes_on,
    is_best,
    judge,
    longer,
)
from headstart.train.engine.loss import Metrics, Sums, add, divide
from headstart.train.engine.settings import TrainingSettings
from headstart.train.feeds.feed import Feed


class TrainingLoop:
    """A training run of some heads, each with several seeds, that advances epoch by epoch.

    Every head and seed keeps its own parameters, moments, learning rate, stopping rule and best epoch. One that
    has stopped is skipped from then on. A loss that becomes NaN raises nothing: as in Keras it is no
    improvement, so the stopping rule ends training, the best parameters before it are kept, and `diverged` tells
    if there were none.

    Args:
        compiled: The heads, compiled for so many seeds.
        train: Feed of the rows to learn from.
        valid: Feed of the rows that cut the rate, end training and pick the best epoch.
        rates: Learning rate of each head before any cut.
        settings: Everything a user can choose.
    """

    def __init__(
        self,
        compiled: CompiledEpochs,
        train: Feed,
        valid: Feed,
        rates: Mapping[str, float],
        settings: TrainingSettings,
    ) -> None:
        self._compiled, self._train, self._valid = compiled, train, valid
        self._rates, self._settings = dict(rates), settings
        self._keys = [HeadSeed(name, seed) for name in rates for seed in range(settings.seeds)]
        self._choose = jax.jit(choose)

    def begin(self, params: Mapping[str, list[PyTree]]) -> TrainingProgress:
        """TrainingProgress before the first epoch, from each head's parameters for each seed."""
        states = {name: stack([init(tree) for tree in seeds]) for name, seeds in params.items()}
        best = {name: stack(seeds) for name, seeds in params.items()}
        states, best = self._compiled.spread((states, best))
        return TrainingProgress(states, best, dict.fromkeys(self._keys, ()), ())

    def active(self, progress: TrainingProgress) -> list[HeadSeed]:
        """Heads and seeds that another epoch follows."""
        return [
            key
            for key in self._keys
            if goes_on(progress.histories[key], self._rates[key.head], self._settings)
        ]

    def epoch(self, progress: TrainingProgress) -> TrainingProgress:
        """Train and validate once; the progress passed in is used up."""
        start, active = time.perf_counter(), self.active(progress)
        compiled = self._compiled.compile_seconds
        states, learnt = self._learn(progress, active)
        checked = self._check({name: state.params for name, state in states.items()}, active)
        histories = dict(progress.histories)
        for key in active:
            rate = self._rates[key.head]
            histories[key] = longer(histories[key], learnt[key], checked[key], rate, self._settings)
        best = self._better(progress.best, states, histories, active)
        seconds = time.perf_counter() - start - (self._compiled.compile_seconds - compiled)
        return TrainingProgress(states, best, histories, (*progress.seconds, seconds))

    def _learn(
        self, progress: TrainingProgress, active: Sequence[HeadSeed]
    ) -> tuple[States, dict[HeadSeed, Metrics]]:
        """Take all steps of an epoch."""
        rates: Rates = self._by_head(lambda key: self._rate(progress.histories[key], key), np.float32)
        flags, states, sums = self._flags(active), progress.states, None
        for chunk in self._train.train(len(progress.seconds) + 1):
            states, more = self._compiled.train(states, chunk, rates, flags)
            # else the host runs ahead, and more chunks are in memory than are used
            sums = jax.block_until_ready(total(sums, more))
        return states, metrics(sums, active)

    def _check(self, params: Mapping[str, PyTree], active: Sequence[HeadSeed]) -> dict[HeadSeed, Metrics]:
        """Loss and accuracy over all validation rows."""
        flags, sums = self._flags(active), None
        for chunk in self._valid.evaluate():
            sums = jax.block_until_ready(total(sums, self._compiled.evaluate(params, chunk, flags)))
        return metrics(sums, active)

    def results(self, progress: TrainingProgress) -> dict[HeadSeed, FitResult]:
        """What training left, once no epoch follows."""
        return {key: self._result(progress, key) for key in self._keys}

    def _result(self, progress: TrainingProgress, key: HeadSeed) -> FitResult:
        history = progress.histories[key]
        stopping = judge(history, self._rates[key.head], self._settings).stopping
        return FitResult(
            history=history,
            best_params=of_seed(progress.best[key.head], key.seed),
            last_params=of_seed(progress.states[key.head].params, key.seed),
            best_epoch=stopping.best_epoch,
            best_valid_loss=math.inf if stopping.best is None else stopping.best,
            stopped_early=stopping.should_stop,
            seconds=sum(progress.seconds[: len(history)]),
            parameters=sum(leaf[key.seed].size for leaf in jax.tree.leaves(progress.best[key.head])),
        )

    def _rate(self, history: History, key: HeadSeed) -> float:
        return judge(history, self._rates[key.head], self._settings).plateau.lr

    def _better(
        self,
        best: dict[str, PyTree],
        states: States,
        histories: Mapping[HeadSeed, History],
        active: Sequence[HeadSeed],
    ) -> dict[str, PyTree]:
        """The best parameters, replaced where the last epoch was the best."""
        better = [key for key in active if is_best(histories[key], self._rates[key.head], self._settings)]
        new = {name: state.params for name, state in states.items()}
        chosen: dict[str, PyTree] = self._choose(self._compiled.spread(self._flags(better)), new, best)
        return chosen

    def _flags(self, those: Sequence[HeadSeed]) -> Flags:
        return self._by_head(lambda key: key in those, bool)

    def _by_head(self, value: Callable[[HeadSeed], Any], dtype: Any) -> dict[str, np.ndarray]:
        """One array over seeds for each head."""
        seeds = range(self._settings.seeds)
        return {
            name: np.array([value(HeadSeed(name, seed)) for seed in seeds], dtype) for name in self._rates
        }


def choose(
    flags: Mapping[str, Any], new: Mapping[str, PyTree], old: Mapping[str, PyTree]
) -> dict[str, PyTree]:
    """`new` for seeds whose flag is set, else `old`."""

    def pick(flag: Any) -> Callable[[Any, Any], Any]:
        return lambda n, o: jnp.where(flag.reshape(-1, *(1,) * (n.ndim - 1)), n, o)

    return {name: jax.tree.map(pick(flags[name]), new[name], old[name]) for name in new}


def total(sums: dict[str, Sums] | None, more: dict[str, Sums]) -> dict[str, Sums]:
    """Sums over the chunks so far; stays on the devices."""
    return more if sums is None else {name: add(sums[name], more[name]) for name in more}


def metrics(sums: dict[str, Sums] | None, keys: Sequence[HeadSeed]) -> dict[HeadSeed, Metrics]:
    """Means of each head and seed; waits for the devices."""
    host: dict[str, Sums] = jax.device_get(sums or {})
    return {key: divide(Sums(*(part[key.seed] for part in host[key.head]))) for key in keys}
