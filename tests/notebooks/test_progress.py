"""Progress in a kernel: a widget, never a word on standard error, and a line that stays."""

import nbformat
import pytest
from nbclient import NotebookClient

pytestmark = pytest.mark.interactive

STUDY = """
from tvc.runs.study import run_study
from tvc.runs.tasks import Task

def model(task):
    {does}
    return {{"x": task.replication}}

tasks = [
    Task.of(study="toy", arm="a", policy={{}}, workload={{}}, replication=number, seed=1)
    for number in range(3)
]
found = run_study(model, tasks)
"""
#: Keeps what a widget shows at each step, which no stored output has.
WATCH = """
import tqdm.notebook

seen = []

class Watched(tqdm.notebook.tqdm):
    def update(self, n=1):
        super().update(n)
        seen.append((type(self.container).__name__, self.n, self.total))

tqdm.notebook.tqdm = Watched
"""


def outputs(*cells, fails=False):
    """What each cell leaves behind."""
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(cell) for cell in cells])
    NotebookClient(notebook, timeout=60, kernel_name="python3", allow_errors=fails).execute()
    return [cell.outputs for cell in notebook.cells]


def test_a_study_shows_a_widget_and_leaves_a_line_that_is_the_same_every_time():
    _, study, (seen,) = outputs(WATCH, STUDY.format(does="pass"), "seen")
    assert [(one.output_type, dict(one.data)) for one in study] == [
        ("display_data", {"text/plain": "toy: 3 of 3 replications"})
    ]
    widget = "('TqdmHBox', {}, 3)"
    expected = ", ".join(widget.format(number) for number in (1, 2, 3))
    assert seen.data["text/plain"] == f"[{expected}]"


def test_a_study_that_is_interrupted_leaves_how_far_it_came():
    does = "if task.replication == 2: raise KeyboardInterrupt"
    ((bar, error),) = outputs(STUDY.format(does=does), fails=True)
    assert dict(bar.data) == {"text/plain": "toy: 2 of 3 replications"}
    assert error.ename == "KeyboardInterrupt"


@pytest.mark.parametrize("asked", [True, False])
def test_replications_show_progress_where_that_is_asked_for(asked):
    code = f"""
from tvc.runs.arms import Arm
from tvc.studies.comparison import compare
from tvc.runs.replications import Asked, Plan, Running
from tvc.files.policies import load_shipped
from tvc.domain.workload import WorkloadModel

small = WorkloadModel.model_validate({{"users": 100, "horizon": "2d"}})
arms = [Arm(name, load_shipped(name).policy, small) for name in ("salesforce", "strict")]
found = compare(*arms, [Asked.read("mean(calls)")], Plan(2, 1, running=Running(progress={asked})))
"""
    (left,) = outputs(code)
    texts = [one.data["text/plain"] for one in left]
    assert texts == (["compare: 4 of 4 replications"] if asked else [])


def test_without_widgets_nothing_is_shown_and_nothing_is_warned_of():
    hidden = "import sys; sys.modules['ipywidgets'] = None"
    assert outputs(hidden, STUDY.format(does="pass")) == [[], []]
