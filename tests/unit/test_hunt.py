"""The hunt finds what it is known to be able to find, and hands it over as a test that works."""

import itertools
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.decide import LAW
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind
from tvc.domain.cases import ANY
from tvc.files.documents import parse_document
from tvc.files.models import WRONG
from tvc.files.policies import load_shipped, shipped_policies
from tvc.files.policy_documents import read_policy
from tvc.files.scenarios import load_scenarios, read_scenarios
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Concern, Outcome
from tvc.trace.invariants import INVARIANTS
from tvc.workbench.hunt.exhaustive import exhaust
from tvc.workbench.hunt.goals import Breaks, Differs, Seen, Side, look
from tvc.workbench.hunt.scenes import Draws, Scene
from tvc.workbench.hunt.search import Exhausted, Find, hunt
from tvc.workbench.knob_moves import with_policy
from tvc.workbench.lint.linting import lint

SALESFORCE = Policy()


def side(law=LAW, name="hunted", **changes):
    """A side under the default policy with some knobs turned: `sign_in__precedence="either"`."""
    values = {key.replace("__", "."): value for key, value in changes.items()}
    if not values:
        return Side(law, SALESFORCE, "salesforce")
    return Side(law, SALESFORCE.with_values(values, name), name)


HOURLY = side(rates__subject__window="clock_hour")
EITHER = side(sign_in__precedence="either")
TWO_CODES = side(LAW.without("generate.one_code"))

#: What is hunted, in how many events it must be found, what mends it, and whether only nodes that
#: are wrong show it (no policy mends those) or are let in.
FINDS = {
    "seven generations around the full hour": (
        Breaks(HOURLY, "rate_limit_holds"),
        13,
        {"rates.subject.window": "rolling"},
        {"clocks": True},
    ),
    "a code accepted late by a slow node": (
        Breaks(side(), "no_use_after_expiry"),
        3,
        None,
        {"clocks": True},
    ),
    "two live codes": (Breaks(TWO_CODES, "at_most_per_user_live"), 2, {}, {}),
    "a method beside a live code": (
        Breaks(EITHER, "code_outranks_methods"),
        2,
        {"sign_in.precedence": "code_first"},
        {},
    ),
    "an outsider still in after Expire Now": (
        Breaks(side(), "expire_now_evicts"),
        4,
        {"expire.ends_sessions": True},
        {},
    ),
    "an outsider who generates as an admin": (
        Breaks(side(), "outsiders_issue_nothing"),
        3,
        {"sign_in.assurance.code": "standard"},
        {},
    ),
}


@pytest.fixture(scope="module")
def finds():
    """Each hunt once, with how long it took."""
    found = {}
    for name, (goal, _, _, options) in FINDS.items():
        started = time.process_time()
        result = hunt(goal, events=16, seconds=60, seed=4, **options)
        assert isinstance(result, Find), name
        found[name] = result, time.process_time() - started
    return found


def overridden(text, folder, name, values):
    """The outcome of a file where the policy that it names is replaced, as `--policy` does."""
    file = folder / "found.tvc.yaml"
    file.write_text(text, "utf-8")
    settings = "".join(f"{key}: {str(value).lower()}\n" for key, value in values.items())
    policy = folder / "good.yaml"
    policy.write_text(f"policy: good\nextends: salesforce\n{settings}", "utf-8")
    (case,) = load_scenarios(file, {name: policy}).cases
    return run_case(case).outcome


@pytest.mark.parametrize("name", FINDS)
def test_a_known_weakness_is_found_and_shrunk(finds, name):
    found, seconds = finds[name]
    assert len(found.history.events) <= FINDS[name][1]
    assert seconds < 60
    assert found.seen.invariant == FINDS[name][0].invariant


@pytest.mark.parametrize("name", FINDS)
def test_no_event_of_a_find_can_be_left_out(finds, name):
    found, _ = finds[name]
    for index in range(len(found.history.events)):
        rest = found.history.events[:index] + found.history.events[index + 1 :]
        assert look(found.goal, found.history.with_events(rest)) is None


