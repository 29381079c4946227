"""The command keeps its promises: options, exit codes, streams, and never a traceback."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

import json
import os
import pty
import re
import select
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from jsonschema import Draft202012Validator

from tvc.files.policies import shipped_policies
from tvc.workbench.schemas import SCHEMAS

SAMPLES = ["passing", "failing", "invalid", "inconclusive", "skipped", "xfailed", "xpassed"]
FORMATS = ["pretty", "json", "junit", "github", "sarif"]


def assert_refused(ran, *words):
    """Bad usage: exit 4, nothing on stdout, a message in words, no traceback."""
    assert ran.code == 4, ran
    assert ran.out == ""
    assert "Traceback" not in ran.err
    for word in words:
        assert word in " ".join(ran.err.split()), ran.err


# Exit codes

CODES = {
    "passing": 0,
    "failing": 1,
    "invalid": 4,
    "inconclusive": 6,
    "skipped": 5,
    "xfailed": 0,
    "xpassed": 1,
}


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("sample", SAMPLES)
def test_no_format_changes_the_exit_code(write, call, sample, fmt):
    write(a=sample)
    assert call("test", "a.tvc.yaml", "-f", fmt).code == CODES[sample]
    assert call("test", "a.tvc.yaml", "-f", f"{fmt}:out").code == CODES[sample]


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        (("passing", "failing"), 1),
        (("failing", "inconclusive"), 1),
        (("passing", "inconclusive"), 6),
        (("inconclusive", "skipped"), 6),
        (("passing", "skipped"), 0),
        (("failing", "invalid"), 4),
        (("invalid", "inconclusive"), 4),
        (("skipped", "xfailed"), 0),
    ],
)
def test_the_stronger_fate_decides(write, call, samples, code):
    write(a=samples[0], b=samples[1])
    assert call("test", ".").code == code
    assert call("test", "b.tvc.yaml", "a.tvc.yaml", "-p", "2").code == code


def test_an_error_of_ours_in_one_case_exits_3_and_the_others_are_reported(write, call, monkeypatch):
    from tvc.harness import runner

    def broken(case, *rest):
        if case.id == "refused":
            raise RuntimeError("secret" + " words")
        return play(case, *rest)

    play = runner.run_case
    monkeypatch.setattr(runner, "run_case", broken)
    write(a="failing")
    ran = call("test", ".")
    assert ran.code == 3
    assert "internal error: RuntimeError" in ran.out
    assert re.search(r"passed +fine", ran.out)
    assert "secret words" not in ran.out + ran.err


def test_an_error_of_ours_outside_of_any_case_exits_3_and_not_1(write, call, monkeypatch):
    from tvc.harness import runner

    def broken(_plan):
        raise RuntimeError("secret" + " words")

    monkeypatch.setattr(runner, "run", broken)
    write(a="passing")
    ran = call("test", ".")
    assert ran.code == 3
    assert "internal error" in ran.err
    assert "secret words" not in ran.out + ran.err


def test_where_one_file_is_invalid_nothing_runs_though_another_is_fine(write, call):
    write(a="passing", b="failing", c="invalid")
    for words in ([], ["-p", "2"], ["-x"], ["-x", "-p", "2"], ["-k", "opens"]):
        ran = call("test", ".", "-f", "json", *words)
        report = json.loads(ran.out)
        assert ran.code == 4, words
        assert report["cases"] == []
        assert report["invalid"][0]["file"] == "c.tvc.yaml"
        assert "passed        opens" not in ran.err


#: A misspelt word, and what stands for it in a line of a file that is otherwise right.
TYPOS = {
    "reason": "{at: 1m, do: sign_in, by: ana, with: authenticator, expect: {deny: superseeded_by_code}}",
    "rule": "{at: 1m, do: sign_in, by: ana, with: authenticator, expect: {deny: superseded_by_code, rule: sign_in.precedense}}",
    "handle": "{at: 1m, do: sign_in, by: ana, code: c2}",
    "person": "{at: 1m, do: sign_in, by: anna}",
    "request": "{at: 1m, do: singin, by: ana}",
    "key": "{at: 1m, do: sign_in, by: ana, wiht: authenticator}",
    "method": "{at: 1m, do: sign_in, by: ana, with: autenticator}",
    "node": "{at: 1m, do: use, by: sam, node: wst}",
    "expectation": "{at: 1m, do: use, by: sam, expect: alow}",
    "expectation key": "{at: 1m, do: use, by: ana, expect: {denny: not_signed_in}}",
    "challenge": "{at: 1m, do: sign_in, by: ana, expect: {deny: verification_required, challenge: cod}}",
    "limit": "{at: 1m, do: generate, by: sam, for: ana, lifetime: 1h, expect: {deny: rate_limited, limit: subjct}}",
    "unit": "{at: 1min, do: use, by: sam}",
    "reason of another request": "{at: 1m, do: use, by: sam, expect: {deny: wrong_code}}",
    "rule of another reason": "{at: 1m, do: use, by: ana, expect: {deny: not_signed_in, rule: sign_in.code}}",
}  # fmt: skip
LINES = {
    "policy": "policy: salesforse",
    "tag": "tags: tga",
    "match": "audit: {match: inorder, events: [{type: generate.allowed}]}",
    "record type": "audit: {events: [{type: generate.alowed}]}",
    "audit field": "audit: {events: [{type: generate.allowed, subjet: ana}]}",
    "audit handle": "audit: {events: [{type: generate.allowed, code: c9}]}",
    "audit that cannot come": "audit: {never: [{type: approve.allowed}]}",
    "invariant": "invariants: [outsiders_stay_ot]",
    "break": "breaks: [lockout_hold]",
    "scenario key": "skp: why",
    "column": "cases: [{policy: strict, liv: 1h}]",
}
HEAD = "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\nscenarios:\n  - id: x\n"
GENERATE = "      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}\n"


@pytest.mark.parametrize("line", TYPOS.values(), ids=TYPOS)
def test_a_typo_in_a_step_never_passes(write, call, line):
    write(a="passing", b=f"{HEAD}    timeline:\n{GENERATE}      - {line}\n")
    ran = call("test", ".")
    assert ran.code == 4
    assert "nothing ran" in ran.out
    assert re.search(r"b\.tvc\.yaml:7:\d+: error: ", ran.out)


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_a_typo_in_a_scenario_never_passes(write, call, line):
    write(a="passing", b=f"{HEAD}    {line}\n    timeline:\n{GENERATE}")
    ran = call("test", ".")
    assert ran.code == 4
    assert re.search(r"b\.tvc\.yaml:5:\d+: error: ", ran.out)


# Selection


def names(ran):
    return [line.split("::")[1] for line in ran.out.splitlines()]


def test_collect_only_lists_every_case_by_the_name_that_selects_it(write, call):
    write(a="passing", b="failing")
    ran = call("test", ".", "--collect-only")
    assert ran.code == 0
    assert ran.out.splitlines() == [
        "a.tvc.yaml::opens-the-door",
        "a.tvc.yaml::at-the-edge[policy=salesforce,life=24h]",
        "a.tvc.yaml::at-the-edge[policy=strict,life=5h]",
        "b.tvc.yaml::refused",
        "b.tvc.yaml::fine",
    ]
    assert ran.err == "5 cases in 2 files\n"
    for name in ran.out.splitlines():
        assert call("test", ".", "--id", name, "--collect-only").out == f"{name}\n"


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        (["-k", "door"], ["opens-the-door"]),
        (["-k", "a.tvc and not edge"], ["opens-the-door"]),
        (["-k", "(door or refused) and not b.tvc"], ["opens-the-door"]),
        (["-k", "STRICT"], ["at-the-edge[policy=strict,life=5h]"]),
        (["--id", "b.tvc.yaml"], ["refused", "fine"]),
        (["--id", "b.tvc.yaml::fine"], ["fine"]),
        (
            ["--id", "a.tvc.yaml::at-the-edge"],
            ["at-the-edge[policy=salesforce,life=24h]", "at-the-edge[policy=strict,life=5h]"],
        ),
        (
            ["--id", "a.tvc.yaml::at-the-edge[policy=strict,life=5h]", "--id", "b.tvc.yaml::fine"],
            ["at-the-edge[policy=strict,life=5h]", "fine"],
        ),
        (["-t", "quick"], ["opens-the-door"]),
        (["-t", "smoke", "-k", "strict"], ["at-the-edge[policy=strict,life=5h]"]),
        (["-t", "smoke", "--id", "a.tvc.yaml::opens-the-door"], ["opens-the-door"]),
    ],
)
def test_filters_select_what_they_say(write, call, words, selected):
    write(a="passing", b="failing")
    listed = call("test", ".", "--collect-only", *words)
    assert names(listed) == selected
    assert f"{5 - len(selected)} left out" in listed.err
    ran = call("test", ".", "-f", "json", *words)
    assert [case["id"].split("::")[1] for case in json.loads(ran.out)["cases"]] == selected


def test_an_id_may_spell_the_path_of_its_file_in_another_way(write, call):
    write(b="failing")
    assert names(call("test", ".", "--collect-only", "--id", "./b.tvc.yaml::fine")) == ["fine"]


@pytest.mark.parametrize(
    "words",
    [
        ["-k", "no-such-word"],
        ["-k", "door and refused"],
        ["--id", "a.tvc.yaml::opens-the-dor"],
        ["--id", "opens-the-door"],
        ["--id", "a.tvc.yaml::at-the-edge[life=5h]"],
        ["-t", "smok"],
        ["-t", "Smoke"],
        ["-k", "refused", "-t", "smoke"],
    ],
)
@pytest.mark.parametrize("more", [[], ["--collect-only"], ["-p", "2"]])
def test_a_filter_that_selects_nothing_exits_5_unless_that_is_asked_for(write, call, words, more):
    write(a="passing", b="failing")
    assert call("test", ".", *words, *more).code == 5
    assert call("test", ".", *words, *more, "--allow-empty").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ["--id", "a.tvc.yaml::opens-the-door", "--id", "a.tvc.yaml::opens-the-dor"],
        ["-t", "smoke", "-t", "smok"],
    ],
)
def test_a_filter_that_matches_nothing_is_told_though_another_matches(write, call, words):
    write(a="passing")
    ran = call("test", ".", *words)
    assert ran.code != 0
    assert words[-1] in ran.err


@pytest.mark.usefixtures("folder")
def test_no_file_at_all_exits_5(call):
    assert call("test", ".").code == 5
    assert call("test", ".", "--allow-empty").code == 0


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["-k", "and"], ["-k", "missing"]),
        (["-k", "(door"], ["parenthesis"]),
        (["-k", "door edge"], ["'and' or 'or'"]),
        (["-f", "jsn"], ["did you mean 'json'"]),
        (["-f", "json:"], ["file name is missing"]),
        (["-f", "json:nowhere/out.json"], ["no such folder"]),
        (["-f", "json", "-f", "junit"], ["same place"]),
        (["-f", "json:out", "-f", "sarif:out"], ["same place"]),
        (["-f", "json:out", "-f", "sarif:./out"], ["same place"]),
        (["-p", "0"], ["-p"]),
        (["-p", "two"], ["-p"]),
        (["--seed", "-1"], ["--seed"]),
        (["--seed", "x"], ["--seed"]),
        (["--policy", "strict"], ["NAME=FILE"]),
        (["--policy", "=a.yaml"], ["NAME=FILE"]),
        (["--policy", "strict="], ["NAME=FILE"]),
        (["--policy", "strict=nowhere.yaml"], ["no such file", "nowhere.yaml"]),
        (["--policy", "strict=p.yaml", "--policy", "strict=p.yaml"], ["twice"]),
        (["--no-such-option"], ["no-such-option"]),
        (["nowhere.tvc.yaml"], ["no such file or folder", "nowhere.tvc.yaml"]),
        (["a.tvc.yaml::opens-the-door"], ["--id"]),
    ],
)
def test_bad_usage_is_told_in_words_and_nothing_runs(write, call, words, told):
    Path(write(a="passing"), "p.yaml").write_text("policy: p\n")
    assert_refused(call("test", "a.tvc.yaml", *words), *told)
    assert not Path("out").exists()


def test_a_policy_name_that_no_file_knows_is_refused(write, call):
    Path(write(a="passing"), "p.yaml").write_text("policy: p\n")
    assert_refused(call("test", "a.tvc.yaml", "--policy", "strickt=p.yaml"), "strickt")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["tset", "a.tvc.yaml"], ["tset"]),
        (["test"], ["PATH"]),
        (["explain"], ["FILE::id"]),
        (["--nonsense"], ["nonsense"]),
        (["policies", "lst"], ["lst"]),
    ],
)
def test_a_command_that_cannot_be_read_is_told_in_words(write, call, words, told):
    write(a="passing")
    assert_refused(call(*words), *told)


def test_what_cannot_be_read_leaves_the_process_with_that_code_too(write, process):
    write(a="passing")
    assert_refused(process("tset", "a.tvc.yaml"), "tset")


def test_help_and_version_are_on_stdout_and_exit_0(process, call):
    helped = process("--help")
    assert (helped.code, helped.err) == (0, "")
    for command in ("test", "explain", "policies", "schema"):
        assert command in helped.out
    version = call("--version")
    assert (version.code, version.err) == (0, "")
    assert version.out.startswith("tvc ")
    assert call("test", "--help").code == 0


def test_no_arguments_show_the_help_and_no_traceback(process):
    ran = process()
    assert "Usage: " in ran.out + ran.err
    assert "Traceback" not in ran.err


# Formats and streams


def validate(report):
    Draft202012Validator(SCHEMAS["report"]()).validate(report)


@pytest.mark.parametrize("sample", SAMPLES)
def test_each_fate_exits_with_its_code_and_json_alone_on_stdout_and_people_read_why_on_stderr(
    write, process, sample
):
    write(a=sample)
    ran = process("test", "a.tvc.yaml", "-f", "json")
    assert ran.code == CODES[sample]
    assert "Traceback" not in ran.err
    validate(json.loads(ran.out))
    assert ran.out.isascii()
    if sample == "failing":
        assert "expected: {deny: wrong_code}" in ran.err
        assert "got:      allow" in ran.err
        assert re.search(r"\d+ \| +- \{at: 20m", ran.err)
        assert re.search(r"^ +\| +\^$", ran.err, re.MULTILINE)
        assert "rerun: tvc test a.tvc.yaml --id a.tvc.yaml::refused" in ran.err
    if sample == "invalid":
        assert "a.tvc.yaml:9:" in ran.err


def test_people_read_every_case_by_name_and_passing_files_leave_stderr_empty(write, process):
    write(a="passing")
    ran = process("test", ".")
    assert ran.err == ""
    assert "passed        opens-the-door" in ran.out
    assert "at-the-edge[policy=strict,life=5h]" in ran.out
    assert ran.out.endswith("3 passed, 0 failed\n")


READERS = {
    "json": lambda text: validate(json.loads(text)),
    "junit": ET.fromstring,
    "sarif": lambda text: json.loads(text)["runs"][0]["results"],
    "github": lambda text: all(line.startswith("::") for line in text.splitlines()),
    "pretty": lambda text: text.index("expected:"),
}


@pytest.mark.parametrize("fmt", FORMATS)
def test_each_format_is_the_same_in_a_file_as_on_stdout(write, call, fmt):
    write(a="passing", b="failing")
    shown = call("test", ".", "-f", fmt).out
    ran = call("test", ".", "-f", f"{fmt}:report.out")
    assert ran.code == 1
    assert "FAILED b.tvc.yaml::refused" in ran.out, "people's output stays on stdout"
    written = Path("report.out").read_text("utf-8")
    READERS[fmt](written)
    seconds = re.compile(r'time="[0-9.]+"')
    assert seconds.sub("", written) == seconds.sub("", shown)


def test_repeated_formats_each_go_where_they_are_sent(write, call):
    folder = write(a="failing")
    ran = call("test", ".", "-f", "json", "-f", "junit:j.xml", "-f", "sarif:s.json", "-f", "pretty:p.txt")  # fmt: skip
    assert ran.code == 1
    validate(json.loads(ran.out))
    ET.parse(folder / "j.xml")
    json.loads((folder / "s.json").read_text())
    assert "1 passed, 1 failed" in (folder / "p.txt").read_text()
    assert sorted(path.name for path in folder.iterdir()) == ["a.tvc.yaml", "j.xml", "p.txt", "s.json"]  # fmt: skip


def test_a_report_can_be_read_by_whom_other_new_files_can(write, call):
    folder = write(a="passing")
    (folder / "other").touch()
    call("test", ".", "-f", "json:r.json")
    assert (folder / "r.json").stat().st_mode == (folder / "other").stat().st_mode


def test_a_report_goes_through_a_link_and_into_a_pipe_without_replacing_them(write, call):
    folder = write(a="passing")
    (folder / "target.json").write_text("old")
    (folder / "link.json").symlink_to("target.json")
    os.mkfifo(folder / "pipe")
    reader = os.open(folder / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    assert call("test", ".", "-f", "json:link.json", "-f", "junit:pipe").code == 0
    assert (folder / "link.json").is_symlink()
    assert json.loads((folder / "target.json").read_text())["summary"]["passed"] == 3
    assert os.read(reader, 100_000).startswith(b"<?xml")
    os.close(reader)


@pytest.mark.parametrize("target", ["taken", "/proc/no/r.json"])
def test_a_report_that_cannot_be_written_is_told_and_leaves_nothing_behind(write, call, target):
    folder = write(a="passing")
    Path("taken").mkdir()
    ran = call("test", "a.tvc.yaml", "-f", f"json:{target}")
    assert ran.code == 4
    assert "Traceback" not in ran.err
    assert target in ran.err
    assert sorted(path.name for path in folder.iterdir()) == ["a.tvc.yaml", "taken"]


def test_a_report_that_cannot_be_written_is_told_by_the_name_that_was_given(write, call):
    write(a="passing")
    ran = call("test", "a.tvc.yaml", "-f", "json:/proc/r.json")
    assert ran.code == 4
    assert "/proc/r.json" in ran.err


def test_a_full_disk_is_told_and_never_a_pass(write, folder):
    write(a="passing")
    with Path("/dev/full").open("w") as full:
        done = run_to(full, folder)
    assert done.returncode not in (0, 1)
    assert "No space left" in done.stderr
    assert "Traceback" not in done.stderr


def run_to(stdout, folder, *words, **more):
    return subprocess.run(
        [sys.executable, "-c", "from tvc.cli.entry import main; main()", "test", ".", *words],
        cwd=folder, stdout=stdout, stderr=subprocess.PIPE, text=True, timeout=60, check=False, **more,
    )  # fmt: skip


@pytest.mark.parametrize(("sample", "code"), [("passing", 0), ("failing", 1)])
def test_a_closed_stdout_keeps_the_verdict_and_shows_no_traceback(write, folder, sample, code):
    write(a=sample)
    command = shlex.join(
        [sys.executable, "-c", "from tvc.cli.entry import main; main()", "test", "."]
    )
    done = subprocess.run(
        ["bash", "-c", f"{command} >&-"], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == code
    assert "Traceback" not in done.stderr


#: Their names alone are more than a pipe takes, which is 64 KiB.
LONG_NAMES = [f"case-{number}-with-a-name-{'so-' * 100}long" for number in range(300)]


def many(outcome):
    return "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\nscenarios:\n" + "".join(
        f"  - id: {name}\n    timeline: [{{at: 0s, do: use, by: {outcome}}}]\n"
        for name in LONG_NAMES
    )


def first_line(folder, words):
    """Run the command into `head -1`; return its exit code."""
    command = shlex.join(
        [sys.executable, "-c", "from tvc.cli.entry import main; main()", "test", "."]
    )
    done = subprocess.run(
        ["bash", "-c", f"{command} {words} | head -1; echo ${{PIPESTATUS[0]}}"],
        cwd=folder, capture_output=True, text=True, check=False, timeout=60,
    )  # fmt: skip
    first, told = done.stdout.splitlines()
    assert first
    assert "Traceback" not in done.stderr
    assert "BrokenPipe" not in done.stderr
    return int(told)


@pytest.mark.parametrize(("who", "code"), [("sam", 0), ("ana", 1)])
@pytest.mark.parametrize("words", ["", "-f json"])
def test_a_reader_that_has_seen_enough_changes_no_verdict_and_sees_no_traceback(
    write, folder, who, code, words
):
    write(a=many(who))
    assert first_line(folder, words) == code


def test_a_reader_that_has_seen_enough_of_a_list_of_cases_changes_no_exit_code(write, folder):
    write(a=many("sam"))
    assert first_line(folder, "--collect-only") == 0


def test_a_terminal_gets_colour_and_nobody_else(write, folder, process):
    write(a="failing")
    assert "\x1b" in on_terminal(folder)
    assert "\x1b" not in on_terminal(folder, NO_COLOR="1")
    assert "\x1b" in on_terminal(folder, NO_COLOR=""), "an empty NO_COLOR is none"
    assert "\x1b" not in process("test", ".", "-f", "pretty", "-f", "pretty:p.txt").out
    assert "\x1b" not in (folder / "p.txt").read_text()


def on_terminal(folder, **changes):
    controller, terminal = pty.openpty()
    command = [sys.executable, "-c", "from tvc.cli.entry import main; main()", "test", "."]
    environment = {key: value for key, value in os.environ.items() if key != "NO_COLOR"} | changes
    child = subprocess.Popen(command, cwd=folder, stdout=terminal, stderr=terminal, env=environment)
    os.close(terminal)
    shown = b""
    while select.select([controller], [], [], 30)[0]:
        try:
            part = os.read(controller, 4096)
        except OSError:
            break
        if not part:
            break
        shown += part
    child.wait(30)
    os.close(controller)
    return shown.decode()


def test_output_that_the_locale_cannot_spell_is_escaped_and_no_error(folder, process):
    text = HEAD + "    skip: ünï ☃\n    timeline:\n" + GENERATE
    (folder / "ü.tvc.yaml").write_text(text, "utf-8")
    for words in ([], ["--collect-only"], ["-f", "junit"]):
        ran = process("test", ".", *words, PYTHONIOENCODING="ascii")
        assert ran.code == (0 if words == ["--collect-only"] else 5), ran
        assert "Traceback" not in ran.err


# Where files lie


def test_names_with_spaces_and_letters_of_the_world_run_and_rerun(folder, call, process):
    place = folder / "süd west"
    place.mkdir()
    name = "der code läuft ab.tvc.yaml"
    (place / name).write_text(HEAD + "    timeline:\n      - {at: 0s, do: use, by: ana}\n", "utf-8")
    ran = call("test", ".")
    assert ran.code == 1
    (command,) = re.findall(r"rerun: tvc (.*)", ran.out)
    again = process(*shlex.split(command))
    assert again.code == 1
    assert "0 passed, 1 failed\n" in again.out


def test_the_rerun_command_of_a_case_runs_just_that_case(write, call):
    write(a="passing", b="failing")
    shown = call("test", ".", "--seed", "7").out
    (command,) = set(re.findall(r"rerun: tvc (.*)", shown))
    assert "--seed 7" in command
    again = call(*shlex.split(command), "-f", "json")
    assert [case["id"] for case in json.loads(again.out)["cases"]] == ["b.tvc.yaml::refused"]
    assert again.code == 1


def test_a_file_runs_the_same_from_another_folder_under_the_path_given(write, call, monkeypatch):
    folder = write(a="failing")
    elsewhere = folder / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    ran = call("test", "../a.tvc.yaml")
    assert ran.code == 1
    assert "rerun: tvc test ../a.tvc.yaml --id ../a.tvc.yaml::refused" in ran.out
    absolute = call("test", folder / "a.tvc.yaml")
    assert absolute.code == 1
    assert f"{folder}/a.tvc.yaml::refused" in absolute.out


def test_a_folder_gives_its_scenario_files_in_order_and_hidden_ones_are_left_out(write, call):
    folder = write(b="passing", a="passing")
    (folder / "sub").mkdir()
    (folder / "sub" / "c.tvc.yaml").write_text((folder / "a.tvc.yaml").read_text())
    (folder / ".git").mkdir()
    (folder / ".git" / "d.tvc.yaml").write_text("nonsense: [")
    (folder / "notes.yaml").write_text("nonsense: [")
    ran = call("test", ".", "--collect-only", "-k", "door")
    assert ran.out.split() == [f"{name}::opens-the-door" for name in ("a.tvc.yaml", "b.tvc.yaml", "sub/c.tvc.yaml")]  # fmt: skip
    twice = call(
        "test", "a.tvc.yaml", "./a.tvc.yaml", ".", "--collect-only", "-k", "door and a.tvc"
    )
    assert twice.out.split() == ["a.tvc.yaml::opens-the-door"]


# Running


def test_two_processes_give_the_same_as_one(write, call):
    write(a="passing", b="failing", c="xfailed", d="skipped", e="inconclusive", f="xpassed")
    for words in (
        ["-f", "json"],
        ["-f", "sarif"],
        ["-f", "pretty"],
        ["-f", "github"],
        ["-f", "json", "-x"],
        ["-x"],
        ["-x", "-k", "not mended"],
        ["-k", "refused or known"],
        ["-f", "json", "--seed", "5"],
        ["--collect-only"],
    ):
        one, two = call("test", ".", *words, "-p", "1"), call("test", ".", *words, "-p", "2")
        assert one == two, words


def test_stop_at_the_first_failure_runs_nothing_after_it(write, call):
    write(a="failing", b="passing")
    ran = call("test", ".", "-x")
    assert ran.code == 1
    assert "0 passed, 1 failed; stopped at the first failure" in ran.out
    assert "opens-the-door" not in ran.out
    report = json.loads(call("test", ".", "-x", "-f", "json").out)
    assert [case["outcome"] for case in report["cases"]] == ["failed"]


def test_a_skip_or_a_known_failure_stops_nothing(write, call):
    write(a="skipped", b="xfailed", c="passing")
    assert call("test", ".", "-x").out.endswith("3 passed, 0 failed, 1 skipped, 1 xfailed\n")


def test_the_seed_is_told_and_changes_no_decision(write, call):
    write(a="passing")
    first, second = (json.loads(call("test", ".", "-f", "json", "--seed", n).out) for n in (0, 9))
    assert {case["seed"] for case in first["cases"]} == {0}
    assert {case["seed"] for case in second["cases"]} == {9}
    for case in first["cases"] + second["cases"]:
        del case["seed"]
    assert first == second


def test_another_policy_stands_in_under_the_name_that_files_use(write, call):
    folder = write(a="passing")
    (folder / "mine.yaml").write_text("policy: mine\nlifetime.max: 12h\n")
    ran = call("test", ".", "--policy", "salesforce=mine.yaml", "-f", "json")
    report = json.loads(ran.out)
    failed = [case for case in report["cases"] if case["outcome"] == "failed"]
    assert ran.code == 1
    assert [case["id"] for case in failed] == [
        "a.tvc.yaml::at-the-edge[policy=salesforce,life=24h]"
    ]
    assert failed[0]["failures"][0]["got"].startswith("{deny: lifetime_too_long")
    assert "--policy salesforce=mine.yaml" in failed[0]["failures"][0]["rerun"]
    strict = call("test", ".", "--policy", "strict=mine.yaml", "-k", "strict", "-f", "json")
    assert strict.code == 1
    assert json.loads(strict.out)["cases"][0]["policy"]["name"] == "mine"


COMPARING = """\
tvc: 1
scenarios:
  - id: load
    policy: own
    workload: {users: 100}
  - id: compared
    compare: {baseline: {policy: strict}, candidate: {policy: own}, on: load}
