"""ONNX Runtime, float32, all graph optimisations; variants are files that `export_models.py` wrote."""

from pathlib import Path

import numpy as np
import onnxruntime
from encoding import THREADS, Encode, main
from sorting import sorted_encoder


def load(folder: Path, variant: str) -> Encode:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = THREADS
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    file = str(folder / f"{variant}.onnx")
    session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])

    def forward(ids: np.ndarray, mask: np.ndarray) -> np.ndarray:
        (hidden,) = session.run(None, {"input_ids": ids, "attention_mask": mask})
        return hidden

    return sorted_encoder(folder, forward)


if __name__ == "__main__":
    main(load)
