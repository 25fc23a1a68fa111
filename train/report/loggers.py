"""Where numbers of a comparison go besides its folder: TensorBoard, MLflow, Weights & Biases; imported if asked for."""

import contextlib
import importlib
import math
import os
import pathlib
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.progress import Reporter
from headstart.cache.runtime.text import did_you_mean
from headstart.train.engine.history import HeadSeed, TrainingProgress
from headstart.train.engine.stored_files import require_no_link
from headstart.train.results.result import Result


class RunReporter(Reporter):
    """Takes what a comparison has to tell, and drops it; other kinds print or record it."""

    def epoch(self, fold: int | None, progress: TrainingProgress, active: Sequence[HeadSeed]) -> None:
        """Hear of an epoch, of the fold of that number, and who took part in it."""

    def end(self, results: Sequence[Result]) -> None:
        """Hear what was found."""

    def close(self) -> None:
        """Hear that nothing follows, whether there was an end or an error."""


class RunReporters(RunReporter):
    """Tells several what it hears."""

    def __init__(self, reporters: Sequence[RunReporter]) -> None:
        self._reporters = reporters

    def log(self, line: str) -> None:
        """Tell a line."""
        for reporter in self._reporters:
            reporter.log(line)

    @contextlib.contextmanager
    def phase(self, work: str, logged: bool = True) -> Iterator[None]:
        """Tell what the `with` block does."""
        with contextlib.ExitStack() as stack:
            for reporter in self._reporters:
                stack.enter_context(reporter.phase(work, logged))
            yield

    def epoch(self, fold: int | None, progress: TrainingProgress, active: Sequence[HeadSeed]) -> None:
        """Tell of an epoch."""
        for reporter in self._reporters:
            with refusals(reporter):
                reporter.epoch(fold, progress, active)

    def end(self, results: Sequence[Result]) -> None:
        """Tell what was found."""
        for reporter in self._reporters:
            with refusals(reporter):
                reporter.end(results)

    def close(self) -> None:
        """Tell that nothing follows; one that fails keeps no other from hearing it."""
        with contextlib.ExitStack() as stack:
            for reporter in self._reporters:
                stack.enter_context(refusals(reporter))
                stack.callback(reporter.close)


@contextlib.contextmanager
def refusals(reporter: object) -> Iterator[None]:
    """Whatever a logger's server or store says becomes one line: the run can be resumed without it."""
    try:
        yield
    except (UserError, OSError):
        raise
    except Exception as error:
        name = next((name for name, (_, _, kind) in LOGGERS.items() if isinstance(reporter, kind)), None)
        if name is None:
            raise
        raise UserError(f"--log {name}: {' '.join(str(error).split())[:300]}") from None


class LoggedRun(NamedTuple):
    """What a logger is told before the first epoch.

    Attributes:
        name: Name of the run's folder.
        out: Folder that holds it.
        settings: What the user chose.
    """

    name: str
    out: str
    settings: Mapping[str, Any]


class Logger(RunReporter, ABC):
    """Writes the numbers of each epoch, and at the end those of the test rows, under `avg/seed-0`, `avg/seed-0/fold-1`.

    Args:
        package: The logger's package, imported.
        run: The run.
    """

    def __init__(self, package: Any, run: LoggedRun) -> None:
        self.package, self.run, self.ended = package, run, False
        self.open()

    def epoch(self, fold: int | None, progress: TrainingProgress, active: Sequence[HeadSeed]) -> None:
        """Write the last epoch of each head and seed."""
        for key in active:
            numbers = progress.histories[key][-1]._asdict()
            step = numbers.pop("epoch")
            del numbers["lr_cut"]  # the rate says it
            self.write(series(key.head, key.seed, fold), step, finite(numbers))

    def end(self, results: Sequence[Result]) -> None:
        """Write loss and accuracy on the test rows, of baselines too."""
        for row in results:
            numbers = {"test_loss": row.test_loss, "test_accuracy": row.test_accuracy}
            self.write(series(row.head, row.seed, row.fold), int(row.epochs), finite(numbers))
        self.ended = True

    @abstractmethod
    def open(self) -> None:
        """Begin a run."""

    @abstractmethod
    def write(self, name: str, step: int, numbers: Mapping[str, float]) -> None:
        """Write the numbers of an epoch of a series."""


def series(head: str, seed: int, fold: int | None) -> str:
    """Name of a head's curve; loggers know no `@`."""
    return f"{head.replace('@', '-at-')}/seed-{seed}" + (f"/fold-{fold}" if fold else "")


def finite(numbers: Mapping[str, Any]) -> dict[str, float]:
    """The numbers that can be drawn."""
    return {name: float(number) for name, number in numbers.items() if math.isfinite(number)}