policies: {own: {}}
"""


def test_a_policy_of_an_arm_is_one_that_a_file_can_stand_in_for(write, call, folder):
    write(a=COMPARING)
    (folder / "mine.yaml").write_text("policy: mine\nlifetime.max: 12h\n")
    ran = call("test", ".", "--policy", "strict=mine.yaml", "--allow-empty", "-f", "json")
    assert ran.code == 0, ran.err
    load, compared = json.loads(ran.out)["cases"]
    assert load["policy"]["name"] == "own"
    assert {arm: held["name"] for arm, held in compared["arms"].items()} == {
        "baseline": "mine",
        "candidate": "own",
    }


def test_a_policy_that_has_faults_stands_in_for_nothing(write, call):
    folder = write(a="passing")
    (folder / "bad.yaml").write_text("policy: bad\nlifetme.max: 12h\n")
    ran = call("test", ".", "--policy", "salesforce=bad.yaml")
    assert ran.code == 4
    assert "bad.yaml:2:1" in ran.out
    assert "lifetime.max" in ran.out


def test_require_expect_refuses_a_step_that_says_nothing(write, call):
    write(a="passing")
    ran = call("test", ".", "--require-expect")
    assert ran.code == 4
    assert "expect" in ran.out
    write(
        a=HEAD
        + "    timeline:\n      - {at: 0s, do: use, by: sam, expect: allow}\n      - {at: 1s, do: sign_out, by: sam}\n"
    )
    assert call("test", ".", "--require-expect").code == 0


#: Runs the command with every case taking a while, and says on stderr when the first one starts.
SLOWLY = """
import sys, time
from tvc.harness import runner
run_case = runner.run_case
def slow(case, *rest):
    print("case", file=sys.stderr, flush=True)
    result = run_case(case, *rest)
    time.sleep(0.2)
    return result
