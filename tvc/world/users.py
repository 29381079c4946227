"""Users: one incident from the moment a method fails somebody until it works again.

A user who is locked out calls the desk, and tries again as soon as the desk has helped. With a
code they sign in at the start of each working day and whenever a session is over, until the code
is over or forgotten and they call again; or until the device is back.
"""

from enum import Enum, auto
from functools import partial
from typing import Protocol

from tvc.authority.decide import Decision
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Method, Request, plain_request
from tvc.world.kernel import Due, Rank, tie_key
from tvc.world.ports import Ground, HelpDesk
from tvc.world.reactions import AT_SIGN_IN, REMEDIES, AtSignIn, Remedy
from tvc.world.working_days import NO_SHIFT

_METHOD = Method.AUTHENTICATOR
_SIGN_IN = Kind.SIGN_IN
# Looking a member up in an enumeration is a function call.
_LOSE_DEVICE = Kind.LOSE_DEVICE
_FIND_DEVICE = Kind.FIND_DEVICE
_TYPE_CODE = AtSignIn.TYPE_CODE
_DROP_CODE = AtSignIn.DROP_CODE


class Cause(Enum):
    """What brought a user into trouble."""

    LOSS = auto()
    OUTAGE = auto()
    DISTURBED = auto()  # by what others did to the account


class Home(Protocol):
    """Where users come from and go back to; see `tvc.world.population.Population`."""

    def closed(self, incident: "Incident", now_ms: int) -> None: ...  # noqa: D102 - as there


class Setting(Ground, Protocol):
    """What users in trouble see of their surroundings.

    Attributes
    ----------
    desk, population
        Whom they call, and where they go back to.
    open
        Who is in trouble, by person.
    """

    @property
    def desk(self) -> HelpDesk: ...  # noqa: D102 - above
    @property
    def population(self) -> Home: ...  # noqa: D102
    @property
    def open(self) -> dict[str, "Incident"]: ...  # noqa: D102


