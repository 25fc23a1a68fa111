"""The notebook runs from top to bottom, and shows nothing but what its cells end with."""

import re
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOK = Path(__file__).parents[2] / "docs" / "quickstart.ipynb"


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """The code cells, run in an empty folder by a kernel whose package is this checkout's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PYTHONPATH", str(NOTEBOOK.parents[1]))
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        place = {"metadata": {"path": str(tmp_path_factory.mktemp("elsewhere"))}}
        notebook = nbformat.read(NOTEBOOK, as_version=4)
        NotebookClient(notebook, timeout=240, kernel_name="python3", resources=place).execute()
    assert not list(Path(place["metadata"]["path"]).iterdir())
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def shown(cell: Any) -> dict[str, Any]:
    (output,) = cell.outputs
    return dict(output.data)


def test_it_is_silent_but_for_what_its_cells_show(executed: list[Any]) -> None:
    outputs = [output for cell in executed for output in cell.outputs]
    assert {output.output_type for output in outputs} == {"execute_result"}
    assert all(cell.outputs or "=" in cell.source or "cleanup" in cell.source for cell in executed)


def test_table_and_figure_show_themselves(executed: list[Any]) -> None:
    by_source = {cell.source.splitlines()[-1]: cell for cell in executed}
    table = shown(by_source["result"])["text/html"]
    assert all(name in table for name in ("avg", "maxavg", "majority", "tfidf_logreg"))
    assert "image/png" in shown(by_source['result.figures["comparison"]'])


def test_both_estimators_score_better_than_chance(executed: list[Any]) -> None:
    scores = [shown(cell)["text/plain"] for cell in executed if "cross_val_score(" in cell.source]
    assert len(scores) == 2
    for text in scores:
        values = [float(number) for number in re.findall(r"[01]\.\d*", text)]
        assert len(values) == 5
        assert sum(values) / 5 > 0.5


def test_it_is_stored_without_outputs_and_without_anybodys_paths() -> None:
    notebook = nbformat.read(NOTEBOOK, as_version=4)
    nbformat.validate(notebook)
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in notebook.cells)
    assert not re.search(r"/(home|Users|tmp|work|root)/", NOTEBOOK.read_text())
