"""Which assumptions matter: each halved and doubled by itself, on the same people and days."""

from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from math import inf, isnan
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ValidationError

from tvc.domain.distributions import Choice, Distribution, Empirical
from tvc.domain.excess import find_excess
from tvc.domain.workload import WorkloadModel, inputs
from tvc.runs.arms import Arm, assumptions
from tvc.runs.replications import Asked, Plan, Rows, run_arms
from tvc.studies.comparison import LEVEL, Estimate, estimate
from tvc.studies.verdicts import bounds_of

if TYPE_CHECKING:
    import pandas as pd

#: What assumptions are multiplied by.
FACTORS: Final = (0.5, 2.0)


@dataclass(frozen=True, slots=True)
class Bar:
    """One assumption, low and high.

    Attributes
    ----------
    key
        Of the input.
    low, high
        Its values as files spell them.
    base, at_low, at_high
        The metric, or the difference between two arms in it: as it is, and at either value.
    change_low, change_high
        How it changes, pair by pair, against as it is. The intervals at either value and of the
        changes hold for all bars together.
    """

    key: str
    low: object
    high: object
    base: Estimate
    at_low: Estimate
    at_high: Estimate
    change_low: Estimate
    change_high: Estimate

    @property
    def swing(self) -> float:
        """The larger change of the two; one without a number is the largest."""
        sizes = [abs(of.value) for of in (self.change_low, self.change_high)]
        return max(inf if isnan(size) else size for size in sizes)


@dataclass(frozen=True, slots=True)
class Tornado:
    """Assumptions by how much they matter.

    Attributes
    ----------
    bars
        The largest swing first.
    not_varied
        Assumptions that have no half and no double: words, lists, zeros, and what is switched off.
    """

    bars: tuple[Bar, ...]
    not_varied: tuple[str, ...]

    def frame(self) -> "pd.DataFrame":
        """Return one row an assumption, as `tvc.analysis.plots.tornado` draws them.

        Returns
        -------
        pandas.DataFrame
            Columns ``input``, ``low_value``, ``high_value`` (as files spell them), ``base``,
            ``at_low`` and ``at_high`` (times in milliseconds).
        """
        import pandas as pd

        rows = [
            (bar.key, bar.low, bar.high, bar.base.value, bar.at_low.value, bar.at_high.value)
            for bar in self.bars
        ]
        columns = ["input", "low_value", "high_value", "base", "at_low", "at_high"]
        return pd.DataFrame(rows, columns=columns)


def tornado(arms: Sequence[Arm], asked: Asked, plan: Plan) -> Tornado:
    """Halve and double each assumption by itself, and see what that does to a metric.

    Numbers are multiplied, probabilities cut at 1, distributions stretched in time.

    Parameters
    ----------
    arms
        One arm, whose metric it is; or two, whose paired difference it is.
    asked
        The metric.
    plan
        Which replications of every variant, and where they are run.
    """
    variants: dict[tuple[str, float], tuple[Arm, ...]] = {}
    for key in assumptions(arms):
        found = {factor: _all_scaled(arms, key, factor) for factor in FACTORS}
        if any(one != tuple(arms) for one in found.values()):
            variants |= {(key, factor): one for factor, one in found.items()}
    named = {arm.name: arm for arm in (*arms, *(arm for of in variants.values() for arm in of))}
    rows = run_arms(f"tornado of {asked}", list(named.values()), [asked], plan)
    by_name = dict(zip(named, rows, strict=True))

    def values(of: Sequence[Arm]) -> NDArray[np.float64]:
        return _values(asked, [by_name[arm.name] for arm in of])

    base, width = values(arms), len(arms)
    # Of many intervals some are wrong by chance: these hold all together, after Bonferroni.
    level = 1 - (1 - LEVEL) / max(len(variants), 1)
    bars = []
    for key in dict.fromkeys(key for key, _ in variants):
        low, high = (variants[key, factor] for factor in FACTORS)
        bars.append(
            Bar(
                key,
                low=_plain_at(low[0].workload, key),
                high=_plain_at(high[0].workload, key),
                base=_estimate(asked, base, width),
                at_low=_estimate(asked, values(low), width, level),
                at_high=_estimate(asked, values(high), width, level),
                change_low=_change(base, values(low), level),
                change_high=_change(base, values(high), level),
            )
        )
    bars.sort(key=lambda bar: (-bar.swing, bar.key))
    varied = {bar.key for bar in bars}
    return Tornado(tuple(bars), tuple(key for key in assumptions(arms) if key not in varied))


