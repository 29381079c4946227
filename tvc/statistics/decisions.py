"""Decide whether a mean is where it is demanded to be, from limits that hold at every look."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from tvc.statistics.confidence_sequences import MeanSequence

#: Nobody runs more replications.
_LARGEST_RUN: Final = 1_000_000_000


class Verdict(StrEnum):
    """What is said of an expectation."""

    PASS = "pass"
    FAIL = "fail"
    INCONCLUSIVE = "inconclusive"


@dataclass(frozen=True, slots=True)
class Demand:
    """Where a mean has to be, and how often one may be wrong about it.

    Attributes
    ----------
    least, most
        What the mean must not be below and not above; None where it may.
    margin
        How far beyond those the mean has to be for its being passed to count as a miss; 0 or more.
    false_alarm
        Probability of failing a mean within ``least`` and ``most``, on each side that is given.
    miss
        Probability of passing a mean that is beyond by the margin or more.

    Examples
    --------
    >>> from tvc.statistics.confidence_sequences import Bernoulli
    >>> seldom = Demand(least=None, most=0.5, margin=0.1, false_alarm=1e-6, miss=0.01)
    >>> [seldom.decide(Bernoulli(n / 2, n)).value for n in (100, 800)]
    ['inconclusive', 'pass']
    >>> seldom.decide(Bernoulli(70, 100)).value, seldom.decide(Bernoulli(80, 100)).value
    ('inconclusive', 'fail')
    """

    least: float | None
    most: float | None
    margin: float
    false_alarm: float
    miss: float

    def decide(self, sequence: MeanSequence) -> Verdict:
        """Judge by the limits of a run; where it can both fail and pass, it fails."""
        if self.is_above(sequence) or self.is_below(sequence):
            return Verdict.FAIL
        if self.most is not None and not sequence.upper(self.miss) < self.most + self.margin:
            return Verdict.INCONCLUSIVE
        if self.least is not None and not sequence.lower(self.miss) > self.least - self.margin:
            return Verdict.INCONCLUSIVE
        return Verdict.PASS

    def is_above(self, sequence: MeanSequence) -> bool:
        """Tell whether the mean is surely above ``most``."""
        return self.most is not None and sequence.lower(self.false_alarm) > self.most

    def is_below(self, sequence: MeanSequence) -> bool:
        """Tell whether the mean is surely below ``least``."""
        return self.least is not None and sequence.upper(self.false_alarm) < self.least

    def may_be_decided(self, plausible: tuple[float, float], end: MeanSequence) -> bool:
        """Tell whether a verdict at the end is to be hoped for.

        Parameters
        ----------
        plausible
            The lowest and the highest mean that the replications so far leave plausible.
        end
            What they would say at the end, were all like those run.

        Returns
        -------
        bool
            Whether some plausible mean would pass, its limits being as far from it as projected,
            or the projected end itself fails. What can pass is never given up; what cannot is
            gone on with only when it fails as it stands.
        """
        lowest, highest = plausible
        above = end.upper(self.miss) - end.estimate
        below = end.estimate - end.lower(self.miss)
        most = math.inf if self.most is None else self.most + self.margin - above
        least = -math.inf if self.least is None else self.least - self.margin + below
        may_pass = least < most and lowest < most and highest > least
        return may_pass or self.decide(end) is Verdict.FAIL

    def needed(self, sequence: MeanSequence, fewest: int) -> int | None:
        """Return how many replications would decide, were all like those run.

        Parameters
        ----------
        sequence
            What those run say.
        fewest
            Least answer.

        Returns
        -------
        int or None
            None when a billion would not.
        """

        def decides(n: int) -> bool:
            like_these = sequence.projected(n)
            return like_these.trusted and self.decide(like_these) is not Verdict.INCONCLUSIVE

        return _first(decides, fewest)


def _first(holds: Callable[[int], bool], fewest: int) -> int | None:
    """Return the least number for which something holds that then goes on holding."""
    known, tried = fewest - 1, fewest
    while not holds(tried):
        if tried >= _LARGEST_RUN:
            return None
        known, tried = tried, min(2 * tried, _LARGEST_RUN)
    while tried - known > 1:
        middle = (known + tried) // 2
        known, tried = (known, middle) if holds(middle) else (middle, tried)
    return tried
