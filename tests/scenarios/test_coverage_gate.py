"""The shipped scenarios try the whole law; what a change leaves untried fails here by name."""

from functools import cache
from pathlib import Path

import pytest

from tvc.files.scenarios import load_scenarios
from tvc.harness.collect import find_files
from tvc.harness.outcomes import SuiteResult
from tvc.harness.runner import run_guarded
from tvc.workbench.coverage.measuring import Coverage, measure
from tvc.workbench.coverage.units import Group

FOLDER = Path(__file__).parents[2] / "scenarios"


@cache
def shipped() -> Coverage:
    cases = [case for file in find_files([FOLDER]) for case in load_scenarios(file).cases]
    # What is simulated has no steps that could cover anything, and is run as a test of its own.
    return measure(SuiteResult(tuple(run_guarded(case) for case in cases if not case.stochastic)))


@pytest.mark.parametrize("group", list(Group))
def test_the_shipped_scenarios_cover_every_unit_of_the_law(group):
    assert [unit.id for unit in shipped().missing if unit.group is group] == []


def test_every_shipped_file_covers_something():
    played = [
        str(file)
        for file in find_files([FOLDER])
        if not all(case.stochastic for case in load_scenarios(file).cases)
    ]
    covered = {file for file, ids in shipped().files.items() if ids}
    assert [file for file in played if file not in covered] == []
