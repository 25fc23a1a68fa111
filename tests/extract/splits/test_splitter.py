"""Which row goes to which split, beside scikit-learn, pandas and brute force."""

import dataclasses
import itertools
import re
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import train_test_split

from headstart.cache import UserError, open_cache
from headstart.cache.recipe import canonical_json
from headstart.cache.task import BINARY, Task
from headstart.extract.pipeline.job import prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.splits.rules import split_by_content, split_by_groups
from headstart.extract.splits.splitter import choose_splitter, split_dataset
from headstart.extract.text.cleaning import NOTEBOOK

from ..conftest import Recorder
from .rows import for_file, rows_of, sentences, write

SPLITS = ("train", "valid", "test")


def test_the_default_splits_and_describes_as_the_notebook() -> None:
    rows = rows_of([0, 1] * 50)
    train, rest = train_test_split(np.arange(100), test_size=0.2, random_state=42)
    valid, test = train_test_split(rest, test_size=0.5, random_state=42)
    for name, chosen in zip(SPLITS, (train, valid, test), strict=True):
        np.testing.assert_array_equal(split_dataset(rows, for_file())[name], chosen)
    splitter = choose_splitter(for_file())
    assert splitter.describe(rows) == "scikit-learn train_test_split 0.2, then 0.5, same seed"
    assert NOTEBOOK.to_json() == '{"no_line_breaks":true,"no_punct":true,"no_urls":true}'


def test_the_stable_rule_splits_by_content_and_grows() -> None:
    rows, stable = rows_of([0, 1] * 50), for_file(split_rule="stable")
    for name, positions in split_dataset(rows, stable).items():
        np.testing.assert_array_equal(positions, split_by_content(rows.texts, 42)[name])
    assert (choose_splitter(stable).grows, choose_splitter(for_file()).grows) == (True, False)
    assert choose_splitter(stable).describe(rows) == (
        "first 8 bytes of SHA-256 of seed:text, modulo 10: 0-7, 8, 9"
    )
    with pytest.raises(UserError, match="9 rows are too few"):
        split_dataset(rows_of([0] * 9), stable)


def test_the_sample_s_default_key_is_known() -> None:
    recipe = prepare(Settings(backbone="minilm", compute_dtype="float32")).recipe
    assert recipe.cleaning_versions.startswith("clean-text 0.7.1, ftfy 6.3.1, emoji 2.16.0, unidecode ")
    fixed = "clean-text 0.7.1, ftfy 6.3.1, emoji 2.16.0, unidecode absent"
    assert dataclasses.replace(recipe, cleaning_versions=fixed).key.startswith("15a979c1bf")
    # from before layers and groups were stored
    before = dataclasses.replace(recipe, cleaning_versions=fixed, layers="[]", groups=False)
    assert before.key.startswith("3fd5e7c652")


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_stratified_splits_are_scikit_learn_s(classes: int) -> None:
    labels = np.random.default_rng(classes).choice(
        classes, 700, p=np.arange(1, classes + 1) / sum(range(classes + 1))
    )
    task = BINARY if classes == 2 else Task("multiclass", tuple(map(str, range(classes))))
    splits = split_dataset(rows_of(labels.tolist(), task), for_file(stratify=True, seed=9))
    train, rest = train_test_split(np.arange(700), test_size=0.2, random_state=9, stratify=labels)
    valid, test = train_test_split(rest, test_size=0.5, random_state=9, stratify=labels[rest])
    for name, chosen in zip(SPLITS, (train, valid, test), strict=True):
        np.testing.assert_array_equal(splits[name], chosen)


@pytest.mark.parametrize("seed", range(30))
def test_every_class_of_ten_rows_is_in_every_split(seed: int) -> None:
    """Also beside classes and combinations of labels so rare that scikit-learn alone would refuse them."""
    random = np.random.default_rng(seed)
    counts = [
        int(count) for count in (*random.integers(10, 30, 3), *random.integers(1, 10, random.integers(0, 4)))
    ]
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    rows = rows_of(labels.tolist(), Task("multiclass", tuple(map(str, range(len(counts))))))
    splits = split_dataset(rows, for_file(stratify=True, seed=seed))
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(len(labels)))
    for name, rows in splits.items():
        share = {"train": 0.8}.get(name, 0.1)
        assert abs(len(rows) - share * len(labels)) < 2
        for number in range(3):
            assert (labels[rows] == number).sum() >= 1
            assert abs((labels[rows] == number).sum() - share * counts[number]) < 2.5


