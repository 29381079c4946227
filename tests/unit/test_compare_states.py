"""The comparison of two states of the repository finds what differs, and only that."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).parents[2] / ".ci" / "compare-states"
#: A command that prints a line, a set, the time its work took, and a file of its own.
MAIN = """\
import sys
from pathlib import Path
def main():
    print("the first line")
    print({line!r})
    print({shown})
    print("found in 0.12 s after 3 histories", file=sys.stderr)
    Path("written.txt").write_text({written!r})
    sys.exit({code})
"""
PLAIN = {"line": "a policy", "shown": "'nothing'", "written": "kept", "code": 0}
GIT = {
    f"GIT_{who}_{what}": value
    for who in ("AUTHOR", "COMMITTER")
    for what, value in (("NAME", "tests"), ("EMAIL", "tests@localhost"))
}


class Repository:
    """A tiny repository with a package of the same name."""

    def __init__(self, folder):
        self.folder = folder
        (folder / ".ci").mkdir()
        (folder / "tvc" / "cli").mkdir(parents=True)
        (folder / "tvc" / "__init__.py").touch()
        shutil.copy(SCRIPT, folder / ".ci")
        self.git("init", "-q", "-b", "main")

    def git(self, *words):
        settings = ["-c", "commit.gpgsign=false", "-c", "core.hooksPath=/dev/null"]
        environment = os.environ | GIT | {"GIT_CONFIG_GLOBAL": os.devnull}
        subprocess.run(["git", *settings, *words], cwd=self.folder, env=environment, check=True)

    def write(self, **changed):
        text = MAIN.format(**{**PLAIN, **changed})
        (self.folder / "tvc" / "cli" / "main.py").write_text(text)

    def commit(self, name, **changed):
        self.write(**changed)
        self.git("add", "-A")
        self.git("commit", "-q", "-m", name)
        self.git("tag", name)

    def compare(self, *words):
        script = self.folder / ".ci" / "compare-states"
        return subprocess.run(
            [sys.executable, script, "--python", sys.executable, *words],
            capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip


@pytest.fixture(scope="module")
def repository(tmp_path_factory):
    made = Repository(tmp_path_factory.mktemp("repository"))
    made.commit("plain")
    made.commit("reworded", line="another policy", written="other", code=3)
    made.commit("unordered", shown="{f'name {n}' for n in range(50)}")
    made.commit("broken", shown="1 / 0")
    made.write()
    return made


LISTED = ["--only", "policies/list"]


def test_the_list_names_every_output_with_its_commands():
    ran = subprocess.run(
        [sys.executable, SCRIPT, "--list"], capture_output=True, text=True, timeout=60, check=True
    )
    names = {line.split()[0] for line in ran.stdout.splitlines()}
    kinds = {name.partition("/")[0] for name in names}
    assert kinds == {
        "help", "schema", "policies", "test", "pytest", "coverage", "explain", "lint", "fix",
        "mutate", "init", "hunt", "simulate", "compare", "sweep", "notebooks",
    }  # fmt: skip
    quick = subprocess.run(
        [sys.executable, SCRIPT, "--list", "--quick", "--only", "mutate/*"],
        capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert {line.split()[0] for line in quick.stdout.splitlines()} < names


def test_a_state_equals_itself_whatever_time_it_takes_and_wherever_it_lies(repository):
    ran = repository.compare("plain", ".", *LISTED)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.endswith("0 of 1 outputs differ\n")


def test_what_differs_is_told_by_its_first_line_and_ends_with_1(repository):
    ran = repository.compare("plain", "reworded", *LISTED)
    assert ran.returncode == 1
    assert "DIFFERENT policies/list" in ran.stdout
    assert (
        "  stdout: line 3, of $ tvc policies list\n"
        "    base 'a policy\\n'\n    head 'another policy\\n'\n"
    ) in ran.stdout
    assert "  written.txt: line 1\n    base 'kept'\n    head 'other'\n" in ran.stdout
    assert "stderr" not in ran.stdout


def test_an_exit_code_alone_makes_a_difference(repository):
    # Of another length: what Python compiled in the same second would be taken for it otherwise.
    repository.write(code=13)
    ran = repository.compare("plain", ".", *LISTED)
    repository.write()
    assert ran.returncode == 1
    assert "base 'exit 0\\n'\n    head 'exit 13\\n'" in ran.stdout


def test_a_state_whose_output_depends_on_the_order_of_a_set_differs_from_itself(repository):
    ran = repository.compare("unordered", "unordered", *LISTED)
    assert ran.returncode == 1
    assert "stdout: line 4" in ran.stdout


def test_states_that_cannot_run_are_never_taken_for_equal(repository):
    ran = repository.compare("broken", "broken", *LISTED)
    assert ran.returncode == 2
    assert "does not run in base: 1: ZeroDivisionError" in ran.stderr
    ran = repository.compare("plain", "broken", *LISTED)
    assert ran.returncode == 1
    assert "exit: only in head" in ran.stdout


def test_an_output_without_inputs_is_said_to_be_left_out(repository):
    ran = repository.compare("plain", ".", "--only", "test/vectors", "--vectors", "no-such-folder")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert "LEFT OUT  test/vectors" in ran.stdout


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["no-such"], "there is no revision 'no-such'"),
        (["plain", "--only", "no-such"], "no output is named 'no-such'"),
        (["plain", "--python", "no-such"], "there is no interpreter no-such"),
        ([], "name a BASE"),
    ],
)
def test_bad_usage_ends_with_2_and_says_why(repository, words, told):
    ran = repository.compare(*words)
    assert ran.returncode == 2
    assert told in ran.stderr
