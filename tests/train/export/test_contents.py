"""Files of an exported folder, read back past the code that wrote them; the whole folder is `test_predict_export`'s."""

import dataclasses
import json
import os
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from headstart.cache import UserError
from headstart.extract.predict.stablehlo import ENCODER
from headstart.train.export.contents import (
    PACKAGES,
    SCRIPTS,
    TEMPLATES,
    digests,
    head_json,
    new_folder,
    packages,
    requirements,
    save_json,
    save_scripts,
    save_tensors,
)
from tests.train.results.run_before import BEFORE, flip, trained_head


def test_tensors_are_named_by_their_path_whatever_their_layout(tmp_path: Path) -> None:
    kernel = np.arange(6, dtype=np.float32).reshape(2, 3).T  # a view, not contiguous
    save_tensors(tmp_path / "a.safetensors", {"dense": {"kernel": kernel, "bias": np.zeros(3, np.float32)}})
    read = load_file(tmp_path / "a.safetensors")
    assert set(read) == {"dense.kernel", "dense.bias"}
    np.testing.assert_array_equal(read["dense.kernel"], kernel)


HEX = "0123456789abcdef"
ROOT = Path(__file__).parents[3]


def test_what_killed_exports_have_left_goes_and_nothing_else(tmp_path: Path) -> None:
    """Names of our exact form, beside this very path."""
    left = [tmp_path / f"model.{HEX}.partial", tmp_path / f"model.{HEX[::-1]}.partial"]
    others = [
        "model.partial",
        f"model.{HEX}0.partial",
        f"model.{HEX.upper()}.partial",
        f"model2.{HEX}.partial",
    ]
    for folder in (*left, *(tmp_path / name for name in others)):
        (folder / "new").mkdir(parents=True)
        (folder / "new" / "backbone.safetensors").write_bytes(b"large")
    stranger = tmp_path / "stranger"
    stranger.mkdir()
    (stranger / "notes").touch()
    (tmp_path / f"model.{HEX[8:] * 2}.partial").symlink_to(stranger)
    with new_folder(str(tmp_path / "model")):
        assert not any(folder.exists() for folder in left)
    assert {path.name for path in tmp_path.iterdir()} == {"model", "stranger", *others}
    assert (stranger / "notes").exists()


def test_an_export_that_goes_on_keeps_what_it_has_written(tmp_path: Path) -> None:
    with new_folder(str(tmp_path / "model")) as first:
        (first / "a").touch()
        with new_folder(str(tmp_path / "model")) as second:
            assert (first / "a").exists()
            assert first != second
        (tmp_path / "model").rename(tmp_path / "other")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model", "other"]


KILLED = """
import os, sys
from headstart.train.export.contents import new_folder
with new_folder(sys.argv[1]) as folder:
    (folder / "backbone.safetensors").write_bytes(b"large")
    os.kill(os.getpid(), 9)
"""


def test_a_killed_export_is_cleared_away_by_the_next(tmp_path: Path) -> None:
    line = [sys.executable, "-c", KILLED, str(tmp_path / "model")]
    assert subprocess.run(line, check=False, cwd=ROOT).returncode == -9
    assert len(list(tmp_path.iterdir())) == 1
    with new_folder(str(tmp_path / "model")):
        pass
    assert os.listdir(tmp_path) == ["model"]


def test_a_folder_is_there_when_it_is_whole(tmp_path: Path) -> None:
    with new_folder(f"{tmp_path}/model/") as folder:
        save_scripts(folder, ENCODER)
        assert not (tmp_path / "model").exists()
    for name in SCRIPTS:
        assert (tmp_path / "model" / name).read_text() == (TEMPLATES / name).read_text()
    with pytest.raises(UserError, match="exists; name a folder that does not"):
        new_folder(str(tmp_path / "model"))
    with pytest.raises(UserError, match=r"there is no folder .*no; make it first"):
        new_folder(str(tmp_path / "no" / "model"))


def test_nothing_of_a_folder_stays_after_an_error(tmp_path: Path) -> None:
    def stopped() -> None:
        with new_folder(str(tmp_path / "model")) as folder:
            save_json(folder / "a.json", {"a": [1]})
            assert json.loads((folder / "a.json").read_text()) == {"a": [1]}
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        stopped()
    assert list(tmp_path.iterdir()) == []


def test_the_loader_learns_what_it_must_know() -> None:
    about = head_json(trained_head())
    recipe = BEFORE["cache"]["recipe"]
    assert about == {
        "head": "avg",
        "seed": 0,
        **BEFORE["task"],
        "outputs": 3,
        "thresholds": None,
        "max_length": recipe["max_length"],
        "storage_dtype": recipe["storage_dtype"],
        "padding_counts": False,
        "cleaning": {"no_line_breaks": True, "no_punct": True, "no_urls": True},
        "cleaning_versions": recipe["cleaning_versions"],
    }


@pytest.mark.parametrize(
    ("cleaned_by", "pinned"),
    [
        ("", []),
        ("clean-text 0.7.1, ftfy 6.3.1, unidecode absent", ["clean-text==0.7.1", "ftfy==6.3.1"]),
        ("clean-text 0.7.1, unidecode 1.4.0", ["clean-text==0.7.1", "unidecode==1.4.0"]),
    ],
)
def test_what_is_to_be_installed_is_what_cleaned_and_what_is_installed(
    cleaned_by: str, pinned: list[str]
) -> None:
    recipe = dataclasses.replace(trained_head().recipe, cleaning_versions=cleaned_by)
    lines = requirements(recipe).splitlines()
    assert lines == [f"{name}=={version(name)}" for name in PACKAGES] + pinned
    assert [line.replace("==", " ") for line in lines] == packages(recipe)


def test_the_loader_refuses_a_file_with_a_bit_turned_over(tmp_path: Path) -> None:
    save_scripts(tmp_path, ENCODER)
    save_tensors(tmp_path / "head.safetensors", trained_head().params)
    save_json(
        tmp_path / "head.json", {**head_json(trained_head()), "read": ["mean"], "sha256": digests(tmp_path)}
    )
    line = [sys.executable, "-c", "import head; print(sorted(head.PARAMS['dense']))"]
    whole = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert whole.stdout == "['bias', 'kernel']\n", whole.stderr
    flip(tmp_path / "head.safetensors", 1234)
    damaged = subprocess.run(line, cwd=tmp_path, capture_output=True, text=True, check=False)
    said = f"error: {tmp_path / 'head.safetensors'} is damaged; export the head again\n"
    assert (damaged.returncode, damaged.stdout, damaged.stderr) == (2, "", said)
