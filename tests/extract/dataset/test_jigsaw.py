"""The notebook's balanced file, beside the pandas lines of part 1."""

import re
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from headstart.cache import UserError
from headstart.extract import __main__ as command

from ...real_data import real_file

LABELS = ["toxic", "severe_toxic", "obscene", "threat", "insult", "identity_hate"]
ODD = [
    'he said "no", twice', "two\nlines", "two\r\nlines", 'a "quote\n\n" and, commas', "caf\u00e9 \U0001f600 \u2028 x",
    "'", '"', "NA", "null", "None", "nan", "  blanks  ", "=1+1", "\\n", "tab\there", "1", "1.50", "True", "\u00a0",
    "-", ",", "",
]  # fmt: skip

Run = Callable[..., str]


def by_pandas(train: Path | str, output: Path) -> bytes:
    """Part 1 of the tutorial."""
    comments = pd.read_csv(train)
    toxic = comments[comments[LABELS].any(axis=1)]
    others = comments[~comments[LABELS].any(axis=1)].sample(n=len(toxic), random_state=42)
    both = pd.concat([toxic.assign(Toxic=1), others.assign(Toxic=0)])
    both[["comment_text", "Toxic"]].to_csv(output, index=False)
    return output.read_bytes()


def synthetic(path: Path, rows: int = 400) -> Path:
    """A file of the schema of Kaggle's train.csv; a fifth of its comments have labels."""
    random = np.random.default_rng(5)
    texts = [
        ODD[row] if row < len(ODD) else f"{random.choice(ODD)} no. {row}" for row in random.permutation(rows)
    ]
    labels = random.random((rows, 6)) < 0.04
    frame = pd.DataFrame(labels.astype(int), columns=LABELS)
    frame.insert(0, "comment_text", texts)
    frame.insert(0, "id", [f"{row:016x}" for row in range(rows)])
    frame.to_csv(path, index=False)
    return path


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Run:
    def main(*arguments: object) -> str:
        monkeypatch.setattr(sys, "argv", ["extract", "prepare", "jigsaw", *map(str, arguments)])
        command.main()
        return capsys.readouterr().out

    return main


def test_a_synthetic_file_comes_out_byte_for_byte_as_from_pandas(run: Run, tmp_path: Path) -> None:
    train, output = synthetic(tmp_path / "train.csv"), tmp_path / "preprocessed.csv"
    said = run(train, "-o", output)
    assert output.read_bytes() == by_pandas(train, tmp_path / "wanted.csv")
    found = pd.read_csv(output, keep_default_na=False)
    count = len(found) // 2
    assert found.Toxic.tolist() == [1] * count + [0] * count
    empty = int((found.comment_text == "").sum())
    assert said == (
        f"{output}: {count} comments with a label, {count} of {400 - count} others, drawn with seed 42; "
        f"{empty} of them hold no text, or a word that pandas takes for none\n"
    )


def test_real_comments_and_a_zip_come_out_byte_for_byte(run: Run, tmp_path: Path) -> None:
    train, output = real_file("jigsaw_train_sample.csv"), tmp_path / "preprocessed.csv"
    with zipfile.ZipFile(tmp_path / "train.csv.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.write(train, "train.csv")
    run(tmp_path / "train.csv.zip", "--output", output)
    assert output.read_bytes() == by_pandas(train, tmp_path / "wanted.csv")
    assert len(pd.read_csv(output)) == 2 * 1_309


def test_another_seed_draws_other_comments(run: Run, tmp_path: Path) -> None:
    train = synthetic(tmp_path / "train.csv")
    for seed in (1, 42):
        run(train, "-o", tmp_path / f"{seed}.csv", "--seed", seed)
    assert (tmp_path / "1.csv").read_bytes() != (tmp_path / "42.csv").read_bytes()


HEADER = "id,comment_text," + ",".join(LABELS)
MISTAKES = [
    ("id,comment_text,toxic\na,b c,1\n", "has no column 'severe_toxic'; wanted is Kaggle's train.csv"),
    ("id,comment_text\na,b c\n", "has no column 'toxic'"),
    (f"{HEADER}\na,b c,1,0,0,0,0,0\nb,d e,0,0,0,0,0,-1\n", "'identity_hate' holds '-1' in data row 2"),
    (
        f"{HEADER}\na,b c,1,0,0,0,0,0\nb,d e,1,0,0,0,0,0\nc,f,0,0,0,0,0,0\n",
        "holds 2 comments with a label and 1",
    ),
    (f"{HEADER}\na,b c,0,0,0,0,0,0\n", "holds 0 comments with a label and 1 without"),
    (
        f"{HEADER}\na,b c,1,0,0\n",
        "data row 1 (line 2): it has 5 cells, the header has 8; mend it, or download",
    ),
]


@pytest.mark.parametrize(("text", "says"), MISTAKES)
def test_another_file_is_refused_and_nothing_is_written(
    run: Run, tmp_path: Path, text: str, says: str
) -> None:
    train, output = tmp_path / "train.csv", tmp_path / "out.csv"
    train.write_text(text)
    output.write_text("what was there")
    with pytest.raises(UserError, match=re.escape(says)):
        run(train, "-o", output)
    assert output.read_text() == "what was there"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "train.csv"]


def test_an_output_that_cannot_be(run: Run, tmp_path: Path) -> None:
    train = synthetic(tmp_path / "train.csv")
    for output, says in (
        (tmp_path / "out.xlsx", "must end in .csv"),
        (tmp_path / "nowhere" / "out.csv", "cannot be written"),
        (tmp_path / "." / "train.csv", "is the input itself"),
    ):
        with pytest.raises(UserError, match=says):
            run(train, "-o", output)
    assert [path.name for path in tmp_path.iterdir()] == ["train.csv"]
