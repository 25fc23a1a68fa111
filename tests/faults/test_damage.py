"""Damage to a finished cache, byte by byte: found by `verify` and by reading, or provably harmless."""

import collections
import json
import random
import shutil
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import CacheError, CacheSplit, open_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.reader import Cache

FLIPS = 1000
TRUNCATIONS = 100


@pytest.fixture(scope="module")
def victim(undisturbed: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return Path(shutil.copytree(undisturbed, tmp_path_factory.mktemp("victim") / undisturbed.name))


@pytest.fixture(scope="module")
def truth(undisturbed: Path) -> dict[str, np.ndarray]:
    return everything(open_cache(str(undisturbed)))


def everything(cache: Cache) -> dict[str, np.ndarray]:
    """All arrays of all splits, as training reads them."""
    splits: dict[str, CacheSplit] = {name: cache.split(name) for name in cache.manifest.splits}
    return {
        f"{name}/{field}": getattr(split, field)
        for name, split in splits.items()
        for field in cache.recipe.arrays
    }


def outcome(cache: Path, truth: dict[str, np.ndarray]) -> tuple[bool, bool]:
    """Whether `verify` found the damage, and whether reading did; a silent difference fails the test."""
    try:
        verified = bool(verify(open_cache(str(cache))))
    except CacheError:
        verified = True
    try:
        found = everything(open_cache(str(cache)))
    except CacheError:
        return verified, True
    assert all(np.array_equal(found[name], truth[name]) for name in truth), (
        "read other values, and said nothing"
    )
    return verified, False


def same_json(one: bytes, other: bytes) -> bool:
    """Whether two texts mean the same JSON: the damage met a space or a line break."""
    try:
        return bool(json.loads(one) == json.loads(other))
    except ValueError:
        return False


def is_not_read(path: Path) -> bool:
    """Whether a file is for `verify`, and for other programs: the record of a block, and what makes a Zarr group."""
    return path.name == "block.json" or (path.name == "zarr.json" and not (path.parent / "c").exists())


def pick(files: list[Path], dice: random.Random) -> Path:
    """A file: by size, so that most bytes are met; each alike; or first a kind of file, so that all kinds are."""
    sizes = [path.stat().st_size for path in files]
    kind = dice.choice(["zarr.json", "block.json", "manifest.json", "recipe.json"])
    of_kind = [path for path in files if path.name == kind]
    return dice.choice([dice.choices(files, sizes)[0], dice.choice(files), dice.choice(of_kind)])


def test_no_byte_can_be_flipped_unnoticed(victim: Path, truth: dict[str, np.ndarray]) -> None:
    dice = random.Random(1)
    files = sorted(path for path in victim.rglob("*") if path.is_file())
    counts: collections.Counter[str] = collections.Counter()
    for _ in range(FLIPS):
        path = pick(files, dice)
        sound = path.read_bytes()
        damaged = bytearray(sound)
        damaged[dice.randrange(len(sound))] ^= 1 << dice.randrange(8)
        path.write_bytes(damaged)
        verified, read = outcome(victim, truth)
        path.write_bytes(sound)
        harmless = path.suffix == ".json" and same_json(sound, bytes(damaged))
        assert verified or harmless, path
        assert read or harmless or is_not_read(path), path
        counts[_verdict(path, verified, read)] += 1
    print(dict(counts))


def _verdict(path: Path, verified: bool, read: bool) -> str:
    kind = path.name if path.suffix == ".json" else "shard"
    return f"{kind}: {'found' if verified else 'same JSON'}, {'refused' if read else 'read right'}"


def test_no_file_can_be_cut_unnoticed(victim: Path, truth: dict[str, np.ndarray]) -> None:
    dice = random.Random(2)
    files = sorted(path for path in victim.rglob("*") if path.is_file())
    for _ in range(TRUNCATIONS):
        path = pick(files, dice)
        sound = path.read_bytes()
        path.write_bytes(sound[: dice.randrange(len(sound))])
        verified, read = outcome(victim, truth)
        harmless = path.suffix == ".json" and same_json(
            sound, path.read_bytes()
        )  # cut at the last line break
        path.write_bytes(sound)
        assert verified or harmless, path
        assert read or harmless or is_not_read(path), path


def test_no_file_can_be_deleted_unnoticed(victim: Path, truth: dict[str, np.ndarray]) -> None:
    for path in sorted(path for path in victim.rglob("*") if path.is_file()):
        sound = path.read_bytes()
        path.unlink()
        verified, read = outcome(victim, truth)
        path.write_bytes(sound)
        assert verified, path
        assert read or is_not_read(path), path


def test_the_victim_is_whole_again(victim: Path, truth: dict[str, np.ndarray]) -> None:
    assert outcome(victim, truth) == (False, False)
