"""What differs between two arms, person by person: the same request, answered differently.

Both arms are run on the same people with every event kept. A request is the same in both where the
same kind of request is made at the same instant about the same account, by the same person or by
the desk. Once two histories have parted, later requests have other instants and no partner: these
are counted beside, since nothing is known of them.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from math import inf
from typing import TYPE_CHECKING, Any, Final, Literal

from tvc.authority.requests import Kind
from tvc.runs.arms import Arm
from tvc.trace.measures.catalogue import Function
from tvc.trace.measures.metrics import Statistic

if TYPE_CHECKING:
    import pandas as pd

    from tvc.world.simulation import Run

#: How a request, or a spell without access, differs.
Difference = Literal["newly_allowed", "newly_denied", "earlier", "later"]
DIFFERENCES: Final[tuple[Difference, ...]] = ("newly_allowed", "newly_denied", "earlier", "later")

_KINDS: Final = frozenset(kind.value for kind in Kind)
_DESK: Final = "desk"
_OUTSIDER: Final = "x:"
_SIGN_IN: Final = Kind.SIGN_IN.value


@dataclass(frozen=True, slots=True)
class Answered:
    """A request of a run and its answer.

    Attributes
    ----------
    at_ms
        True time from the start of measurement.
    node
        The clock that judged it; empty for true time.
    kind
        The request.
    by, subject
        Who asked, and about whose account.
    allowed, reason, rule
        The answer; reason and rule are empty where it was allowed.
    method, code
        What was presented or enrolled: a method, or the code as ``u12#1``; empty without.
    """

    at_ms: int
    node: str
    kind: str
    by: str
    subject: str
    allowed: bool
    reason: str
    rule: str
    method: str
    code: str

    @property
    def by_outsider(self) -> bool:
        """Whether somebody without an account asked."""
        return self.by.startswith(_OUTSIDER)

    @property
    def place(self) -> tuple[str, str, str, int]:
        """What makes it the same request in both arms; which admin is on duty is the desk's."""
        own = self.by == self.subject or self.by_outsider
        return (self.by if own else _DESK), self.subject, self.kind, self.at_ms

    @property
    def answer(self) -> str:
        """``allow``, or the reason of the refusal."""
        return "allow" if self.allowed else self.reason


@dataclass(frozen=True, slots=True)
class Pair:
    """The same request in both arms, answered differently."""

    baseline: Answered
    candidate: Answered

    @property
    def difference(self) -> Difference:
        """Whether the candidate allows or denies it newly."""
        return "newly_allowed" if self.candidate.allowed else "newly_denied"


@dataclass(frozen=True, slots=True)
class Spell:
    """A time without access of a user that begins at the same refusal in both arms.

    Attributes
    ----------
    person
        Whose.
    start_ms
        When it began.
    baseline_end_ms, candidate_end_ms
        When it was over in each arm, which differ; infinite where it never was.
    """

    person: str
    start_ms: int
    baseline_end_ms: float
    candidate_end_ms: float

    @property
    def difference(self) -> Difference:
        """Whether the candidate lets the user in again earlier or later."""
        return "earlier" if self.candidate_end_ms < self.baseline_end_ms else "later"


@dataclass(frozen=True)
class Divergence:
    """What differs between the arms in one replication.

    Attributes
    ----------
    replication
        Which one.
    histories
        By arm, each person's requests in order: those about their account.
    pairs, spells
        What differs, in order of time.
    unpaired
        Requests of the baseline, and of the candidate, that the other arm does not have.
    lifetimes_ms
        By arm, the lifetime of each code, which are written ``u12#1``.
    """

    replication: int
    histories: tuple[Mapping[str, Sequence[Answered]], Mapping[str, Sequence[Answered]]]
    pairs: tuple[Pair, ...]
    spells: tuple[Spell, ...]
    unpaired: tuple[int, int]
    lifetimes_ms: tuple[Mapping[str, int], Mapping[str, int]]

    @cached_property
    def counts(self) -> Mapping[Difference, int]:
        """How much of each kind differs."""
        found = Counter(pair.difference for pair in self.pairs)
        found.update(spell.difference for spell in self.spells)
        return {difference: found[difference] for difference in DIFFERENCES}

    def counted(self) -> "Divergence":
        """Return it without the histories, which take far more room than what differs."""
        return replace(self, histories=({}, {}), lifetimes_ms=({}, {}))

    def frame(self) -> "pd.DataFrame":
        """Return one row a request that is answered differently.

        Returns
        -------
        pandas.DataFrame
            Columns ``difference``, ``at_ms``, ``request``, ``by``, ``subject``, ``baseline`` and
            ``candidate`` (``allow`` or the reason).
        """
        import pandas as pd

        rows = [
            (
                pair.difference,
                pair.candidate.at_ms,
                pair.candidate.kind,
                pair.candidate.by,
                pair.candidate.subject,
                pair.baseline.answer,
                pair.candidate.answer,
            )
            for pair in self.pairs
        ]
        columns = ["difference", "at_ms", "request", "by", "subject", "baseline", "candidate"]
        return pd.DataFrame(rows, columns=columns)

    def first(self, person: str) -> int | None:
        """Return at which of a person's requests the histories part; None where they do not.

        Requests before it are the same in both arms and have the same answers.
        """
        baseline, candidate = (history.get(person, ()) for history in self.histories)
        for place, (one, other) in enumerate(zip(baseline, candidate, strict=False)):
            if (one.place, one.answer) != (other.place, other.answer):
                return place
        return None if len(baseline) == len(candidate) else min(len(baseline), len(candidate))


