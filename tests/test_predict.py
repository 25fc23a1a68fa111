"""The command `predict.py`, from a data file through both stages to labels, with a tiny random backbone."""

import csv
import dataclasses
import io
import itertools
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from headstart import predict, trained
from headstart.cache import UserError
from headstart.extract.predict import chunks
from headstart.extract.predict.options import checked, command_lines
from headstart.extract.text.cleaning import Cleaning
from headstart.heads import HEADS, PoolingHead
from headstart.heads.spec import is_head
from headstart.train.metrics.probabilities import probabilities_of
from headstart.train.predict.explain_page import LabelledText
from headstart.train.predict.trained_head import choose
from headstart.train.results.folder import RunFolder

from .extract.conftest import DISTILBERT, random_weights, save_backbone
from .made import MAKES, ROOT, Made, command


@pytest.fixture(
    scope="module",
    params=[
        pytest.param(name, marks=[pytest.mark.slow] if name in ("padded", "multiclass", "float32") else [])
        for name in MAKES
    ],
)
def made(request: pytest.FixtureRequest, made_run: Callable[[str], Made]) -> Made:
    """Runs of every kind of task; the binary ones hold every head."""
    return made_run(request.param)


@pytest.fixture(
    scope="module", params=["float32", pytest.param("multiclass", marks=pytest.mark.slow), "multilabel"]
)
def of_kind(request: pytest.FixtureRequest, made_run: Callable[[str], Made]) -> Made:
    """A run of each kind of task."""
    return made_run(request.param)


