"""Train heads with PyTorch: a loop as one writes it, with our two rules.

train_torch.py CACHE packed|padded
"""

import copy
import sys
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from answers import serve
from encoding import THREADS
from splits import BATCH, Rows, read_splits, shuffled
from torch.nn.functional import binary_cross_entropy_with_logits
from torch_heads import Classifier

from headstart.heads import HEADS
from headstart.train.plateau import ReduceLROnPlateau
from headstart.train.stopping import EarlyStopping

Batch = tuple[torch.Tensor, torch.Tensor, torch.Tensor]


class Trainer:
    """One cache's rows as tensors."""

    def __init__(self, cache: str, packed: bool) -> None:
        torch.set_num_threads(THREADS)
        self._packed = packed
        self._splits = {name: tensors(rows) for name, rows in read_splits(cache).items()}

    def prepare(self, head: str) -> dict[str, Any]:
        """Nothing is compiled."""
        return {"compile": 0.0}

    def epoch(self, head: str) -> dict[str, Any]:
        """Train and validate once."""
        model, adam = self._start(head, seed=0)
        start = time.perf_counter()
        self._train(model, adam, np.random.default_rng(0))
        self._score(model, "valid")
        return {"seconds": time.perf_counter() - start}

    def fit(self, head: str, seed: int, epochs: int) -> dict[str, Any]:
        """Train until the stopping rule ends it, and read the test rows once."""
        start = time.perf_counter()
        model, adam = self._start(head, seed)
        random, best = np.random.default_rng(seed), model.state_dict()
        plateau, stopping = ReduceLROnPlateau(), EarlyStopping()
        rate, patience = plateau.init(HEADS[head].learning_rate), stopping.init()
        while patience.epoch < epochs and not patience.should_stop:
            adam.param_groups[0]["lr"] = rate.lr
            self._train(model, adam, random)
            loss, _ = self._score(model, "valid")
            rate, patience = plateau.update(rate, loss), stopping.update(patience, loss)
            if patience.best_epoch == patience.epoch:
                best = copy.deepcopy(model.state_dict())
        model.load_state_dict(best)
        loss, accuracy = self._score(model, "test")
        seconds = time.perf_counter() - start
        measured = {"test_loss": loss, "test_accuracy": accuracy, "seconds": seconds, "compile": 0.0}
        return {"epochs": patience.epoch, **measured}

    def _start(self, head: str, seed: int) -> tuple[Classifier, torch.optim.Adam]:
        torch.manual_seed(seed)
        model = Classifier(HEADS[head], self._splits["train"][0].shape[-1], self._packed)
        return model, torch.optim.Adam(model.parameters(), HEADS[head].learning_rate, eps=1e-7)

    def _train(self, model: Classifier, adam: torch.optim.Adam, random: np.random.Generator) -> None:
        hidden, mask, labels = self._splits["train"]
        for rows in map(torch.from_numpy, shuffled(len(labels), random)):
            adam.zero_grad()
            logits = model(hidden[rows], mask[rows])
            binary_cross_entropy_with_logits(logits, labels[rows]).backward()
            adam.step()

    @torch.inference_mode()
    def _score(self, model: Classifier, split: str) -> tuple[float, float]:
        """Mean loss and accuracy over all rows of a split."""
        sums = torch.zeros(2, dtype=torch.float64)
        for hidden, mask, labels in batches(self._splits[split]):
            logits = model(hidden, mask)
            loss = binary_cross_entropy_with_logits(logits, labels, reduction="sum")
            sums += torch.stack([loss, ((logits > 0) == (labels > 0.5)).sum()])
        loss, right = (sums / len(self._splits[split][2])).tolist()
        return loss, right


def tensors(rows: Rows) -> Batch:
    return torch.from_numpy(rows.hidden), torch.from_numpy(rows.mask), torch.from_numpy(rows.labels)


def batches(rows: Batch) -> Iterator[Batch]:
    return zip(*(array.split(BATCH) for array in rows), strict=True)


if __name__ == "__main__":
    trainer = Trainer(sys.argv[1], packed=sys.argv[2] == "packed")
    serve(prepare=trainer.prepare, epoch=trainer.epoch, fit=trainer.fit)
