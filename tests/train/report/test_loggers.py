"""What loggers get: TensorBoard's files read back, MLflow's database where it is installed, and stubs of the others."""

import math
import struct
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tensorboardX.proto.event_pb2 import Event

from headstart.cache.runtime.errors import UserError
from headstart.train.engine.history import EpochRecord, HeadSeed, TrainingProgress
from headstart.train.report.loggers import (
    LoggedRun,
    Logger,
    RunReporter,
    RunReporters,
    open_loggers,
    require_loggers,
)
from headstart.train.results.result import Result

KEYS = [HeadSeed("avg@3", 0), HeadSeed("gru", 1)]


def progress(epochs: int) -> TrainingProgress:
    """Of `avg@3` and `gru`; the second one's validation loss is not defined from the second epoch on."""
    losses = [[0.5, 0.25, 0.125], [1.0, math.nan, math.nan]]
    histories = {
        key: tuple(
            EpochRecord(n + 1, 0.75, 0.5, loss, 0.5, 0.002, False) for n, loss in enumerate(row[:epochs])
        )
        for key, row in zip(KEYS, losses, strict=True)
    }
    return TrainingProgress({}, {}, histories, (0.1,) * epochs)


def run(tmp_path: Path) -> LoggedRun:
    return LoggedRun(
        "texts-tiny-0123456789", str(tmp_path), {"seeds": 2, "heads": "avg@3,gru", "cache": None}
    )


def result(head: str, seed: int, fold: int | None = None) -> Result:
    return Result(
        head, seed, 17, 3, 3, 0.125, 0.75, test_loss=0.375, test_accuracy=0.875, train_seconds=1.0, fold=fold
    )


def write_all(loggers: Sequence[Logger], fold: int | None = None) -> None:
    """Three epochs, the last without `gru`; and the test rows."""
    everybody = RunReporters(loggers)
    for epoch in (1, 2, 3):
        everybody.epoch(fold, progress(epoch), KEYS if epoch < 3 else KEYS[:1])
    everybody.end([result("avg@3", 0, fold), result("majority", 0, fold)])
    everybody.close()


def scalars(path: Path) -> dict[str, list[tuple[int, float]]]:
    """What a file of events holds: each record is its length, a checksum, an event, a checksum."""
    values: dict[str, list[tuple[int, float]]] = {}
    data = path.read_bytes()
    while data:
        (size,) = struct.unpack("<Q", data[:8])
        event = Event.FromString(data[12 : 12 + size])
        for value in event.summary.value:
            values.setdefault(value.tag, []).append((event.step, value.simple_value))
        data = data[16 + size :]
    return values


@pytest.mark.parametrize(
    ("logger", "place"),
    [
        ("tensorboard", "tensorboard"),
        ("tensorboard", "tensorboard/texts-tiny-0123456789"),
        ("mlflow", "mlflow.db"),
    ],
)
def test_nothing_is_written_through_a_link(
    logger: str, place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "mlflow", StubMLflow())  # type: ignore[arg-type]
    elsewhere, link = tmp_path / "elsewhere", tmp_path / "out" / place
    elsewhere.mkdir()
    link.parent.mkdir(parents=True)
    link.symlink_to(elsewhere)
    with pytest.raises(UserError, match=f"--log {logger}: .* is a link"):
        open_loggers([logger], run(tmp_path / "out"))
    assert not [*elsewhere.iterdir()]


@pytest.mark.parametrize("fold", [None, 2])
def test_tensorboard_has_a_folder_for_each_curve(fold: int | None, tmp_path: Path) -> None:
    write_all(open_loggers(require_loggers("tensorboard"), run(tmp_path)), fold)
    below = f"/fold-{fold}" if fold else ""
    files = {
        str(path.parent.relative_to(next(tmp_path.glob("tensorboard/texts-tiny-0123456789/*")))): path
        for path in tmp_path.glob("tensorboard/**/events*")
    }
    assert set(files) == {f"{name}{below}" for name in ("avg-at-3/seed-0", "gru/seed-1", "majority/seed-0")}
    values = scalars(files[f"avg-at-3/seed-0{below}"])
    assert values["valid_loss"] == [(1, 0.5), (2, 0.25), (3, 0.125)]
    assert [step for step, _ in values["learning_rate"]] == [1, 2, 3]
    assert values["test_accuracy"] == [(3, 0.875)]
    assert scalars(files[f"gru/seed-1{below}"])["valid_loss"] == [(1, 1.0)]
    assert scalars(files[f"gru/seed-1{below}"])["accuracy"] == [(1, 0.5), (2, 0.5)]


def test_mlflow_has_a_run_with_its_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mlflow = pytest.importorskip("mlflow", reason="an extra: pip install mlflow-skinny sqlalchemy alembic")
    monkeypatch.delenv("MLFLOW_TRACKING_URI", raising=False)
    write_all(open_loggers(require_loggers("mlflow"), run(tmp_path)))
    (broken,) = open_loggers(["mlflow"], run(tmp_path))
    broken.close()
    client = mlflow.MlflowClient(f"sqlite:///{tmp_path}/mlflow.db")
    runs = client.search_runs([client.get_experiment_by_name("headstart").experiment_id])
    assert sorted(one.info.status for one in runs) == ["FAILED", "FINISHED"]
    (whole,) = (one for one in runs if one.info.status == "FINISHED")
    assert whole.data.params == {"seeds": "2", "heads": "avg@3,gru", "cache": "None"}
    losses = client.get_metric_history(whole.info.run_id, "avg-at-3/seed-0/valid_loss")
    assert [(one.step, one.value) for one in losses] == [(1, 0.5), (2, 0.25), (3, 0.125)]


