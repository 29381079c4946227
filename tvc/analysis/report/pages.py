"""The page of whatever was asked: each kind of answer has a report of its own."""

from collections.abc import Sequence
from dataclasses import replace

from tvc.analysis.report import answered, compared, simulated, swept
from tvc.analysis.report.evidence import Origin
from tvc.analysis.report.names import named_without_folders, without_folders
from tvc.analysis.report.page import Page
from tvc.studies.asking import Answer, Solved, Turned, Varied, Weighed
from tvc.studies.comparing import Compared
from tvc.studies.simulating import Simulated


def page_of_answer(answer: Answer, words: Sequence[str]) -> Page:
    """Return the report of an answer.

    Parameters
    ----------
    answer
        What is told of.
    words
        Of the command line that makes the same page.
    """
    asked = answer.question
    runs = f"{answer.replications} replications"
    study = without_folders(asked.subject.name)
    origin = Origin(study, tuple(words), asked.plan.seed, asked.measured_ms, runs)
    match answer:
        case Varied(varying, found):
            return swept.swept(found, varying.sides, origin)
        case Weighed(weighing, bars):
            return answered.tornado_answered(bars, weighing.asked, weighing.arms[0], origin)
        case Turned(turning, turned):
            arms = named_without_folders(turning.arms)
            return answered.break_even_answered(
                turned, turning.axis.key, turning.asked, arms, origin
            )
        case Solved(solving, solution):
            return answered.solved(solution, solving.axis.key, solving.bound, solving.arms, origin)


def page_of_comparison(answer: Compared, words: Sequence[str]) -> Page:
    """Return the report of a comparison; see `page_of_answer`."""
    planned, found = answer.planned, answer.found
    baseline, candidate = named_without_folders((found.baseline, found.candidate))
    named = replace(found, baseline=baseline, candidate=candidate)
    runs = f"{found.replications} replications"
    study = without_folders(planned.subject.name)
    origin = Origin(study, tuple(words), found.seed, found.measured_ms, runs)
    flip = None
    if planned.flipped is not None and answer.bars is not None:
        flip = (planned.flipped, answer.bars)
    return compared.compared(named, answer.divergences, origin, flip)


def page_of_run(answer: Simulated, words: Sequence[str]) -> Page:
    """Return the report of a run that came to its end; see `page_of_answer`."""
    run = answer.run
    measured_ms = run.window.horizon_ms - run.window.start_ms
    which = f"replication {run.replication}"
    origin = Origin(without_folders(answer.name), tuple(words), run.seed, measured_ms, which)
    return simulated.simulated(run, origin)
