"""The shipped scenarios pass, use all that there is, and notice every change of the law."""

import operator
import subprocess
import sys
from dataclasses import replace
from functools import cache
from pathlib import Path
from types import MappingProxyType

import pytest

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.decide import COMPARISONS, LAW
from tvc.authority.policy import KNOBS, RATE_KNOBS
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.files.scenarios import load_scenarios
from tvc.harness.outcomes import Outcome
from tvc.harness.runner import run_guarded
from tvc.timeline import play

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "scenarios"
VECTORS = ROOT.parent / "shared" / "vectors"


@cache
def results():
    """Every case that can be played, with what came of it under the law as it is."""
    cases = [
        case for file in sorted(FOLDER.glob("**/*.tvc.yaml")) for case in load_scenarios(file).cases
    ]
    found = [
        (case, run_guarded(case)) for case in cases if case.skip is None and not case.stochastic
    ]
    assert all(result.outcome in (Outcome.PASSED, Outcome.XFAILED) for _, result in found)
    return found


@cache
def requests():
    """Every case's requests with their decisions."""
    return [
        (case, [(t.step.request, t.decision) for t in result.run.taken])
        for case, result in results()
    ]


def killer(law, concerned):
    """Return the first case that fails under another law, those most concerned first."""
    order = sorted(requests(), key=lambda item: -sum(concerned(*one) for one in item[1]))
    for case, taken in order:
        if not any(concerned(*one) for one in taken):
            return None
        # A law that does not even run any more is noticed, too.
        noticed = run_guarded(case, law).outcome in (Outcome.FAILED, Outcome.ERROR)
        if noticed and case.xfail is None:
            return case.name
    return None


def told(case, law):
    return [(taken.step.request, taken.decision) for taken in play(case, law).taken]


# The command


def run_command(*words):
    command = [sys.executable, "-c", "from tvc.cli.entry import main; main()", "test", *words]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )


@pytest.mark.nightly  # pytest runs them all as tests of their own, and .ci/run by the command
def test_all_shipped_scenarios_pass_by_the_command():
    done = run_command("scenarios")
    assert done.returncode == 0, done.stdout[-3_000:]
    assert done.stderr == ""


def test_there_are_a_hundred_cases_and_more():
    assert len(results()) >= 100


# What the scenarios use


@pytest.mark.parametrize("reason", list(Reason))
def test_every_reason_is_given_by_some_step(reason):
    assert any(d.reason is reason for _, taken in requests() for _, d in taken)


@pytest.mark.parametrize("kind", list(Kind))
def test_every_kind_of_request_occurs(kind):
    assert any(r.kind is kind for _, taken in requests() for r, _ in taken)


def occurs(record_type):
    return any(
        record.type == record_type for _, result in results() for record in result.run.trace.records
    )


@pytest.mark.parametrize("record_type", [one for one in RECORD_TYPES if one != "reveal.allowed"])
def test_every_type_of_record_occurs(record_type):
    assert occurs(record_type)


def test_no_code_is_ever_shown_again():
    assert not occurs("reveal.allowed")


@pytest.mark.parametrize("mode", ["in_order", "exactly", "any_order"])
def test_every_way_to_match_an_audit_is_used(mode):
    assert any(case.audit is not None and case.audit.match == mode for case, _ in results())


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.key)
def test_every_knob_is_off_its_default_somewhere(knob):
    assert any(case.policy.policy.values()[knob.key] != knob.default for case, _ in results())


@pytest.mark.parametrize("knob", RATE_KNOBS, ids=lambda knob: knob.key)
def test_every_knob_of_a_rate_limit_is_off_its_default_somewhere(knob):
    (name,) = knob.path
    rates = (rate for case, _ in results() for rate in case.policy.policy.rates)
    assert any(getattr(rate, name) != knob.default for rate in rates)


@pytest.mark.parametrize(
    ("key", "value"),
    [(knob.key, choice) for knob in KNOBS if knob.kind == "choice" for choice in knob.choices],
)
def test_every_word_that_a_knob_can_be_set_to_is_used(key, value):
    assert any(case.policy.policy.values()[key] == value for case, _ in results())


# What the scenarios notice

RULE_IDS = [rule.id for rule in LAW.all_rules()]
CONSEQUENCE_IDS = [item.id for items in LAW.consequences.values() for item in items]
#: What a decision tells and no scenario file can say: it is held to the decisions themselves.
TOLD_ONLY = {"status.tell"}


@pytest.mark.parametrize("rule_id", RULE_IDS)
def test_a_law_without_any_one_rule_is_noticed(rule_id, record_property):
    kinds = {kind for kind, rules in LAW.rules.items() if any(rule.id == rule_id for rule in rules)}
    refused = killer(LAW.without(rule_id), lambda _, decision: decision.rule == rule_id)
    # A rule that allows at once is never named by a decision.
    found = refused or killer(LAW.without(rule_id), lambda request, _: request.kind in kinds)
    assert found, f"no scenario fails without {rule_id}"
    record_property("killed_by", found)


@pytest.mark.parametrize("consequence_id", CONSEQUENCE_IDS)
def test_a_law_without_any_one_consequence_is_noticed(consequence_id, record_property):
    rest = {
        kind: tuple(item for item in items if item.id != consequence_id)
        for kind, items in LAW.consequences.items()
    }
    kinds = {kind for kind, items in LAW.consequences.items() if items != rest[kind]}
    law = replace(LAW, consequences=MappingProxyType(rest))
    found = killer(law, lambda request, decision: decision.allowed and request.kind in kinds)
    if consequence_id in TOLD_ONLY:
        found = next((case.name for case, taken in requests() if told(case, law) != taken), None)
    assert found, f"no scenario fails without {consequence_id}"
    record_property("killed_by", found)


FLIPS = {
    operator.lt: operator.le,
    operator.le: operator.lt,
    operator.gt: operator.ge,
    operator.ge: operator.gt,
}


@pytest.mark.parametrize("name", COMPARISONS)
def test_a_law_that_compares_a_tick_off_is_noticed(name, record_property):
    flipped = COMPARISONS | {name: FLIPS[COMPARISONS[name]]}
    law = replace(LAW, comparisons=MappingProxyType(flipped))
    found = killer(law, lambda _request, _decision: True)
    assert found, f"no scenario fails with {name} flipped"
    record_property("killed_by", found)


def test_the_law_as_it_is_is_noticed_by_nothing():
    """The control: a law made anew with nothing changed fails no case."""
    law = replace(LAW, comparisons=MappingProxyType(dict(COMPARISONS)))
    assert killer(law, lambda _request, _decision: True) is None


# Decisions from elsewhere

if VECTORS.is_dir():

    @pytest.mark.parametrize("file", sorted(VECTORS.glob("*.tvc.yaml")), ids=lambda file: file.name)
    def test_an_independent_reading_of_the_law_decides_alike(file):
        cases = load_scenarios(file).cases
        assert cases
        found = [run_guarded(case) for case in cases]
        assert {result.outcome for result in found} == {Outcome.PASSED}, [
            result.failures for result in found
        ]
