"""Moves: one random step after the other, near what the state is about to change at."""

from collections.abc import Callable
from typing import Final

from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.edges import edges_ahead
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind, Method, Proof, Request, request
from tvc.files.models import WRONG
from tvc.workbench.hunt.histories import Course, Event
from tvc.workbench.hunt.scenes import Draws, Scene

_WAITS_MS: Final = (1, MINUTE_MS, 10 * MINUTE_MS, HOUR_MS, DAY_MS)

#: A request, and which of the subject's codes it presents: 0 the newest, 1 the one before,
#: -1 a wrong one; None when no code is presented.
_Draft = tuple[Request, int | None]


class Walk:
    """A random history that is drawn while it unfolds.

    Parameters
    ----------
    scene
        What it is made of.
    courses
        The sides on which it unfolds, which are at their start.
    draws
        Where its choices come from.

    Attributes
    ----------
    events : list of Event
        What has happened.
    """

    def __init__(self, scene: Scene, courses: list[Course], draws: Draws, free: bool) -> None:
        self.events: list[Event] = []
        self._scene = scene
        self._courses = courses
        self._draws = draws
        self._free = free
        self._names = frozenset(person.name for person in scene.people)
        self._accounts = tuple(p.name for p in scene.people if p.role != "outsider")
        self._lifetimes = _lifetimes([course.side.policy for course in courses])
        self._tickets: tuple[str | None, ...] = (None,)
        if any(course.side.policy.issuer.ticket == "required" for course in courses):
            self._tickets = ("T-1", "T-1", "T-1", None, "")
        self._counts = _counts([course.side.policy for course in courses])
        self._cycle: list[Event] = []
        self._codes: dict[str, list[str]] = {}
        self._subject = scene.subjects[0]

    @staticmethod
    def bytes_for(events: int) -> int:
        """Return how many bytes a history of as many events may use."""
        return 24 + 14 * events

    def step(self) -> None:
        """Draw an event and let it happen on every side."""
        event = self._again(self._cycle.pop(0)) if self._cycle else self._fresh()
        self.events.append(event)
        for course in self._courses:
            course.take(event)
        handle = event.save
        if handle is not None and handle in self._courses[0].handles:
            self._subject = event.request.subject or self._subject
            self._codes.setdefault(self._subject, []).append(handle)
        if not self._cycle and self._draws.chance(self._scene.repeat):
            self._begin_cycle()

    def _fresh(self) -> Event:
        """Draw an event; where it would be refused, perhaps another one."""
        scene, draws = self._scene, self._draws
        # Where in its windows a history begins matters more than where it goes on.
        event = self._event(scene.wait if self.events else max(scene.wait, 128))
        tries = 2 if draws.chance(scene.eager) else 0
        while tries and not self._courses[0].ask(event).allowed:
            # What is refused now may be allowed later.
            event = self._event(128)
            tries -= 1
        return event

    def _event(self, wait: int) -> Event:
        scene, draws = self._scene, self._draws
        node = draws.pick((None, *(clock.name for clock in scene.clocks))) if scene.clocks else None
        at_ms = self._courses[0].now_ms
        if draws.chance(wait):
            at_ms = self._later(at_ms)
        asked, code = self._draft(draws.pick(scene.moves))
        return self._finished(at_ms, node, asked, code)

    def _finished(self, at_ms: int, node: str | None, asked: Request, code: int | None) -> Event:
        presents = None
        if code is not None:
            known = self._codes.get(self._account(asked), ())
            presents = WRONG if code < 0 or code >= len(known) else known[-1 - code]
        save = f"g{len(self.events)}" if asked.kind is Kind.GENERATE else None
        return Event(at_ms, node, asked, presents, save)

    def _account(self, asked: Request) -> str:
        if asked.kind is not Kind.STEP_UP:
            return asked.subject or ""
        session = self._courses[0].state.sessions.get(asked.by)
        return "" if session is None else session.account

    def _again(self, earlier: Event) -> Event:
        """Return an earlier step, now, with the newest code where it presented one."""
        code = None if earlier.presents is None else -1 if earlier.presents == WRONG else 0
        return self._finished(self._courses[0].now_ms, earlier.node, earlier.request, code)

    def _begin_cycle(self) -> None:
        """Let the latest step or two be repeated as often as the policy counts."""
        draws = self._draws
        latest = self.events[-draws.pick((1, 2, 2)) :]
        self._cycle = latest * (draws.pick(self._counts) - 1)

    def _later(self, now_ms: int) -> int:
        """Let time pass until near a threshold, as a clock of the scene shows it."""
        draws = self._draws
        if draws.chance(64):
            return now_ms + draws.pick(_WAITS_MS)
        offset_ms = draws.pick((0, *(clock.offset_ms for clock in self._scene.clocks)))
        tick = draws.pick((0, 0, -1, 1))
        found = {
            at_ms - offset_ms + tick
            for course in self._courses
            for at_ms in edges_ahead(course.state, course.side.policy, now_ms + offset_ms)
        }
        ahead = sorted(at_ms for at_ms in found if at_ms > now_ms)
        which = draws.pick((0, 0, 0, 1, 2, 5))
        return ahead[min(which, len(ahead) - 1)] if ahead else now_ms + draws.pick(_WAITS_MS)

    # Requests

    def _draft(self, move: str) -> _Draft:
        return _DRAFTS[move](self)

    def _issuer(self) -> str:
        """Choose who issues: somebody who got into another's account, where anybody did."""
        scene, draws = self._scene, self._draws
        guests = self._guests()
        if guests and draws.chance(128):
            return draws.pick(guests)
        return draws.pick(scene.visitors if draws.chance(56) else scene.issuers)

    def _visitor(self) -> str:
        guests = self._guests()
        if guests and self._draws.chance(80):
            return self._draws.pick(guests)
        return self._draws.pick(self._scene.visitors)

    def _guests(self) -> tuple[str, ...]:
        guests = self._courses[0].state.guests
        return tuple(name for names in guests.values() for name in names) if guests else ()

    def _about(self) -> str:
        """Choose a subject: mostly the one that was generated for latest."""
        return self._subject if self._draws.chance(144) else self._draws.pick(self._scene.subjects)

    def _for(self, visitor: str) -> str:
        """Choose the account that a visitor signs in to: their own, if they have one, mostly."""
        own = visitor in self._accounts and self._draws.chance(176)
        return visitor if own else self._about()

    def _known(self) -> str:
        subject = self._about()
        return subject if subject in self._accounts else self._accounts[0]

    def _method(self, subject: str) -> Method:
        account = self._courses[0].state.accounts.get(subject)
        enrolled = () if account is None else tuple(method for method, _ in account.methods)
        if enrolled and self._draws.chance(224):
            return self._draws.pick(enrolled)
        return self._draws.pick(tuple(Method))

    def _generate(self) -> _Draft:
        subject = self._draws.pick(self._scene.subjects)
        lifetime_ms = self._lifetimes[0]
        if self._draws.chance(72):
            lifetime_ms = self._draws.pick(self._lifetimes)
        return request(
            Kind.GENERATE,
            self._issuer(),
            subject=subject,
            lifetime_ms=lifetime_ms,
            ticket=self._draws.pick(self._tickets),
        ), None

    def _by_issuer(self, kind: Kind) -> _Draft:
        return request(kind, self._issuer(), subject=self._about()), None

    def _by_visitor(self, kind: Kind) -> _Draft:
        return request(kind, self._visitor()), None

    def _about_account(self, kind: Kind) -> _Draft:
        return request(kind, self._draws.pick(self._scene.issuers), subject=self._known()), None

    def _reset_password(self) -> _Draft:
        given_to = "mallory" if "mallory" in self._names and self._draws.chance(128) else None
        asked = request(
            Kind.RESET_PASSWORD, self._issuer(), subject=self._about(), given_to=given_to
        )
        return asked, None

    def _change_methods(self, kind: Kind) -> _Draft:
        visitor = self._visitor()
        session = self._courses[0].state.sessions.get(visitor)
        method = self._method("" if session is None else session.account)
        return request(kind, visitor, method=method), None

    def _sign_in_by_code(self, *, right: bool = True) -> _Draft:
        visitor = self._visitor()
        asked = request(Kind.SIGN_IN, visitor, subject=self._for(visitor))
        return asked, self._draws.pick((0, 0, 0, 0, 1, 2)) if right else -1

    def _sign_in_by_method(self, proof: Proof | None = None) -> _Draft:
        visitor = self._visitor()
        subject = self._for(visitor)
        if proof is None:
            proof = Proof.STOLEN if self._free and self._draws.chance(40) else Proof.RIGHT
        method = self._method(subject)
        return request(Kind.SIGN_IN, visitor, subject=subject, method=method, proof=proof), None

    def _sign_in_bare(self) -> _Draft:
        visitor = self._visitor()
        return request(Kind.SIGN_IN, visitor, subject=self._for(visitor)), None

    def _sign_in_with_wrong_password(self) -> _Draft:
        asked, code = self._sign_in_by_code()
        return asked._replace(password_right=False), code

    def _sign_in_by_sso(self) -> _Draft:
        visitor = self._visitor()
        own = visitor in self._accounts and not (self._free and self._draws.chance(64))
        if not own and not self._free:
            return self._sign_in_bare()
        subject = visitor if own else self._about()
        return request(Kind.SIGN_IN, visitor, subject=subject, sso=True), None

    def _step_up(self) -> _Draft:
        visitor = self._visitor()
        session = self._courses[0].state.sessions.get(visitor)
        account = "" if session is None else session.account
        way = self._draws.pick(("code", "code", "method", "method", "wrong", "nothing"))
        if way == "method":
            return request(Kind.STEP_UP, visitor, method=self._method(account)), None
        code = {"code": 0, "wrong": -1}.get(way)
        return request(Kind.STEP_UP, visitor), code


