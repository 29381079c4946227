"""What an admin does for a caller, and what they do when the law refuses it.

A refusal says what is missing, and the admin does that: signs in again, steps up, takes a
lifetime that the policy allows, expires the old code first, gets the approvals, waits for
retry_after. Only where nothing of the kind helps does the caller go without.
"""

from enum import StrEnum, auto
from functools import partial
from typing import TYPE_CHECKING, Final

from tvc.authority.decide import Decision
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Method, Request, plain_request
from tvc.world.draws import ADMINS
from tvc.world.kernel import Due, Rank, tie_key

if TYPE_CHECKING:
    from tvc.world.desk import Caller
    from tvc.world.world import World

_METHOD: Final = Method.AUTHENTICATOR
_SIGN_IN: Final = Kind.SIGN_IN
_GENERATE: Final = Kind.GENERATE
_WRONG_PASSWORD: Final = Reason.WRONG_PASSWORD
_SUPERSEDED: Final = Reason.SUPERSEDED_BY_CODE
#: More refusals in a row than there are things to mend mean that nothing will help.
_MOST_REMEDIES: Final = 8


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

    def __init__(self, world: "World", index: int) -> None:
        self._world = world
        self.index = index
        self.name = f"a{index + 1}"
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
            remedy = _ADMITTANCE.get(decision.reason)
            if remedy is None or not self.present(remedy, now_ms).allowed:
                break
            decision = self._world.ask(request, now_ms, entity)
        return decision


_ADMITTANCE: Final[dict[Reason | None, Kind]] = {
    Reason.NOT_SIGNED_IN: Kind.SIGN_IN,
    Reason.SESSION_EXPIRED: Kind.SIGN_IN,
    Reason.STEP_UP_REQUIRED: Kind.STEP_UP,
}

#: Refusals of a sign-in after which a user needs no code to get in.
_FACTS: Final[dict[Reason | None, Kind]] = {
    Reason.LOCKED_OUT: Kind.UNLOCK,
    Reason.USER_FROZEN: Kind.UNFREEZE,
}


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

    def __init__(self, world: "World", admin: Admin, caller: "Caller", asked_ms: int) -> None:
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
        if caller.refused is _WRONG_PASSWORD:
            if not self._reset(now_ms):
                return Outcome.REFUSED
            caller.helped(now_ms)
            return _DONE
        if caller.rightful:
            fact = _FACTS.get(caller.refused)
            if fact is not None:
                self._world.ask(self._request(fact), now_ms, caller.entity)
                caller.helped(now_ms)
                return _DONE
            if caller.device_usable and caller.refused is _SUPERSEDED:
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
        if not decision.allowed and decision.reason is not Reason.NO_LIVE_CODE:
            return Outcome.REFUSED
        if caller.suspicious and caller.entity < ADMINS:
            self._world.attackers.answers.suspect(caller.subject, caller.entity, now_ms)
        caller.helped(now_ms)
        return _DONE

    def _generate(self, now_ms: int) -> Outcome:
        world, caller, admin = self._world, self._caller, self._admin
        for _ in range(_MOST_REMEDIES):
            request = plain_request(
                _GENERATE, admin.name, caller.subject, None, None, self._lifetime_ms, self._ticket
            )
            decision = admin.ask(request, now_ms, caller.entity)
            if decision.allowed:
                self._hand_over(decision.code or 0, now_ms)
                return _DONE
            match decision.reason:
                case Reason.CODE_ALREADY_LIVE:
                    ended = admin.ask(self._request(Kind.EXPIRE), now_ms, caller.entity)
                    if not ended.allowed:
                        return Outcome.REFUSED
                case Reason.TICKET_MISSING:
                    self._ticket = f"call-{caller.calls}"
                case Reason.APPROVAL_REQUIRED | Reason.RATE_LIMITED:
                    return self._wait(decision, now_ms)
                case Reason.NOT_SIGNED_IN | Reason.SESSION_EXPIRED | Reason.STEP_UP_REQUIRED:
                    return Outcome.UNABLE
                case _:
                    fitting_ms = _fit(self._lifetime_ms, decision.reason, world.policy)
                    if fitting_ms == self._lifetime_ms:
                        return Outcome.REFUSED
                    self._lifetime_ms = fitting_ms
        return Outcome.REFUSED

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

    def _wait(self, decision: Decision, now_ms: int) -> Outcome:
        """Go on when approvals have come, or when the rate limit lets one more through."""
        world, caller = self._world, self._caller
        if decision.reason is Reason.RATE_LIMITED:
            wait_ms = max(decision.retry_after_ms or 0, 1)
            resume = self._resume
        else:
            needed = self._approvals_needed()
            too_few = needed > world.workload.desk.admins - 1
            if too_few or self._tries or not caller.approvable:
                return Outcome.REFUSED
            self._tries += 1
            wait_ms = max(
                world.draws.approval(caller.entity, caller.number, caller.calls * 16 + k)
                for k in range(needed)
            )
            resume = partial(self._approved, needed)
        world.kernel.at(now_ms + wait_ms, self._admin.key, resume)
        return Outcome.WAITING

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


def _fit(lifetime_ms: int, reason: Reason | None, policy: Policy) -> int:
    """Return a lifetime that the policy allows, as near as may be to one that it refused."""
    limits = policy.lifetime
    match reason:
        case Reason.LIFETIME_TOO_SHORT:
            return -(-limits.min_ms // limits.step_ms) * limits.step_ms
        case Reason.LIFETIME_TOO_LONG:
            return limits.max_ms // limits.step_ms * limits.step_ms
        case Reason.LIFETIME_NOT_ON_STEP:
            down_ms = lifetime_ms // limits.step_ms * limits.step_ms
            up_ms = down_ms + limits.step_ms
            return down_ms if down_ms >= limits.min_ms else up_ms
    return lifetime_ms
