"""The recorder: the sink of the authority in a simulation.

It sees every record once, and what the authority does not see when the model tells it. It keeps
counters, integrals over time, and histograms of fixed bins, so that its memory does not grow
with the horizon; rows are kept of the sampled people alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from tvc.authority.authority import Record
from tvc.authority.context import Event
from tvc.authority.decide import Decision
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Method, Request
from tvc.trace.measures.access import AccessBook
from tvc.trace.measures.catalogue import MEASURES
from tvc.trace.measures.codes import Ledger, LedgerCode
from tvc.trace.measures.conservation import check_calls, check_codes, check_sessions
from tvc.trace.measures.desk import DeskBook, DeskCall
from tvc.trace.measures.digest import Digest
from tvc.trace.measures.levels import Level
from tvc.trace.measures.lines import CODE_METHOD
from tvc.trace.measures.lockouts import Lockouts
from tvc.trace.measures.measured import Measured, read
from tvc.trace.measures.outsiders import Outsiders
from tvc.trace.measures.rows import LineSink, Rows

#: Texts are hashed so many at a time.
_BLOCK: Final = 4096
_NEVER_MS: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class Window:
    """What is measured of a run, in its true time.

    Attributes
    ----------
    start_ms, horizon_ms
        What happens or begins from the one to the other counts.
    end_ms
        What has begun runs on until here.
    """

    start_ms: int
    horizon_ms: int
    end_ms: int


#: What the recorder makes of a decision: it is told the request, the decision and the instant.
_Handler = Callable[[Request, Decision, int], None]


#: What the records of like requests with like decisions have in common: a text for the digest,
#: the bins that they are counted in, and what else is made of them.
_Sort = tuple[str, list[int] | None, _Handler | None]


class Recorder:
    """The recorder of one run.

    An event counts when it happens within the window; a spell, a code or a pair counts when it
    began within, with its whole length up to the end of the run; levels are averaged over the
    window.

    Parameters
    ----------
    policy
        What holds.
    window
        What is measured.
    given_sessions
        How many sessions were open at the start.
    bin_ms
        Width of the bins of the series.
    rows
        Receives every record.
    hashed
        Whether the digest is made.

    Attributes
    ----------
    digest : str
        SHA-256 of all records, after `finish`; empty where none is made.
    measured : Measured
        What was measured, after `finish`.
    own : dict of str to Book
        By measure of another package, what it keeps itself.
    call_placed : callable
        Told of a call that is placed now.
    queue, busy, duty : callable
        Told at an instant how many callers wait, how many admins are on a call, and how many on
        duty, from then on; the last may be told at the end of the run.
    """

    measured: Measured
    _until_ms: int

    def __init__(  # noqa: PLR0913 - what a run may keep, by keyword
        self,
        policy: Policy,
        window: Window,
        *,
        given_sessions: int = 0,
        bin_ms: int = HOUR_MS,
        rows: LineSink | None = None,
        hashed: bool = True,
    ) -> None:
        self.policy = policy
        self.window = window
        self.bin_ms = bin_ms
        self.digest = ""
        self._start_ms = start_ms = window.start_ms
        self._horizon_ms = horizon_ms = window.horizon_ms
        self.rows = Rows(start_ms, rows)
        self.own = {measure.name: measure.book() for measure in MEASURES.values() if measure.book}
        self._keeps_records = self.rows.wants_records or bool(self.own)
        self._hashed = hashed
        self._digest = Digest()
        self._texts: list[str] = []
        self._numbers: list[int] = []
        bins = -(-(horizon_ms - start_ms) // bin_ms)
        self._bins = bins
        self.series: dict[tuple[str, ...], list[int]] = {}
        self.counted: dict[str, int] = {}
        self.ledger = Ledger(start_ms, horizon_ms, bin_ms, policy, self._code_over)
        self.access = AccessBook(start_ms, horizon_ms, bin_ms)
        self.desk = DeskBook(start_ms, horizon_ms, bin_ms)
        # Methods of theirs, since a call of a call would be made millions of times.
        self.call_placed = self.desk.place
        self.queue, self.busy, self.duty = (
            level.set for level in (self.desk.queue, self.desk.busy, self.desk.duty)
        )
        self.series["calls",] = self.desk.calls_by_bin
        self.series["desk.abandoned",] = self.desk.abandoned_by_bin
        self._losses = self._bins_of(("losses",))
        self.lockouts = Lockouts(start_ms, horizon_ms, bin_ms)
        self._sessions_opened = given_sessions
        self._sessions_ended = 0
        self._audited = 0
        self._skewed = False
        self._outsiders = Outsiders(policy, self.access)
        self._timers: list[Any] = self._outsiders.ends.heap
        self._lapses: list[Any] = self.ledger.lapses
        # The bin of the present, if it is measured; until when it is; and when to look again.
        self._place: int | None = None
        self._bin_ends_ms = self._wake_ms = start_ms
        self._sorts: dict[tuple[Any, ...], _Sort] = {}
        self._handlers: dict[str, _Handler] = {
            "step_up.allowed": self._step_up_allowed,
            "generate.allowed": self._generate_allowed,
            "expire.allowed": self._expire_allowed,
            "lose_device": self._device_lost,
            "find_device": self._device_found,
            "enroll.allowed": self._enroll_allowed,
            "remove_method.allowed": self._remove_method_allowed,
            "deactivate": self._deactivated,
        }

    # Records

    def sink(self, record: Record) -> None:  # noqa: PLR0912 - millions of times, and a call costs
        """Take a record of the authority, in order."""
        kind, (at_ms, node, reading_ms), request, decision, event = record[1:6]
        if at_ms >= self._wake_ms:
            self._advance(at_ms)
        hashed = self._hashed
        if event is not None:
            _, subject, cause, code, person, lapsed_ms = event
            if hashed:
                self._texts += (kind, subject, cause or "", person or "")
                self._numbers += (at_ms, code or 0, lapsed_ms or 0)
            if person is not None:
                self._sessions_ended += 1
                if person != subject:
                    self._session_ended(request, event, at_ms)
            elif code is not None:
                self._audited += 1
                if cause != "lapsed":
                    self.ledger.end(subject, code, at_ms, cause or "")
        elif request is not None and decision is not None:
            by, reason, account, code = request[1], decision[1], decision[4], decision[5]
            key = (
                kind, request[5], request[7] is None, request[9], reason, decision[2],
                by == account,
            )  # fmt: skip
            sort = self._sorts.get(key)
            if sort is None:
                sort = self._sorts[key] = self._sort(*key)
            text, bins, handler = sort
            if hashed:
                self._texts += (text, by, account or "")
                self._numbers += (at_ms, code or 0, decision[9] or 0)
            if bins is not None and self._place is not None:
                bins[self._place] += 1
            if handler is not None:
                handler(request, decision, at_ms)
        if reading_ms != at_ms:
            self._skewed = True
            if hashed:
                self._texts.append(node or "")
                self._numbers.append(reading_ms)
        if hashed and len(self._texts) > _BLOCK:
            self._hash()
        if self._keeps_records:
            self.rows.record(record)
            for book in self.own.values():
                book.record(record)

    def _sort(  # noqa: PLR0913, PLR0917 - what tells sorts apart
        self,
        kind: str,
        method: Method | None,
        without_code: bool,
        sso: bool,
        reason: Reason | None,
        rule: str | None,
        own: bool,
    ) -> _Sort:
        # A password alone lets in where MFA is off; elsewhere nothing was presented.
        nothing = "sso" if sso else "password" if reason is None else "none"
        label = str(method or nothing) if without_code else CODE_METHOD
        handler = self._handlers.get(kind)
        counted: tuple[str, ...] | None = None
        if kind == "sign_in.allowed":
            counted = "sign_ins", label, "allow", "", "user" if own else "outsider"
            handler = self._signed_in if own else self._outsider_signed_in
        elif kind == "sign_in.denied":
            counted = "sign_ins", label, "deny", str(reason), "user" if own else "outsider"
            superseded = reason is Reason.SUPERSEDED_BY_CODE and method is not None
            handler = self._superseded if superseded else self._refused
            handler = handler if own else None
        elif kind == "generate.allowed":
            counted = ("codes.generated",)
        elif kind == "generate.denied":
            counted = "generate.denied", str(reason)
        bins = None if counted is None else self._bins_of(counted)
        return "|".join((kind, label, reason or "", rule or "")), bins, handler

    def _hash(self) -> None:
        self._digest.update(self._texts, self._numbers)
        self._texts.clear()
        self._numbers.clear()

    def _advance(self, at_ms: int) -> None:
        """Do what time alone has brought about by an instant.

        Codes and sessions are over, and another bin begins.
        """
        if self._timers:
            for over_ms in self._outsiders.sessions_over(at_ms):
                self.ledger.advance(over_ms)
        self.ledger.advance(at_ms)
        if at_ms >= self._horizon_ms:
            self._place, self._bin_ends_ms = None, _NEVER_MS
        elif at_ms >= self._bin_ends_ms:
            self._place = (at_ms - self._start_ms) // self.bin_ms
            self._bin_ends_ms = self._start_ms + (self._place + 1) * self.bin_ms
            self._bin_ends_ms = min(self._bin_ends_ms, self._horizon_ms)
        self._look_ahead()

    def _look_ahead(self) -> None:
        """Find out when time alone will bring something about."""
        self._wake_ms = self._bin_ends_ms
        for heap in (self._lapses, self._timers):
            if heap and heap[0][0] < self._wake_ms:
                self._wake_ms = heap[0][0]

    def _bins_of(self, key: tuple[str, ...]) -> list[int]:
        bins = self.series.get(key)
        if bins is None:
            bins = self.series[key] = [0] * self._bins
        return bins

    # Sign-ins

    def _signed_in(self, request: Request, decision: Decision, at_ms: int) -> None:
        person, code = request[1], decision[5]
        self._sessions_opened += 1
        if code is not None:
            self.ledger.use(person, code, at_ms, own=True)
        self.lockouts.let_in(person, at_ms, by_code=code is not None)

    def _refused(self, request: Request, _decision: Decision, at_ms: int) -> None:
        self.lockouts.refused(request[1], at_ms)

    def _superseded(self, request: Request, _decision: Decision, at_ms: int) -> None:
        self.lockouts.superseded(request[1], at_ms)

    def _outsider_signed_in(self, request: Request, decision: Decision, at_ms: int) -> None:
        person, account, code = request.by, request.subject or "", decision.code
        self._sessions_opened += 1
        if code is not None:
            self.ledger.use(account, code, at_ms, own=False)
        self._outsiders.signed_in(at_ms, person, account, code)
        self._look_ahead()

    def _step_up_allowed(self, request: Request, decision: Decision, at_ms: int) -> None:
        if decision.code is not None:
            account = decision.subject or ""
            self.ledger.use(account, decision.code, at_ms, own=request.by == account)

    def _device_lost(self, request: Request, _decision: Decision, at_ms: int) -> None:
        self.lockouts.device_lost(request.by, at_ms)

    def _device_found(self, request: Request, _decision: Decision, at_ms: int) -> None:
        self.lockouts.device_found(request.by)
        self.ledger.device_found(request.by, at_ms)

    # Codes

    def _generate_allowed(self, request: Request, decision: Decision, at_ms: int) -> None:
        subject = request.subject or ""
        if self.policy.sign_in.return_ == "on_expire_now":
            self.lockouts.restored(subject, at_ms)
        lifetime_ms = request.lifetime_ms or 0
        self.ledger.open(subject, decision.code or 0, request.by, at_ms, lifetime_ms)
        self._wake_ms = min(self._wake_ms, self._lapses[0][0])

    def _expire_allowed(self, _request: Request, decision: Decision, at_ms: int) -> None:
        self.lockouts.restored(decision.subject or "", at_ms)

    def _code_over(self, subject: str, code: LedgerCode, at_ms: int, cause: str) -> None:
        ends = cause != "lapsed" or self.policy.sign_in.return_ == "on_end"
        if ends and subject in self.lockouts.stranded and not self.ledger.of(subject):
            self.lockouts.restored(subject, at_ms)
        if self._outsiders.has_pairs(subject):
            self._outsiders.code_over(at_ms, subject, code.ordinal, cause, code.expires_ms)
            self._look_ahead()
        self.rows.code(code, at_ms, cause)

    # Outsiders

    def _session_ended(self, request: Request | None, event: Event, at_ms: int) -> None:
        person, account = event.person or "", event.subject
        if not _renews(request, person, account):
            self._outsiders.session_ended(at_ms, person, account, event.cause or "")

    def code_learnt(self, at_ms: int, outsider: str, account: str, ordinal: int) -> None:
        """Note that an outsider now knows a code."""
        self._advance(at_ms)
        if self.ledger.find(account, ordinal) is not None:
            self._outsiders.code_learnt(at_ms, outsider, account, ordinal)

    def _enroll_allowed(self, request: Request, decision: Decision, at_ms: int) -> None:
        person, account, method = request.by, decision.account or "", request.method or ""
        if person != account:
            self._outsiders.method_enrolled(at_ms, person, account, method)

    def _remove_method_allowed(self, request: Request, decision: Decision, at_ms: int) -> None:
        account, method = decision.account or "", request.method or ""
        self._outsiders.method_removed(at_ms, account, method)

    def _deactivated(self, _request: Request, decision: Decision, at_ms: int) -> None:
        account = decision.subject or ""
        self.lockouts.restored(account, at_ms)
        self._outsiders.deactivated(at_ms, account)

    # What the model tells

    def watch(self, person: str) -> None:
        """Keep rows of somebody, from now on."""
        self.rows.watch(person)
        self._keeps_records = True

    def loss(self, at_ms: int) -> None:
        """Count a lost device."""
        if self._start_ms <= at_ms < self._horizon_ms:
            self._losses[(at_ms - self._start_ms) // self.bin_ms] += 1

    def counted_sign_ins(self, at_ms: int, method: str, number: int) -> None:
        """Count allowed sign-ins that were not carried out, on the day that begins now."""
        if self._start_ms <= at_ms < self._horizon_ms:
            self.counted[method] = self.counted.get(method, 0) + number

    def call_ended(self, at_ms: int, call: DeskCall, outcome: str) -> None:
        """Note how a call ended: served, rejected, refused or abandoned."""
        self.desk.end(call, at_ms, outcome)
        self.rows.call(call, at_ms, outcome)

    def left(self, at_ms: int, person: str) -> None:
        """End what somebody was locked out of who has left the company."""
        self.lockouts.left(person, at_ms)

    def forget(self, person: str) -> None:
        """Drop what is kept of somebody whose part is over."""
        if person in self.access.pairs:
            self.access.drop(person, self._start_ms)

    # The end

    def finish(self, at_ms: int, complete: bool = True) -> Measured:
        """Close what is open, check that nothing was lost, and return what was measured.

        Parameters
        ----------
        at_ms
            The end of the run.
        complete
            False for a run that was interrupted, of which nothing is checked.

        Raises
        ------
        NotConserved
            If codes, calls or sessions do not add up.
        """
        self._advance(at_ms)
        self.rows.flush()
        if self._hashed:
            self._hash()
            self.digest = self._digest.hexdigest()
        # What was met outside the window alone has a line, and nothing in it.
        self.series = {key: bins for key, bins in self.series.items() if any(bins)}
        left = self.ledger.finish(at_ms)
        for code in left:
            self.rows.code(code, at_ms, "live")
        self.desk.finish(at_ms)
        for call in self.desk.open:
            self.rows.call(call, at_ms, "waiting")
        self.lockouts.finish(at_ms)
        self.access.finish(at_ms, self._start_ms)
        for level in (
            self.ledger.live, self.access.level, self.lockouts.level,
            self.desk.queue, self.desk.busy, self.desk.duty,
        ):  # fmt: skip
            level.set(at_ms, level.value)
        if complete:
            check_codes(self.ledger, len(left), self._audited, self._skewed)
            check_calls(self.desk)
            check_sessions(self._sessions_opened, self._sessions_ended)
        self._until_ms = min(at_ms, self._horizon_ms)
        self.measured = read(self)
        return self.measured

    def sign_ins(self) -> dict[tuple[str, str, str, str], int]:
        """Return how many sign-ins there were by method, outcome, reason and who."""
        found = {
            (str(method), outcome, str(reason), who): sum(bins)
            for (measure, *labels), bins in self.series.items()
            if measure == "sign_ins"
            for method, outcome, reason, who in [labels]
        }
        for method, number in self.counted.items():
            key = (method, "allow", "", "user")
            found[key] = found.get(key, 0) + number
        return found

    def mean(self, level: Level) -> float:
        """Return the time average of a level over the measured window, after `finish`."""
        return level.mean(self._until_ms)


def _renews(request: Request | None, person: str, account: str) -> bool:
    """Whether a session ended because its person signed in to the same account again."""
    return (
        request is not None
        and request.kind is Kind.SIGN_IN
        and request.by == person
        and request.subject == account
    )
