"""A comparison of heads from beginning to end: where the features live, all epochs, the test."""

import dataclasses
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Float32, PyTree

from headstart.cache.runtime.machine import free_memory
from headstart.cache.task import BINARY, Task
from headstart.train.data.checks import require_labels
from headstart.train.data.split import Split
from headstart.train.engine.compiled_epochs import CompiledEpochs
from headstart.train.engine.history import FitResult, HeadSeed, TrainingProgress
from headstart.train.engine.lane_steps import LaneGroup
from headstart.train.engine.loop import TrainingLoop
from headstart.train.engine.loss import balanced_weights
from headstart.train.engine.resume import load_progress, remove_progress, save_progress
from headstart.train.engine.settings import TrainingSettings
from headstart.train.engine.steps import Group
from headstart.train.feeds.feed import Feed, StandardFeed, held_bytes
from headstart.train.feeds.memory import decide, device_free
from headstart.train.feeds.moments import LayerMoments, moments_of
from headstart.train.feeds.open import feature_bytes, held_plan, open_feed
from headstart.train.feeds.sampler import FeedSpec, LayerViews

SPARED = 20
"""Times as long as it took to write the last state pass before the next: an epoch of pooling heads takes less."""


class HeadsToTrain(NamedTuple):
    """Heads, and what they read of a row.

    Attributes:
        groups: Heads that go through a batch together.
        rates: Learning rate of each head before any cut, in the order of the table.
        tokens: Whether hidden states are read.
        pooled: Whether pooled vectors are read.
        tokens_as_bfloat16: Whether hidden states are read in bfloat16.
        layers: Which pooled vectors of layers are read.
        finish: Name and parameters of a head, and how layers were standardised -> the parameters to keep.
    """

    groups: Sequence[Group | LaneGroup]
    rates: Mapping[str, float]
    tokens: bool
    pooled: bool
    tokens_as_bfloat16: bool = False
    layers: LayerViews = LayerViews()
    finish: Callable[[str, PyTree, LayerMoments], PyTree] = lambda name, params, moments: params


