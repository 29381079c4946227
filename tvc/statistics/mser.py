"""Where a warm-up ends."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

_BATCH: Final = 5
#: The last batches are no candidates: the spread of so few is small by luck.
_FEWEST_KEPT: Final = 5
_FEWEST_BATCHES: Final = 10


@dataclass(frozen=True, slots=True)
class Truncation:
    """Where a series is cut.

    Attributes
    ----------
    cut_index
        Index of the first observation that is kept; 0 keeps all.
    refused
        Whether the series is too short to say, or shows no end of the warm-up. The cut is then
        not to be relied upon.
    sentence
        The same, for people.
    """

    cut_index: int
    refused: bool
    sentence: str


def mser5(series: Sequence[float]) -> Truncation:
    """Find the end of the warm-up of a series.

    The series is averaged over batches of five observations. Of all cuts, the one is taken that
    makes the standard error of what remains least: cutting more either removes what is not
    typical, or only shortens the series.

    Parameters
    ----------
    series
        Finite observations at equal distances of time, from the start of the run. Up to four at
        the end that fill no batch are left out.

    Returns
    -------
    Truncation
        Refused when the cut falls in the second half: the series then still changes at its end.

    Raises
    ------
    ValueError
        If an observation is not finite.

    Notes
    -----
    With k batches Y and a cut after d of them, the statistic is
    ``sum((Y[i] - mean(Y[d:])) ** 2 for i in range(d, k)) / (k - d) ** 2``.

    SOURCE: White (1997), "An effective truncation heuristic for bias reduction in simulation
    output", Simulation 69; White, Cobb & Spratt (2000), "A comparison of five steady-state
    truncation heuristics for simulation", Winter Simulation Conference.

    Examples
    --------
    >>> mser5([90.0] * 10 + [9.0, 10.0, 11.0, 10.0, 12.0] * 20)
    Truncation(cut_index=10, refused=False, sentence='the first 10 of 110 observations are warm-up')
    """
    observations = np.asarray(series, dtype=float)
    if not np.isfinite(observations).all():
        raise ValueError("a warm-up can only be found among finite observations")
    count = observations.size // _BATCH
    if count < _FEWEST_BATCHES:
        return Truncation(
            0,
            True,
            f"{observations.size} observations are too few to find a warm-up in: "
            f"it takes {_BATCH * _FEWEST_BATCHES}",
        )
    batches = observations[: count * _BATCH].reshape(count, _BATCH).mean(axis=1)
    # Less their mean, since the sums of squares of large numbers cancel badly.
    centred = batches - batches.mean()
    kept = np.arange(count, 0, -1)
    sums = centred[::-1].cumsum()[::-1]
    squares = (centred**2)[::-1].cumsum()[::-1]
    errors = np.maximum(squares - sums**2 / kept, 0.0) / kept**2
    batches_cut = int(errors[: count - _FEWEST_KEPT + 1].argmin())
    cut = batches_cut * _BATCH
    if 2 * batches_cut > count:
        return Truncation(
            cut,
            True,
            f"no end of the warm-up is seen: the best cut, after {cut} of {observations.size} "
            "observations, is in the second half; run for longer",
        )
    if cut == 0:
        return Truncation(0, False, f"none of {observations.size} observations is warm-up")
    return Truncation(
        cut, False, f"the first {cut} of {observations.size} observations are warm-up"
    )