class StubMLflow:
    """What is called of MLflow."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, Any]] = []
        self.entities = SimpleNamespace(Param=lambda *fields: fields, Metric=lambda *fields: fields)

    def is_tracking_uri_set(self) -> bool:
        return True

    def MlflowClient(self, uri: str | None) -> "StubMLflow":  # noqa: N802
        self.calls.append(("uri", uri))
        return self

    def get_experiment_by_name(self, name: str) -> None:
        return None

    def create_experiment(self, name: str) -> str:
        self.calls.append(("experiment", name))
        return "7"

    def create_run(self, experiment: str, run_name: str) -> SimpleNamespace:
        return SimpleNamespace(info=SimpleNamespace(run_id=f"{experiment}/{run_name}"))

    def log_batch(self, run: str, metrics: Sequence[Any] = (), params: Sequence[Any] = ()) -> None:
        self.calls += [(f"{name}@{step}", value) for name, value, _, step in metrics]
        self.calls += [(name, value) for name, value in params]

    def set_terminated(self, run: str, status: str) -> None:
        self.calls.append(("status", (run, status)))


def test_mlflow_takes_the_users_server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = StubMLflow()
    monkeypatch.setitem(sys.modules, "mlflow", stub)  # type: ignore[arg-type]
    monkeypatch.setitem(sys.modules, "mlflow.entities", stub.entities)  # type: ignore[arg-type]
    write_all(open_loggers(require_loggers("mlflow"), run(tmp_path)))
    calls = dict(stub.calls)
    assert calls["uri"] is None
    assert (calls["experiment"], calls["seeds"]) == ("headstart", "2")
    assert calls["avg-at-3/seed-0/valid_loss@3"] == 0.125
    assert calls["status"] == ("7/texts-tiny-0123456789", "FINISHED")


class StubWandb:
    """What is called of Weights & Biases."""

    def __init__(self) -> None:
        self.logged: list[Mapping[str, float]] = []
        self.code: int | None = None

    def init(self, project: str, name: str, config: Mapping[str, Any]) -> "StubWandb":
        assert (project, name, config["seeds"]) == ("headstart", "texts-tiny-0123456789", 2)
        return self

    def log(self, numbers: Mapping[str, float]) -> None:
        self.logged.append(numbers)

    def finish(self, exit_code: int) -> None:
        self.code = exit_code


def test_wandb_has_the_epoch_beside_its_numbers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    stub = StubWandb()
    monkeypatch.setitem(sys.modules, "wandb", stub)  # type: ignore[arg-type]
    write_all(open_loggers(require_loggers("wandb"), run(tmp_path)))
    first, *_, last = stub.logged
    assert (first["avg-at-3/seed-0/valid_loss"], first["avg-at-3/seed-0/epoch"]) == (0.5, 1)
    assert last == {
        "majority/seed-0/test_loss": 0.375,
        "majority/seed-0/test_accuracy": 0.875,
        "majority/seed-0/epoch": 3,
    }
    assert stub.code == 0
    open_loggers(["wandb"], run(tmp_path))[0].close()
    assert stub.code == 1


def test_what_a_server_refuses_is_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(**_: Any) -> None:
        raise OSError("no route\n  to host")

    monkeypatch.setitem(sys.modules, "wandb", SimpleNamespace(init=refuse))  # type: ignore[arg-type]
    with pytest.raises(UserError, match=r"^--log wandb: no route to host$"):
        open_loggers(["wandb"], run(tmp_path))


@pytest.mark.parametrize("when", ["write", "close"])
@pytest.mark.parametrize("error", [RuntimeError("gone\n\x1b[2J"), ValueError("no metric"), KeyError("x")])
def test_what_a_server_refuses_later_is_one_line(
    when: str, error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: Any) -> None:
        raise error

    heard = Heard()
    loggers = open_loggers(["tensorboard"], run(tmp_path))
    monkeypatch.setattr(loggers[0], when, fail)
    with pytest.raises(UserError, match=r"^--log tensorboard: ") as refused:
        write_all([heard, *loggers])  # type: ignore[list-item]
    assert str(refused.value).isprintable()
    assert (when == "write") or heard.closed


class Heard(RunReporter):
    """A reporter that knows whether it was closed."""

    closed = False

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("tensorbord", r"--log tensorbord: did you mean 'tensorboard'\? loggers: tensorboard, mlflow, wandb"),
        ("tensorboard,wandb", "needs the module wandb, which is not installed: pip install wandb$"),
        ("mlflow", "pip install mlflow-skinny sqlalchemy alembic$"),
    ],
)
def test_a_logger_that_is_not_there_is_one_line(
    names: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("wandb", "mlflow"):
        monkeypatch.setitem(sys.modules, module, None)
    with pytest.raises(UserError, match=message):
        require_loggers(names)


def test_several_hear_every_line() -> None:
    class Recorder(RunReporter):
        def __init__(self) -> None:
            self.lines: list[str] = []

        def log(self, line: str) -> None:
            self.lines.append(line)

    recorders = [Recorder(), Recorder()]
    RunReporters(recorders).log("a line")
    assert [one.lines for one in recorders] == [["a line"]] * 2
    assert require_loggers(" , ") == []
