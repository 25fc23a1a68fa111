"""Commands on finished runs, where there is none."""

import json
from pathlib import Path

import pytest

from headstart import finished_runs
from headstart.cache import UserError
from headstart.train.options import RunSettings


@pytest.fixture
def missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """A folder that is not there, a run's name with a slip, and a cache."""
    monkeypatch.setattr(finished_runs, "prepare_jax", lambda: None)
    (tmp_path / "comments-minilm").mkdir()
    (tmp_path / "comments-minilm" / "results.json").write_text("{}")
    (tmp_path / "cache").mkdir()
    (tmp_path / "cache" / "recipe.json").write_text("{}")
    return [str(tmp_path / name) for name in ("zzz", "coments-minilm/", "cache")]


ANSWERS = (
    "make one with `python bench.py --heads all`",
    "did you mean 'comments-minilm'?",
    "it is a feature cache; train heads on it: `python bench.py --heads all --cache",
)


def test_every_one_is_named_with_what_was_meant(
    missing: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(UserError) as error:
        finished_runs.verify_runs(RunSettings(runs=missing, json=True))
    assert [answer in line for answer, line in zip(ANSWERS, error.value.lines, strict=True)] == [True] * 3
    proofs = json.loads(capsys.readouterr().out)
    assert [(proof["run"], proof["sound"]) for proof in proofs] == [(path, False) for path in missing]


def test_nothing_is_compared_without_runs(missing: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(UserError) as error:
        finished_runs.compare_runs(RunSettings(runs=missing))
    assert len(error.value.lines) == 3
    assert capsys.readouterr().out == ""


def test_the_run_of_a_cache_is_named_where_it_usually_lies(
    missing: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "results" / "cache").mkdir(parents=True)
    (tmp_path / "results" / "cache" / "results.json").write_text("{}")
    with pytest.raises(UserError, match="did you mean its run, results/cache"):
        finished_runs.verify_runs(RunSettings(runs=[missing[2]]))
