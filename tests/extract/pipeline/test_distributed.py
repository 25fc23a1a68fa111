"""Several processes on one machine, each its own JAX runtime, as on several hosts."""

import dataclasses
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError, open_cache
from headstart.extract.pipeline import distributed
from headstart.extract.pipeline.distributed import Hosts, join
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings

from ..conftest import Recorder

COUNT = 2


def start(settings: Settings, port: int, index: int) -> "subprocess.Popen[str]":
    flags = ["--coordinator", f"127.0.0.1:{port}", "--num-processes", str(COUNT), "--process-id", str(index)]
    command = [sys.executable, *settings.command.split()[1:], *flags]
    environment = os.environ | {"JAX_NUM_CPU_DEVICES": "1", "JAX_PLATFORMS": "cpu"}
    return subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, env=environment
    )


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def run_all(settings: Settings) -> list[str]:
    """Outputs of all processes, each of which must end well."""
    port = free_port()
    processes = [start(settings, port, index) for index in range(COUNT)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [0] * COUNT, outputs
    return outputs


def assert_same(one: str, other: str) -> None:
    for name in ("train", "valid", "test"):
        a, b = open_cache(one).split(name), open_cache(other).split(name)
        for field in ("hidden", "pooled", "lengths", "labels", "rows"):
            np.testing.assert_array_equal(getattr(a, field), getattr(b, field))


@pytest.fixture
def here(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, cache_dir=str(tmp_path / "several"), block_rows=8)


@pytest.fixture
def alone(here: Settings, tmp_path: Path) -> str:
    return extract(dataclasses.replace(here, cache_dir=str(tmp_path / "alone")), Recorder())


def test_two_processes_make_what_one_makes(here: Settings, alone: str) -> None:
    first, second = run_all(here)
    location = str(Path(here.cache_dir) / Path(alone).name)
    assert_same(location, alone)
    assert "backbone about" in first
    assert "backbone about" not in second  # only the first talks
    found, wanted = open_cache(location).manifest, open_cache(alone).manifest
    assert (found.rows, found.tokens, found.splits) == (wanted.rows, wanted.tokens, wanted.splits)
    assert f"{wanted.rows} rows, {wanted.tokens:,} tokens" in first  # all processes' together


@pytest.fixture
def one_odd_token(here: Settings, tmp_path: Path, tiny_backbone: Path) -> Settings:
    """A backbone without an embedding for a word that stands in one row."""
    backbone = tmp_path / "odd"
    shutil.copytree(tiny_backbone, backbone)
    tokenizer = json.loads((backbone / "tokenizer.json").read_text())
    tokenizer["model"]["vocab"]["zyxzyx"] = 99999
    (backbone / "tokenizer.json").write_text(json.dumps(tokenizer))
    data = tmp_path / "odd.csv"
    lines = [f"{'zyxzyx' if n == 30 else 'you are kind'} {n},{n % 2}\n" for n in range(60)]
    data.write_text("text,label\n" + "".join(lines))
    return dataclasses.replace(here, data=str(data), backbone=str(backbone))


def test_a_mistake_that_one_process_sees_ends_all(one_odd_token: Settings) -> None:
    port = free_port()
    processes = [start(one_odd_token, port, index) for index in range(COUNT)]
    outputs = [process.communicate(timeout=120)[0] for process in processes]
    assert [process.returncode for process in processes] == [2, 2], outputs
    assert sum("knows a token 99999" in output for output in outputs) == 1
    assert sum("another process of this job failed" in output for output in outputs) == 1


def test_who_fails_alone_is_lost_to_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    registered: list[tuple[object, ...]] = []
    monkeypatch.setattr(distributed.atexit, "register", lambda *given: registered.append(given))
    for error, count in ((UserError("full"), 2), (ValueError("a bug"), 2), (UserError("full"), 1)):
        with pytest.raises(type(error)), Hosts(0, count).lost_on_error():
            raise error
    with pytest.raises(UserError), Hosts(0, 2).lost_on_error():
        raise distributed.FailedTogetherError("all know")
    assert registered == [(os._exit, 2), (os._exit, 1)]


def test_a_process_may_have_nothing_to_do(here: Settings) -> None:
    one = dataclasses.replace(here, split="test", block_rows=1000)
    run_all(one)
    (location,) = Path(here.cache_dir).iterdir()
    assert len(open_cache(str(location)).manifest.splits["test"]) == 1


@pytest.mark.slow
def test_a_lost_process_s_blocks_are_computed_by_the_next_run(here: Settings, alone: str) -> None:
    location = Path(here.cache_dir) / Path(alone).name
    port = free_port()
    processes = [start(here, port, index) for index in range(COUNT)]
    deadline = time.monotonic() + 90
    while not list(location.glob("*/*/block.json")) and time.monotonic() < deadline:
        time.sleep(0.005)
    processes[1].send_signal(signal.SIGKILL)
    processes[0].send_signal(signal.SIGKILL)  # JAX would end it after its heartbeat's timeout
    for process in processes:
        process.communicate()
    assert list(location.glob("*/*/block.json"))
    run_all(here)
    assert_same(str(location), alone)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_process_that_waits_for_another_can_be_stopped(here: Settings, number: int) -> None:
    port = free_port()
    processes = [start(here, port, index) for index in range(COUNT)]
    deadline = time.monotonic() + 90
    while not list(Path(here.cache_dir).glob("*/recipe.json")) and time.monotonic() < deadline:
        time.sleep(0.005)
    processes[0].send_signal(signal.SIGSTOP)  # whatever the second does, it will wait for the first
    try:
        time.sleep(1.0)
        processes[1].send_signal(number)
        said, _ = processes[1].communicate(timeout=60)
        assert (processes[1].returncode, "the same command continues" in said) == (130, True), said
    finally:
        processes[0].kill()
        processes[0].communicate()


def test_a_process_that_looks_for_the_first_can_be_stopped(here: Settings) -> None:
    lonely = start(here, free_port(), 1)
    assert lonely.stdout
    lonely.stdout.readline()  # it has read its rows, and asks for the first process
    time.sleep(1.0)
    lonely.send_signal(signal.SIGTERM)
    said, _ = lonely.communicate(timeout=60)
    assert (lonely.returncode, "Traceback" in said) == (130, False), said


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"coordinator": "127.0.0.1:1"}, "give all three"),
        ({"process_id": 0, "num_processes": 2}, "give all three"),
        ({"coordinator": "127.0.0.1:1", "num_processes": 2, "process_id": 2}, "not from 0 to 1"),
        ({"coordinator": "127.0.0.1:1", "num_processes": 2, "process_id": -1}, "not from 0 to 1"),
        ({"coordinator": "host0", "num_processes": 1, "process_id": 0}, "host0 is no HOST:PORT"),
        ({"coordinator": "host0:99999", "num_processes": 1, "process_id": 0}, "port from 1 to 65535"),
    ],
)
def test_flags_that_do_not_fit(settings: Settings, given: dict[str, object], says: str) -> None:
    wrong = dataclasses.replace(settings, **given)
    with pytest.raises(UserError, match=says):
        join(wrong)
    with pytest.raises(UserError, match=says):  # before anything is read
        extract(dataclasses.replace(wrong, data="/no/such/file.csv"), Recorder())


