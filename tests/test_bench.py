"""The command `bench.py`, on a small cache of made-up features."""

import csv
import dataclasses
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from headstart.cache import open_cache
from headstart.cache.block import Block
from headstart.cache.manifest import Manifest
from headstart.cache.recipe import Recipe, canonical_json
from headstart.cache.task import BINARY, Task
from headstart.cache.texts import pack
from headstart.cache.writer import CacheWriter
from headstart.heads import HEADS
from headstart.train.engine.checkpoints import restore
from headstart.train.results.folder import RunFolder
from headstart.train.results.outcome import metrics_of
from tests import made
from tests.oracles.padded_training import evaluate, predict_logits

ROOT = Path(__file__).parent.parent
WIDTH, COLUMNS = 8, (
    "head,seed,params,epochs,best_epoch,valid_loss,valid_accuracy,test_loss,test_accuracy,train_seconds"
)  # fmt: skip


RECIPE = Recipe(
    rows="", row_count=420, task=canonical_json(BINARY.to_json()),
    cleaning="", cleaning_versions="", tokenizer="", weights="", architecture="",
    max_length=12,
    compute_dtype="float32", matmul_precision="highest", forward="stock", storage_dtype="float16", layout="ragged",
    split_rule="", split_seed=42,
)  # fmt: skip


def made_block(rows: int, seed: int) -> Block:
    """Rows whose label is the sign of the first feature's mean."""
    random = np.random.default_rng(seed)
    lengths = random.integers(2, 12, rows, dtype=np.int32)
    labels = random.integers(0, 2, rows, dtype=np.int32)
    hidden = random.standard_normal((lengths.sum(), WIDTH)).astype(np.float16)
    hidden[:, 0] += np.repeat(2 * labels - 1, lengths)
    parts = np.split(hidden, np.cumsum(lengths)[:-1])
    pooled = np.stack([[part[0], part.max(0), part.mean(0)] for part in parts]).astype(np.float16)
    texts = pack(f"row {row} of {seed}" for row in range(rows))
    return Block(hidden, lengths, labels, np.arange(rows), pooled, texts)


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with one cache."""
    folder = tmp_path_factory.mktemp("features")
    recipe = RECIPE
    writer = CacheWriter(str(folder / "made-tiny-0"), recipe)
    writer.begin()
    blocks = {"train": made_block(300, 0), "valid": made_block(50, 1), "test": made_block(70, 2)}
    splits = {name: [writer.write_block(name, 0, 0, block)] for name, block in blocks.items()}
    tokens = sum(len(block.hidden) for block in blocks.values())
    writer.finish(Manifest(recipe.key, 420, tokens, WIDTH, "float16", splits, 0.0, {}, {}, {}, {}, {}))
    return folder


@pytest.fixture(scope="module")
def done(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Results of a run over four heads and two seeds."""
    out = tmp_path_factory.mktemp("results")
    run = command("--heads", "gru,avg,lstm_pooled,cls", "--seeds", "2", "--epochs", "3", "--batch-size", "32",
                  "--cache-dir", str(features), "--out", str(out), "--precision", "float32")  # fmt: skip
    assert run.returncode == 0, run.stderr
    (out / "stdout").write_text(run.stdout)
    return out


command = made.run_bench


def rows_of(done: Path) -> list[dict[str, str]]:
    with (done / "made-tiny-0" / "results.csv").open() as file:
        return list(csv.DictReader(file))


def test_results_csv_has_the_design_s_columns_and_order(done: Path) -> None:
    rows = rows_of(done)
    assert ",".join(rows[0]) == COLUMNS
    heads = [(row["head"], row["seed"]) for row in rows]
    wanted = [(name, seed) for name in ("cls", "avg", "gru", "lstm_pooled") for seed in "01"]
    floors = [(name, "0") for name in ("majority", "tfidf_logreg", "logreg_mean")]
    assert heads == [*floors, *wanted]


def test_results_json_holds_histories_recipe_and_environment(done: Path) -> None:
    details = json.loads((done / "made-tiny-0" / "results.json").read_text())
    assert len(details["histories"]["gru/1"]) == 3
    assert details["cache"]["recipe"]["max_length"] == 12
    assert details["environment"]["jax"]
    assert [str(row["test_loss"]) for row in details["results"]] == [
        row["test_loss"] for row in rows_of(done)
    ]