@pytest.fixture
def mixed(made_run: Callable[[str], Made]) -> Made:
    """The run that another precision would change."""
    return made_run("mixed")


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Run the command in this process, whose JAX is set up already."""
    monkeypatch.setattr(predict, "prepare_jax", lambda: None)

    def main(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["predict.py", *map(str, arguments)])
        predict.main()

    return main


def heads_of(made: Made) -> list[str]:
    return list(
        dict.fromkeys(row.head for row in RunFolder(str(made.run)).record().results if row.head in HEADS)
    )


def test_predictions_are_the_test_logits_of_bench(
    made: Made, run: Callable[..., None], tmp_path: Path
) -> None:
    """Through texts, cleaning, tokenizer, backbone and head: the numbers that bench.py reported."""
    record, arrays = RunFolder(str(made.run)).record(), RunFolder(str(made.run)).predictions("test")
    task = record.task
    source = tmp_path / "test.csv"
    with source.open("w", newline="") as file:
        csv.writer(file).writerows([["text"], *([made.texts[row]] for row in arrays["rows"])])
    for head in heads_of(made):
        target = tmp_path / f"{head}.csv"
        run("--run", made.run, "--head", head, "--input", source, "--output", target)
        with target.open() as file:
            rows = list(csv.DictReader(file))
        _, seed = choose(record.results, head, is_head)
        threshold = np.array(record.statistics.threshold[head], float)
        wanted = probabilities_of(task, arrays[f"{head}/{seed}"])
        found = np.array([[float(row[f"p_{name}"]) for name in task.classes] for row in rows])
        np.testing.assert_allclose(found[:, -task.outputs :], wanted, atol=1e-4)
        assert [int(row["row"]) for row in rows] == list(range(1, len(rows) + 1))
        for row, shares in zip(rows, found, strict=True):
            if task.kind == "multilabel":
                assert row["label"] == "|".join(
                    n for n, share in zip(task.classes, shares > threshold, strict=True) if share
                )
            else:
                assert row["label"] == task.classes[int(shares.argmax())]


def test_texts_of_the_command_line_and_json_lines(
    of_kind: Made, run: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    texts = ["you are kind", "", "the soup is very very rude"]
    run("--run", of_kind.run, "--head", "avg", *texts)
    shown = capsys.readouterr().out.splitlines()
    assert len(shown) == 3
    source, target = tmp_path / "a.tsv", tmp_path / "a.jsonl"
    source.write_text("\n".join(["text", *(f'"{text}"' for text in texts)]))
    run("--run", of_kind.run, "--head", "avg", "--text-column", "text", "--input", source, "--output", target)
    rows = [json.loads(line) for line in target.read_text().splitlines()]
    assert [row["row"] for row in rows] == [1, 2, 3]
    for line, row in zip(shown, rows, strict=True):
        for name, share in row["probabilities"].items():
            assert f"{name} {share:.4f}" in line
    assert list(tmp_path.glob("*.partial")) == []
    capsys.readouterr()
    run("--run", of_kind.run, "--head", "avg", "--json", "--quiet", *texts)
    heard = capsys.readouterr()
    assert heard.err == ""
    printed = [json.loads(line) for line in heard.out.splitlines()]
    assert [line.pop("text") for line in printed] == texts
    assert printed == [
        {**row, "probabilities": pytest.approx(row["probabilities"], abs=2e-6)} for row in rows
    ]


def test_what_tokens_add_sums_to_the_logits(
    made: Made, run: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """For every pooling head, beside the one program that gives the answers."""
    texts = ["you are kind", "the soup is very very rude and the editor is not"]
    whole = RunFolder(str(made.run)).record().cache.recipe["compute_dtype"] == "float32"
    pooling = [name for name in heads_of(made) if isinstance(HEADS[name], PoolingHead)]
    for name in pooling if whole else ["maxavg"]:
        loaded = predict.load(trained.open_head(str(made.run), name), None)
        tokens = loaded.encoder.tokenize(texts)
        answer = loaded.answer(tokens)
        labelled = [LabelledText(text, "", {}) for text in texts]
        for row, own in enumerate(predict.explained(labelled, tokens, answer, loaded)):
            np.testing.assert_allclose(own.added.sum(axis=0) + own.bias, answer.logits[row], atol=1e-4)
            assert own.words[0] == "[CLS]"
            assert len(own.words) == len(own.added)
    run("--run", made.run, "--head", "avg", "--explain", *texts)
    shown = capsys.readouterr().out
    assert "bias" in shown
    assert "kind(" in shown
    run("--run", made.run, "--head", "avg", "--explain", "--html", tmp_path / "page.html", *texts)
    assert "the soup is very very rude" in (tmp_path / "page.html").read_text()


def test_the_page_of_explain_follows_no_planted_link(
    mixed: Made, run: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "page.html").symlink_to(tmp_path / "elsewhere")
    run("--run", mixed.run, "--head", "avg", "--explain", "--html", tmp_path / "page.html", "you are kind")
    assert [path.name for path in tmp_path.iterdir()] == ["page.html"]
    assert "kind" in (tmp_path / "page.html").read_text()


def test_every_way_in_and_out_says_the_same(
    of_kind: Made,
    run: Callable[..., None],
    tmp_path: Path,
    capfdbinary: pytest.CaptureFixture[bytes],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Files, standard input as table and as lines; CSV, JSON Lines, Parquet, standard output; in small chunks."""
    monkeypatch.setattr(chunks, "part_of", lambda block: 7)
    task, texts = RunFolder(str(of_kind.run)).record().task, of_kind.texts[:20]
    columns, base = [f"p_{name}" for name in task.classes], ["--run", of_kind.run, "--head", "avg"]
    source = tmp_path / "in.csv"
    pd.DataFrame({"text": texts, "id": [f"n{i}" for i in range(20)]}).to_csv(source, index=False)
    run(*base, "--input", source, "--output", tmp_path / "a.parquet", "--keep", "id", "--text-column", "text")
    run(*base, "--input", source, "--output", tmp_path / "a.csv", "--text-column", "text")
    wanted = pd.read_csv(tmp_path / "a.csv", dtype={"label": str})[columns].to_numpy()
    kept = pd.read_parquet(tmp_path / "a.parquet")
    assert kept["id"].tolist() == [f"n{i}" for i in range(20)]
    np.testing.assert_allclose(kept[columns].to_numpy(), wanted, atol=1e-6)
    capfdbinary.readouterr()
    for flags, data in (([], "\n".join(texts)), (["--text-column", "text"], source.read_text())):
        stdin = SimpleNamespace(buffer=io.BufferedReader(io.BytesIO(data.encode())))
        monkeypatch.setattr(sys, "stdin", stdin)
        run(*base, "--input", "-", "--format", "jsonl", *flags)
        lines = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]
        found = [[line["probabilities"][name] for name in task.classes] for line in lines]
        np.testing.assert_allclose(
            found, wanted, atol=2e-3
        )  # chunks of other rows: mixed precision rounds anew
        assert [line["row"] for line in lines] == list(range(1, 21))


def test_a_head_of_another_recipe_is_refused(mixed: Made) -> None:
    """Each field that decides what the head reads."""
    head = trained.open_head(str(mixed.run), "avg")
    for field, says in {
        "weights": "its weights have",
        "tokenizer": "its tokenizer have",
        "cleaning": "no option 'no_url'; did you mean 'no_urls'",
        "cleaning_versions": "cleaned by other 1.0",
    }.items():
        value = '{"no_url":true}' if field == "cleaning" else "other 1.0"
        other = head._replace(recipe=dataclasses.replace(head.recipe, **{field: value}))
        with pytest.raises(UserError, match=says):
            predict.load(other, None)


