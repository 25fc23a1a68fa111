"""Our stage two beside Keras 3 on JAX, PyTorch, and the notebook's own way: the same ten heads on the same features.

    python tests/peers/heads.py --cache features/<cache>                       # seconds per epoch, time to the table
    python tests/peers/heads.py --cache features/<cache> --full                # peers train to the end, too
    python tests/peers/heads.py --cache features/<cache> --notebook minilm     # and the encoder inside every step
    python tests/peers/heads.py --cache features/<cache> --accuracy --seeds 10 # accuracies

Every system gets the same features, batches of 128 rows, the notebook's rates, Adam and rules. Keras takes rows padded
to one length, with masks; PyTorch packs its rows. Epochs include validation. Ours is bench.py in its own process.
"""

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(
    0, str(Path(__file__).parent.parent.parent)
)  # before tests/peers: this file is no package of heads

from accuracy import accuracy_table, keras_scores, our_scores
from markdown import table
from our_run import OurRun, run_ours
from talk import THREADS, Alone, Worker, use_few_cores
from trainers import Costs, measure_epochs, say, train_fully

from headstart.cache.reader import open_cache
from headstart.extract.checkpoint.checkpoint import find_checkpoint
from headstart.heads import HEADS

CHEAPEST = "avg"
"""The head whose epoch is measured with the encoder inside."""


def main() -> None:
    """Measure and print."""
    chosen = parse_arguments()
    use_few_cores()
    heads = list(HEADS) if chosen.heads == "all" else chosen.heads.split(",")
    if chosen.accuracy:
        compare_accuracy(chosen, heads)
    else:
        compare_speed(chosen, heads)


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("--cache", required=True, help="folder of the feature cache")
    add("--heads", default="all", help="all, or names separated by commas (default: %(default)s)")
    add(
        "--rounds",
        type=int,
        default=3,
        help="epochs of each head; their median counts (default: %(default)s)",
    )
    add("--our-runs", type=int, default=1, help="runs of bench.py; likewise (default: %(default)s)")
    add("--full", action="store_true", help="train the peers' heads to the end instead of extrapolating")
    add("--notebook", metavar="BACKBONE", help="measure the notebook's own way with this encoder, too")
    add("--notebook-steps", type=int, help="steps of its epoch to measure (default: all)")
    add("--accuracy", action="store_true", help="compare accuracies with Keras instead of speed")
    add("--seeds", type=int, default=10, help="for --accuracy (default: %(default)s)")
    add(
        "--store",
        type=Path,
        default=Path("results/peers"),
        help="folder of accuracies so far (default: %(default)s)",
    )
    add("--lock", help="file to lock while measuring, on a machine that others measure on, too")
    return parser.parse_args()


def compare_accuracy(chosen: argparse.Namespace, heads: Sequence[str]) -> None:
    """Print the table of accuracies; scores are kept, so that a stopped comparison goes on."""
    folder = chosen.store / Path(chosen.cache).name
    folder.mkdir(parents=True, exist_ok=True)
    keras = keras_scores(chosen.cache, heads, chosen.seeds, folder / "keras.json")
    ours = our_scores(chosen.cache, heads, chosen.seeds, folder / "ours.json")
    print(accuracy_table(ours, keras, heads, chosen.seeds))


def compare_speed(chosen: argparse.Namespace, heads: Sequence[str]) -> None:
    """Print the tables of epochs, of whole comparisons, and of the notebook's way."""
    lock = Alone(chosen.lock)
    ours = run_several(chosen, heads, lock)
    if chosen.full:
        peers = train_fully(chosen.cache, heads, lock)
    else:
        peers = measure_epochs(chosen.cache, heads, chosen.rounds, ours.epochs, lock)
    rows = len(open_cache(chosen.cache).split("train").labels)
    print(f"{Path(chosen.cache).name}: {rows:,} training rows, {THREADS} threads, seconds per epoch\n")
    print(epoch_table(ours, peers, heads), "\n")
    print(total_table(ours, peers, chosen.full), "\n", flush=True)
    if chosen.notebook:
        print(notebook_table(chosen, ours, peers["Keras 3 on JAX"], lock))


