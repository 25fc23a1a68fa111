"""The whole state of a training run on disk, so that a killed run can go on."""

import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import atomic_folder
from headstart.train.engine.history import EpochRecord, HeadSeed, TrainingProgress

_NAME = "epoch-"


def save_progress(folder: Path | str, progress: TrainingProgress, run: Mapping[str, Any]) -> None:
    """Write what a run needs to go on after this epoch; earlier epochs' states are removed after it.

    A state is written beside its place and renamed when complete. At every moment there is one to go on from, once
    there was a first.

    Args:
        folder: Folder of the states; created if it does not exist.
        progress: What an epoch left.
        run: Everything that the numbers depend on, as JSON; `load_progress` compares it.
    """
    root = Path(folder).absolute()
    place = root / f"{_NAME}{len(progress.seconds):06}"
    histories = [
        [*key, [record._asdict() for record in records]] for key, records in progress.histories.items()
    ]
    facts = {"run": dict(run), "seconds": list(progress.seconds), "histories": histories}
    arrays = jax.tree.map(np.asarray, {"states": progress.states, "best": progress.best})
    root.mkdir(parents=True, exist_ok=True)
    with atomic_folder(place, replace=True) as new:
        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(new / "arrays", arrays)
        (new / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    for other in root.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def load_progress(
    folder: Path | str, like: TrainingProgress, run: Mapping[str, Any]
) -> TrainingProgress | None:
    """Read the last state; None if there is none.

    Args:
        folder: Folder of the states.
        like: A progress of the same heads and seeds, such as before the first epoch.
        run: What was passed to `save_progress`.

    Raises:
        UserError: the state is of a run with other settings, heads or features.
    """
    root = Path(folder).absolute()
    states = sorted(root.glob(f"{_NAME}??????"))
    if not states:
        return None
    facts = json.loads((states[-1] / "facts.json").read_text(encoding="utf-8"))
    require_same_run(facts["run"], dict(run))
    shapes = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding),
        {"states": like.states, "best": like.best},
    )
    with ocp.StandardCheckpointer() as checkpointer:
        arrays: dict[str, Any] = checkpointer.restore(states[-1] / "arrays", shapes)
    histories = {
        HeadSeed(name, seed): tuple(EpochRecord(**record) for record in records)
        for name, seed, records in facts["histories"]
    }
    return TrainingProgress(arrays["states"], arrays["best"], histories, tuple(facts["seconds"]))


def require_same_run(before: Mapping[str, Any], now: Mapping[str, Any]) -> None:
    """Compare the settings of a state with those of the command.

    Raises:
        UserError: they differ; names each field that does.
    """
    differ = [
        f"{name} was {before.get(name)}, now {now.get(name)}"
        for name in sorted({*before, *now})
        if before.get(name) != now.get(name)
    ]
    if differ:
        raise UserError(
            f"--resume cannot go on from a run with other settings: {'; '.join(differ)}; "
            "give the same ones, or leave out --resume to begin anew"
        )


def remove_progress(folder: Path | str) -> None:
    """Remove all states, so that an older run is never resumed by mistake."""
    shutil.rmtree(folder, ignore_errors=True)
