import json
import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from headstart.cache import CacheError
from headstart.cache.storage import lock
from headstart.cache.storage.lock import Lock, held
from headstart.cache.storage.object_store import SILENCE
from headstart.cache.storage.store import StorageError, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(str(tmp_path / "cache"))


def owner(store: Store) -> dict[str, object]:
    return json.loads((Path(store.location) / "lock.json").read_text())


def write_owner(store: Store, **fields: object) -> None:
    Path(store.location).mkdir()
    (Path(store.location) / "lock.json").write_text(json.dumps(fields))


def test_the_lock_names_its_owner_and_leaves_nothing(store: Store) -> None:
    with held(store, print):
        assert (owner(store)["host"], owner(store)["pid"]) == (socket.gethostname(), os.getpid())
    assert not Path(store.location).exists()


def test_a_second_one_is_told_who_holds_it(store: Store) -> None:
    with held(store, print):
        file = Lock(store).try_acquire()
        assert file is not None
        assert lock.owner_line(file.owner) == f"process {os.getpid()} on {socket.gethostname()}"
    second = Lock(store)
    assert second.try_acquire() is None
    second.release()


def test_only_one_of_many_threads_is_inside(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "POLL", 0.005)
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        with held(store, lambda line: None):
            inside += 1
            most = max(most, inside)
            time.sleep(0.005)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_a_killed_owner_on_this_host_is_replaced_at_once(store: Store) -> None:
    gone = subprocess.run(
        [sys.executable, "-c", "import os; print(os.getpid())"], capture_output=True, check=True
    )
    write_owner(
        store,
        host=socket.gethostname(),
        pid=int(gone.stdout),
        processes=lock._processes(),
        heartbeat=time.time(),
    )
    heard: list[str] = []
    with held(store, heard.append):
        assert owner(store)["pid"] == os.getpid()
    assert heard == []


def test_a_silent_owner_elsewhere_is_replaced_in_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "STALE", 0.2)
    monkeypatch.setattr(lock, "POLL", 0.02)
    # its clock is years ahead: only whether it changes counts
    write_owner(store, host="elsewhere", pid=1, heartbeat=time.time() + 1e9)
    heard: list[str] = []
    with held(store, heard.append):
        assert owner(store)["pid"] == os.getpid()
    assert heard == [f"{store.location} is being written by process 1 on elsewhere: waiting for it"]


def test_an_object_store_s_owner_has_the_time_of_two_silent_requests(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert lock.STALE_REMOTE > lock.HEARTBEAT + 2 * SILENCE
    monkeypatch.setattr(lock, "STALE", 0.1)
    monkeypatch.setattr(lock, "STALE_REMOTE", 0.6)
    monkeypatch.setattr(lock, "POLL", 0.02)
    write_owner(store, host="elsewhere", pid=1, heartbeat=0.0)
    monkeypatch.setattr(store, "local", False)
    start = time.monotonic()
    with held(store, lambda line: None):
        assert time.monotonic() - start > 0.6


def test_an_owner_that_wakes_after_it_was_judged_is_not_robbed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "STALE", 0.1)
    monkeypatch.setattr(lock, "POLL", 0.02)
    write_owner(store, host="elsewhere", pid=1, heartbeat=0.0)
    path, real, since = Path(store.location) / "lock.json", Store.read_versioned, time.monotonic()
    woken: list[float] = []

    def read(self: Store, name: str) -> tuple[dict[str, object] | None, bytes]:
        answer = real(self, name)
        if name == "lock.json" and time.monotonic() - since > 0.1 and len(woken) < 20:
            woken.append(time.monotonic())  # its sign of life comes right behind our look
            path.write_text(json.dumps({"host": "elsewhere", "pid": 1, "heartbeat": woken[-1]}))
        return answer

    monkeypatch.setattr(Store, "read_versioned", read)
    with held(store, lambda line: None):
        assert len(woken) == 20
        assert owner(store)["pid"] == os.getpid()


