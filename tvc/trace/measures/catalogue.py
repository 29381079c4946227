"""The measures: each declared once, with all that anybody has to know of it.

What it is called, what it counts and in which unit, under which heading and among which
headlines it is shown, how it is read off a run that is over, and which level of it is drawn. A
measure of another package joins by `register`, or by an entry point of the group ``tvc.measures``
whose name is the measure's and which loads it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, fields
from enum import Enum, StrEnum, auto
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Final, Protocol

from tvc.authority.authority import Record
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Method
from tvc.authority.rules import RULES
from tvc.trace.measures.histogram import Histogram
from tvc.trace.measures.levels import Level

if TYPE_CHECKING:
    from tvc.trace.measures.access import AccessBook
    from tvc.trace.measures.codes import Ledger
    from tvc.trace.measures.desk import DeskBook
    from tvc.trace.measures.lockouts import Lockouts


class Unit(StrEnum):
    """What a number counts. Bounds on the first three are durations, on the others numbers."""

    MS = "ms"
    MINUTES = "minutes"
    HOURS = "hours"
    COUNT = "count"
    SHARE = "share"

    @property
    def is_time(self) -> bool:
        """Whether files write its values as durations."""
        return self in (Unit.MS, Unit.MINUTES, Unit.HOURS)


class Shape(StrEnum):
    """How a measure comes about within one replication."""

    EVENT = "event"  # it happens, and is counted
    SPELL = "spell"  # it happens, and each time takes its time
    TOTAL = "total"  # time adds up over the accounts
    LEVEL = "level"  # it is at some height at any time
    RATIO = "ratio"  # one number a replication


class Function(StrEnum):
    """What is made of the values of a measure within one replication."""

    MEAN = "mean"
    MAX = "max"
    COUNT = "count"
    PERCENTILE = "percentile"
    P = "p"


class Group(StrEnum):
    """The headings under which the measures of a run are listed, in their order."""

    ACCESS = "Getting back in"
    DESK = "The desk"
    CODES = "Codes"
    SIGN_INS = "Sign-ins"
    ATTACKERS = "Attackers"


class Place(Enum):
    """Where a few measures stand for all of them."""

    FINDING = auto()  # the sentence on a comparison
    REPORT = auto()  # the first words of a report
    RUN = auto()  # a run in a notebook
    EXPLORER = auto()  # the figures below the explorer's picture


@dataclass(frozen=True, slots=True)
class Headline:
    """That a measure is told at a place.

    Attributes
    ----------
    rank
        After how many others.
    function
        As which of its functions; `Function.PERCENTILE` is the 95th.
    """

    rank: int
    function: Function = Function.MEAN


class Book(Protocol):
    """What a measure of another package keeps of a run."""

    def record(self, record: Record) -> None:
        """Take a record of the authority, in order."""
        ...


class Books(Protocol):
    """What readers may read: the books of a run that is over.

    Attributes
    ----------
    desk, ledger, lockouts, access
        Calls, codes, users without access, and outsiders with access.
    series
        Events by the hour, by measure and labels.
    own
        By measure, the book that it keeps itself.
    """

    desk: "DeskBook"
    ledger: "Ledger"
    lockouts: "Lockouts"
    access: "AccessBook"
    series: dict[tuple[str, ...], list[int]]
    own: dict[str, Book]

    def sign_ins(self) -> dict[tuple[str, str, str, str], int]:
        """Return how many sign-ins there were by method, outcome, reason and who."""
        ...

    def mean(self, level: Level) -> float:
        """Return the time average of a level over the measured window."""
        ...


#: By labels in the order in which they are declared, a number.
Counts = Mapping[tuple[str, ...], float]
#: What a reader returns, by shape: a number, or numbers by labels, of an event or a total; the
#: spells; the mean and the highest value of a level; a ratio.
Reading = float | Counts | Histogram | tuple[float, float]
Reader = Callable[[Any], Reading]


@dataclass(frozen=True, slots=True)
class Measure:
    """Something that a replication measures.

    Attributes
    ----------
    name
        As files write it.
    unit, shape
        What its values are, and how they come about.
    meaning
        One line.
    read
        Reads it off the `Books` of a run that is over; None for what takes two runs. Times are
        in milliseconds.
    group, listed
        The heading that it is listed under, and where: after those with a smaller number, among
        equals as declared.
    label
        What people call it, such as ``repeat calls``; its name where they call it nothing.
    singular
        One of it, such as ``a takeover``, where its chance is told.
    axis
        How the axis of a picture names it; its meaning where nothing is said.
    headlines
        Where it is among the few that are told.
    level
        The level that is drawn over time, where there is one.
    labels
        By field, the values that it can be narrowed down to with ``where``.
    by_attackers
        Whether only attackers can bring it about.
    book
        Makes what it keeps itself of a run, told of every record; None for what the books of
        every run hold.
    """

    name: str
    unit: Unit
    shape: Shape
    meaning: str
    read: Reader | None = field(default=None, repr=False, compare=False)
    group: str = Group.CODES
    listed: int = 0
    label: str = ""
    singular: str = ""
    axis: str = ""
    headlines: Mapping[Place, Headline] = field(default_factory=dict, repr=False, compare=False)
    level: Callable[[Any], Level] | None = field(default=None, repr=False, compare=False)
    labels: tuple[tuple[str, tuple[str, ...]], ...] = ()
    by_attackers: bool = False
    book: Callable[[], Book] | None = field(default=None, repr=False, compare=False)

    def __reduce__(self) -> tuple[Callable[..., "Measure"], tuple[str, tuple[Any, ...]]]:
        """Travel by name, and with all else only where the other side may not know it."""
        known = self.name in _BUILT_IN
        values = () if known else tuple(getattr(self, item.name) for item in fields(self))
        return _arrived, (self.name, values)


def _told(
    finding: int | None = None,
    report: int | None = None,
    run: int | None = None,
    explorer: int | None = None,
    by: Function = Function.MEAN,
) -> dict[Place, Headline]:
    ranks = zip(Place, (finding, report, run, explorer), strict=True)
    return {place: Headline(rank, by) for place, rank in ranks if rank is not None}


def _reasons(kind: Kind) -> tuple[str, ...]:
    refused = {reason for rule in RULES[kind] for reason in rule.refuses}
    return tuple(reason.value for reason in Reason if reason in refused)


def _sign_ins(books: Books) -> Counts:
    counts: dict[tuple[str, ...], float] = {}
    for (method, outcome, reason, _), number in books.sign_ins().items():
        key = (method, outcome, reason)
        counts[key] = counts.get(key, 0) + number
    return counts


def _generations_refused(books: Books) -> Counts:
    return {
        (str(labels[0]),): float(sum(bins))
        for (measure, *labels), bins in books.series.items()
        if measure == "generate.denied"
    }


def _codes_live(books: Books) -> tuple[float, float]:
    live = books.ledger.live
    return books.mean(live), float(live.highest)


_EVENT, _SPELL, _TOTAL = Shape.EVENT, Shape.SPELL, Shape.TOTAL
_P95 = Function.PERCENTILE

_DECLARED: Final = (
    Measure(
        "time_to_access", Unit.MS, _SPELL,
        "from the first refused sign-in of a user to the next allowed one",
        lambda books: books.lockouts.time_to_access,
        Group.ACCESS, label="time to access",
        axis="time from the first refused sign-in to access",
        headlines=_told(run=3, explorer=3, by=_P95),
    ),
    Measure(
        "locked_out", Unit.HOURS, _TOTAL, "user-hours without access",
        lambda books: books.lockouts.time_to_access.total_ms,
        Group.ACCESS, label="locked-out hours",
        headlines=_told(finding=2, report=2, run=4, explorer=4),
        level=lambda books: books.lockouts.level,
    ),
    Measure(
        "calls", Unit.COUNT, _EVENT, "calls to the desk",
        lambda books: books.desk.calls,
        Group.DESK, label="calls to the desk", headlines=_told(run=1, explorer=1),
    ),
    Measure(
        "repeat_calls", Unit.COUNT, _EVENT, "calls for an incident called about before",
        lambda books: books.desk.repeat_calls,
        Group.DESK, label="repeat calls", headlines=_told(finding=1, report=1, run=2, explorer=2),
    ),
    Measure(
        "desk.wait", Unit.MS, _SPELL, "from a call to its handling",
        lambda books: books.desk.wait,
        Group.DESK, 1, axis="time from a call to its handling",
    ),
    Measure(
        "desk.abandoned", Unit.COUNT, _EVENT, "callers who gave up waiting",
        lambda books: books.desk.abandoned, Group.DESK,
    ),
    Measure(
        "desk.minutes", Unit.MINUTES, _TOTAL, "time that admins spend on calls",
        lambda books: books.desk.handled_ms,
        Group.DESK, 1, label="desk hours", headlines=_told(report=3),
    ),
    Measure(
        "desk.utilisation", Unit.SHARE, Shape.RATIO, "busy time of the time on duty",
        lambda books: books.desk.utilisation(),
        Group.DESK, 1, label="desk utilisation", headlines=_told(run=6, explorer=8),
    ),
    Measure(
        "codes.generated", Unit.COUNT, _EVENT, "codes generated",
        lambda books: books.ledger.generated, Group.CODES, headlines=_told(run=7),
    ),
    Measure(
        "codes.live", Unit.COUNT, Shape.LEVEL, "codes live at a time", _codes_live,
        Group.CODES, level=lambda books: books.ledger.live,
    ),
    Measure(
        "codes.lapsed_unused", Unit.COUNT, _EVENT, "codes that lapsed without any use",
        lambda books: books.ledger.lapsed_unused, Group.CODES,
    ),
    Measure(
        "generate.denied", Unit.COUNT, _EVENT, "generations refused", _generations_refused,
        Group.CODES, labels=(("reason", _reasons(Kind.GENERATE)),),
    ),
    Measure(
        "exposure", Unit.HOURS, _TOTAL, "code-hours live",
        lambda books: books.ledger.exposed_ms,
        Group.CODES, label="code-hours live",
        headlines=_told(finding=3, report=4, run=8, explorer=6),
    ),
    Measure(
        "exposure.idle", Unit.HOURS, _TOTAL,
        "code-hours live after the last rightful use or the device's return",
        lambda books: books.ledger.idle_ms,
        Group.CODES, label="code-hours live and idle", headlines=_told(run=9, explorer=7),
    ),
    Measure(
        "stranded", Unit.HOURS, _TOTAL, "user-hours in which a device that is back is refused",
        lambda books: books.lockouts.stranded_ms,
        Group.ACCESS, label="hours stranded with the device back",
        headlines=_told(run=5, explorer=5),
    ),
    Measure(
        "sign_ins", Unit.COUNT, _EVENT, "sign-ins asked for", _sign_ins, Group.SIGN_INS,
        labels=(
            ("method", ("code", *(method.value for method in Method), "sso", "password", "none")),
            ("outcome", ("allow", "deny")),
            ("reason", _reasons(Kind.SIGN_IN)),
        ),
    ),
    Measure(
        "overstay", Unit.COUNT, _EVENT, "codes accepted after their true expiry",
        lambda books: books.ledger.overstay, Group.SIGN_INS,
    ),
    Measure(
        "takeover", Unit.COUNT, _EVENT, "pairs of an outsider and an account they signed in to",
        lambda books: books.access.takeovers,
        Group.ATTACKERS, label="takeovers", singular="a takeover",
        headlines=_told(report=6, run=10, explorer=9) | _told(finding=5, by=Function.P),
        by_attackers=True,
    ),
    Measure(
        "access", Unit.HOURS, _TOTAL,
        "outsider-hours with a known code, a session or a method on an account",
        lambda books: books.access.access_ms,
        Group.ATTACKERS, label="outsider access-hours",
        headlines=_told(finding=4, report=5, run=11, explorer=10),
        level=lambda books: books.access.level, by_attackers=True,
    ),
    Measure(
        "dwell", Unit.MS, _SPELL, "from an outsider's first access until evicted",
        lambda books: books.access.dwell,
        Group.ATTACKERS, axis="time from an outsider's first access until evicted",
        by_attackers=True,
    ),
)  # fmt: skip

#: Every measure of one run, by name; those of other packages come after ours.
MEASURES: Final[dict[str, Measure]] = {measure.name: measure for measure in _DECLARED}

#: Measures of two arms on the same people, which one run alone does not have.
PAIRED_MEASURES: Final[dict[str, Measure]] = {
    measure.name: measure
    for measure in (
        Measure("newly_allowed", Unit.COUNT, _EVENT,
                "requests that the baseline denies and the candidate allows"),
        Measure("newly_denied", Unit.COUNT, _EVENT,
                "requests that the baseline allows and the candidate denies"),
    )
}  # fmt: skip
_BUILT_IN: Final = frozenset((*MEASURES, *PAIRED_MEASURES))
_ENTRY_POINTS: Final = "tvc.measures"


class UnreadableMeasure(TypeError):
    """A measure that no run could be measured by."""


def register(measure: Measure) -> Measure:
    """Add a measure to those of every run from now on.

    Parameters
    ----------
    measure
        Of a name that no other measure has. Its reader, and what makes its book, must be
        functions of a module where processes or a cluster run replications.

    Returns
    -------
    Measure
        The same.

    Raises
    ------
    UnreadableMeasure
        If nothing reads it.
    ValueError
        If another measure has its name.
    """
    if measure.read is None:
        raise UnreadableMeasure(f"nothing reads the measure {measure.name!r}: it has no `read`")
    before = (MEASURES | PAIRED_MEASURES).get(measure.name, measure)
    if before is not measure and (before != measure or measure.name in _BUILT_IN):
        raise ValueError(f"there is a measure {measure.name!r} already")
    MEASURES[measure.name] = measure
    return measure


def find_measure(name: str) -> Measure | None:
    """Return a measure by its name; entry points are read for a name that nothing else has."""
    known = MEASURES.get(name) or PAIRED_MEASURES.get(name)
    if known is None:
        for point in entry_points(group=_ENTRY_POINTS, name=name):
            return register(point.load())
    return known


def grouped() -> Mapping[str, Sequence[Measure]]:
    """Return the measures by the heading they are listed under, in the order of the headings."""
    groups: dict[str, list[Measure]] = {group: [] for group in Group}
    for measure in MEASURES.values():
        groups.setdefault(measure.group, []).append(measure)
    return {
        group: sorted(listed, key=lambda measure: measure.listed)
        for group, listed in groups.items()
    }


def _arrived(name: str, values: tuple[Any, ...]) -> Measure:
    """Return a measure that came from another process, where it was registered."""
    known = MEASURES.get(name) or PAIRED_MEASURES.get(name)
    return known if known is not None else register(Measure(*values))


for _measure in _DECLARED:
    register(_measure)