class Incident:
    """A user in trouble.

    Attributes
    ----------
    person, entity
        Who, by name and for draws.
    subject
        The account that they are locked out of: their own.
    number
        Which incident of theirs, for draws: the same under every policy.
    key
        Their place among simultaneous events.
    device_usable
        Whether they hold a device that is enrolled.
    code
        The ordinal of the code they know; None when they know none.
    calling
        Whether a call of theirs is under way, planned or answered but not yet of use.
    calls
        How often they have called.
    refused
        Why their latest sign-in was refused; None once one was allowed.
    opened_ms, closed
        When it began, and whether it is over.
    shift
        The working day of theirs that was looked at last.
    """

    __slots__ = (
        "_by_code", "_fresh", "_next_ms", "_opens_by_code", "_replaced", "_returns",
        "_session_ends_ms", "_tries", "_typing", "call", "calling", "calls", "cause", "closed",
        "code", "device_usable", "entity", "key", "number", "opened_ms", "person", "refused",
        "shift", "subject", "world",
    )  # fmt: skip

    rightful = True
    approvable = True
    wants_reset = False

    #: The request with the code they know, which is made again and again.
    _typing: Request

    def __init__(  # noqa: PLR0913, PLR0917 - who, which, and where among others
        self, world: Setting, person: str, entity: int, number: int, cause: Cause, arrival: int
    ) -> None:
        self.world = world
        self.person = self.subject = person
        self.entity = entity
        self.number = number
        self.cause = cause
        self.key = tie_key(Rank.USER, arrival)
        self.opened_ms = world.kernel.now_ms
        self.device_usable = True
        self.code: int | None = None
        self.call: object = None
        self.calling = False
        self.calls = 0
        self.refused: Reason | None = None
        self.closed = False
        self.shift = NO_SHIFT
        self._by_code = False
        self._opens_by_code: int | None = None
        self._next_ms = -1
        self._fresh = False
        self._replaced = False
        self._returns = 0
        self._session_ends_ms = -1
        self._tries = 0

    @property
    def suspicious(self) -> bool:
        """Whether they are in trouble by what others did to the account."""
        return self.cause is Cause.DISTURBED

    @property
    def wants_desk(self) -> bool:
        """Whether they have still to be heard by the desk."""
        return self.calling and not self.closed and self.call is None

    # How it begins

    def lose_device(self, at_ms: int, number: int) -> None:
        """Lose the device; it will be found, or replaced."""
        world = self.world
        draws, entity = world.draws, self.entity
        world.ask(_fact(_LOSE_DEVICE, self.person), at_ms, entity)
        self.device_usable = False
        self._replaced = False
        self._returns += 1
        if draws.found(entity, number, 0):
            back_ms = at_ms + draws.found_after(entity, number, 0)
            world.kernel.at(back_ms, self.key, partial(self._returned, self._returns, True))
        else:
            back_ms = at_ms + draws.replaced_after(entity, number, 0)
            world.kernel.at(back_ms, self.key, partial(self._returned, self._returns, False))

    def strand(self, at_ms: int) -> None:
        """Be without methods in an outage, until `restore`."""
        self.world.ask(_fact(_LOSE_DEVICE, self.person), at_ms, self.entity)
        self.device_usable = False

    def restore(self, at_ms: int) -> None:
        """Have the methods back after an outage."""
        if not self.closed:
            self._have_device(at_ms)

    def plan(self, after_ms: int) -> None:
        """Sign in at the next occasion after an instant."""
        world = self.world
        days = world.days
        at_ms, self.shift = days.next_sign_in(self.entity, after_ms, self.shift)
        lapse_ms = self._opens_by_code
        ends_early = lapse_ms is not None and after_ms < lapse_ms < at_ms
        if ends_early and days.works_at(self.entity, lapse_ms or 0):
            # The session ends with the code; who is at work then has to sign in again.
            at_ms = lapse_ms or 0
        self._next_ms = at_ms
        world.kernel.at(at_ms, self.key, self._work)

    def notice(self, at_ms: int) -> None:
        """Sign in at an instant, of their own accord."""
        self._next_ms = at_ms
        self.world.kernel.at(at_ms, self.key, self._work)

    def _work(self, event: Due) -> None:
        now_ms = event.at_ms
        if now_ms == self._next_ms and not self.closed and not self.calling:
            self.sign_in(now_ms)

    # Signing in

    def sign_in(self, now_ms: int) -> None:
        """Try to sign in with whatever is at hand, and call the desk when nothing works."""
        decision = self._try_all(now_ms)
        if decision.allowed:
            self._signed_in(decision, now_ms)
        else:
            self.be_refused(decision.reason, now_ms)

    def be_refused(self, reason: Reason | None, now_ms: int) -> None:
        """Call the desk, unless the account is no more."""
        self.refused = reason
        if reason is not None and AT_SIGN_IN[reason] is AtSignIn.LEAVE:
            self._close(now_ms)
            return
        self.calling = True
        self.world.desk.receive(self, now_ms)

    def _try_all(self, now_ms: int) -> Decision:
        """Sign in by device, unless the page is known to want the code, or by code."""
        ask, entity = self.world.ask, self.entity
        if self.code is not None and (self._by_code or not self.device_usable):
            forgotten = False
            if not self.device_usable:
                # Each use has a number of its own, whichever code it is of.
                self._tries += 1
                if self._fresh:
                    self._fresh = False  # just after it arrived nobody has forgotten it
                else:
                    forgotten = self.world.draws.forgotten(entity, self.number, self._tries)
            if forgotten:
                self.code = None
                # They know that there is a code, and not what it is.
                return ask(_sign_in(self.person, None, None), now_ms, entity)
            decision = ask(self._typing, now_ms, entity)
            if _reaction(decision) is not _DROP_CODE:
                return decision
            self.code = None
            self._by_code = False
            if not self.device_usable:
                return decision
        decision = ask(_sign_in(self.person, _METHOD, None), now_ms, entity)
        if self.code is not None and _reaction(decision) is _TYPE_CODE:
            self._by_code = True
            decision = ask(self._typing, now_ms, entity)
            if _reaction(decision) is _DROP_CODE:
                self.code = None
        return decision

    def _signed_in(self, decision: Decision, now_ms: int) -> None:
        self.refused = None
        world = self.world
        if decision.code is None:
            self._close(now_ms)
            return
        self._session_ends_ms = now_ms + world.days.session_ms
        self._opens_by_code = None
        if world.policy.session.ends_with_code:
            self._opens_by_code = self._code_ends_ms()
        if self._replaced and world.draws.enrolled(self.entity, self.number, self._tries):
            self._enroll(now_ms)
        self.plan(now_ms)

    def _code_ends_ms(self) -> int | None:
        codes = self.world.authority.state.codes.get(self.person, ())
        return codes[-1].expires_ms if codes else None

    # The device

    def _have_device(self, now_ms: int) -> None:
        world = self.world
        world.ask(_fact(_FIND_DEVICE, self.person), now_ms, self.entity)
        self.device_usable = True
        self._by_code = False
        self._replaced = False
        if world.draws.expired_afterwards(self.entity, self.number, 0):
            world.desk.expire_afterwards(self, now_ms)
        if self.calling and self.refused is not None:
            # Locked out no longer: no need to wait for the desk.
            world.desk.hang_up(self, now_ms)
            self.calling = False
            self.sign_in(now_ms)

    def _returned(self, returns: int, found: bool, event: Due) -> None:
        """Have the device back, unless another one was lost since."""
        if self.closed or returns != self._returns:
            return
        now_ms = event.at_ms
        if found:
            self._have_device(now_ms)
            return
        self._replaced = True
        in_session = self.refused is None and now_ms < self._session_ends_ms
        if in_session and self.world.draws.enrolled(self.entity, self.number, 0):
            self._enroll(now_ms)

    def _enroll(self, now_ms: int) -> None:
        """Enroll the replacement, stepping up with the code where the policy asks for it."""
        world = self.world
        enroll = plain_request(Kind.ENROLL, self.person, None, _METHOD)
        decision = world.ask(enroll, now_ms, self.entity)
        if decision.reason is None:
            self._have_device(now_ms)
        elif REMEDIES[decision.reason] is Remedy.STEP_UP and self.code is not None:
            step_up = plain_request(Kind.STEP_UP, self.person, None, None, (self.code,))
            stepped_up = world.ask(step_up, now_ms, self.entity).allowed
            if stepped_up and world.ask(enroll, now_ms, self.entity).allowed:
                self._have_device(now_ms)

    # The desk

    def given(self, ordinal: int, at_ms: int) -> None:
        """Be told a code at an instant, and use it at once."""
        self._fresh = True
        self._by_code = False
        self.world.kernel.at(at_ms, self.key, partial(self._learn, ordinal))

    def helped(self, now_ms: int) -> None:
        """Be told that the way is free, and try again at once."""
        if not self.closed and self.calling:
            self.calling = False
            self.sign_in(now_ms)

    def unserved(self, now_ms: int) -> None:
        """Go without help: call again after a while, or try at the next occasion."""
        if self.closed or not self.calling:
            return
        draws = self.world.draws
        if draws.calls_again(self.entity, self.number, self.calls):
            again_ms = now_ms + draws.calls_again_after(self.entity, self.number, self.calls)
            self.world.kernel.at(again_ms, self.key, self._call_again)
        else:
            self.calling = False
            self.plan(now_ms)

    def _call_again(self, event: Due) -> None:
        if self.wants_desk:
            self.world.desk.receive(self, event.at_ms)

    def _learn(self, ordinal: int, event: Due) -> None:
        if not self.closed and self.calling:
            # Whoever called again meanwhile needs no answer any more.
            if self.call is not None:
                self.world.desk.hang_up(self, event.at_ms)
            self.calling = False
            self.code = ordinal
            self._typing = _sign_in(self.person, None, (ordinal,))
            self.sign_in(event.at_ms)

    # How it ends

    def leave(self, now_ms: int) -> None:
        """Leave the company: what is still under way comes to nothing."""
        if not self.closed:
            if self.calling:
                self.world.desk.hang_up(self, now_ms)
            self.world.recorder.left(now_ms, self.person)
            self._close(now_ms)

    def _close(self, now_ms: int) -> None:
        self.closed = True
        del self.world.open[self.person]
        self.world.population.closed(self, now_ms)


def _reaction(decision: Decision) -> AtSignIn | None:
    """Return what a user does about a decision; None where it let them in."""
    return None if decision.reason is None else AT_SIGN_IN[decision.reason]


def _sign_in(person: str, method: Method | None, matched: tuple[int, ...] | None) -> Request:
    return plain_request(_SIGN_IN, person, person, method, matched)


def _fact(kind: Kind, person: str) -> Request:
    return plain_request(kind, person)
