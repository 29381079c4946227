"""What a simulation came to, for people and for programs."""

from collections.abc import Iterator
from math import isfinite
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tvc.studies.expectations import StudyJudgement
    from tvc.studies.verdicts import Judgement


def study_lines(study: "StudyJudgement") -> Iterator[str]:
    """Yield what people read of a simulation: each verdict with its estimate, and what it rests on.

    Parameters
    ----------
    study
        What came of it.
    """
    yield from (judgement.sentence for judgement in study.judgements)
    if study.warmup:
        yield study.warmup
    count = len(study.assumptions)
    inputs = "1 input is an assumption" if count == 1 else f"{count} inputs are assumptions"
    yield f"{study.replications} replications, seed {study.seed}; {inputs}"


def study_row(study: "StudyJudgement") -> dict[str, Any]:
    """Return what programs read of a simulation; numbers that are not finite are null."""
    return {
        "replications": study.replications,
        "seed": study.seed,
        "warmup_ms": study.warmup_ms,
        "assumptions": list(study.assumptions),
        "metrics": [_metric(judgement) for judgement in study.judgements],
    }


def _metric(judgement: "Judgement") -> dict[str, Any]:
    return {
        "metric": judgement.metric,
        "bound": judgement.bound,
        "verdict": str(judgement.verdict),
        "estimate": _number(judgement.estimate),
        "low": _number(judgement.low),
        "high": _number(judgement.high),
        "level": judgement.level,
        "method": judgement.method,
        "replications": judgement.replications,
        "missing": judgement.missing,
        "needed": judgement.needed,
        "sentence": judgement.sentence,
    }


def _number(value: float) -> float | None:
    return value if isfinite(value) else None