def diverge(
    baseline: Arm, candidate: Arm, *, seed: int, replication: int, warmup_ms: int = 0
) -> Divergence:
    """Run both arms of a replication with every event kept, and pair what was asked.

    Examples
    --------
    >>> from tvc.files.policies import load_shipped
    >>> from tvc.domain.workload import WorkloadModel
    >>> small = WorkloadModel.model_validate({"users": 300, "horizon": "7d"})
    >>> arms = [Arm(name, load_shipped("salesforce").policy, small) for name in ("one", "other")]
    >>> found = diverge(*arms, seed=1, replication=0)
    >>> found.counts["newly_allowed"], found.unpaired
    (0, (0, 0))
    """
    from tvc.world.simulation import simulate_whole

    runs = [
        simulate_whole(
            arm.policy,
            arm.workload,
            seed,
            replication=replication,
            warmup_ms=warmup_ms,
            sampled=1.0,
        )
        for arm in (baseline, candidate)
    ]
    asked = [requests_of(run) for run in runs]
    placed = [_by_place(requests) for requests in asked]
    both = [place for place in placed[1] if place in placed[0]]
    pairs = [Pair(placed[0][place], placed[1][place]) for place in both]
    histories = [_histories(requests) for requests in asked]
    lifetimes_ms = [
        dict(zip(run.codes["code"].tolist(), run.codes["lifetime_ms"].tolist(), strict=True))
        for run in runs
    ]
    return Divergence(
        replication,
        (histories[0], histories[1]),
        tuple(pair for pair in pairs if pair.baseline.allowed != pair.candidate.allowed),
        tuple(_differing_spells(histories[0], histories[1])),
        (len(placed[0]) - len(both), len(placed[1]) - len(both)),
        (lifetimes_ms[0], lifetimes_ms[1]),
    )


def diverge_number(
    arms: Sequence[Arm], seed: int, warmup_ms: int, whole: int, number: int
) -> Divergence:
    """Return `diverge` of a replication, with its histories where its number is below ``whole``.

    What differs is counted either way; the histories, in which examples are looked for, are many
    times larger.
    """
    found = diverge(*arms, seed=seed, replication=number, warmup_ms=warmup_ms)
    return found if number < whole else found.counted()


def requests_of(run: "Run") -> list[Answered]:
    """Return the requests of a run's sampled people with their answers, in order of time."""
    columns = ["at_ms", "node", "type", "by", "subject", "reason", "rule", "method", "code"]
    events = run.events[columns]
    return list(_read_requests(zip(*(events[column].tolist() for column in columns), strict=True)))


def _read_requests(rows: Iterator[tuple[Any, ...]]) -> Iterator[Answered]:
    for at_ms, node, told, by, subject, reason, rule, method, code in rows:
        kind, _, outcome = told.partition(".")
        # Calls and what a request brings about, such as code.ended, are no requests.
        if kind not in _KINDS:
            continue
        yield Answered(
            at_ms=int(at_ms),
            node=_text(node),
            kind=kind,
            by=_text(by),
            subject=_text(subject),
            allowed=outcome != "denied",
            reason=_text(reason),
            rule=_text(rule),
            method=_text(method),
            code=_text(code),
        )


def _text(value: object) -> str:
    # What is missing is None or NaN, as pandas has it, or the text of the latter.
    return value if isinstance(value, str) and value != "nan" else ""


def _by_place(requests: Sequence[Answered]) -> dict[tuple[object, ...], Answered]:
    seen: Counter[tuple[object, ...]] = Counter()
    found: dict[tuple[object, ...], Answered] = {}
    for request in requests:
        place = request.place
        found[*place, seen[place]] = request
        seen[place] += 1
    return found


def _histories(requests: Sequence[Answered]) -> dict[str, list[Answered]]:
    found: dict[str, list[Answered]] = {}
    for request in requests:
        found.setdefault(request.subject, []).append(request)
    return found


def _differing_spells(
    baseline: Mapping[str, Sequence[Answered]], candidate: Mapping[str, Sequence[Answered]]
) -> Iterator[Spell]:
    for person, history in candidate.items():
        known = dict(_spells(baseline.get(person, ())))
        for start_ms, end_ms in _spells(history):
            # One that begins at another instant is another one: nothing says which belong together.
            if known.get(start_ms, end_ms) != end_ms:
                yield Spell(person, start_ms, known[start_ms], end_ms)


def _spells(history: Sequence[Answered]) -> list[tuple[int, float]]:
    """Return from when to when a user was refused: from the first refusal to the next entry."""
    found: list[tuple[int, float]] = []
    since: int | None = None
    for request in history:
        if request.kind != _SIGN_IN or request.by != request.subject:
            continue
        if request.allowed and since is not None:
            found.append((since, float(request.at_ms)))
            since = None
        elif not request.allowed and since is None:
            since = request.at_ms
    return found if since is None else [*found, (since, inf)]


def paired_value(divergence: Divergence, statistic: Statistic) -> float:
    """Return the value of a statistic of both arms, such as ``count(newly_allowed)``.

    It counts the whole run, whatever of it is measured: what must not be allowed must not be
    allowed during the lead-in and the drain either.
    """
    name = statistic.measure.name
    count = sum(pair.difference == name for pair in divergence.pairs)
    return float(count > 0 if statistic.function is Function.P else count)
