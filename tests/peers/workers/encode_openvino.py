"""OpenVINO; variants are `<precision>-<streams>`: one stream of two threads, or two of one, each with its own batch."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import openvino
from encoding import THREADS, Encode, Vectors, main
from sorting import batches, load_tokenizer, pad

PRECISIONS = {"float32": "f32", "bfloat16": "bf16"}


def load(folder: Path, variant: str) -> Encode:
    precision, streams = variant.split("-")
    settings = {
        "INFERENCE_PRECISION_HINT": PRECISIONS[precision],
        "INFERENCE_NUM_THREADS": THREADS,
        "NUM_STREAMS": int(streams),
    }
    model = openvino.Core().compile_model(folder / "openvino.xml", "CPU", settings)
    tokenizer = load_tokenizer(folder)

    def encode(texts: list[str], batch: int) -> Vectors:
        ids = [np.asarray(encoding.ids) for encoding in tokenizer.encode_batch_fast(texts)]
        vectors: Vectors = [None] * len(ids)
        queue = openvino.AsyncInferQueue(model, int(streams))
        queue.set_callback(storing(vectors, ids))
        for rows in batches(ids, batch):
            padded, mask = pad([ids[row] for row in rows])
            queue.start_async({"input_ids": padded, "attention_mask": mask}, rows)
        queue.wait_all()
        return vectors

    return encode


def storing(vectors: Vectors, ids: list[np.ndarray]) -> Callable[[Any, list[int]], None]:
    """A callback that puts the rows of a finished batch in their places."""

    def store(request: Any, rows: list[int]) -> None:
        hidden = request.get_output_tensor().data.copy()  # the next batch of this stream overwrites it
        for row, own in zip(rows, hidden, strict=True):
            vectors[row] = own[: len(ids[row])]

    return store


if __name__ == "__main__":
    main(load)