def test_a_folder_that_cannot_be_written_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    heard: list[str] = []
    for place, says in [("file", "it is no folder"), ("file/cache", "Not a directory: .*file")]:
        with pytest.raises(CacheError, match=says), held(Store(str(tmp_path / place)), heard.append):
            pass
    monkeypatch.setattr(os, "access", lambda path, mode: False)  # root may write anywhere
    with (
        pytest.raises(CacheError, match=r"nothing can be written to .*here"),
        held(Store(str(tmp_path / "here")), heard.append),
    ):
        pass
    assert not heard


def test_a_folder_that_fails_again_and_again_is_an_error(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "POLL", 0.01)
    heard: list[str] = []
    fails = [StorageError("x", OSError("input/output error"))] * lock.TRIES
    real = Store.read_versioned

    def read(self: Store, name: str) -> tuple[dict[str, object] | None, bytes]:
        if fails:
            raise fails.pop()
        return real(self, name)

    monkeypatch.setattr(Store, "read_versioned", read)
    with pytest.raises(StorageError, match="input/output"), held(store, heard.append):
        pass
    fails = [StorageError("x", OSError("input/output error"))] * (lock.TRIES - 1)
    with held(store, heard.append):
        assert owner(store)["pid"] == os.getpid()
    assert not heard


def test_the_body_s_error_is_shown_and_not_the_lock_s(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    def write_if(*_: object) -> bytes:
        raise StorageError("x", OSError("gone"))

    def work() -> None:
        with held(store, print):
            monkeypatch.setattr(Store, "write_if", write_if)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        work()


def test_a_living_owner_is_waited_for(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.05)
    monkeypatch.setattr(lock, "STALE", 0.4)
    monkeypatch.setattr(lock, "POLL", 0.02)
    order: list[str] = []
    with held(store, print):
        second = threading.Thread(target=_enter, args=(store, order))
        second.start()
        time.sleep(1.0)  # more than twice STALE
        order.append("first leaves")
    second.join()
    assert order == ["first leaves", "second enters"]


def _enter(store: Store, order: list[str]) -> None:
    with held(store, lambda line: None):
        order.append("second enters")


def test_who_lost_the_lock_is_told_and_does_not_release_it(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.02)
    with held(store, print) as first:
        first.check()
        usurper = Lock(store)
        while not usurper.take(store.read_versioned("lock.json")[1]):
            pass
        time.sleep(0.2)
        with pytest.raises(CacheError, match="lost its lock"):
            first.check()
    assert owner(store)["token"] == usurper._owner["token"]


def test_a_pid_of_another_container_says_nothing(store: Store) -> None:
    write_owner(store, host=socket.gethostname(), pid=2**22 + 1, processes="elsewhere", heartbeat=0.0)
    assert Lock(store).try_acquire() is not None


@pytest.mark.parametrize("text", ["", "{", "[]"])
def test_a_lock_file_that_is_garbage_grows_stale(
    store: Store, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(lock, "STALE", 0.1)
    monkeypatch.setattr(lock, "POLL", 0.02)
    Path(store.location).mkdir()
    (Path(store.location) / "lock.json").write_text(text)
    with held(store, lambda line: None):
        assert owner(store)["pid"] == os.getpid()


def test_a_heartbeat_that_cannot_be_written_is_tried_again(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock, "HEARTBEAT", 0.02)
    with held(store, print) as first:
        before = owner(store)["heartbeat"]
        with monkeypatch.context() as patched:
            patched.setattr(
                Store, "write_if", lambda *_: (_ for _ in ()).throw(StorageError("x", OSError("full")))
            )
            time.sleep(0.1)
        time.sleep(0.1)
        assert owner(store)["heartbeat"] != before
        first.check()


def test_a_write_whose_answer_was_lost_is_ours(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    real, lost = Store.write_if, [True]

    def write_if(self: Store, name: str, value: dict[str, object] | None, generation: bytes) -> bytes | None:
        stamp = real(self, name, value, generation)
        return None if lost and lost.pop() else stamp  # TensorStore asked again, and met its own first try

    monkeypatch.setattr(Store, "write_if", write_if)
    first, other = Lock(store), Lock(store)
    assert first.take(store.generation("lock.json"))
    assert not other.take(b"\x00gone")
    first.check()
    first.release()
    assert not store.exists("lock.json")


def test_who_never_held_the_lock_releases_nothing(store: Store) -> None:
    with held(store, print):
        Lock(store).release()
        assert store.exists("lock.json")
