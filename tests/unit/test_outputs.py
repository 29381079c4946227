"""What a command writes takes the place of nothing that it reads, however either is called."""

import os
import pickle
import shutil
from pathlib import Path

import pytest
import typer

from tvc.cli.main import app
from tvc.files.outputs import (
    RefusedOutput,
    files_noted,
    note_input,
    note_output,
    original_of,
    part_of,
    replace_file,
    write_output,
)

HEAD = "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\n"
STEP = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}"
INPUTS = {
    "a.tvc.yaml": f"{HEAD}policies: {{mine: {{extends: ./base.yaml}}}}\n"
    f"scenarios:\n  - id: a\n    cases: [{{policy: mine}}, {{policy: strict}}]\n"
    f"    timeline: [{STEP}]\n",
    "b.tvc.yaml": f"{HEAD}scenarios:\n  - id: b\n    timeline: [{STEP}]\n",
    "survivor-7.tvc.yaml": f"{HEAD}scenarios:\n  - id: c\n    timeline: [{STEP}]\n",
    "base.yaml": "policy: base\nextends: salesforce\nlifetime.max: 2h\n",
    "p.yaml": "policy: p\nextends: ./base.yaml\ncode.uses: 2\n",
    "w.tvc.yaml": "tvc: 1\nscenarios:\n  - id: w\n"
    "    workload: {users: 9, horizon: 1d, desk: {handling: {empirical: e.csv}}}\n"
    "    expect: [{metric: mean(calls), at_most: 1000000}]\n",
    "e.csv": "90s\n2m\n",
}
#: Commands by what they write to, `{out}`, and the inputs that this may not be.
CALLS = [
    ("test a.tvc.yaml -f json:{out}", "a.tvc.yaml base.yaml"),
    ("test . -p 2 -f github:{out}", "a.tvc.yaml base.yaml w.tvc.yaml e.csv"),
    ("test a.tvc.yaml --policy strict=p.yaml -f json -f junit:{out}", "p.yaml base.yaml"),
    ("test a.tvc.yaml --coverage={out.json}", "a.tvc.yaml base.yaml"),
    ("lint a.tvc.yaml p.yaml -f sarif:{out}", "a.tvc.yaml p.yaml base.yaml"),
    ("lint a.tvc.yaml --policy p.yaml --controls={out.csv}", "a.tvc.yaml p.yaml base.yaml"),
    ("simulate w.tvc.yaml --html {out.html}", "w.tvc.yaml e.csv"),
    (
        "compare p.yaml strict --on w.tvc.yaml -n 2 --metric mean(calls) --html {out.html}",
        "p.yaml base.yaml w.tvc.yaml e.csv",
    ),
    ("sweep w.tvc.yaml --vary desk.admins=1,2 -n 2 -o {out.csv}", "w.tvc.yaml e.csv"),
    ("sweep w.tvc.yaml --tornado mean(calls) -n 2 --html {out.html}", "w.tvc.yaml e.csv"),
    ("hunt --policy p.yaml --differs-from strict -o {out}", "p.yaml base.yaml"),
    ("init p.yaml --force --time 1ms -o {out}", "p.yaml base.yaml"),
]
SPELLINGS = {
    "as it is": lambda name, _: name,
    "with a dot": lambda name, _: f"./{name}",
    "by way of a folder": lambda name, _: f"sub/../{name}",
    "in full": lambda name, _: str(Path(name).absolute()),
    "through a link": lambda name, end: link(name, f"link{end}"),
    "through two links": lambda name, end: link(link(name, f"one{end}"), f"two{end}"),
    "through a hard link": lambda name, end: hard_link(name, f"hard{end}"),
    "through a linked folder": lambda name, _: f"sub/here/{name}",
}


def link(name, called):
    Path(called).symlink_to(name)
    return called


def hard_link(name, called):
    os.link(name, called)
    return called


@pytest.fixture
def filled(folder):
    for name, text in INPUTS.items():
        Path(name).write_text(text)
    Path("sub").mkdir()
    Path("sub/here").symlink_to("..")
    return folder


