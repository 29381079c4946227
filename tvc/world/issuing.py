"""What an admin does for a caller, and what they do when the law refuses it.

A refusal says what is missing, and the admin does that: signs in again, steps up, takes a
lifetime that the policy allows, expires the old code first, gets the approvals, waits for
retry_after. Only where nothing of the kind helps does the caller go without.
"""

from collections.abc import Mapping
from enum import StrEnum, auto
from functools import partial
from typing import Final, Protocol

from tvc.authority.decide import Decision
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind, Method, Request, plain_request
from tvc.world.draws import ADMINS
from tvc.world.kernel import Action, Due, Rank, tie_key
from tvc.world.people import admin_name
from tvc.world.ports import Adversaries, Caller, Ground, IncidentResponse, Trouble
from tvc.world.reactions import CALLED_ABOUT, REMEDIES, Help, Remedy

_METHOD: Final = Method.AUTHENTICATOR
_SIGN_IN: Final = Kind.SIGN_IN
_GENERATE: Final = Kind.GENERATE
#: More refusals in a row than there are things to mend mean that nothing will help.
_MOST_REMEDIES: Final = 8


class Setting(Ground, Protocol):
    """What admins see of their surroundings.

    Attributes
    ----------
    open
        Who is in trouble, admins among them, by person.
    attackers, answers
        What codes that are sent, and attacks that come to light, set off.
    """

    @property
    def open(self) -> Mapping[str, Trouble]: ...  # noqa: D102 - above
    @property
    def attackers(self) -> Adversaries: ...  # noqa: D102
    @property
    def answers(self) -> IncidentResponse: ...  # noqa: D102


class Outcome(StrEnum):
    """What became of a case."""

    DONE = auto()
    WAITING = auto()  # for approvals or for a rate limit; the admin goes on later
    REJECTED = auto()  # the identity check failed
    REFUSED = auto()  # the law will not have it
    UNABLE = auto()  # this admin cannot act at present


_DONE: Final = Outcome.DONE


class Admin:
    """An admin of the desk.

    Attributes
    ----------
    index, name
        Who.
    key
        Their place among simultaneous events.
    """

    __slots__ = ("_day", "_world", "index", "key", "name")

    def __init__(self, world: Setting, index: int) -> None:
        self._world = world
        self.index = index
        self.name = admin_name(index)
        self.key = tie_key(Rank.ADMIN, index)
        self._day = -1

    def present(self, kind: Kind, now_ms: int) -> Decision:
        """Sign in or step up with the device or, where it is lost, with a code."""
        world = self._world
        trouble = world.open.get(self.name)
        method: Method | None = _METHOD
        matched: tuple[int, ...] | None = None
        if trouble is not None and trouble.code is not None:
            method, matched = None, (trouble.code,)
        subject = self.name if kind is _SIGN_IN else None
        request = plain_request(kind, self.name, subject, method, matched)
        return world.ask(request, now_ms, ADMINS + self.index)

    def ready(self, now_ms: int) -> bool:
        """Be signed in: admins sign in at their first act of a day."""
        today = self._world.days.day_of(now_ms)
        if today != self._day:
            if not self.present(_SIGN_IN, now_ms).allowed:
                return False
            self._day = today
        return True

    def ask(self, request: Request, now_ms: int, entity: int) -> Decision:
        """Make a request, signing in again and stepping up where that is what is missing."""
        decision = self._world.ask(request, now_ms, entity)
        if decision.allowed:
            return decision
        for _ in range(2):
            admittance = _admittance(decision)
            if admittance is None or not self.present(admittance, now_ms).allowed:
                break
            decision = self._world.ask(request, now_ms, entity)
        return decision


_ADMITTANCE: Final = {Remedy.SIGN_IN: Kind.SIGN_IN, Remedy.STEP_UP: Kind.STEP_UP}