def test_several_chunks_need_few_programs(mixed: Made) -> None:
    loaded = predict.load(trained.open_head(str(mixed.run), "avg"), None)
    for start in range(0, 100, 20):
        loaded.answer(loaded.encoder.tokenize(mixed.texts[start : start + 20]))
    assert loaded.scorer.programs <= 6


MISTAKES = [
    ([], "give either texts or --input FILE"),
    (["a text", "--input", "x.csv", "--output", "y.csv"], "give either texts or --input FILE"),
    (["--output", "y.csv", "a text"], "--output goes with --input"),
    (["--input", "x.csv", "--output", "y.xlsx"], "has none of the endings"),
    (["--input", "x.csv", "--output", "nowhere/y.csv"], "there is no folder nowhere"),
    (["--keep", "a", "a text"], "--keep goes with --input"),
    (["--on-bad-row", "skip", "a text"], "--on-bad-row goes with --input"),
    (["--input", "x.csv", "--output", "y.csv", "--format", "jsonl"], "--format is of standard output"),
    (["--input", "x.csv", "--lines"], "--lines goes with --input -"),
    (["--html", "a.html", "a text"], "add --explain"),
    (["--explain", "--input", "x.csv"], "--explain shows texts of the command line"),
    (["--threshold", "1.5", "a text"], "--threshold 1.5 is not at least 0 and below 1"),
    (["--head", "grru", "a text"], "the run has no head 'grru'; did you mean 'gru'? it has:"),
    (["--head", "lstm_pooled", "--explain", "a text"], "does not split over tokens; --explain works for cls"),
    (["--backbone", "nowhere-at-all", "a text"], "nowhere-at-all"),
    (["--input", "none.csv", "--output", "y.csv"], "there is no file none.csv"),
]


