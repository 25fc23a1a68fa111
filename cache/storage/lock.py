"""One writer at a time: a lock file with owner, host and heartbeat, on any storage that TensorStore knows.

filelock's `SoftFileLease` has owner and heartbeat, too, but knows files only, and two advisories of October 2026.
"""

import contextlib
import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import CacheError
from headstart.cache.storage.object_store import SILENCE
from headstart.cache.storage.store import StorageError, Store

NAME = "lock.json"
HEARTBEAT = 5.0  # seconds between two signs of life
STALE = 30.0  # seconds without one after which the owner is taken for dead, in a folder
STALE_REMOTE = STALE + 2 * SILENCE  # on an object store: two tries of a request may have fallen silent
POLL = 0.5
TRIES = 5  # to take a lock in a folder, until what the system says is no coincidence


class LockFile(NamedTuple):
    """A lock file as it was read.

    Attributes:
        owner: JSON that the lock's holder wrote; empty if somebody unknown was faster.
        generation: generation of the file that holds it.
    """

    owner: dict[str, Any]
    generation: bytes


class Lock:
    """The writer's lock; held inside `with held(...)`."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._generation = b""
        self._lost = threading.Event()
        self._released = threading.Event()
        self._owner = {
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "processes": _processes(),
            "token": uuid.uuid4().hex,
        }

    def try_acquire(self) -> LockFile | None:
        """Take the lock; returns None on success, else who holds it."""
        file = self._read()
        if file.owner and not _is_dead(file.owner):
            return file
        return None if self.take(file.generation) else LockFile({}, b"")

    def _read(self) -> LockFile:
        """Read the lock file; the owner is empty where there is none."""
        try:
            owner, generation = self._store.read_versioned(NAME)
            return LockFile(owner or {}, generation)
        except StorageError:
            raise
        except CacheError:  # not what we write: taken over like an owner without signs of life
            if not self._store.is_plain(NAME):
                raise
            generation = self._store.generation(NAME)
            return LockFile({"pid": "unknown", "generation": generation.hex()}, generation)

    def take(self, generation: bytes) -> bool:
        """Replace the lock file of this generation by our own; False if someone else was faster."""
        sign_of_life = {**self._owner, "heartbeat": time.time()}
        taken = self._store.write_if(NAME, sign_of_life, generation) or self._own_generation()
        self._generation = taken or self._generation
        return taken is not None

    def _own_generation(self) -> bytes | None:
        """Return the generation of our own lock file, if it is there.

        A server's answer may get lost, and TensorStore asks again: then the second try fails because of the first.
        """
        file = self._read()
        return file.generation if file.owner.get("token") == self._owner["token"] else None

    def check(self) -> None:
        """Raise `CacheError` if another process has taken the lock over; looks at the file itself.

        A process that was suspended learns it here, before its next heartbeat.
        """
        owner = self._store.read_json(NAME) or {}
        if self._lost.is_set() or owner.get("token") != self._owner["token"]:
            self._lost.set()
            raise CacheError(
                f"this process lost its lock on {self._store.location}: it gave no sign of life for "
                f"{_stale(self._store):.0f} s, or its lock.json was removed; run the same command again: it continues "
                "from the blocks that are there"
            )

    def beat(self) -> None:
        """Write a sign of life every few seconds until released."""
        while not self._released.wait(HEARTBEAT):
            try:
                if not self.take(self._generation):
                    self._lost.set()
                    return
            except StorageError:  # a full disk, a network that hiccups: `check` looks again before each block
                continue

    def stop_beating(self) -> None:
        """Give no further sign of life."""
        self._released.set()

    def release(self) -> None:
        """Give the lock back, unless it was lost or never held: no generation stands for any."""
        if self._generation and not self._lost.is_set():
            self._store.write_if(NAME, None, self._generation)


@contextlib.contextmanager
def held(store: Store, on_wait: Callable[[str], None]) -> Iterator[Lock]:
    """Hold a cache's lock; wait while another living process holds it.

    Args:
        store: the cache.
        on_wait: called with a line that names whom we wait for, and with the store's remark.
    """
    lock = Lock(store)
    _acquire(lock, store, on_wait)
    if store.remark:
        on_wait(store.remark)
    beating = threading.Thread(target=lock.beat, daemon=True)
    beating.start()
    # The error that ends the work is the one to show.
    hidden: tuple[type[Exception], ...] = (CacheError, OSError)
    try:
        yield lock
        hidden = ()
    finally:
        with contextlib.suppress(*hidden):
            lock.stop_beating()
            beating.join()  # a beat in flight would write the lock file again
            lock.release()
            store.remove_if_empty()


def owner_line(owner: dict[str, Any]) -> str:
    """Name a lock's owner for people."""
    pid, host = owner.get("pid"), owner.get("host")
    return f"process {pid if type(pid) is int else '?'} on {host[:100] if isinstance(host, str) else '?'}"


def _acquire(lock: Lock, store: Store, on_wait: Callable[[str], None]) -> None:
    """Take the lock, now or when its owner ends or has given no new sign of life for so long that it must be dead.

    Signs are compared with each other and never with our clock: hosts disagree about the time.
    """
    seen: dict[str, Any] = {}
    since, announced = time.monotonic(), False
    while (file := _try(lock, store)) is not None:
        if file.owner and not announced:
            on_wait(f"{store.location} is being written by {owner_line(file.owner)}: waiting for it")
            announced = True
        if file.owner != seen:
            seen, since = file.owner, time.monotonic()
        elif seen and time.monotonic() - since > _stale(store) and lock.take(file.generation):
            return  # of the very file that was judged: one written since is a sign of life
        time.sleep(POLL)


def _try(lock: Lock, store: Store) -> LockFile | None:
    """Try to take the lock, in a folder that is ready for it."""
    for _ in range(TRIES):
        store.make_folder()
        try:
            return lock.try_acquire()
        except StorageError as error:
            if not store.local:  # tried for minutes already
                raise
            last = error  # the folder may come or go at this very moment
        time.sleep(POLL)
    raise last


def _stale(store: Store) -> float:
    """Seconds without a sign of life after which an owner is taken for dead."""
    return STALE if store.local else STALE_REMOTE


def _processes() -> str:
    """Name the table of processes in which our pid counts: containers on one host have tables of their own."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text("ascii").strip() + os.readlink(
            "/proc/self/ns/pid"
        )
    except OSError:
        return "only one"


def _is_dead(owner: dict[str, Any]) -> bool:
    """Whether the owner ran on this host and is gone."""
    pid = owner.get("pid")
    here = owner.get("host") == socket.gethostname() and owner.get("processes") == _processes()
    if not here or type(pid) is not int or pid <= 0:
        return False
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, PermissionError, OverflowError) as error:
        return isinstance(error, ProcessLookupError)
    return False
