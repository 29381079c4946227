"""What is asked at a bound: the requests of the case's own people that meet it."""

from collections.abc import Iterator
from dataclasses import dataclass

from tvc.authority.context import NOBODY
from tvc.authority.requests import Kind, Request, request
from tvc.authority.state import State
from tvc.domain.cases import Case
from tvc.harness.boundaries.bounds import Bound
from tvc.timeline import Taken


@dataclass(frozen=True, slots=True)
class Asking:
    """A request that meets a bound.

    Attributes
    ----------
    request
        What is asked.
    presents
        The handle of the code that is typed, as in a step.
    expires_first
        Whether Expire Now has to clear the way, so that the bound and not a live code decides.
    """

    request: Request
    presents: str | None = None
    expires_first: bool = False


class Scene:
    """A moment of a case: what has been asked so far, and the state that it left.

    Parameters
    ----------
    case
        The case, of which later steps are looked at for who generates.
    taken
        The steps so far.
    state
        The state after them; not changed.
    handles
        The handle of each code, by ``subject#ordinal``.
    """

    def __init__(
        self, case: Case, taken: tuple[Taken, ...], state: State, handles: dict[str, str]
    ) -> None:
        self._case = case
        self._taken = taken
        self._state = state
        self._handles = handles

    def asked_at(self, bound: Bound) -> Iterator[Asking]:
        """Yield the requests that meet a bound of the state."""
        name, detail = bound.key
        if bound.threshold == "code.live":
            yield from self._at_end_of_code(name, bound.of)
        elif bound.threshold == "lockout.for":
            yield from self._on_path(name, detail)
        elif bound.threshold.startswith("session."):
            yield Asking(request(Kind.USE, name))
        elif bound.threshold == "issuer.approval_valid":
            yield from self._generation_for(name)
        else:
            yield from self._generation_like(name, detail)

    def _at_end_of_code(self, subject: str, code: str) -> Iterator[Asking]:
        visitors = (
            one.step.request.by
            for one in self._taken
            if one.step.request.kind is Kind.SIGN_IN and one.step.request.subject == subject
        )
        for person in dict.fromkeys((subject, *visitors)):
            ask = request(Kind.SIGN_IN, person, subject=subject)
            yield Asking(ask, self._handles[code])
        yield from self._by_method(subject)
        yield from self._generation_for(subject)

    def _on_path(self, subject: str, path: str) -> Iterator[Asking]:
        if path in ("methods", "user"):
            yield from self._by_method(subject)
        if path in ("code", "user"):
            newest = f"{subject}#{self._state.issued.get(subject, 0)}"
            ask = request(Kind.SIGN_IN, subject)
            yield Asking(ask, self._handles.get(newest, "wrong"))

    def _by_method(self, subject: str) -> Iterator[Asking]:
        # Under a law that lacks a rule even somebody without an account may have a code.
        account = self._state.accounts.get(subject, NOBODY)
        for method, holders in account.methods:
            if subject in holders:
                yield Asking(request(Kind.SIGN_IN, subject, method=method))
                return

    def _generation_for(self, subject: str) -> Iterator[Asking]:
        """Yield the author's own generation for a subject, else one by the first who may."""
        asked = [
            step.request
            for step in self._case.steps
            if step.request.kind is Kind.GENERATE and step.request.subject == subject
        ]
        if asked:
            yield Asking(asked[0])
            return
        for person in self._case.people:
            account = self._state.accounts.get(person.name)
            if account is not None and "manage_mfa" in account.permissions:
                ask = request(
                    Kind.GENERATE,
                    person.name,
                    subject=subject,
                    lifetime_ms=self._case.policy.policy.lifetime.shortest_ms,
                    ticket="boundaries",
                )
                yield Asking(ask)
                return

    def _generation_like(self, counted_for: str, limit_name: str) -> Iterator[Asking]:
        """Yield the latest generation that a rate limit counted."""
        policy = self._case.policy.policy
        (scope,) = [limit.scope for limit in policy.rates if limit.name == limit_name]
        for one in reversed(self._taken):
            decision = one.decision
            counted = {"subject": decision.subject, "issuer": decision.account}.get(scope, "")
            if one.step.request.kind is not Kind.GENERATE or not decision.allowed:
                continue
            if counted == counted_for:
                codes = self._state.codes.get(decision.subject or "", ())
                unended = any(code.ended is None for code in codes)
                in_the_way = unended and policy.code.on_live == "refuse"
                yield Asking(one.step.request, expires_first=in_the_way)
                return
