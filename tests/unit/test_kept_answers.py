"""A results folder keeps every replication of a question, however many goes its answer takes."""

from pathlib import Path

import pytest

from tvc.runs import replications
from tvc.runs.arms import replicate

LOAD = """\
tvc: 1
scenarios:
  - id: load
    policy: salesforce
    workload: {users: 50, horizon: 1d, drain: 1d, losses: {per_user_per_year: 80}}
    run: {seed: 1}
"""
#: As few as have an interval: which of them are run is asked here, and not what comes of them.
REPLICATIONS = 2
COMMON = ("-n", str(REPLICATIONS), "--results", "kept")
SOLVE = ("sweep", "load.tvc.yaml", *COMMON, "--solve", "desk.admins=1..9",
         "--for", "p95(desk.wait) <= 5m")  # fmt: skip
BREAK_EVEN = ("sweep", "load.tvc.yaml", *COMMON, "--break-even", "mean(calls)",
              "--input", "work.session=1h..9h", "--arms", "salesforce", "strict")  # fmt: skip
TORNADO = ("sweep", "load.tvc.yaml", *COMMON, "--tornado", "mean(calls)")
COMPARE = ("compare", "salesforce", "strict", "--on", "load.tvc.yaml", *COMMON,
           "--metric", "mean(calls)")  # fmt: skip
FLIP = (*COMPARE, "--flip", "mean(calls)")


@pytest.fixture(autouse=True)
def load(write):
    """A folder with a load to ask questions of."""
    write(load=LOAD)


@pytest.fixture
def ran(monkeypatch):
    """Which replications were run, rather than read."""
    seen = []

    def spied(arm, seed, number, **options):
        seen.append((arm.name, number))
        return replicate(arm, seed, number, **options)

    monkeypatch.setattr(replications, "replicate", spied)
    return seen


def parts():
    return sorted(Path("kept").glob("part-*.parquet"))


@pytest.mark.parametrize(
    "words", [SOLVE, BREAK_EVEN, TORNADO, FLIP], ids=["solve", "break-even", "tornado", "flip"]
)
def test_an_answer_that_is_kept_is_given_again_without_a_run(call, ran, words):
    first = call(*words)
    assert first.code == 0, first.err
    assert len(ran) > 6
    ran.clear()
    refused = call(*words)
    assert (refused.code, "--resume" in refused.err) == (4, True)
    again = call(*words, "--resume")
    assert (again.out, ran) == (first.out, [])


def test_what_was_lost_of_an_answer_is_all_that_is_run_again(call, ran):
    first = call(*SOLVE)
    # Each value that was tried is a part.
    assert len(parts()) == len(ran) / REPLICATIONS > 2
    parts()[0].unlink()
    ran.clear()
    assert call(*SOLVE, "--resume").out == first.out
    assert len(ran) == REPLICATIONS
    assert len({name for name, _ in ran}) == 1


def test_what_would_flip_a_choice_may_be_asked_once_the_comparison_is_there(call, ran):
    call(*COMPARE)
    compared = len(ran)
    later = call(*FLIP, "--resume")
    Path("kept").rename("earlier")
    ran.clear()
    assert call(*FLIP).out == later.out
    assert ran[:compared] == [
        (name, n) for n in range(REPLICATIONS) for name in ("salesforce", "strict")
    ]


@pytest.mark.parametrize(
    "other",
    [
        (*SOLVE[:-2], "--for", "p95(time_to_access) <= 5m"),
        ("sweep", "load.tvc.yaml", *COMMON, "--solve", "desk.admins=1..8", *SOLVE[-2:]),
        (*SOLVE, "--seed", "2"),
        TORNADO,
        COMPARE,
    ],
    ids=["another metric", "another range", "another seed", "tornado", "compare"],
)
def test_a_folder_that_keeps_another_answer_is_refused(call, other):
    assert call(*SOLVE).code == 0
    refused = call(*other, "--resume")
    assert (refused.code, "other inputs" in refused.err) == (4, True)