@pytest.mark.parametrize("name", FINDS)
def test_the_file_fails_where_it_was_found(finds, name):
    found, _ = finds[name]
    result = run_case(found.case, found.goal.side.law)
    assert result.outcome is Outcome.FAILED
    broken = [one for one in result.failures if one.concern is Concern.INVARIANT]
    assert found.goal.invariant in [one.invariant for one in broken]


@pytest.mark.parametrize("name", FINDS)
def test_the_file_passes_where_that_is_mended(finds, name, tmp_path):
    found, _ = finds[name]
    mended = FINDS[name][2]
    text = found.to_yaml()
    if mended is None:
        # No policy mends a clock.
        text, mended = re.sub(r"offset: [^}]+", "offset: 0s", text), {}
    assert overridden(text, tmp_path, found.case.policy.policy.name, mended) is Outcome.PASSED


@pytest.mark.parametrize("name", FINDS)
def test_a_broken_invariant_is_all_that_its_file_asserts(finds, name):
    found, _ = finds[name]
    assert {step.expect for step in found.case.steps} == {ANY}
    assert found.case.invariants == (found.goal.invariant,)
    assert found.case.breaks == ()


def changes_named_in(text):
    """The changes of knobs with which, as its comment says, a file passes."""
    named = re.findall(r"(?m)^# passes with (\S+: (?:\{.*?\}|.*?))(?:, which .*)?$", text)
    assert len(named) == text.count("\n# passes with ") - text.count("passes with the clocks")
    return named


def changed(policy, change):
    """A policy with a change that a comment names, read as a policy file writes it."""
    document = read_policy(parse_document(f"{{{change}}}", "p.yaml"), "p.yaml", "p")
    assert not document.faults
    return policy.with_values({key: one.value for key, one in document.settings.items()})


def assert_fails_until_it_is_mended(found):
    """A find fails on its last side as that is, and passes with each change that is named."""
    bad, text = found.goal.sides[-1], found.to_yaml()
    file = Path("found.tvc.yaml")
    (case,) = read_scenarios(parse_document(text, str(file)), file).cases
    assert run_case(with_policy(case, bad.policy), bad.law).outcome is Outcome.FAILED
    named = changes_named_in(text)
    for change in named:
        mended = with_policy(case, changed(bad.policy, change))
        assert run_case(mended, bad.law).outcome is Outcome.PASSED, change
    return named


@pytest.mark.parametrize("name", FINDS)
def test_each_change_that_the_comment_names_mends_it(finds, name):
    found, _ = finds[name]
    named = assert_fails_until_it_is_mended(found)
    mended = FINDS[name][2] or {}
    assert {key for key, _ in (change.split(": ", 1) for change in named)} >= mended.keys()


@pytest.mark.parametrize("name", FINDS)
def test_there_is_nothing_to_criticise_in_a_file(finds, name, tmp_path):
    path = tmp_path / "found.tvc.yaml"
    path.write_text(finds[name][0].to_yaml(), "utf-8")
    assert [one.message for one in lint([str(path)]).findings] == []


@pytest.mark.nightly
@pytest.mark.parametrize("invariant", INVARIANTS)
@pytest.mark.parametrize("policy", shipped_policies())
def test_what_a_random_search_finds_fails_until_it_is_mended(policy, invariant):
    goal = Breaks(Side(LAW, load_shipped(policy).policy, policy), invariant)
    for clocks in (False, True):
        found = hunt(goal, seconds=10, clocks=clocks)
        if isinstance(found, Find):
            assert clocks or found.history.clocks == ()
            assert_fails_until_it_is_mended(found)


HOLES = ("expire_now_evicts", "outsiders_issue_nothing", "outsiders_stay_out")


@pytest.mark.parametrize("invariant", HOLES)
@pytest.mark.parametrize("policy", shipped_policies())
def test_what_an_exhaustive_search_finds_fails_until_it_is_mended(policy, invariant):
    goal = Breaks(Side(LAW, load_shipped(policy).policy, policy), invariant)
    found = exhaust(goal, events=4)
    if isinstance(found, Find):
        assert_fails_until_it_is_mended(found)
    else:
        # Of the shipped policies those hold that are meant to.
        assert found.explored.decisions > 0


