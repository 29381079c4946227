"""What the README says is so; what a command writes into it, `test_generated_files` holds."""

import re
from pathlib import Path

import pytest

from tvc.authority.policy import KNOBS, RATE_KNOBS
from tvc.cli.main import _run
from tvc.files.policies import shipped_policies
from tvc.harness.exits import PRECEDENCE, Exit

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
TEXT = README.read_text(encoding="utf-8")


def block(mark):
    return re.search(rf"<!-- {mark} -->\n```\w+\n(.*?)```", TEXT, re.DOTALL)[1]


def test_the_explanation_of_the_scenario_names_the_wait(tmp_path, monkeypatch, capsys):
    (tmp_path / "ana.tvc.yaml").write_text(block("scenario"), encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    assert _run(["explain", "ana.tvc.yaml::ana-finds-her-phone"]) == Exit.PASS
    assert "22h later" in capsys.readouterr().out


def test_the_python_example_runs_and_passes(capsys):
    exec(compile(block("python"), "README.md", "exec"), {})
    assert capsys.readouterr().out.split() == ["passed"]


def test_each_exit_code_is_listed_and_the_precedence_is_that_of_the_code():
    listed = [int(code) for code in re.findall(r"^\| (\d) \| \w", TEXT, re.MULTILINE)]
    assert listed == [int(code) for code in Exit]
    order = re.search(r"the first of ([\d, ]+)\.", TEXT)[1]
    assert [int(code) for code in order.split(", ")] == [int(code) for code in PRECEDENCE]


def test_every_option_of_the_command_is_named(capsys):
    assert _run(["test", "--help"]) == 0
    options = re.findall(r"^  (-{1,2}[a-z-]+)", capsys.readouterr().out, re.MULTILINE)
    assert len(options) >= 11
    missing = [option for option in options if f"`{option}" not in TEXT and option != "--help"]
    assert not missing


def test_every_command_is_named(capsys):
    assert _run(["--help"]) == 0
    commands = re.findall(r"^  ([a-z]+)  ", capsys.readouterr().out, re.MULTILINE)
    assert commands
    assert [name for name in commands if f"`tvc {name}" not in TEXT] == []


def test_files_that_are_named_exist():
    names = re.findall(r"`((?:tvc|scenarios|tests|\.ci)/[\w./]+)`", TEXT)
    assert names
    assert [name for name in names if not (ROOT / name).exists()] == []


@pytest.mark.parametrize("source", ["reading", "assumption"])
def test_as_many_choices_are_confessed_as_the_table_of_knobs_marks(source):
    # The README groups what belongs together, and lists the knobs that its words stand for in a
    # comment beside them, so that a new knob does not slip in unsaid.
    marked = {knob.key for knob in (*KNOBS, *RATE_KNOBS) if knob.source == source}
    confessed = re.search(rf"<!-- {source}: (.*?) -->", TEXT)[1].split()
    assert sorted(marked) == sorted(confessed)


def test_the_policies_that_it_names_are_shipped():
    named = set(re.findall(r"`tvc policies (?:show|diff) ([\w -]+)`", TEXT))
    words = {word for text in named for word in text.split()} | {"article-wording"}
    assert words <= set(shipped_policies())