def test_mistakes_are_said_and_nothing_is_written(
    mixed: Made, run: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for arguments, says in MISTAKES:
        with pytest.raises(UserError, match=re.escape(says)):
            run("--run", mixed.run, *arguments)
    assert list(tmp_path.iterdir()) == []


def test_a_pattern_never_reads_what_it_wrote(mixed: Made, run: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\nyou\nme\n")
    line = (
        "--run",
        mixed.run,
        "--head",
        "avg",
        "--input",
        tmp_path / "*.csv",
        "--output",
        tmp_path / "b.csv",
    )
    run(*line)
    before = (tmp_path / "b.csv").read_bytes()
    with pytest.raises(UserError, match="is part of the input"):
        run(*line)
    assert (tmp_path / "b.csv").read_bytes() == before


def test_columns_of_one_name_are_refused(mixed: Made, run: Callable[..., None], tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text,label,label_input\nyou,1,2\n")
    with pytest.raises(UserError, match="would be called 'label_input'"):
        run("--run", mixed.run, "--head", "avg", "--input", tmp_path / "a.csv", "--output", tmp_path / "b.jsonl",
            "--keep", "label,label_input", "--text-column", "text")  # fmt: skip
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_messages_that_nobody_reads_leave_work_to_be_done(mixed: Made, tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("text\n" + "you\n" * 40)
    flags = ("--run", str(mixed.run), "--input", str(tmp_path / "a.csv"), "--output", str(tmp_path / "b.csv"))
    closed, end = os.pipe()
    os.close(closed)
    with os.fdopen(end, "wb") as unread:
        line = [sys.executable, "predict.py", *flags]
        found = subprocess.run(line, stdout=subprocess.DEVNULL, stderr=unread, check=False, cwd=ROOT)
    assert found.returncode == 2
    assert not (tmp_path / "b.csv").exists()


def test_a_name_out_of_a_run_is_downloaded_only_if_the_user_writes_it(
    mixed: Made, run: Callable[..., None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """For labels and for exports."""
    asked: list[bool] = []

    def snapshot(name: str, local_files_only: bool, **_: object) -> str:
        asked.append(not local_files_only)
        raise FileNotFoundError(name)

    monkeypatch.setattr("huggingface_hub.snapshot_download", snapshot)
    head = trained.open_head(str(mixed.run), "avg")
    source = {**head.run.cache.source, "backbone_argument": "stranger/model", "backbone": "model"}
    cache = dataclasses.replace(head.run.cache, source=source)
    received = head._replace(run=dataclasses.replace(head.run, cache=cache))
    monkeypatch.setattr(trained, "open_head", lambda *_: received)
    for arguments in (["--run", mixed.run, "a text"], ["export", mixed.run, mixed.run / "exported"]):
        with pytest.raises(UserError, match="`--backbone stranger/model` downloads it"):
            run(*arguments)
    assert asked == [False, False]
    with pytest.raises(UserError, match="hub gave us"):
        run("--run", mixed.run, "--backbone", "stranger/model", "a text")
    assert asked == [False, False, True]
    assert not (mixed.run / "exported").exists()


def test_kept_columns_come_out_as_they_went_in(
    of_kind: Made, run: Callable[..., None], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From each format with types to each, in parts of few rows."""
    monkeypatch.setattr(chunks, "part_of", lambda block: 2)
    values = {
        "id": [9007199254740993, 7, -1],
        "ok": [True, None, False],
        "tags": [[1], [], None],
        "word": ["007", None, ""],
    }
    table = pa.table({"text": ["you are kind", "", "the soup"], **values})
    pq.write_table(table, tmp_path / "in.parquet")
    (tmp_path / "in.jsonl").write_text("".join(f"{json.dumps(row)}\n" for row in table.to_pylist()))
    for source, ending in itertools.product(("in.parquet", "in.jsonl"), ("parquet", "jsonl")):
        target = tmp_path / f"out.{source}.{ending}"
        run("--run", of_kind.run, "--head", "avg", "--input", tmp_path / source, "--output", target,
            "--keep", "id,ok,tags,word,text")  # fmt: skip
        rows = (
            pq.read_table(target).to_pylist()
            if ending == "parquet"
            else [json.loads(line) for line in target.read_text().splitlines()]
        )
        assert {name: [row[name] for row in rows] for name in values} == values
        assert [row["text"] for row in rows] == table["text"].to_pylist()
    assert pq.read_table(tmp_path / "out.in.jsonl.parquet").schema.field("id").type == pa.int64()


def test_what_becomes_of_texts_is_said(
    mixed: Made, run: Callable[..., None], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.csv").write_text('text,note\nyou,=1+1\n"!!! ?",-5\n\u200b,"a\rb"\n' + "you " * 500 + ",\n")
    run("--run", mixed.run, "--input", tmp_path / "a.csv", "--output", tmp_path / "b.csv", "--flag-texts",
        "--keep", "note", "--text-column", "text")  # fmt: skip
    said = capsys.readouterr().err
    assert "4 rows in, 4 labelled (2 empty after cleaning, 1 cut at the maximum length)" in said
    assert "1 cell begins with =, +, -, @ or a tab" in said
    with (tmp_path / "b.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["note"] for row in rows] == ["=1+1", "-5", "a\rb", ""]
    assert [row["empty"] for row in rows] == ["false", "true", "true", "false"]
    assert [row["truncated"] for row in rows] == ["false", "false", "false", "true"]
    run("--run", mixed.run, "you", "...", "you " * 500)
    said = capsys.readouterr().err
    assert "text 2 is empty after cleaning" in said
    assert "text 3 is cut at the maximum length" in said


def test_own_expressions_need_no_process(
    mixed: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a run whose cleaning has exceptions, in a stream of many parts."""
    loaded = predict.load(trained.open_head(str(mixed.run), "avg"), None)
    loaded.encoder._cleaning = Cleaning({"exceptions": ["you+"]})
    monkeypatch.setattr("headstart.extract.text.cleaning.in_processes", lambda *_: pytest.fail("a process"))
    (tmp_path / "a.csv").write_text("text\n" + "you are\n" * 5)
    flags = ["--run", "", "--input", str(tmp_path / "a.csv"), "--output", str(tmp_path / "b.csv")]
    options = checked(command_lines("")[""].parse(flags)[0])
    monkeypatch.setattr(chunks, "part_of", lambda block: 2)
    predict.label_file(options, loaded, 0.5)
    assert (tmp_path / "b.csv").read_text().count("\n") == 6


def test_another_backbone_is_refused(mixed: Made, run: Callable[..., None], tmp_path: Path) -> None:
    other = save_backbone(tmp_path / "other", DISTILBERT, random_weights(DISTILBERT, seed=1))
    with pytest.raises(UserError, match="is not the one that the head learnt from: its weights have"):
        run("--run", mixed.run, "--backbone", other, "a text")


def test_a_folder_without_a_run_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    found = command("predict.py", "--run", str(tmp_path), "a text")
    assert (found.returncode, found.stdout) == (2, "")
    assert found.stderr.startswith("error: ")
    assert "holds no finished run" in found.stderr
    assert found.stderr.count("\n") == 1
