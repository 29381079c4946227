"""Run notebooks from clean kernels and store what they show; the README's pictures among it.

    .venv/bin/python notebooks/regenerate.py [NAME...]

Runs every notebook of this folder, or those named, at full scale, and writes each back with its
outputs. What is stored is the same whenever nothing else has changed: no times, no paths, no
state of widgets. A notebook that fails, warns, writes to stderr or grows too large is left as it
was, and the exit code is 1.
"""

import ast
import base64
import hashlib
import json
import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from nbformat import NotebookNode

FOLDER: Final = Path(__file__).resolve().parent

#: What the outputs of one notebook may take, in bytes: they live in the repository for good.
MOST_BYTES: Final = 600_000

#: Pictures that the README shows, in the folder of pictures: of which notebook and cell.
README_PICTURES: Final = {
    "a_codes_life.png": ("01_a_codes_life", "cell-03"),
    "how_long.png": ("02_how_long_should_a_code_live", "cell-04"),
}
PICTURES: Final = FOLDER / "pictures"

_CELL_TIMEOUT_S: Final = 600
_METADATA: Final = {
    "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
    "language_info": {"file_extension": ".py", "mimetype": "text/x-python", "name": "python"},
}
_WIDGET_VIEW: Final = "application/vnd.jupyter.widget-view+json"
_WIDGET_STATE: Final = "application/vnd.jupyter.widget-state+json"
_PNG: Final = "image/png"
_INLINE_PNG: Final = re.compile(r"data:image/png;base64,([\w+/=]+)")

#: What must not stand in the text of an output, and what it is.
_UNWANTED: Final = (
    (re.compile(r"\b\w*Warning\b:|^WARNING\b", re.MULTILINE), "a warning"),
    (
        re.compile(r"(?<![\w./:<)\]}%&;#-])/[\w.-]+/[\w.-]+|\b[A-Z]:\\\w"),
        "a path of the machine that ran it",
    ),
    (re.compile(r"\b0x[0-9a-f]{6,}\b"), "an address in memory, another one in each run"),
    (re.compile(r"(?i)\bcode\b[^\w\n]{1,4}\d{4,}\b|\btoken=\w"), "what looks like a secret"),
)


def notebooks() -> list[Path]:
    """Return the notebooks of this folder, sorted."""
    return sorted(FOLDER.glob("*.ipynb"))


