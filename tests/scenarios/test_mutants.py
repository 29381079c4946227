"""The shipped scenarios notice every change of their policies and of the law that anybody could."""

from functools import cache
from pathlib import Path

import pytest

from tvc.files.scenarios import load_scenarios
from tvc.harness.collect import Loading, find_files
from tvc.harness.selection import Selection
from tvc.workbench.mutation.scoring import Request, prepare
from tvc.workbench.mutation.trials import Status, notices

FOLDER = Path(__file__).parents[2] / "scenarios"

#: Parts of the work, for several processes to share.
PARTS = 8


@cache
def bench():
    """Every shipped case that passes, and all mutants of its policy and of the law."""
    cases = [case for file in find_files([FOLDER]) for case in load_scenarios(file).cases]
    made, left_out = prepare(cases, Request((), Loading({}), Selection(), law=True))
    assert [result.name for result in left_out if result.outcome in ("failed", "error")] == []
    return made


@pytest.mark.parametrize("part", range(PARTS))
def test_every_mutant_that_could_be_noticed_is_noticed_by_a_case(part):
    numbers = range(part, len(bench().groups), PARTS)
    verdicts = [verdict for number in numbers for verdict in bench().judge(number)]
    assert verdicts
    ends = (Status.KILLED, Status.EQUIVALENT)
    assert [one.change.id for one in verdicts if one.status not in ends] == []


def test_there_are_enough_mutants_for_that_to_mean_something():
    count = sum(len(list(group.mutants())) for group in bench().groups)
    assert count >= 900


def test_no_case_notices_a_mutant_that_is_said_to_be_equivalent():
    mutants = [mutant for group in bench().groups for mutant in group.mutants()]
    claimed = [mutant for mutant in mutants if mutant.equivalent is not None]
    assert len(claimed) < 0.1 * len(mutants)
    for mutant in claimed:
        for subject in bench().subjects:
            if mutant.reaches(subject.case):
                assert not notices(mutant, subject.case), (mutant.change.id, subject.case.name)


@pytest.mark.nightly
def test_a_case_notices_nothing_that_it_does_not_meet():
    """Leaving out the cases that do not meet a mutant changes no score."""
    for group in bench().groups:
        for mutant in group.mutants():
            for subject in bench().subjects:
                if mutant.reaches(subject.case) and not mutant.meets(subject.met):
                    assert not notices(mutant, subject.case), (mutant.change.id, subject.case.name)
