"""What tests of the command share: folders with files, and the command in and out of process."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

#: Runs the command as its console script does, wherever that was installed.
TVC = [sys.executable, "-c", "from tvc.cli.entry import main; main()"]
#: Plugins of others that take several times as long to load as our tests of pytest take.
WITHOUT_OTHERS = ["-p", "no:hypothesispytest", "-p", "no:nbmake"]
PYTEST = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", *WITHOUT_OTHERS]

HEAD = """\
tvc: 1
people:
  sam: {role: admin}
  ana: {}
  mallory: {role: outsider, knows: [ana]}
"""
GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"

#: A file of each fate; where there are several scenarios, `a` comes before `b`.
FILES = {
    "passing": f"""\
{HEAD}tags: [smoke]
scenarios:
  - id: opens-the-door
    tags: [quick]
    timeline:
      - {GENERATE}
      - {{at: 5m, do: sign_in, by: ana, code: c1}}
  - id: at-the-edge
    cases:
      - {{policy: salesforce, life: 24h, want: allow}}
      - {{policy: strict, life: 5h, want: {{deny: lifetime_too_long}}}}
    timeline:
      - {{at: 0s, do: generate, by: sam, for: ana, lifetime: "${{life}}", expect: "${{want}}"}}
""",
    "failing": f"""\
{HEAD}scenarios:
  - id: refused
    timeline:
      - {GENERATE}
      - {{at: 10m, do: sign_in, by: ana, with: authenticator}}
      - {{at: 20m, do: sign_in, by: ana, code: c1, expect: {{deny: wrong_code}}}}
  - id: fine
    timeline:
      - {GENERATE}
""",
    "invalid": f"""\
{HEAD}scenarios:
  - id: typo
    timeline:
      - {{at: 0s, do: sign_in, by: ana, with: authenticator, expect: {{deny: superseded_by_cod}}}}
""",
    "inconclusive": f"""\
{HEAD}scenarios:
  - id: campaign
    workload: {{users: 100, horizon: 1d, drain: 1d, losses: {{per_user_per_year: 0.3}}}}
    run: {{replications: 2}}
    expect:
      - {{metric: p95(time_to_access), at_most: 2h, margin: 20m}}
""",
    "skipped": f"""\
{HEAD}scenarios:
  - id: later
    skip: waits for the desk
    timeline:
      - {GENERATE}
""",
    "xfailed": f"""\
{HEAD}scenarios:
  - id: known
    xfail: the desk knows
    timeline:
      - {{at: 0s, do: sign_in, by: ana}}
""",
    "xpassed": f"""\
{HEAD}scenarios:
  - id: mended
    xfail: nobody noticed
    timeline:
      - {GENERATE}
""",
}


@dataclass(frozen=True)
class Ran:
    """What a process, or a call of the command, gave."""

    code: int
    out: str
    err: str


def environment(**changes):
    """The environment without what would colour or reorder output; None removes a variable."""
    drop = {"NO_COLOR", "FORCE_COLOR", "PYTHONHASHSEED", "GITHUB_WORKSPACE"}
    drop |= {name for name in os.environ if name.startswith("PYTEST_")}
    kept = {name: value for name, value in os.environ.items() if name not in drop}
    kept |= {name: value for name, value in changes.items() if value is not None}
    return {name: value for name, value in kept.items() if changes.get(name, "") is not None}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """An empty folder to work in, outside any workspace."""

    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


@pytest.fixture
def write(folder):
    """Write files by name: one of `FILES`, or a text."""

    def write(**files):
        for name, text in files.items():
            Path(folder, f"{name}.tvc.yaml").write_text(FILES.get(text, text), "utf-8")
        return folder

    return write


@pytest.fixture
def process(folder):
    """Run the command in a process of its own, without a terminal."""

    def process(*words, **changes):
        done = subprocess.run(
            [*TVC, *map(str, words)],
            cwd=folder,
            env=environment(**changes),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            timeout=60,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return process


@pytest.fixture
def call(capsys):
    """Run the command in this process."""
    from tvc.cli.main import _run

    def call(*words):
        capsys.readouterr()
        code = _run([str(word) for word in words])
        shown = capsys.readouterr()
        return Ran(code, shown.out, shown.err)

    return call


def pytest_configure(config):
    """Have pytest run pytest; only the topmost conftest could ask for this by name."""
    if not config.pluginmanager.hasplugin("pytester"):
        config.pluginmanager.import_plugin("pytester")


@pytest.fixture(scope="session")
def imported():
    """What a run of pytest needs, imported before `pytester` notes which modules there are.

    Whatever comes later it forgets, and each test would import it again; numpy even refuses to.
    """
    import tvc.harness.runner
    import tvc.harness.simulated
    import tvc.harness.writing
    import tvc.world.simulation  # noqa: F401


@pytest.fixture
def run_pytest(imported, pytester, folder, monkeypatch):  # noqa: ARG001 - in this order
    """Run pytest in this process, in the folder or in another."""
    monkeypatch.chdir(folder)
    for name in ("NO_COLOR", "FORCE_COLOR", "PYTEST_XDIST_WORKER"):
        monkeypatch.delenv(name, raising=False)

    def run_pytest(*words, cwd=folder, plugins=()):
        monkeypatch.chdir(cwd)
        done = pytester.runpytest_inprocess(
            "-p", "no:cacheprovider", *WITHOUT_OTHERS, "--rootdir", cwd, *words,
            plugins=plugins, no_reraise_ctrlc=True,
        )  # fmt: skip
        return Ran(int(done.ret), done.stdout.str(), done.stderr.str())

    return run_pytest


@pytest.fixture
def spawn_pytest(folder):
    """Run pytest in a process of its own, in the folder."""

    def spawn_pytest(*words, cwd=folder):
        done = subprocess.run(
            [*PYTEST, *words],
            cwd=cwd,
            env=environment(),
            capture_output=True,
            encoding="utf-8",
            timeout=120,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    return spawn_pytest
