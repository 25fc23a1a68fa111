"""Files of an exported folder, read back past the code that wrote them; the whole folder is `test_predict_export`'s."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file

from headstart.cache import UserError
from headstart.train.export.contents import (
    PACKAGES,
    TEMPLATES,
    digests,
    head_json,
    new_folder,
    packages,
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


def test_a_folder_is_there_when_it_is_whole(tmp_path: Path) -> None:
    with new_folder(f"{tmp_path}/model/") as folder:
        save_scripts(folder)
        assert not (tmp_path / "model").exists()
    for name in ("load.py", "head.py"):
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
    }
    assert [line.split()[0] for line in packages()] == list(PACKAGES)


def test_the_loader_refuses_a_file_with_a_bit_turned_over(tmp_path: Path) -> None:
    save_scripts(tmp_path)
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
