"""Values show themselves in a notebook: readable without CSS, escaped, without secrets."""

import subprocess
import sys
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
from IPython.core.interactiveshell import InteractiveShell

import tvc
from tvc.authority.decide import LAW, decide
from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.authority.policy import RateLimit
from tvc.authority.requests import request
from tvc.authority.state import Person, State
from tvc.domain.workload import WorkloadModel
from tvc.files.policies import load_shipped
from tvc.jupyter.cells import read_cell
from tvc.jupyter.formatters import SHOWN_BY, html_of, register_formatters
from tvc.jupyter.tables import table
from tvc.jupyter.values.trace import show_trace
from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan
from tvc.studies.comparison import compare
from tvc.timeline import play
from tvc.world.simulation import simulate

sys.path.append(str(Path(__file__).parent))

from pages import Page

HOSTILE = "<script>alert('x')</script>\u202e\x07"
SMALL = {"users": 300, "horizon": "7d"}
STORY = """
people: {sam: {role: admin}, ana: {}}
timeline:
  - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
  - {at: 5m, do: sign_in, by: ana, code: c1}
  - {at: 10m, do: sign_in, by: ana, with: authenticator}
  - {at: 20m, do: generate, by: sam, for: ana, lifetime: 1h}
  - {at: 2h, do: sign_in, by: ana, code: c1}
"""


@pytest.fixture(scope="module")
def played():
    return play(read_cell(STORY)[0])


@pytest.fixture(scope="module")
def simulated():
    return simulate("strict", SMALL | {"attackers": {"callers": {"per_day": 2}}}, seed=1)


@pytest.fixture(scope="module")
def compared():
    workload = WorkloadModel.model_validate(SMALL)
    arms = [Arm(name, load_shipped(name).policy, workload) for name in ("salesforce", "strict")]
    asked = [Asked.read(text) for text in ("mean(calls)", "mean(exposure)", "mean(overstay)")]
    return compare(*arms, asked, Plan(4, seed=1))


@pytest.fixture(scope="module")
def values(played, simulated, compared):
    return {
        "policy": load_shipped("strict").policy,
        "default policy": tvc.Policy(),
        "decision": played.taken[2].decision,
        "trace": played.trace,
        "timeline": played,
        "run": simulated,
        "comparison": compared,
    }


NAMES = ("policy", "default policy", "decision", "trace", "timeline", "run", "comparison")


@pytest.mark.parametrize("name", NAMES)
def test_a_value_is_a_plain_table_with_a_caption_and_headings_that_say_what_they_head(values, name):
    page = Page(html_of(values[name]))
    assert page.tables
    assert all(caption.strip() and rows for caption, rows in page.tables)
    assert page.headings
    assert all(heading.get("scope") in ("col", "row") for heading in page.headings)
    assert not {"style", "script", "link"} & set(page.tags)


@pytest.mark.parametrize("name", NAMES)
def test_a_value_shows_itself_the_same_each_time_and_in_a_screenful(values, name):
    html = html_of(values[name])
    assert html == html_of(values[name])
    assert len(html) < 20_000


def test_no_code_is_ever_shown(played):
    assert len(played.trace.drawn) == 1
    shown = [played, played.trace, *(taken.decision for taken in played.taken)]
    for value in shown:
        html = html_of(value)
        assert not [code for code in played.trace.drawn if code in html]


def test_a_policy_shows_what_differs_from_the_default_first_and_where_that_comes_from():
    page = Page(html_of(load_shipped("strict").policy))
    (caption, changed), (_, others) = page.tables
    assert caption == "Policy strict: 8 knobs differ from the default"
    assert page.rows()["lifetime.max"][:3] == ["4h", "24h", "seed"]
    assert "36 knobs at their default" in page.text
    keys = [row[0] for row in (*changed[1:], *others[1:])]
    assert sorted(keys) == sorted(load_shipped("strict").policy.values())


