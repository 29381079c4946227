"""Whatever a file is called, nothing of its name does anything where it is printed.

Every command runs in a folder whose names hold what forges lines and orders, colours a terminal,
turns text around, or is no text at all.
"""

import ast
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
import typer

import tvc
from tvc.cli.main import _run, app
from tvc.files.faults import escape
from tvc.harness.formats import FORMATS

#: All that does harm, in one name. The last character is a byte that is not UTF-8.
HARM = "::error::\n::error file=a::b\r\x1b[2J\x9b\u202e\u2066\u2028\u00ad##[error]##vso[x]\udcff"
KINDS = (
    "::error::x", "x\n::error::y", "x\r::error::y", "\x1b[31mx", "x\x9by", "x\u202ey", "x\u200by",
    "x\u2028y", "##[error]x", "x##vso[task.complete]y", "x\udcffy", "x\ty", "  ::error::x",
)  # fmt: skip

HEAD = "tvc: 1\npeople:\n  sam: {role: admin}\n  ana: {}\n"
STEP = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"
FATES = {
    "passing": f"{HEAD}scenarios:\n  - id: a\n    timeline:\n      - {STEP}\n",
    "failing": f"{HEAD}scenarios:\n  - id: a\n    timeline:\n      - {STEP}\n"
    "      - {at: 1m, do: sign_in, by: ana, code: c1, expect: {deny: wrong_code}}\n",
    "invalid": f"{HEAD}scenarios:\n  - id: a\n    timeline:\n      - {{do: nothing}}\n",
    "skipped": f"{HEAD}scenarios:\n  - id: a\n    skip: later\n    timeline:\n      - {STEP}\n",
    "simulated": "tvc: 1\nscenarios:\n  - id: a\n"
    "    workload: {users: 20, horizon: 1d, lead_in: 0s, drain: 0s}\n    run: {replications: 2}\n"
    "    expect: [{metric: sum(calls), at_most: 1000000}]\n",
}
POLICY = "policy: mine\nextends: strict\nlifetime.max: 2h\n"


def files_of(name):
    """The files of the folder by what they are, each with what harms in its name."""
    return {
        **{fate: f"{name}-{fate}.tvc.yaml" for fate in FATES},
        "policy": f"{name}.yaml",
        "policy2": f"{name}2.yaml",
        "gone": f"{name}-gone.tvc.yaml",
        "folder": f"{name}-folder",
        "html": f"{name}.html",
        "csv": f"{name}.csv",
        "out": f"{name}.out",
        "drafted": f"{name}-draft.tvc.yaml",
    }


@pytest.fixture
def fill(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)

    def fill(name):
        files = files_of(name)
        for fate, text in FATES.items():
            Path(files[fate]).write_text(text)
        Path(files["policy"]).write_text(POLICY)
        Path(files["policy2"]).write_text(POLICY.replace("2h", "3h"))
        Path(files["folder"]).mkdir(exist_ok=True)
        return files

    return fill


@pytest.fixture
def call(capsys):
    def call(*words):
        capsys.readouterr()
        code = _run([str(word) for word in words])
        return code, *capsys.readouterr()

    return call


def assert_harmless(text):
    """Nothing in a printed text but lines that show, and none that is an order of somebody else."""
    for line in text.split("\n"):
        assert line.isprintable(), repr(line)
        ours = re.match(r"::(error|warning|notice) (file|title)=", line)
        assert ours or not line.lstrip().startswith("::"), repr(line)
        if not ours:
            assert not re.search(r"##\w*\[", line), repr(line)


def assert_harmless_report(text):
    """A report for people is harmless line by line; one for programs is in ASCII, all spelt."""
    if text.startswith("{"):
        assert text.isascii()
        json.loads(text)
    else:
        assert_harmless(text)


