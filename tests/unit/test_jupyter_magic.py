"""``%%scenario``: a scenario runs in its cell, and faults are told as the command tells them."""

import sys
from pathlib import Path

import pytest
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output
from traitlets.config import Config

from tvc.cli.main import main
from tvc.files.faults import InvalidFile
from tvc.files.scenarios import load_scenarios
from tvc.harness.outcomes import Outcome
from tvc.jupyter.cells import read_cell, run_cell
from tvc.trace.measures.traces import frames_of

sys.path.append(str(Path(__file__).parent))

from pages import Page

HEAD = "people: {sam: {role: admin}, ana: {}, mallory: {role: outsider, knows: [ana]}}\n"
STEPS = """\
timeline:
  - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
  - {at: 5m, do: sign_in, by: ana, code: c1}
  - {at: 10m, do: sign_in, by: ana, with: authenticator, expect: {deny: superseded_by_code}}
"""
FAILING = HEAD + STEPS + "  - {at: 20m, do: sign_in, by: ana, with: authenticator}\n"
WORKLOAD = """\
workload: {users: 300, horizon: 7d}
run: {replications: {min: 30, max: 40}, seed: 1}
expect:
  - {metric: mean(overstay), at_most: 10, margin: 10}
  - {metric: p(takeover), at_most: 0.5, margin: 0.4}
"""
PNG = b"\x89PNG"


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """An IPython shell with the extension, as a notebook has it."""
    folder = tmp_path_factory.mktemp("ipython")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(folder))
        config = Config()
        config.HistoryManager.enabled = False
        InteractiveShell.clear_instance()
        shell = InteractiveShell.instance(config=config)
        shell.run_line_magic("load_ext", "tvc")
        yield shell
        InteractiveShell.clear_instance()


def run(shell, text):
    """What a cell shows: rich outputs, texts, and what stopped it."""
    with capture_output() as captured:
        result = shell.run_cell(text)
    return captured, result.error_in_exec


def test_the_extension_gives_a_shell_the_magic(shell):
    assert shell.find_cell_magic("scenario") is not None


def test_a_cell_shows_its_steps_its_verdict_and_the_lives_of_its_people(shell):
    captured, error = run(shell, f"%%scenario seen\n{HEAD}{STEPS}")
    assert error is None
    assert captured.stderr == ""
    result, picture = captured.outputs
    page = Page(result.data["text/html"])
    assert page.text.startswith("PASSED cell (policy salesforce)")
    _, (head, *rows) = page.tables[0]
    assert [row[head.index("decision")] for row in rows][:2] == ["allow", "allow"]
    assert rows[2][head.index("decision")].startswith("{deny: superseded_by_code")
    assert [row[head.index("as expected")] for row in rows] == ["yes", "yes", "yes"]
    assert "Invariants held: no_use_after_expiry" in page.text
    assert "1 passed, 0 failed" in page.text
    assert picture.data["image/png"]


def test_a_cell_leaves_what_came_of_it_in_the_variable_that_it_names(shell):
    run(shell, f"%%scenario kept\n{HEAD}{STEPS}")
    kept = shell.user_ns["kept"]
    assert kept.passed
    assert len(kept.cases[0].run.trace.records) == 3


def test_a_cell_without_a_name_leaves_no_variable(shell):
    before = set(shell.user_ns)
    run(shell, f"%%scenario\n{HEAD}{STEPS}")
    assert {name for name in shell.user_ns if not name.startswith("_")} <= before


def test_a_failure_is_told_as_the_command_tells_it_in_lines_of_the_cell(shell, tmp_path, capsys):
    captured, error = run(shell, f"%%scenario seen\n{FAILING}")
    assert error is None
    told = Page(captured.outputs[0].data["text/html"]).text
    # The same scenario as a file whose first line stands where the magic's does.
    file = tmp_path / "cell.tvc.yaml"
    indented = "".join(f"    {line}\n" for line in STEPS.splitlines())
    last = "      - {at: 20m, do: sign_in, by: ana, with: authenticator}\n"
    file.write_text(f"tvc: 1\n{HEAD}scenarios:\n  - id: cell\n{indented}{last}")
    with pytest.raises(SystemExit):
        main(["test", str(file)])
    report = capsys.readouterr().out
    for said in ("step 4, sign_in at 20m, is not as expected", "expected: allow", "last records:"):
        assert said in told
        assert said in report
    assert "cell:7:5: step 4" in told
    assert not shell.user_ns["seen"].passed
    assert "rerun:" not in told


def test_a_plain_terminal_reads_the_same_without_html():
    told = repr(run_cell(FAILING, "%%scenario"))
    assert told.splitlines()[0] == "failed  cell"
    assert "step 4, sign_in at 20m, is not as expected" in told
    assert told.splitlines()[-1] == "0 passed, 1 failed"


def test_bad_yaml_is_a_sentence_with_its_place_and_no_traceback(shell):
    text = HEAD + "timeline:\n  - {at: 0s, do: generat, by: sam, for: ana, lifetime: 1h}\n"
    captured, error = run(shell, f"%%scenario gone\n{text}")
    assert isinstance(error, UsageError)
    said = captured.stdout + captured.stderr
    assert "cell:4:18: error: unknown request 'generat' (did you mean 'generate'?)" in said
    assert "  3 | timeline:" in said
    assert "Traceback" not in said
    assert not captured.outputs
    assert "gone" not in shell.user_ns


