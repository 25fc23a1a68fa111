"""How fast a cache is read, beside plain .npy files of the same bytes and beside a training step.

    python tests/benchmarks/reading.py features/<cache>

Prints a Markdown table of medians. The page cache is emptied for the cold figures, which needs root on Linux;
without it they are left out.
"""

import importlib.util
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np

sys.path.insert(0, str(Path(__file__).parent.parent.parent))

from headstart.cache import Cache, CacheSplit, open_cache
from headstart.cache.storage.arrays import open_array
from headstart.heads import HEADS
from headstart.heads.modules import init
from headstart.train.engine.adam import init as init_state
from tests.oracles.head_logits import logits_of
from tests.oracles.padded_training import train_batches, train_step

REPEATS = 11
RUST = "zarrs.ZarrsCodecPipeline"
ROWS = 128


def main() -> None:
    """Measure and print."""
    cache = open_cache(sys.argv[1])
    with tempfile.TemporaryDirectory(dir=".") as folder:
        files = save_plainly(cache.split("train"), Path(folder))
        compare_whole_split(cache, files)
    compare_random_rows(cache.split("train"))


def save_plainly(split: CacheSplit, folder: Path) -> list[Path]:
    """Write the hidden states of every block, as we have them, to a .npy file each."""
    ends = np.cumsum([block.tokens for block in split.blocks])
    files = [folder / f"{block.name}.npy" for block in split.blocks]
    for file, part in zip(files, np.split(split.hidden, ends[:-1]), strict=True):
        np.save(file, part)
    return files


def compare_whole_split(cache: Cache, files: list[Path]) -> None:
    """Print how fast a split comes into memory, warm and cold, by several readers in turn.

    All but plain files check every chunk's CRC32C.
    """
    split = cache.split("train")
    size = sum(block.tokens for block in split.blocks) * cache.manifest.width * 2
    print(f"{cache.name}: {size / 1e6:.0f} MB of hidden states in {len(files)} blocks; GB/s, medians\n")
    readers: dict[str, Callable[[], object]] = {
        "ours": lambda: cache.split("train").hidden,
        "TensorStore": lambda: read_by_tensorstore(split),
        "zarr-python": lambda: read_by_zarr(split),
        "plain .npy": lambda: load(files),
    }
    if rust := has_zarrs():
        readers["zarr-python with zarrs"] = lambda: read_by_zarr(split, RUST)
    print(f"| page cache | {' | '.join(readers)} |\n|---|{'---|' * len(readers)}")
    for name, empty in (("warm", nothing), ("cold", empty_page_cache)):
        if name == "warm" or can_empty_page_cache():
            seconds = [[timed(read, empty) for read in readers.values()] for _ in range(REPEATS)]
            medians = [statistics.median(column) for column in zip(*seconds, strict=True)]
            print(f"| {name} | {' | '.join(f'{size / median / 1e9:.2f}' for median in medians)} |")
    print("" if rust else "\n(zarrs is not installed)")


def read_by_tensorstore(split: CacheSplit) -> list[np.ndarray]:
    """The hidden states of every block, all asked for at once."""
    width, dtype = split.cache.manifest.width, np.dtype(split.cache.manifest.dtype)
    shapes = {block.name: (block.tokens, width) for block in split.blocks}
    store = split.cache.store
    reads = [open_array(store, f"train/{name}/hidden", shape, dtype).read() for name, shape in shapes.items()]
    return [read.result() for read in reads]


def read_by_zarr(split: CacheSplit, pipeline: str = "") -> list[np.ndarray]:
    """The hidden states of every block by zarr-python, with its own codecs or others."""
    import zarr

    with zarr.config.set({"codec_pipeline.path": pipeline} if pipeline else {}):
        folder = f"{split.cache.store.location}/train"
        return [zarr.open_array(f"{folder}/{block.name}/hidden", mode="r")[:] for block in split.blocks]


def has_zarrs() -> bool:
    """Whether zarr-python's codecs in Rust are there."""
    return importlib.util.find_spec("zarrs") is not None


def compare_random_rows(split: CacheSplit) -> None:
    """Print how long a random batch takes from disk, and how long a step on it."""
    reading = statistics.median(timed(random_batch(split, seed)) for seed in range(3 * REPEATS))
    print(f"\n{ROWS} random rows from disk: {reading * 1e3:.1f} ms")
    for head in ("gru", "bilstm_pooled"):
        step = statistics.median(step_times(head, split))
        print(f"one training step of {head} on {ROWS} rows: {step * 1e3:.1f} ms")


def load(files: list[Path]) -> list[np.ndarray]:
    """Read plain files one after another."""
    return [np.load(file) for file in files]


def nothing() -> None:
    """Leave the page cache as it is."""


def random_batch(split: CacheSplit, seed: int) -> Callable[[], None]:
    """Read the tokens of random rows straight from disk, block by block."""
    chosen = np.random.default_rng(seed).choice(len(split.lengths), ROWS, replace=False)
    ends = np.cumsum(split.lengths, dtype=np.int64)
    store, width, dtype = split.cache.store, split.cache.manifest.width, split.hidden.dtype

    def read() -> None:
        reads, before = [], 0
        for block in split.blocks:
            own = chosen[(chosen >= block.start) & (chosen < block.start + block.rows)]
            array = open_array(store, f"train/{block.name}/hidden", (block.tokens, width), dtype)
            tokens = np.concatenate(
                [np.arange(ends[r] - split.lengths[r], ends[r]) - before for r in own] or [[]]
            )
            reads.append(array[tokens.astype(np.int64)].read())
            before += block.tokens
        for future in reads:
            future.result()

    return read


def step_times(name: str, split: CacheSplit) -> list[float]:
    """Seconds of training steps, compilation left out."""
    head = HEADS[name]
    apply = logits_of(head)
    state = init_state(init(name, head, split.pooled.shape[-1], 0))
    times = []
    for batch, _ in zip(train_batches(split, ROWS, 0, 1), range(8), strict=False):
        start = time.perf_counter()
        state, _ = jax.block_until_ready(train_step(apply, state, batch, jax.numpy.float32(1e-3)))
        times.append(time.perf_counter() - start)
    return times[1:]


def timed(work: Callable[[], object], before: Callable[[], object] = nothing) -> float:
    """Seconds that `work` takes, after `before`."""
    before()
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def can_empty_page_cache() -> bool:
    """Whether Linux lets us."""
    try:
        empty_page_cache()
    except OSError:
        return False
    return True


def empty_page_cache() -> None:
    """Write back what is dirty and forget what is clean."""
    os.sync()
    Path("/proc/sys/vm/drop_caches").write_text("1")


if __name__ == "__main__":
    main()