def assert_untouched(folder):
    for name, text in INPUTS.items():
        assert (folder / name).read_text() == text, name


def every_day(words, spelling):
    """One command with every spelling, and every command with one that fits all endings."""
    return spelling == "through a link" or words == CALLS[0][0]


@pytest.mark.parametrize(
    ("words", "spelling"),
    [
        pytest.param(
            words, spelling, marks=() if every_day(words, spelling) else pytest.mark.nightly
        )
        for words, _ in CALLS
        for spelling in SPELLINGS
    ],
)
def test_no_output_of_any_command_replaces_one_of_its_inputs(filled, call, words, spelling):
    inputs = dict(CALLS)[words].split()
    end = words[words.index("{") + 4 : words.index("}")]
    tried = 0
    for number, name in enumerate(inputs):
        out = SPELLINGS[spelling](name, f"{number}{end}")
        if not out.endswith(end):
            continue
        tried += 1
        ran = call(*words.replace(f"{{out{end}}}", out).split())
        assert ran.code == 4, (out, ran)
        assert "take the place of a file that the command reads" in " ".join(ran.err.split())
        assert_untouched(filled)
    # Some commands take only names of an ending that no input has: those are reached by links.
    assert tried or end


def test_offers_do_not_replace_a_scenario_that_was_run(filled, call):
    ran = call("mutate", "survivor-7.tvc.yaml", "--offer", ".", "--time", "1ms")
    assert ran.code == 4
    assert "survivor-7.tvc.yaml" in ran.err
    assert_untouched(filled)


@pytest.mark.usefixtures("filled")
def test_examples_do_not_replace_the_scenario_they_are_of(call):
    Path("ex").mkdir()
    shutil.copy("w.tvc.yaml", "ex/newly_denied.tvc.yaml")
    shutil.copy("e.csv", "ex/e.csv")
    ran = call(
        "compare", "salesforce", "strict", "--on", "ex/newly_denied.tvc.yaml", "--example", "ex"
    )
    assert ran.code == 4
    assert Path("ex/newly_denied.tvc.yaml").read_text() == INPUTS["w.tvc.yaml"]


def test_results_do_not_replace_what_was_measured(filled, call):
    Path("r").mkdir()
    assert call("simulate", "w.tvc.yaml", "--results", "r").code == 0
    Path("r/codes.parquet").unlink()
    os.link("e.csv", "r/codes.parquet")
    ran = call("simulate", "w.tvc.yaml", "--results", "r")
    assert ran.code == 4
    assert "take the place of" in ran.err
    assert_untouched(filled)


@pytest.mark.parametrize(
    "words",
    [
        "test b.tvc.yaml -f json:r -f junit:./r",
        "test b.tvc.yaml -f json:r.json --coverage=sub/../r.json",
        "test b.tvc.yaml --coverage=r.json --coverage=link.json",
        "test b.tvc.yaml -f json -f junit",
        "lint b.tvc.yaml -f json:r.json --controls=r.json --policy strict",
        "sweep w.tvc.yaml --vary desk.admins=1,2 -o r.csv --html link.html",
    ],
)
def test_two_outputs_into_one_file_are_refused_before_anything_runs(filled, call, words):
    Path("link.json").symlink_to("r.json")
    Path("link.html").symlink_to("r.csv")
    ran = call(*words.split())
    assert ran.code == 4
    assert "two reports cannot go to the same place" in " ".join(ran.err.split())
    assert not any(Path(name).exists() for name in ("r", "r.json", "r.csv"))
    assert_untouched(filled)


def test_an_output_may_replace_what_an_earlier_run_wrote(filled, call):
    for _ in range(2):
        assert call("test", "b.tvc.yaml", "-f", "json:r.json").code == 0
        assert call("test", "b.tvc.yaml", "-f", "json:/dev/null").code == 0
    assert_untouched(filled)


@pytest.mark.usefixtures("filled")
def test_fix_rewrites_the_scenario_since_that_is_what_it_is_for(call):
    text = INPUTS["b.tvc.yaml"].replace("1h}", "1h, expect: {deny: lifetime_too_short}}")
    Path("b.tvc.yaml").write_text(text)
    assert call("fix", "b.tvc.yaml").code == 0
    assert Path("b.tvc.yaml").read_text() not in (text, "")


