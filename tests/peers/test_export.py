"""An exported folder in an environment that holds nothing but what its card names. `make peers` runs this."""

import subprocess
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from headstart.heads import HEADS
from headstart.train.results.folder import RunFolder

from ..made import ROOT, Made
from ..outside import outside
from ..test_predict_export import export

__all__ = ["export"]
pytestmark = pytest.mark.peer
PYTHON = ROOT / ".venv-peers-export" / "bin" / "python"
NAMED = {"jax", "flax", "tokenizers", "safetensors", "flatbuffers"}


def test_the_environment_has_none_of_ours() -> None:
    listed = subprocess.run([PYTHON, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout
    names = {line.split()[0].lower() for line in listed.splitlines()[2:]}
    assert names >= NAMED
    assert not names & {"headstart", "transformers", "clean-text", "pandas", "scikit-learn", "jaxtyping"}


def test_all_heads_give_the_test_logits_of_bench(
    made_run: Callable[[str], Made], export: Callable[..., None], tmp_path: Path
) -> None:
    made = made_run("float32")
    arrays = RunFolder(str(made.run)).predictions("test")
    for head in HEADS:
        export(made.run, tmp_path / head, "--head", head)
    texts = [made.texts[row] for row in arrays["rows"]]
    found = outside(str(PYTHON), [tmp_path / head for head in HEADS], texts, tmp_path)
    for head, (loaded, shares, logits) in zip(HEADS, found, strict=True):
        differences = [np.abs(logits - arrays[f"{head}/{seed}"]).max() for seed in (0, 1)]
        assert min(differences) < 1e-4, head
        np.testing.assert_allclose(loaded, shares[:, 1:], atol=1e-4)
        print(
            f"{head}: logits within {min(differences):.1e}, loader within {np.abs(loaded - shares[:, 1:]).max():.1e}"
        )
