"""`predict.py export`: the folder works without this project, in a process that cannot see it."""

import ast
import contextlib
import dataclasses
import json
import re
import runpy
import shutil
import sys
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
import pytest
import tensorstore as ts

from headstart import predict
from headstart.cache import UserError
from headstart.extract.text.cleaning import NONE, NOTEBOOK, Cleaning, clean
from headstart.heads import HEADS
from headstart.train.export import contents
from headstart.train.metrics.probabilities import probabilities_of
from headstart.train.results.folder import RunFolder
from headstart.trained import open_head

from .made import ROOT, Made, in_this_process
from .outside import outside
from .received import DAMAGED, FORGED, fields, run

RAW = [
    "you are kind",
    "YOU ARE\nNOT\r\n\tkind!!!",
    "see http://very.rude.de/page?x=1&y=2 and www.idiot.com, you soup",
    "editor@source.org is not good :-)",
    "Söup Größe naïve Ærø \u2013 „rude“ editor",
    "good \U0001f600 very \U0001f44d\U0001f3fd kind",
    "日本語 the page",
    "",
    "?!... --- !!!",
    "&amp; the &lt;b&gt; page is \\u00fcber good",
    "call +49 30 1234567, 3.50 € or 12 $ the source",
    "\u200b\ufeffthe\u00a0page\u2028is\x0bgood",
    "very " * 100 + "rude",
    "[SEP] you [MASK] <url>",
]
CLEANINGS = {
    "notebook": NOTEBOOK,
    "none": NONE,
    "the user's": Cleaning(
        {"no_emails": True, "no_numbers": True, "lower": False, "lang": "de", "replace_with_email": "kind",
         "exceptions": [r"[Ee]ditor\S*"]}
    ),
}  # fmt: skip

FEW = ("maxavg", "bigru_pooled")
"""Pooled, and both directions of a sequence."""
OTHERS = tuple(name for name in HEADS if name not in FEW)
EXPORTED = {
    "few": {"float32": FEW},
    "others": {"float32": OTHERS, "multiclass": ("lstm_pooled",), "multilabel": ("maxavg",)},
    "padded": {"padded": ("gru",)},
}


@pytest.fixture
def exact(made_run: Callable[[str], Made]) -> Made:
    """A run whose recipe is float32 throughout, with all heads."""
    return made_run("float32")