# Empty words


def parameters(group, before=()):
    for name, command in group.commands.items():
        if getattr(command, "commands", None):
            yield from parameters(command, (*before, name))
            continue
        for one in command.params:
            if one.name != "help" and not getattr(one, "is_flag", False):
                yield (*before, name), one


@pytest.mark.parametrize(
    ("command", "parameter"),
    [
        pytest.param(command, one, id=f"{' '.join(command)} {one.opts[0]}")
        for command, one in parameters(typer.main.get_command(app))
        if one.opts[0] != "-k"
    ],
)
def test_an_empty_word_is_bad_usage_for_every_argument_and_option(filled, call, command, parameter):
    name = parameter.opts[0]
    given = [[""]] if parameter.param_type_name == "argument" else [[name, ""]]
    given += [[f"{name}="]] if name.startswith("--") else []
    before = sorted(filled.iterdir())
    for words in given:
        ran = call(*command, *words)
        assert ran.code == 4
        assert "is a variable not set?" in " ".join(ran.err.split())
        assert ran.out == ""
    assert sorted(filled.iterdir()) == before


@pytest.mark.parametrize(
    "words",
    [
        ["test", "b.tvc.yaml", ""],
        ["test", "b.tvc.yaml", "--", ""],
        ["test", "b.tvc.yaml", "-f", "json:"],
        ["test", "b.tvc.yaml", "--policy", "strict="],
        ["test", "b.tvc.yaml", "--coverage="],
        ["explain", "::a"],
        ["simulate", "::w"],
        ["compare", "p.yaml", "strict", "--on", "::w"],
        ["compare", ",code.uses=1", "strict", "--on", "w.tvc.yaml"],
        ["mutate", "b.tvc.yaml", "--policy", "strict="],
    ],
)
def test_a_part_of_a_word_that_names_a_file_may_not_be_empty(filled, call, words):
    ran = call(*words)
    assert ran.code == 4
    assert ran.out == ""
    assert_untouched(filled)


@pytest.mark.usefixtures("filled")
def test_an_empty_expression_is_for_every_name(call):
    assert call("test", "b.tvc.yaml", "-k", "").code == 0


# The parts


def test_inputs_and_outputs_are_compared_only_while_a_command_notes_them(folder):
    Path("a").write_text("mine")
    note_input("a")
    note_output(Path("a"), "-o a")
    write_output(Path("a"), "new")
    with files_noted():
        note_input("a")
        with pytest.raises(RefusedOutput, match="-o a"):
            note_output(Path("a"), "-o a")
        with pytest.raises(RefusedOutput):
            write_output(Path("a"), "newer")
        replace_file(Path("a"), "fixed")
    write_output(folder / "a", b"newest")
    assert Path("a").read_text() == "newest"


def test_whichever_is_noted_last_is_refused_in_another_process_too(folder):
    with files_noted():
        note_output(folder / "a", "-o a")
        Path("a").touch()
        with pytest.raises(RefusedOutput) as caught:
            note_input("a")
    assert str(pickle.loads(pickle.dumps(caught.value))) == str(caught.value)


def test_temporary_names_are_of_their_own_and_tell_what_they_are_for(tmp_path):
    path = tmp_path / "run.json"
    names = {part_of(path).name for _ in range(100)}
    assert len(names) == 100
    assert {original_of(name) for name in names} == {"run.json"}
    assert [original_of(name) for name in ("run.json", ".run", "run.json.x.part", ".part")] == [
        None
    ] * 4


def test_a_failed_write_leaves_the_file_as_it_was_and_nothing_beside_it(tmp_path, monkeypatch):
    path = tmp_path / "r.json"
    path.write_text("old")

    def full(*_words):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(OSError, match=r"r\.json"):
        write_output(path, "new")
    assert [entry.name for entry in tmp_path.iterdir()] == ["r.json"]
    assert path.read_text() == "old"
