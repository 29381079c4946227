"""Under pytest a case is a test: the same ids, the same verdicts, the same exit codes."""

import re
import textwrap

import pytest

SAMPLES = {
    "passing": 0,
    "failing": 1,
    "invalid": 4,
    "inconclusive": 6,
    "skipped": 5,
    "xfailed": 0,
    "xpassed": 1,
}
PYTHON_PASSES = "def test_fine():\n    pass\n"
PYTHON_FAILS = "def test_wrong():\n    assert False\n"
PYTHON_BROKEN = "import no_such_module_anywhere\n"


@pytest.fixture
def python(folder):
    """Write a python test file beside."""

    def python(text, name="test_beside.py"):
        (folder / name).write_text(text)

    return python


def ids(ran):
    return [line for line in ran.out.splitlines() if "::" in line]


def test_each_case_is_a_test_with_the_name_that_the_command_gives_it(write, call, run_pytest):
    write(a="passing", b="failing", c="skipped", d="inconclusive")
    listed = call("test", ".", "--collect-only").out.splitlines()
    assert ids(run_pytest("--collect-only", "-q")) == listed
    assert len(listed) == 7


def test_a_test_is_selected_by_its_name(write, run_pytest):
    write(a="passing", b="failing")
    ran = run_pytest("a.tvc.yaml::at-the-edge[policy=strict,life=5h]", "-v")
    assert ran.code == 0
    assert "1 passed" in ran.out
    assert run_pytest("-k", "strict or fine", "-q").out.count("2 passed") == 1


def test_names_are_those_of_the_command_in_a_folder_below_the_root(folder, write, spawn_pytest):
    write(a="failing")
    below = folder / "below"
    below.mkdir()
    (folder / "a.tvc.yaml").rename(below / "a.tvc.yaml")
    (folder / "pytest.ini").write_text("[pytest]\n")
    ran = spawn_pytest(cwd=below)
    assert ran.code == 1
    assert "rerun: tvc test a.tvc.yaml --id a.tvc.yaml::refused" in ran.out
    assert re.search(r"\d+ \| +- \{at: 20m", ran.out)


def test_a_failure_shows_its_place_both_sides_the_records_and_how_to_rerun_it(write, run_pytest):
    write(a="failing")
    ran = run_pytest()
    block = ran.out.partition("refused ___")[2]
    assert "a.tvc.yaml:10:9: step 2, sign_in at 10m, is not as expected" in block
    assert re.search(r"^ +10 \|       - \{at: 10m, do: sign_in.*\n +\|         \^$", block, re.M)
    assert "expected: allow\n" in block
    assert "got:      {deny: superseded_by_code, rule: sign_in.precedence}\n" in block
    assert "expected: {deny: wrong_code}\n" in block
    assert "last records:" in block
    assert "10m  sign_in.denied  by=ana subject=ana reason=superseded_by_code" in block
    assert "rerun: tvc test a.tvc.yaml --id a.tvc.yaml::refused" in block
    assert "pytest_plugin.py" not in block
    assert "Traceback" not in ran.out


def test_a_test_stands_where_its_scenario_stands(write, run_pytest, folder):
    write(a="passing")
    (folder / "conftest.py").write_text(
        "def pytest_collection_modifyitems(items):\n"
        "    for item in items:\n        print('AT', *item.reportinfo(), item.location)\n"
    )
    ran = run_pytest("--collect-only", "-q", "-s")
    first, second, _ = re.findall(r"^AT (.*)$", ran.out, re.MULTILINE)
    assert first.startswith(f"{folder}/a.tvc.yaml 7 opens-the-door")
    assert second.startswith(f"{folder}/a.tvc.yaml 12 at-the-edge[policy=salesforce,life=24h]")
    lines = (folder / "a.tvc.yaml").read_text().splitlines()
    assert lines[7].strip() == "- id: opens-the-door", "pytest counts from 0"
    assert lines[12].strip() == "- id: at-the-edge"


# Tags


def test_tags_are_marks_even_where_unknown_marks_are_errors(write, run_pytest):
    write(a="passing", b="failing")
    strict = ("--strict-markers", "-q", "--collect-only")
    assert len(ids(run_pytest(*strict, "-m", "smoke"))) == 3
    assert ids(run_pytest(*strict, "-m", "quick")) == ["a.tvc.yaml::opens-the-door"]
    assert len(ids(run_pytest(*strict, "-m", "smoke and not quick"))) == 2
    assert run_pytest("--strict-markers", "-m", "smok").code != 0


#: Names that pytest gives a meaning of its own.
PYTEST_MARKS = [
    "skip",
    "xfail",
    "skipif",
    "parametrize",
    "usefixtures",
    "filterwarnings",
    "tryfirst",
]


def tagged(tag, outcome):
    return textwrap.dedent(f"""\
        tvc: 1
        people: {{sam: {{role: admin}}, ana: {{}}}}
        scenarios:
          - id: x
            tags: [{tag}]
            timeline: [{{at: 0s, do: use, by: {"sam" if outcome else "ana"}}}]
        """)


@pytest.mark.parametrize("passes", [True, False])
def test_a_tag_never_changes_a_verdict_whatever_it_is_called(folder, call, run_pytest, passes):
    for tag in PYTEST_MARKS:
        (folder / f"{tag}.tvc.yaml").write_text(tagged(tag, passes))
    shown = call("test", ".")
    ran = run_pytest("--strict-markers", "-p", "no:warnings")
    number = len(PYTEST_MARKS)
    assert shown.code == ran.code == (0 if passes else 1), ran.out
    assert f"{number} {'passed' if passes else 'failed'}" in ran.out


# Outcomes and exit codes