def test_a_policy_with_every_default_says_so():
    assert "Policy salesforce: every knob is at its default" in html_of(tvc.Policy())


def test_a_policy_shows_a_limit_that_is_new_and_one_that_is_gone():
    policy = tvc.Policy("other", rates=(RateLimit("desk", 40),))
    rows = Page(html_of(policy)).rows()
    assert rows["rates.subject"][:2] == ["off", "6 in 1h"]
    assert rows["rates.desk.limit"][:2] == ["40", "none"]


def test_a_decision_is_in_words_and_leaves_out_what_does_not_apply():
    state = State.of([Person("sam", "admin"), Person("ana")])
    ask = request("generate", "sam", subject="ana", lifetime_ms=25 * HOUR_MS)
    rows = Page(html_of(decide(LAW, tvc.Policy(), state, ask, 0))).rows()
    assert rows["outcome"] == ["denied"]
    assert rows["reason"] == ["lifetime_too_long"]
    assert rows["rule that refused"] == ["generate.lifetime"]
    assert not {"asked for instead", "passes again in", "code", "level of the session"} & set(rows)


def test_a_decision_says_what_is_asked_for_and_when_the_rule_would_pass():
    (case,) = read_cell(
        "people: {sam: {role: admin}, ana: {}}\n"
        "policies: {once: {extends: salesforce, set: {rates.subject.limit: 1}}}\npolicy: once\n"
        "timeline:\n"
        "  - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}\n"
        "  - {at: 5m, do: sign_in, by: ana}\n"
        "  - {at: 10m, do: expire, by: sam, for: ana}\n"
        "  - {at: 20m, do: generate, by: sam, for: ana, lifetime: 1h}\n"
    )
    asked, _, limited = (Page(html_of(taken.decision)).rows() for taken in play(case).taken[1:])
    assert asked["asked for instead"] == ["code"]
    assert (limited["limit that refused"], limited["passes again in"]) == (["subject"], ["40m"])


def test_a_trace_is_its_records_in_order_with_ordinals_for_codes(played):
    page = Page(html_of(played.trace))
    caption, (head, *rows) = page.tables[0]
    assert caption == f"Trace: {len(played.trace.records)} records under the policy salesforce"
    assert [row[1] for row in rows] == [record.type for record in played.trace.records]
    assert rows[0][head.index("code")] == "ana#1"
    assert "superseded_by_code" in [row[head.index("reason")] for row in rows]


def test_a_long_trace_says_how_much_more_there_is(played):
    (_, (_, *rows)) = Page(show_trace(played.trace, most=2)).tables[0]
    assert len(rows) == 3
    assert rows[-1] == [f"… {len(played.trace.records) - 2} more"]


def test_a_record_of_a_clock_that_is_off_shows_its_reading():
    (case,) = read_cell(
        "people: {ana: {}}\nclocks: {west: {offset: 90s}}\n"
        "timeline: [{at: 1m, do: sign_in, by: ana, with: authenticator, node: west}]"
    )
    assert "1m (west reads 2m30s)" in html_of(play(case).trace)


def test_a_timeline_shows_each_step_with_its_decision(played):
    _, (head, *rows) = Page(html_of(played)).tables[0]
    assert [row[head.index("decision")] for row in rows] == [
        "allow", "allow", "deny", "deny", "deny",
    ]  # fmt: skip
    assert rows[2][head.index("rule")] == "sign_in.precedence"
    assert rows[1][head.index("presents")] == "code c1"


def test_a_run_shows_its_headlines_with_units_and_its_digest(simulated):
    page = Page(html_of(simulated))
    rows = page.rows()
    summary = simulated.summary.set_index("metric")["value"]
    assert rows["mean(calls)"][0] == f"{summary['mean(calls)']:.3g}"
    assert rows["mean(exposure)"][1] == "h"
    assert rows["mean(desk.utilisation)"][1] == "%"
    assert "mean(takeover)" in rows
    assert simulated.digest[:16] in page.text


