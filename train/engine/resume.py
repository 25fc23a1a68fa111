"""The whole state of a training run on disk, so that a killed run can go on.

Orbax' `CheckpointManager` (0.12) would stage and drop states, too. For 12 heads it takes 0.049 s of CPU an epoch, and
this takes 0.040; it writes through a folder that is a link, and it drops a state together with whatever others put in.
"""

import contextlib
import hashlib
import json
import os
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jax
import numpy as np

from headstart.cache.runtime.errors import UserError
from headstart.cache.runtime.files import PARTIAL, atomic_folder, read_text
from headstart.cache.runtime.text import brief
from headstart.cache.storage.store import StorageError
from headstart.train.engine.checkpoints import digest_of, read_arrays, require_digest, write_arrays
from headstart.train.engine.history import EpochRecord, HeadSeed, History, TrainingProgress
from headstart.train.engine.stored_files import STATE, STATE_FILE, remove_files, require_no_link

_STATE = re.compile(STATE)
_LEFT = re.compile(STATE + PARTIAL)


def save_progress(folder: Path | str, progress: TrainingProgress, run: Mapping[str, Any]) -> None:
    """Write what a run needs to go on after this epoch; earlier epochs' states are removed after it.

    A state is written beside its place and renamed when complete. At every moment there is one to go on from, once
    there was a first.

    Args:
        folder: Folder of the states; created if it does not exist.
        progress: What an epoch left.
        run: Everything that the numbers depend on, as JSON; `load_progress` compares it.

    Raises:
        UserError: the folder is a link.
        OSError: it cannot be written.
    """
    require_no_link(folder)
    root = Path(folder).absolute()
    place = root / f"epoch-{len(progress.seconds):06}"
    each = progress.histories.items()
    histories = [[*key, [record._asdict() for record in records]] for key, records in each]
    facts = {"run": dict(run), "seconds": list(progress.seconds), "histories": histories}
    arrays = jax.tree.map(np.asarray, {"states": progress.states, "best": progress.best})
    root.mkdir(parents=True, exist_ok=True)
    remove_files(place, STATE_FILE)
    with atomic_folder(place) as new:
        write_arrays(new / "arrays", arrays)
        facts["sha256"] = _digest(facts, arrays)
        (new / "facts.json").write_text(json.dumps(facts), encoding="utf-8")
    _remove_all(root, but=place)


def load_progress(
    folder: Path | str, like: TrainingProgress, run: Mapping[str, Any]
) -> TrainingProgress | None:
    """Read the last state; None if there is none.

    Args:
        folder: Folder of the states.
        like: A progress of the same heads and seeds, such as before the first epoch.
        run: What was passed to `save_progress`.

    Raises:
        UserError: the state is of a run with other settings, heads or features, or damaged.
    """
    require_no_link(folder)
    if (state := last_state(folder)) is None:
        return None
    try:
        facts = read_facts(state)
        require_same_run(facts["run"], dict(run))
        target = {"states": like.states, "best": like.best}
        arrays = read_arrays(state / "arrays", target)
        digest = facts.pop("sha256", None)  # states of earlier versions have none
        require_digest("what it holds", _digest(facts, arrays), digest)
        histories, seconds = _epochs(facts, like.histories)
        placed = jax.tree.map(lambda array, leaf: jax.device_put(array, leaf.sharding), arrays, target)
        return TrainingProgress(placed["states"], placed["best"], histories, seconds)
    except (OSError, ValueError, TypeError, KeyError, OverflowError, StorageError) as error:
        raise UserError(f"{state} cannot be read ({error}); give --fresh to begin anew") from None


def _epochs(
    facts: Mapping[str, Any], like: Mapping[HeadSeed, History]
) -> tuple[dict[HeadSeed, History], tuple[float, ...]]:
    """The records and the seconds of all epochs.

    Raises:
        ValueError: they are of other heads or seeds, or not the first epochs in their order; or a `TypeError`.
    """
    histories = {
        HeadSeed(name, seed): tuple(map(_record, records)) for name, seed, records in facts["histories"]
    }
    seconds = tuple(map(_number, facts["seconds"]))
    counts = [[record.epoch for record in records] for records in histories.values()]
    whole = all(0 < len(count) <= len(seconds) and count == [*range(1, len(count) + 1)] for count in counts)
    if histories.keys() != like.keys() or not whole:
        raise ValueError("its histories are not those of its heads, seeds and epochs")
    return histories, seconds


def _record(fields: Any) -> EpochRecord:
    record = EpochRecord(**fields)
    if type(record.epoch) is not int or type(record.lr_cut) is not bool:
        raise ValueError("a record of an epoch is not what bench.py writes")
    loss, accuracy, valid_loss, valid_accuracy, rate = map(_number, record[1:-1])
    return EpochRecord(record.epoch, loss, accuracy, valid_loss, valid_accuracy, rate, record.lr_cut)


def _number(value: Any) -> float:
    if type(value) not in (int, float):
        raise ValueError(f"{brief(value)} where a number should be")
    return float(value)


def last_state(folder: Path | str) -> Path | None:
    """Folder of the last state; None if there is none."""
    states = _folders(Path(folder).absolute(), _STATE)
    return max((path for path in states if (path / "facts.json").is_file()), default=None)


def read_facts(state: Path) -> dict[str, Any]:
    """What a state says of its run, beside its arrays.

    Raises:
        ValueError: it is not what `save_progress` wrote.
        OSError: it cannot be read.
    """
    try:
        facts = json.loads(read_text(state / "facts.json"))
    except RecursionError:
        facts = None
    if not isinstance(facts, dict) or not isinstance(facts.get("run"), dict):
        raise ValueError("facts.json is not what bench.py writes")
    return facts


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
            f"there is the state of a run with other settings: {'; '.join(differ)}; give the same ones, or "
            "--fresh to drop it and begin anew"
        )


def remove_progress(folder: Path | str) -> None:
    """Remove all states, so that an older run is never resumed by mistake; whatever else lies there stays.

    Raises:
        UserError: the folder is a link, or somebody else's file lies in a state.
    """
    require_no_link(folder)
    _remove_all(Path(folder).absolute())
    with contextlib.suppress(OSError):  # somebody else's file is in it
        os.rmdir(folder)


def _remove_all(root: Path, but: Path | None = None) -> None:
    """Remove all states but one, and what writers that were killed have left."""
    for state in _folders(root, _STATE):
        if state != but:
            remove_files(state, STATE_FILE)
    for left in _folders(root, _LEFT):
        shutil.rmtree(left, ignore_errors=True)


def _folders(root: Path, form: re.Pattern[str]) -> list[Path]:
    """Folders, no links, whose name has a form."""
    entries = list(root.iterdir()) if root.is_dir() else []
    return [path for path in entries if form.fullmatch(path.name) and path.is_dir() and not path.is_symlink()]


def _digest(facts: Mapping[str, Any], arrays: Any) -> str:
    """SHA-256 of everything that a state holds."""
    text = json.dumps(facts, sort_keys=True) + digest_of(arrays)
    return hashlib.sha256(text.encode()).hexdigest()
