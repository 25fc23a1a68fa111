"""The job that follows from settings: its recipe, and mistakes that are reported before anything is computed."""

import dataclasses
import json
import os
import shutil
from pathlib import Path

import pytest

from headstart.cache import UserError
from headstart.extract.pipeline.job import choose_layout, prepare
from headstart.extract.settings import Settings


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"max_length": 31}, {"limit": 40}, {"compute_dtype": "bfloat16"}]
)
def test_what_changes_a_value_changes_the_name(settings: Settings, change: dict[str, object]) -> None:
    assert prepare(dataclasses.replace(settings, **change)).location != prepare(settings).location


def test_neither_places_nor_processes_change_the_key(settings: Settings, tmp_path: Path) -> None:
    data = shutil.copy(settings.data, tmp_path / "other name.csv")
    backbone = shutil.copytree(settings.backbone or "", tmp_path / "other folder")
    other = dataclasses.replace(
        settings, data=str(data), backbone=str(backbone), cache_dir="x", workers=3, block_rows=5, batch_tokens=33,
        text_column="comment_text", split="test",
    )  # fmt: skip
    assert prepare(other).recipe == prepare(settings).recipe


def test_number_seed_and_rates_of_dropout_are_in_the_recipe(settings: Settings) -> None:
    recipe = prepare(dataclasses.replace(settings, dropout_views=2)).recipe
    assert json.loads(recipe.dropout) == {"views": 2, "seed": 42, "hidden": 0.1, "attention": 0.1}
    assert (recipe.forward, recipe.views) == ("stock", 2)
    keys = {prepare(dataclasses.replace(settings, dropout_views=views)).recipe.key for views in (0, 2, 3)}
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("split", "names"),
    [
        ("all", ("train", "train-view-1", "train-view-2", "valid", "test")),
        ("train", ("train", "train-view-1", "train-view-2")),
        ("valid", ("valid",)),
    ],
)
def test_views_go_with_the_training_split(settings: Settings, split: str, names: tuple[str, ...]) -> None:
    assert prepare(dataclasses.replace(settings, split=split, dropout_views=2)).splits == names


def test_layouts_follow_from_views_and_padding() -> None:
    assert choose_layout(Settings()) == "ragged"
    assert choose_layout(Settings(layout="padded")) == "padded"
    assert choose_layout(Settings(views="pooled")) == "pooled"
    with pytest.raises(
        UserError, match=r"--views pooled stores no hidden states and --layout padded .* choose one"
    ):
        choose_layout(Settings(views="pooled", layout="padded"))


@pytest.mark.parametrize("length", [2, 65])
def test_a_length_that_does_not_fit_the_backbone(settings: Settings, length: int) -> None:
    with pytest.raises(UserError, match=f"--max-length {length} does not fit the backbone 'tiny': 3 to 64"):
        prepare(dataclasses.replace(settings, max_length=length))


@pytest.mark.parametrize(
    ("name", "option", "length", "kept"),
    [
        ("tokenizer_config.json", "model_max_length", 20, 20),
        ("tokenizer_config.json", "max_len", 9, 9),
        ("sentence_bert_config.json", "max_seq_length", 7, 7),
        ("tokenizer_config.json", "model_max_length", 32, 32),
        ("tokenizer_config.json", "model_max_length", 10**30, 32),
    ],
)
def test_no_more_tokens_are_kept_than_the_checkpoint_is_made_for(
    settings: Settings, tmp_path: Path, name: str, option: str, length: int, kept: int
) -> None:
    folder = Path(shutil.copytree(settings.backbone or "", tmp_path / "tiny"))
    (folder / name).write_text(json.dumps({option: length}))
    job = prepare(dataclasses.replace(settings, backbone=str(folder)))
    assert job.recipe.max_length == kept
    said = (f"{kept} tokens of each text are kept, not 32: {name} has {option} {length}",)
    assert job.remarks == (said if kept < 32 else ())
    assert (job.recipe == prepare(settings).recipe) == (kept == 32)


def test_a_length_below_three_fits_no_text(settings: Settings, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(settings.backbone or "", tmp_path / "tiny"))
    (folder / "tokenizer_config.json").write_text('{"model_max_length": 2}')
    with pytest.raises(UserError, match=r"--max-length 2 does not fit"):
        prepare(dataclasses.replace(settings, backbone=str(folder)))


def test_sources_are_named_without_the_folders_above(settings: Settings, tmp_path: Path) -> None:
    """The backbone's folder is found from the cache's."""
    there = dataclasses.replace(settings, cache_dir=str(tmp_path / "features"))
    job = prepare(there)
    shown = json.dumps(job.source)
    assert not [place for place in (settings.data, settings.backbone, str(tmp_path)) if str(place) in shown]
    place = os.path.normpath(os.path.join(job.location, job.source["backbone_argument"]))
    assert os.path.samefile(place, settings.backbone or "")
    assert f"--data {os.path.basename(str(settings.data))}" in job.source["command"]
    remote = job._replace(settings=dataclasses.replace(there, cache_dir="s3://bucket/features"))
    assert remote.source["backbone_argument"] == os.path.basename(settings.backbone or "")
