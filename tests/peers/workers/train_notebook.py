"""The notebook's own way: the frozen encoder inside the Keras model, run again for every batch of every epoch.

train_notebook.py CACHE MODEL HEAD

Token ids are random, as many as the rows have, padded to one length: no time depends on which ids they are.
The encoder is the stock FlaxDistilBert in float32, without the dropout that the notebook paid for.
"""

import json
import sys
import time
from pathlib import Path
from typing import Any

import keras
import numpy as np
from answers import serve
from keras_heads import compiled, read
from splits import BATCH
from train_keras import Shuffled
from transformers import DistilBertConfig, FlaxDistilBertModel

from headstart.cache.reader import CacheSplit, open_cache
from headstart.extract.checkpoint.architecture import read_architecture
from headstart.extract.checkpoint.weights import load_weights
from headstart.heads import HEADS

LOWEST_ID = 1000  # below it, BERT's vocabulary holds special tokens


class Notebook:
    """One head on top of the encoder."""

    def __init__(self, location: str, folder: Path, head: str) -> None:
        cache = open_cache(location)
        self._length = cache.recipe.max_length
        self._splits = {name: cache.split(name) for name in ("train", "valid")}
        self._model = build(folder, self._length, head)
        train = self._data("train")
        self._model.train_on_batch([array[:BATCH] for array in train[0]], train[1][:BATCH])

    def epoch(self, steps: int | None = None) -> dict[str, Any]:
        """Time training steps, all or so many; validation rows count like training rows: the encoder is nearly all."""
        arrays, labels = self._data("train")
        batches = Shuffled(arrays, labels, seed=0)
        start = time.perf_counter()
        done = 0
        for number in range(min(len(batches), steps or len(batches))):
            self._model.train_on_batch(*batches[number])
            done += 1
        seconds = time.perf_counter() - start
        rows = {name: len(split.labels) for name, split in self._splits.items()}
        epoch = seconds / done * (len(batches) + rows["valid"] / BATCH)
        return {"seconds": epoch, "steps": done, "of": len(batches)}

    def _data(self, name: str) -> tuple[list[np.ndarray], np.ndarray]:
        split: CacheSplit = self._splits[name]
        mask = np.arange(self._length) < split.lengths[:, None]
        ids = np.random.default_rng(0).integers(LOWEST_ID, 30_000, mask.shape, dtype=np.int32)
        return [ids, mask], split.labels.astype(np.float32)


def build(folder: Path, length: int, head: str) -> keras.Model:
    """The compiled model: token ids and mask in, probability out."""
    config = json.loads((folder / "config.json").read_text())
    architecture = read_architecture(config, folder.name)
    options = DistilBertConfig(**vars(architecture), sinusoidal_pos_embds=False)
    module = FlaxDistilBertModel(options, _do_init=False).module

    def encode(params: Any, inputs: Any) -> Any:
        ids, mask = inputs
        return module.apply({"params": params}, ids, mask.astype("int32"))[0]

    ids, mask = keras.Input((length,), dtype="int32"), keras.Input((length,), dtype="bool")
    encoder = keras.layers.JaxLayer(
        encode, params=load_weights(str(folder / "model.safetensors")), trainable=False
    )
    features = read(HEADS[head], encoder([ids, mask]), mask)
    outputs = keras.layers.Dense(1, activation="sigmoid")(features)
    return compiled(keras.Model([ids, mask], outputs), HEADS[head])


if __name__ == "__main__":
    serve(epoch=Notebook(sys.argv[1], Path(sys.argv[2]), sys.argv[3]).epoch)
