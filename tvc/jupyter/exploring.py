"""What the explorer does with the values of its knobs: a scenario, a run, pictures, figures.

The values are written as the scenario file that "Save" writes, and that text is read as any other
file is: what is seen is what the file says, and a wrong combination has the words of its loader.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, floor, isfinite, log10
from pathlib import Path
from typing import Any, Final

from tvc.analysis import plots
from tvc.analysis.style import Picture
from tvc.authority.durations import HOUR_MS
from tvc.domain.cases import Case
from tvc.domain.workload import WorkloadModel
from tvc.files.documents import parse_document
from tvc.files.outputs import write_output
from tvc.files.policies import load_shipped
from tvc.files.scenarios import read_scenarios
from tvc.files.stochastic import override
from tvc.files.writing import write_yaml
from tvc.harness.collect import SUFFIXES
from tvc.jupyter.knobs import KEYS, Value, start_values
from tvc.jupyter.tables import table
from tvc.runs.arms import arms_of
from tvc.runs.replications import Asked
from tvc.studies.comparison_text import speller
from tvc.trace.measures.catalogue import MEASURES, Function, Place
from tvc.trace.measures.metrics import Statistic, headlines
from tvc.world.simulation import Run, simulate_whole

#: What is explored unless something else is asked for: enough people that a picture is steady,
#: few enough that it answers at once.
WORKLOAD: Final[Mapping[str, Any]] = {
    "users": 5_000,
    "horizon": "28d",
    "losses": {"per_user_per_year": 0.5},
    "attackers": {"callers": {"per_day": 1}},
}
SEED: Final = 1

_NAME: Final = "explored"
_FILE: Final = f"{_NAME}.tvc.yaml"
_HEADER: Final = (
    "# From tvc.explore(). The bounds stand above what one run gave: set them to what you can\n"
    "# live with. `tvc test` judges them over many runs.\n"
)
#: Replications that the file asks for: what an unbounded mean takes, and a minute's patience.
_REPLICATIONS: Final = {"min": 30, "max": 100}
#: Of what one run gave, where the bound stands above it and how much is left open.
_BOUND: Final = 1.3
_MARGIN: Final = 0.2
#: What the file bounds: what the desk notices, and what an attacker would.
_BOUNDED: Final = tuple(
    Statistic(Function.MEAN, MEASURES[name]) for name in ("repeat_calls", "exposure")
)


# From values to a run


@dataclass(frozen=True)
class Start:
    """Where exploring starts.

    Attributes
    ----------
    policy
        The shipped policy whose knobs are turned.
    workload
        In the form of files.
    values
        Where every knob stands then, by its key.
    """

    policy: str
    workload: Mapping[str, Any]
    values: Mapping[str, Value]

    @classmethod
    def of(cls, policy: str, workload: Mapping[str, Any] | None) -> "Start":
        """Start from a shipped policy and a workload in the form of files.

        Raises
        ------
        LookupError
            If no shipped policy has that name.
        pydantic.ValidationError, ValueError
            If the workload is not one, or a knob has no place for what they say.
        """
        plain = dict(WORKLOAD if workload is None else workload)
        model = WorkloadModel.model_validate(plain)
        return cls(policy, plain, start_values(load_shipped(policy).policy, model, SEED))

    def changes(self, values: Mapping[str, Value]) -> dict[str, Value]:
        """Return what was turned since, by key, as files write it."""
        return {
            key: KEYS[key].spell(value)
            for key, value in values.items()
            if value != self.values[key]
        }

    def document(self, values: Mapping[str, Value]) -> dict[str, Any]:
        """Return the scenario file of these values, in plain form."""
        changes = self.changes(values)
        turned = {key: value for key, value in changes.items() if KEYS[key].of == "policy"}
        inputs = {key: value for key, value in changes.items() if KEYS[key].of == "workload"}
        head: dict[str, Any] = {"tvc": 1}
        if turned:
            head["policies"] = {_NAME: {"extends": self.policy, "set": turned}}
        scenario = {
            "id": _NAME,
            "policy": _NAME if turned else self.policy,
            "workload": override(self.workload, inputs),
            "run": {"replications": dict(_REPLICATIONS), "seed": values["seed"]},
        }
        return head | {"scenarios": [scenario]}


@dataclass(frozen=True)
class Explored:
    """What came of the values of the knobs.

    Attributes
    ----------
    now
        The run under these values.
    start
        That where exploring started, on the same people and days.
    """

    now: Run
    start: Run

    @property
    def moved(self) -> bool:
        """Whether anything but the seed differs from the start."""
        return (self.now.policy, self.now.workload) != (self.start.policy, self.start.workload)


def explore_values(start: Start, values: Mapping[str, Value]) -> Explored:
    """Run what the knobs say, and the start beside it.

    Parameters
    ----------
    start
        Where exploring starts.
    values
        Where every knob stands, by its key.

    Raises
    ------
    InvalidFile
        If the values contradict each other, in the words of the loaders.
    """
    at_start = write_yaml(start.document({**start.values, "seed": values["seed"]}))
    return Explored(_run(write_yaml(start.document(values))), _run(at_start))


@lru_cache(maxsize=16)
def _run(text: str) -> Run:
    (case,) = _read(text, Path(_FILE))
    (arm,) = arms_of(case)
    return simulate_whole(arm.policy, arm.workload, case.study["run"]["seed"])


def _read(text: str, path: Path) -> tuple[Case, ...]:
    return read_scenarios(parse_document(text, str(path)), path).cases


# Pictures

_BOTH: Final[Mapping[str, Callable[[Mapping[str, Run]], Picture]]] = {
    "Time to access": lambda runs: plots.ecdf({name: run.histograms for name, run in runs.items()}),
    "Stranded users": lambda runs: plots.stranded(
        {name: run.summary for name, run in runs.items()}
    ),
}
_ONE: Final[Mapping[str, Callable[[Run], Picture]]] = {
    "Exposure": lambda run: plots.exposure(run.codes),
    "Live codes": lambda run: plots.live_codes(run.series),
    "Lifelines": lambda run: plots.lifelines(run.events, codes=run.codes),
    "The desk": lambda run: plots.desk(run.series),
    "What is refused": lambda run: plots.denials(run.series),
    "Outsiders' access": lambda run: plots.outsider_access(run.takeovers),
}

#: What can be looked at.
PICTURES: Final = (*_BOTH, *_ONE)


def shows_both(kind: str) -> bool:
    """Say whether one of `PICTURES` shows the start beside what is now."""
    return kind in _BOTH


def draw(kind: str, explored: Explored) -> Picture:
    """Draw one of `PICTURES`: of now, and of the start in the same axes where that can be."""
    if kind in _ONE:
        return _ONE[kind](explored.now)
    runs = {"start": explored.start, "now": explored.now}
    return _BOTH[kind](runs if explored.moved else {"": explored.now})


# Figures


def headline(explored: Explored) -> str:
    """Return the headline figures as HTML: at the start, now, and what changed."""
    attacked = any(run.workload.has_attackers for run in (explored.start, explored.now))
    horizon = explored.now.workload.horizon
    rows = []
    for metric in headlines(Place.EXPLORER):
        if metric.measure.by_attackers and not attacked:
            continue
        asked = Asked(metric)
        spell = speller(asked, horizon, bare=True)
        change = speller(asked, horizon, signed=True, bare=True)
        at_start, now = (run.measured.value(metric) for run in (explored.start, explored.now))
        both = isfinite(at_start) and isfinite(now)
        rows.append(
            (
                metric.label, spell(at_start), spell(now),
                ("same" if now == at_start else change(now - at_start)) if both else "",
            )
        )  # fmt: skip
    caption = (
        "One run of each, on the same people and days; totals are by the week. "
        "What is sure and what is chance, tvc compare tells."
    )
    return table(caption, ("", "at the start", "now", "change"), rows, numbers={1, 2, 3})


# Saving


class NotSaved(ValueError):
    """A file that was not written, and why."""


def scenario_text(start: Start, values: Mapping[str, Value]) -> str:
    """Return the scenario file of these values, with bounds above what one run gave.

    Raises
    ------
    InvalidFile
        As for `explore_values`.
    """
    run = explore_values(start, values).now
    document = start.document(values)
    (scenario,) = document["scenarios"]
    scenario["expect"] = [_expectation(metric, run.measured.value(metric)) for metric in _BOUNDED]
    return _HEADER + write_yaml(document)


def _expectation(metric: Statistic, value: float) -> dict[str, Any]:
    hours = metric.unit.is_time
    bound = _two_figures((value / HOUR_MS if hours else value) * _BOUND)
    margin = max(1, round(bound * _MARGIN))
    if hours:
        return {"metric": str(metric), "at_most": f"{bound}h", "margin": f"{margin}h"}
    return {"metric": str(metric), "at_most": bound, "margin": margin}


def _two_figures(number: float) -> int:
    """Round up to a whole number of two figures, such as a person would choose.

    Examples
    --------
    >>> _two_figures(1234.5), _two_figures(7.2), _two_figures(0.0)
    (1300, 8, 1)
    """
    if number <= 1:
        return 1
    step: int = 10 ** max(0, floor(log10(number)) - 1)
    return ceil(number / step) * step


def save(start: Start, values: Mapping[str, Value], name: str, *, replace: bool = False) -> Path:
    """Write the scenario file of these values.

    Parameters
    ----------
    start, values
        As for `explore_values`.
    name
        The file; without a suffix of scenario files, ``.tvc.yaml`` is added.
    replace
        Whether a file of that name is replaced.

    Raises
    ------
    FileExistsError
        If there is a file of that name, and it is not to be replaced.
    NotSaved
        If the file has no name, or cannot be written; the message says why.
    InvalidFile
        As for `explore_values`, or if what the workload refers to is not beside the file.
    """
    name = name.strip()
    if not name:
        raise NotSaved(f"a file needs a name, such as {_FILE}")
    path = Path(name if name.endswith(SUFFIXES) else f"{name}{SUFFIXES[0]}")
    text = scenario_text(start, values)
    _read(text, path)
    try:
        if path.exists() and not replace:
            raise FileExistsError(str(path))
        write_output(path, text)
    except FileExistsError:
        raise
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or str(error)
        raise NotSaved(f"{path} cannot be written: {why}") from None
    return path
