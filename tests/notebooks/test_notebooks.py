"""Every notebook runs from a clean kernel, and what is stored in it is what it shows.

What a notebook claims it asserts, so that one that runs is one that is still true.
"""

from pathlib import Path

import pytest
import regenerate
from nbmake.nb_run import NotebookRun

#: Notebooks hold at this scale, too; at full scale they would take a quarter of an hour.
SCALE = "0.02"
CELL_TIMEOUT_S = 300

NOTEBOOKS = [pytest.param(path, id=path.stem) for path in regenerate.notebooks()]


def _files(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.startswith((".", "__"))}


def test_there_are_notebooks():
    assert {path.values[0].stem for path in NOTEBOOKS} >= {"explorer"}
    assert len(NOTEBOOKS) >= 9


@pytest.mark.interactive
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_a_notebook_runs_from_a_clean_kernel_without_a_warning(path, monkeypatch):
    monkeypatch.setenv("TVC_SCALE", SCALE)
    before = _files(path.parent)
    result = NotebookRun(path, CELL_TIMEOUT_S).execute()
    assert result.error is None, result.error.trace
    assert regenerate.faults(regenerate.tidied(result.nb)) == []
    assert _files(path.parent) == before, "it left files behind"


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_the_stored_outputs_are_those_of_the_sources(path):
    assert regenerate.is_in_step(regenerate.read(path)), (
        f"{path.name} was changed since it was run: .venv/bin/python notebooks/regenerate.py "
        f"{path.stem}"
    )


@pytest.mark.parametrize("path", NOTEBOOKS)
def test_what_is_stored_is_tidy_and_nothing_else(path):
    notebook = regenerate.read(path)
    assert regenerate.faults(notebook) == []
    assert regenerate.tidied(notebook) == notebook


@pytest.mark.parametrize("name", regenerate.README_PICTURES)
def test_a_picture_of_the_readme_is_the_one_in_its_notebook(name):
    path = regenerate.FOLDER / f"{regenerate.README_PICTURES[name][0]}.ipynb"
    stored = (regenerate.PICTURES / name).read_bytes()
    assert regenerate.readme_pictures(path, regenerate.read(path))[name] == stored
    readme = (regenerate.FOLDER.parent / "README.md").read_text(encoding="utf-8")
    assert f"](notebooks/pictures/{name})" in readme


@pytest.mark.nightly
@pytest.mark.parametrize("path", NOTEBOOKS)
def test_running_a_notebook_again_shows_the_same_words_and_numbers(path):
    """Pictures are left out: their bytes depend on the version of matplotlib."""
    stored, now = regenerate.read(path), regenerate.executed(path)
    assert _words(now) == _words(stored)


def _words(notebook):
    return [
        text
        for cell in regenerate.code_cells(notebook)
        for output in cell.outputs
        for text in regenerate.texts(output)
    ]
