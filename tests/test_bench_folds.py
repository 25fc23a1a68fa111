"""`bench.py --folds K` from a cache to results: every row is tested once, and never by what has learnt from it."""

import csv
import dataclasses
import json
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import accuracy_score, log_loss
from sklearn.utils.class_weight import compute_class_weight

from headstart import bench, trained
from headstart.cache import UserError, open_cache
from headstart.cache.block import Block
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY, Task
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter
from headstart.heads import HEADS
from headstart.heads.modules import init
from headstart.train.data.folds import open_folds
from headstart.train.data.views import Subset
from headstart.train.engine import trainer
from headstart.train.engine.checkpoints import restore
from headstart.train.engine.compiled_epochs import CompiledEpochs
from headstart.train.options import RunSettings
from headstart.train.results.result import to_csv
from tests.oracles.head_logits import logits_of
from tests.oracles.padded_training import predict_logits

WIDTH, SIZES = 8, {"train": 160, "valid": 20, "test": 30}
COUNT = sum(SIZES.values())
RECIPE = Recipe(
    rows="", row_count=COUNT, task=canonical_json(BINARY.to_json()), cleaning="{}", cleaning_versions="", tokenizer="",
    weights="", architecture="", max_length=12, compute_dtype="float32", matmul_precision="highest", forward="stock",
    storage_dtype="float16", layout="ragged", split_rule="", split_seed=42,
)  # fmt: skip


def block(places: np.ndarray, labels: np.ndarray, seed: int, texts: list[str]) -> Block:
    """Rows whose first feature's mean says whether their class is 0."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 12, len(places), dtype=np.int32)
    hidden = random.standard_normal((lengths.sum(), WIDTH)).astype(np.float16)
    hidden[:, 0] += np.repeat(2.0 * (labels.reshape(len(labels), -1)[:, 0] > 0) - 1, lengths)
    parts = np.split(hidden, np.cumsum(lengths)[:-1])
    pooled = np.stack([[part[0], part.max(0), part.mean(0)] for part in parts]).astype(np.float16)
    return Block(hidden, lengths, labels, places, pooled, pack(texts))


def make(
    folder: Path,
    task: Task = BINARY,
    labels: np.ndarray | None = None,
    texts: list[str] | None = None,
    **changes: object,
) -> str:
    """A cache whose rows stand in the file in another order than in the cache."""
    random = np.random.default_rng(7)
    if labels is None:
        labels = random.integers(0, 2, COUNT)
    order = random.permutation(COUNT)
    recipe = dataclasses.replace(RECIPE, task=canonical_json(task.to_json()), **changes)
    writer = CacheWriter(str(folder / "made-tiny-0"), recipe)
    writer.begin()
    records, start, tokens = {}, 0, 0
    for seed, (name, size) in enumerate(SIZES.items()):
        own = order[start : start + size]
        made = block(
            own, labels[own].astype(np.int32), seed, [texts[row] if texts else f"text {row}" for row in own]
        )
        records[name] = [writer.write_block(name, 0, 0, made)]
        start, tokens = start + size, tokens + len(made.hidden)
    writer.finish(Manifest(recipe.key, COUNT, tokens, WIDTH, "float16", records, 0.0, {}, {}, {}, {}, {}))
    return str(folder / "made-tiny-0")


Run = Callable[..., Path]


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Run:
    """Run the command in this process, whose JAX is set up already."""
    monkeypatch.setattr(bench, "prepare_jax", lambda: None)

    def main(cache: str, *arguments: object) -> Path:
        line = ["bench.py", "--cache", cache, "--out", tmp_path / "results", "--precision", "float32",
                "--folds", 4, "--batch-size", 32, "--epochs", 2]  # fmt: skip
        monkeypatch.setattr(sys, "argv", [*map(str, line), *map(str, arguments)])
        bench.main()
        (found,) = (tmp_path / "results").glob("*-folds-*")
        return found

    return main


def rows_of(found: Path) -> list[dict[str, str]]:
    with (found / "results.csv").open() as file:
        return list(csv.DictReader(file))


def test_two_heads_and_seeds_in_four_folds(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Every figure again, from checkpoints, stored features and scikit-learn."""
    location = make(tmp_path)
    found = run(location, "--heads", "avg,gru", "--seeds", 2)
    said = capsys.readouterr()
    assert f"{COUNT} rows in 4 folds (train " in said.err
    assert "fold 4 of 4" in said.err
    assert "Over 4 folds:" in said.out
    with pytest.raises(UserError, match="holds 4 heads of each name"):
        trained.open_head(str(found), "best")
    rows, about = rows_of(found), json.loads((found / "results.json").read_text())
    floors = ["majority", "tfidf_logreg", "logreg_mean"]
    lanes = [(name, "0") for name in floors] + [(name, seed) for name in ("avg", "gru") for seed in "01"]
    assert [(row["head"], row["seed"], row["fold"]) for row in rows] == [
        (*own, f) for f in "1234" for own in lanes
    ]
    assert list(rows[0])[-1] == "fold"
    assert [row["fold"] for row in about["results"]] == [int(row["fold"]) for row in rows]

    folded = open_folds(open_cache(location), 4, None, deduplicate=False)
    arrays = dict(np.load(found / "predictions" / "test.npz"))
    assert arrays["rows"].tolist() == list(range(COUNT))
    assert arrays["labels"].tolist() == folded.tested.labels.tolist()
    assert not any(np.isnan(own).any() for own in arrays.values())
    for row in rows:
        number, name = int(row["fold"]) - 1, row["head"]
        fold, test = folded.folds[number], folded.splits[number]["test"]
        logits = arrays[f"{name}/{row['seed']}"][fold.test]
        shares = 1 / (1 + np.exp(-logits[:, 0].astype(np.float64)))
        assert float(row["test_accuracy"]) == pytest.approx(accuracy_score(test.labels, shares > 0.5))
        assert float(row["test_loss"]) == pytest.approx(
            log_loss(test.labels, shares, labels=[0, 1]), rel=1e-5
        )
        if name in HEADS:
            folder = found / "checkpoints" / name / f"fold-{row['fold']}" / f"seed-{row['seed']}"
            params = restore(folder, "best", init(name, HEADS[name], WIDTH, 0))
            wanted = predict_logits(logits_of(HEADS[name]), params, test, tokens=HEADS[name].reads_tokens)
            np.testing.assert_allclose(logits, wanted, atol=1e-5)

    for name in ("avg", "tfidf_logreg"):
        own = [
            [float(r["test_accuracy"]) for r in rows if (r["head"], r["fold"]) == (name, fold)]
            for fold in "1234"
        ]
        means, spread = [np.mean(part) for part in own], about["folds"][name]["test_accuracy"]
        assert spread["folds"] == pytest.approx(means)
        assert (spread["mean"], spread["sd"]) == pytest.approx((np.mean(means), np.std(means, ddof=1)))
    assert about["statistics"]["rows"] == COUNT == about["rows"]["test"]
    seconds = about["seconds"]
    assert len(seconds["epochs"]) == 4 * 2
    assert sum(seconds["epochs"]) < seconds["training"] < seconds["total"]
    assert 0 < seconds["compile"] < seconds["total"]  # some of it behind the training, for the test rows
    assert set(about["histories"]) == {
        f"{n}/{s}-fold-{f}" for n in ("avg", "gru") for s in "01" for f in "1234"
    }
    assert "--folds 4" in (found / "report.html").read_text()
    assert (found / "history" / "gru.png").exists()