def test_a_checkpoint_gives_the_reported_test_figures(done: Path, features: Path) -> None:
    from headstart.heads.modules import init
    from tests.oracles.head_logits import logits_of

    test = open_cache(str(features / "made-tiny-0")).split("test")
    for row in rows_of(done)[3:]:
        head = HEADS[row["head"]]
        target = init(row["head"], head, WIDTH, 7)
        folder = done / "made-tiny-0" / "checkpoints" / row["head"] / f"seed-{row['seed']}"
        found = evaluate(logits_of(head), restore(folder, "best", target), test, tokens=head.reads_tokens)
        assert found.loss == pytest.approx(float(row["test_loss"]), abs=1e-6)
        assert found.accuracy == pytest.approx(float(row["test_accuracy"]), abs=1e-6)


def test_pictures_are_drawn(done: Path) -> None:
    folder = done / "made-tiny-0"
    for path in (folder / "comparison.png", folder / "history/gru.png", folder / "history/gru-seed-1.png"):
        assert path.read_bytes().startswith(b"\x89PNG")


def test_the_table_names_every_head_and_the_noise(done: Path) -> None:
    text = (done / "stdout").read_text()
    assert "95 % interval" in text
    assert "mean and standard deviation over seeds" in " ".join(text.split())
    for name in ("majority*", "tfidf_logreg*", "cls", "avg", "gru", "lstm_pooled"):
        assert f"\n{name} " in text
    assert max(map(len, text.splitlines()[:-1])) < 80


def test_heads_learn_and_a_head_s_result_does_not_depend_on_the_others(
    done: Path, features: Path, tmp_path: Path
) -> None:
    best = {row["head"]: float(row["test_accuracy"]) for row in rows_of(done)}
    assert best["gru"] > best["majority"] + 0.2
    alone = command("--heads", "gru", "--epochs", "3", "--batch-size", "32", "--seeds", "2", "--precision",
                    "float32", "--cache", str(features / "made-tiny-0"), "--out", str(tmp_path))  # fmt: skip
    assert alone.returncode == 0, alone.stderr
    again, first = ([row for row in rows_of(out) if row["head"] == "gru"] for out in (tmp_path, done))
    assert [{**row, "train_seconds": ""} for row in again] == [{**row, "train_seconds": ""} for row in first]


def test_a_refused_run_leaves_an_earlier_one_as_it_was(done: Path, features: Path) -> None:
    names = ("results.json", "results.csv", "comparison.png", "report.html")
    before = {name: (done / "made-tiny-0" / name).read_bytes() for name in names}
    flags = ("--heads", "cls", "--cache-dir", str(features), "--out", str(done))
    for wrong in (["--resume"], ["--memory", "host", "--memory-limit", "1kB"]):
        run = command(*flags, *wrong)
        assert run.returncode == 2, run.stderr
        assert {name: (done / "made-tiny-0" / name).read_bytes() for name in names} == before


def test_quick_goes_elsewhere(features: Path, tmp_path: Path) -> None:
    run = command("--heads", "cls", "--quick", "--cache-dir", str(features), "--out", str(tmp_path))
    assert run.returncode == 0, run.stderr
    assert (tmp_path / "made-tiny-0-quick" / "results.csv").exists()
    assert not (tmp_path / "made-tiny-0").exists()


@pytest.fixture(scope="module")
def slow_arguments(features: Path) -> list[str]:
    """Many epochs of heads that never stop early: long enough to be killed in the middle."""
    return ["--heads", "cls,maxavg", "--seeds", "2", "--epochs", "400", "--batch-size", "32",
            "--cache-dir", str(features), "--precision", "float32", "--no-floors"]  # fmt: skip


def without_times(folder: Path) -> str:
    text = (folder / "made-tiny-0" / "results.csv").read_text()
    return "\n".join(line.rsplit(",", 1)[0] for line in text.splitlines())


