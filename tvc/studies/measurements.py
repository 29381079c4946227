"""Several arms measured on the same people, side by side."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from tvc.runs.arms import Arm
from tvc.runs.replications import Asked, Plan, find_asked, run_arms
from tvc.studies.comparison import Delta, Estimate, delta_of, estimate, unit_of_numbers
from tvc.studies.trade_offs import plain_size, trade_off_frame
from tvc.studies.verdicts import bounds_of

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Measurements:
    """What came of several arms.

    Attributes
    ----------
    arms, metrics
        What was run and measured, in the order in which it was asked for.
    replications, seed
        Of each arm.
    """

    arms: tuple[Arm, ...]
    metrics: tuple[Asked, ...]
    replications: int
    seed: int
    _values: Mapping[tuple[str, Asked], NDArray[np.float64]] = field(repr=False)

    def values(self, metric: str, arm: str) -> NDArray[np.float64]:
        """Return a metric of an arm in every replication; times in milliseconds."""
        return self._values[arm, self._asked(metric)]

    def estimate(self, metric: str, arm: str) -> Estimate:
        """Return the mean of a metric over the replications of an arm, with its interval."""
        asked = self._asked(metric)
        return estimate(self._values[arm, asked], bounds_of(asked.metric))

    def delta(self, metric: str, baseline: str, candidate: str) -> Delta:
        """Return what one arm changes about another, pair by pair."""
        asked = self._asked(metric)
        return delta_of(asked, self._values[baseline, asked], self._values[candidate, asked])

    def frame(self) -> "pd.DataFrame":
        """Return one row an arm and metric.

        Returns
        -------
        pandas.DataFrame
            Columns ``arm``, ``metric``, ``unit``, ``value``, ``low``, ``high`` (times in
            milliseconds) and ``replications`` (those with a value).
        """
        import pandas as pd

        rows = []
        for arm in self.arms:
            for asked in self.metrics:
                found = self.estimate(str(asked), arm.name)
                rows.append((
                    arm.name, str(asked), unit_of_numbers(asked.unit), found.value, found.low,
                    found.high, found.replications,
                ))  # fmt: skip
        columns = ["arm", "metric", "unit", "value", "low", "high", "replications"]
        return pd.DataFrame(rows, columns=columns)

    def trade_off(self, x: str, y: str) -> "pd.DataFrame":
        """Return one row an arm, as `tvc.analysis.plots.trade_off` draws them.

        Parameters
        ----------
        x, y
            Two of the metrics; of both, less is better.

        Returns
        -------
        pandas.DataFrame
            As `tvc.studies.trade_offs.trade_off_frame` has it, times in hours.
        """
        estimates = [
            (arm.name, self.estimate(x, arm.name), self.estimate(y, arm.name)) for arm in self.arms
        ]
        return trade_off_frame(estimates, plain_size(self._asked(x)), plain_size(self._asked(y)))

    def _asked(self, metric: str) -> Asked:
        return find_asked(metric, self.metrics)


def measure_arms(
    arms: Sequence[Arm], metrics: Sequence[Asked], plan: Plan, *, study: str = "measure"
) -> Measurements:
    """Run every arm in the same replications.

    Parameters
    ----------
    arms
        Their names differ.
    metrics
        What is measured.
    plan
        Which replications, and where they are run.
    study
        What tables and progress call it.
    """
    rows = run_arms(study, arms, metrics, plan)
    values = {
        (arm.name, asked): asked.values(of_arm)
        for arm, of_arm in zip(arms, rows, strict=True)
        for asked in metrics
    }
    return Measurements(tuple(arms), tuple(metrics), len(rows[0]), plan.seed, values)
