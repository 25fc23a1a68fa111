"""What a process reads and computes: its own missing blocks, and nothing else."""

import dataclasses
import shutil
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.runtime.progress import Clock
from headstart.cache.writer import CacheWriter
from headstart.extract.pipeline.distributed import Hosts
from headstart.extract.pipeline.job import RunContext, prepare
from headstart.extract.pipeline.partition import COMPARED, Partition, partition_blocks
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.splits.splitter import split_dataset
from headstart.extract.text.pretrained import load_tokenizer
from headstart.extract.text.tokenizer import among, tokenize

from ..conftest import Recorder


class Several(Hosts):
    """One of several processes, none of which waits."""

    def wait(self, name: str) -> None:
        pass


def share(settings: Settings, index: int, count: int) -> Partition:
    job = prepare(settings)
    run = RunContext(
        job, CacheWriter(job.location, job.recipe), lambda: None, Several(index, count), Clock(), Recorder()
    )
    return partition_blocks(run, split_dataset(job.dataset, settings))


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, cache_dir=str(tmp_path), block_rows=8)


@pytest.mark.parametrize("count", [1, 2, 3, 50])
def test_processes_share_blocks_and_read_their_rows_only(own: Settings, count: int) -> None:
    shares = [share(own, index, count) for index in range(count)]
    dealt = sorted(block.key for each in shares for block in each.assigned)
    assert dealt == sorted(block.key for block in shares[0].blocks)
    assert max(len(each.assigned) for each in shares) - min(len(each.assigned) for each in shares) <= 1
    assert [len(each.compared) for each in shares] == [COMPARED] + [0] * (count - 1)
    read = np.concatenate([each.rows for each in shares])
    assert sorted(read) == list(range(58))  # the compared rows are of the first process's own block
    assert all((np.diff(each.rows) > 0).all() for each in shares)


def test_views_of_a_block_stay_in_one_process(own: Settings) -> None:
    views = dataclasses.replace(own, dropout_views=2, block_rows=16)
    shares = [share(views, index, 2) for index in range(2)]
    assert sorted(block.key for each in shares for block in each.assigned) == sorted(
        b.key for b in shares[0].blocks
    )
    assert sum(len(each.rows) for each in shares) == 58  # no text is read twice


def test_splits_of_which_nothing_is_left_come_later(own: Settings, tmp_path: Path) -> None:
    rows = [(f"you are kind {n}", n % 2, "train") for n in range(20)]
    rows += [("!!!", n % 2, split) for split in ("valid", "test") for n in range(4)]
    data = tmp_path / "empty.csv"
    data.write_text("text,label,split\n" + "".join(f"{text},{label},{name}\n" for text, label, name in rows))
    some = dataclasses.replace(own, data=str(data), split_column="split", split="train")
    extract(some, Recorder())
    recorder = Recorder()
    location = extract(dataclasses.replace(some, split="all"), recorder)
    assert "8 texts are empty after cleaning; they stay" in recorder.lines
    assert len(open_cache(location).split("test").rows) == 4


@pytest.mark.parametrize(("clean", "damaged"), [("notebook", 12), ("none", 0)])
def test_texts_that_lose_letters_are_counted(clean: str, damaged: int, own: Settings, tmp_path: Path) -> None:
    """Those of the splits that are computed."""
    texts = ["schön grün", "这部电影 2 小时", "Плохой фильм", "a good page"]
    data = tmp_path / "letters.csv"
    data.write_text("text,label\n" + "".join(f"{texts[n % 4]} {n},{n // 4 % 2}\n" for n in range(16)))
    recorder = Recorder()
    extract(dataclasses.replace(own, data=str(data), clean=clean), recorder)
    lines = [line for line in recorder.lines if "lost more than a tenth of their letters" in line]
    assert [line.split(" lost")[0] for line in lines] == [f"{damaged} of 16 texts"] * bool(damaged)


def test_what_is_there_is_neither_read_nor_computed(own: Settings) -> None:
    whole = Recorder()
    location = Path(extract(own, whole))
    assert whole.works["cleaning"][1] == 58
    before = (location / "train/00001/hidden/zarr.json").stat().st_mtime_ns
    shutil.rmtree(location / "valid")
    shutil.rmtree(location / "train/00002")
    (location / "manifest.json").unlink()
    again = Recorder()
    extract(own, again)
    valid = open_cache(str(location)).split("valid")
    assert again.works["cleaning"][1] == 8 + len(valid.rows) + COMPARED
    assert again.total < whole.total
    assert (location / "train/00001/hidden/zarr.json").stat().st_mtime_ns == before
    assert open_cache(str(location)).manifest.tokens == whole.total


def test_tokens_among_more_rows(tiny_backbone: Path) -> None:
    tokenizer = load_tokenizer(str(tiny_backbone), 10)
    texts = ["you are kind", "", "idiots !", "you", "very kind"]
    every, some = tokenize(tokenizer, [texts]), np.array([1, 2, 4])
    found = among(tokenize(tokenizer, [[texts[row] for row in some]]), some, len(texts))
    assert found.lengths.tolist() == [0, 2, 5, 0, 4]
    for row in some:
        for starts, lengths, values in (
            ("starts", "lengths", "ids"),
            ("text_starts", "text_lengths", "texts"),
        ):
            one, other = (
                getattr(tokens, values)[getattr(tokens, starts)[row] :][: getattr(tokens, lengths)[row]]
                for tokens in (every, found)
            )
            np.testing.assert_array_equal(one, other)