def test_no_group_is_in_two_splits() -> None:
    random = np.random.default_rng(0)
    groups = random.integers(0, 60, 500)
    rows = rows_of(random.integers(0, 2, 500).tolist(), user=[f"user {group}" for group in groups])
    splits = split_dataset(rows, for_file(group_column="user", seed=3))
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(500))
    for one, other in itertools.combinations(splits.values(), 2):
        assert not set(groups[one]) & set(groups[other])
    # groups are numbered as they come: other names change nothing
    firsts = list(dict.fromkeys(groups.tolist()))
    by_number = split_by_groups(np.array([firsts.index(group) for group in groups]), 3)
    for name, rows in splits.items():
        np.testing.assert_array_equal(rows, by_number[name])
    assert [len(set(groups[rows])) for rows in splits.values()] == [48, 6, 6]


def test_the_groups_of_rows_are_numbered_as_they_first_appear() -> None:
    users = ["eve", "bob", "eve", "1", "1.0", "adam", "zoe", "carl", "bob", "dora"]
    rows = rows_of([0, 1] * 5, user=users)
    groups = choose_splitter(for_file(group_column="user")).groups
    assert groups is not None
    assert (groups(rows).tolist(), groups(rows).dtype) == ([0, 1, 0, 2, 2, 3, 4, 5, 1, 6], np.int64)
    for fields in ({}, {"split_rule": "stable"}, {"split_column": "user"}, {"stratify": True}):
        assert choose_splitter(for_file(**fields)).groups is None


CONTRADICTIONS = [
    ({"split_column": "a", "stratify": True}, "--split-column and --stratify both say"),
    ({"group_column": "a", "stratify": True}, "--group-column and --stratify both say"),
    ({"split_rule": "stable", "stratify": True}, "--split-rule stable and --stratify both say"),
    ({"split_column": "a", "group_column": "b"}, "--split-column and --group-column both say"),
    ({"split_column": "a", "test_data": "b"}, "--split-column and --test-data both say"),
    (
        {"valid_data": "a", "test_data": "b", "stratify": True},
        "--valid-data and --test-data and --stratify both say",
    ),
    ({"valid_data": "a", "split_rule": "stable"}, "--valid-data and --split-rule stable both say"),
]


@pytest.mark.parametrize(("fields", "says"), CONTRADICTIONS)
def test_two_flags_that_contradict_each_other(fields: dict[str, object], says: str) -> None:
    with pytest.raises(UserError, match=f"^{re.escape(says)}.*choose one$"):
        prepare(Settings(data="nowhere.csv", **fields))


@pytest.fixture
def base(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, cache_dir=str(tmp_path / "features"))


def test_files_of_their_own(base: Settings, tmp_path: Path) -> None:
    files = {
        name: sentences(count, at)
        for at, (name, count) in enumerate([("train", 30), ("valid", 6), ("test", 8)])
    }
    paths = {
        name: write(tmp_path / f"{name}.csv", [(text, row % 2) for row, text in enumerate(texts)])
        for name, texts in files.items()
    }
    chosen = dataclasses.replace(
        base, data=paths["train"], valid_data=paths["valid"], test_data=paths["test"], clean="none"
    )
    cache = open_cache(extract(chosen, Recorder()))
    assert {name: cache.split(name).texts for name in SPLITS} == files
    assert "--valid-data" in chosen.command
    assert cache.recipe.cleaning == "null"
    assert cache.recipe.split_rule.startswith("given with the data, SHA-256 ")
    rows = np.concatenate([cache.split(name).rows for name in SPLITS])
    assert rows.tolist() == list(range(44))  # one number for each row of all files together


@pytest.mark.parametrize("stratify", [False, True])
def test_a_split_without_a_file_is_dealt_from_train(base: Settings, tmp_path: Path, stratify: bool) -> None:
    train = write(tmp_path / "train.csv", [(text, row % 2) for row, text in enumerate(sentences(40, 0))])
    test = write(tmp_path / "test.csv", [(text, row % 2) for row, text in enumerate(sentences(5, 1))])
    chosen = dataclasses.replace(base, data=train, test_data=test, stratify=stratify)
    job = prepare(chosen)
    splits = split_dataset(job.dataset, chosen)
    labels = np.arange(40) % 2 if stratify else None
    rest, valid = train_test_split(np.arange(40), test_size=0.1, random_state=42, stratify=labels)
    for name, rows in (("train", rest), ("valid", valid), ("test", np.arange(40, 45))):
        np.testing.assert_array_equal(splits[name], rows)
    assert "third scikit-learn train_test_split 0.1 of train" in job.recipe.split_rule
    other = dataclasses.replace(base, data=train, valid_data=test, stratify=stratify)
    assert prepare(other).recipe.split_rule != job.recipe.split_rule
    assert split_dataset(prepare(other).dataset, other)["valid"].tolist() == list(range(40, 45))


