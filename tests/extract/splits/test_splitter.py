"""Which row goes to which split, beside scikit-learn, pandas and brute force."""

import csv
import dataclasses
import itertools
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from sklearn.model_selection import GroupShuffleSplit, train_test_split

from headstart.cache import UserError, open_cache
from headstart.cache.recipe import canonical_json
from headstart.cache.task import BINARY, Task
from headstart.extract.dataset.categories import Column
from headstart.extract.dataset.dataset import Rows
from headstart.extract.pipeline.job import prepare
from headstart.extract.pipeline.run import extract
from headstart.extract.settings import Settings
from headstart.extract.splits.coverage import describe_absent
from headstart.extract.splits.rules import strata_of
from headstart.extract.splits.splitter import advice, choose_dealing, deal
from headstart.extract.text.cleaning import NOTEBOOK

from ..conftest import WORDS, Recorder

SPLITS = ("train", "valid", "test")


def rows_of(labels: Sequence[object], task: Task = BINARY, **others: Sequence[str]) -> Rows:
    count, columns = len(labels), {}
    for name, values in others.items():
        names = list(dict.fromkeys(values))
        columns[name] = Column(np.array([names.index(value) for value in values], np.int32), tuple(names))
    texts = [f"text {row}" for row in range(count)]
    return Rows(texts, np.array(labels, np.int32), np.arange(count) + 7, 0, ("text", "label"), task, columns)


def for_file(**fields: object) -> Settings:
    return Settings(data="data.csv", **fields)


def test_the_default_deals_and_describes_as_before() -> None:
    rows = rows_of([0, 1] * 50)
    train, rest = train_test_split(np.arange(100), test_size=0.2, random_state=42)
    valid, test = train_test_split(rest, test_size=0.5, random_state=42)
    for name, wanted in zip(SPLITS, (train, valid, test), strict=True):
        np.testing.assert_array_equal(deal(rows, for_file())[name], wanted)
    own = choose_dealing(for_file())
    assert own.describe(rows) == "scikit-learn train_test_split 0.2, then 0.5, same seed"
    assert NOTEBOOK.to_json() == '{"no_line_breaks":true,"no_punct":true,"no_urls":true}'


def test_the_sample_s_default_key_is_known() -> None:
    recipe = prepare(Settings(backbone="minilm", compute_dtype="float32")).recipe
    assert recipe.cleaning_versions.startswith("clean-text 0.7.1, ftfy 6.3.1, emoji 2.16.0, unidecode ")
    fixed = "clean-text 0.7.1, ftfy 6.3.1, emoji 2.16.0, unidecode absent"
    assert dataclasses.replace(recipe, cleaning_versions=fixed).key.startswith("3fd5e7c652")


@pytest.mark.parametrize("classes", [2, 3, 7])
def test_stratified_splits_are_scikit_learn_s(classes: int) -> None:
    labels = np.random.default_rng(classes).choice(
        classes, 700, p=np.arange(1, classes + 1) / sum(range(classes + 1))
    )
    task = BINARY if classes == 2 else Task("multiclass", tuple(map(str, range(classes))))
    found = deal(rows_of(labels.tolist(), task), for_file(stratify=True, seed=9))
    train, rest = train_test_split(np.arange(700), test_size=0.2, random_state=9, stratify=labels)
    valid, test = train_test_split(rest, test_size=0.5, random_state=9, stratify=labels[rest])
    for name, wanted in zip(SPLITS, (train, valid, test), strict=True):
        np.testing.assert_array_equal(found[name], wanted)


@pytest.mark.parametrize("seed", range(30))
def test_every_class_of_ten_rows_is_in_every_split(seed: int) -> None:
    """Also beside classes and combinations of labels so rare that scikit-learn alone would refuse them."""
    random = np.random.default_rng(seed)
    counts = [
        int(count) for count in (*random.integers(10, 30, 3), *random.integers(1, 10, random.integers(0, 4)))
    ]
    labels = random.permutation(np.repeat(np.arange(len(counts)), counts))
    rows = rows_of(labels.tolist(), Task("multiclass", tuple(map(str, range(len(counts))))))
    splits = deal(rows, for_file(stratify=True, seed=seed))
    assert sorted(np.concatenate(list(splits.values())).tolist()) == list(range(len(labels)))
    for name, own in splits.items():
        share = {"train": 0.8}.get(name, 0.1)
        assert abs(len(own) - share * len(labels)) < 2
        for number in range(3):
            assert (labels[own] == number).sum() >= 1
            assert abs((labels[own] == number).sum() - share * counts[number]) < 2.5


