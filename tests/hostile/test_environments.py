"""Whatever a machine lacks, the command says so or does without; it is never an error of ours."""

import os
import resource
import subprocess
import sys
from pathlib import Path

import pytest

from tvc.cli import main as cli
from tvc.harness.exits import Exit

TVC = [sys.executable, "-c", "from tvc.cli.main import main; main()"]
TIMELINE = """\
tvc: 1
people: {sam: {role: admin}, ana: {}}
scenarios:
  - id: a
    timeline: [{at: 0s, do: generate, by: sam, for: ana, lifetime: 99h, save: c1}]
"""
WORKLOAD = """\
tvc: 1
scenarios:
  - id: w
    workload: {users: 20, horizon: 2d, drain: 1d}
    run: {replications: 2}
    expect: [{metric: mean(calls), at_most: 1000, margin: 9}]
"""
#: Commands by name, with the exit each has where nothing is amiss.
COMMANDS = {
    "fails": (("test", "a.tvc.yaml"), 1),
    "fails in JSON": (("test", "a.tvc.yaml", "-f", "json"), 1),
    "misspelt": (("tset",), 4),
    "schema": (("schema",), 0),
    "lint": (("lint", "a.tvc.yaml"), 0),
    "mutate": (("mutate", "a.tvc.yaml", "-p", "2"), 0),
    "hunt": (("hunt", "--true-clocks", "--time", "200ms"), 0),
    "judge": (("test", "w.tvc.yaml"), 6),
    "simulate": (("simulate", "w.tvc.yaml", "--results", "r", "--html", "s.html"), 0),
    "compare": (
        ("compare", "salesforce", "strict", "--on", "w.tvc.yaml", "-n", "2", "--metric",
         "mean(calls)", "--results", "c", "--html", "c.html"), 0,
    ),
}  # fmt: skip


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    (tmp_path / "a.tvc.yaml").write_text(TIMELINE, "utf-8")
    (tmp_path / "w.tvc.yaml").write_text(WORKLOAD, "utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(words, variables=None, limit=None, streams="{command}"):
    """Run the command in a process of its own; return its exit and what it said."""
    told = {name: text for name, text in os.environ.items() if name != "NO_COLOR"}
    told |= {name: text for name, text in (variables or {}).items() if text is not None}
    for name in [name for name, text in (variables or {}).items() if text is None]:
        told.pop(name, None)
    done = subprocess.run(
        ["bash", "-c", streams.format(command='"$@"'), "bash", *TVC, *words],
        env=told,
        preexec_fn=limit,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return done.returncode, (done.stdout + done.stderr).decode("utf-8", "backslashreplace")


def assert_ours(ran, *codes):
    code, told = ran
    assert code in codes, (code, told)
    assert "Traceback" not in told
    assert "report it" not in told


VARIABLES = {
    "MPLCONFIGDIR": "/proc/nowhere", "TMPDIR": "/no/such", "HOME": "/proc/nowhere", "LC_ALL": "C",
    "LANG": "xx_YY.bogus", "PYTHONHASHSEED": "7", "COLUMNS": "-5", "LINES": "x", "TERM": "nonsense",
    "FORCE_COLOR": "1", "HYPOTHESIS_STORAGE_DIRECTORY": "/proc/nowhere", "PYTHONOPTIMIZE": "2",
    "PYTHONIOENCODING": "ascii:strict", "OMP_NUM_THREADS": "0", "PYTHONWARNINGS": "error",
}  # fmt: skip


@pytest.mark.parametrize("name", ["fails", "misspelt", "lint"])
def test_a_variable_that_is_amiss_changes_no_exit(name):
    words, code = COMMANDS[name]
    assert_ours(run(words, VARIABLES), code)


@pytest.mark.nightly
@pytest.mark.parametrize("variable", [*VARIABLES, None])
@pytest.mark.parametrize("name", COMMANDS)
def test_no_variable_that_is_amiss_changes_an_exit(name, variable):
    words, code = COMMANDS[name]
    changes = {"HOME": None} if variable is None else {variable: VARIABLES[variable]}
    assert_ours(run(words, changes), code)


def test_a_backend_that_matplotlib_does_not_know_is_told_before_anything_runs(folder):
    code, told = run(COMMANDS["simulate"][0], {"MPLBACKEND": "nonsense"})
    assert_ours((code, told), 4)
    assert "--html: matplotlib refuses its settings: Key backend: 'nonsense'" in told
    assert not (folder / "r").exists()


#: How a shell leaves streams, and whether standard output can be written.
STREAMS = {
    "{command} 2>/dev/full": True,
    "{command} 2> >(true)": True,
    "{command} 2>&-": True,
    "{command} <&- >&- 2>&-": True,
    "{command} >/dev/full": False,
    "{command} >/dev/full 2>/dev/full": False,
}


def assert_streams_change_no_verdict(name, streams):
    words, code = COMMANDS[name]
    # Nothing is written where nothing is found: whether that could be is no matter.
    expected = (code,) if STREAMS[streams] else (code, 4) if name == "hunt" else (4,)
    assert_ours(run(words, streams=streams), *expected)


@pytest.mark.parametrize(
    ("name", "streams"),
    [
        ("fails in JSON", "{command} 2>/dev/full"),
        ("fails in JSON", "{command} 2> >(true)"),
        ("misspelt", "{command} 2>/dev/full"),
        ("misspelt", "{command} >/dev/full 2>/dev/full"),
        ("schema", "{command} >/dev/full 2>/dev/full"),
    ],
)
def test_a_stream_that_takes_nothing_makes_no_other_verdict(name, streams):
    assert_streams_change_no_verdict(name, streams)


@pytest.mark.nightly
@pytest.mark.parametrize("streams", STREAMS)
@pytest.mark.parametrize("name", COMMANDS)
def test_no_stream_that_takes_nothing_makes_another_verdict(name, streams):
    assert_streams_change_no_verdict(name, streams)


@pytest.mark.parametrize(
    ("words", "codes"),
    [
        (("test", "{}/a.tvc.yaml"), (1,)),
        (("test", "a.tvc.yaml"), (4,)),
        (("simulate", "{}/w.tvc.yaml", "--results", "r"), (4,)),
    ],
)
def test_a_working_folder_that_is_gone_is_told_or_does_no_harm(
    folder, tmp_path_factory, words, codes
):
    gone = tmp_path_factory.mktemp("gone")
    streams = f"cd '{gone}'; rmdir '{gone}'; {{command}}"
    assert_ours(run([word.format(folder) for word in words], streams=streams), *codes)


def few_files():
    resource.setrlimit(resource.RLIMIT_NOFILE, (7, 7))


def no_room():
    resource.setrlimit(resource.RLIMIT_FSIZE, (512, 512))


def little_memory():
    # Enough to load numpy, and not for much more.
    resource.setrlimit(resource.RLIMIT_AS, (300 << 20, 300 << 20))


@pytest.mark.parametrize(("name", "limit"), [("fails", few_files), ("simulate", few_files)])
def test_what_a_machine_is_short_of_is_told(name, limit):
    words, code = COMMANDS[name]
    assert_ours(run(words, limit=limit), code, 4)


@pytest.mark.nightly
@pytest.mark.parametrize("limit", [few_files, no_room, little_memory])
@pytest.mark.parametrize("name", [name for name in COMMANDS if name != "mutate"])
def test_whatever_a_machine_is_short_of_is_told(name, limit):
    words, code = COMMANDS[name]
    assert_ours(run(words, limit=limit), code, 4)


# In this process: what is hard to bring about.


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        (MemoryError(), "out of memory"),
        (OSError("no more of it"), "no more of it"),
        (OSError(24, "Too many open files", "a\nb"), "Too many open files: a\\nb"),
        (ImportError("libm.so: cannot map\nx"), "cannot be loaded: libm.so: cannot map"),
        (RuntimeError("can't start new thread"), "starts no more threads"),
    ],
)
def test_what_the_machine_will_not_do_is_one_line_and_exit_4(monkeypatch, capsys, wrong, told):
    def raises(*_):
        raise wrong

    monkeypatch.setattr("tvc.harness.collect.find_files", raises)
    assert cli._run(["test", "."]) == Exit.INVALID
    err = capsys.readouterr().err
    assert err.startswith("tvc: ")
    assert told in err
    assert err.count("\n") == 1


def test_an_import_that_we_broke_is_our_error(monkeypatch, capsys):
    def raises(*_):
        raise ImportError("cannot import name 'x'", name="tvc.files")

    monkeypatch.setattr("tvc.harness.collect.find_files", raises)
    assert cli._run(["test", "."]) == Exit.INTERNAL
    assert "report it" in capsys.readouterr().err


def test_what_cannot_even_be_told_is_no_failed_expectation(monkeypatch, capfd):
    def raises(*_):
        raise MemoryError

    monkeypatch.setattr("tvc.harness.collect.find_files", raises)
    monkeypatch.setattr(cli, "_answer", raises)
    assert cli._run(["test", str(Path())]) == cli._NO_MEANS == Exit.INVALID
    assert "no memory or no files left" in capfd.readouterr().err
