"""A folder that a stranger has prepared: links lead nowhere, pipes hold nobody up, and what is not ours stays."""

import contextlib
import os
import socket
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import CacheError
from headstart.cache.storage import folder as module
from headstart.cache.storage.folder import ABSENT, Folder
from headstart.cache.storage.lock import Lock
from headstart.cache.storage.store import Store

LIMIT = 100


def link(path: Path) -> None:
    target = path.with_name("precious")
    target.write_text("precious")
    path.symlink_to(target)


def dangling(path: Path) -> None:
    path.symlink_to(path.with_name("nowhere"))


def unix_socket(path: Path) -> None:
    with (
        socket.socket(socket.AF_UNIX) as opened,
        contextlib.chdir(path.parent),
    ):  # the path of a socket is short
        opened.bind(path.name)


PLANTED: dict[str, Callable[[Path], object]] = {
    "link": link, "dangling": dangling, "pipe": os.mkfifo, "socket": unix_socket, "folder": Path.mkdir,
    "device": lambda path: path.symlink_to("/dev/zero"),
}  # fmt: skip
planted = pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)


def tree(path: Path) -> dict[str, str]:
    """Everything below a folder: its kind, and what a file holds."""
    return {
        str(at.relative_to(path)): at.read_text()
        if at.is_file() and not at.is_symlink()
        else oct(at.lstat().st_mode)
        for at in sorted(path.rglob("*"))
    }


@planted
@pytest.mark.parametrize("name", ["lock.json.__lock", "lock.json"])
def test_a_planted_sidecar_is_refused_and_stays(
    plant: Callable[[Path], object], name: str, tmp_path: Path
) -> None:
    store = Store(str(tmp_path / "cache"))
    store.make_folder()
    plant(tmp_path / "cache" / name)
    before = tree(tmp_path)
    with pytest.raises(CacheError, match=r"is (a link|no plain file)"):
        Lock(store).try_acquire()
    assert tree(tmp_path) == before


@planted
@pytest.mark.parametrize("name", ["recipe.json.__lock", "recipe.json_1.__lock", "recipe.json.partial"])
def test_a_planted_staging_name_is_never_used(
    plant: Callable[[Path], object], name: str, tmp_path: Path
) -> None:
    plant(tmp_path / name)
    before = tree(tmp_path)
    Store(str(tmp_path)).write_json("recipe.json", {"a": 1})
    assert Store(str(tmp_path)).read_json("recipe.json") == {"a": 1}
    assert {name: kind for name, kind in tree(tmp_path).items() if name != "recipe.json"} == before


@planted
def test_what_is_no_plain_file_is_not_read(plant: Callable[[Path], object], tmp_path: Path) -> None:
    plant(tmp_path / "a.json")
    for use in (Folder(str(tmp_path)).read, Folder(str(tmp_path)).generation):
        with pytest.raises(CacheError, match=r"is (a link|no plain file)"):
            use("a.json", LIMIT)


def test_a_hard_link_is_replaced_and_its_target_stays(tmp_path: Path) -> None:
    (tmp_path / "precious").write_text("precious")
    os.link(tmp_path / "precious", tmp_path / "a.json")
    os.link(tmp_path / "precious", tmp_path / "b.json")
    folder = Folder(str(tmp_path))
    folder.write("a.json", b"new")
    assert folder.write_if("b.json", b"new", folder.generation("b.json", LIMIT), LIMIT)
    assert [(tmp_path / name).read_text() for name in ("precious", "a.json", "b.json")] == [
        "precious", "new", "new",
    ]  # fmt: skip


