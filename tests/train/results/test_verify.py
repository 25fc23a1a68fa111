"""A run is proved: heads, predictions, table."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import UserError
from headstart.cache.recipe import canonical_json
from headstart.train.engine.checkpoints import save
from headstart.train.results.folder import RunFolder
from headstart.train.results.run_record import RunRecord
from headstart.train.results.verify import prove, read_head, recipe_of, width_of
from tests.train.results.run_before import BEFORE, flip, trained_head


@pytest.fixture
def run(whole: Path, tmp_path: Path) -> Path:
    """A run to be damaged."""
    return Path(shutil.copytree(whole, tmp_path / "run"))


def test_a_sound_run_is_said_to_be(run: Path) -> None:
    assert prove(RunFolder(str(run))) == f"{run}: sound (1 trained heads, their predictions, results.csv)"


def test_an_earlier_version_s_is_read_and_not_proved(run: Path) -> None:
    fields = json.loads((run / "results.json").read_text())
    del fields["digests"]
    (run / "results.json").write_text(json.dumps(fields))
    assert "readable (1 trained heads" in prove(RunFolder(str(run)))
    (run / "predictions" / "test.npz").write_bytes(b"")
    with pytest.raises(UserError, match=r"test\.npz cannot be read"):
        prove(RunFolder(str(run)))


def remove_best(run: Path) -> None:
    shutil.rmtree(run / "checkpoints" / "avg" / "seed-0" / "best")


def other_last(run: Path) -> None:
    save(run / "checkpoints" / "avg" / "seed-0", "last", {"dense": {"kernel": np.ones(3)}})


def flip_valid(run: Path) -> None:
    flip(run / "predictions" / "valid.npz", 999)


def empty_test(run: Path) -> None:
    (run / "predictions" / "test.npz").write_bytes(b"")


def change_table(run: Path) -> None:
    path = run / "results.csv"
    path.write_text(path.read_text().replace("avg,0", "avg,1"))


def remove_table(run: Path) -> None:
    (run / "results.csv").unlink()


def change_record(run: Path) -> None:
    fields = json.loads((run / "results.json").read_text())
    fields["results"][1]["test_loss"] += 1e-9
    (run / "results.json").write_text(json.dumps(fields))


def forget_a_digest(run: Path) -> None:
    fields = json.loads((run / "results.json").read_text())
    del fields["digests"]["checkpoints/avg/seed-0/last"]
    (run / "results.json").write_text(json.dumps(fields))


def pipe_for_a_table(run: Path) -> None:
    remove_table(run)
    os.mkfifo(run / "results.csv")


def device_for_a_table(run: Path) -> None:
    remove_table(run)
    (run / "results.csv").symlink_to("/dev/zero")


def endless_predictions(run: Path) -> None:
    with (run / "predictions" / "test.npz").open("r+b") as file:
        file.truncate(2**42)


def endless_checkpoint(run: Path) -> None:
    with (run / "checkpoints/avg/seed-0/best/manifest.ocdbt").open("r+b") as file:
        file.truncate(2**42)


@pytest.mark.parametrize(
    ("damage", "says"),
    [
        (pipe_for_a_table, "results.csv cannot be read .*a pipe"),
        (device_for_a_table, "results.csv cannot be read .*a device"),
        (endless_predictions, "test.npz cannot be read .*are there: it is a hole"),
        (endless_checkpoint, "best cannot be read .*are there: it is a hole"),
        (remove_best, "best cannot be read"),
        (other_last, "last cannot be read .the SHA-256 of its parameters is"),
        (flip_valid, "valid.npz cannot be read .the SHA-256 of its bytes is"),
        (empty_test, "test.npz cannot be read"),
        (change_table, "results.csv is not the table of results.json"),
        (remove_table, "results.csv cannot be read"),
        (change_record, "results.csv is not the table of results.json"),
        (
            forget_a_digest,
            "last cannot be read .the SHA-256 of its parameters is .*, and nothing was written",
        ),
    ],
)
def test_each_damage_is_named_alone(damage: Callable[[Path], None], says: str, run: Path) -> None:
    damage(run)
    with pytest.raises(UserError, match=says) as caught:
        prove(RunFolder(str(run)))
    head, *lines = str(caught.value).splitlines()
    assert head == f"{run} is damaged; run `python bench.py` again"
    assert len(lines) == 1


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"architecture": '{"dim":1000000000}'}, "no dim from 1 to 65,536"),
        ({"architecture": "["}, "architecture is no JSON"),
        ({"layers": "[0,1000000000]"}, "no numbers from 0 to 1000"),
        ({"layers": "[2,1]"}, "do not ascend"),
        ({"max_length": -1}, "max_length is not from"),
        ({"task": '{"classes":["0","1"],"kind":"binary"}'}, "have other classes"),
    ],
)
def test_a_recipe_that_is_none_is_not_called_sound(changed: dict[str, object], says: str, run: Path) -> None:
    fields = json.loads((run / "results.json").read_text())
    recipe = fields["cache"]["recipe"] | changed
    fields["cache"] |= {"recipe": recipe, "key": hashlib.sha256(canonical_json(recipe).encode()).hexdigest()}
    (run / "results.json").write_text(json.dumps(fields))
    with pytest.raises(UserError, match=says):
        prove(RunFolder(str(run)))


def test_a_diverged_head_is_proved_too(run: Path) -> None:
    fields = json.loads((run / "results.json").read_text())
    fields["results"][1] |= {"test_loss": None, "valid_loss": None}
    (run / "results.json").write_text(json.dumps(fields))
    table = (run / "results.csv").read_text().splitlines()
    row = dict(zip(table[0].split(","), table[2].split(","), strict=True)) | {
        "valid_loss": "nan",
        "test_loss": "inf",
    }
    (run / "results.csv").write_text("\n".join([*table[:2], ",".join(row.values())]) + "\n")
    assert "sound" in prove(RunFolder(str(run)))


def test_a_head_is_read_as_it_was_trained(run: Path) -> None:
    folder, params = RunFolder(str(run)), trained_head().params
    record = folder.record()
    read = read_head(folder, record, record.results[1], lambda *_: params)
    np.testing.assert_array_equal(read["dense"]["kernel"], params["dense"]["kernel"])
    with pytest.raises(
        UserError, match=r"the head avg of .* cannot be read: the checkpoint .* is of another head or width"
    ):
        read_head(folder, record, record.results[1], lambda *_: {"dense": params["dense"]["bias"]})


def test_the_width_is_the_recipe_s() -> None:
    assert width_of(recipe_of("a run", RunRecord.from_json(BEFORE))) == 16