def test_combinations_of_labels_are_strata_and_rare_ones_are_one() -> None:
    labels = np.array([[0, 0]] * 40 + [[1, 0]] * 20 + [[0, 1]] * 6 + [[1, 1]] * 5)
    strata = strata_of(labels)
    assert len(set(strata[:40])) == len(set(strata[40:60])) == len(set(strata[60:])) == 1
    assert len(set(strata)) == 3
    assert len(set(strata_of(labels[:65]))) == 2  # five alone join the largest: those of [0, 0]
    assert set(strata_of(labels[:65])[60:]) == set(strata_of(labels[:65])[:40])
    found = deal(rows_of(labels.tolist(), Task("multilabel", ("a", "b"))), for_file(stratify=True))
    assert all(labels[own].any(axis=0).all() for own in found.values())


def test_a_column_says_it() -> None:
    values = ["train", "Valid", "validation", " dev ", "TEST", "test", "train", "train"]
    rows = rows_of([0, 1] * 4, split=values)
    found = deal(rows, for_file(split_column="split"))
    assert {name: own.tolist() for name, own in found.items()} == {
        "train": [0, 6, 7], "valid": [1, 2, 3], "test": [4, 5]
    }  # fmt: skip


@pytest.mark.parametrize(
    ("values", "says"),
    [
        (
            ["train", "holdout"],
            "holds 'holdout' in data row 9 (the first is 1); wanted: train, valid, validation, dev",
        ),
        (["train", ""], "holds '' in data row 9"),
        (["train", "valid"], "the split test gets no row"),
        (["test", "valid"], "the split train gets no row"),
    ],
)
def test_a_column_that_does_not(values: list[str], says: str) -> None:
    with pytest.raises(UserError, match=re.escape(says)):
        deal(rows_of([0, 1], split=values), for_file(split_column="split"))


def test_no_group_is_in_two_splits_and_scikit_learn_deals_them() -> None:
    random = np.random.default_rng(0)
    groups = random.integers(0, 60, 500)
    rows = rows_of(random.integers(0, 2, 500).tolist(), user=[f"user {group}" for group in groups])
    found = deal(rows, for_file(group_column="user", seed=3))
    assert sorted(np.concatenate(list(found.values())).tolist()) == list(range(500))
    for one, other in itertools.combinations(found.values(), 2):
        assert not set(groups[one]) & set(groups[other])
    firsts = list(dict.fromkeys(groups.tolist()))
    codes = np.array([firsts.index(group) for group in groups])
    train, rest = next(GroupShuffleSplit(1, test_size=0.2, random_state=3).split(codes, groups=codes))
    valid, test = next(GroupShuffleSplit(1, test_size=0.5, random_state=3).split(rest, groups=codes[rest]))
    for name, wanted in zip(SPLITS, (train, rest[valid], rest[test]), strict=True):
        np.testing.assert_array_equal(found[name], wanted)
    assert [len(set(groups[own])) for own in found.values()] == [48, 6, 6]


def test_groups_that_cannot_be_dealt() -> None:
    with pytest.raises(
        UserError, match=r"is empty in data row 10 \(the first is 1\); every row needs a group"
    ):
        deal(rows_of([0, 1, 0], user=["a", "b", " "]), for_file(group_column="user"))
    with pytest.raises(UserError, match="holds 5 groups; at least 6 are needed"):
        deal(rows_of([0] * 20, user=list("abcde") * 4), for_file(group_column="user"))
    found = deal(rows_of([0] * 24, user=list("abcdef") * 4), for_file(group_column="user"))
    assert all(len(own) for own in found.values())


ASSIGNMENTS = {
    "split": (
        ["train", "valid", "test", "train"],
        ["train", "valid", "test", "test"],
        ["train", "dev", "test", "train"],
    ),
    "group": (list("aabcdef"), list("abbcdef"), list("xxyzuvw")),
}  # fmt: skip


