"""Caches on a server that speaks the S3 protocol: what holds on a disk holds there.

The server is moto's, in an environment of its own (`tests/peers/object_store.sh`), on loopback.
"""

import csv
import os
import re
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import CacheError, open_cache
from headstart.cache.inspect.verify import verify
from headstart.cache.recipe import LAYOUTS
from headstart.cache.splits import SPLITS
from headstart.cache.storage.lock import Lock, held
from headstart.cache.storage.store import Store
from headstart.extract.tables.files import _object_store

from ..extract.conftest import DISTILBERT, WORDS, random_weights, save_backbone
from ..extract.units.conftest import write_comments
from .s3_server import BUCKET, ROOT, client, free_port, running

pytestmark = pytest.mark.peer

URL = f"s3://{BUCKET}"
FLAGS = ("--max-length", "32", "--batch-tokens", "96", "--block-rows", "3", "--workers", "1")


@pytest.fixture(scope="module")
def server() -> Iterator[dict[str, str]]:
    with running() as found, pytest.MonkeyPatch.context() as patch:
        for name, value in found.items():
            patch.setenv(name, value)
        yield found


@pytest.fixture(scope="module")
def inputs(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Flags that name 90 made-up comments and a tiny random backbone."""
    folder, dice = tmp_path_factory.mktemp("inputs"), np.random.default_rng(3)
    texts = [" ".join(dice.choice(WORDS, dice.integers(2, 40))) for _ in range(90)]
    data = folder / "comments.csv"
    data.write_text("\n".join(["text,label", *(f"{text},{i % 2}" for i, text in enumerate(texts))]) + "\n")
    backbone = save_backbone(folder / "tiny", DISTILBERT, random_weights(DISTILBERT))
    return ["--data", str(data), "--backbone", str(backbone), *FLAGS]


def start(*arguments: str, **variables: str) -> "subprocess.Popen[str]":
    environment = {name: value for name, value in (os.environ | variables).items() if value}
    pipe = subprocess.PIPE
    line = [sys.executable, *arguments]
    return subprocess.Popen(line, cwd=ROOT, env=environment, stdout=pipe, stderr=pipe, text=True)


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run one of our commands to its end; an empty variable is taken out."""
    with start(*arguments, **variables) as process:
        output, errors = process.communicate(timeout=120)
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def extracted(inputs: list[str], folder: str, *flags: str) -> str:
    """Run `extract` into a folder; returns the cache."""
    done = run("-m", "extract", *inputs, "--cache-dir", folder, *flags)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()[-1].removeprefix("cache: ")


@pytest.fixture(scope="module")
def local(inputs: list[str], tmp_path_factory: pytest.TempPathFactory) -> str:
    return extracted(inputs, str(tmp_path_factory.mktemp("local")))


@pytest.fixture(scope="module")
def remote(inputs: list[str], server: dict[str, str]) -> str:
    """The same cache on the server."""
    return extracted(inputs, f"{URL}/whole/of it")


def objects(location: str) -> dict[str, bytes]:
    """Every object of a cache but the manifest, which holds times."""
    store = Store(location)
    names = [name for name in store.files() if name != "manifest.json"]
    return {name: store._root.read(name).result().value for name in names}


def local_files(location: str) -> dict[str, bytes]:
    paths = [path for path in Path(location).rglob("*") if path.is_file() and path.name != "manifest.json"]
    return {str(path.relative_to(location)): path.read_bytes() for path in paths}


def test_the_objects_are_the_files_of_a_local_cache(local: str, remote: str) -> None:
    assert remote == f"{URL}/whole/of it/{Path(local).name}"
    assert objects(remote) == local_files(local)


def test_the_named_credentials_are_used_for_arrays_too(
    inputs: list[str], server: dict[str, str], tmp_path: Path
) -> None:
    """Elsewhere TensorStore would look for files, and its log would say for each array that there are none."""
    done = run("-m", "extract", *inputs, "--cache-dir", f"{URL}/quiet", HOME=str(tmp_path))
    assert done.returncode == 0, done.stderr
    assert "AuthCredentials" not in done.stderr
    assert "Failed to open file" not in done.stderr


def test_every_array_is_read_back(local: str, remote: str) -> None:
    one, other = open_cache(local), open_cache(remote)
    for split in SPLITS:
        for field in LAYOUTS["ragged"]:
            wanted, found = (np.asarray(getattr(own.split(split), field)) for own in (one, other))
            assert (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
            assert found.tobytes() == wanted.tobytes()


def test_list_show_and_verify(local: str, remote: str) -> None:
    listed = run("-m", "cache", "list", "--cache-dir", f"{URL}/whole/of it/")
    assert "train 72, valid 9, test 9" in listed.stdout, listed.stderr
    assert listed.stdout.startswith(Path(local).name)
    assert "padded float32 tensor" in run("-m", "cache", "show", "--cache-dir", f"{URL}/whole/of it").stdout
    verified = run("-m", "cache", "verify", remote, "--full")
    assert "sound (90 rows" in verified.stdout, verified.stderr


def test_a_complete_cache_is_recognised(inputs: list[str], remote: str) -> None:
    done = run("-m", "extract", *inputs, "--cache-dir", f"{URL}/whole/of it")
    assert "complete already" in done.stdout, done.stderr


def table(folder: Path) -> list[dict[str, str]]:
    (path,) = folder.glob("*/results.csv")
    with path.open() as file:
        rows = list(csv.DictReader(file))
    return [{name: value for name, value in row.items() if name != "train_seconds"} for row in rows]


def test_bench_reads_it(local: str, remote: str, tmp_path: Path) -> None:
    flags = ("bench.py", "--quick", "--heads", "maxavg,gru", "--out")
    there = run(*flags, str(tmp_path / "there"), "--cache-dir", f"{URL}/whole/of it")
    assert there.returncode == 0, there.stderr
    assert run(*flags, str(tmp_path / "here"), "--cache", local).returncode == 0
    assert [row["head"] for row in table(tmp_path / "there")] == [
        "majority",
        "tfidf_logreg",
        "logreg_mean",
        "maxavg",
        "gru",
    ]
    assert table(tmp_path / "there") == table(tmp_path / "here")


def committed(location: str) -> list[str]:
    return [name for name in Store(location).files() if name.endswith("/block.json")]


def wait_for(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.mark.parametrize("blocks", [1, 7])
def test_kill_9_and_the_same_command_again(
    blocks: int, inputs: list[str], local: str, server: dict[str, str]
) -> None:
    folder = f"{URL}/killed-{blocks}"
    location = f"{folder}/{Path(local).name}"
    with start("-m", "extract", *inputs, "--cache-dir", folder) as process:
        wait_for(lambda: len(committed(location)) >= blocks)
        process.kill()
        process.communicate()
    done = len(committed(location))
    assert 0 < done < len(list(Path(local).glob("*/*/block.json")))  # it was killed on the way
    with pytest.raises(CacheError, match="is unfinished"):
        open_cache(location)
    assert "unfinished" in run("-m", "cache", "list", "--cache-dir", folder).stdout
    again = run("-m", "extract", *inputs, "--cache-dir", folder)
    assert f"resuming: {done} of 30 blocks done" in again.stdout, again.stderr
    assert objects(location) == local_files(local)
    assert verify(open_cache(location)) == []


def test_a_second_writer_waits_for_the_first(inputs: list[str], local: str, server: dict[str, str]) -> None:
    folder = f"{URL}/two"
    with held(Store(f"{folder}/{Path(local).name}"), print):
        second = start("-m", "extract", *inputs, "--cache-dir", folder)
        assert second.stdout is not None
        lines = iter(second.stdout.readline, "")
        said = next(line for line in lines if "is being written" in line)
        assert f"process {os.getpid()} on {socket.gethostname()}: waiting for it" in said
        assert objects(f"{folder}/{Path(local).name}").keys() == {"lock.json"}
    with second:
        _, errors = second.communicate(timeout=60)
    assert second.returncode == 0, errors
    assert objects(f"{folder}/{Path(local).name}") == local_files(local)


def test_two_writers_at_once_leave_one_sound_cache(
    inputs: list[str], local: str, server: dict[str, str]
) -> None:
    folder = f"{URL}/pair"
    both = ("-m", "extract", *inputs, "--cache-dir", folder)
    with ThreadPoolExecutor(2) as threads:  # each reads its own pipes, or a full one would stop its process
        pair = [done.result() for done in [threads.submit(run, *both) for _ in range(2)]]
    assert [done.returncode for done in pair] == [0, 0], [done.stderr for done in pair]
    assert objects(f"{folder}/{Path(local).name}") == local_files(local)


def test_the_lock_is_taken_by_a_conditional_write(server: dict[str, str]) -> None:
    store = Store(f"{URL}/lock")
    first, second, third = Lock(store), Lock(store), Lock(store)
    nothing = store.generation("lock.json")
    assert first.take(nothing)
    assert not second.take(nothing)  # If-None-Match: the object is there by now
    old = store.generation("lock.json")
    assert first.take(old)  # If-Match: a sign of life
    assert not third.take(old)
    second.release()
    assert store.exists("lock.json")
    first.release()
    assert not store.exists("lock.json")


def test_only_one_of_many_threads_is_inside(server: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headstart.cache.storage.lock.POLL", 0.01)
    store, inside, most = Store(f"{URL}/threads"), 0, 0

    def work() -> None:
        nonlocal inside, most
        with held(store, lambda line: None):
            inside += 1
            most = max(most, inside)
            time.sleep(0.02)
            inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (most, inside) == (1, 0)


def test_a_flipped_byte_is_found_and_repaired(inputs: list[str], local: str, server: dict[str, str]) -> None:
    folder = f"{URL}/flipped"
    location = extracted(inputs, folder)
    store = Store(location)
    (name,) = [name for name in store.files("train/00002/hidden") if "/c/" in name]
    data = bytearray(store._root.read(name).result().value)
    data[11] ^= 1
    store._root.write(name, bytes(data)).result()
    with pytest.raises(CacheError, match="train/00002/hidden is damaged"):
        _ = open_cache(location).split("train").hidden
    found = run("-m", "cache", "verify", location, "--full")
    assert found.returncode == 2
    assert found.stdout.startswith("train/00002: checksum: hidden")
    mended = run("-m", "cache", "repair", location, "--", *inputs, "--cache-dir", folder)
    assert (mended.returncode, "sound again" in mended.stdout) == (0, True), mended.stderr
    assert objects(location) == local_files(local)


def test_an_object_that_is_gone_is_missing(inputs: list[str], server: dict[str, str]) -> None:
    location = extracted(inputs, f"{URL}/gone")
    Store(location).delete_folder("valid/00001/pooled/c")
    assert [problem[:3] for problem in verify(open_cache(location))] == [("valid", "00001", "missing")]


def test_it_grows(inputs: list[str], server: dict[str, str], tmp_path: Path) -> None:
    folder, rule = f"{URL}/grown", ("--split-rule", "stable")
    extracted(inputs, folder, *rule)
    longer = tmp_path / "comments.csv"
    longer.write_text(Path(inputs[1]).read_text() + "you are kind,1\nrude soup,0\n")
    done = run("-m", "extract", "--data", str(longer), *inputs[2:], "--cache-dir", folder, *rule)
    assert re.search(r"2 rows were added to .*: \d\d of its blocks are taken over", done.stdout), done.stderr
    assert len(run("-m", "cache", "list", "--cache-dir", folder).stdout.splitlines()) == 2


def test_remove_leaves_nothing_and_touches_nothing_else(inputs: list[str], server: dict[str, str]) -> None:
    location = extracted(inputs, f"{URL}/removed", "--views", "pooled")
    Store(location).write_json("notes/mine.json", {})
    refused = run("-m", "cache", "remove", location, "--yes")
    assert (refused.returncode, "holds 'notes/mine.json', which is not ours" in refused.stderr) == (2, True)
    Store(location).delete_folder("notes")
    Store(f"{URL}/removed").write_json("other/mine.json", {})
    done = run("-m", "cache", "remove", location, "--yes")
    assert done.returncode == 0, done.stderr
    assert Store(f"{URL}/removed").files() == ["other/mine.json"]


@pytest.fixture(scope="module")
def silent() -> Iterator[str]:
    """A server that takes connections and never answers."""
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen(50)
        yield f"http://127.0.0.1:{server.getsockname()[1]}"


@pytest.fixture(scope="module")
def strict() -> Iterator[dict[str, str]]:
    """A server that checks signatures, after the request that makes the bucket."""
    with running(INITIAL_NO_AUTH_ACTION_COUNT="1") as found:
        yield found


class Refusal(BaseHTTPRequestHandler):
    """Answers requests without a signature as Amazon does."""

    def refuse(self) -> None:
        assert "Authorization" not in self.headers
        text = b"<Error><Code>AccessDenied</Code><Message>Access Denied</Message></Error>"
        self.send_response(403)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_HEAD = do_PUT = refuse  # noqa: N815

    def log_message(self, *arguments: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def refusing() -> Iterator[str]:
    """A server that wants signed requests."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Refusal) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture(scope="module")
def mistakes(
    server: dict[str, str], strict: dict[str, str], silent: str, refusing: str
) -> dict[str, tuple[str, dict[str, str], str]]:
    """Bucket, variables and words of the message for each mistake."""
    no_keys = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "AWS_EC2_METADATA_DISABLED": "true"}
    return {
        "endpoint": (URL, client(f"http://127.0.0.1:{free_port()}"), "Could not connect to server"),
        "silence": (URL, client(silent), "no answer within 25 s"),
        "bucket": ("s3://nothing-here", server, "The specified bucket does not exist"),
        "keys": (URL, strict, "does not exist in our records"),
        "no keys": (URL, client(refusing) | no_keys, "PERMISSION_DENIED: AccessDenied"),
    }


EXTRACT = ("-m", "extract", "--cache-dir")
COMMANDS = (
    EXTRACT, ("-m", "cache", "list", "--cache-dir"), ("-m", "cache", "verify"),
    ("-m", "cache", "remove", "--yes"), ("bench.py", "--cache-dir"),
)  # fmt: skip
CASES = [(mistake, command) for mistake in ("endpoint", "bucket", "keys", "no keys") for command in COMMANDS]


@pytest.mark.parametrize(("mistake", "command"), [*CASES, ("silence", EXTRACT)])
def test_a_mistake_is_one_line_and_soon(
    mistake: str,
    command: tuple[str, ...],
    inputs: list[str],
    mistakes: dict[str, tuple[str, dict[str, str], str]],
) -> None:
    bucket, variables, says = mistakes[mistake]
    flags = inputs if command == EXTRACT else []
    done = run(*command, f"{bucket}/somewhere", *flags, **variables)
    assert done.returncode == 2, done.stderr
    ours = [
        line for line in done.stderr.splitlines() if not re.match(r"[EW]\d{4} ", line)
    ]  # the S3 library's
    assert len(ours) == 1
    assert ours[0].startswith(f"error: {bucket}")
    assert says in ours[0]
    assert "check the bucket's name, the credentials" in ours[0]


def test_four_workers_share_data_and_cache_on_one_bucket(server: dict[str, str], tmp_path: Path) -> None:
    """Rows come from the bucket, blocks go to it, and the cache is that of one worker on a disk."""
    data = write_comments(tmp_path / "comments.parquet")
    backbone = save_backbone(tmp_path / "tiny", DISTILBERT, random_weights(DISTILBERT))
    put(f"{URL}/data/comments.parquet", data.read_bytes())
    flags = ["--backbone", str(backbone), *FLAGS, "--split-rule", "stable", "--class-names", "0,1"]
    alone = run(
        "-m",
        "extract",
        "--data",
        str(data),
        *flags,
        "--cache-dir",
        str(tmp_path / "alone"),
        "--worker",
        "0/1",
    )
    assert alone.returncode == 0, alone.stderr
    there = ["--data", f"{URL}/data/*.parquet", *flags, "--cache-dir", f"{URL}/shared"]
    workers = [start("-m", "extract", *there, "--worker", f"{number}/4") for number in range(4)]
    ends = [worker.communicate(timeout=300) for worker in workers]
    assert [worker.returncode for worker in workers] == [0] * 4, ends
    finished = run("-m", "extract", "finish", *there)
    assert finished.returncode == 0, finished.stderr
    location = finished.stdout.splitlines()[-1].removeprefix("cache: ")
    assert verify(open_cache(location)) == []
    local_cache = next((tmp_path / "alone").iterdir())
    assert location.rpartition("/")[2].split("-")[-1] == local_cache.name.split("-")[-1]
    here = {name: content for name, content in objects(location).items() if not name.startswith("units/")}
    assert here == {name: (local_cache / name).read_bytes() for name in here}
    said = "".join(text for pair in [*ends, (finished.stdout, finished.stderr)] for text in pair)
    stored = b"".join(objects(location).values())
    assert "testing" not in said
    assert b"testing" not in stored


def put(url: str, content: bytes) -> None:
    system, key = _object_store(url)
    with system.open_output_stream(key) as stream:
        stream.write(content)