def test_of_many_that_saw_the_same_file_one_replaces_it(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    for _ in range(5):
        seen, winners = folder.generation("a.json", LIMIT), []

        def write(number: int, seen: bytes = seen, winners: list[int] = winners) -> None:
            if folder.write_if("a.json", f"{number} after {seen.hex()}".encode(), seen, LIMIT):
                winners.append(number)

        threads = [threading.Thread(target=write, args=(number,)) for number in range(6)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(winners) == 1
        assert (tmp_path / "a.json").read_text().startswith(f"{winners[0]} ")
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_guard_that_a_killed_process_left_grows_old(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "OLD", 0.05)
    (tmp_path / "a.json.__lock").touch()
    assert Folder(str(tmp_path)).write_if("a.json", b"new", ABSENT, LIMIT)
    assert os.listdir(tmp_path) == ["a.json"]


def test_a_file_above_the_limit_is_known_apart_and_not_read(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path))
    generations = []
    for size in (LIMIT + 1, LIMIT + 2, 2**40):
        with (tmp_path / "a.json").open("wb") as file:
            file.truncate(size)
        with pytest.raises(CacheError, match="is larger than 100 bytes"):
            folder.read("a.json", LIMIT)
        generations.append(folder.generation("a.json", LIMIT))
    assert len(set(generations)) == 3


def test_only_what_is_ours_is_deleted_all_or_nothing(tmp_path: Path) -> None:
    folder = Folder(str(tmp_path / "cache"))
    for name in ("a/b/manifest.json", "a/c.json", "mine/notes.txt"):
        folder.write(name, b"x")
    for is_ours in (lambda name: "notes" not in name, lambda name: not name.startswith("mine/")):
        before = tree(tmp_path)
        with pytest.raises(CacheError, match=r"holds 'mine/.*', which is not ours"):
            folder.delete("", is_ours)
        assert tree(tmp_path) == before
    (tmp_path / "cache/a/link").symlink_to(tmp_path)
    with pytest.raises(CacheError, match="holds 'a/link', which is not ours"):
        folder.delete("a", lambda name: True)
    (tmp_path / "cache/a/link").unlink()
    folder.delete("a", lambda name: True)
    assert tree(tmp_path / "cache") == {"mine": oct(0o40755), "mine/notes.txt": "x"}
    folder.delete("", lambda name: True)
    assert not list(tmp_path.iterdir())


def test_a_tree_deeper_than_python_s_stack_is_walked_and_deleted(tmp_path: Path) -> None:
    depth = 1200
    place = str(tmp_path / "cache")
    for _ in range(depth + 1):
        os.mkdir(place)
        place += "/a"
    folder = Folder(str(tmp_path / "cache"))
    assert len(list(folder.walk())) == depth
    folder.delete("", lambda name: True)
    assert not list(tmp_path.iterdir())


def test_a_hole_is_not_taken_for_the_bytes_of_an_array(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    for size in (2**29, 2**36, 2**41):
        with (tmp_path / "a" / "0").open("wb") as file:
            file.write(b"x")
            file.truncate(size)
        with pytest.raises(CacheError, match=f"says that it has {size:,} bytes"):
            list(Folder(str(tmp_path)).sizes("a"))


@pytest.mark.parametrize("swapped", ["train", "train/00000", "train/00000/rows"])
def test_a_folder_that_becomes_a_link_while_it_is_removed_is_not_entered(
    swapped: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for root in ("cache", "precious"):
        (tmp_path / root / "train/00000/rows").mkdir(parents=True)
        (tmp_path / root / "train/00000/rows/0").write_text(root)

    def swap(names: list[str]) -> list[str]:
        (tmp_path / "cache" / swapped).rename(tmp_path / "elsewhere")
        (tmp_path / "cache" / swapped).symlink_to(tmp_path / "precious" / swapped)
        return names

    folder = Folder(str(tmp_path / "cache"))
    look = folder.names_of_ours
    monkeypatch.setattr(folder, "names_of_ours", lambda *arguments: swap(look(*arguments)))
    with pytest.raises(OSError, match=r"Not a directory|Too many levels"):
        folder.delete("train", lambda name: True)
    assert (tmp_path / "precious/train/00000/rows/0").read_text() == "precious"