def _values(asked: Asked, rows: Rows) -> NDArray[np.float64]:
    """Return the metric of one arm, or candidate less baseline of two."""
    found = [asked.values(of_arm) for of_arm in rows]
    with np.errstate(invalid="ignore"):
        return found[0] if len(found) == 1 else found[1] - found[0]


def _estimate(
    asked: Asked, values: NDArray[np.float64], arms: int, level: float = LEVEL
) -> Estimate:
    ends = bounds_of(asked.metric)
    if ends is not None and arms > 1:
        ends = (ends[0] - ends[1], ends[1] - ends[0])
    return estimate(values, ends, level)


def _change(base: NDArray[np.float64], values: NDArray[np.float64], level: float) -> Estimate:
    with np.errstate(invalid="ignore"):
        return estimate(values - base, level=level)


def _in_use(key: str, arm: Arm) -> bool:
    workload = arm.workload
    group, _, rest = key.partition(".")
    if key.startswith("desk.checks."):
        return key.startswith(f"desk.checks.{workload.desk.identity_check}.")
    if group == "channel" and rest != "by":
        return key.startswith(f"channel.{workload.channel.by}.")
    if group == "attackers":
        return workload.has_attackers
    if group == "notices":
        return bool(arm.policy.notify)
    return True


def _all_scaled(arms: Sequence[Arm], key: str, factor: float) -> tuple[Arm, ...]:
    """Return the arms with an input multiplied, as they are where that cannot be."""
    if not any(_in_use(key, arm) for arm in arms):
        return tuple(arms)
    return tuple(_scaled(arm, key, factor) for arm in arms)


def _scaled(arm: Arm, key: str, factor: float) -> Arm:
    parts = key.split(".")
    value: Any = arm.workload
    for part in parts:
        value = getattr(value, part)
    scaled = scale(value, factor, inputs()[key].unit)
    if scaled is None or scaled == value:
        return arm
    workload = _with(arm.workload, parts, scaled)
    try:
        WorkloadModel.model_validate(workload.model_dump(exclude_none=True))
    except ValidationError:
        return arm
    if find_excess(workload, arm.policy, unbounded=True):  # halved to nothing, it never ends
        return arm
    return replace(arm, name=f"{arm.name} [{key} x{factor:g}]", workload=workload)


def scale(value: Any, factor: float, unit: str) -> Any:  # noqa: ANN401 - of the input's own type
    """Multiply the value of an input; None where it has no multiple.

    Parameters
    ----------
    value
        A number, a duration in milliseconds, or a distribution.
    factor
        By what.
    unit
        That of the input; a probability or a share is cut at 1, days at seven.

    Examples
    --------
    >>> scale(0.7, 2, "probability"), scale(3, 0.5, "people"), scale("voice", 2, "voice or chat")
    (1.0, 2, None)
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, Distribution):
        return _stretched(value, factor)
    if not isinstance(value, int | float):
        return None
    most = 1.0 if unit.startswith(("probability", "share")) else 7.0 if "per week" in unit else None
    found = value * factor if most is None else min(value * factor, most)
    return found if isinstance(value, float) else int(found + 0.5)


def _stretched(value: Distribution, factor: float) -> Distribution:
    def times(number: Any) -> Any:  # noqa: ANN401 - nested tuples of durations
        return round(number * factor)

    match value:
        case Empirical():
            return replace(value, values_ms=tuple(times(each) for each in value.values_ms))
        case Choice():
            return replace(value, values=tuple((times(each), w) for each, w in value.values))
    changes = {item.name: times(getattr(value, item.name)) for item in fields(value)}
    return replace(value, **changes)


def _with(model: Any, parts: Sequence[str], value: object) -> Any:  # noqa: ANN401 - any part
    first, *rest = parts
    below = _with(getattr(model, first), rest, value) if rest else value
    return model.model_copy(update={first: below})


def _plain_at(workload: WorkloadModel, key: str) -> object:
    value: Any = workload.model_dump()
    for part in key.split("."):
        value = value[part]
    return value
