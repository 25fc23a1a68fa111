"""Which heads of a run are on layers."""

import dataclasses
import json
from typing import Any

import pytest

from headstart.train.results.layers import candidates_of, on_every_layer_alike
from headstart.train.results.run_record import RunRecord
from headstart.train.statistics.findings import LayerCandidate
from tests.train.report.layered_runs import layered_run


def test_heads_on_layers_each_once() -> None:
    names = ["majority", "avg", "avg@0", "avg@6", "avg@last", "maxavg@all", "maxavg@last", "gru"]
    assert candidates_of(names, 6) == [
        LayerCandidate("avg@0", "avg", 0),
        LayerCandidate("avg@6", "avg", 6),
        LayerCandidate("maxavg@all", "maxavg", None),
        LayerCandidate("maxavg@last", "maxavg", 6),
    ]


def test_a_run_about_layers_has_no_other_head() -> None:
    assert layered_run().about_layers
    assert not layered_run(plain=("avg",)).about_layers
    assert not dataclasses.replace(layered_run(), layers=None).about_layers


def test_what_is_found_is_kept_in_json() -> None:
    for folds in (1, 3):
        run = layered_run(folds=folds)
        written = json.loads(json.dumps(run.layers and run.to_json()["layers"], allow_nan=False))
        again = RunRecord.from_json({**plain_json(run), "layers": written})
        assert again.layers == run.layers


def plain_json(run: RunRecord) -> dict[str, Any]:
    """The rest of a record as JSON; its made-up recipe has another key."""
    return {**run.to_json(), "cache": {"name": "made"}}


def test_a_forged_candidate_is_refused() -> None:
    fields = plain_json(layered_run())
    fields["layers"]["candidates"][0]["name"] = "avg@99"
    with pytest.raises(ValueError, match="lack 'avg@99'"):
        RunRecord.from_json(fields)


@pytest.mark.parametrize(
    ("states", "names", "alike"),
    [
        ([0, 1, 2], ["avg@0", "avg@1", "avg@2", "avg@all"], True),
        ([0, 2], [f"{head}@{layer}" for head in ("cls", "max") for layer in (0, 2, "all")], True),
        ([0, 2], ["avg@0", "avg@last", "avg@all"], True),
        ([0, 1, 2], ["avg@0", "avg@2", "avg@all"], False),
        ([0, 2], ["avg@0", "avg@2"], False),
        ([0, 2], ["avg@0", "avg@2", "avg@all", "cls@2"], False),
        ([0, 2], ["avg@0", "avg@2", "avg@all", "gru"], False),
        ([], ["avg"], False),
    ],
)
def test_heads_of_the_command_have_a_folder_of_their_own(
    states: list[int], names: list[str], alike: bool
) -> None:
    assert on_every_layer_alike(names, states, 2) == alike