@pytest.mark.parametrize("second", shipped_policies())
@pytest.mark.parametrize("first", shipped_policies())
def test_what_tells_shipped_policies_apart_passes_with_what_the_first_one_has(first, second):
    sides = [Side(LAW, load_shipped(name).policy, name) for name in (first, second)]
    if sides[0].policy.values() == sides[1].policy.values():
        return
    found = hunt(Differs(*sides), seed=3)
    assert isinstance(found, Find)
    assert run_case(found.case).outcome is Outcome.PASSED
    assert_fails_until_it_is_mended(found)


#: The policy of a newcomer: codes that are good for one use, and four eyes for the privileged.
SINGLE_USE = Side(
    LAW,
    SALESFORCE.with_values(
        {
            "lifetime.max": 4 * HOUR_MS,
            "code.uses": 1,
            "issuer.self_issue": "deny",
            "issuer.ticket": "required",
            "issuer.approvals.privileged": 1,
        },
        "acme",
    ),
    "acme",
)


@pytest.mark.parametrize("ends", ["expire.ends_sessions", "session.ends_with_code"])
def test_the_hole_of_single_use_codes_is_a_test_that_sensible_mends_pass(ends):
    found = exhaust(Breaks(SINGLE_USE, "expire_now_evicts"), events=5)
    assert isinstance(found, Find)
    assert run_case(found.case).outcome is Outcome.FAILED
    # A session that a used-up code opened is not tied to the code that Expire Now ends.
    mended = SINGLE_USE.policy.with_values({"code.uses": None, ends: True})
    assert run_case(with_policy(found.case, mended)).outcome is Outcome.PASSED
    for alone in ({"code.uses": None}, {ends: True}):
        unmended = SINGLE_USE.policy.with_values(alone)
        assert run_case(with_policy(found.case, unmended)).outcome is Outcome.FAILED
    assert_fails_until_it_is_mended(found)
    assert "# no change of one knob mends it" in found.to_yaml()


def test_a_mend_that_changes_an_earlier_step_is_told_apart(finds):
    found, _ = finds["an outsider still in after Expire Now"]
    told = found.to_yaml()
    assert "# passes with expire.ends_sessions: true\n" in told
    assert "# passes with issuer.ticket: required, which changes step 1 already\n" in told
    # Where nothing is decided otherwise, nothing is mended: the invariant only asks for less.
    assert "clock.leeway" not in finds["a code accepted late by a slow node"][0].to_yaml()
    assert (
        "the clocks of the nodes right" in finds["a code accepted late by a slow node"][0].to_yaml()
    )


def test_a_shipped_policy_is_named_and_another_one_stands_in_the_file(finds):
    either, _ = finds["a method beside a live code"]
    assert "hunted: {extends: salesforce, set: {sign_in.precedence: either}}" in either.to_yaml()
    shipped, _ = finds["an outsider still in after Expire Now"]
    assert "policies:" not in shipped.to_yaml()


def test_a_file_says_where_it_comes_from(finds):
    found, _ = finds["a method beside a live code"]
    comments = [line for line in found.to_yaml().splitlines() if line.startswith("#")]
    told = "\n".join(comments)
    assert "breaks code_outranks_methods" in told
    assert found.case.policy.digest in told
    assert "seed 4" in told
    assert f"{found.explored.histories} histories" in told
    assert "sign_in.precedence: code_first" in told


def test_the_same_seed_finds_the_same_file():
    import colorsys  # noqa: F401 - a module more, whose numbers Hypothesis might draw from

    goal = Breaks(side(), "expire_now_evicts")
    first, again = (hunt(goal, seed=4).to_yaml() for _ in range(2))
    assert first == again
    assert hunt(goal, seed=7).to_yaml() != first


def test_every_clock_is_right_unless_wrong_ones_are_asked_for_and_then_nothing_is_late():
    late = Breaks(side(), "no_use_after_expiry")
    result = hunt(late, seconds=2)
    assert isinstance(result, Exhausted)
    assert result.explored.histories > 0
    assert result.explored.decisions > result.explored.histories
    assert 0 < result.explored.states <= result.explored.decisions


