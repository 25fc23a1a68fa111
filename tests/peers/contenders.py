"""Who takes part in the comparison of encoders, and in which settings; a literal table."""

from typing import NamedTuple

from talk import OURS, SENTENCE


class Candidate(NamedTuple):
    """One way to run a system.

    Attributes:
        script: file of the worker.
        variant: its argument.
        label: what is special about this way, for the table.
        environment: in which the worker runs.
    """

    script: str
    variant: str
    label: str = ""
    environment: str = OURS


class Contender(NamedTuple):
    """One row of the table.

    Attributes:
        name: the system.
        dtype: in which it computes.
        candidates: the fastest one counts.
        batches: likewise; rows of a batch, 0 where the system chooses.
    """

    name: str
    dtype: str
    candidates: tuple[Candidate, ...]
    batches: tuple[int, ...] = (8, 16, 32, 64)


def torch_candidates(dtype: str) -> tuple[Candidate, ...]:
    """PyTorch under our transformers and under the newest."""
    versions = {OURS: "transformers 4", SENTENCE: "transformers 5"}
    return tuple(Candidate("encode_torch.py", dtype, label, place) for place, label in versions.items())


def openvino_candidates(dtype: str) -> tuple[Candidate, ...]:
    """One stream of two threads, and two streams of one."""
    streams = {1: "one stream of 2 threads", 2: "2 streams of one thread"}
    return tuple(Candidate("encode_openvino.py", f"{dtype}-{n}", label) for n, label in streams.items())


def sentence_candidate(dtype: str) -> tuple[Candidate, ...]:
    return (Candidate("encode_sentence.py", dtype, "transformers 5", SENTENCE),)


CONTENDERS = (
    Contender(
        "headstart", "default", (Candidate("encode_ours.py", "default", "as it chooses"),), batches=(0,)
    ),
    Contender(
        "headstart", "float32", (Candidate("encode_ours.py", "float32", "as it chooses"),), batches=(0,)
    ),
    Contender("sentence-transformers, its default", "float32", sentence_candidate("float32"), batches=(32,)),
    Contender("sentence-transformers", "bfloat16", sentence_candidate("bfloat16")),
    Contender("PyTorch", "float32", torch_candidates("float32")),
    Contender("PyTorch", "bfloat16", torch_candidates("bfloat16")),
    Contender(
        "ONNX Runtime",
        "float32",
        (
            Candidate("encode_onnxruntime.py", "model", "graph as exported"),
            Candidate("encode_onnxruntime.py", "fused", "graph fused by its optimiser for transformers"),
        ),
    ),
    Contender("OpenVINO", "float32", openvino_candidates("float32")),
    Contender("OpenVINO", "bfloat16", openvino_candidates("bfloat16")),
)
REFERENCE = 4
"""Position of the contender with which all vectors are compared: PyTorch in float32."""