def test_every_fault_of_a_cell_is_told_at_once(shell):
    text = "people: {ana: {rol: admin}}\ntimeline:\n  - {at: 0x, do: lose_device, by: ana}\n"
    captured, _ = run(shell, f"%%scenario\n{text}")
    said = captured.stdout + captured.stderr
    assert "cell:2:16: error: " in said
    assert "cell:4:10: error: " in said


def test_the_magic_says_what_it_takes(shell):
    captured, error = run(shell, f"%%scenario two words\n{HEAD}{STEPS}")
    assert isinstance(error, UsageError)
    assert "expected the name of a variable" in captured.stdout + captured.stderr


def test_a_whole_file_runs_with_all_of_its_cases(shell):
    file = (
        f"tvc: 1\n{HEAD}scenarios:\n"
        "  - id: edges\n"
        "    cases: [{life: 24h, want: allow}, {life: 25h, want: {deny: lifetime_too_long}}]\n"
        "    timeline:\n"
        "      - {at: 0s, do: generate, by: sam, for: ana, "
        'lifetime: "${life}", expect: "${want}"}\n'
    )
    captured, error = run(shell, f"%%scenario both\n{file}")
    assert error is None
    assert len(shell.user_ns["both"].cases) == 2
    assert [case.outcome for case in shell.user_ns["both"].cases] == [Outcome.PASSED] * 2
    assert "2 passed, 0 failed" in captured.outputs[0].data["text/html"]


def test_a_workload_shows_a_verdict_for_each_expectation(shell):
    attacked = WORKLOAD.replace("horizon: 7d", "horizon: 7d, attackers: {callers: {per_day: 1}}")
    captured, error = run(shell, f"%%scenario study\n{attacked}")
    assert error is None
    (shown,) = captured.outputs
    page = Page(shown.data["text/html"])
    caption, (head, *rows) = page.tables[0]
    assert caption == "Verdicts"
    assert head == ["verdict", "metric", "expected", "what was seen"]
    assert rows[0][:2] == ["pass", "mean(overstay)"]
    assert rows[1][:2] == ["fail", "p(takeover)"]
    assert "replications, seed 1" in page.text
    assert not shell.user_ns["study"].passed


def test_a_single_scenario_needs_no_envelope_and_keeps_its_places():
    (case,) = read_cell(f"{HEAD}id: lone\npolicy: strict\n{STEPS}")
    assert case.id == "lone"
    assert case.policy.policy.name == "strict"
    assert [step.line for step in case.steps] == [5, 6, 7]


def test_a_single_scenario_may_bring_policies_and_clocks_along():
    (case,) = read_cell(
        f"{HEAD}policies: {{mine: {{extends: salesforce, set: {{lifetime.max: 2h}}}}}}\n"
        f"clocks: {{west: {{offset: 1s}}}}\npolicy: mine\n{STEPS}"
    )
    assert case.policy.policy.values()["lifetime.max"] == 2 * 3_600_000
    assert "west" in case.clocks


def test_an_unknown_key_of_a_single_scenario_is_told_at_its_place():
    with pytest.raises(InvalidFile) as caught:
        read_cell(f"{HEAD}polcy: strict\n{STEPS}")
    assert "cell:2:1: error: unknown key 'polcy' (did you mean 'policy'?)" in str(caught.value)


@pytest.mark.parametrize("text", ["", "just words\n", "[1, 2]\n", "tvc: 1\n", "a: {\n"])
def test_a_cell_that_is_no_scenario_is_refused_with_a_fault(text):
    with pytest.raises(InvalidFile):
        read_cell(text)


def test_hostile_texts_of_a_cell_are_shown_and_never_obeyed():
    text = 'people: {"<img src=x>": {}}\ntimeline: []\nskip: "<script>alert(1)</script>"\n'
    with pytest.raises(InvalidFile):
        read_cell(text)
    skipped = HEAD + 'skip: "<script>alert(1)</script>"\n' + STEPS
    html = run_cell(skipped, "%%scenario")._repr_html_()
    assert "script" not in Page(html).tags
    assert "&lt;script&gt;alert(1)" in html


def test_no_code_stands_in_anything_a_cell_shows():
    result = run_cell(FAILING, "%%scenario")
    (case,) = result.cases
    assert case.run is not None
    shown = result._repr_html_() + repr(result)
    assert not [code for code in case.run.trace.drawn if code in shown]


def test_a_matrix_draws_a_few_lives_and_not_all():
    text = f"{HEAD}matrix: {{policy: [salesforce, strict, two-person, article-wording]}}\n" + (
        "timeline:\n  - {at: 0s, do: sign_in, by: ana, with: authenticator}\n"
    )
    result = run_cell(text, "%%scenario")
    assert len(result.cases) == 4
    pictures = result.pictures()
    assert len(pictures) == 3
    assert all(picture._repr_png_()[0].startswith(PNG) for picture in pictures)


# The frames that lives are drawn from


def test_shipped_timelines_can_be_drawn():
    from tvc.analysis import plots
    from tvc.timeline import play

    folder = Path(__file__).parents[2] / "scenarios"
    for file in ("precedence.tvc.yaml", "drifting_clocks.tvc.yaml", "sessions.tvc.yaml"):
        for case in load_scenarios(folder / file).cases[:4]:
            frames = frames_of(play(case).trace)
            drawn = plots.lifelines(frames.events, ["ana"], codes=frames.codes)
            assert drawn._repr_png_()[0].startswith(PNG)