@given(st.binary(max_size=40), st.booleans())
def test_no_scene_has_a_wrong_clock_unless_asked_for(drawn, asked):
    goal = Breaks(HOURLY, "rate_limit_holds")
    scene = Scene.drawn(Draws(drawn), goal, 16, wrong_clocks=asked)
    assert asked or scene.clocks == ()
    assert asked or (scene.ahead_ms, scene.behind_ms) == (0, 0)


def test_an_exhaustive_search_has_a_slow_node_only_if_asked_for():
    late = Breaks(side(), "no_use_after_expiry")
    assert isinstance(exhaust(late, events=2), Exhausted)
    found = exhaust(late, events=2, clocks=True)
    assert isinstance(found, Find)
    assert found.history.clocks


def test_a_find_that_needs_no_wrong_clock_has_none(finds):
    found, _ = finds["seven generations around the full hour"]
    assert found.history.clocks == ()


def test_a_history_is_as_long_as_was_asked_for():
    result = hunt(Breaks(EITHER, "code_outranks_methods"), events=1, seconds=0.5)
    assert isinstance(result, Exhausted)


DIFFERENT = {
    "another lifetime": ({"lifetime.max": 4 * HOUR_MS}, 1),
    "another lock": ({"lockout.for": 2 * HOUR_MS}, 11),
    "sessions that end": ({"session.max": 8 * HOUR_MS}, 2),
    "another way back": ({"sign_in.return": "on_expire_now"}, 2),
    "approvals": ({"issuer.approvals.standard": 1}, 1),
    "one more generation": ({"rates.subject.limit": 7}, 13),
}


@pytest.mark.parametrize("name", DIFFERENT)
def test_two_policies_are_told_apart_by_a_file_that_passes_under_the_first(name):
    values, events = DIFFERENT[name]
    other = Side(LAW, SALESFORCE.with_values(values, "other"), "other")
    found = hunt(Differs(side(), other), seed=1)
    assert isinstance(found, Find)
    assert len(found.history.events) <= events
    assert run_case(found.case).outcome is Outcome.PASSED
    assert assert_fails_until_it_is_mended(found)
    *before, deciding = found.case.steps
    assert {step.expect for step in before} <= {ANY}
    assert deciding.expect != ANY


def test_what_only_a_detail_tells_apart_is_expected_in_that_detail():
    longer = Side(LAW, SALESFORCE.with_values({"lockout.for": 2 * HOUR_MS}), "longer")
    found = hunt(Differs(side(), longer), seed=1)
    assert found.case.steps[-1].expect.retry_after_ms == HOUR_MS


@pytest.mark.parametrize("rule", ["expire.permission", "step_up.session", "sign_in.mfa_off"])
def test_a_law_without_a_rule_is_told_from_the_whole(rule):
    law = LAW.without(rule)
    found = hunt(Differs(side(), side(law)), seed=0)
    assert run_case(found.case).outcome is Outcome.PASSED
    assert run_case(found.case, law).outcome is Outcome.FAILED


def test_what_only_audit_tells_apart_becomes_audit_lines():
    told = Side(LAW, SALESFORCE.with_values({"notify": (Kind.GENERATE,)}), "told")
    assert isinstance(hunt(Differs(side(), told), seconds=1), Exhausted)
    for first, second in ((side(), told), (told, side())):
        found = hunt(Differs(first, second, audit=True), seed=0)
        assert run_case(found.case).outcome is Outcome.PASSED
        assert_fails_until_it_is_mended(found)
        # No more is asked of audit than tells them apart.
        assert found.case.audit.match == "in_order"


def test_an_unknown_invariant_is_no_goal():
    with pytest.raises(ValueError, match="unknown invariant"):
        Breaks(side(), "nobody_is_ever_late")


def test_no_outsider_is_given_a_stolen_proof_to_break_an_invariant():
    found = hunt(Breaks(side(), "outsiders_stay_out"), seed=0)
    asked = found.history.events[-1].request
    assert (asked.proof, asked.sso) == ("right", False)


def test_events_keep_their_meaning_when_the_code_that_they_present_is_gone(finds):
    found, _ = finds["an outsider still in after Expire Now"]
    rest = found.history.with_events(found.history.events[1:])
    assert [event.presents for event in rest.events if event.presents] == [WRONG]


