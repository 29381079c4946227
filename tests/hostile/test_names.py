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
from tvc.domain.words import escape
from tvc.harness.formats import FORMATS

#: All that does harm, in one name. The last character is a byte that is not UTF-8.
HARM = "::error::\n::error title::b\r\x1b[2J\x9b\u202e\u2066\u2028\u00ad##[error]##vso[x]\udcff"
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
    "    expect: [{metric: mean(calls), at_most: 1000000}]\n",
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


#: Calls of every command with the exit code, the names of files in braces.
CALLS = {
    "test": [
        "4 test . --collect-only",
        "0 test {passing} --collect-only", "4 test {invalid} --collect-only",
        "1 test {passing} {failing} {skipped} {simulated}",
        "1 test {passing} {failing} -p 2", "4 test . -f json", "4 test {gone}", "5 test {folder}",
        "4 test {passing} --policy strict={gone}", "5 test {passing} --id {passing}::b",
        "0 test {passing} --policy salesforce={policy}", "4 test {passing} -k {out}(",
        "0 test {passing} --coverage={html}", "4 test {passing} --coverage={out}",
        "4 test {passing} -f {out}", "4 test {passing} -f json:{gone}/x",
        "4 test {passing} --{out}",
        "4 test {passing} -f json:{passing}", "4 test {passing} -f json:{out} -f junit:./{out}",
    ],
    "explain": [
        "0 explain {failing}::a", "4 explain {failing}::a --step 9", "4 explain {failing}::b",
        "4 explain {invalid}::a", "4 explain {gone}::a", "4 explain {gone}",
        "0 explain {passing}::a --policy salesforce={policy}",
    ],
    "simulate": [
        "0 simulate {simulated}",
        "0 simulate {simulated}::a --results {folder} --trace full --html {html}",
        "4 simulate {simulated} --html {out}", "4 simulate {simulated} --html {gone}/x.html",
        "4 simulate {passing}", "4 simulate {gone}", "4 simulate {simulated} --results {passing}",
        "4 simulate {simulated} --results .", "4 simulate --rerun {gone}",
        "4 simulate --rerun {passing}", "4 simulate {simulated} --policy strict={policy}",
    ],
    "compare": [
        "0 compare {policy} {policy2} --on {simulated} -n 2 --metric mean(calls) --html {html}"
        " --example {folder} --results {out}",
        "0 compare {policy} {policy2} --on {simulated} -n 2 --metric mean(calls) -f json",
        "0 compare {policy} {policy2} --on {simulated} -n 2 --metric mean(calls) -f csv",
        "4 compare {policy} {gone} --on {simulated}", "4 compare {policy} {policy2} --on {gone}",
        "4 compare {policy} {policy2} --on {passing}::a",
        "4 compare strict salesforce --on {simulated} --results .",
        "4 compare {invalid} strict --on {simulated}", "4 compare {out} strict --on {simulated}",
    ],
    "sweep": [
        "0 sweep {simulated} --vary desk.admins=1,2 -n 2 --metric mean(calls) -o {csv}"
        " --html {html}",
        "4 sweep {simulated} --vary desk.admins=1,2 -o {out}",
        "4 sweep {gone} --vary desk.admins=1,2",
        "4 sweep {simulated} --vary {out}=1", "4 sweep {simulated} --tornado {out}",
    ],
    "policies list": ["0 policies list"],
    "policies show": [
        "0 policies show {policy}", "4 policies show {gone}", "4 policies show {out}",
    ],
    "policies diff": ["0 policies diff {policy} {policy2}", "0 policies diff {policy} {policy}"],
    "schema": ["4 schema {out}"],
    # They take no name of anything.
    "bench authority": [], "bench world": [], "bench crn": [], "bench experiment": [],
    "hunt": [
        "0 hunt --policy {policy} --exhaustive --events 1",
        "1 hunt --policy {policy} --differs-from {policy2} --time 20s -o {drafted}",
        "1 hunt --policy {policy} --differs-from {policy2} --time 20s",
        "4 hunt --policy {gone}", "4 hunt --policy {policy} -o {gone}/x",
        "4 hunt --invariant {out}",
    ],
    "mutate": [
        "0 mutate {passing} --policy salesforce={policy}",
        "4 mutate {passing} --policy {policy}", "4 mutate {invalid}", "4 mutate {gone}",
        "1 mutate {failing} -f json", "4 mutate {passing} --offer {gone}",
        "4 mutate {passing} --policy {out}",
    ],
    "lint": [
        *(f"4 lint . -f {name}" for name in FORMATS),
        *(f"0 lint {{passing}} {{policy}} -f {name}" for name in FORMATS),
        "0 lint {passing} --policy {policy} --controls={html} --controls={csv}", "4 lint {gone}",
        "4 lint {passing} --policy {out}", "4 lint {passing} --policy {policy} --controls={out}",
    ],
    "init": [
        "0 init {policy} --time 1ms -o {drafted}", "0 init {policy} --time 1ms", "4 init {gone}",
        "4 init {out}", "4 init {policy} -o {passing}", "4 init {policy} -o {gone}/x",
        "4 init {policy} -o {policy} --force",
    ],
    "fix": ["1 fix {failing} --dry-run", "0 fix {failing}", "4 fix {invalid}", "4 fix {gone}"],
}  # fmt: skip


def leaves(group, before=""):
    for name, command in group.commands.items():
        below = getattr(command, "commands", None)
        yield from leaves(command, f"{before}{name} ") if below else [f"{before}{name}"]


def test_the_calls_here_are_of_every_command():
    assert set(CALLS) == set(leaves(typer.main.get_command(app)))


#: Looking for an offer for every survivor takes its time.
SLOW_CALLS = ["0 mutate {passing} --policy salesforce={policy} --offer {folder} --time 10ms"]


@pytest.mark.parametrize(
    "line",
    [
        *(line for lines in CALLS.values() for line in lines),
        *(pytest.param(line, marks=pytest.mark.nightly) for line in SLOW_CALLS),
    ],
)
def test_no_command_prints_a_name_of_a_file_raw(fill, call, line):
    files = fill(HARM)
    expected, *words = line.split()
    code, out, err = call(*(word.format(**files) for word in words))
    assert_harmless_report(out)
    assert_harmless(err)
    assert code == int(expected), (out, err)
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
                # Neither the version nor the one word on an interrupt has a name in it.
                printers = ("cli/printing.py", "cli/entry.py")
                assert place in printers or said == "typer.echo", f"{place}:{node.lineno}"
            if re.fullmatch(r"(sys\.)?std(out|err)\.write", said):
                # Reports, which the tests above read.
                assert place in ("cli/printing.py", "harness/writing.py"), f"{place}:{node.lineno}"


@pytest.mark.parametrize("name", [*KINDS, HARM])
def test_what_is_escaped_is_harmless_and_stays_as_it_is(name):
    assert_harmless(escape(name))
    assert escape(escape(name)) == escape(name)
