"""What a study tells its caller."""

from tvc.harness.exits import Exit, strongest
from tvc.harness.outcomes import Outcome
from tvc.workbench.mutation.scoring import Study
from tvc.workbench.mutation.trials import Status


def exit_of(study: Study, min_score: float | None = None) -> Exit:
    """Return the exit code of a study.

    A case that fails as it is can notice nothing, so a suite with one is not well, however many
    mutants the others kill: that is `Exit.FAILED`. Where nothing was judged there is no score,
    and so no gate that could be passed.

    Parameters
    ----------
    study
        What came of it.
    min_score
        The percentage of mutants that must be noticed; None for no gate.
    """
    outcomes = {result.outcome for result in study.left_out}
    codes = []
    if study.invalid:
        return Exit.INVALID
    if Outcome.ERROR in outcomes or study.counts[Status.BROKEN]:
        codes.append(Exit.INTERNAL)
    if Outcome.FAILED in outcomes:
        codes.append(Exit.FAILED)
    if study.score is None:
        codes.append(Exit.NOTHING_RAN)
    elif min_score is not None and study.score < min_score:
        codes.append(Exit.GATE_MISSED)
    else:
        codes.append(Exit.PASS)
    return strongest(codes)