runner.run_case = slow
from tvc.cli.main import main
main()
"""


@pytest.mark.parametrize("words", [[], ["-p", "2"]], ids=["one process", "two processes"])
@pytest.mark.parametrize("fmt", ["pretty", "json"])
def test_an_interrupt_exits_2_with_a_report_of_what_ran(write, folder, words, fmt):
    scenario = "    timeline: [{at: 0s, do: use, by: sam}]\n"
    text = HEAD.removesuffix("  - id: x\n") + "".join(f"  - id: n{n}\n{scenario}" for n in range(8))
    write(**dict.fromkeys("abcdef", text))
    child = subprocess.Popen(
        [sys.executable, "-c", SLOWLY, "test", ".", "-f", fmt, *words],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    for _ in range(3):
        child.stderr.readline()
    started = time.monotonic()
    os.killpg(child.pid, signal.SIGINT)
    out, err = child.communicate(timeout=30)
    assert child.returncode == 2
    assert time.monotonic() - started < 10
    assert "Traceback" not in err
    if fmt == "json":
        report = json.loads(out)
        validate(report)
        assert len(report["cases"]) < 48
    assert "; interrupted" in (out if fmt == "pretty" else err)


def test_an_interrupt_while_files_are_read_exits_2_too(write, folder):
    write(a="passing")
    script = (
        "import sys, time\n"
        "from tvc.harness import runner\n"
        "def slow(*_):\n    print('reading', file=sys.stderr, flush=True)\n    time.sleep(30)\n"
        "runner.load = slow\nfrom tvc.cli.main import main\nmain()\n"
    )
    child = subprocess.Popen(
        [sys.executable, "-c", script, "test", "."],
        cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True,
    )  # fmt: skip
    child.stderr.readline()
    os.killpg(child.pid, signal.SIGINT)
    _, err = child.communicate(timeout=30)
    assert child.returncode == 2
    assert "Traceback" not in err


# Explain


def test_explain_tells_every_denial_with_the_file_line_and_the_nearest_allow(write, call):
    write(a="passing")
    ran = call("explain", "a.tvc.yaml::at-the-edge[policy=strict,life=5h]")
    assert (ran.code, ran.err) == (0, "")
    for words in (
        "deny: lifetime_too_long by generate.lifetime",
        "lifetime.long: 5h > 4h? yes",
        "lifetime.max",
        "nearest allow:",
        "lifetime 4h",
    ):
        assert words in ran.out


def test_explain_tells_one_allowed_step_when_asked_and_says_so_when_all_were_allowed(write, call):
    write(a="passing")
    all_allowed = call("explain", "a.tvc.yaml::opens-the-door")
    assert "Every step was allowed" in all_allowed.out
    one = call("explain", "a.tvc.yaml::opens-the-door", "--step", "2")
    assert one.code == 0
    assert "decision: allow, code ana#1" in one.out
    assert "sign_in.code" in one.out


def test_explain_applies_the_policy_that_stands_in(write, call):
    folder = write(a="passing")
    (folder / "mine.yaml").write_text("policy: mine\nissuer.ticket: required\n")
    ran = call("explain", "a.tvc.yaml::opens-the-door", "--policy", "salesforce=mine.yaml")
    assert "deny: ticket_missing by generate.ticket" in ran.out
    assert "policy mine" in ran.out


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["a.tvc.yaml"], ["FILE::id"]),
        (["a.tvc.yaml::"], ["FILE::id"]),
        (["a.tvc.yaml::opens-the-dor"], ["did you mean 'opens-the-door'"]),
        (["a.tvc.yaml::at-the-edge"], ["several cases", "at-the-edge[policy=strict,life=5h]"]),
        (["a.tvc.yaml::at-the-edge[life=5h]"], ["no case", "at-the-edge[life=5h]"]),
        (["a.tvc.yaml::opens-the-door", "--step", "0"], ["steps 1 to 2, not 0"]),
        (["a.tvc.yaml::opens-the-door", "--step", "3"], ["steps 1 to 2, not 3"]),
        (["a.tvc.yaml::opens-the-door", "--step", "x"], ["--step"]),
        (["nowhere.tvc.yaml::x"], ["nowhere.tvc.yaml"]),
        (["invalid.tvc.yaml::typo"], ["invalid.tvc.yaml:9:", "error"]),
        (["a.tvc.yaml::opens-the-door", "--policy", "salesforce=nowhere"], ["no such file"]),
    ],
)
def test_explain_refuses_what_it_cannot_find_in_words(write, call, words, told):
    write(a="passing", invalid="invalid")
    assert_refused(call("explain", *words), *told)


def test_explain_says_that_a_simulation_has_no_steps(write, call):
    write(a="inconclusive")
    ran = call("explain", "a.tvc.yaml::campaign")
    assert "Every step was allowed" not in ran.out
    assert "Traceback" not in ran.err


# Policies and schemas


def test_policies_list_names_every_shipped_policy(call):
    ran = call("policies", "list")
    assert (ran.code, ran.err) == (0, "")
    assert [line.split()[0] for line in ran.out.splitlines()] == list(shipped_policies())


def test_policies_show_gives_every_knob_with_value_and_origin(call):
    from tvc.authority.policy import KNOBS, RATE_KNOBS

    ran = call("policies", "show", "strict")
    shown = {line.split()[0]: line for line in ran.out.splitlines()}
    for key in [*(knob.key for knob in KNOBS), *(f"rates.subject.{k.key}" for k in RATE_KNOBS)]:
        assert key in shown
    assert " 4h " in shown["lifetime.max"]
    assert "strict" in shown["lifetime.max"]
    assert "salesforce" in shown["lifetime.min"]


def test_policies_show_and_diff_take_files(folder, call):
    (folder / "mine.yaml").write_text("policy: mine\nextends: strict\nlifetime.max: 2h\n")
    shown = call("policies", "show", "mine.yaml")
    assert re.search(r"lifetime\.max +2h .*mine\.yaml", shown.out)
    diff = call("policies", "diff", "strict", "mine.yaml")
    assert diff.code == 0
    assert len(diff.out.splitlines()) == 2
    assert re.search(r"lifetime\.max +4h +2h", diff.out)
    assert call("policies", "diff", "strict", "strict").out.startswith("no difference")


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["show", "strickt"], ["strickt", "did you mean 'strict'"]),
        (["show", "nowhere.yaml"], ["nowhere.yaml"]),
        (["show", "bad.yaml"], ["bad.yaml:2:1", "lifetime.max"]),
        (["diff", "strict", "salesforc"], ["did you mean 'salesforce'"]),
        (["diff", "strict"], ["POLICY"]),
    ],
)
def test_policies_that_cannot_be_found_or_read_are_told_in_words(folder, call, words, told):
    (folder / "bad.yaml").write_text("policy: bad\nlifetme.max: 2h\n")
    assert_refused(call("policies", *words), *told)


ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize("kind", SCHEMAS)
def test_each_schema_is_a_schema(call, kind):
    ran = call("schema", kind)
    assert (ran.code, ran.err) == (0, "")
    Draft202012Validator.check_schema(json.loads(ran.out))


def test_the_scenario_schema_is_the_default_and_fits_every_shipped_scenario_file(call):
    from tvc.files.documents import read_document
    from tvc.files.nodes import plain

    ran = call("schema")
    assert ran.out == call("schema", "scenario").out
    validator = Draft202012Validator(json.loads(ran.out))
    files = sorted((ROOT / "scenarios").glob("*.tvc.yaml"))
    assert files
    for file in files:
        errors = list(validator.iter_errors(plain(read_document(file))))
        assert not errors, f"{file}: {errors[0].message} at {list(errors[0].absolute_path)}"


def test_the_policy_schema_fits_every_shipped_policy(call):
    from tvc.files.documents import read_document
    from tvc.files.nodes import plain

    validator = Draft202012Validator(json.loads(call("schema", "policy").out))
    files = sorted((ROOT / "tvc" / "policies").glob("*.yaml"))
    assert files
    for file in files:
        assert not list(validator.iter_errors(plain(read_document(file)))), file


def test_the_schemas_tell_a_right_file_from_a_misspelt_one(call):
    scenario = Draft202012Validator(json.loads(call("schema", "scenario").out))
    policy = Draft202012Validator(json.loads(call("schema", "policy").out))
    assert list(scenario.iter_errors({"tvc": 1, "scenrios": []}))
    assert list(scenario.iter_errors({"tvc": 2, "scenarios": [{"id": "x"}]}))
    assert list(policy.iter_errors({"policy": "x", "lifetme.max": "2h"}))
    assert list(policy.iter_errors({"policy": "x", "code.on_live": "refuze"}))


def test_an_unknown_schema_is_refused_with_a_guess(call):
    assert_refused(call("schema", "scenaro"), "did you mean 'scenario'")
