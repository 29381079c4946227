"""The command that stores the outputs of notebooks: what it refuses, and that it repeats itself."""

import json

import nbformat
import pytest
import regenerate
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

PNG = "iVBORw0KGgo="


def _notebook(*cells):
    return new_notebook(cells=[new_markdown_cell("# A question"), *cells])


def _shown(source, **data):
    """A code cell that was run first and showed something."""
    output = new_output("execute_result", data=data, execution_count=1)
    return new_code_cell(source, execution_count=1, outputs=[output])


def _printed(text, name="stdout"):
    output = new_output("stream", name=name, text=text)
    return new_code_cell("print(answer)", execution_count=1, outputs=[output])


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of notebooks in place of the one of the project."""
    monkeypatch.setattr(regenerate, "FOLDER", tmp_path)
    return tmp_path


def _write(path, *sources):
    nbformat.write(_notebook(*map(new_code_cell, sources)), path)
    return path.read_bytes()


@pytest.mark.parametrize(
    ("cell", "fault"),
    [
        (_printed("a.py:3: UserWarning: no rows"), "a warning: a.py:3: UserWarning: no rows"),
        (_printed("half done", name="stderr"), "what was written to stderr: half done"),
        (_printed("wrote /home/ana/out.csv"), "a path of the machine that ran it"),
        (_printed(r"wrote C:\out.csv"), "a path of the machine that ran it"),
        (_shown("table", **{"text/html": "<td>/tmp/x/y.csv</td>"}), "a path of the machine"),
        (_printed("<Run object at 0x7f33d0a5b1c0>"), "an address in memory"),
        (_printed("code: 381204"), "what looks like a secret"),
        (_printed("http://localhost:8888/?token=1f"), "what looks like a secret"),
        (_shown("plots.denials(run.series)", **{"text/plain": "<Figure>"}), "makes a picture"),
        (_shown("tvc.explore()", **{"text/plain": "Run this cell"}), "makes a picture"),
        (new_code_cell("x = 1"), "the code cells are numbered [None]"),
        (_shown("table", **{"text/html": "9" * (regenerate.MOST_BYTES + 1)}), "may take 600,000"),
    ],
)
def test_an_output_that_must_not_be_stored_is_named(cell, fault):
    [found] = regenerate.faults(_notebook(cell))
    assert fault in found


def test_an_error_that_a_notebook_allows_itself_is_a_fault_all_the_same():
    output = new_output("error", ename="KeyError", evalue="'users'", traceback=[])
    cell = new_code_cell("x['users']", execution_count=1, outputs=[output])
    assert regenerate.faults(_notebook(cell)) == ["In [1] shows an error: KeyError: 'users'"]


@pytest.mark.parametrize(
    "cell",
    [
        _printed("3 calls/week and/or 4 a day, 1/2/2026, codes 123456, scenarios/a.tvc.yaml"),
        _shown("table", **{"text/html": "<a href='https://example.org/a/b'>more</a><br/>x</td>"}),
        _shown("plots.denials(run.series)", **{"image/png": "/tmp/base64/only"}),
        new_code_cell("picture = plots.denials(run.series)", execution_count=1),
        new_code_cell("%load_ext tvc\nimport tvc", execution_count=1),
        new_code_cell("%%scenario\n- {at: 0s, do: generate}", execution_count=1),
    ],
)
def test_what_only_looks_like_a_fault_is_none(cell):
    assert regenerate.faults(_notebook(cell)) == []


@pytest.mark.parametrize(
    "changed",
    [
        _notebook(new_code_cell("x = 2")),
        _notebook(new_code_cell("x = 1"), new_code_cell("x")),
        _notebook(new_markdown_cell("x = 1")),
    ],
)
def test_any_change_of_a_source_puts_the_outputs_out_of_step(changed):
    notebook = regenerate.tidied(_notebook(new_code_cell("x = 1")))
    assert regenerate.is_in_step(notebook)
    changed.metadata = notebook.metadata
    assert not regenerate.is_in_step(changed)


def test_a_widget_is_stored_as_the_picture_that_it_showed():
    view = {"application/vnd.jupyter.widget-view+json": {"model_id": "box"}}
    notebook = _notebook(_shown("tvc.explore()", **view, **{"text/plain": "VBox(children=(...))"}))
    html = f'<img alt="codes" src="data:image/png;base64,{PNG}">'
    notebook.metadata["widgets"] = nbformat.from_dict(
        {
            "application/vnd.jupyter.widget-state+json": {
                "state": {
                    "box": {"state": {"children": ["IPY_MODEL_knob", "IPY_MODEL_picture"]}},
                    "knob": {"state": {"value": 4}},
                    "picture": {"state": {"value": html}},
                }
            }
        }
    )
    stored = regenerate.tidied(notebook)
    assert stored.cells[1].outputs[0].data == {
        "image/png": PNG,
        "text/plain": "Run this cell to turn the knobs.",
    }
    assert "widgets" not in stored.metadata
    assert regenerate.faults(stored) == []


def test_regenerating_twice_stores_the_same_bytes_at_full_scale(folder, monkeypatch, capsys):
    monkeypatch.setenv("TVC_SCALE", "0.5")
    path = folder / "one.ipynb"
    _write(path, "from tvc.analysis.scale import scaled", "print(scaled(5_000))", "_ = 1\n_ + 1")
    assert regenerate.main(["one"]) == 0
    once = path.read_bytes()
    assert regenerate.main(["one.ipynb"]) == 0
    assert path.read_bytes() == once
    cells = json.loads(once)["cells"]
    assert [cell["id"] for cell in cells] == ["cell-01", "cell-02", "cell-03", "cell-04"]
    assert cells[2]["outputs"][0]["text"] == ["5000\n"]
    assert cells[3]["outputs"][0]["data"] == {"text/plain": ["2"]}
    assert capsys.readouterr().out.startswith("one.ipynb: ")


def test_a_notebook_that_fails_is_left_as_it_was_and_the_others_are_stored(folder, capsys):
    failing = _write(folder / "a.ipynb", "1 / 0")
    warning = _write(folder / "b.ipynb", "import warnings; warnings.warn('no rows')")
    good = _write(folder / "c.ipynb", "1 + 1")
    assert regenerate.main([]) == 1
    said = capsys.readouterr().err
    assert "a.ipynb: a cell failed: ZeroDivisionError: division by zero" in said
    assert "b.ipynb: In [1] shows what was written to stderr" in said
    assert (folder / "a.ipynb").read_bytes() == failing
    assert (folder / "b.ipynb").read_bytes() == warning
    assert (folder / "c.ipynb").read_bytes() != good
    assert {path.name for path in folder.iterdir()} == {"a.ipynb", "b.ipynb", "c.ipynb"}


def test_a_name_that_is_no_notebook_is_answered_with_the_nearest_one(folder):
    _write(folder / "02_how_long.ipynb", "1")
    with pytest.raises(SystemExit, match=r"no notebook 02_how_lnog; did you mean 02_how_long\?"):
        regenerate.main(["02_how_lnog"])