def _lifetimes(policies: list[Policy]) -> tuple[int, ...]:
    """Return lifetimes to ask for: the shortest allowed one first, then the edges."""
    found: dict[int, None] = {}
    for policy in policies:
        found |= dict.fromkeys((policy.lifetime.shortest_ms, policy.lifetime.longest_ms))
    for policy in policies:
        life = policy.lifetime
        edges = (life.min_ms - 1, life.min_ms, life.max_ms, life.max_ms + 1, life.step_ms)
        steps = (life.min_ms - life.step_ms, life.max_ms + life.step_ms, life.min_ms + 1)
        found |= dict.fromkeys((*edges, *steps))
    return tuple(lifetime_ms for lifetime_ms in found if lifetime_ms > 0)


def _counts(policies: list[Policy]) -> tuple[int, ...]:
    """Return how often something has to happen for a policy to take notice, or just not."""
    found = {2}
    for policy in policies:
        numbers = (policy.lockout.failures, policy.code.per_user, policy.code.uses or 1)
        limits = tuple(limit.limit for limit in policy.rates)
        found |= {number + more for number in (*numbers, *limits) for more in (-1, 0)}
    return tuple(sorted(number for number in found if number > 1))


_DRAFTS: Final[dict[str, Callable[[Walk], _Draft]]] = {
    "generate": Walk._generate,
    "expire": lambda walk: walk._by_issuer(Kind.EXPIRE),
    "status": lambda walk: walk._by_issuer(Kind.STATUS),
    "reveal": lambda walk: walk._by_issuer(Kind.REVEAL),
    "approve": lambda walk: walk._by_issuer(Kind.APPROVE),
    "reset_password": Walk._reset_password,
    "code": Walk._sign_in_by_code,
    "wrong_code": lambda walk: walk._sign_in_by_code(right=False),
    "method": Walk._sign_in_by_method,
    "wrong_proof": lambda walk: walk._sign_in_by_method(Proof.WRONG),
    "nothing": Walk._sign_in_bare,
    "wrong_password": Walk._sign_in_with_wrong_password,
    "sso": Walk._sign_in_by_sso,
    "step_up": Walk._step_up,
    "use": lambda walk: walk._by_visitor(Kind.USE),
    "sign_out": lambda walk: walk._by_visitor(Kind.SIGN_OUT),
    "lose_device": lambda walk: walk._by_visitor(Kind.LOSE_DEVICE),
    "find_device": lambda walk: walk._by_visitor(Kind.FIND_DEVICE),
    "enroll": lambda walk: walk._change_methods(Kind.ENROLL),
    "remove_method": lambda walk: walk._change_methods(Kind.REMOVE_METHOD),
    "activate": lambda walk: walk._about_account(Kind.ACTIVATE),
    "deactivate": lambda walk: walk._about_account(Kind.DEACTIVATE),
    "freeze": lambda walk: walk._about_account(Kind.FREEZE),
    "unfreeze": lambda walk: walk._about_account(Kind.UNFREEZE),
    "unlock": lambda walk: walk._about_account(Kind.UNLOCK),
}
