"""Train heads with Keras 3 on JAX: single epochs for the clock, whole trainings for the accuracy.

train_keras.py CACHE
"""

import functools
import sys
import time
from typing import Any

import keras
import numpy as np
from answers import serve
from keras_heads import build, callbacks
from splits import BATCH, Rows, read_splits, shuffled

from headstart.heads import HEADS


class Shuffled(keras.utils.PyDataset):
    """Training rows in a new order each epoch."""

    def __init__(self, arrays: list[np.ndarray], labels: np.ndarray, seed: int) -> None:
        super().__init__()
        self._arrays, self._labels = arrays, labels
        self._random = np.random.default_rng(seed)
        self.on_epoch_end()

    def __len__(self) -> int:
        return len(self._labels) // BATCH

    def __getitem__(self, number: int) -> tuple[tuple[np.ndarray, ...], np.ndarray]:
        rows = self._order[number]
        return tuple(array[rows] for array in self._arrays), self._labels[rows]

    def on_epoch_end(self) -> None:
        self._order = list(shuffled(len(self._labels), self._random))


class Trainer:
    """Models that were compiled once, and used for all epochs and seeds."""

    def __init__(self, cache: str) -> None:
        self._splits = read_splits(cache)

    def prepare(self, head: str) -> dict[str, Any]:
        """Build and compile."""
        start = time.perf_counter()
        self._model(head, False)
        return {"compile": time.perf_counter() - start}

    def epoch(self, head: str) -> dict[str, Any]:
        """Train and validate once."""
        start = time.perf_counter()
        self._fit(head, pooled=False, seed=0, epochs=1, callbacks=[])
        return {"seconds": time.perf_counter() - start}

    def fit(self, head: str, seed: int, epochs: int, pooled: bool = False) -> dict[str, Any]:
        """Train until the stopping rule ends it, and read the test rows once."""
        start = time.perf_counter()
        model = self._model(head, pooled)
        ready = time.perf_counter()
        self._reset(head, pooled, seed)
        history = self._fit(head, pooled, seed, epochs, callbacks())
        test = self._splits["test"]
        loss, accuracy = model.evaluate(inputs(head, test, pooled), test.labels, BATCH, verbose=0)
        return {
            "epochs": len(history.epoch),
            "test_loss": loss,
            "test_accuracy": accuracy,
            "seconds": time.perf_counter() - ready,
            "compile": ready - start,
        }

    def _fit(self, head: str, pooled: bool, seed: int, epochs: int, callbacks: list[Any]) -> Any:
        train, valid = self._splits["train"], self._splits["valid"]
        return self._model(head, pooled).fit(
            Shuffled(inputs(head, train, pooled), train.labels, seed),
            epochs=epochs,
            validation_data=(inputs(head, valid, pooled), valid.labels),
            validation_batch_size=BATCH,
            callbacks=callbacks,
            verbose=0,
        )

    @functools.cache  # noqa: B019  (one trainer lives as long as its process)
    def _model(self, head: str, pooled: bool) -> keras.Model:
        """Build a head's model and compile its steps on a few rows."""
        length, width = self._splits["train"].hidden.shape[1:]
        model = build(HEADS[head], length, width, pooled)
        train, valid = (first_rows(self._splits[name], BATCH) for name in ("train", "valid"))
        rest = first_rows(self._splits["valid"], len(self._splits["valid"].labels) % BATCH)
        own = functools.partial(inputs, head, pooled=pooled)
        model.fit(
            Shuffled(own(train), train.labels, 0),
            validation_data=(own(valid), valid.labels),
            validation_batch_size=BATCH,
            verbose=0,
        )
        if len(rest.labels):
            model.evaluate(own(rest), rest.labels, BATCH, verbose=0)
        return model

    def _reset(self, head: str, pooled: bool, seed: int) -> None:
        """Give the compiled model a fresh model's weights and optimizer."""
        keras.utils.set_random_seed(seed)
        model = self._model(head, pooled)
        fresh = build(HEADS[head], *self._splits["train"].hidden.shape[1:], pooled)
        fresh.optimizer.build(fresh.trainable_variables)
        model.set_weights(fresh.get_weights())
        for own, new in zip(model.optimizer.variables, fresh.optimizer.variables, strict=True):
            own.assign(new)


def inputs(head: str, rows: Rows, pooled: bool) -> list[np.ndarray]:
    """What a head reads."""
    return [rows.pooled] if pooled and not HEADS[head].reads_tokens else [rows.hidden, rows.mask]


def first_rows(rows: Rows, count: int) -> Rows:
    return Rows(*(array[:count] for array in rows))


if __name__ == "__main__":
    trainer = Trainer(sys.argv[1])
    serve(prepare=trainer.prepare, epoch=trainer.epoch, fit=trainer.fit)