@pytest.mark.parametrize(("sample", "code"), SAMPLES.items())
def test_each_fate_exits_as_the_command_does(write, call, run_pytest, sample, code):
    write(a=sample)
    ran = run_pytest()
    assert ran.code == call("test", ".").code == code
    assert "INTERNALERROR" not in ran.out + ran.err


def test_skips_and_known_failures_are_reported_with_their_why(write, run_pytest):
    write(a="skipped", b="xfailed", c="xpassed")
    ran = run_pytest("-rsx")
    assert "waits for the desk" in ran.out
    assert "the desk knows" in ran.out
    assert "passed, but is marked xfail: nobody noticed" in ran.out
    assert "1 failed, 1 skipped, 1 xfailed" in ran.out


def test_known_failures_that_shall_fail_after_all_fail_with_exit_1(write, run_pytest):
    write(a="xfailed")
    ran = run_pytest("--runxfail")
    assert ran.code == 1
    assert "expected: allow" in ran.out


@pytest.mark.parametrize(
    ("samples", "beside", "code"),
    [
        (("passing",), PYTHON_PASSES, 0),
        (("passing",), PYTHON_FAILS, 1),
        (("failing",), PYTHON_PASSES, 1),
        (("inconclusive",), PYTHON_PASSES, 6),
        (("inconclusive",), PYTHON_FAILS, 1),
        (("inconclusive", "failing"), PYTHON_PASSES, 1),
        (("skipped",), PYTHON_PASSES, 0),
        (("skipped", "passing"), "", 0),
        (("skipped", "inconclusive"), "", 6),
        (("invalid",), PYTHON_PASSES, 4),
        (("invalid", "failing"), PYTHON_FAILS, 4),
        (("passing",), PYTHON_BROKEN, 2),
        (("invalid",), PYTHON_BROKEN, 2),
    ],
)
def test_beside_python_tests_the_stronger_code_decides(
    write, python, run_pytest, samples, beside, code
):
    write(**dict(zip("abc", samples, strict=False)))
    if beside:
        python(beside)
    assert run_pytest("-q").code == code


def test_an_invalid_file_is_told_with_its_place_and_nothing_runs(write, run_pytest):
    write(a="failing", b="invalid")
    ran = run_pytest()
    assert re.search(r"b\.tvc\.yaml:9:\d+: error: .*did you mean", ran.out)
    assert "refused" not in ran.out
    assert "Traceback" not in ran.out


def test_an_error_of_ours_in_a_case_exits_3_without_its_message(write, spawn_pytest, folder):
    write(a="passing")
    (folder / "conftest.py").write_text(
        "from tvc.harness import runner\n"
        "def broken(*_):\n    raise RuntimeError('secret' + ' words')\n"
        "runner.run_case = broken\n"
    )
    ran = spawn_pytest("-l", "--tb=long")
    assert ran.code == 3
    assert "internal error: RuntimeError" in ran.out
    assert "secret words" not in ran.out


@pytest.mark.parametrize(
    ("samples", "code"),
    [
        # Each day `test_one_suite_two_runners` has workers fail.
        pytest.param(("passing", "failing"), 1, marks=pytest.mark.nightly),
        pytest.param(("passing", "invalid"), 4, marks=pytest.mark.nightly),
        (("passing", "skipped", "inconclusive"), 6),
        pytest.param(("skipped",), 5, marks=pytest.mark.nightly),
    ],
)
def test_workers_change_neither_verdicts_nor_exit_codes(write, run_pytest, samples, code):
    write(**dict(zip("abc", samples, strict=False)))
    ran = run_pytest("-n", "2", "-q")
    assert ran.code == code, ran.out
    assert "INTERNALERROR" not in ran.out + ran.err
    if "failing" in samples:
        assert "got:      {deny: superseded_by_code" in ran.out


def test_stopping_at_the_first_failure_keeps_the_code(write, run_pytest):
    write(a="failing", b="passing")
    ran = run_pytest("-x")
    assert ran.code == 1
    assert "1 failed" in ran.out


# Other test suites


@pytest.mark.parametrize(
    ("text", "words", "code"),
    [
        (PYTHON_PASSES, (), 0),
        (PYTHON_FAILS, (), 1),
        (PYTHON_BROKEN, (), 2),
        ("def test_x():\n    raise KeyboardInterrupt\n", (), 2),
        (PYTHON_PASSES, ("--no-such-option",), 4),
        (PYTHON_PASSES, ("-k", "nothing"), 5),
        ("import pytest\n@pytest.mark.skip\ndef test_x():\n    pass\n", (), 0),
        ("import pytest\ndef test_x():\n    pytest.exit('enough', returncode=9)\n", (), 9),
    ],
)
def test_without_scenario_files_the_codes_are_those_of_pytest(
    python, run_pytest, text, words, code
):
    python(text)
    assert run_pytest(*words).code == code


def test_an_interrupt_beside_scenario_files_exits_2(write, python, run_pytest):
    write(a="failing")
    python("def test_x():\n    raise KeyboardInterrupt\n", "test_z.py")
    assert run_pytest().code == 2


def test_other_suites_pay_no_import_for_the_plugin(python, spawn_pytest):
    python(
        "import sys\n"
        "def test_light():\n"
        "    heavy = ('pydantic', 'ruamel', 'typer')\n"
        "    loaded = [n for n in sys.modules if n.split('.')[0] in heavy]\n"
        "    ours = [n for n in sys.modules if n.startswith('tvc.') and n != 'tvc.pytest_plugin']\n"
        "    assert (loaded, ours) == ([], [])\n"
    )
    ran = spawn_pytest("-p", "no:hypothesispytest")
    assert ran.code == 0, ran.out