@pytest.fixture
def export(monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    monkeypatch.setattr(predict, "prepare_jax", lambda: None)

    def main(*arguments: object) -> None:
        monkeypatch.setattr(sys, "argv", ["predict.py", "export", *map(str, arguments)])
        predict.main()

    return main


@pytest.mark.parametrize(
    "exported",
    [
        pytest.param(made, marks=[] if name == "few" else [pytest.mark.slow])
        for name, made in EXPORTED.items()
    ],
    ids=EXPORTED,
)
def test_loader_and_program_give_the_test_logits_of_bench(
    exported: dict[str, tuple[str, ...]],
    made_run: Callable[[str], Made],
    export: Callable[..., None],
    tmp_path: Path,
) -> None:
    """All heads, all kinds of tasks; their rows are the same."""
    made = {(name, head): made_run(name) for name, heads in exported.items() for head in heads}
    folders = {key: tmp_path / "-".join(key) for key in made}
    for key, own in made.items():
        export(own.run, folders[key], "--head", key[1])
    rows = [RunFolder(str(own.run)).predictions("test")["rows"].tolist() for own in made.values()]
    assert all(own == rows[0] for own in rows)
    found = outside(
        sys.executable,
        list(folders.values()),
        [next(iter(made.values())).texts[row] for row in rows[0]],
        tmp_path,
    )
    for (key, own), (loaded, shares, logits) in zip(made.items(), found, strict=True):
        arrays = RunFolder(str(own.run)).predictions("test")
        task = RunFolder(str(own.run)).record().task
        seed = json.loads((folders[key] / "head.json").read_text())["seed"]
        wanted = arrays[f"{key[1]}/{seed}"]
        np.testing.assert_allclose(logits, wanted, atol=1e-4, err_msg=str(key))
        np.testing.assert_allclose(loaded, probabilities_of(task, wanted), atol=1e-4, err_msg=str(key))
        np.testing.assert_allclose(shares[:, -task.outputs :], loaded, atol=1e-4, err_msg=str(key))


def test_the_folder_is_whole_and_says_what_was_measured(
    exact: Made, export: Callable[..., None], tmp_path: Path
) -> None:
    export(exact.run, tmp_path / "model")
    names = {path.name for path in (tmp_path / "model").iterdir()}
    assert names == {
        "README.md", "backbone.safetensors", "config.json", "flax_distilbert.py", "folder.py", "head.json", "head.py",
        "head.safetensors", "labels.json", "load.py", "model.stablehlo", "recipe.json", "requirements.txt",
        "tokenizer.json",
    }  # fmt: skip
    record = RunFolder(str(exact.run)).record()
    about = json.loads((tmp_path / "model" / "head.json").read_text())
    card = (tmp_path / "model" / "README.md").read_text()
    accuracy = record.statistics.metrics[about["head"]]["accuracy"]
    assert f"| accuracy | {accuracy.mean:.4f} | {accuracy.low:.4f} to {accuracy.high:.4f} |" in card
    assert json.loads((tmp_path / "model" / "recipe.json").read_text()) == record.cache.recipe
    difference = re.search(r"at most (\S+) from those of `predict.py`", card)
    assert difference
    assert float(difference.group(1)) < 1e-4  # a float32 recipe
    assert list(tmp_path.glob("*.partial")) == []


def test_what_exists_is_never_overwritten_and_nothing_stays_after_an_error(
    exact: Made, export: Callable[..., None], tmp_path: Path
) -> None:
    (tmp_path / "there").mkdir()
    with pytest.raises(UserError, match="there exists; name a folder that does not"):
        export(exact.run, tmp_path / "there")
    with pytest.raises(UserError, match="the run has no head 'grru'"):
        export(exact.run, tmp_path / "new", "--head", "grru")
    with pytest.raises(UserError, match="there is no folder"):
        export(exact.run, tmp_path / "no" / "new")
    assert [path.name for path in tmp_path.iterdir()] == ["there"]


def test_the_loader_is_short() -> None:
    """About twenty lines of code, without its docstrings and comments."""
    text = (ROOT / "train" / "export" / "templates" / "load.py").read_text()
    tree = ast.parse(text)
    lines = {node.lineno for node in ast.walk(tree) if isinstance(node, ast.stmt)}
    assert len(lines) <= 26


@pytest.fixture(scope="module")
def sound(made_run: Callable[[str], Made], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An exported folder."""
    made, folder = made_run("float32"), tmp_path_factory.mktemp("received") / "model"
    line = ("predict.py", "export", str(made.run), str(folder), "--head", "avg")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(predict, "prepare_jax", lambda: None)
        assert in_this_process(predict.main, *line).returncode == 0
    return folder


def test_a_received_folder_that_is_sound(sound: Path) -> None:
    assert run(sound) == (0, "")


@pytest.mark.parametrize(
    "more", [{"num_labels": 10**9}, {"use_return_dict": 1}, {"id2label": 7}, {"quantization_config": {}}]
)
def test_only_sizes_are_read_of_a_received_configuration(
    more: dict[str, object], sound: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(sound, tmp_path / "model"))
    fields("config.json", **more)(folder)
    assert run(folder) == (0, "")


@pytest.mark.parametrize("forgery", [*DAMAGED, *FORGED])
def test_a_received_folder_that_is_not(forgery: str, sound: Path, tmp_path: Path) -> None:
    folder = Path(shutil.copytree(sound, tmp_path / "model"))
    name, forge = {**DAMAGED, **FORGED}[forgery]
    forge(folder)
    code, said = run(folder)
    assert code == 2
    assert said.startswith(f"error: {folder / name} ")
    assert said.endswith("; export the head again\n")
    assert said[:-1].isprintable()
    assert len(said) < 400 + len(str(folder))


@contextlib.contextmanager
def kept(path: Path) -> Iterator[None]:
    """Puts a file's content back at the end."""
    before = path.read_bytes()
    try:
        yield
    finally:
        path.write_bytes(before)


@contextlib.contextmanager
def names_of(folder: Path) -> Iterator[dict[str, Any]]:
    """What `load.py` of a folder defines."""
    with mock.patch.object(sys, "path", [*sys.path]):
        try:
            yield runpy.run_path(str(folder / "load.py"))
        finally:
            for name in ("head", "folder", "flax_distilbert"):
                sys.modules.pop(name, None)


@pytest.mark.parametrize("name", CLEANINGS)
def test_raw_texts_get_the_probabilities_of_predict(name: str, exact: Made, sound: Path) -> None:
    """As if the same head had learnt from texts that were cleaned in each way; only head.json depends on that."""
    cleaning, head = CLEANINGS[name], open_head(str(exact.run), "avg")
    versions = cleaning.versions
    recipe = dataclasses.replace(head.recipe, cleaning=cleaning.to_json(), cleaning_versions=versions)
    loaded = predict.load(head._replace(recipe=recipe), None)
    with kept(sound / "head.json"):
        about = json.loads((sound / "head.json").read_text())
        (sound / "head.json").write_text(json.dumps(about | contents.head_json(loaded.head)))
        with names_of(sound) as load:
            assert [load["clean"](text) for text in RAW] == [clean(text, cleaning) for text in RAW]
            tokens = loaded.encoder.tokenize(RAW)
            probabilities = loaded.answer(tokens).probabilities[:, 1:]
            np.testing.assert_allclose(load["probabilities"](RAW), probabilities, rtol=0, atol=1e-6)
            ids, mask = load["tokens"](RAW)
    # or else these texts would not find out a loader that does not clean
    assert (ids[mask > 0].tolist() == tokens.ids.tolist()) == (cleaning == NONE)


def test_no_text_is_a_question(sound: Path) -> None:
    assert run(sound, []) == (2, "error: no text was given: python load.py TEXT ...\n")


@pytest.mark.parametrize(
    ("forged", "said"),
    [
        ({"cleaning": {"no_such": True}}, "cannot be used (TypeError: clean() got an unexpected keyword"),
        ({"cleaning": ["lower"]}, "cannot be used (TypeError"),
        ({"cleaning": {"exceptions": ["(\x1b[2J"]}}, "cannot be used (error: unterminated character set"),
        ({"cleaning": {"lang": 3}}, "cannot be used (AttributeError"),
        ({"cleaning_versions": ["clean-text"]}, "cannot be used (TypeError: cleaning_versions is a list"),
        ({"cleaning_versions": "clean-text 0.4.0, \u202e" + "x" * 10**5}, "is of texts that were cleaned by"),
    ],
)
def test_a_cleaning_that_is_not_to_be_had_is_told_in_a_line(
    forged: dict[str, Any], said: str, sound: Path
) -> None:
    about = sound / "head.json"
    with kept(about):
        fields("head.json", **forged)(sound)
        code, line = run(sound)
    assert code == 2
    assert line.startswith(f"error: {about} {said}")
    assert line[:-1].isprintable()
    assert len(line) < 500 + 2 * len(str(about))


def files_of(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Every file below a folder; of archives and of Orbax' databases, whatever is in them, too."""
    for path in (path for path in folder.rglob("*") if path.is_file()):
        yield str(path), path.read_bytes()
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                yield from (
                    (f"{path}/{name}", name.encode() + archive.read(name)) for name in archive.namelist()
                )
        if path.name == "manifest.ocdbt":
            base = {"driver": "file", "path": f"{path.parent}/"}
            store = ts.KvStore.open({"driver": "ocdbt", "base": base}).result()
            for key in store.list().result():
                yield f"{path}/{key!r}", key + store.read(key).result().value


def test_what_is_sent_on_tells_of_no_folder_of_this_machine(
    exact: Made, made_run: Callable[[str], Made], export: Callable[..., None], tmp_path: Path
) -> None:
    """Cache, run and export of linear and of recurrent heads, made with whole paths in every option."""
    export(exact.run, tmp_path / "linear", "--head", "avg")
    export(made_run("multiclass").run, tmp_path / "recurrent", "--head", "lstm_pooled")
    folders = [tmp_path, *(made.run.parent.parent / part for made in (exact, made_run("multiclass"))
        for part in ("features", "results"))]  # fmt: skip
    private = [str(place).encode() for place in (exact.run.parent.parent.parent, ROOT, Path(sys.prefix))]
    files = [entry for folder in folders for entry in files_of(folder)]
    names = {Path(name).name for name, _ in files}
    assert {
        "report.html",
        "results.json",
        "manifest.json",
        "head.json",
        "model.stablehlo",
        "test.npz",
    } <= names
    assert any(name.endswith(".zarray'") for name in names)
    assert not [(name, place) for name, content in files for place in private if place in content]
    assert json.loads((exact.run / "results.json").read_text())["settings"]["out"] == "results"