def without_times(rows: list[dict[str, str]]) -> list[dict[str, str]]:
    return [{**row, "train_seconds": ""} for row in rows]


@pytest.mark.slow
def test_one_copy_of_the_features_wherever_they_live(run: Run, tmp_path: Path) -> None:
    location, tables = make(tmp_path), []
    for mode in ("device", "host"):
        found = run(location, "--heads", "gru", "--no-floors", "--memory", mode)
        memory = json.loads((found / "results.json").read_text())["memory"]
        tokens = open_cache(location).manifest.tokens
        assert memory["mode"] == mode
        assert memory["held"] == memory["features"] == tokens * WIDTH * 2
        tables.append(without_times(rows_of(found)))
    assert tables[0] == tables[1]


def test_class_weights_are_those_of_the_fold(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    labels, given = (np.arange(COUNT) % 7 == 0).astype(int), []
    monkeypatch.setattr(
        trainer,
        "CompiledEpochs",
        lambda *a, **options: given.append(options) or CompiledEpochs(*a, **options),
    )
    location = make(tmp_path, labels=labels)
    run(location, "--heads", "cls", "--no-floors", "--class-weight", "balanced")
    folded = open_folds(open_cache(location), 4, None, deduplicate=False)
    for fold, options in zip(folded.splits, given, strict=True):
        wanted = compute_class_weight("balanced", classes=np.arange(2), y=fold["train"].labels)
        np.testing.assert_allclose(options["class_weights"], wanted, rtol=1e-6)


def test_a_stopped_run_goes_on(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    location = make(tmp_path)
    flags = ["--heads", "cls", "--no-floors"]
    whole = rows_of(run(location, *flags))
    train, calls = bench.train_heads, []

    def stopped(*arguments: object) -> object:
        calls.append(arguments)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return train(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(bench, "train_heads", stopped)
        with pytest.raises(KeyboardInterrupt):
            run(location, *flags)
    resumed = rows_of(run(location, *flags, "--resume"))
    assert [{**row, "train_seconds": ""} for row in resumed] == [
        {**row, "train_seconds": ""} for row in whole
    ]
    (tmp_path / "results" / "made-tiny-0-folds-4").rename(tmp_path / "results" / "made-tiny-0-folds-5")
    with pytest.raises(UserError, match="folds was 4, now 5"):
        run(location, *flags, "--resume", "--folds", 5)


@pytest.mark.parametrize("kind", ["multiclass", "multilabel"])
def test_other_tasks(run: Run, tmp_path: Path, kind: str) -> None:
    random = np.random.default_rng(1)
    shape = (COUNT, 3) if kind == "multilabel" else COUNT
    labels = random.integers(0, 2 if kind == "multilabel" else 3, shape)
    found = run(make(tmp_path, Task(kind, ("a", "b", "c")), labels), "--heads", "avg", "--quick")
    arrays = np.load(found / "predictions" / "test.npz")
    assert found.name == "made-tiny-0-folds-4-quick"
    rows = np.load(found / "predictions" / "valid.npz")["rows"]
    assert len(set(rows.tolist())) < len(rows)  # several folds validate on a row
    bench.verify_runs(RunSettings(runs=[str(found)]))
    assert arrays["avg/0"].shape == (COUNT, 3)
    assert arrays["labels"].tolist() == labels.tolist()


def test_identical_texts_are_counted_over_folds_and_left_out(tmp_path: Path) -> None:
    texts = [f"text {row % 150}" for row in range(COUNT)]
    cache = open_cache(make(tmp_path, texts=texts))
    kept, dropped = (open_folds(cache, 4, None, deduplicate=own) for own in (False, True))
    counted = dict.fromkeys(kept.leaks, 0)
    for fold in kept.folds:
        for pair in counted:
            one, other = (getattr(fold, name) for name in pair.split("/"))
            seen = {texts[row] for row in one}
            counted[pair] += sum(texts[row] in seen for row in other)
    assert kept.leaks == dropped.leaks == counted
    assert min(counted.values()) > 0
    for before, after in zip(kept.splits, dropped.splits, strict=True):
        own = [set(after[name].texts) for name in SIZES]
        assert not own[0] & own[1] | own[0] & own[2] | own[1] & own[2]
        assert after["test"].rows.tolist() == before["test"].rows.tolist()


def test_some_rows_are_drawn_and_not_the_first(tmp_path: Path) -> None:
    folded = open_folds(open_cache(make(tmp_path)), 4, 100, deduplicate=False)
    rows = folded.tested.rows
    assert len(rows) == len(set(rows.tolist())) == 100
    assert (np.diff(rows) > 0).all()
    assert rows[-1] > 150


REFUSED = [
    ({"split_rule": "scikit-learn GroupShuffleSplit 0.2, then 0.5"}, [], "keeps groups apart"),
    ({"dropout": '{"views":1}'}, [], "holds views with dropout"),
    ({}, ["--memory", "stream"], "--folds draws each fold's rows from all features in memory"),
    ({}, ["--folds", "200"], "too few"),
]


@pytest.mark.parametrize(("changes", "flags", "says"), REFUSED)
def test_what_folds_cannot_do(
    run: Run, tmp_path: Path, changes: dict[str, object], flags: list[str], says: str
) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        run(make(tmp_path, **changes), "--heads", "cls", "--no-floors", *flags)


@pytest.mark.parametrize("value", ["1", "0", "-3", "x"])
def test_fewer_than_two_folds(run: Run, value: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        run("nowhere", "--folds", value)
    assert "argument --folds" in capsys.readouterr().err


def test_without_folds_there_is_no_such_column() -> None:
    assert "fold" not in to_csv([])


def test_chosen_rows_are_those_of_their_split(tmp_path: Path) -> None:
    cache = open_cache(make(tmp_path))
    whole = open_folds(cache, 4, None, deduplicate=False).tested.base
    random = np.random.default_rng(0)
    some = Subset(whole, random.permutation(COUNT)[:50])
    parts = {}
    for name in SIZES:
        split = cache.split(name)
        hidden = np.split(split.hidden, np.cumsum(split.lengths)[:-1])
        parts |= {
            int(r): (h, p, lab)
            for r, h, p, lab in zip(split.rows, hidden, split.pooled, split.labels, strict=True)
        }
    found = np.split(some.hidden, np.cumsum(some.lengths)[:-1])
    for row, hidden, pooled, label, text in zip(
        some.rows, found, some.pooled, some.labels, some.texts, strict=True
    ):
        np.testing.assert_array_equal(hidden, parts[int(row)][0])
        np.testing.assert_array_equal(pooled, parts[int(row)][1])
        assert (label, text) == (parts[int(row)][2], f"text {row}")
