"""Cases: what a scenario file asks for, ready to be run.

Everything is resolved: times are milliseconds from the start, policies are merged, tables are
multiplied out. A driver needs nothing of the file but these values; where each stands in the
file is kept for reports.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import astuple, dataclass, field, fields
from functools import cached_property
from typing import Any, Final, Literal

from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Request
from tvc.authority.state import Person
from tvc.domain.policies import MergedPolicy

Match = Literal["in_order", "exactly", "any_order"]


@dataclass(frozen=True, slots=True)
class Clock:
    """The clock of a node.

    Examples
    --------
    >>> Clock("west", -90_000, 20).read(3_600_000)
    3510072
    """

    name: str
    offset_ms: int = 0
    drift_ppm: int = 0

    def read(self, true_ms: int) -> int:
        """Return what the clock shows at a true time, in milliseconds."""
        return true_ms + self.offset_ms + true_ms * self.drift_ppm // 1_000_000


@dataclass(frozen=True, slots=True)
class Expectation:
    """What the authority is expected to answer; None where a file leaves it open.

    Attributes
    ----------
    allowed
        Whether the request is allowed; None where every decision is accepted.
    reason, rule
        Why it is refused, and by which rule.
    challenge
        What the person is asked for; ``none`` when there is nothing to ask for.
    retry_after_ms, limit
        After which wait the rule would pass, and which rate limit refuses.
    """

    allowed: bool | None
    reason: Reason | None = None
    rule: str | None = None
    challenge: str | None = None
    retry_after_ms: int | None = None
    limit: str | None = None


ALLOW = Expectation(allowed=True)

#: Every decision is accepted: such a step is there for what comes after it.
ANY = Expectation(allowed=None)

#: How files say that.
ANYTHING: Final = "any"


@dataclass(frozen=True, slots=True)
class Step:
    """One request of a timeline.

    Attributes
    ----------
    index
        Its number in the timeline, from 0.
    line, column
        Where it stands.
    at_ms
        True time, counted from the scenario's start.
    node
        The clock that judges; None reads true time.
    request
        What is asked. ``matched`` is None: which code is meant is said by ``presents``.
    presents
        The handle of the code that is typed, or ``wrong``; None when none is.
    save
        The handle under which a generated code is kept.
    expect
        What the authority is expected to answer.
    stated
        Whether the file says so; a step without ``expect`` must be allowed.
    """

    index: int
    line: int
    column: int
    at_ms: int
    node: str | None
    request: Request
    presents: str | None
    save: str | None
    expect: Expectation
    stated: bool

    @property
    def asserts(self) -> bool:
        """Whether some decision would not be as expected: not of a fact, nor of ``any``."""
        return self.expect != ANY and not SHAPES[self.request.kind].fact


@dataclass(frozen=True, slots=True)
class AuditLine:
    """What an audit record must show, by field; a ``code`` is a handle."""

    line: int
    column: int
    fields: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class AuditExpectation:
    """What the audit of a case must, and must never, show.

    Attributes
    ----------
    match
        ``in_order`` and ``any_order`` allow other records in between; ``exactly`` allows none.
    events, never
        Lines that must appear, and lines that no record may fit.
    """

    match: Match
    events: tuple[AuditLine, ...]
    never: tuple[AuditLine, ...]


@dataclass(frozen=True, slots=True)
class Arm:
    """What one side of a simulation is run with.

    Attributes
    ----------
    name
        ``baseline`` or ``candidate``; empty where there is but one arm.
    policy
        What holds.
    workload
        The random load, in the plain form of files, the arm's own inputs among it.
    """

    name: str
    policy: MergedPolicy
    workload: Mapping[str, Any]


@dataclass(frozen=True)
class Case:
    """One run of a scenario.

    Attributes
    ----------
    id, name
        ``id[axis=value,...]``, and the same with the file before it: ``file::id[...]``.
    file, line, column
        Where the scenario stands.
    policy
        What holds.
    people, clocks, steps
        Who is there, by which clocks the nodes go, and what is asked.
    audit
        What the audit must show; None when the file does not say.
    breaks
        Invariants that must be seen to break.
    invariants
        Invariants to check; None stands for those that the policy makes true.
    tags
        Of the file and of the scenario, in that order.
    boundaries
        Whether steps are generated around every threshold.
    skip, xfail
        Why the case is not run, or is known to fail.
    values
        The values of the table or matrix, by column.
    study
        What is to be simulated, in the plain form of the file; empty for a timeline.
    arms
        What it is simulated with: one arm, or a baseline and a candidate.
    expected_at
        Line and column of each thing that is expected of a simulation.
    """

    id: str
    name: str
    file: str
    line: int
    column: int
    policy: MergedPolicy
    people: tuple[Person, ...]
    clocks: Mapping[str, Clock]
    steps: tuple[Step, ...]
    audit: AuditExpectation | None = None
    breaks: tuple[str, ...] = ()
    invariants: tuple[str, ...] | None = None
    tags: tuple[str, ...] = ()
    boundaries: bool = False
    skip: str | None = None
    xfail: str | None = None
    values: Mapping[str, Any] = field(default_factory=dict)
    study: Mapping[str, Any] = field(default_factory=dict)
    arms: tuple[Arm, ...] = ()
    expected_at: tuple[tuple[int, int], ...] = ()

    @property
    def stochastic(self) -> bool:
        """Whether it is a workload to simulate, which has no steps."""
        return bool(self.study)

    @property
    def policies(self) -> dict[str, MergedPolicy]:
        """What it is run under, by the name of the arm; that of an only arm is empty.

        A comparison runs under the policies of its arms alone, whatever `policy` says.
        """
        return {arm.name: arm.policy for arm in self.arms} or {"": self.policy}

    @cached_property
    def digest(self) -> str:
        """SHA-256 of what is run and what is expected.

        Two cases have the same digest when they ask the same of the same policy, whatever they
        are called, however their files are written, and whether their values come from a table.
        """
        content = {
            "policy": self.policy.digest,
            "people": sorted(map(_person_content, self.people)),
            "clocks": sorted(
                [clock.name, clock.offset_ms, clock.drift_ppm] for clock in self.clocks.values()
            ),
            "steps": [
                [at.at_ms, at.node, at.request, at.presents, at.save, astuple(at.expect)]
                for at in self.steps
            ],
            "audit": None if self.audit is None else _audit_content(self.audit),
            "breaks": sorted(self.breaks),
            "invariants": None if self.invariants is None else sorted(self.invariants),
            "tags": sorted(self.tags),
            "skip": self.skip,
            "xfail": self.xfail,
            "study": self.study,
            "arms": [[arm.name, arm.policy.digest, arm.workload] for arm in self.arms],
        } | ({"boundaries": "auto"} if self.boundaries else {})
        text = json.dumps(content, sort_keys=True, separators=(",", ":"))
        return hashlib.sha256(text.encode()).hexdigest()


def _person_content(person: Person) -> list[Any]:
    return [
        [item.name, sorted(value) if isinstance(value, frozenset) else value]
        for item in fields(person)
        for value in [getattr(person, item.name)]
    ]


def _audit_content(audit: AuditExpectation) -> list[Any]:
    parts = (audit.events, audit.never)
    return [audit.match, *([dict(line.fields) for line in part] for part in parts)]
