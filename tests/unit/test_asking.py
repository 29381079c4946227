"""A study is planned once, as a value; asking it runs what was planned and nothing else."""

from dataclasses import FrozenInstanceError, replace

import pytest

from tvc.runs.replications import Plan
from tvc.studies import asking, comparing, tornado
from tvc.studies.asking import ask, plan_solving, plan_turning, plan_varying, plan_weighing
from tvc.studies.asking_text import answer_lines
from tvc.studies.comparing import plan_comparing, run_comparing
from tvc.studies.subject import CannotPlan, find_subject, read_asked

SMALL = """\
tvc: 1
scenarios:
  - id: small
    policy: salesforce
    workload: {users: 30, horizon: 2d, drain: 1d, lead_in: 0s, losses: {per_user_per_year: 40}}
    run: {warmup: 1h}
"""


@pytest.fixture
def subject(tmp_path):
    path = tmp_path / "small.tvc.yaml"
    path.write_text(SMALL)
    return replace(find_subject(str(path), "small", {}), name="small.tvc.yaml::small")


def planned(subject):
    plan = Plan(2, seed=1)
    return [
        plan_varying(subject, plan, ["lifetime.max=1h,4h"], ["mean(calls)"], None),
        plan_weighing(subject, plan, "mean(calls)"),
        plan_turning(subject, plan, "mean(calls)", "desk.admins=1..2", ("salesforce", "strict")),
        plan_solving(subject, plan, "desk.admins=1..2", "mean(calls) <= 30"),
    ]


def test_a_planned_study_is_frozen_and_nothing_was_run_for_it(subject, monkeypatch):
    def refuse(*_, **__):
        raise AssertionError("something was run")

    for module, name in ((asking, "sweep"), (tornado, "tornado"), (comparing, "compare")):
        monkeypatch.setattr(module, name, refuse)
    arms = {"baseline": "salesforce", "candidate": "strict"}
    studies = [*planned(subject), plan_comparing(subject, Plan(2, seed=1), arms, None, None)]
    for study in studies:
        assert study.plan.warmup_ms == 3_600_000
        with pytest.raises(FrozenInstanceError):
            study.plan = None


def test_an_answer_holds_its_question_and_is_told_of_that_alone(subject):
    question = planned(subject)[0]
    answer, again = ask(question), ask(question)
    assert answer.question is question
    assert answer_lines(answer) == answer_lines(again)
    assert answer_lines(answer)[-2] == (
        "small.tvc.yaml::small: 2 replications of 47h, the same people and days everywhere (seed 1)"
    )


def test_a_comparison_that_is_run_holds_what_was_planned(subject):
    arms = {"baseline": "salesforce", "candidate": "strict"}
    asked = read_asked(["mean(calls)"])
    plan = plan_comparing(subject, Plan(2, seed=1), arms, asked, None)
    found = run_comparing(plan)
    assert found.planned is plan
    assert found.found.measured_ms == 47 * 3_600_000
    assert found.newly_allowed == sum(of.counts["newly_allowed"] for of in found.divergences)


@pytest.mark.parametrize(
    ("part", "ask_for"),
    [
        ("metric", lambda s, p: plan_varying(s, p, ["lifetime.max=1h"], ["nosuch"], None)),
        ("vary", lambda s, p: plan_varying(s, p, ["lifetme.max=1h"], [], None)),
        ("front", lambda s, p: plan_varying(s, p, ["lifetime.max=1h"], [], "mean(calls)")),
        ("tornado", lambda s, p: plan_weighing(s, p, "nosuch")),
        ("break_even", lambda s, p: plan_turning(s, p, "nosuch", "desk.admins=1..2", ("a", "b"))),
        ("input", lambda s, p: plan_turning(s, p, "mean(calls)", "desk.admins", ("a", "b"))),
        (
            "arms",
            lambda s, p: plan_turning(
                s, p, "mean(calls)", "desk.admins=1..2", ("strict", "strict")
            ),
        ),
        ("for", lambda s, p: plan_solving(s, p, "desk.admins=1..2", "mean(calls)")),
        ("solve", lambda s, p: plan_solving(s, p, "desk.admins=2..1", "mean(calls) <= 3")),
        (
            "candidate",
            lambda s, p: plan_comparing(
                s, p, {"baseline": "strict", "candidate": "nosuch"}, None, None
            ),
        ),
    ],
)
def test_what_cannot_be_asked_says_which_part_of_the_question_is_wrong(subject, part, ask_for):
    with pytest.raises(CannotPlan) as caught:
        ask_for(subject, Plan(2, seed=1))
    assert caught.value.part == part
    assert str(caught.value)
