import dataclasses
import json

import pytest

from headstart.cache import UserError
from headstart.train.options import ComparisonSettings, command_lines

HEADS = ("cls", "gru")


def parse_arguments(heads, about, arguments):
    return command_lines(heads, (), about)[""].parse(arguments)[0]


def parse_layers(pooling, arguments):
    return command_lines((), pooling, "")["layers"].parse(arguments)[0]


def parse_compare(arguments):
    return command_lines((), (), "")["compare"].parse(arguments)[0]


def test_without_arguments_every_default_is_that_of_the_settings():
    assert parse_arguments(HEADS, "about", []) == ComparisonSettings()


@pytest.mark.parametrize(
    ("arguments", "changes"),
    [
        (["--heads", "gru", "--seeds", "3"], {"heads": "gru", "seeds": 3}),
        (["--epochs", "7", "--batch-size", "9"], {"epochs": 7, "batch_size": 9}),
        (["--cache", "a", "--cache-dir", "b", "--out", "c"], {"cache": "a", "cache_dir": "b", "out": "c"}),
        (["--batching", "exact", "--precision", "float32"], {"batching": "exact", "precision": "float32"}),
        (["--memory", "host", "--memory-limit", "1.5GB"], {"memory": "host", "memory_limit": 1_500_000_000}),
        (["--folds", "5", "--class-weight", "balanced"], {"folds": 5, "class_weight": "balanced"}),
        (["--quick", "--notebook", "--resume"], {"quick": True, "notebook": True, "resume": True}),
        (["--deduplicate", "--no-floors", "--json"], {"deduplicate": True, "no_floors": True, "json": True}),
    ],
)
def test_every_flag_sets_its_field(arguments, changes):
    assert parse_arguments(HEADS, "about", arguments) == dataclasses.replace(ComparisonSettings(), **changes)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["--seeds", "0"], "0 is not from 1 to 1000"),
        (["--epochs", "x"], "'x' is no whole number"),
        (["--folds", "1"], "1 is not above 1"),
        (["--seeds", "9" * 30], "is not from 1 to 1000"),
        (["--memory-limit", "much"], "'much' is no size; write one like 500MB or 4GB"),
        (["--precision", "float16"], "invalid choice: 'float16'"),
        (["--head", "cls"], "unrecognized arguments: --head"),
    ],
)
def test_a_mistake_is_named(arguments, says, capsys):
    with pytest.raises(SystemExit) as error:
        parse_arguments(HEADS, "about", arguments)
    assert error.value.code == 2
    assert says in capsys.readouterr().err


def test_help_tells_every_flag_and_every_head(capsys):
    with pytest.raises(SystemExit):
        parse_arguments(HEADS, "about", ["--help"])
    text = capsys.readouterr().out
    assert "about" in text
    assert "cls, gru" in text
    flags = {f"--{field.name.replace('_', '-')}" for field in dataclasses.fields(ComparisonSettings)}
    assert all(flag in text for flag in flags)


def test_runs_to_put_side_by_side():
    options = parse_compare(["results/a", "results/b", "--json"])
    assert (options.runs, options.json) == (["results/a", "results/b"], True)


def test_layers_have_heads_of_their_own_and_every_other_flag():
    assert parse_layers(["avg", "maxavg"], []) == ComparisonSettings(heads="avg,maxavg")
    chosen = parse_layers(["avg"], ["--heads", "cls", "--seeds", "3", "--folds", "5", "--quick", "--json"])
    assert chosen == ComparisonSettings(heads="cls", seeds=3, folds=5, quick=True, json=True)


def test_help_of_layers_names_the_heads_that_can_stand_there(capsys):
    with pytest.raises(SystemExit):
        parse_layers(["cls", "maxavg"], ["--help"])
    shown = " ".join(capsys.readouterr().out.split())
    assert "usage: python bench.py layers" in shown
    assert "all, or some of: cls, maxavg (default: avg,maxavg)" in shown


def write_run(folder, settings, cache="gone"):
    folder.mkdir(exist_ok=True)
    content = {"settings": settings, "cache": {"location": cache}}
    (folder / "results.json").write_text(json.dumps(content))
    return str(folder)


@pytest.mark.parametrize(
    ("settings", "arguments", "changes"),
    [
        ({"heads": "gru", "seeds": 3, "folds": 5}, [], {"heads": "gru", "seeds": 3, "folds": 5}),
        ({"batch_size": 9, "no_floors": True}, ["--floors", "--epochs", "2"], {"batch_size": 9, "epochs": 2}),
        ({"memory_limit": 5_000_000, "quick": True, "memory": "host"}, ["--memory", "device"],
            {"memory_limit": 5_000_000, "quick": True, "memory": "device"}),
        ({"out": "/etc", "cache_dir": "s3://b/x", "json": True, "resume": True, "cache": "gone", "new": 1}, [], {}),
        *[({"seeds": 2, "log": log}, [], {"seeds": 2}) for log in ("wandb", "mlflow,wandb", "tensorboard")],
        ({"folds": 0, "memory_limit": None, "cache": "s3://b/x"}, [], {}),
    ],
)  # fmt: skip
def test_a_run_is_repeated_but_for_its_places(settings, arguments, changes, tmp_path):
    run = write_run(tmp_path / "run", settings)
    expected = dataclasses.replace(ComparisonSettings(), **changes)
    assert parse_arguments(HEADS, "", ["--like", run, *arguments]) == expected


def test_a_whole_record_is_repeated_on_its_cache(tmp_path):
    settings = ComparisonSettings(heads="avg@0,avg@1,maxavg@all", seeds=2, deduplicate=True)
    run = write_run(tmp_path / "run", dataclasses.asdict(settings), str(tmp_path))
    settings = dataclasses.replace(settings, cache=str(tmp_path))
    assert parse_arguments(HEADS, "", ["--like", run]) == settings
    on_layers = parse_layers(["avg"], ["--like", run])
    assert on_layers == dataclasses.replace(settings, heads="avg,maxavg")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "there is no run of bench.py"),
        ("[]", "holds no settings of a run"),
        ('{"settings": 3, "cache": {"location": ""}}', "holds no settings of a run"),
        ('{"settings": {"seeds": 3}, "cache": []}', "holds no settings of a run"),
        ("{", "holds no settings of a run"),
    ],
)
def test_what_is_no_run_is_said(content, says, tmp_path):
    if content:
        (tmp_path / "results.json").write_text(content)
    with pytest.raises(UserError, match=says):
        parse_arguments(HEADS, "", ["--like", str(tmp_path)])


def test_a_runs_settings_are_proved(tmp_path, capsys):
    for settings in ({"seeds": -1}, {"batching": "none"}, {"memory_limit": "much"}):
        run = write_run(tmp_path, settings)
        with pytest.raises(SystemExit):
            parse_arguments(HEADS, "", ["--like", run])
        assert f"python bench.py: error: {run}: argument --" in capsys.readouterr().err
    for settings, says in (
        ({"epochs": True}, "epochs is True; it has"),
        ({"quick": {}}, "quick is a dict; it"),
    ):
        with pytest.raises(UserError, match=says):
            parse_arguments(HEADS, "", ["--like", write_run(tmp_path, settings)])