def run_several(chosen: argparse.Namespace, heads: Sequence[str], lock: Alone) -> OurRun:
    """The run of bench.py that took the middle time."""
    runs = []
    for _ in range(chosen.our_runs):
        lock.take()
        runs.append(run_ours(chosen.cache, ",".join(heads)))
        say(f"bench.py: {runs[-1].seconds:.1f} s")
    return sorted(runs, key=lambda run: run.seconds)[len(runs) // 2]


def epoch_table(ours: OurRun, peers: Mapping[str, Costs], heads: Sequence[str]) -> str:
    """Seconds per epoch of each head and of all; ours has one figure where heads are trained together."""

    def line(name: str, own: float | None, members: Sequence[str]) -> tuple[str, ...]:
        theirs = [sum(costs.epoch[head] for head in members) for costs in peers.values()]
        ratios = [f"{other / own:.1f}" if own else "" for other in theirs]
        cells = [f"{seconds:.2f}" if seconds else "" for seconds in (own, *theirs)]
        return (name, *cells, *ratios)

    header = ("head", "headstart", *peers, *(f"{name} / ours" for name in peers))
    lines = [line(head, ours.per_head.get(head), [head]) for head in heads]
    return table(header, [*lines, line(f"all {len(heads)}", ours.together, heads)])


def total_table(ours: OurRun, peers: Mapping[str, Costs], full: bool) -> str:
    """Seconds from the command to the table of all heads."""
    how = (
        "measured"
        if full
        else "start and compilation measured, epochs: seconds per epoch x our number of epochs"
    )
    compile = "not told" if ours.compile is None else f"{ours.compile:.1f}"
    lines = [("headstart", f"{ours.seconds:.1f}", compile, total_epochs(ours.epochs), "1.0", "measured")]
    for name, costs in peers.items():
        compiled = f"{sum(costs.compile.values()):.1f}"
        ratio = f"{costs.total / ours.seconds:.1f}"
        lines.append((name, f"{costs.total:.1f}", compiled, total_epochs(costs.epochs), ratio, how))
    return table(("system", "seconds", "of them compiling", "epochs", "times ours", "how"), lines)


def total_epochs(epochs: Mapping[str, int]) -> str:
    return str(sum(epochs.values()))


def notebook_table(chosen: argparse.Namespace, ours: OurRun, keras: Costs, lock: Alone) -> str:
    """The encoder inside every step: one epoch measured, the rest counted.

    An epoch of another head costs as much more as Keras needs more for that head on cached features.
    """
    answer = notebook_epoch(chosen, lock)
    encoder = answer["seconds"] - keras.epoch[CHEAPEST]
    inside = sum((encoder + keras.epoch[head]) * epochs for head, epochs in ours.epochs.items())
    both = ours.seconds + open_cache(chosen.cache).manifest.seconds["total"]
    counted = f"{answer['steps']} of {answer['of']} steps measured, x {total_epochs(ours.epochs)} epochs"
    ways = {
        f"encoder inside every step ({counted})": inside,
        "headstart, stage two": ours.seconds,
        "headstart, stage two and the cache's stage one": both,
    }
    lines = [(way, f"{seconds:,.1f}", f"{inside / seconds:.1f}") for way, seconds in ways.items()]
    return table(("way", "seconds for all heads", "the first way takes times as long"), lines)


def notebook_epoch(chosen: argparse.Namespace, lock: Alone) -> dict[str, Any]:
    """An epoch of the cheapest head with the encoder inside."""
    lock.take()
    worker = Worker("train_notebook.py", chosen.cache, find_checkpoint(chosen.notebook).folder, CHEAPEST)
    lock.take()
    answer = worker.ask("epoch", steps=chosen.notebook_steps)
    worker.close()
    say(f"{CHEAPEST} with the encoder inside: {answer['seconds']:.1f} s an epoch")
    return answer


if __name__ == "__main__":
    main()
