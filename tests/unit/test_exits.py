"""Exit codes say what came of a run, the strongest first, and nothing else moves them."""

from itertools import product

import pytest

from tvc.files.faults import Fault
from tvc.harness.exits import PRECEDENCE, Exit, code_of, exit_of, strongest
from tvc.harness.outcomes import CaseResult, Outcome, SuiteResult

#: The order that users are promised, written out: 3 > 2 > 4 > 1 > 6 > 7 > 5 > 0.
ORDER = (3, 2, 4, 1, 6, 7, 5, 0)
FAULT = Fault("a.tvc.yaml", 1, 1, "wrong")


def result(outcome):
    return CaseResult("a::x", "a", 1, 1, Outcome(outcome), (), "0", 0)


def suite(*outcomes, **parts):
    return SuiteResult(tuple(map(result, outcomes)), **parts)


@pytest.mark.parametrize(("one", "other"), list(product(ORDER, ORDER)))
def test_of_two_codes_the_one_earlier_in_the_promised_order_is_told(one, other):
    expected = min(one, other, key=ORDER.index)
    assert strongest([Exit(one), Exit(other)]) == expected
    assert strongest(iter([Exit(other), Exit(one)])) == expected


def test_the_numbers_are_those_that_users_rely_on():
    assert {code.name: int(code) for code in Exit} == {
        "PASS": 0,
        "FAILED": 1,
        "INTERRUPTED": 2,
        "INTERNAL": 3,
        "INVALID": 4,
        "NOTHING_RAN": 5,
        "INCONCLUSIVE": 6,
        "GATE_MISSED": 7,
    }
    assert tuple(map(int, PRECEDENCE)) == ORDER


def test_no_code_at_all_means_that_nothing_ran():
    assert strongest([]) == 5


OUTCOME_CODES = {
    "passed": 0,
    "xfailed": 0,
    "failed": 1,
    "error": 3,
    "inconclusive": 6,
    "skipped": None,
}


@pytest.mark.parametrize("outcome", list(Outcome))
def test_every_outcome_has_its_code_and_a_skipped_case_has_none(outcome):
    assert code_of(outcome) == OUTCOME_CODES[outcome]


@pytest.mark.parametrize(("one", "other"), list(product(Outcome, Outcome)))
def test_a_suite_of_two_outcomes_exits_with_the_stronger_of_their_codes(one, other):
    codes = [OUTCOME_CODES[outcome] for outcome in (one, other)]
    ran = [code for code in codes if code is not None]
    assert exit_of(suite(one, other)) == min(ran, key=ORDER.index, default=5)


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (suite("passed", interrupted=True), 2),
        (suite("failed", interrupted=True), 2),
        (suite("error", interrupted=True), 3),
        (suite(interrupted=True), 2),
        (suite(invalid=(FAULT,)), 4),
        (suite(invalid=(FAULT,), interrupted=True), 2),
        (suite("failed", stopped=True), 1),
        (suite("passed", deselected=7), 0),
        (suite(deselected=7), 5),
        (suite(), 5),
        (suite("skipped", "skipped"), 5),
        (suite("skipped", "failed"), 1),
    ],
)
def test_what_befell_the_run_as_a_whole_counts_by_the_same_order(made, code):
    assert exit_of(made) == code


@pytest.mark.parametrize(
    ("made", "code"),
    [
        (suite(), 0),
        (suite("skipped"), 0),
        (suite(deselected=3), 0),
        (suite("failed", "skipped"), 1),
        (suite("error"), 3),
        (suite("inconclusive"), 6),
        (suite(invalid=(FAULT,)), 4),
        (suite(interrupted=True), 2),
    ],
)
def test_allow_empty_forgives_that_nothing_ran_and_nothing_more(made, code):
    assert exit_of(made, allow_empty=True) == code
