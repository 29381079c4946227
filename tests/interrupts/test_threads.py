"""A command leaves no thread of a library that could still touch Python while Python ends.

Such a thread lets go of what it holds when it comes to it. If that is an object of Python and the
interpreter is on its way out, the process is aborted after all its work was done.
"""

import os
import subprocess
import sys

LOAD = """\
tvc: 1
scenarios:
  - id: w
    workload: {users: 20, horizon: 2d, drain: 1d}
    run: {replications: 2}
"""
_STUDY = ("--on", "w.tvc.yaml", "-n", "2", "--metric", "mean(calls)", "--results", "c")
_COMPARE = ("compare", "salesforce", "strict", *_STUDY)
_VARY = ("--vary", "desk.admins=1..2", "--metric", "mean(calls)")
#: Whatever reads or writes Parquet.
RUNS = [
    ("simulate", "w.tvc.yaml", "--results", "r", "--trace", "full"),
    _COMPARE,
    (*_COMPARE, "--resume"),
    ("sweep", "w.tvc.yaml", "-n", "2", *_VARY, "-o", "t.parquet"),
]
#: What starts when libraries are imported, such as that of an allocator, knows nothing of Python.
COUNT = f"""
import os, threading, sys
import pandas, pyarrow.parquet
from tvc.cli.main import _run

def of_libraries():
    return len(os.listdir("/proc/self/task")) - len(threading.enumerate())

before = of_libraries()
for words in {RUNS}:
    assert _run(list(words)) == 0, words
left = of_libraries() - before
print(f"{{left}} left", file=sys.stderr)
"""


def test_no_thread_of_a_library_is_left_when_a_command_is_over(tmp_path):
    (tmp_path / "w.tvc.yaml").write_text(LOAD)
    done = subprocess.run(
        [sys.executable, "-c", COUNT],
        cwd=tmp_path,
        # Those of linear algebra wait for work that has nothing to do with Python.
        env={**os.environ, "OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=300,
        check=True,
    )
    assert done.stderr.splitlines()[-1] == "0 left"
