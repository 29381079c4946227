"""What people read of an answer: its lines, and what it rests on."""

from tvc.authority.durations import format_duration
from tvc.studies.asking import Answer, Solved, Turned, Varied, Weighed
from tvc.studies.comparison_text import assumptions_line
from tvc.studies.questions_text import break_even_lines, solution_lines, tornado_lines
from tvc.studies.sweeps_text import front_lines, sweep_lines


def answer_lines(answer: Answer) -> list[str]:
    """Return the answer to a question, then how many replications of what it is of."""
    asked = answer.question
    measured = format_duration(asked.measured_ms)
    return [
        *_lines(answer, asked.measured_ms),
        "",
        f"{asked.subject.name}: {answer.replications} replications of {measured}, the same people "
        f"and days everywhere (seed {asked.plan.seed})",
        assumptions_line(asked.arms),
    ]


def _lines(answer: Answer, measured_ms: int) -> list[str]:
    match answer:
        case Varied(asked, found):
            lines = sweep_lines(found, measured_ms)
            if asked.sides:
                lines += ["", *front_lines(found, asked.sides[0], asked.sides[1], measured_ms)]
            return lines
        case Weighed(weighing, bars):
            return tornado_lines(bars, weighing.asked, measured_ms)
        case Turned(turning, turned):
            asked_of = (turning.axis.key, turning.asked, turning.names)
            return break_even_lines(turned, *asked_of, measured_ms)
        case Solved(solving, solution):
            return solution_lines(solution, solving.axis.key, solving.bound, measured_ms)
