import errno
import os
import re
import secrets
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.cache.runtime.files import (
    atomic_file,
    atomic_folder,
    file_sha256,
    no_links,
    read_json_object,
    read_text,
    remove_partials,
    sync,
)

PARTIAL = re.compile(r"target\.[0-9a-f]{16}\.partial")


Write = Callable[..., None]


def write_file(path: Path, last: Callable[[], object] = lambda: None) -> None:
    with atomic_file(path) as file:
        file.write(b"new" * 100_000)
        last()


def write_folder(path: Path, last: Callable[[], object] = lambda: None, replace: bool = True) -> None:
    with atomic_folder(path, replace) as folder:
        (folder / "inside").write_bytes(b"new" * 100_000)
        last()


def is_new(path: Path) -> bool:
    return (path / "inside" if path.is_dir() else path).read_bytes() == b"new" * 100_000


def remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def fail(error: BaseException) -> None:
    raise error


both = pytest.mark.parametrize("write", [write_file, write_folder])


@both
def test_after_success_there_is_exactly_the_target(write: Write, tmp_path: Path) -> None:
    for _ in range(2):  # the second time in place of the first
        write(tmp_path / "target")
        assert [path.name for path in tmp_path.iterdir()] == ["target"]
        assert is_new(tmp_path / "target")


def test_a_file_gets_the_permissions_of_any_new_file(tmp_path: Path) -> None:
    write_file(tmp_path / "target")
    (tmp_path / "plain").touch()
    assert (tmp_path / "target").stat().st_mode == (tmp_path / "plain").stat().st_mode


@both
@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_after_an_exception_there_is_what_was_there(
    write: Write, error: type[BaseException], tmp_path: Path
) -> None:
    path = tmp_path / "target"
    with pytest.raises(error):
        write(path, lambda: fail(error()))
    assert [*tmp_path.iterdir()] == []
    write(path)
    with pytest.raises(error):
        write(path, lambda: fail(error()))
    assert [*tmp_path.iterdir()] == [path]
    assert is_new(path)


@both
def test_a_rename_that_fails_leaves_nothing(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "replace", lambda *_: fail(OSError("no")))
    monkeypatch.setattr(os, "rename", lambda *_: fail(OSError("no")))
    with pytest.raises(OSError, match="no"):
        write(tmp_path / "target")
    assert list(tmp_path.iterdir()) == []


@both
def test_until_the_end_it_lies_beside_its_place_under_a_random_name(write: Write, tmp_path: Path) -> None:
    names = []
    for _ in range(3):
        write(tmp_path / "target", lambda: names.extend(path.name for path in tmp_path.iterdir()))
        remove(tmp_path / "target")
    assert len(set(names)) == 3
    assert all(map(PARTIAL.fullmatch, names))


@both
@pytest.mark.parametrize("dangling", [True, False])
def test_a_link_at_the_target_is_replaced_and_not_followed(
    write: Write, dangling: bool, tmp_path: Path
) -> None:
    elsewhere, path = tmp_path / "elsewhere", tmp_path / "target"
    if not dangling:
        elsewhere.mkdir()
        (elsewhere / "precious").write_bytes(b"old")
    path.symlink_to(elsewhere)
    write(path)
    assert not path.is_symlink()
    assert is_new(path)
    assert elsewhere.exists() is not dangling
    assert dangling or [*elsewhere.iterdir()] == [elsewhere / "precious"]