def test_a_past_that_no_longer_counts_has_no_edges_ahead():
    from tvc.authority.edges import edges_ahead
    from tvc.authority.state import Code, CodeEnd, State

    state = State()
    state.codes["ana"] = (
        Code(1, 5 * HOUR_MS, None, CodeEnd.REVOKED),
        Code(2, 3 * HOUR_MS, None, None),
    )
    state.rates["subject", "ana"] = (0, HOUR_MS)
    assert edges_ahead(state, SALESFORCE, HOUR_MS) == {2 * HOUR_MS, 3 * HOUR_MS}


def test_choices_that_nobody_drew_are_the_first():
    draws = Draws(b"")
    assert [draws.pick("abc"), draws.chance(1), draws.byte()] == ["a", True, 0]


# The command


def test_the_command_writes_a_file_that_the_test_command_judges(folder, process, call):
    (folder / "either.yaml").write_text(
        "policy: either\nextends: salesforce\nsign_in.precedence: either\n"
    )
    (folder / "good.yaml").write_text("policy: good\nextends: salesforce\n")
    words = ["hunt", "--policy", "either.yaml", "--invariant", "code_outranks_methods"]
    found = process(*words, "-o", "found.tvc.yaml")
    assert (found.code, found.out) == (1, "")
    assert "2 events" in found.err
    assert call("test", "found.tvc.yaml").code == 1
    assert call("test", "found.tvc.yaml", "--policy", "either=good.yaml").code == 0
    left = {path.name for path in folder.iterdir()}
    assert left == {"either.yaml", "good.yaml", "found.tvc.yaml"}
    shown = process(*words)
    assert shown.out == (folder / "found.tvc.yaml").read_text()


def test_the_command_tells_two_policies_apart(folder, call):
    found = call("hunt", "--policy", "strict", "--differs-from", "salesforce", "-o", "d.tvc.yaml")
    assert found.code == 1
    (folder / "loose.yaml").write_text("policy: loose\nextends: salesforce\n")
    assert call("test", "d.tvc.yaml").code == 0
    assert call("test", "d.tvc.yaml", "--policy", "strict=loose.yaml").code == 1


def test_nothing_found_is_no_failure_and_says_how_much_was_explored(call):
    words = ["--invariant", "inactive_users_get_nothing", "--time", "500ms"]
    ran = call("hunt", *words)
    assert (ran.code, ran.out) == (0, "")
    assert "not found" in ran.err
    for word in ("histories", "decisions", "states", " s"):
        assert word in ran.err


def test_an_exhaustive_search_states_what_there_is_none_of(call):
    words = ["--invariant", "inactive_users_get_nothing", "--exhaustive", "--events", "2"]
    ran = call("hunt", *words)
    assert (ran.code, ran.out) == (0, "")
    assert "none with at most 2 events" in ran.err
    assert "transitions" in ran.err


def test_an_exhaustive_find_is_a_file_like_any_other(call, folder):
    words = ["--invariant", "outsiders_stay_out", "--exhaustive", "--events", "3"]
    ran = call("hunt", *words, "-o", "found.tvc.yaml")
    assert ran.code == 1
    (case,) = load_scenarios(folder / "found.tvc.yaml").cases
    assert run_case(case).outcome is Outcome.FAILED


# Time

#: Each hunt takes at most twice its time and a second more, of the processor.
TIMED = {
    "long histories": ["--policy", "strict", "--events", "100"],
    "the longest histories": ["--policy", "strict", "--events", "2000"],
    "a long find": ["--policy", "strict", "--events", "2000", "--invariant", "outsiders_stay_out"],
    "a long find of two": ["--events", "2000", "--differs-from", "strict"],
    "with wrong clocks": ["--events", "300", "--clocks", "--invariant", "no_use_after_expiry"],
    "every history": ["--exhaustive", "--events", "40", "--invariant", "rate_limit_holds"],
}


@pytest.fixture
def _processor_time(monkeypatch):
    """Time goes by as the processor works, so that it is the same on a busy machine."""
    monkeypatch.setattr(time, "perf_counter", time.process_time)