#: Calls of every command, the names of files in braces.
CALLS = {
    "test": [
        "test . --collect-only", "test {passing} --collect-only", "test {invalid} --collect-only",
        "test {passing} {failing} {skipped} {simulated}",
        "test {passing} {failing} -p 2", "test . -f json", "test {gone}", "test {folder}",
        "test {passing} --policy strict={gone}", "test {passing} --id {passing}::b",
        "test {passing} --policy salesforce={policy}", "test {passing} -k {out}(",
        "test {passing} --coverage={html}", "test {passing} --coverage={out}",
        "test {passing} -f {out}", "test {passing} -f json:{gone}/x", "test {passing} --{out}",
        "test {passing} -f json:{passing}", "test {passing} -f json:{out} -f junit:./{out}",
    ],
    "explain": [
        "explain {failing}::a", "explain {failing}::a --step 9", "explain {failing}::b",
        "explain {invalid}::a", "explain {gone}::a", "explain {gone}",
        "explain {passing}::a --policy salesforce={policy}",
    ],
    "simulate": [
        "simulate {simulated}", "simulate {simulated}::a --results {folder} --html {html}",
        "simulate {simulated} --html {out}", "simulate {simulated} --html {gone}/x.html",
        "simulate {passing}", "simulate {gone}", "simulate {simulated} --results {passing}",
        "simulate {simulated} --results .", "simulate --rerun {gone}",
        "simulate --rerun {passing}", "simulate {simulated} --policy strict={policy}",
    ],
    "compare": [
        "compare {policy} {policy2} --on {simulated} -n 2 --metric sum(calls) --html {html}"
        " --example {folder} --results {out}",
        "compare {policy} {policy2} --on {simulated} -n 2 --metric sum(calls) -f json",
        "compare {policy} {policy2} --on {simulated} -n 2 --metric sum(calls) -f csv",
        "compare {policy} {gone} --on {simulated}", "compare {policy} {policy2} --on {gone}",
        "compare {policy} {policy2} --on {passing}::a",
        "compare strict salesforce --on {simulated} --results .",
        "compare {invalid} strict --on {simulated}", "compare {out} strict --on {simulated}",
    ],
    "sweep": [
        "sweep {simulated} --vary desk.admins=1,2 -n 2 --metric sum(calls) -o {csv} --html {html}",
        "sweep {simulated} --vary desk.admins=1,2 -o {out}", "sweep {gone} --vary desk.admins=1,2",
        "sweep {simulated} --vary {out}=1", "sweep {simulated} --tornado {out}",
    ],
    "policies list": ["policies list"],
    "policies show": ["policies show {policy}", "policies show {gone}", "policies show {out}"],
    "policies diff": ["policies diff {policy} {policy2}", "policies diff {policy} {policy}"],
    "schema": ["schema {out}"],
    # They take no name of anything.
    "bench authority": [], "bench world": [], "bench crn": [], "bench experiment": [],
    "hunt": [
        "hunt --policy {policy} --exhaustive --events 1",
        "hunt --policy {policy} --differs-from {policy2} --time 20s -o {drafted}",
        "hunt --policy {policy} --differs-from {policy2} --time 20s",
        "hunt --policy {gone}", "hunt --policy {policy} -o {gone}/x", "hunt --invariant {out}",
    ],
    "mutate": [
        "mutate {passing} --policy salesforce={policy}",
        "mutate {passing} --policy {policy}", "mutate {invalid}", "mutate {gone}",
        "mutate {failing} -f json", "mutate {passing} --offer {gone}",
        "mutate {passing} --policy {out}",
    ],
    "lint": [
        *(f"lint . -f {name}" for name in FORMATS),
        *(f"lint {{passing}} {{policy}} -f {name}" for name in FORMATS),
        "lint {passing} --policy {policy} --controls={html} --controls={csv}", "lint {gone}",
        "lint {passing} --policy {out}", "lint {passing} --policy {policy} --controls={out}",
    ],
    "init": [
        "init {policy} --time 1ms -o {drafted}", "init {policy} --time 1ms", "init {gone}",
        "init {out}", "init {policy} -o {passing}", "init {policy} -o {gone}/x",
        "init {policy} -o {policy} --force",
    ],
    "fix": ["fix {failing} --dry-run", "fix {failing}", "fix {invalid}", "fix {gone}"],
}  # fmt: skip


def leaves(group, before=""):
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        yield from leaves(command, f"{before}{name} ") if below else [f"{before}{name}"]


def test_the_calls_here_are_of_every_command():
    assert set(CALLS) == set(leaves(typer.main.get_command(app)))


#: Looking for an offer for every survivor takes its time.
SLOW_CALLS = ["mutate {passing} --policy salesforce={policy} --offer {folder} --time 10ms"]