def read(path: Path) -> NotebookNode:
    """Read a notebook."""
    return nbformat.read(path, as_version=4)


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """Return the cells that are run, in their order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def executed(path: Path) -> NotebookNode:
    """Run a notebook from a clean kernel in its own folder, and return it as it is to be stored.

    Raises
    ------
    nbclient.exceptions.CellExecutionError
        If a cell fails; there are others for a cell that does not end and a kernel that dies.
    """
    notebook = read(path)
    for cell in code_cells(notebook):
        cell.outputs, cell.execution_count = [], None
    with tempfile.TemporaryDirectory() as settings:
        environment = {name: value for name, value in os.environ.items() if name != "TVC_SCALE"}
        client = NotebookClient(
            notebook,
            timeout=_CELL_TIMEOUT_S,
            kernel_name="python3",
            record_timing=False,
            coalesce_streams=True,
            resources={"metadata": {"path": str(path.parent)}},
        )
        client.execute(env=environment | {"IPYTHONDIR": settings})
    return tidied(notebook)


def tidied(notebook: NotebookNode) -> NotebookNode:
    """Return a notebook without what differs between runs of the same sources.

    Cells are numbered in place of their random ids, metadata is reduced to the kernel, a tag of a
    cell and the digest of the sources, and each widget is stored as the picture that it showed.
    """
    state = notebook.metadata.get("widgets", {}).get(_WIDGET_STATE, {}).get("state", {})
    cells = []
    for number, cell in enumerate(notebook.cells, start=1):
        kept = NotebookNode(
            cell_type=cell.cell_type,
            id=f"cell-{number:02}",
            metadata={"tags": cell.metadata.tags} if cell.metadata.get("tags") else {},
            source=cell.source,
        )
        if cell.cell_type == "code":
            kept.execution_count = cell.execution_count
            kept.outputs = [_still(output, state) for output in cell.outputs]
        cells.append(kept)
    metadata = _METADATA | {"tvc": {"sources": sources_digest(notebook)}}
    return nbformat.from_dict(
        {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    )


def sources_digest(notebook: NotebookNode) -> str:
    """Return the SHA-256 of the kinds and sources of all cells, in their order."""
    sources = [[cell.cell_type, cell.source] for cell in notebook.cells]
    return hashlib.sha256(json.dumps(sources).encode()).hexdigest()


def is_in_step(notebook: NotebookNode) -> bool:
    """Return whether the stored outputs are those of the sources that stand beside them."""
    return notebook.metadata.get("tvc", {}).get("sources") == sources_digest(notebook)


def faults(notebook: NotebookNode) -> list[str]:
    """Say in a sentence each what is wrong with the outputs of a notebook; none is good."""
    found = []
    counts = [cell.execution_count for cell in code_cells(notebook)]
    if counts != list(range(1, len(counts) + 1)):
        found.append(f"the code cells are numbered {counts}, not from 1 on: one is empty or unrun")
    for number, cell in enumerate(code_cells(notebook), start=1):
        for output in cell.outputs:
            found += [f"In [{number}] shows {fault}" for fault in _faults_of_output(output)]
        if shows_a_picture(cell.source) and not any(_PNG in data for data in _bundles(cell)):
            found.append(f"In [{number}] makes a picture, and none is in its output")
    size = sum(len(json.dumps(cell.outputs)) for cell in code_cells(notebook))
    if size > MOST_BYTES:
        found.append(f"its outputs take {size:,} bytes, and may take {MOST_BYTES:,}")
    return found


def shows_a_picture(source: str) -> bool:
    """Return whether the last line of a cell shows what ``plots`` draws, or the explorer.

    Examples
    --------
    >>> shows_a_picture("plots.denials(run.series)"), shows_a_picture("run.summary")
    (True, False)
    """
    if source.lstrip().startswith(("%", "!")):
        return False
    body = ast.parse(re.sub(r"^\s*[%!].*$", "", source, flags=re.MULTILINE)).body
    if not body or not isinstance(body[-1], ast.Expr):
        return False
    calls = [node.func for node in ast.walk(body[-1]) if isinstance(node, ast.Call)]
    names = [ast.unparse(function) for function in calls]
    return any(name.startswith("plots.") or name.endswith("explore") for name in names)


def readme_pictures(path: Path, notebook: NotebookNode) -> dict[str, bytes]:
    """Return the pictures of a notebook that the README shows, by the names of their files."""
    cells = {cell.id: cell for cell in code_cells(notebook)}
    return {
        name: base64.b64decode(next(data[_PNG] for data in _bundles(cells[cell]) if _PNG in data))
        for name, (stem, cell) in README_PICTURES.items()
        if stem == path.stem
    }


def texts(output: NotebookNode) -> Iterator[str]:
    """Yield what an output says in words, and leave its pictures out."""
    if output.output_type == "stream":
        yield output.text
    for kind, content in sorted(output.get("data", {}).items()):
        if kind.startswith("text/") or kind == "image/svg+xml":
            yield content


def _faults_of_output(output: NotebookNode) -> Iterator[str]:
    if output.output_type == "error":
        yield f"an error: {output.ename}: {output.evalue}"
    if output.get("name") == "stderr":
        yield f"what was written to stderr: {_shortened(output.text)}"
        return
    for text in texts(output):
        for pattern, what in _UNWANTED:
            if match := pattern.search(text):
                line_start = text.rfind("\n", 0, match.start()) + 1
                yield f"{what}: {_shortened(text[max(line_start, match.start() - 40) :])}"


def _shortened(text: str) -> str:
    line = text.strip().partition("\n")[0]
    return line if len(line) <= 120 else line[:119] + "…"


def _bundles(cell: NotebookNode) -> list[NotebookNode]:
    return [output.data for output in cell.outputs if "data" in output]


def _still(output: NotebookNode, widgets: NotebookNode) -> NotebookNode:
    """Return an output, and of a widget what it shows while nobody touches it."""
    if _WIDGET_VIEW not in output.get("data", {}):
        return output
    data = {"text/plain": "Run this cell to turn the knobs."}
    if png := next(_pictures(output.data[_WIDGET_VIEW]["model_id"], widgets), None):
        data[_PNG] = png
    return nbformat.from_dict({**output, "data": data, "metadata": {}})


def _pictures(model: str, widgets: NotebookNode) -> Iterator[str]:
    """Yield the pictures that stand in the HTML of a widget and of those in it, as base64."""
    state = widgets.get(model, {}).get("state", {})
    yield from _INLINE_PNG.findall(str(state.get("value", "")))
    for child in state.get("children", ()):
        yield from _pictures(child.removeprefix("IPY_MODEL_"), widgets)


def _chosen(names: Sequence[str]) -> list[Path]:
    """Return the notebooks that are named, or all."""
    known = {path.stem: path for path in notebooks()}
    chosen = []
    for name in names:
        stem = Path(name).stem
        if stem not in known:
            near = get_close_matches(stem, known, n=1)
            hint = f"; did you mean {near[0]}?" if near else f"; there are {', '.join(known)}"
            raise SystemExit(f"there is no notebook {name}{hint}")
        chosen.append(known[stem])
    return chosen or list(known.values())


def _regenerate(path: Path) -> bool:
    """Run a notebook and store it; say how it went, and return whether it went well."""
    start = time.monotonic()
    try:
        notebook = executed(path)
    except CellExecutionError as error:
        wrong = [f"a cell failed: {error.ename}: {error.evalue}\n{error}"]
    except (CellTimeoutError, DeadKernelError) as error:
        wrong = [str(error)]
    else:
        wrong = faults(notebook)
    if wrong:
        print("\n".join(f"{path.name}: {fault}" for fault in wrong), file=sys.stderr)
        return False
    text = nbformat.writes(notebook) + "\n"
    # Whoever reads meanwhile sees the old notebook or the new one, and never half of it.
    new = path.with_suffix(".new")
    new.write_text(text, encoding="utf-8")
    new.replace(path)
    for name, picture in readme_pictures(path, notebook).items():
        PICTURES.mkdir(exist_ok=True)
        (PICTURES / name).write_bytes(picture)
    print(f"{path.name}: {time.monotonic() - start:.0f} s, {len(text) / 1000:.0f} kB", flush=True)
    return True


def main(names: Sequence[str]) -> int:
    """Regenerate notebooks, and return the exit code."""
    went_well = [_regenerate(path) for path in _chosen(names)]
    return 0 if all(went_well) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