def test_a_launcher_s_variable_that_is_no_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed.os, "environ", {"SLURM_STEP_NUM_TASKS": "abc"})
    with pytest.raises(UserError, match="SLURM_STEP_NUM_TASKS holds 'abc'"):
        distributed.in_cluster()


@pytest.mark.parametrize(
    ("variables", "wanted"),
    [
        ({}, False),
        ({"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "4"}, True),
        ({"SLURM_NTASKS": "4"}, False),  # a batch script, outside of srun
        ({"SLURM_NTASKS": "4", "SLURM_STEP_NUM_TASKS": "1"}, False),  # salloc's shell
        ({"OMPI_COMM_WORLD_SIZE": ""}, False),
        ({"OMPI_COMM_WORLD_SIZE": "2"}, True),
        ({"OMPI_COMM_WORLD_SIZE": "1"}, False),
        ({"TPU_WORKER_HOSTNAMES": "localhost"}, False),
        ({"TPU_WORKER_HOSTNAMES": "10.0.0.1,10.0.0.2"}, True),
    ],
)
def test_a_cluster_is_recognised(
    monkeypatch: pytest.MonkeyPatch, variables: dict[str, str], wanted: bool
) -> None:
    monkeypatch.setattr(distributed.os, "environ", variables)
    assert distributed.in_cluster() == wanted


def test_alone_there_is_nobody_to_wait_for(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(distributed.os, "environ", {})
    assert join(settings) == Hosts(0, 1)
    Hosts().wait("nobody")
