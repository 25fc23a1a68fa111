"""One writer at a time: a lock file with owner, host and heartbeat, on any storage that TensorStore knows."""

import os
import socket
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from cache.errors import CacheError
from cache.objects import SILENCE
from cache.store import StorageError, Store

NAME = "lock.json"
HEARTBEAT = 5.0  # seconds between two signs of life
STALE = 30.0  # seconds without one after which the owner is taken for dead, in a folder
STALE_REMOTE = STALE + 2 * SILENCE  # on an object store: two tries of a request may have fallen silent
POLL = 0.5


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

    def try_acquire(self) -> dict[str, Any] | None:
        """Take the lock; returns None on success, else what the owner wrote."""
        try:
            owner, generation = self._store.read_versioned(NAME)
            if owner is not None and not _is_dead(owner):
                return owner
            return None if self.take(generation) else {}
        except StorageError:
            # What was tried for minutes, or what time will not mend: an error to show, not an owner to wait for.
            if not self._store.local or self._store.blocked:
                raise
            return {}  # the folder came or went at this very moment
        except CacheError:  # not what we write: taken over like an owner without signs of life
            return {"pid": "unknown"}

    def take(self, generation: bytes) -> bool:
        """Replace the lock file of this generation by our own; False if someone else was faster."""
        taken = self._store.write_if(NAME, self._sign_of_life(), generation) or self._own_generation()
        self._generation = taken or self._generation
        return taken is not None

    def _own_generation(self) -> bytes | None:
        """Return the generation of our own lock file, if it is there.

        A server's answer may get lost, and TensorStore asks again: then the second try fails because of the first.
        """
        try:
            owner, generation = self._store.read_versioned(NAME)
        except StorageError:
            raise
        except CacheError:  # not what we write
            return None
        return generation if owner and owner.get("token") == self._owner["token"] else None

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

    def _sign_of_life(self) -> dict[str, Any]:
        return {**self._owner, "heartbeat": time.time()}


@contextmanager
def held(store: Store, on_wait: Callable[[str], None]) -> Iterator[Lock]:
    """Hold a cache's lock; wait while another living process holds it.

    Args:
        store: the cache.
        on_wait: told once whom we wait for.
    """
    lock = Lock(store)
    _acquire(lock, store, on_wait)
    beating = threading.Thread(target=lock.beat, daemon=True)
    beating.start()
    try:
        yield lock
    finally:
        lock.stop_beating()
        beating.join()  # a beat in flight would write the lock file again
        lock.release()
        store.remove_if_empty()


def owner_line(owner: dict[str, Any]) -> str:
    """Name a lock's owner for people."""
    return f"process {owner.get('pid', '?')} on {owner.get('host', '?')}"


def _acquire(lock: Lock, store: Store, on_wait: Callable[[str], None]) -> None:
    """Take the lock, now or when its owner ends or has given no new sign of life for so long that it must be dead.

    Signs are compared with each other and never with our clock: hosts disagree about the time.
    """
    seen, since = None, time.monotonic()
    while (owner := lock.try_acquire()) is not None:
        if seen is None:
            on_wait(f"{store.location} is being written by {owner_line(owner)}: waiting for it")
        if owner != seen:
            seen, since = owner, time.monotonic()
        elif time.monotonic() - since > _stale(store) and lock.take(store.generation(NAME)):
            return
        time.sleep(POLL)


def _stale(store: Store) -> float:
    """Seconds without a sign of life after which an owner is taken for dead."""
    return STALE if store.local else STALE_REMOTE


def _processes() -> str:
    """Name the table of processes in which our pid counts: containers on one host have tables of their own."""
    try:
        with open("/proc/sys/kernel/random/boot_id", encoding="ascii") as file:
            return file.read().strip() + os.readlink("/proc/self/ns/pid")
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
    except ProcessLookupError:
        return True
    except (PermissionError, OverflowError):
        return False
    return False
