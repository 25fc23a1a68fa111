"""`headstart.compare`, and the model that it leaves."""

import io
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure

import headstart

from .extract.conftest import DISTILBERT, random_weights, save_backbone
from .made import Made, run_bench


@pytest.fixture(scope="module")
def features(tmp_path_factory: pytest.TempPathFactory) -> headstart.Features:
    folder = tmp_path_factory.mktemp("comparison")
    tiny = save_backbone(folder / "tiny", DISTILBERT, random_weights(DISTILBERT))
    texts = [f"you are {word} {'very ' * (n % 5)}" for n, word in enumerate(["kind", "rude"] * 60)]
    labels = np.array(["kind", "rude"] * 60)
    settings = {"max_length": 32, "cache_dir": str(folder / "features"), "block_rows": 1024}
    return headstart.encode(texts, labels, backbone=str(tiny), **settings)


@pytest.fixture(scope="module")
def comparison(features: headstart.Features) -> headstart.ComparisonResult:
    out = Path(features.path).parent.parent / "results"
    return headstart.compare(features, ["avg", "cls"], seeds=2, epochs=2, batch_size=16, out=out)


def test_it_is_silent(
    features: headstart.Features, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    cache = features.path
    headstart.compare(cache, "avg", epochs=1, batch_size=16, no_floors=True, out=tmp_path)
    assert capfd.readouterr() == ("", "")
    headstart.compare(cache, "avg", epochs=1, batch_size=16, no_floors=True, out=tmp_path, progress=True)
    assert "epoch" in capfd.readouterr().err


def test_threads_and_streams_of_the_program_stay_as_they_are(
    features: headstart.Features, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What others write meanwhile is seen; and no logger is imported that nobody asked for."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    for module in ("tensorboardX", "mlflow", "wandb"):
        monkeypatch.setitem(sys.modules, module, None)
    monkeypatch.setattr(
        "headstart.train.report.loggers.RunReporter.epoch", lambda *_: print("mine", file=sys.stderr)
    )
    headstart.compare(features, "avg", epochs=2, batch_size=16, no_floors=True, out=tmp_path)
    assert written.getvalue() == "mine\n" * 2


def test_it_sends_its_numbers_to_loggers(features: headstart.Features, tmp_path: Path) -> None:
    settings = {"epochs": 2, "batch_size": 16, "no_floors": True, "out": tmp_path}
    with pytest.raises(headstart.UserError, match="--log wand: did you mean 'wandb'"):
        headstart.compare(features, "avg", log="wand", **settings)
    assert not list(tmp_path.iterdir())
    result = headstart.compare(features, "avg", log="tensorboard", **settings)
    assert len(list(tmp_path.glob(f"tensorboard/{Path(result.path).name}/*/avg/seed-0/events*"))) == 1
    assert headstart.load(result.path).head == "avg"


def test_it_is_what_bench_finds(
    features: headstart.Features, comparison: headstart.ComparisonResult, tmp_path: Path
) -> None:
    flags = (
        "--heads",
        "avg,cls",
        "--seeds",
        "2",
        "--epochs",
        "2",
        "--batch-size",
        "16",
        "--out",
        str(tmp_path),
    )
    assert run_bench("--cache", features.path, *flags).returncode == 0
    (run,) = tmp_path.iterdir()
    there = pd.read_csv(run / "results.csv").drop(columns="train_seconds")
    here = comparison.to_frame(seeds=True).reset_index().drop(columns="train_seconds")
    pd.testing.assert_frame_equal(here, there, check_dtype=False)


def test_its_means_have_intervals(comparison: headstart.ComparisonResult) -> None:
    frame = comparison.to_frame()
    assert list(frame.index) == ["majority", "tfidf_logreg", "logreg_mean", "cls", "avg"]
    assert frame.loc[["cls", "avg"], "seeds"].tolist() == [2, 2]
    assert (frame["low"] <= frame["test_accuracy"]).all()
    assert (frame["test_accuracy"] <= frame["high"]).all()
    seeds = comparison.to_frame(seeds=True)
    assert frame.loc["avg", "test_loss"] == pytest.approx(seeds.loc["avg", "test_loss"].mean())


def test_it_shows_itself(comparison: headstart.ComparisonResult) -> None:
    assert comparison.table in repr(comparison)
    assert Path(comparison.path, "report.html").is_file()
    assert set(comparison.figures) == {"comparison", "avg", "cls"}
    assert all(isinstance(figure, Figure) for figure in comparison.figures.values())
    shown = comparison._repr_html_()
    assert comparison.verdict[:30] in shown
    assert shown.count("<tr") == 2 + 5
    assert "<script" not in shown


def test_its_best_head_labels_texts(comparison: headstart.ComparisonResult, tmp_path: Path) -> None:
    model = comparison.best()
    texts = ["you are kind", "", "you are rude very very"]
    probabilities = model.predict_proba(texts)
    assert probabilities.shape == (3, 2)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert model.classes_.tolist() == ["kind", "rude"]
    assert model.predict(texts).tolist() == model.classes_[probabilities.argmax(axis=1)].tolist()
    logits = model.decision_function(texts)[:, 0]
    np.testing.assert_allclose(1 / (1 + np.exp(-logits)), probabilities[:, 1], rtol=1e-4)
    assert model.export(tmp_path / "out") == tmp_path / "out"
    assert (tmp_path / "out" / "load.py").is_file()
    with pytest.raises(headstart.UserError, match="exists"):
        model.export(tmp_path / "out")


def test_a_setting_that_is_none_is_a_question(features: headstart.Features) -> None:
    with pytest.raises(TypeError, match=r"compare\(\) has no setting 'epoch'; did you mean 'epochs'\?"):
        headstart.compare(features, epoch=3)
    with pytest.raises(headstart.UserError, match="there is no head 'agv'; did you mean 'avg'"):
        headstart.compare(features, ["agv"])


def test_a_run_of_the_command_loads(made_run: object) -> None:
    made: Made = made_run("multilabel")  # type: ignore[operator]
    model = headstart.load(made.run, "maxavg")
    assert repr(model).startswith("<Model maxavg, seed 0, backbone ")
    picked = model.predict(made.texts[:5])
    assert picked.shape == (5, 2)
    assert picked.dtype == bool
    with pytest.raises(headstart.UserError, match="no head"):
        headstart.load(made.run, "gru")