@both
def test_a_link_at_the_staging_name_is_refused_and_stays(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(secrets, "token_hex", lambda size: "0" * 2 * size)
    elsewhere, planted = tmp_path / "elsewhere", tmp_path / f"target.{'0' * 16}.partial"
    planted.symlink_to(elsewhere)
    with pytest.raises(FileExistsError):
        write(tmp_path / "target")
    assert [*tmp_path.iterdir()] == [planted]
    assert planted.is_symlink()


def test_without_replace_a_folder_that_came_meanwhile_stays(tmp_path: Path) -> None:
    path = tmp_path / "target"
    with pytest.raises(OSError, match="not empty"):
        write_folder(path, lambda: (path / "precious").mkdir(parents=True), replace=False)
    assert sorted(tmp_path.rglob("*")) == [path, path / "precious"]


def test_what_killed_writers_left_is_removed_and_nothing_else(tmp_path: Path) -> None:
    for hidden in ("target[1]", "target"):
        (tmp_path / f"{hidden}.{'a' * 16}.partial").touch()
    (tmp_path / f"target.{'b' * 16}.partial" / "new").mkdir(parents=True)
    (tmp_path / f"target.{'c' * 16}.partial").symlink_to(tmp_path / "stays")
    kept = ["stays", "target", "target.partial", "target.text.partial", f"other.{'a' * 16}.partial"]
    for name in kept:
        (tmp_path / name).mkdir()
    remove_partials(tmp_path / "target")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(
        [*kept, f"target[1].{'a' * 16}.partial"]
    )
    remove_partials(tmp_path / "target[1]")
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(kept)


def test_an_opener_that_follows_no_link(tmp_path: Path) -> None:
    with open(tmp_path / "plain", "a+b", opener=no_links) as file:
        file.write(b"new")
    assert (tmp_path / "plain").read_bytes() == b"new"
    (tmp_path / "link").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(OSError, match="symbolic links"):
        no_links(str(tmp_path / "link"), os.O_RDWR | os.O_CREAT)
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP, errno.ENOSYS])
def test_a_file_system_without_fsync_promises_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    def refuse(file: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refuse)
    with open(tmp_path / "file", "wb") as file:
        file.write(b"there")
        sync(file)
        assert (tmp_path / "file").read_bytes() == b"there"
        number = errno.EIO
        with pytest.raises(OSError, match="Input/output"):
            sync(file)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        ("", "not JSON"),
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "no JSON object"),
        ("5", "no JSON"),
    ],
)
def test_a_file_without_a_json_object(tmp_path: Path, content: str, says: str) -> None:
    (tmp_path / "x.json").write_text(content)
    with pytest.raises(UserError, match=f"x.json.*{says}"):
        read_json_object(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"a": 1}')
    with pytest.raises(UserError, match=r"x\.json has 8 bytes; at most 7 are read"):
        read_json_object(tmp_path / "x.json", 7)
    assert read_json_object(tmp_path / "x.json") == {"a": 1}


def test_the_hash_of_a_file(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"abc")
    assert file_sha256(tmp_path / "x") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"


def hole(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(2**40)


def hole_behind_a_start(path: Path) -> None:
    path.write_bytes(b'{"a": 1}')
    with path.open("r+b") as file:
        file.truncate(2**35)


@pytest.mark.parametrize("plant", [os.mkfifo, Path.mkdir, hole, hole_behind_a_start])
@pytest.mark.parametrize("read", [file_sha256, read_text])
def test_what_has_no_end_is_not_read(
    read: Callable[[Path], object], plant: Callable[[Path], object], tmp_path: Path
) -> None:
    plant(tmp_path / "x")
    with pytest.raises(UserError, match=r"/x (is no file, but|says that it has|has) .*"):
        read(tmp_path / "x")
    (tmp_path / "zero").symlink_to("/dev/zero")
    with pytest.raises(UserError, match="is no file"):
        read(tmp_path / "zero")


def test_a_large_file_with_holes_in_it_is_read_as_any(tmp_path: Path) -> None:
    with (tmp_path / "x").open("wb") as file:
        for place in range(0, 300_000_000, 30_000_000):
            file.seek(place)
            file.write(b"x" * 100_000)
    assert len(file_sha256(tmp_path / "x")) == 64
    with pytest.raises(UserError, match="at most 268,435,456 are read"):
        read_text(tmp_path / "x")
