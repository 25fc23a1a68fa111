"""Our stage one beside the systems that one could use instead: real tokens per second, tokenisation included.

    make peers                                                    # makes the environments, then runs this
    python tests/peers/extraction.py                              # about half an hour on 2 cores
    python tests/peers/extraction.py --models minilm --rows 200 --rounds 1    # a try

Every system gets the same cleaned texts, the same weights, the same tokenizer, at most 150 tokens a text, 2 threads,
and must leave one vector for each token in host memory. Each runs in its own process, alone, in turns with the others;
compilation is left out. Where a system has settings (rows of a batch, streams, fused graphs, transformers 4 or 5), all
are tried and the fastest counts.
"""

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent.parent.parent))  # before tests/peers, which has a heads.py

from markdown import table
from models import copy_minilm, make_distilbert
from race import Outcome, race
from talk import OURS, PEERS, ROOT, THREADS, Alone, Worker, python, use_few_cores, variables

from headstart.extract.checkpoint.architecture import read_architecture
from headstart.extract.dataset.read import read_dataset
from headstart.extract.settings import Settings
from headstart.extract.text.cleaning import clean

MODELS: dict[str, tuple[str, Callable[[Path], Path]]] = {
    "minilm": ("MiniLM, 6 layers, 384 wide", copy_minilm),
    "distilbert": ("DistilBERT's size, 6 layers, 768 wide, random weights", make_distilbert),
}
JIGSAW = ROOT.parent / "shared" / "data" / "jigsaw_train_sample.csv"
PEAK_SIZE = 4096
PEAKS = {
    ("peak_jax.py", "bfloat16"): "JAX, bfloat16 operands, float32 sums",
    ("peak_jax.py", "float32"): "JAX, float32",
    ("peak_torch.py", "bfloat16"): "PyTorch (oneDNN), bfloat16",
    ("peak_torch.py", "float32"): "PyTorch (MKL), float32",
}


def main() -> None:
    """Measure and print."""
    chosen = parse_arguments()
    lock = Alone(chosen.lock)
    use_few_cores()
    with tempfile.TemporaryDirectory() as folder:
        texts = write_texts(chosen, Path(folder) / "texts.json")
        peaks = measure_peaks(chosen.rounds, lock)
        print_peaks(peaks)
        for name in chosen.models:
            title, make = MODELS[name]
            model = make(Path(folder))
            export(model)
            outcomes = race(model, texts, chosen.rounds, chosen.tuning_rows, lock)
            print_outcomes(title, outcomes, model, max(peaks.values()))


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--models", nargs="+", choices=MODELS, default=list(MODELS), help="(default: all)")
    add("--data", default=str(JIGSAW) if JIGSAW.exists() else "sample", help="(default: %(default)s)")
    add("--text-column", default="comment_text" if JIGSAW.exists() else None)
    add("--label-column", default="toxic" if JIGSAW.exists() else None)
    add("--rows", type=int, default=2000, help="texts, drawn at random (default: %(default)s)")
    add("--rounds", type=int, default=5, help="passes; their median counts (default: %(default)s)")
    add("--tuning-rows", type=int, default=600, help="texts to try settings on (default: %(default)s)")
    add("--lock", help="file to lock while measuring, on a machine that others measure on, too")
    return parser.parse_args()


def write_texts(chosen: argparse.Namespace, path: Path) -> Path:
    """Clean the texts once, for all systems."""
    rows = read_dataset(
        Settings(
            data=chosen.data,
            text_column=chosen.text_column,
            label_column=chosen.label_column,
            limit=chosen.rows,
        )
    )
    path.write_text(json.dumps([clean(text) for text in rows.texts]))
    print(
        f"{len(rows.texts):,} texts of {Path(chosen.data).name}, {THREADS} threads, median of {chosen.rounds}\n"
    )
    return path


def export(model: Path) -> None:
    """Write the model as ONNX and OpenVINO files beside its weights."""
    script = PEERS / "workers" / "export_models.py"
    command = [python(OURS), str(script), str(model)]
    done = subprocess.run(command, env=variables(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{script.name} failed:\n{done.stderr}")


def measure_peaks(rounds: int, lock: Alone) -> dict[tuple[str, str], float]:
    """FLOP/s of a large matmul, median of the rounds, taking turns."""
    workers = {script: Worker(script) for script in {script for script, _ in PEAKS}}
    rates: dict[tuple[str, str], list[float]] = {peak: [] for peak in PEAKS}
    for _ in range(rounds):
        for script, dtype in PEAKS:
            lock.take()
            answer = workers[script].measure("run", dtype=dtype, size=PEAK_SIZE)
            rates[script, dtype].append(answer["flops"])
    for worker in workers.values():
        worker.close()
    return {peak: statistics.median(own) for peak, own in rates.items()}


def print_peaks(peaks: dict[tuple[str, str], float]) -> None:
    rows = [(PEAKS[peak], f"{rate / 1e9:,.0f}") for peak, rate in peaks.items()]
    print(table((f"matmul of {PEAK_SIZE}³", "GFLOP/s"), rows), flush=True)


def print_outcomes(title: str, outcomes: list[Outcome], model: Path, peak: float) -> None:
    """Print a model's table; shares are of the highest matmul rate."""
    architecture = read_architecture(json.loads((model / "config.json").read_text()), model.name)
    lengths = outcomes[0].lengths
    tokens = sum(lengths)
    flops = sum(architecture.flops(length, float(length)) for length in lengths) / tokens
    print(
        f"\n{title}: {tokens:,} tokens, {tokens / len(lengths):.1f} a text, {flops / 1e6:.1f} MFLOP a token\n"
    )
    header = (
        "system",
        "setting",
        "tokens/s",
        "ours is times as fast",
        "least cosine",
        "GFLOP/s",
        "of the peak",
    )
    print(table(header, [cells(outcome, outcomes[0].rate, flops, peak) for outcome in outcomes]), flush=True)


def cells(outcome: Outcome, ours: float, flops: float, peak: float) -> tuple[str, ...]:
    """Row of the table; `flops` are those of one real token, so padding counts for nothing."""
    contender = outcome.runner.contender
    return (
        f"{contender.name}, {contender.dtype}",
        outcome.runner.setting,
        f"{outcome.rate:,.0f}",
        f"{ours / outcome.rate:.2f}",
        f"{outcome.cosine:.6f}",
        f"{outcome.rate * flops / 1e9:,.0f}",
        f"{outcome.rate * flops / peak:.0%}",
    )


if __name__ == "__main__":
    main()