def test_files_with_other_columns_or_without_rows(base: Settings, tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [(text, row % 2) for row, text in enumerate(sentences(20, 0))])
    other = write(tmp_path / "other.csv", [("a b", 1)], ("text", "toxic"))
    with pytest.raises(UserError, match=r"other.csv has no column 'label', .* columns are: text, toxic"):
        prepare(dataclasses.replace(base, data=train, test_data=other))
    blank = write(tmp_path / "blank.csv", [("", 1), (" ", 0)])
    chosen = dataclasses.replace(base, data=train, test_data=blank)
    with pytest.raises(UserError, match="the split test gets no row"):
        split_dataset(prepare(chosen).dataset, chosen)


def test_a_small_training_file_and_rare_classes_in_it(base: Settings, tmp_path: Path) -> None:
    test = write(
        tmp_path / "test.csv", [(text, "abcd"[row % 4]) for row, text in enumerate(sentences(40, 1))]
    )
    few = write(tmp_path / "few.csv", [(text, "ab"[row % 2]) for row, text in enumerate(sentences(9, 0))])
    chosen = dataclasses.replace(base, data=few, test_data=test)
    with pytest.raises(UserError, match="9 rows are too few to split"):
        split_dataset(prepare(chosen).dataset, chosen)
    labels = [*("ab"[row % 2] for row in range(29)), "c"]
    rare = write(tmp_path / "rare.csv", list(zip(sentences(30, 0), labels, strict=True)))
    chosen = dataclasses.replace(base, data=rare, test_data=test, stratify=True)
    assert [len(rows) for rows in split_dataset(prepare(chosen).dataset, chosen).values()] == [27, 3, 40]


def test_a_split_column_end_to_end(base: Settings, tmp_path: Path) -> None:
    """Blank rows are left out, a limit may thin the splits, and the column is not taken for the label."""
    texts, names = (
        sentences(40, 2),
        np.random.default_rng(1).permutation(["train"] * 24 + ["dev"] * 8 + ["test"] * 8),
    )
    table = [
        ("" if row == 3 else text, row // 2 % 2, name)
        for row, (text, name) in enumerate(zip(texts, names, strict=True))
    ]
    path = write(tmp_path / "data.csv", table, ("text", "label", "split"))
    chosen = dataclasses.replace(base, data=path, split_column="split")
    recorder = Recorder()
    cache = open_cache(extract(chosen, recorder))
    for name, value in zip(SPLITS, ("train", "dev", "test"), strict=True):
        assert cache.split(name).rows.tolist() == [r for r in range(40) if names[r] == value and r != 3]
    assert not any("warning" in line for line in recorder.lines)
    keys = {prepare(other).recipe.key for other in (chosen, dataclasses.replace(chosen, limit=30))}
    assert len(keys) == 2
    with pytest.raises(UserError, match="there is no column 'splt'"):
        prepare(dataclasses.replace(chosen, split_column="splt"))


def test_a_class_that_only_train_has_is_warned_of(base: Settings, tmp_path: Path) -> None:
    names = ["train"] * 20 + ["valid"] * 4 + ["test"] * 4
    labels = ["x", "y", "z", "x", "y"] * 4 + ["x", "y"] * 4
    table = list(zip(sentences(28, 3), labels, names, strict=True))
    path = write(tmp_path / "data.csv", table, ("text", "label", "split"))
    recorder = Recorder()
    named = dataclasses.replace(
        base, data=path, split_column="split", text_column="text", label_column="label"
    )
    location = extract(named, recorder)
    assert [line for line in recorder.lines if line.startswith("warning")] == [
        f"warning: class 'z' has 4 rows, none of them in {name}; give that split some of its rows"
        for name in ("valid", "test")
    ]
    assert open_cache(location).recipe.task == canonical_json(
        {"kind": "multiclass", "classes": ["x", "y", "z"]}
    )
    labels[20] = "only here"
    path = write(
        tmp_path / "bad.csv",
        list(zip(sentences(28, 3), labels, names, strict=True)),
        ("text", "label", "split"),
    )
    before = sorted((tmp_path / "features").iterdir())
    with pytest.raises(UserError, match="class 'only here' has 1 rows, none of them in train"):
        extract(dataclasses.replace(named, data=path), Recorder())
    assert sorted((tmp_path / "features").iterdir()) == before
