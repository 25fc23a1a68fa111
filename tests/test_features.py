"""`headstart.encode` and what it gives: NumPy, pandas, PyTorch; the same cache as the command's, and not a word."""

import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace

import numpy as np
import pytest

import headstart
from headstart.cache.reader import open_cache

from .extract.conftest import DISTILBERT, random_weights, save_backbone
from .made import command, finished

TEXTS = [
    f"you are {word} {'very ' * (number % 5)}" for number, word in enumerate(["kind", "rude", "good"] * 20)
]
LABELS = [("bad", "fine")[number % 2] for number in range(len(TEXTS))]


@pytest.fixture(scope="module")
def backbone(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(save_backbone(tmp_path_factory.mktemp("b") / "tiny", DISTILBERT, random_weights(DISTILBERT)))


@pytest.fixture(scope="module")
def features(backbone: str, tmp_path_factory: pytest.TempPathFactory) -> headstart.Features:
    folder = tmp_path_factory.mktemp("features")
    return headstart.encode(TEXTS, LABELS, backbone=backbone, max_length=32, cache_dir=str(folder))


def test_it_is_the_commands_cache(features: headstart.Features, backbone: str, tmp_path: Path) -> None:
    lines = ["text,label", *(f"{text},{label}" for text, label in zip(TEXTS, LABELS, strict=True))]
    (tmp_path / "texts.csv").write_text("\n".join(lines) + "\n")
    flags = ("--data", str(tmp_path / "texts.csv"), "--backbone", backbone, "--max-length", "32", "--where")
    asked = finished(command("-m extract", *flags))
    assert Path(asked.stdout.strip()).name == Path(features.path).name


def test_the_second_time_it_is_found_and_nothing_is_said(
    features: headstart.Features, backbone: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = str(Path(features.path).parent)
    again = headstart.encode(TEXTS, LABELS, backbone=backbone, max_length=32, cache_dir=folder)
    assert capfd.readouterr() == ("", "")
    assert again.path == features.path
    assert again.remarks[-1] == "the cache is complete already: nothing to compute"
    assert any("60 rows (all used)" in line for line in again.remarks)


def test_progress_says_what_the_command_says(
    features: headstart.Features, backbone: str, capfd: pytest.CaptureFixture[str]
) -> None:
    folder = str(Path(features.path).parent)
    settings = {"max_length": 32, "cache_dir": folder, "progress": True}
    assert headstart.encode(TEXTS, LABELS, backbone=backbone, **settings).remarks == []
    assert "60 rows (all used)" in capfd.readouterr().out


def test_a_split_is_numpy(features: headstart.Features) -> None:
    assert features.splits == ["train", "valid", "test"]
    assert features.task.classes == ("bad", "fine")
    assert repr(features) == f"<Features {features.path}: train 48, valid 6, test 6 rows, width 16>"
    train, stored = features.split("train"), open_cache(features.path).split("train")
    assert len(train) == len(train.texts) == 48
    assert [len(row) for row in train.hidden] == train.lengths.tolist()
    np.testing.assert_array_equal(np.concatenate(train.hidden), stored.hidden)
    for row, pooled in zip(train.hidden, train.pooled, strict=True):
        np.testing.assert_array_equal(row[0], pooled[0])
        np.testing.assert_array_equal(row.max(axis=0), pooled[1])
    with pytest.raises(headstart.UserError, match="no split 'training'"):
        features.split("training")


def test_a_split_is_a_table(features: headstart.Features) -> None:
    split = features.split("test")
    table = split.to_pandas("max")
    assert table.index.tolist() == split.rows.tolist()
    assert table["label"].tolist() == [LABELS[row] for row in split.rows]
    assert table["text"].tolist() == split.texts
    np.testing.assert_array_equal(table.filter(like="max_"), split.pooled[:, 1].astype(np.float32))
    with pytest.raises(ValueError, match="no view 'avg'; views: cls, max, mean"):
        split.to_pandas("avg")


def test_several_labels_are_columns(backbone: str, tmp_path: Path) -> None:
    labels = np.array([[number % 2, number % 3 == 0] for number in range(len(TEXTS))], int)
    settings = {"max_length": 32, "cache_dir": str(tmp_path), "class_names": ["rude", "odd"]}
    split = headstart.encode(TEXTS, labels, backbone=backbone, **settings).split("train")
    table = split.to_pandas()
    np.testing.assert_array_equal(table[["rude", "odd"]], labels[split.rows])


def test_a_split_is_tensors(features: headstart.Features, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = ModuleType("torch")
    torch.from_numpy = lambda array: SimpleNamespace(array=array)  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "torch", torch)
    split = features.split("valid")
    tensors = split.to_torch()
    assert set(tensors) == {"hidden", "lengths", "labels", "rows", "pooled"}
    assert tensors["pooled"].array is split.pooled
    assert len(tensors["hidden"]) == len(split)


def test_an_unknown_setting_is_a_question() -> None:
    with pytest.raises(
        TypeError, match=r"encode\(\) has no setting 'maxlength'; did you mean 'max_length'\?"
    ):
        headstart.encode(TEXTS, LABELS, maxlength=32)


def test_columns_are_named_by_lists(backbone: str, tmp_path: Path) -> None:
    columns = {"said": TEXTS, "rude": [n % 2 for n in range(60)], "odd": [n % 3 // 2 for n in range(60)]}
    settings = {"text_column": "said", "label_column": ["rude", "odd"], "max_length": 32}
    features = headstart.encode(columns, backbone=backbone, cache_dir=str(tmp_path), name="mine", **settings)
    assert features.task.classes == ("rude", "odd")
    assert Path(features.path).name.startswith("mine-tiny-")