def test_a_run_without_attackers_shows_nothing_of_them():
    assert "takeover" not in html_of(simulate("strict", SMALL))


def test_a_comparison_tells_its_finding_and_every_interval(compared):
    page = Page(html_of(compared))
    assert page.text.startswith("strict: ")
    assert "code-hours live -" in page.text.split(".")[0] + page.text.split(".")[1]
    rows = page.rows()
    assert " to " in rows["mean(exposure)"][3]
    assert rows["mean(exposure)"][4] == "yes"
    assert rows["mean(overstay)"][3:] == ["the same in every pair", "no"]
    assert "4 replications of both arms" in page.text


def test_a_comparison_shows_totals_by_the_week_as_the_command_does(compared):
    baseline = compared.frame().set_index("metric").loc["mean(calls)", "baseline"]
    weeks = compared.measured_ms / (7 * DAY_MS)
    shown = Page(html_of(compared)).rows()["mean(calls)"][0]
    assert shown == f"{baseline / weeks:.3g} a week"


def test_what_a_file_brought_along_is_shown_and_never_obeyed(compared):
    policy = tvc.Policy(HOSTILE).with_values({"lifetime.max": HOUR_MS})
    state = State.of([Person("sam", "admin")])
    ask = request("sign_in", HOSTILE, subject=HOSTILE)
    arm = replace(compared.candidate, name=HOSTILE)
    shown = [
        policy,
        decide(LAW, policy, state, ask, 0),
        simulate(policy, SMALL),
        replace(compared, candidate=arm),
    ]
    for value in shown:
        html = html_of(value)
        assert "script" not in Page(html).tags
        assert "\u202e" not in html
        assert "\x07" not in html
        assert "&lt;script&gt;" in html or value is shown[1]


def test_a_table_keeps_its_numbers_right_and_its_texts_left():
    html = table("c", ("name", "count"), [("a", 1)], numbers={1})
    assert html.count("text-align: right") == 2
    assert Page(html).tables == [["c", [["name", "count"], ["a", "1"]]]]


@pytest.fixture
def shell():
    # Not the singleton, which would make the rest of the suite think that it is in a notebook.
    return InteractiveShell()


@pytest.mark.parametrize("name", NAMES)
def test_a_shell_shows_each_value_as_its_table(shell, values, name):
    register_formatters(shell)
    data, _ = shell.display_formatter.format(values[name])
    assert data["text/html"] == html_of(values[name])


def test_a_shell_that_was_told_of_nothing_shows_no_table(shell, played):
    data, _ = shell.display_formatter.format(played)
    assert "text/html" not in data


def test_every_class_with_a_table_and_every_function_that_makes_one_exists():
    for shown, shows in SHOWN_BY.items():
        for place in (shown, shows):
            module, name = place.split(":")
            assert callable(getattr(import_module(module), name))


def test_no_class_below_the_notebook_makes_html_of_itself():
    package = Path(tvc.__file__).parent
    found = [
        path for path in package.rglob("*.py")
        if "_repr_html_" in path.read_text("utf-8") and "jupyter" not in path.parts
    ]  # fmt: skip
    assert not found


def test_importing_tvc_in_a_notebook_is_enough_and_elsewhere_tells_nobody():
    script = (
        "import sys\n"
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance() if sys.argv[1] == 'inside' else InteractiveShell()\n"
        "import tvc\n"
        "assert 'tvc.authority.policy' not in sys.modules\n"
        "print('text/html' in shell.display_formatter.format(tvc.Policy())[0])\n"
    )
    for where, shown in (("inside", "True\n"), ("outside", "False\n")):
        done = subprocess.run(
            [sys.executable, "-c", script, where], capture_output=True, text=True, check=True
        )
        assert done.stdout == shown


def test_a_value_that_has_no_table_is_refused_by_its_class():
    with pytest.raises(TypeError, match="a dict has no table"):
        html_of({})