@pytest.mark.slow  # `make faults` kills at other moments, too
def test_a_run_killed_in_the_middle_is_resumed_to_the_same_numbers(
    slow_arguments: list[str], tmp_path: Path
) -> None:
    whole = made.command("bench.py", *slow_arguments, "--out", str(tmp_path / "whole"))
    assert whole.returncode == 0, whole.stderr
    line = [sys.executable, str(ROOT / "bench.py"), *slow_arguments, "--out", str(tmp_path / "killed")]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(line, stderr=subprocess.PIPE, text=True, env=environment) as run:
        assert run.stderr is not None
        for text in run.stderr:
            if text.startswith("epoch 10 "):
                run.kill()
                break
    assert run.returncode == -signal.SIGKILL
    states = list((tmp_path / "killed" / "made-tiny-0" / "state").glob("epoch-*"))
    assert states
    resumed = made.command("bench.py", *slow_arguments, "--out", str(tmp_path / "killed"))
    assert resumed.returncode == 0, resumed.stderr
    assert "epoch  1 " not in resumed.stderr
    assert "of a run that was stopped; --fresh begins anew" in resumed.stderr
    assert without_times(tmp_path / "killed") == without_times(tmp_path / "whole")
    other = made.command(
        "bench.py", *slow_arguments, "--out", str(tmp_path / "killed"), "--resume", "--seeds", "1"
    )
    assert other.returncode == 2
    assert "seeds was 2, now 1" in other.stderr
    assert other.stderr.count("error: ") == 1
    assert "Traceback" not in other.stderr


def test_two_runs_give_the_same_bytes_and_memory_modes_agree(
    done: Path, features: Path, tmp_path: Path
) -> None:
    same = ["--heads", "gru,avg,lstm_pooled,cls", "--seeds", "2", "--epochs", "3", "--batch-size", "32",
            "--precision", "float32", "--cache-dir", str(features)]  # fmt: skip
    for mode in ("device", "host"):
        run = command(*same, "--memory", mode, "--out", str(tmp_path / mode))
        assert run.returncode == 0, run.stderr
        assert f"{mode} memory (as asked for)" in run.stderr
        assert without_times(tmp_path / mode) == without_times(done)


def test_a_limit_below_the_cache_streams_it(features: Path, tmp_path: Path) -> None:
    run = command("--heads", "avg,gru", "--epochs", "3", "--batch-size", "16", "--memory-limit", "14kB",
                  "--cache-dir", str(features), "--out", str(tmp_path))  # fmt: skip
    assert run.returncode == 0, run.stderr
    memory = json.loads((tmp_path / "made-tiny-0" / "results.json").read_text())["memory"]
    assert memory["mode"] == "stream"
    assert memory["held"] <= memory["limit"] < memory["features"] / 2
    assert memory["peak"]["host"] > 0
    tiny = command(
        "--heads", "gru", "--memory-limit", "1kB", "--cache-dir", str(features), "--out", str(tmp_path)
    )
    assert tiny.returncode == 2
    assert "give at least" in tiny.stderr


def test_times_are_told_apart(done: Path) -> None:
    seconds = json.loads((done / "made-tiny-0" / "results.json").read_text())["seconds"]
    assert len(seconds["epochs"]) == 3
    assert 0 < seconds["compile"] < seconds["total"]
    assert sum(seconds["epochs"]) < seconds["total"] - seconds["compile"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--heads", "gru_poold"], "did you mean 'gru_pooled'"),
        (["--heads", ","], "names no head"),
        (["--cache", "nowhere"], "there is no feature cache at nowhere"),
        (["--cache-dir", "nowhere"], "make one with"),
        (["--cache", "foo://bar"], "is no place for a cache"),
        (["--cache-dir", "nowhere", "--resume"], "make one with"),
    ],
)
def test_a_mistake_is_one_line_and_exit_code_2(arguments: list[str], says: str) -> None:
    run = command(*arguments)
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr.startswith("error: ")
    assert run.stderr.count("\n") == 1
    assert says in run.stderr


