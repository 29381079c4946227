"""Attackers: callers, thieves of leaked codes, guessers, and an issuer who helps an accomplice.

Each attack is by an outsider of its own. Whoever gets in may enroll a method, which outlives the
code; the user whom an attack disturbs, or who sees a notice, may have it answered.
"""

from functools import partial
from typing import Final, Protocol

from tvc.authority.decide import Decision
from tvc.authority.durations import DAY_MS
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Method, plain_request
from tvc.world.draws import ATTACKS
from tvc.world.issuing import Admin, Case, Outcome
from tvc.world.issuing import Setting as AdminSetting
from tvc.world.kernel import Due, Rank, tie_key
from tvc.world.people import user_name
from tvc.world.ports import Crowd, HelpDesk
from tvc.world.reactions import AFTER_A_GUESS, REMEDIES, Guess, Remedy
from tvc.world.streams import Streams
from tvc.world.weeks import WeekRate, arrivals

_YEAR_DAYS: Final = 365
#: The method that attackers enroll: their own, beside the user's.
_FOREIGN: Final = Method.TOTP
#: Attacks are told apart by what they spring from, so that none shifts another's draws.
_THIEVES: Final = 1 << 61
_GUESSERS: Final = 1 << 62
_WEEK_MS: Final = 7 * DAY_MS
#: Uniform numbers have 53 bits.
_TOLD_APART: Final = 1 << 53


class Setting(AdminSetting, Protocol):
    """What attackers see of their surroundings: whom they call, and whom they disturb.

    An issuer who is one of them acts as an admin does.
    """

    @property
    def desk(self) -> HelpDesk: ...  # noqa: D102 - above
    @property
    def population(self) -> Crowd: ...  # noqa: D102