class TensorBoardLogger(Logger):
    """Event files in `OUT/tensorboard/RUN/TIME`, a folder for each series: `tensorboard --logdir OUT/tensorboard`."""

    def open(self) -> None:
        """Choose a folder of this run's own."""
        runs = os.path.join(self.run.out, "tensorboard")
        self._folder = os.path.join(runs, self.run.name, time.strftime("%Y%m%d-%H%M%S"))
        for folder in (runs, os.path.dirname(self._folder)):
            require_no_link(folder)
        self._writers: dict[str, Any] = {}

    def write(self, name: str, step: int, numbers: Mapping[str, float]) -> None:
        """Add scalars."""
        if name not in self._writers:
            self._writers[name] = self.package.SummaryWriter(os.path.join(self._folder, name))
        for tag, number in numbers.items():
            self._writers[name].add_scalar(tag, number, step)

    def close(self) -> None:
        """Write what is left."""
        for writer in self._writers.values():
            writer.close()


class MLflowLogger(Logger):
    """A run in MLflow's experiment `headstart`, where `MLFLOW_TRACKING_URI` says, or else in `OUT/mlflow.db`."""

    def open(self) -> None:
        """Create the run, with the settings as its parameters."""
        store = pathlib.Path(self.run.out, "mlflow.db").absolute().as_posix()
        require_no_link(store)
        self._client = self.package.MlflowClient(
            None if self.package.is_tracking_uri_set() else f"sqlite:///{store}"
        )
        experiment = self._client.get_experiment_by_name("headstart")
        identity = experiment.experiment_id if experiment else self._client.create_experiment("headstart")
        self._run = self._client.create_run(identity, run_name=self.run.name).info.run_id
        self._entities: Any = importlib.import_module("mlflow.entities")
        parameters = [self._entities.Param(name, str(value)) for name, value in self.run.settings.items()]
        self._client.log_batch(self._run, params=parameters)

    def write(self, name: str, step: int, numbers: Mapping[str, float]) -> None:
        """Add metrics."""
        now, metric = int(time.time() * 1000), self._entities.Metric
        metrics = [metric(f"{name}/{tag}", number, now, step) for tag, number in numbers.items()]
        self._client.log_batch(self._run, metrics=metrics)

    def close(self) -> None:
        """Say how the run ended."""
        self._client.set_terminated(self._run, "FINISHED" if self.ended else "FAILED")


class WandbLogger(Logger):
    """A run in the project `headstart` of Weights & Biases, which wants an account unless `WANDB_MODE` is `offline`."""

    def open(self) -> None:
        """Begin the run."""
        self._run = self.package.init(project="headstart", name=self.run.name, config=dict(self.run.settings))

    def write(self, name: str, step: int, numbers: Mapping[str, float]) -> None:
        """Log numbers; their epoch stands beside them, as steps may not go back."""
        self._run.log({f"{name}/{tag}": number for tag, number in numbers.items()} | {f"{name}/epoch": step})

    def close(self) -> None:
        """End the run."""
        self._run.finish(exit_code=0 if self.ended else 1)


LOGGERS: dict[str, tuple[str, str, type[Logger]]] = {
    "tensorboard": ("tensorboardX", "tensorboardX", TensorBoardLogger),
    "mlflow": ("mlflow", "mlflow-skinny sqlalchemy alembic", MLflowLogger),
    "wandb": ("wandb", "wandb", WandbLogger),
}
"""The module that each logger needs, and the packages that it comes with; MLflow's store of files is no more."""


def require_loggers(names: str) -> list[str]:
    """The loggers of a list with commas, each of which is installed.

    Raises:
        UserError: there is no such logger, or its package is not installed.
    """
    chosen = [name.strip() for name in names.split(",") if name.strip()]
    for name in chosen:
        if name not in LOGGERS:
            raise UserError(f"--log {name}: {did_you_mean(name, LOGGERS)}loggers: {', '.join(LOGGERS)}")
        module, package, _ = LOGGERS[name]
        try:
            importlib.import_module(module)
        except ImportError:
            missing = f"needs the module {module}, which is not installed: pip install {package}"
            raise UserError(f"--log {name} {missing}") from None
    return chosen


def open_loggers(names: Sequence[str], run: LoggedRun) -> list[Logger]:
    """Begin a run in each logger.

    Raises:
        UserError: a logger refuses it.
    """
    loggers = []
    for name in names:
        module, _, logger = LOGGERS[name]
        try:
            loggers.append(logger(importlib.import_module(module), run))
        except Exception as error:  # whatever a server or a store says
            raise UserError(f"--log {name}: {' '.join(str(error).split())[:300]}") from None
    return loggers