@pytest.mark.parametrize(
    "words",
    [
        *(line for lines in CALLS.values() for line in lines),
        *(pytest.param(line, marks=pytest.mark.nightly) for line in SLOW_CALLS),
    ],
)
def test_no_command_prints_a_name_of_a_file_raw(fill, call, words):
    files = fill(HARM)
    code, out, err = call(*(word.format(**files) for word in words.split()))
    assert_harmless_report(out)
    assert_harmless(err)
    assert code in (0, 1, 4, 5, 6), (code, out, err)
    for made in Path.cwd().rglob("*"):
        if made.suffix in (".html", ".csv", ".yaml") and made.is_file():
            assert_harmless(made.read_text())


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("fates", [("failing", "passing"), ("invalid", "skipped")])
def test_no_format_of_a_report_holds_a_name_of_a_file_raw(fill, call, fates, fmt):
    files = [fill(name) for name in KINDS]
    given = [of[fate] for of in files for fate in fates]
    _, out, err = call("test", *given, "-f", fmt, "-f", "junit:report.xml")
    assert_harmless_report(out)
    assert_harmless(err)
    for element in ET.fromstring(Path("report.xml").read_text()).iter():
        for text in (element.text or "", *element.attrib.values()):
            assert all(line.isprintable() for line in text.split("\n"))


def test_the_list_of_cases_has_a_line_a_case_whatever_the_files_are_called(fill, call):
    given = [files[fate] for files in map(fill, KINDS) for fate in ("passing", "failing")]
    code, out, _ = call("test", *given, "--collect-only")
    assert code == 0
    assert out.splitlines() == [escape(f"{file}::a") for file in given]
    assert_harmless(out)


def test_the_command_that_runs_a_case_again_finds_the_file_of_any_name(fill, call):
    names = [fill(name)["failing"] for name in (*KINDS, HARM, "-x", "it's", "a b\\n")]
    _, out, _ = call("test", "--", *names)
    told = re.findall(r"rerun: (.*)", out)
    script = "".join(f"printf '%s\\0' {one}; echo; " for one in told)
    said = subprocess.run(["bash", "-c", script], capture_output=True, check=True).stdout
    lines = said.removesuffix(b"\0\n").split(b"\0\n")
    assert len(lines) == len(names)
    for name, line in zip(names, lines, strict=True):
        code, out, err = call(*map(os.fsdecode, line.split(b"\0")[1:]))
        assert (code, out.count("::a\n")) == (1, 1), (name, err)


@pytest.mark.parametrize(
    ("fates", "words", "code"),
    [
        (["failing", "passing"], ["-vv", "-rA"], 1),
        (["failing", "passing"], ["--collect-only"], 0),
        (["invalid"], [], 4),
    ],
    ids=["run", "listed", "invalid"],
)
def test_pytest_prints_no_name_of_a_scenario_file_raw(fill, fates, words, code):
    files = fill(HARM)
    for other in set(FATES) - set(fates):
        Path(files[other]).unlink()
    unused = ("no:cacheprovider", "no:hypothesispytest", "no:nbmake", "no:xdist")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *(w for n in unused for w in ("-p", n)), *words, "."],
        capture_output=True, encoding="utf-8", errors="surrogateescape", check=False, timeout=120,
    )  # fmt: skip
    assert done.returncode == code, done.stdout
    assert_harmless(done.stdout)
    assert_harmless(done.stderr)


def test_only_the_printers_print():
    root = Path(tvc.__file__).parent
    for path in sorted(root.rglob("*.py")):
        place = path.relative_to(root).as_posix()
        text = path.read_text()
        printing = re.search(r"print\(|echo\(|\.write\(|\.writelines\(", text)
        for node in ast.walk(ast.parse(text)) if printing else ():
            said = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if said == "print" or said.endswith((".writelines", "echo")):
                # The version has no name in it.
                assert place == "cli/printing.py" or said == "typer.echo", f"{place}:{node.lineno}"
            if re.fullmatch(r"(sys\.)?std(out|err)\.write", said):
                # Reports, which the tests above read.
                assert place in ("cli/printing.py", "harness/writing.py"), f"{place}:{node.lineno}"


@pytest.mark.parametrize("name", [*KINDS, HARM])
def test_what_is_escaped_is_harmless_and_stays_as_it_is(name):
    assert_harmless(escape(name))
    assert escape(escape(name)) == escape(name)