class Attack:
    """An outsider after one account.

    Attributes
    ----------
    kind, person
        Which kind of attacker, and the outsider's name.
    entity, number, calls, key
        What their draws are keyed by, and their place among simultaneous events.
    victim
        The user that the account belongs to, by number.
    code
        The ordinal of the code they know; None when they know none.
    """

    __slots__ = (
        "_world", "call", "calls", "code", "device_usable", "entity", "guesses", "hit_at", "key",
        "kind", "number", "person", "refused", "subject", "victim",
    )  # fmt: skip

    rightful = False
    suspicious = False

    def __init__(  # noqa: PLR0913, PLR0917 - who, after whom, and where among others
        self, world: Setting, kind: str, entity: int, number: int, victim: int, arrival: int
    ) -> None:
        self._world = world
        self.kind = kind
        self.person = f"x:{kind}:{victim + 1}.{number}"
        self.entity = entity
        self.number = number
        self.calls = 0
        self.key = tie_key(Rank.ATTACKER, arrival)
        self.victim = victim
        self.subject = user_name(victim)
        self.call: object = None
        self.code: int | None = None
        self.refused: Reason | None = None
        self.device_usable = False
        self.guesses = 0
        self.hit_at: dict[int, int] = {}

    @property
    def wants_desk(self) -> bool:
        """Whether they have still to be heard by the desk."""
        return self.call is None

    @property
    def approvable(self) -> bool:
        """Whether colleagues approve their code unseen, as they approve any caller's."""
        if self.kind != "malicious_issuer":
            return True
        return self._world.draws.approved(self.entity, self.number, 0)

    @property
    def wants_reset(self) -> bool:
        """Whether they lack the password, and talk the desk into another one."""
        draws = self._world.draws
        return not self._knows_password and draws.talks_into_reset(self.entity, self.number, 0)

    def begin(self) -> None:
        """Come to know the account, and perhaps its password."""
        world = self._world
        world.people.hold(self.victim, self.subject)
        if world.draws.sampled(self.victim, 0, 0):
            world.recorder.watch(self.subject)
        if world.draws.knows_password(self.entity, self.number, 0):
            accounts = world.authority.state.accounts
            account = accounts[self.subject]
            accounts[self.subject] = account._replace(known_to=account.known_to | {self.person})

    # What the desk says

    def given(self, ordinal: int, at_ms: int) -> None:
        """Be told a code by the desk, and use it at once."""
        world = self._world
        self._learn(ordinal, at_ms)
        world.answers.notify(self, Kind.GENERATE, at_ms)
        self.enter(at_ms)
        world.population.disturb(self.victim, at_ms)
        self._done(at_ms)

    def helped(self, now_ms: int) -> None:
        """Be told a password by the desk, and use it at once."""
        world = self._world
        world.answers.notify(self, Kind.RESET_PASSWORD, now_ms)
        self.enter(now_ms)
        world.population.disturb(self.victim, now_ms)
        self._done(now_ms)

    def unserved(self, now_ms: int) -> None:
        """Give up."""
        self._done(now_ms)

    # What they do

    @property
    def _knows_password(self) -> bool:
        account = self._world.authority.state.accounts.get(self.subject)
        return account is not None and self.person in account.known_to

    def _learn(self, ordinal: int, now_ms: int) -> None:
        self.code = ordinal
        world = self._world
        world.recorder.code_learnt(now_ms, self.person, self.subject, ordinal)

    def enter(self, now_ms: int) -> bool:
        """Sign in with the code they know and, once in, perhaps enroll a method."""
        if self.code is None:
            return False
        allowed = self._sign_in((self.code,), now_ms).allowed
        if allowed and self._world.draws.enrolls_method(self.entity, self.number, 0):
            self._enroll(now_ms)
        return allowed

    def _sign_in(self, matched: tuple[int, ...], now_ms: int) -> Decision:
        request = plain_request(Kind.SIGN_IN, self.person, self.subject, None, matched)
        decision = self._world.ask(request, now_ms, self.entity)
        if decision.allowed:
            self._world.answers.notify(self, Kind.SIGN_IN, now_ms)
        return decision

    def _enroll(self, now_ms: int) -> None:
        world = self._world
        enroll = plain_request(Kind.ENROLL, self.person, None, _FOREIGN)
        decision = world.ask(enroll, now_ms, self.entity)
        step_up_helps = decision.reason is not None and REMEDIES[decision.reason] is Remedy.STEP_UP
        if step_up_helps and self.code is not None:
            step_up = plain_request(Kind.STEP_UP, self.person, None, None, (self.code,))
            if world.ask(step_up, now_ms, self.entity).allowed:
                decision = world.ask(enroll, now_ms, self.entity)
        if decision.allowed:
            world.answers.notify(self, Kind.ENROLL, now_ms)

    def _done(self, now_ms: int) -> None:
        self._world.people.release(self.subject, now_ms)

    # Each kind's own way

    def call_desk(self, event: Due) -> None:
        """Call the desk as the user."""
        self.begin()
        self._world.desk.receive(self, event.at_ms)

    def steal(self, ordinal: int, event: Due) -> None:
        """Use a code that leaked, talking the desk into a password where none is known."""
        now_ms = event.at_ms
        self.begin()
        self._learn(ordinal, now_ms)
        if self.wants_reset:
            self.refused = Reason.WRONG_PASSWORD
            self._world.desk.receive(self, now_ms)
            return
        self.enter(now_ms)
        self._done(now_ms)

    def guess_from(self, event: Due) -> None:
        """Begin to guess at the code of an account whose password is known."""
        now_ms = event.at_ms
        self.begin()
        self._guess(now_ms)

    def _guess_on(self, event: Due) -> None:
        self._guess(event.at_ms)

    def _guess(self, now_ms: int) -> None:
        """Guess without pause until a guess is right, or locked out, or out of guesses.

        No guess is made twice, so that which one is right is a single draw: the k-th of the
        possible codes, all alike.
        """
        world = self._world
        tries = world.workload.attackers.guessers.tries
        while self.guesses < tries:
            matched = self._lucky()
            decision = self._sign_in(matched, now_ms)
            if decision.reason is None:
                self._learn(matched[0], now_ms)
                if world.draws.enrolls_method(self.entity, self.number, 0):
                    self._enroll(now_ms)
                break
            reaction = AFTER_A_GUESS[decision.reason]
            if reaction is Guess.WAIT:
                wait_ms = max(decision.retry_after_ms or 0, 1)
                world.kernel.at(now_ms + wait_ms, self.key, self._guess_on)
                return
            if reaction is Guess.STOP:
                break
            self.guesses += 1
        self._done(now_ms)

    def _lucky(self) -> tuple[int, ...]:
        """Return the live codes that the next guess matches: in practice none or one."""
        world = self._world
        code = world.policy.code
        space = len(code.alphabet) ** code.length
        matched: tuple[int, ...] = ()
        for live in world.authority.state.codes.get(self.subject, ()):
            if live.ended is None:
                if live.ordinal not in self.hit_at:
                    share = world.draws.guess(self.entity, self.number, live.ordinal)
                    self.hit_at[live.ordinal] = self.guesses + _place(share, space)
                if self.hit_at[live.ordinal] == self.guesses:
                    matched += (live.ordinal,)
        return matched

    def issue(self, event: Due) -> None:
        """Have an admin who is in on it generate a code."""
        world = self._world
        now_ms = event.at_ms
        self.begin()
        case = Case(world, Admin(world, 0), self, world.policy.lifetime.max_ms)
        if case.work(now_ms) in (Outcome.REFUSED, Outcome.UNABLE):
            self.unserved(now_ms)


