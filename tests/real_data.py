"""Real texts beside the project's folder; tests that want them are skipped where they are not there."""

from pathlib import Path

import pandas as pd
import pytest

FOLDER = Path(__file__).parent.parent.parent / "shared" / "data"


def real_file(name: str) -> Path:
    if not (FOLDER / name).is_file():
        pytest.skip(f"{FOLDER / name} is not there")
    return FOLDER / name


def real_texts(name: str, column: str) -> list[str]:
    return pd.read_csv(real_file(name), keep_default_na=False)[column].tolist()
