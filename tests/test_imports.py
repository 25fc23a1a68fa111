"""Who may know whom: the table of the design, read off the imports."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.structure import (
    ROOMS,
    ROOT,
    TEMPLATES,
    import_graph,
    imported,
    longest_chain,
    package,
    product_files,
    resolve,
)

RESTS_ON = {
    "cache/runtime": (),
    "cache/storage": ("cache/runtime",),
    "cache": ("cache/storage",),
    "cache/inspect": ("cache",),
    "cache/__main__": ("cache/inspect",),
    "heads": (),
    "heads/fused": ("heads",),
    "extract/settings": ("cache",),
    "extract/tables": ("extract/settings",),
    "extract/text": ("extract/settings",),
    "extract/dataset": ("extract/tables", "extract/text"),
    "extract/splits": ("extract/dataset",),
    "extract/checkpoint": ("extract/text",),
    "extract/backbone": ("extract/checkpoint",),
    "extract/features": ("extract/backbone", "extract/dataset"),
    "extract/pipeline": ("extract/features", "extract/splits", "cache/inspect"),
    "extract/units": ("extract/pipeline",),
    "extract/preview": ("extract/pipeline",),
    "extract/__main__": ("extract/preview", "extract/units"),
    "extract/predict": ("extract/features",),
    "extract/engines": ("extract/predict", "extract/units"),
    "train/stopping": ("cache",),
    "train/plateau": ("train/stopping",),
    "train/data": ("cache",),
    "train/feeds": ("train/data",),
    "train/options": ("train/feeds",),
    "train/head_names": ("cache",),
    "train/engine": ("train/feeds", "train/plateau"),
    "train/metrics": ("cache",),
    "train/statistics": ("train/metrics",),
    "train/results": ("train/engine", "train/statistics", "train/options", "train/head_names"),
    "train/report/html": ("train/results",),
    "train/report": ("train/report/html",),
    "train/predict": ("train/report",),
    "train/export": ("train/predict",),
    "headstart/training": ("train/results", "heads/fused"),
    "headstart/trained": ("train/predict", "heads/fused"),
    "headstart/finished_runs": ("train/report",),
    "headstart/bench": ("headstart/finished_runs", "headstart/training", "cache/inspect"),
    "headstart/labelling": ("extract/predict", "train/predict"),
    "headstart/predict": ("headstart/labelling", "train/export", "headstart/trained"),
    "headstart/version": (),
    "headstart/rows": ("cache",),
    "headstart/features": ("headstart/rows", "extract/pipeline"),
    "headstart/estimators": ("headstart/training", "headstart/features", "headstart/model"),
    "headstart/model": ("headstart/predict", "headstart/trained"),
    "headstart/comparison": ("headstart/bench", "headstart/features", "headstart/model"),
    "headstart/__main__": ("cache", "headstart/version"),
    "bench": ("headstart/bench",),
    "predict": ("headstart/predict",),
}
"""Each package, and what it rests on; it may import that, and whatever that rests on."""


def may_import(name: str) -> set[str]:
    """A package and everything below it."""
    return {name}.union(*(may_import(below) for below in RESTS_ON[name]))


def wrong_imports(path: Path, name: str, imports: frozenset[Path]) -> Iterator[str]:
    """Imports of a file of a package that the table does not allow, each in words."""
    for other in sorted(imports):
        if package(other) not in may_import(name):
            yield f"{path} imports {other.relative_to(ROOT)}"


def test_packages_import_only_what_they_rest_on() -> None:
    files = [path for path in product_files() if path.name != "__init__.py" and TEMPLATES not in path.parents]
    assert {package(path) for path in files} == set(RESTS_ON)
    assert not [line for path in files for line in wrong_imports(path, package(path), import_graph()[path])]


def test_the_check_sees_a_wrong_import(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.py"
    wrong.write_text("def f():\n    from headstart.heads.registry import HEADS\n    return HEADS\n")
    assert resolve(wrong) == {ROOT / "heads" / "registry.py"}
    assert list(wrong_imports(wrong, "train/engine", resolve(wrong)))
    wrong.write_text("from headstart.cache.storage import lock\n")
    assert list(wrong_imports(wrong, "cache/runtime", resolve(wrong)))
    assert not list(wrong_imports(wrong, "train/engine", resolve(wrong)))


def test_packages_export_nothing_but_public_names() -> None:
    public = {ROOT / package / "__init__.py" for package in ("headstart", "cache", "heads")}
    packages = [path for path in product_files() if path.name == "__init__.py"]
    assert {path for path in packages if imported(path)} == public


def test_every_folder_of_the_product_says_what_it_is_for() -> None:
    folders = {path.parent for path in product_files()} - {ROOT}
    assert all((folder / "__init__.py").read_text().startswith('"""') for folder in folders)


@pytest.mark.parametrize("room", ROOMS)
def test_imports_have_no_cycle(room: str) -> None:
    assert longest_chain(ROOT / room)


def top_level_imports(path: Path) -> set[str]:
    return {names[-1].split(".")[0] for names in imported(path)}


def test_cache_knows_no_jax() -> None:
    for path in (ROOT / "cache").glob("**/*.py"):
        assert not top_level_imports(path) & {"jax", "flax", "optax"}, path


def test_one_file_touches_flax_models_one_pmap_and_one_tokenizers_of_transformers() -> None:
    models, tokenizers = (
        ROOT / "extract" / "backbone" / "distilbert.py",
        ROOT / "extract" / "text" / "pretrained.py",
    )
    for path in product_files():
        if path not in (models, tokenizers) and TEMPLATES not in path.parents:
            assert "transformers" not in top_level_imports(path), path
        if path != models.with_name("devices.py") and TEMPLATES not in path.parents:
            assert "pmap(" not in path.read_text(), path
    assert "Flax" not in tokenizers.read_text()