@pytest.mark.parametrize("kind", ASSIGNMENTS)
def test_another_assignment_is_another_rule_and_other_names_are_not(kind: str) -> None:
    one, other, same = (
        choose_dealing(for_file(**{f"{kind}_column": "c"})).describe(rows_of([0] * len(values), c=values))
        for values in ASSIGNMENTS[kind]
    )
    assert one == same != other
    assert re.search(r"SHA-256 [0-9a-f]{64}$", one)


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


THREE = Task("multiclass", ("hate", "offence", "neither"))


def test_a_class_that_a_split_lacks_is_named_with_what_to_do() -> None:
    rows = rows_of([0, 1, 2, 0, 1, 2, 0, 1], THREE)
    splits = {"train": np.arange(3), "valid": np.array([3, 5]), "test": np.array([4, 6, 7])}
    assert describe_absent(rows, splits, advice(for_file())) == [
        "warning: class 'offence' has 3 rows, none of them in valid; deal with --stratify",
        "warning: class 'neither' has 2 rows, none of them in test; deal with --stratify",
    ]
    with pytest.raises(
        UserError, match="class 'neither' has 2 rows, none of them in train, and cannot be learnt"
    ):
        describe_absent(rows, {**splits, "train": np.arange(2)}, advice(for_file()))


def test_labels_without_a_row_and_many_absent_classes() -> None:
    several = rows_of([[1, 0], [1, 1], [0, 1], [1, 0]], Task("multilabel", ("a", "b")))
    splits = {"train": np.array([0, 1]), "valid": np.array([2]), "test": np.array([3])}
    assert [line.split(";")[0] for line in describe_absent(several, splits, "x")] == [
        "warning: class 'a' has 3 rows, none of them in valid",
        "warning: class 'b' has 2 rows, none of them in test",
    ]
    many = rows_of(list(range(9)) * 2, Task("multiclass", tuple("abcdefghi")))
    lines = describe_absent(
        many, {"train": np.arange(9), "valid": np.arange(9, 10), "test": np.arange(9, 18)}, "x"
    )
    assert len(lines) == 6
    assert lines[-1] == "warning: 3 more classes are absent from a split"


ADVICE = [
    ({}, "deal with --stratify"), ({"stratify": True}, "give it more rows"), ({"split_column": "a"}, "give that split"),
    ({"group_column": "a"}, "another --seed"), ({"split_rule": "stable"}, "another --seed"),
    ({"valid_data": "a", "test_data": "b"}, "give that split"), ({"test_data": "b"}, "deal with --stratify"),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "says"), ADVICE)
def test_what_to_do_depends_on_the_rule(fields: dict[str, object], says: str) -> None:
    assert says in advice(for_file(**fields))


def write(path: Path, rows: Sequence[Sequence[object]], header: Sequence[str] = ("text", "label")) -> str:
    with path.open("w", newline="") as file:
        csv.writer(file).writerows([header, *rows])
    return str(path)


def sentences(count: int, seed: int) -> list[str]:
    random = np.random.default_rng(seed)
    return [" ".join(random.choice(WORDS, random.integers(2, 9))) + f" {row}" for row in range(count)]


@pytest.fixture
def own(settings: Settings, tmp_path: Path) -> Settings:
    return dataclasses.replace(settings, cache_dir=str(tmp_path / "features"))


def test_files_of_their_own(own: Settings, tmp_path: Path) -> None:
    files = {
        name: sentences(count, at)
        for at, (name, count) in enumerate([("train", 30), ("valid", 6), ("test", 8)])
    }
    paths = {
        name: write(tmp_path / f"{name}.csv", [(text, row % 2) for row, text in enumerate(texts)])
        for name, texts in files.items()
    }
    wanted = dataclasses.replace(
        own, data=paths["train"], valid_data=paths["valid"], test_data=paths["test"], clean="none"
    )
    cache = open_cache(extract(wanted, Recorder()))
    assert {name: cache.split(name).texts for name in SPLITS} == files
    assert "--valid-data" in wanted.command
    assert cache.recipe.cleaning == "null"
    assert cache.recipe.split_rule.startswith("given with the data, SHA-256 ")
    rows = np.concatenate([cache.split(name).rows for name in SPLITS])
    assert rows.tolist() == list(range(44))  # one number for each row of all files together


