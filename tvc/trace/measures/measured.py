"""What one replication measured: small, picklable, and all that a verdict needs."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

from tvc.trace.measures.catalogue import MEASURES, Books, Function, Measure, Shape
from tvc.trace.measures.histogram import Histogram
from tvc.trace.measures.metrics import Statistic


@dataclass(frozen=True)
class Measured:
    """The measures of one run.

    Attributes
    ----------
    counts
        By measure that is counted or totalled, the number by its labels, in the order in which
        `MEASURES` declares them; totals of time are in milliseconds.
    spells
        By measure with spells, their histogram.
    levels
        By measure with a level, its time average and its highest value.
    ratios
        By measure with one number a run, that number.
    """

    counts: Mapping[str, Mapping[tuple[str, ...], float]]
    spells: Mapping[str, Histogram]
    levels: Mapping[str, tuple[float, float]]
    ratios: Mapping[str, float]

    def value(self, statistic: Statistic, where: Mapping[str, str] | None = None) -> float:
        """Return the value of a statistic in this run.

        Parameters
        ----------
        statistic
            Such as ``parse_metric("p95(time_to_access)")``.
        where
            Values of labels that narrow a measure down.

        Returns
        -------
        float
            Milliseconds for times; NaN where there is no value; infinite for a percentile or a
            longest spell that is not over.
        """
        measure, function = statistic.measure, statistic.function
        match measure.shape:
            case Shape.SPELL:
                return _of_spells(self.spells[measure.name], function, statistic.percent or 0)
            case Shape.LEVEL:
                mean, highest = self.levels[measure.name]
                return highest if function is Function.MAX else mean
            case Shape.RATIO:
                return self.ratios[measure.name]
        total = self.total(measure, where)
        return float(total > 0) if function is Function.P else total

    def total(self, measure: Measure, where: Mapping[str, str] | None = None) -> float:
        """Return what a measure adds up to: what ``share(a / b)`` divides."""
        places = {label: place for place, (label, _) in enumerate(measure.labels)}
        wanted = [(places[label], value) for label, value in (where or {}).items()]
        return float(
            sum(
                number
                for labels, number in self.counts.get(measure.name, {}).items()
                if all(labels[place] == value for place, value in wanted)
            )
        )


def _of_spells(spells: Histogram, function: Function, percent: int) -> float:
    match function:
        case Function.MEAN:
            return spells.mean_ms
        case Function.MAX:
            return spells.max_ms
        case Function.COUNT:
            return float(spells.count)
        case Function.P:
            return float(spells.count > 0)
        case Function.PERCENTILE:
            return spells.percentile(percent)
    return nan


def read(books: Books) -> Measured:
    """Return what a run comes to: each measure read off its books.

    Parameters
    ----------
    books
        Of a run that is over.
    """
    counts: dict[str, Mapping[tuple[str, ...], float]] = {}
    spells: dict[str, Histogram] = {}
    levels: dict[str, tuple[float, float]] = {}
    ratios: dict[str, float] = {}
    for measure in MEASURES.values():
        assert measure.read is not None  # `register` takes no other
        found: Any = measure.read(books)
        match measure.shape:
            case Shape.SPELL:
                spells[measure.name] = found
            case Shape.LEVEL:
                levels[measure.name] = found
            case Shape.RATIO:
                ratios[measure.name] = found
            case _:
                counts[measure.name] = found if measure.labels else {(): float(found)}
    return Measured(counts, spells, levels, ratios)
