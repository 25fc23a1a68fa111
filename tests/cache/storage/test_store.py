"""A folder's JSON files: written through the store, read behind its back, and the reverse."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import CacheError
from headstart.cache.storage.store import LARGE_JSON, SMALL_JSON, StorageError, Store


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "else where #1"


@pytest.fixture
def store(folder: Path) -> Store:
    return Store(f"{folder}/")


def test_json_there_and_back(store: Store, folder: Path) -> None:
    assert store.read_json("a.json") is None
    assert not folder.exists()
    store.write_json("split/a.json", {"a": [1.5, "ß"]})
    assert json.loads((folder / "split/a.json").read_text()) == {"a": [1.5, "ß"]}
    (folder / "b.json").write_text('{"b": 2}')
    assert store.read_json("b.json") == {"b": 2}
    assert store.files() == ["b.json", "split/a.json"]
    assert store.files("split") == ["split/a.json"]
    assert [store.exists(name) for name in ("b.json", "c.json")] == [True, False]
    assert (store.name, store.path("b.json")) == (folder.name, f"{folder}/b.json")
    with pytest.raises(ValueError, match="nan"):
        store.write_json("b.json", {"b": float("nan")})
    assert store.read_json("b.json") == {"b": 2}


def test_a_generation_is_written_over_once(store: Store) -> None:
    assert store.read_versioned("a.json")[0] is None
    nothing = store.generation("a.json")
    first = store.write_if("a.json", {"a": 1}, nothing)
    assert first is not None
    assert store.read_versioned("a.json") == ({"a": 1}, first)
    assert store.write_if("a.json", {"a": 2}, nothing) is None
    assert store.write_if("a.json", {"a": 3}, first) == store.generation("a.json")
    assert store.write_if("a.json", None, first) is None
    assert store.write_if("a.json", None, store.generation("a.json")) is not None
    assert store.read_json("a.json") is None


@pytest.mark.parametrize("text", ["", "{", "[1]", "[" * 100_000, "\xff"])
def test_what_is_no_json_object(store: Store, folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "a.json").write_text(text, "latin-1")
    with pytest.raises(CacheError, match=r"a.json (is not JSON|holds no JSON object)"):
        store.read_json("a.json")


@pytest.mark.parametrize(("name", "limit"), [("manifest.json", LARGE_JSON), ("block.json", SMALL_JSON)])
def test_a_huge_file_is_not_read(store: Store, folder: Path, name: str, limit: int) -> None:
    store.write_json(name, {})
    with (folder / name).open("ab") as file:
        file.truncate(limit + 1)
    with pytest.raises(CacheError, match="is larger than"):
        store.read_json(name)


def test_folders_and_files_go_and_the_rest_stays(store: Store, folder: Path) -> None:
    for name in ("a/b/c.json", "a/b.json", "ab.json", "manifest.json"):
        store.write_json(name, {})
    store.delete_folder("a/b")
    store.delete_folder("a/never")
    assert store.files() == ["a/b.json", "ab.json", "manifest.json"]
    store.delete_file("ab.json")
    store.delete_file("ab.json")
    store.remove_if_empty()
    assert store.files() == ["a/b.json", "manifest.json"]
    store.delete_all()
    assert not folder.exists()


def test_a_folder_is_made_and_left_if_it_is_in_use(store: Store, folder: Path) -> None:
    store.make_folder()
    store.make_folder()
    store.remove_if_empty()
    assert not folder.exists()
    store.write_json("a.json", {})
    store.remove_if_empty()
    assert folder.exists()


LINKED: dict[str, Callable[[Store], object]] = {
    "write": lambda store: store.write_json("a/b.json", {}),
    "delete": lambda store: store.delete_folder("a"),
    "size": lambda store: store.local_bytes("a"),
    "size above": lambda store: store.local_bytes("."),
    "arrays": lambda store: store.kvstore("a/b"),
}


@pytest.mark.parametrize("use", LINKED.values(), ids=LINKED)
def test_links_are_refused(
    store: Store, folder: Path, tmp_path: Path, use: Callable[[Store], object]
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "precious").touch()
    folder.mkdir()
    (folder / "a").symlink_to(elsewhere)
    with pytest.raises(CacheError, match="is a link"):
        use(store)
    assert [path.name for path in elsewhere.iterdir()] == ["precious"]


def test_pipes_are_refused(store: Store, folder: Path) -> None:
    (folder / "a").mkdir(parents=True)
    os.mkfifo(folder / "a/b.json")
    for use in (store.read_json, store.local_bytes):
        with pytest.raises(CacheError, match="is no plain file"):
            use("a/b.json" if use == store.read_json else "a")
    assert [store.is_plain(name) for name in ("a/b.json", "a", "a/c.json")] == [False, False, True]


def test_bytes_of_a_folder_are_counted(store: Store, folder: Path) -> None:
    assert store.local_bytes("a") == 0
    (folder / "a/b").mkdir(parents=True)
    for name, size in (("a/x", 5), ("a/b/y", 70)):
        (folder / name).write_bytes(bytes(size))
    assert store.local_bytes("a") == 75


def test_a_refused_request_says_what_to_check() -> None:
    text = "PERMISSION_DENIED: AccessDenied: no [http_response_code='403'] [source locations='x']"
    said = str(StorageError("s3://b/x", ValueError(text)))
    assert said.startswith(
        "s3://b/x cannot be read or written: PERMISSION_DENIED: AccessDenied: no; check the bucket"
    )
    assert str(StorageError("/x", ValueError("no"))) == "/x cannot be read or written: no"
