"""Which folder a run's results go to: runs with other settings never share one."""

import hashlib
import os
from collections.abc import Mapping
from typing import Any

from headstart.cache.recipe import canonical_json
from headstart.cache.runtime.errors import UserError
from headstart.train.engine.resume import last_state, read_facts
from headstart.train.head_names import AT, states_of
from headstart.train.results.folder import RunFolder
from headstart.train.results.layers import on_every_layer_alike
from headstart.train.results.provenance import NUMERIC, Experiment, choices
from headstart.train.results.run_record import RunRecord


def place_of(experiment: Experiment) -> tuple[RunFolder, str]:
    """The folder of a run's results, and why it is not the one that is called like the cache; empty if it is.

    That one belongs to the settings that were first there. Other settings have a folder whose name ends in their hash,
    so that the same command always finds its own again.
    """
    cache, heads, settings = experiment
    on_layers = all(AT in head for head in heads) and on_every_layer_alike(heads, *states_of(cache.recipe))
    kind = (
        "-layers" * on_layers + f"-folds-{settings.folds}" * bool(settings.folds) + "-quick" * settings.quick
    )
    usual = os.path.join(settings.out, cache.name + kind)
    now = {**choices(experiment), "no_floors": settings.no_floors}
    differ = differences(settings_in(usual) or now, now)
    other = f"{usual}-{hashlib.sha256(canonical_json(now).encode()).hexdigest()[:8]}"
    # nothing to resume there: the state that is here will say what differs
    if not differ or (settings.resume and not os.path.isdir(other)):
        return RunFolder(usual), ""
    return RunFolder(other), f"{usual} holds a run with other settings ({differ}): this one goes to {other}"


def differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """The settings that two runs do not share, in words; what only one of them says counts for nothing."""
    both = [name for name in now if name in before]
    return "; ".join(
        f"{name} was {before[name]}, now {now[name]}" for name in both if before[name] != now[name]
    )


def settings_in(path: str) -> dict[str, Any] | None:
    """What a finished or a stopped run in a folder was made with; None if none is there, or none that can be read."""
    try:
        return settings_of(RunFolder(path).record())
    except UserError:
        pass
    states = (last_state(os.path.join(path, "state", *fold)) for fold in ([], ["fold-1"]))
    try:
        return next((dict(read_facts(state)["run"]) for state in states if state), None)
    except (OSError, ValueError, UserError):
        return None


def settings_of(run: RunRecord) -> dict[str, Any]:
    """What a run was made with, as `choices` says it."""
    heads = dict.fromkeys(row.head for row in run.results if row.head not in run.baselines)
    return {
        "cache": run.cache.key,
        "heads": list(heads),
        **{field: getattr(run.settings, field) for field in NUMERIC},
        "precision": run.operands,
        "no_floors": run.settings.no_floors,
    }
