"""The same request, answered differently: who is newly allowed or denied, and files to show it."""

from dataclasses import replace
from math import inf
from pathlib import Path

import pytest

from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.scenarios import read_scenarios
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Outcome
from tvc.studies.changes import read_arm
from tvc.studies.divergence import (
    DIFFERENCES,
    Answered,
    Divergence,
    _by_place,
    _differing_spells,
    _spells,
    diverge,
    paired_value,
)
from tvc.studies.examples import find_example
from tvc.studies.expectations import judge_case
from tvc.studies.verdicts import Verdict
from tvc.trace.measures.metrics import parse_metric

BUSY = {
    "users": 400,
    "horizon": "14d",
    "losses": {"per_user_per_year": 4.0},
    "attackers": {"callers": {"per_day": 1}},
}
HOUR_MS = 3_600_000


def arms(candidate="salesforce,lifetime.max=4h", workload=BUSY):
    return [read_arm(text, workload, Path()) for text in ("salesforce", candidate)]


@pytest.fixture(scope="module")
def shorter():
    """Both arms, and what differs where codes live four hours."""
    pair = arms()
    return pair, [diverge(*pair, seed=1, replication=number) for number in range(2)]


def answered(at_ms, answer, kind="sign_in", by="u1", subject="u1"):
    allowed = answer == "allow"
    reason = "" if allowed else answer
    return Answered(at_ms, "", kind, by, subject, allowed, reason, "", "", "")


# Pairing


@pytest.mark.parametrize("seed", [1, 2])
def test_arms_that_differ_by_name_alone_have_no_request_that_differs(seed):
    found = diverge(*arms("salesforce,desk.admins=3"), seed=seed, replication=0)
    assert found.histories[0] == found.histories[1] != {}
    assert not found.pairs
    assert not found.spells
    assert found.unpaired == (0, 0)
    assert all(found.first(person) is None for person in found.histories[1])


def test_a_pair_is_one_request_with_two_answers(shorter):
    _, (found, _) = shorter
    assert found.counts["newly_allowed"] > 0
    assert found.counts["newly_denied"] > 0
    for pair in found.pairs:
        one, other = pair.baseline, pair.candidate
        assert (one.place, one.allowed) == (other.place, not other.allowed)
        assert pair.difference == ("newly_allowed" if other.allowed else "newly_denied")
    frame = found.frame()
    assert frame["difference"].value_counts().to_dict() == {
        name: found.counts[name] for name in ("newly_allowed", "newly_denied")
    }
    assert frame["at_ms"].is_monotonic_increasing


def test_every_request_is_paired_or_counted_as_unpaired(shorter):
    _, divergences = shorter
    for found in divergences:
        sizes = [sum(map(len, side.values())) for side in found.histories]
        assert sizes[0] - found.unpaired[0] == sizes[1] - found.unpaired[1] > 0


def test_another_admin_on_duty_is_the_same_desk_and_another_outsider_is_another_person():
    first, second = (answered(5, "allow", "generate", by=name) for name in ("a1", "a2"))
    assert first.place == second.place
    callers = [answered(5, "allow", by=name) for name in ("x:callers:1", "x:callers:2")]
    assert callers[0].place != callers[1].place


def test_requests_at_one_instant_are_paired_in_their_order():
    both = [answered(5, "wrong_code"), answered(5, "allow")]
    assert [of.answer for of in _by_place(both).values()] == ["wrong_code", "allow"]
    assert len(_by_place(both)) == 2


def test_histories_part_at_the_first_request_or_answer_that_differs():
    same, denied = answered(1, "allow"), answered(2, "code_expired")
    cases = {
        (same, denied): 1,
        (same,): 1,
        (same, answered(2, "allow"), answered(3, "allow")): None,
        (answered(0, "allow"), same): 0,
    }
    history = (same, answered(2, "allow"), answered(3, "allow"))
    for other, place in cases.items():
        found = Divergence(0, ({"u1": history}, {"u1": other}), (), (), (0, 0), ({}, {}))
        assert found.first("u1") == place
    assert found.first("u2") is None