def test_an_output_folder_that_is_a_file(features: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    run = command("--heads", "cls", "--cache-dir", str(features), "--out", str(tmp_path / "file"))
    assert run.returncode == 2
    assert "choose another --out" in run.stderr


@pytest.fixture(scope="module")
def pooled_features(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the same cache, pooled vectors only."""
    folder, whole = tmp_path_factory.mktemp("pooled"), open_cache(str(features / "made-tiny-0"))
    recipe = dataclasses.replace(whole.recipe, layout="pooled")
    writer = CacheWriter(str(folder / "made-tiny-p"), recipe)
    writer.begin()
    splits = {
        split: [writer.write_block(split, 0, 0, whole.read_block(split, record)._replace(hidden=None))]
        for split, record in whole.manifest.blocks()
    }
    writer.finish(dataclasses.replace(whole.manifest, key=recipe.key, splits=splits))
    return folder


@pytest.mark.slow
def test_all_heads_of_a_pooled_cache_are_the_pooling_heads(
    pooled_features: Path, features: Path, tmp_path: Path
) -> None:
    """In processes of their own: the types that tests check here ask a pooled cache for its hidden states."""
    flags = ("--quick", "--out", str(tmp_path), "--cache-dir")
    run = made.command("bench.py", *flags, str(pooled_features))
    assert run.returncode == 0, run.stderr
    assert "holds pooled vectors only and cannot train gru, gru_pooled, bigru_pooled" in run.stderr
    with (tmp_path / "made-tiny-p-quick" / "results.csv").open() as file:
        found = {row.pop("head"): row for row in csv.DictReader(file)}
    assert list(found) == ["majority", "tfidf_logreg", "logreg_mean", "cls", "max", "avg", "maxavg"]
    whole = made.command("bench.py", *flags, str(features), "--heads", "cls,max,avg,maxavg")
    assert whole.returncode == 0, whole.stderr
    with (tmp_path / "made-tiny-0-quick" / "results.csv").open() as file:
        wanted = {row.pop("head"): row for row in csv.DictReader(file)}
    for row in (*found.values(), *wanted.values()):
        del row["train_seconds"]
    assert found == wanted


def test_a_named_head_that_reads_tokens_is_an_error_on_a_pooled_cache(
    pooled_features: Path, tmp_path: Path
) -> None:
    run = command("--heads", "avg,lstm", "--cache-dir", str(pooled_features), "--out", str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    assert run.stderr == (
        "error: made-tiny-p holds pooled vectors only and cannot train lstm, which read tokens; for them, run the same "
        "`python -m extract` command with `--views all`; from this cache: `--heads cls,max,avg,maxavg`\n"
    )
    assert not list(tmp_path.iterdir())


def test_every_answer_is_kept(done: Path, features: Path) -> None:
    folder, cache = RunFolder(str(done / "made-tiny-0")), open_cache(str(features / "made-tiny-0"))
    run = folder.record()
    for name in ("valid", "test"):
        arrays, split = folder.predictions(name), cache.split(name)
        np.testing.assert_array_equal(arrays["labels"], split.labels)
        np.testing.assert_array_equal(arrays["rows"], split.rows)
    for row in run.results:
        logits = arrays[f"{row.head}/{row.seed}"]
        assert metrics_of(cache.task, split.labels, logits).loss == pytest.approx(row.test_loss, rel=1e-9)
    assert run.statistics.metrics["gru"]["accuracy"].per_seed == pytest.approx(
        [row.test_accuracy for row in run.results if row.head == "gru"]
    )
    assert set(run.inference) == {"cls", "avg", "gru", "lstm_pooled"}
    assert min(run.inference.values()) > 0


@pytest.mark.parametrize("memory", [["--memory", "host"], ["--memory-limit", "14kB"]])
def test_answers_are_in_order_wherever_the_features_live(
    features: Path, tmp_path: Path, memory: list[str]
) -> None:
    from headstart.heads.modules import init
    from tests.oracles.head_logits import logits_of

    run = command("--heads", "avg,gru", "--epochs", "2", "--batch-size", "16", "--precision", "float32", *memory,
                  "--no-floors", "--cache-dir", str(features), "--out", str(tmp_path))  # fmt: skip
    assert run.returncode == 0, run.stderr
    test = open_cache(str(features / "made-tiny-0")).split("test")
    arrays = RunFolder(str(tmp_path / "made-tiny-0")).predictions("test")
    for name in ("avg", "gru"):
        folder = tmp_path / "made-tiny-0" / "checkpoints" / name / "seed-0"
        params = restore(folder, "best", init(name, HEADS[name], WIDTH, 7))
        wanted = predict_logits(logits_of(HEADS[name]), params, test, tokens=HEADS[name].reads_tokens)
        np.testing.assert_allclose(arrays[f"{name}/0"], wanted, atol=2e-5)


def test_json_is_all_that_is_printed(features: Path, tmp_path: Path) -> None:
    run = command("--heads", "cls", "--quick", "--json", "--cache-dir", str(features), "--out", str(tmp_path))
    assert run.returncode == 0, run.stderr
    written = json.loads((tmp_path / "made-tiny-0-quick" / "results.json").read_text())
    assert json.loads(run.stdout) == written


def test_runs_side_by_side(done: Path, features: Path, tmp_path: Path) -> None:
    other = command("--heads", "gru,avg", "--epochs", "1", "--batch-size", "32", "--no-floors",
                    "--cache-dir", str(features), "--out", str(tmp_path))  # fmt: skip
    assert other.returncode == 0, other.stderr
    folders = [str(out / "made-tiny-0") for out in (done, tmp_path)]
    run = command("compare", *folders)
    assert run.returncode == 0, run.stderr
    assert max(map(len, run.stdout.splitlines())) < 80
    found = json.loads(command("compare", *folders, "--json").stdout)
    (pair,) = found["pairs"]
    assert (pair["paired"], pair["rows"]) == (True, 70)
    assert [own["head"] for own in pair["heads"]] == ["majority", "avg", "gru"]
    missing = command("compare", folders[0], str(tmp_path))
    assert missing.returncode == 2
    assert "holds no finished run" in missing.stderr
    alone = command("compare", folders[0])
    assert (alone.returncode, alone.stderr) == (2, "error: 1 run cannot be compared; name two or more\n")


def made_for(task: Task, folder: Path, texts: dict[str, list[str]] | None = None) -> Path:
    """A cache of a task of three classes; tokens say the labels."""
    random = np.random.default_rng(5)
    writer_recipe = dataclasses.replace(RECIPE, task=canonical_json(task.to_json()))
    writer = CacheWriter(str(folder / "made-task-0"), writer_recipe)
    writer.begin()
    splits = {}
    for name, rows in (("train", 300), ("valid", 60), ("test", 80)):
        lengths = random.integers(2, 12, rows, dtype=np.int32)
        labels = (
            random.integers(0, 3, rows) if task.kind == "multiclass" else random.integers(0, 2, (rows, 3))
        )
        shown = np.eye(3)[labels] if task.kind == "multiclass" else labels
        hidden = random.standard_normal((lengths.sum(), WIDTH)).astype(np.float16)
        hidden[:, :3] += np.repeat(3 * shown, lengths, axis=0)
        parts = np.split(hidden, np.cumsum(lengths)[:-1])
        pooled = np.stack([[part[0], part.max(0), part.mean(0)] for part in parts]).astype(np.float16)
        own = pack((texts or {}).get(name) or [f"{name} {row}" for row in range(rows)])
        block = Block(hidden, lengths, labels.astype(np.int32), np.arange(rows), pooled, own)
        splits[name] = [writer.write_block(name, 0, 0, block)]
    tokens = sum(record.tokens for own in splits.values() for record in own)
    writer.finish(Manifest(writer_recipe.key, 440, tokens, WIDTH, "float16", splits, 0.0, {}, {}, {}, {}, {}))
    return folder


@pytest.mark.parametrize(
    ("kind", "weight"),
    [
        ("multiclass", "balanced"),
        pytest.param("multilabel", "none", marks=pytest.mark.slow),
        pytest.param("multiclass", "none", marks=pytest.mark.slow),
        pytest.param("multilabel", "balanced", marks=pytest.mark.slow),
    ],
)
def test_three_classes_are_learnt(kind: str, weight: str, tmp_path: Path) -> None:
    made_for(Task(kind, ("hate", "offence", "neither")), tmp_path)
    run = command("--heads", "avg,gru,bilstm_pooled", "--epochs", "6", "--batch-size", "32", "--seeds", "2",
                  "--class-weight", weight, "--cache-dir", str(tmp_path), "--out", str(tmp_path / "out"))  # fmt: skip
    assert run.returncode == 0, run.stderr
    assert f"{kind}: hate, offence, neither" in run.stderr
    record = RunFolder(str(tmp_path / "out" / "made-task-0")).record()
    metrics = record.statistics.metrics
    assert metrics["gru"]["accuracy"].mean > metrics["majority"]["accuracy"].mean + 0.2
    assert set(record.statistics.per_class["gru"]) == {"hate", "offence", "neither"}
    params = {row.head: row.params for row in record.results}
    assert params["avg"] == 3 * (WIDTH + 1)


def test_leaks_are_named_and_left_out(tmp_path: Path) -> None:
    train = [f"train {row}" for row in range(300)]
    texts = {"train": train, "test": train[:30] + [f"test {row}" for row in range(50)]}
    made_for(Task("multiclass", ("a", "b", "c")), tmp_path, texts)
    same = ("--heads", "avg,gru", "--epochs", "2", "--no-floors", "--cache-dir", str(tmp_path), "--out")
    for flags, rows, says in (
        ([], 300, "`--deduplicate` leaves"),
        (["--deduplicate"], 270, "left out of the earlier"),
    ):
        run = command(*same, str(tmp_path / "out"), *flags)
        assert run.returncode == 0, run.stderr
        assert "30 rows of test also in train" in run.stderr
        assert says in run.stderr
        folder = run.stdout.splitlines()[-1].removeprefix("written to ")
        record = RunFolder(folder).record()
        assert record.leaks == {"train/valid": 0, "train/test": 30, "valid/test": 0}
        assert record.rows == {"train": rows, "valid": 60, "test": 80}


@pytest.fixture(scope="module")
def padded_features(features: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a cache of the same rows, whose padding positions hold large numbers."""
    folder, whole = tmp_path_factory.mktemp("padded"), open_cache(str(features / "made-tiny-0"))
    recipe = dataclasses.replace(whole.recipe, layout="padded")
    writer = CacheWriter(str(folder / "made-tiny-n"), recipe)
    writer.begin()
    splits = {}
    for split, record in whole.manifest.blocks():
        block = whole.read_block(split, record)
        hidden = np.full((len(block.rows), 12, WIDTH), 9, np.float16)
        hidden[np.arange(12) < block.lengths[:, None]] = block.hidden
        splits[split] = [writer.write_block(split, 0, 0, block._replace(hidden=hidden))]
    made_by = {"command": "python -m extract --layout padded"}
    writer.finish(dataclasses.replace(whole.manifest, key=recipe.key, splits=splits, source=made_by))
    return folder


def test_notebook_mode_gives_heads_no_masks(padded_features: Path, tmp_path: Path) -> None:
    """The oracle: the head's module on all positions, with a mask that is all true."""
    from headstart.heads.modules import init
    from headstart.train.data.views import EveryPosition
    from tests.oracles.head_logits import logits_of

    run = command("--notebook", "--heads", "gru_pooled", "--epochs", "2", "--batch-size", "32", "--precision",
                  "float32", "--cache-dir", str(padded_features), "--out", str(tmp_path))  # fmt: skip
    assert run.returncode == 0, run.stderr
    folder = tmp_path / "made-tiny-n"
    settings = json.loads((folder / "results.json").read_text())["settings"]
    assert (settings["notebook"], settings["batching"]) == (True, "exact")
    with (folder / "results.csv").open() as file:
        row = next(row for row in csv.DictReader(file) if row["head"] == "gru_pooled")
    test = EveryPosition(open_cache(str(padded_features / "made-tiny-n")).split("test"))
    assert set(test.lengths) == {12}
    head = HEADS["gru_pooled"]
    saved = folder / "checkpoints" / "gru_pooled" / "seed-0"
    params = restore(saved, "best", init("gru_pooled", head, WIDTH, 7))
    found = evaluate(logits_of(head), params, test)
    assert found.loss == pytest.approx(float(row["test_loss"]), abs=1e-5)


@pytest.mark.parametrize("notebook", [True, False])
def test_the_wrong_cache_for_the_setting_names_the_command(
    notebook: bool, features: Path, padded_features: Path, tmp_path: Path
) -> None:
    flags = (
        ["--notebook", "--cache-dir", str(features)] if notebook else ["--cache-dir", str(padded_features)]
    )
    run = command(*flags, "--heads", "cls", "--out", str(tmp_path))
    assert (run.returncode, run.stdout) == (2, "")
    ends = "python -m extract --layout padded\n" if notebook else "for heads with masks: python -m extract\n"
    assert run.stderr.endswith(ends)
    assert not list(tmp_path.iterdir())