@pytest.mark.usefixtures("_processor_time")
@pytest.mark.parametrize("name", TIMED)
def test_a_hunt_ends_within_its_time(name, call):
    started = time.process_time()
    ran = call("hunt", *TIMED[name], "--time", "300ms")
    assert time.process_time() - started < 2 * 0.3 + 1
    assert ran.code in {0, 1, 6}


@pytest.mark.usefixtures("_processor_time")
def test_an_exhaustive_search_that_the_time_ends_says_how_far_it_came_and_passes_nothing(call):
    words = ["--invariant", "inactive_users_get_nothing", "--exhaustive", "--events", "40"]
    ran = call("hunt", *words, "--time", "300ms")
    assert ran.code == 6
    assert re.search(r"the time ended before the search: none with at most [1-9] events", ran.err)


class Long(Breaks):
    """A goal that every history of more than 900 events shows, so that none can be shortened."""

    def seen(self, courses):
        (course,) = courses
        return Seen("long", len(course.decisions) - 1) if len(course.decisions) > 900 else None


@pytest.mark.usefixtures("_processor_time")
def test_a_find_is_made_shorter_by_bounded_work_and_says_so_where_that_was_too_little():
    started = time.process_time()
    result = hunt(Long(side()), events=1_000, seconds=1)
    text = result.to_yaml()
    assert time.process_time() - started < 2 * 1 + 1
    assert isinstance(result, Find)
    assert not result.shortest
    assert "# the time ended before the scenario was as short as can be\n" in text


def test_the_same_work_is_done_however_busy_the_machine_is(monkeypatch):
    goal = Breaks(side(), "expire_now_evicts")
    quick = hunt(goal, seed=4).to_yaml()
    # The time is over just after the find, as on a machine that does much else.
    busy = itertools.count(0.0, 60 / 1_000)
    monkeypatch.setattr(time, "perf_counter", lambda: next(busy))
    assert hunt(goal, seed=4).to_yaml() == quick


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--invariant", "outsiders_stay_outt"], "did you mean 'outsiders_stay_out'"),
        (["--invariant", "lockout_holds", "--differs-from", "strict"], "expected one of them"),
        (["--policy", "stricter"], "no policy"),
        (["--time", "60"], "--time"),
        (["--time", "0s"], "no time to search"),
        (["--exhaustive", "--invariant", "lockout_holds"], "cannot be searched exhaustively"),
        (["-o", "nowhere/found.tvc.yaml"], "no such folder"),
        (["--events", "0"], "--events"),
        (["--events", "2001"], "2001 is more than 2000"),
        (["--exhaustive", "--events", "2001"], "2001 is more than 2000"),
        (["--true-clocks"], "--true-clocks"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_usage_starts_no_hunt(call, words, says):
    ran = call("hunt", *words)
    assert ran.code == 4
    assert says in ran.err


#: Runs the command, and says on stderr when the hunt begins.
TELLING = """
import sys
from tvc.workbench.hunt import search
hunt = search.hunt
def telling(*words, **options):
    print("begun", file=sys.stderr, flush=True)
    return hunt(*words, **options)
search.hunt = telling
from tvc.cli.main import main
main()
"""


def test_an_interrupted_hunt_says_how_much_was_explored(folder):
    words = ["hunt", "--invariant", "inactive_users_get_nothing", "--time", "60s"]
    command = [sys.executable, "-c", TELLING, *words]
    hunting = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True)
    while hunting.stderr.readline() not in ("begun\n", ""):
        pass
    time.sleep(0.5)
    hunting.send_signal(signal.SIGINT)
    _, told = hunting.communicate(timeout=120)
    assert hunting.returncode == 2
    assert "interrupted; explored so far" in told


def test_only_a_hunt_needs_hypothesis(folder):
    asks = "import sys, tvc.cli.main; print('hypothesis' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", asks], cwd=folder, capture_output=True, check=True)
    assert done.stdout.split() == [b"False"]


def test_a_policy_of_the_package_is_hunted_under_its_own_name(folder, call):
    ran = call("hunt", "--policy", "article-wording", "--invariant", "outsiders_stay_out")
    assert "policy: article-wording" in ran.out
    assert load_shipped("article-wording").digest in ran.out
    assert not list(Path(folder).iterdir())