# Spells


def test_a_spell_lasts_from_the_first_refusal_to_the_next_entry_whatever_others_do():
    history = [
        answered(1, "allow"),
        answered(2, "device_unavailable"),
        answered(3, "allow", by="x:callers:1"),
        answered(4, "code_expired"),
        answered(9, "allow"),
        answered(20, "wrong_code"),
    ]
    assert _spells(history) == [(2, 9.0), (20, inf)]


def test_spells_that_begin_at_one_refusal_are_earlier_or_later_by_their_ends():
    one = {"u1": [answered(2, "no_code"), answered(9, "allow"), answered(10, "no_code")]}
    other = {"u1": [answered(2, "no_code"), answered(8, "allow"), answered(10, "no_code"),
                    answered(12, "allow"), answered(13, "no_code")]}  # fmt: skip
    assert [spell.difference for spell in _differing_spells(one, other)] == ["earlier"] * 2
    assert [spell.difference for spell in _differing_spells(other, one)] == ["later"] * 2


def test_spells_that_begin_at_other_instants_are_never_paired():
    one = {"u1": [answered(2, "no_code"), answered(9, "allow")]}
    other = {"u1": [answered(3, "no_code"), answered(4, "allow")]}
    assert list(_differing_spells(one, other)) == []


def test_a_slower_desk_lets_users_in_later():
    slow = arms("salesforce,desk.handling={fixed: 20m}", BUSY | {
        "desk": {"handling": {"fixed": "10m"}, "admins": 20, "losses_per_admin_per_year": 0},
        "attackers": {},
    })  # fmt: skip
    found = diverge(*slow, seed=1, replication=0)
    assert found.counts["later"] > 0
    assert found.counts["later"] > 10 * found.counts["earlier"]


# The gate


def gate(candidate, expected, workload="{users: 300, horizon: 7d, losses: {per_user_per_year: 4}}"):
    text = f"""\
tvc: 1
scenarios:
  - id: load
    policy: salesforce
    workload: {workload}
    run: {{replications: {{min: 3, max: 5}}, seed: 1}}
  - id: gate
    compare: {{baseline: {{policy: salesforce}}, candidate: {candidate}, on: load}}
    expect: [{{metric: {expected}}}]
"""
    return read_scenarios(parse_document(text, "g.tvc.yaml"), Path("g.tvc.yaml")).cases[1]


def test_a_gate_fails_once_a_request_is_newly_allowed():
    found = judge_case(gate("{policy: strict}", "count(newly_allowed), equals: 0"))
    assert found.verdict is Verdict.FAIL


def test_a_gate_passes_where_nothing_is_newly_allowed_and_tells_its_bound():
    quiet = "{policy: salesforce, workload: {desk.checks.video.false_accept: 0.5}}"
    for metric in ("count(newly_allowed)", "count(newly_denied)", "p(newly_allowed)"):
        found = judge_case(gate(quiet, f"{metric}, equals: 0"))
        assert found.verdict is Verdict.PASS
        assert "below 0.45 at 95%" in found.judgements[0].sentence


def test_a_measure_of_two_arms_counts_pairs_one_way_each(shorter):
    _, (found, _) = shorter
    for name in ("newly_allowed", "newly_denied"):
        count, share = (paired_value(found, parse_metric(f"{of}({name})")) for of in ("count", "p"))
        assert (count, share) == (found.counts[name], 1.0)


@pytest.mark.parametrize(
    ("metric", "said"),
    [
        ("delta(count(newly_allowed)), at_most: 3", "without delta"),
        ("share(newly_allowed / calls), at_most: 0.5", "no share of it"),
        ("count(newly_alowed), equals: 0", "did you mean 'newly_allowed'"),
        ("max(newly_allowed), at_most: 3", "has no meaning"),
        ("count(calls), at_most: 3", "which arm's"),
    ],
)
def test_a_gate_that_has_no_meaning_is_refused(metric, said):
    with pytest.raises(InvalidFile) as refused:
        gate("{policy: strict}", metric)
    assert said in str(refused.value)


