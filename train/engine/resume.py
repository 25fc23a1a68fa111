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
from headstart.train.engine.history import EpochRecord
from headstart.train.engine.loop import Progress

_NAME = "epoch-"


def save_progress(folder: Path | str, progress: Progress, run: Mapping[str, Any]) -> None:
    """Write what a run needs to go on after this epoch; earlier epochs' states are removed after it.

    A state is written beside its place and renamed when complete. At every moment there is one to go on from, once
    there was a first.

    Args:
        folder: of the states; made if it does not exist.
        progress: after an epoch.
        run: everything that the numbers depend on, as JSON; `load_progress` compares it.
    """
    root = Path(folder).absolute()
    place = root / f"{_NAME}{len(progress.seconds):06}"
    lanes = [[*lane, [record._asdict() for record in own]] for lane, own in progress.histories.items()]
    facts = {"run": dict(run), "seconds": list(progress.seconds), "histories": lanes}
    arrays = jax.tree.map(np.asarray, {"states": progress.states, "best": progress.best})
    root.mkdir(parents=True, exist_ok=True)
    with atomic_folder(place, replace=True) as new:
        with ocp.StandardCheckpointer() as checkpointer:
            checkpointer.save(new / "arrays", arrays)
        (new / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    for other in root.iterdir():
        if other != place:
            shutil.rmtree(other, ignore_errors=True)


def load_progress(folder: Path | str, like: Progress, run: Mapping[str, Any]) -> Progress | None:
    """Read the last state; None if there is none.

    Args:
        folder: of the states.
        like: a progress of the wanted heads and seeds, such as before the first epoch.
        run: as `save_progress` was given.

    Raises:
        UserError: the state is of a run with other settings, heads or features.
    """
    root = Path(folder).absolute()
    found = sorted(root.glob(f"{_NAME}??????"))
    if not found:
        return None
    facts = json.loads((found[-1] / "facts.json").read_text(encoding="utf-8"))
    require_same_run(facts["run"], dict(run))
    wanted = {"states": like.states, "best": like.best}
    shapes = jax.tree.map(
        lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=leaf.sharding), wanted
    )
    with ocp.StandardCheckpointer() as checkpointer:
        arrays: dict[str, Any] = checkpointer.restore(found[-1] / "arrays", shapes)
    histories = {
        (name, seed): tuple(EpochRecord(**record) for record in records)
        for name, seed, records in facts["histories"]
    }
    return Progress(arrays["states"], arrays["best"], histories, tuple(facts["seconds"]))


def require_same_run(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> None:
    """Compare the settings of a state with those of the command.

    Raises:
        UserError: they differ; names each field that does.
    """
    differ = [
        f"{name} was {found.get(name)}, now {wanted.get(name)}"
        for name in sorted({*found, *wanted})
        if found.get(name) != wanted.get(name)
    ]
    if differ:
        raise UserError(
            f"--resume cannot go on from a run with other settings: {'; '.join(differ)}; "
            "give the same ones, or leave out --resume to begin anew"
        )


def remove_progress(folder: Path | str) -> None:
    """Remove all states, so that an older run is never resumed by mistake."""
    shutil.rmtree(folder, ignore_errors=True)