def _place(share: float, space: int) -> int:
    """Return which of some possibilities a uniform number stands for.

    Examples
    --------
    >>> _place(0.5, 10**6), _place(0.5, 10**400) == 5 * 10**399
    (500000, True)
    """
    # Past what a float tells apart, whole numbers go on.
    return int(share * space) if space <= _TOLD_APART else int(share * _TOLD_APART) * space >> 53


class Attackers:
    """All attackers of one run.

    Parameters
    ----------
    world
        Where.
    streams
        Of the run, for when attacks begin.

    Attributes
    ----------
    after_codes : bool
        Whether anybody is after the codes that are sent to users.
    """

    __slots__ = ("_arrived", "_sources", "_world", "after_codes")

    def __init__(self, world: Setting, streams: Streams) -> None:
        self._world = world
        self._arrived = 0
        attackers = world.workload.attackers
        self.after_codes = attackers.thieves.per_leak > 0 or attackers.guessers.per_code > 0
        kinds = (
            ("callers", attackers.callers.per_day, Attack.call_desk),
            ("guessers", attackers.guessers.per_day, Attack.guess_from),
            ("malicious_issuer", attackers.malicious_issuer.per_year / _YEAR_DAYS, Attack.issue),
        )
        self._sources = tuple(
            (kind, ATTACKS + place, WeekRate(per_day / DAY_MS, None, 0), stream, begin)
            for place, (kind, per_day, begin) in enumerate(kinds)
            for stream in [streams.stream(f"attackers.{kind}")]
            if per_day
        )
        if self._sources:
            self._schedule_week(0)

    def _schedule_week(self, begins_ms: int, _event: Due | None = None) -> None:
        """Schedule the attacks of one week; a list of all would grow with the horizon."""
        world, window = self._world, self._world.window
        ends_ms = min(begins_ms + _WEEK_MS, window.horizon_ms)
        for kind, entity, rate, stream, begin in self._sources:
            for at_ms, number in arrivals(rate, stream, 0, begins_ms, ends_ms):
                victim = self._target(entity, number)
                attack = self._attack(kind, entity, number, victim)
                world.kernel.at(at_ms, attack.key, partial(begin, attack))
        if ends_ms < window.horizon_ms:
            key = tie_key(Rank.CLOCK, 0)
            world.kernel.at(ends_ms, key, partial(self._schedule_week, ends_ms))

    def _target(self, entity: int, number: int) -> int:
        """Pick a user, all alike, in such a way that one more user moves no other attack.

        Places are drawn among a power of two until one is a user's.
        """
        world = self._world
        users = world.workload.users
        places = 1 << (users - 1).bit_length()
        attempt = 0
        while True:
            place = int(world.draws.target(entity, number, attempt) * places)
            if place < users:
                return place
            attempt += 1

    def _attack(self, kind: str, entity: int, number: int, victim: int) -> Attack:
        self._arrived += 1
        return Attack(self._world, kind, entity, number, victim, self._arrived)

    def code_sent(self, user: int, incident: int, code: int, ordinal: int, now_ms: int) -> None:
        """Let a code that was sent to its user be stolen, or guessed at."""
        world = self._world
        draws = world.draws
        if draws.stolen(user, incident, code) and draws.leaks(user, incident, code):
            attack = self._attack("thieves", _THIEVES + user, incident << 16 | code, user)
            at_ms = now_ms + draws.stolen_after(user, incident, code)
            world.kernel.at(at_ms, attack.key, partial(attack.steal, ordinal))
        if draws.guessed_at(user, incident, code):
            attack = self._attack("guessers", _GUESSERS + user, incident << 16 | code, user)
            at_ms = now_ms + draws.guessed_after(user, incident, code)
            world.kernel.at(at_ms, attack.key, attack.guess_from)
