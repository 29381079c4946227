"""What a report speaks of first: the few measures that decide between policies, by their names."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from tvc.analysis.report.page import Text
from tvc.runs.replications import Asked
from tvc.trace.measures.catalogue import Place
from tvc.trace.measures.metrics import headlines


@dataclass(frozen=True, slots=True)
class Headline:
    """A metric that people know by a name.

    Attributes
    ----------
    asked
        The metric.
    name
        What is counted, such as ``repeat calls``.
    less, more
        How a smaller and a larger value of it are told.
    """

    asked: Asked
    name: str
    less: str = "fewer"
    more: str = "more"


#: In the order in which they are told.
HEADLINES: Final = tuple(Headline(Asked(told), told.label) for told in headlines(Place.REPORT))
#: So many metrics somebody has chosen, and all are told.
MOST_TOLD: Final = len(HEADLINES)
CALLS: Final = Asked.read("mean(calls)")
REPEAT_CALLS: Final = HEADLINES[0].asked
FIRST_CALLS: Final = "incidents called about"
FIRST_CALLS_ARE: Final = (
    "Incidents called about are calls less repeat calls; impostors' first calls are among them."
)
NO_ATTACKERS: Final = Text(
    "This workload has no attackers: the report says nothing about takeovers or outsiders' access."
)


def headlines_of(asked: Iterable[Asked]) -> tuple[Headline, ...]:
    """Return what is told first: a few metrics all, and of many those that have a name."""
    asked = tuple(asked)
    known = {headline.asked: headline for headline in HEADLINES}
    if len(asked) > MOST_TOLD:
        asked = tuple(one for one in known if one in asked) or asked[:MOST_TOLD]
    return tuple(known.get(one) or Headline(one, str(one), "lower", "higher") for one in asked)


def name_of(asked: Asked) -> str:
    """Return what people call a metric, which is its text where nobody calls it anything."""
    return headlines_of([asked])[0].name


def capital(asked: Asked) -> str:
    """Return what people call a metric, as the first word of a sentence; its text stays as it is.

    Examples
    --------
    >>> capital(REPEAT_CALLS), capital(Asked.read("p95(desk.wait)"))
    ('Repeat calls', 'p95(desk.wait)')
    """
    name = name_of(asked)
    return name if name == str(asked) else name[0].upper() + name[1:]


def unit_beside(asked: Asked, unit: str) -> str:
    """Return a unit as it is told beside a metric's name, which may have said its hours already.

    Examples
    --------
    >>> unit_beside(Asked.read("mean(locked_out)"), "hours a year"), unit_beside(CALLS, "a year")
    ('a year', 'a year')
    """
    return unit.removeprefix("hours ") if "hours" in name_of(asked) else unit


def measured_in(asked: Asked, unit: str) -> str:
    """Return a metric's name with its unit, as an axis has it.

    Examples
    --------
    >>> measured_in(REPEAT_CALLS, "a year"), measured_in(Asked.read("mean(codes.live)"), "")
    ('repeat calls, a year', 'mean(codes.live)')
    """
    unit = unit_beside(asked, unit)
    return f"{name_of(asked)}, {unit}" if unit else name_of(asked)


def joined(names: Iterable[str]) -> str:
    """Join names as a sentence does.

    Examples
    --------
    >>> joined(["a"]), joined(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *most, last = names
    return f"{', '.join(most)} and {last}" if most else last