@pytest.mark.parametrize("stratify", [False, True])
def test_a_split_without_a_file_is_dealt_from_train(own: Settings, tmp_path: Path, stratify: bool) -> None:
    train = write(tmp_path / "train.csv", [(text, row % 2) for row, text in enumerate(sentences(40, 0))])
    test = write(tmp_path / "test.csv", [(text, row % 2) for row, text in enumerate(sentences(5, 1))])
    wanted = dataclasses.replace(own, data=train, test_data=test, stratify=stratify)
    job = prepare(wanted)
    found = deal(job.dataset, wanted)
    labels = np.arange(40) % 2 if stratify else None
    rest, valid = train_test_split(np.arange(40), test_size=0.1, random_state=42, stratify=labels)
    for name, rows in (("train", rest), ("valid", valid), ("test", np.arange(40, 45))):
        np.testing.assert_array_equal(found[name], rows)
    assert "third scikit-learn train_test_split 0.1 of train" in job.recipe.split_rule
    other = dataclasses.replace(own, data=train, valid_data=test, stratify=stratify)
    assert prepare(other).recipe.split_rule != job.recipe.split_rule
    assert deal(prepare(other).rows, other)["valid"].tolist() == list(range(40, 45))


def test_files_with_other_columns_or_without_rows(own: Settings, tmp_path: Path) -> None:
    train = write(tmp_path / "train.csv", [(text, row % 2) for row, text in enumerate(sentences(20, 0))])
    other = write(tmp_path / "other.csv", [("a b", 1)], ("text", "toxic"))
    with pytest.raises(UserError, match=r"other.csv has no column 'label', .* its columns are: text, toxic"):
        prepare(dataclasses.replace(own, data=train, test_data=other))
    blank = write(tmp_path / "blank.csv", [("", 1), (" ", 0)])
    wanted = dataclasses.replace(own, data=train, test_data=blank)
    with pytest.raises(UserError, match="the split test gets no row"):
        deal(prepare(wanted).rows, wanted)


def test_a_small_training_file_and_rare_classes_in_it(own: Settings, tmp_path: Path) -> None:
    test = write(
        tmp_path / "test.csv", [(text, "abcd"[row % 4]) for row, text in enumerate(sentences(40, 1))]
    )
    few = write(tmp_path / "few.csv", [(text, "ab"[row % 2]) for row, text in enumerate(sentences(9, 0))])
    wanted = dataclasses.replace(own, data=few, test_data=test)
    with pytest.raises(UserError, match="9 rows are too few to split"):
        deal(prepare(wanted).rows, wanted)
    labels = [*("ab"[row % 2] for row in range(29)), "c"]
    rare = write(tmp_path / "rare.csv", list(zip(sentences(30, 0), labels, strict=True)))
    wanted = dataclasses.replace(own, data=rare, test_data=test, stratify=True)
    assert [len(rows) for rows in deal(prepare(wanted).rows, wanted).values()] == [27, 3, 40]


def test_a_split_column_end_to_end(own: Settings, tmp_path: Path) -> None:
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
    wanted = dataclasses.replace(own, data=path, split_column="split")
    recorder = Recorder()
    cache = open_cache(extract(wanted, recorder))
    for name, value in zip(SPLITS, ("train", "dev", "test"), strict=True):
        assert cache.split(name).rows.tolist() == [r for r in range(40) if names[r] == value and r != 3]
    assert not any("warning" in line for line in recorder.lines)
    keys = {prepare(other).recipe.key for other in (wanted, dataclasses.replace(wanted, limit=30))}
    assert len(keys) == 2
    with pytest.raises(UserError, match="there is no column 'splt'"):
        prepare(dataclasses.replace(wanted, split_column="splt"))


def test_a_class_that_only_train_has_is_warned_of(own: Settings, tmp_path: Path) -> None:
    names = ["train"] * 20 + ["valid"] * 4 + ["test"] * 4
    labels = ["x", "y", "z", "x", "y"] * 4 + ["x", "y"] * 4
    table = list(zip(sentences(28, 3), labels, names, strict=True))
    path = write(tmp_path / "data.csv", table, ("text", "label", "split"))
    recorder = Recorder()
    named = dataclasses.replace(
        own, data=path, split_column="split", text_column="text", label_column="label"
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
