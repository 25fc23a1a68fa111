"""A comparison of heads from beginning to end: where the features live, all epochs, the test."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from jaxtyping import Float32, PyTree

from headstart.cache.task import BINARY, Task
from headstart.train.data.labels import balanced_weights, require_labels
from headstart.train.data.split import Features
from headstart.train.data.subset import Chosen
from headstart.train.engine.loop import Fit, Lane, Progress
from headstart.train.engine.passes import Passes
from headstart.train.engine.resume import load_progress, remove_progress, save_progress
from headstart.train.engine.settings import FitSettings
from headstart.train.engine.steps import Group
from headstart.train.feeds.feed import Feed, held
from headstart.train.feeds.memory import Plan, decide, device_free, host_free
from headstart.train.feeds.open import feature_bytes, open_feed
from headstart.train.feeds.sampler import Wanted

SPARED = 20
"""Times as long as it took to write the last state pass before the next: an epoch of pooling heads takes less."""


class Reads(NamedTuple):
    """What the heads read of a row.

    Attributes:
        tokens: hidden states.
        pooled: pooled vectors.
        halves: tokens are wanted in bfloat16.
    """

    tokens: bool
    pooled: bool
    halves: bool = False


class Job:
    """Heads and features, ready to be trained.

    Args:
        groups: heads that go through a batch together.
        rates: learning rate of each head, in the order of the table.
        reads: what the heads read.
        splits: `train` and `valid` are opened here; whatever is tested is not.
        settings: of the training.
        memory: `auto`, or one of `train.feeds.memory.MODES`.
        limit: the most bytes of features to hold, or None.
        task: what the labels say.
        balanced: every class weighs as much in the training loss, however many rows it has.
        passes: compiled for the same groups, seeds and classes' weights; None makes new ones.

    Raises:
        UserError: the limit is too small.
        ValueError: a split has no rows, or labels other than the task's.
    """

    def __init__(
        self,
        groups: Sequence[Group],
        rates: Mapping[str, float],
        reads: Reads,
        splits: Mapping[str, Features],
        settings: FitSettings,
        memory: str = "auto",
        limit: int | None = None,
        task: Task = BINARY,
        balanced: bool = False,
        passes: Passes | None = None,
    ) -> None:
        for name in ("train", "valid"):
            require_labels(splits[name].labels, name, task)
        weights = balanced_weights(task, splits["train"].labels) if balanced else None
        # without recurrent heads there is little to skip, and five seeds under one vmap take two thirds of the time
        self.passes = passes or Passes(
            groups,
            settings.seeds,
            together=None if reads.tokens else True,
            halves=reads.halves,
            class_weights=weights,
        )
        self.settings = settings
        self._wanted = Wanted(
            reads.tokens, reads.pooled, settings.batch_size, settings.seeds, settings.batching
        )
        used = [splits["train"], splits["valid"]]
        self.size = feature_bytes(used, self._wanted)
        self.plan: Plan = decide(memory, limit, self.size, device_free(), host_free())
        train, valid = (open_feed(split, self._wanted, self.passes, self.plan) for split in used)
        # a streamed split gives its memory back before the next is read
        self.held = max(train.held, valid.held) if self.plan.mode == "stream" else held(train, valid)
        self._valid = valid
        self.fit = Fit(self.passes, train, valid, rates, settings)
        self.lanes: list[Lane] = [(name, seed) for name in rates for seed in range(settings.seeds)]

    def train(
        self,
        params: Mapping[str, list[PyTree]],
        folder: Path | str,
        run: Mapping[str, Any],
        resume: bool,
        on_epoch: Callable[[Progress, list[Lane]], object],
        on_resume: Callable[[int], object] = lambda epochs: None,
    ) -> Progress:
        """Train until every head and seed has stopped.

        Args:
            params: initial ones of each head, for each seed.
            folder: gets the state of the run, see `train.engine.resume`.
            run: everything that the numbers depend on.
            resume: go on from the state in the folder, if there is one; else it is removed.
            on_epoch: is told the progress after each epoch, and who took part.
            on_resume: is told how many epochs a state holds that is gone on from; 0 if there is none.

        Raises:
            UserError: the state is of another run.
        """
        progress = self.fit.begin(params)
        if resume:
            progress = load_progress(folder, progress, run) or progress
            on_resume(len(progress.seconds))
        else:
            remove_progress(folder)
        due = 0.0
        while lanes := self.fit.active(progress):
            progress = self.fit.epoch(progress)
            start = time.monotonic()
            if start >= due or not self.fit.active(progress):
                save_progress(folder, progress, run)
                due = time.monotonic() + SPARED * (time.monotonic() - start)
            on_epoch(progress, lanes)
        return progress

    def predict(
        self, progress: Progress, splits: Mapping[str, Features]
    ) -> dict[str, dict[str, Float32[np.ndarray, "s n k"]]]:
        """Logits of the kept parameters for every row of some splits: split, head, then `[seed, row, output]`.

        Call it on test once, after all choices are made.
        """
        feeds = {
            name: self._valid
            if name == "valid"
            else open_feed(features, self._wanted, self.passes, self.plan)
            for name, features in splits.items()
        }
        return {name: self._logits(progress, splits[name], feed) for name, feed in feeds.items()}

    def _logits(
        self, progress: Progress, features: Features, feed: Feed
    ) -> dict[str, Float32[np.ndarray, "s n k"]]:
        if not isinstance(features, Chosen):
            return predict(self.passes, progress.best, feed, len(features.labels))
        found = predict(self.passes, progress.best, feed, len(features.whole.labels))
        return {name: own[:, features.chosen] for name, own in found.items()}


def predict(
    passes: Passes, params: Mapping[str, PyTree], feed: Feed, rows: int
) -> dict[str, Float32[np.ndarray, "s n k"]]:
    """Logits of each head and seed, in the split's order.

    Args:
        passes: the heads.
        params: of each head; the first axis of every leaf is the seed.
        feed: the split's.
        rows: how many it has.
    """
    found: dict[str, np.ndarray] = {}
    for chunk in feed.evaluate():
        places, logits = passes.logits(params, chunk)
        numbers = places if chunk.rows is None else chunk.rows[places]
        for name, own in logits.items():
            whole = found.setdefault(name, np.full((len(own), rows, own.shape[-1]), np.nan, np.float32))
            for seed, real in enumerate(places >= 0):
                whole[seed, numbers[seed][real]] = own[seed][real]
    return found
