"""Measuring: what a suite covers of the law, file by file, and whether that is enough."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from tvc.authority.decide import LAW, Law
from tvc.harness.outcomes import SuiteResult
from tvc.workbench.coverage.collecting import units_covered
from tvc.workbench.coverage.units import Group, Unit, units_of


@dataclass(frozen=True, slots=True)
class Share:
    """How many of some units are covered."""

    covered: int
    total: int

    @property
    def percent(self) -> float:
        """The share in percent with one decimal, never rounded up: 100 means all."""
        return 100.0 if not self.total else self.covered * 1000 // self.total / 10


@dataclass(frozen=True)
class Coverage:
    """What a suite covers.

    Attributes
    ----------
    units
        All there is to cover.
    files
        The ids that each scenario file covers, in the order in which the files ran.
    cases
        How many cases of each file were played, whatever came of them.
    complete
        Whether every selected case was reached.
    """

    units: tuple[Unit, ...]
    files: Mapping[str, frozenset[str]]
    cases: Mapping[str, int]
    complete: bool

    @cached_property
    def covered(self) -> frozenset[str]:
        """The ids that any file covers."""
        return frozenset().union(*self.files.values())

    @property
    def missing(self) -> tuple[Unit, ...]:
        """The units that no file covers."""
        return tuple(unit for unit in self.units if unit.id not in self.covered)

    def share(self, group: Group | None = None) -> Share:
        """Return the share of one group, or of all units."""
        units = [unit for unit in self.units if group in (None, unit.group)]
        return Share(sum(unit.id in self.covered for unit in units), len(units))

    def reaches(self, percent: float) -> bool:
        """Whether at least so much of all units is covered."""
        share = self.share()
        return share.covered * 100 >= percent * share.total


def measure(suite: SuiteResult, law: Law = LAW) -> Coverage:
    """Measure a suite that has run.

    Parameters
    ----------
    suite
        What came of it; nothing of it is changed. Cases that were not played cover nothing.
    law
        The law it ran under.
    """
    files: dict[str, frozenset[str]] = {}
    cases: dict[str, int] = {}
    for result in suite.results:
        known = files.setdefault(result.file, frozenset())
        cases.setdefault(result.file, 0)
        if result.run is not None:
            files[result.file] = known | units_covered(result.run, law)
            cases[result.file] += 1
    complete = not (suite.interrupted or suite.stopped or suite.invalid)
    return Coverage(units_of(law), files, cases, complete)