def test_one_arm_alone_allows_nothing_newly():
    text = """\
tvc: 1
scenarios:
  - id: load
    policy: salesforce
    workload: {users: 300}
    expect: [{metric: count(newly_allowed), equals: 0}]
"""
    with pytest.raises(InvalidFile, match="needs two arms"):
        read_scenarios(parse_document(text, "g.tvc.yaml"), Path("g.tvc.yaml"))


# Examples


def cases_of(text):
    return read_scenarios(parse_document(text, "e.tvc.yaml"), Path("e.tvc.yaml")).cases


@pytest.mark.parametrize("difference", DIFFERENCES)
def test_the_shortest_history_of_a_difference_passes_as_a_scenario(shorter, difference):
    pair, divergences = shorter
    example = find_example(divergences, pair, difference)
    assert example is not None
    found = cases_of(example.text)
    assert len(found) == 2
    assert [case.policy.policy.values() for case in found] == [of.policy.values() for of in pair]
    assert [run_case(case).outcome for case in found] == [Outcome.PASSED] * 2


@pytest.mark.parametrize("difference", ["newly_allowed", "newly_denied"])
def test_an_example_shows_the_difference_in_two_requests(shorter, difference):
    pair, divergences = shorter
    baseline, candidate = cases_of(find_example(divergences, pair, difference).text)
    wanted = [case.steps[-1].expect.allowed for case in (baseline, candidate)]
    assert wanted == ([False, True] if difference == "newly_allowed" else [True, False])
    assert len(baseline.steps) == 2  # the code's generation, and what its lifetime decides
    for case, other in ((baseline, candidate), (candidate, baseline)):
        assert run_case(case).outcome is Outcome.PASSED
        swapped = (case.steps[0], replace(case.steps[1], expect=other.steps[1].expect))
        assert run_case(replace(case, steps=swapped)).outcome is Outcome.FAILED


def test_times_of_an_example_are_as_round_as_the_decisions_allow(shorter):
    pair, divergences = shorter
    for difference in ("newly_allowed", "newly_denied"):
        case = cases_of(find_example(divergences, pair, difference).text)[0]
        assert all(step.at_ms % HOUR_MS == 0 for step in case.steps)


def test_there_is_no_example_of_what_does_not_differ():
    same = arms("salesforce,desk.admins=3")
    found = diverge(*same, seed=1, replication=0)
    assert [find_example([found], same, difference) for difference in DIFFERENCES] == [None] * 4


def test_nobodys_secret_and_no_outsiders_raw_name_is_in_an_example():
    pair = arms("salesforce,desk.identity_check=callback")
    found = [diverge(*pair, seed=1, replication=number) for number in range(2)]
    texts = [example.text for of in DIFFERENCES if (example := find_example(found, pair, of))]
    assert texts
    assert all("x:" not in text for text in texts)


@pytest.mark.parametrize(
    ("candidate", "workload"),
    [
        ("two-person", BUSY),
        ("article-wording", BUSY),
        ("salesforce,sign_in.precedence=either", BUSY),
        ("salesforce,rates.subject.limit=1,rates.subject.per=1d", BUSY),
        ("strict", BUSY | {"clocks": {"west": {"offset": "-90s", "drift_ppm": 20}}}),
        ("strict", BUSY | {"lead_in": "3d"}),
    ],
)
def test_whatever_policies_are_compared_every_example_passes(candidate, workload):
    pair = arms(candidate, workload)
    found = [diverge(*pair, seed=2, replication=0)]
    examples = [example for of in DIFFERENCES if (example := find_example(found, pair, of))]
    assert examples
    for example in examples:
        outcomes = [run_case(case).outcome for case in cases_of(example.text)]
        assert outcomes == [Outcome.PASSED] * len(outcomes), example.text