#: What lets a user in again without a code.
_FACTS: Final = {Help.UNLOCK: Kind.UNLOCK, Help.UNFREEZE: Kind.UNFREEZE}


def _admittance(decision: Decision) -> Kind | None:
    """Return what of an admin's own is missing for a request."""
    return None if decision.reason is None else _ADMITTANCE.get(REMEDIES[decision.reason])


def expire(admin: Admin, subject: str, entity: int, now_ms: int) -> Decision:
    """Let an admin expire a subject's code."""
    if not admin.ready(now_ms):
        return admin.present(Kind.SIGN_IN, now_ms)
    return admin.ask(_for(Kind.EXPIRE, admin, subject), now_ms, entity)


class Case:
    """What an admin does for one caller.

    Parameters
    ----------
    world
        Where.
    admin
        Who works on it.
    caller
        For whom.
    asked_ms
        The lifetime that is asked for; the policy may want another.
    """

    __slots__ = ("_admin", "_caller", "_lifetime_ms", "_ticket", "_tries", "_world")

    def __init__(self, world: Setting, admin: Admin, caller: Caller, asked_ms: int) -> None:
        self._world = world
        self._admin = admin
        self._caller = caller
        self._lifetime_ms = asked_ms
        self._ticket: str | None = None
        self._tries = 0

    def work(self, now_ms: int) -> Outcome:
        """Do what the caller needs."""
        if not self._admin.ready(now_ms):
            return Outcome.UNABLE
        caller = self._caller
        wanted = Help.CODE if caller.refused is None else CALLED_ABOUT[caller.refused]
        if wanted is Help.PASSWORD:
            if not self._reset(now_ms):
                return Outcome.REFUSED
            caller.helped(now_ms)
            return _DONE
        if caller.rightful:
            fact = _FACTS.get(wanted)
            if fact is not None:
                self._world.ask(self._request(fact), now_ms, caller.entity)
                caller.helped(now_ms)
                return _DONE
            if caller.device_usable and wanted is Help.FREE_METHODS:
                return self._free_methods(now_ms)
        return self._generate(now_ms)

    def _request(self, kind: Kind) -> Request:
        return _for(kind, self._admin, self._caller.subject)

    def _reset(self, now_ms: int) -> bool:
        """Give the account another password, known to the caller alone."""
        caller = self._caller
        reset = self._request(Kind.RESET_PASSWORD)._replace(given_to=caller.person)
        return self._admin.ask(reset, now_ms, caller.entity).allowed

    def _free_methods(self, now_ms: int) -> Outcome:
        """Expire a code that keeps its subject from the device in their hand."""
        caller = self._caller
        decision = self._admin.ask(self._request(Kind.EXPIRE), now_ms, caller.entity)
        if decision.reason is not None and REMEDIES[decision.reason] is not Remedy.NO_NEED:
            return Outcome.REFUSED
        if caller.suspicious and caller.entity < ADMINS:
            self._world.answers.suspect(caller.subject, caller.entity, now_ms)
        caller.helped(now_ms)
        return _DONE

    def _generate(self, now_ms: int) -> Outcome:
        caller, admin = self._caller, self._admin
        for _ in range(_MOST_REMEDIES):
            request = plain_request(
                _GENERATE, admin.name, caller.subject, None, None, self._lifetime_ms, self._ticket
            )
            decision = admin.ask(request, now_ms, caller.entity)
            if decision.reason is None:
                self._hand_over(decision.code or 0, now_ms)
                return _DONE
            outcome = self._mend(decision, REMEDIES[decision.reason], now_ms)
            if outcome is not None:
                return outcome
        return Outcome.REFUSED

    def _mend(self, decision: Decision, remedy: Remedy, now_ms: int) -> Outcome | None:
        """Do about a refusal what may help; None where it is worth asking again."""
        outcome: Outcome | None = None
        match remedy:
            case Remedy.EXPIRE_FIRST:
                expire_first = self._request(Kind.EXPIRE)
                if not self._admin.ask(expire_first, now_ms, self._caller.entity).allowed:
                    outcome = Outcome.REFUSED
            case Remedy.TICKET:
                self._ticket = f"call-{self._caller.calls}"
            case Remedy.APPROVALS:
                outcome = self._get_approvals(now_ms)
            case Remedy.WAIT:
                outcome = self._wait(max(decision.retry_after_ms or 0, 1), self._resume, now_ms)
            case Remedy.SIGN_IN | Remedy.STEP_UP:
                outcome = Outcome.UNABLE
            case _:
                fitting_ms = _fit(self._lifetime_ms, remedy, self._world.policy)
                if fitting_ms == self._lifetime_ms:
                    outcome = Outcome.REFUSED
                self._lifetime_ms = fitting_ms
        return outcome

    def _hand_over(self, ordinal: int, now_ms: int) -> None:
        world, caller = self._world, self._caller
        if not caller.rightful:
            if caller.wants_reset:
                self._reset(now_ms)
            caller.given(ordinal, now_ms)
            return
        entity, number = caller.entity, caller.number
        code = caller.calls
        caller.given(ordinal, now_ms + world.draws.delivery(entity, number, code))
        if world.attackers.after_codes and entity < ADMINS:
            world.attackers.code_sent(entity, number, code, ordinal, now_ms)

    # Waiting

    def _wait(self, wait_ms: int, resume: Action, now_ms: int) -> Outcome:
        self._world.kernel.at(now_ms + wait_ms, self._admin.key, resume)
        return Outcome.WAITING

    def _get_approvals(self, now_ms: int) -> Outcome:
        """Go on when the approvals have come that the policy asks for."""
        world, caller = self._world, self._caller
        needed = self._approvals_needed()
        too_few = needed > world.workload.desk.admins - 1
        if too_few or self._tries or not caller.approvable:
            return Outcome.REFUSED
        self._tries += 1
        wait_ms = max(
            world.draws.approval(caller.entity, caller.number, caller.calls * 16 + k)
            for k in range(needed)
        )
        return self._wait(wait_ms, partial(self._approved, needed), now_ms)

    def _approvals_needed(self) -> int:
        tier = self._world.authority.state.accounts[self._caller.subject].tier
        return int(getattr(self._world.policy.issuer.approvals, tier))

    def _approved(self, needed: int, event: Due) -> None:
        """Have the approvals of the next colleagues, and generate."""
        world, caller = self._world, self._caller
        now_ms = event.at_ms
        admins = world.workload.desk.admins
        for k in range(1, needed + 1):
            colleague = Admin(world, (self._admin.index + k) % admins)
            approve = _for(Kind.APPROVE, colleague, caller.subject)
            colleague.ask(approve, now_ms, caller.entity)
        self._go_on(now_ms)

    def _resume(self, event: Due) -> None:
        self._go_on(event.at_ms)

    def _go_on(self, now_ms: int) -> None:
        if not self._caller.wants_desk:
            return  # helped otherwise, or gone, while the case waited
        if self._generate(now_ms) in (Outcome.REFUSED, Outcome.UNABLE):
            self._caller.unserved(now_ms)


def _for(kind: Kind, admin: Admin, subject: str) -> Request:
    return plain_request(kind, admin.name, subject)


def _fit(lifetime_ms: int, remedy: Remedy, policy: Policy) -> int:
    """Return a lifetime that the policy allows, as near as may be to one that it refused."""
    limits = policy.lifetime
    match remedy:
        case Remedy.LONGER:
            return limits.shortest_ms
        case Remedy.SHORTER:
            return limits.longest_ms
        case Remedy.ON_STEP:
            down_ms = lifetime_ms // limits.step_ms * limits.step_ms
            up_ms = down_ms + limits.step_ms
            return down_ms if down_ms >= limits.min_ms else up_ms
    return lifetime_ms