class Trainer:
    """Heads and features, ready to be trained.

    Args:
        heads: What is trained.
        splits: `train` and `valid` are opened here; whatever is tested is not.
        settings: How it is trained.
        task: What the labels say.
        compiled: Epochs compiled for the same heads, seeds and class weights; None compiles new ones.

    Attributes:
        compiled: The compiled epochs.
        size: Bytes of all features that training reads.
        plan: Where the features live.
        held: Most bytes of features that are held at once.
        loop: The training loop.

    Raises:
        UserError: the limit is too small.
        ValueError: a split has no rows, or labels other than the task's.
    """

    def __init__(
        self,
        heads: HeadsToTrain,
        splits: Mapping[str, Split],
        settings: TrainingSettings,
        task: Task = BINARY,
        compiled: CompiledEpochs | None = None,
    ) -> None:
        for name in ("train", "valid"):
            require_labels(splits[name].labels, name, task)
        self.compiled = compiled or CompiledEpochs(
            heads.groups,
            settings.seeds,
            # without recurrent heads there is little to skip, and five seeds under one vmap take two thirds of the time
            vmapped=None if heads.tokens else True,
            tokens_as_bfloat16=heads.tokens_as_bfloat16,
            class_weights=balanced_weights(task, splits["train"].labels) if settings.balanced else None,
        )
        self._spec = FeedSpec(
            heads.tokens, heads.pooled, settings.batch_size, settings.seeds, settings.batching, heads.layers
        )
        used = [splits["train"], splits["valid"]]
        self.size = feature_bytes(used, self._spec)
        self.plan = held_plan(splits["train"]) or decide(
            settings.memory, settings.memory_limit, self.size, device_free(), free_memory()
        )
        train, valid = (self._open(split) for split in used)
        # a streamed split gives its memory back before the next is read
        streamed = self.plan.mode == "stream"
        self.held = max(train.held, valid.held) if streamed else held_bytes(train, valid)
        self._moments, self._finish = moments_of(train) if heads.layers.read else None, heads.finish
        self._valid = self._standardised(valid)
        self.loop = TrainingLoop(self.compiled, self._standardised(train), self._valid, heads.rates, settings)

    def _open(self, split: Split) -> Feed:
        return open_feed(split, self._spec, self.compiled.place, self.plan)

    def _standardised(self, feed: Feed) -> Feed:
        return StandardFeed(feed, self._moments) if self._moments else feed

    def train(
        self,
        params: Mapping[str, list[PyTree]],
        folder: Path | str | None,
        run: Mapping[str, Any],
        resume: bool,
        on_epoch: Callable[[TrainingProgress, list[HeadSeed]], object],
        on_resume: Callable[[int, bool], object] = lambda epochs, over: None,
    ) -> TrainingProgress:
        """Train until every head and seed has stopped.

        Args:
            params: Initial parameters of each head, for each seed.
            folder: Folder for the state of the run, see `train.engine.resume`; None where it is not kept.
            run: Everything that the numbers depend on.
            resume: Whether to go on from the state in the folder, if there is one; else it is removed.
            on_epoch: Called after each epoch with the progress, and who took part.
            on_resume: Called with the epochs of the state that is gone on from, 0 without one, and whether none
                follows.

        Raises:
            UserError: the state is of another run.
        """
        progress = self.loop.begin(params)
        if folder is not None and resume:
            progress = load_progress(folder, progress, run) or progress
            on_resume(len(progress.seconds), not self.loop.active(progress))
        elif folder is not None:
            remove_progress(folder)
        due = 0.0
        while active := self.loop.active(progress):
            progress = self.loop.epoch(progress)
            start = time.monotonic()
            if folder is not None and (start >= due or not self.loop.active(progress)):
                save_progress(folder, progress, run)
                due = time.monotonic() + SPARED * (time.monotonic() - start)
            on_epoch(progress, active)
        return progress

    def results(self, progress: TrainingProgress) -> dict[HeadSeed, FitResult]:
        """What training left, for features as the cache holds them."""
        fitted = self.loop.results(progress)
        if self._moments is None:
            return fitted
        moments: LayerMoments = jax.device_get(self._moments)

        def finished(key: HeadSeed, result: FitResult) -> FitResult:
            best, last = (
                self._finish(key.head, p, moments) for p in (result.best_params, result.last_params)
            )
            return dataclasses.replace(result, best_params=best, last_params=last)

        return {key: finished(key, result) for key, result in fitted.items()}

    def predict(
        self, progress: TrainingProgress, splits: Mapping[str, Split]
    ) -> dict[str, dict[str, Float32[np.ndarray, "s n k"]]]:
        """Logits of the kept parameters for every row of some splits: split, head, then `[seed, row, output]`.

        Call it on test once, after all choices are made.
        """
        feeds = {
            name: self._valid if name == "valid" else self._standardised(self._open(split))
            for name, split in splits.items()
        }
        return {
            name: predict(self.compiled, progress.best, feed, len(splits[name].labels))
            for name, feed in feeds.items()
        }


def predict(
    compiled: CompiledEpochs, params: Mapping[str, PyTree], feed: Feed, rows: int
) -> dict[str, Float32[np.ndarray, "s n k"]]:
    """Logits of each head and seed, in the split's order.

    Args:
        compiled: The heads.
        params: Parameters of each head; the first axis of every leaf is the seed.
        feed: Feed of the split.
        rows: Number of rows of the split.
    """
    whole: dict[str, np.ndarray] = {}
    for chunk in feed.evaluate():
        places, logits = compiled.logits(params, chunk)
        numbers = places if chunk.rows is None else chunk.rows[places]
        for name, values in logits.items():
            shape = len(values), rows, values.shape[-1]
            target = whole.setdefault(name, np.full(shape, np.nan, np.float32))
            for seed, real in enumerate(places >= 0):
                target[seed, numbers[seed][real]] = values[seed][real]
    return whole
