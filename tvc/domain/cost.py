"""What a replication takes, estimated before it is run: events, and memory.

An estimate is a function of the workload and the policy alone. It adds up means: how many people
get into trouble, how long that lasts, how often they sign in and call meanwhile, and what else is
gone through one by one. Where a mean cannot be told, what it can be at most stands for it, so that
an estimate is rather too high than too low; a test holds how far off it is.

Every cycle of the model is in here with its period: signing in again (`work.session`,
`session.max`), the next working day (`work.lasts`), calling again (`desk.patience`,
`desk.calls_again_after`), a code that is over before it arrives (`channel`, `lifetime`, `clocks`),
a check that everybody fails, waiting for a rate limit, guessing until a lock opens, and each day,
week and hour of the run. One whose period is nothing at all never ends: its count is infinite.
Clocks that are set right again are in none: they are functions of the time, and no events.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial
from itertools import accumulate
from math import ceil, exp, inf, sqrt
from typing import Final

from tvc.authority.durations import DAY_MS
from tvc.authority.policy import Policy, RateLimit
from tvc.domain.distributions import Distribution
from tvc.domain.quantities import HOURS_OF_WEEK
from tvc.domain.sampling import cdf, limited_mean_ms, quantile
from tvc.domain.workload import WorkloadModel

_YEAR: Final = 365.0
_WEEK: Final = 7.0
#: Losses are drawn for so many days at once.
_SLAB: Final = 28.0
_NEARLY_ALL: Final = 1 - 1e-9
_HARDLY: Final = 1e-9
#: Days that no run lasts.
_FOR_EVER: Final = 1e9
#: Where a distribution is looked at, evenly from its shortest to its longest.
_PLACES: Final = 32
#: Of a desk that is hardly busy enough to keep up, the share of idle time that waits go by.
_IDLE: Final = 0.05

# What is gone through without an event of its own, in events that take as long.
_SCREENED: Final = 1 / 2_000
_LOOKED_AT: Final = 1 / 8
_COPIED: Final = 1 / 1_000
_GUESSED: Final = 1 / 2
_PASSED: Final = 1 / 64
_DAY_COUNTED: Final = 4.0
_ALWAYS: Final = 100.0

# What somebody or something takes while it is held, in bytes.
_USER: Final = 3.0
_STRANDED_NUMBER: Final = 48.0
_PERSON: Final = 1_700.0
#: With the session, the call and the case at hand that all admins may have at once.
_ADMIN: Final = 4_500.0
_ATTACK: Final = 3_000.0
_DUE: Final = 400.0
_IN_LINE: Final = 200.0
_BIN: Final = 600.0
_DAY: Final = 100.0
_REMEMBERED: Final = 8.0
_CODE: Final = 700.0
_HELD_ALWAYS: Final = 4e6


@dataclass(frozen=True, slots=True)
class Cost:
    """What a replication takes.

    Attributes
    ----------
    events
        Events of the calendar, and what is gone through without one, in events that take as long;
        infinite for a run that would never end.
    memory_bytes
        Held at its peak, beside the program itself.
    """

    events: float
    memory_bytes: float


def expected_cost(workload: WorkloadModel, policy: Policy) -> Cost:
    """Estimate what a replication takes.

    Parameters
    ----------
    workload
        Measured durations must have been read.
    policy
        What holds.

    Examples
    --------
    >>> year = WorkloadModel.model_validate({"users": 2_000, "horizon": "365d"})
    >>> 5_000 < expected_cost(year, Policy()).events < 100_000
    True
    """
    estimate = _Estimate(workload, policy)
    return Cost(estimate.events, estimate.memory_bytes)


def _days(distribution: Distribution, limit: float) -> float:
    """Return the mean in days of what is drawn, none of it counting for more than a limit."""
    return limited_mean_ms(distribution, limit * DAY_MS) / DAY_MS if limit > 0 else 0.0


def _again(calls: float, share: float, length: float, period: Callable[[float], float]) -> float:
    """Return calls with those that follow because a share of all come to nothing.

    No more follow than a time has room for, each taking a period.
    """
    if not share:
        return calls
    follow = share / (1 - share) if share < 1 else inf
    return calls + min(calls * follow, _renewals(length, period))


def _renewals(length: float, period: Callable[[float], float]) -> float:
    """Return how often something happens at most in a time, again and again.

    Parameters
    ----------
    length
        The time.
    period
        The mean of how long it takes, nothing counting for more than a limit.

    Returns
    -------
    float
        Infinite where it takes no time at all.

    Notes
    -----
    What is cut off at a limit is over soonest, and the last one begins within the time: the mean
    number times the mean period is at most the time and the limit together (Wald's equation).
    """
    if length <= 0:
        return 0.0
    limits = [length / 8**power for power in range(4)]
    return min((length + limit) / mean if (mean := period(limit)) > 0 else inf for limit in limits)


def _chance(mean: float) -> float:
    """Return how many come where chance brings more than the mean: three standard deviations.

    Few come by chance where many are expected, and that many may where hardly any are.
    """
    return mean + 3 * sqrt(mean)


@dataclass(frozen=True)
class _Trouble:
    """People who get into trouble for one reason; times in days.

    Attributes
    ----------
    people
        How many.
    helped
        Whether the desk can help them at all.
    away
        How long they need codes, where the desk helps at once.
    alone
        How long it lasts where the desk never helps.
    blocked
        How long a code that is left keeps them from their methods then.
    """

    people: float
    helped: bool
    away: float
    alone: float
    blocked: float


@dataclass(frozen=True)
class _Estimate:
    """The quantities that an estimate is made of; times in days."""

    workload: WorkloadModel
    policy: Policy

    # Time

    @cached_property
    def span(self) -> float:
        """How long incidents begin."""
        return (self.workload.lead_in + self.workload.horizon) / DAY_MS

    @cached_property
    def end(self) -> float:
        """How long the run is."""
        return self.span + self.workload.drain / DAY_MS

    @cached_property
    def open_share(self) -> float:
        """The share of the week in which the desk is open."""
        return len(self.workload.desk.shifts) / HOURS_OF_WEEK

    def while_open(self, length: float) -> float:
        """Return how much of a time the desk is open at most, wherever in the week it begins."""
        weeks, rest = divmod(length, _WEEK)
        shifts = self.workload.desk.shifts
        open_hours = [hour % HOURS_OF_WEEK in shifts for hour in range(2 * HOURS_OF_WEEK)]
        reached = list(accumulate(open_hours, initial=0))
        hours = min(ceil(24 * rest), HOURS_OF_WEEK)
        most = max(reached[hour + hours] - reached[hour] for hour in range(HOURS_OF_WEEK))
        return min(weeks * len(shifts) / 24 + min(most / 24, rest), length)

    # Signing in

    @cached_property
    def session(self) -> float:
        """Time between two sign-ins of a working day."""
        longest_ms = self.policy.session.max_ms
        session_ms = self.workload.work.session
        return (session_ms if longest_ms is None else min(session_ms, longest_ms)) / DAY_MS

    @cached_property
    def working(self) -> float:
        """The probability that a working day is not over as soon as it begins."""
        return 1 - cdf(self.workload.work.lasts)(0.5)

    @cached_property
    def working_days(self) -> float:
        """Working days a day of the calendar."""
        return self.workload.work.days_per_week / _WEEK

    @cached_property
    def a_shift(self) -> float:
        """Sign-ins of a working day, none after the end of the run."""
        lasts = self.workload.work.lasts
        share_below = quantile(lasts)
        lengths = (share_below((place + 0.5) / _PLACES) for place in range(_PLACES))
        usual = sum(ceil(min(ms / DAY_MS, self.end) / self.session) for ms in lengths) / _PLACES
        return max(usual, _days(lasts, self.end) / self.session)

    @cached_property
    def per_day(self) -> float:
        """Sign-ins of somebody in trouble, a day of the calendar."""
        return min(self.a_shift * self.working_days, 1 / self.session + self.working_days)

    @cached_property
    def a_plan(self) -> float:
        """What it takes to find the next sign-in, in events: the days that are looked at."""
        work = self.workload.work
        latest = quantile(work.starts)(_NEARLY_ALL) + quantile(work.lasts)(_NEARLY_ALL)
        back = min(latest // DAY_MS, self.end)
        ahead = 1 / (self.working_days * self.working) if self.working > 0 else inf
        return (back + ahead) * _LOOKED_AT

    # Trouble

    @cached_property
    def losses(self) -> float:
        """Devices that are lost, also by those who have left."""
        weeks, rest = divmod(self.span, _WEEK)
        return _chance(self.losses_a_day * _WEEK * (weeks + self.most_of_a_week(24 * rest)))

    @cached_property
    def losses_a_day(self) -> float:
        """Devices that are lost, on average of the days."""
        return self.workload.users * self.workload.losses.per_user_per_year / _YEAR

    @cached_property
    def arrivals_a_day(self) -> float:
        """Losses of admins and attacks that begin by themselves, on average of the days."""
        desk, attackers = self.workload.desk, self.workload.attackers
        per_day = attackers.callers.per_day + attackers.guessers.per_day
        a_year = desk.admins * desk.losses_per_admin_per_year + attackers.malicious_issuer.per_year
        return per_day + a_year / _YEAR

    def most_of_a_week(self, hours: float) -> float:
        """Return the largest share of a week's losses that can come within some of its hours."""
        weights = self.workload.losses.profile
        if weights is None:
            return min(hours / HOURS_OF_WEEK, 1.0)
        return sum(sorted(weights)[-ceil(hours) - 1 :]) / sum(weights)

    @cached_property
    def admin_losses(self) -> float:
        """Devices that admins lose."""
        desk = self.workload.desk
        return _chance(desk.admins * desk.losses_per_admin_per_year / _YEAR * self.span)

    @cached_property
    def stranded(self) -> float:
        """People who meet an outage, of all outages."""
        return sum(outage.share for outage in self.workload.outages) * self.workload.users

    @cached_property
    def most_stranded(self) -> float:
        """People who meet the largest outage."""
        shares = [outage.share for outage in self.workload.outages]
        return max(shares, default=0.0) * self.workload.users

    @cached_property
    def lost(self) -> _Trouble:
        """Users who lost a device."""
        leaving = self.workload.leavers.per_user_per_year / _YEAR * self.span
        staying = (1 - exp(-leaving)) / leaving if leaving > _HARDLY else 1.0
        return self._without_device(self.losses * staying, self.helps(0))

    @cached_property
    def lost_by_admins(self) -> _Trouble:
        """Admins who lost a device; no admin helps themselves."""
        return self._without_device(self.admin_losses, self.helps(1))

    def _without_device(self, people: float, helped: bool) -> _Trouble:
        device = self.workload.device
        found = device.found * _days(device.found_after, self.end)
        enrolling = device.enrolled_again * self.per_day * self.enrolls * helped
        waiting = _days(device.replaced_after, self.end) + (1 / enrolling if enrolling else inf)
        away = found + (1 - device.found) * min(waiting, self.end)
        alone = found + (1 - device.found) * self.end
        return _Trouble(people, helped, away, alone, self.lifetime)

    @cached_property
    def disturbed(self) -> _Trouble:
        """Users who come upon what attackers did to their accounts."""
        attackers = self.workload.attackers
        by_rate = attackers.callers.per_day + attackers.malicious_issuer.per_year / _YEAR
        people = _chance(by_rate * self.span) + self.thefts
        alone = self.end if self.keeps_out else min(self.lifetime, self.end)
        return _Trouble(people, self.helps(0), 0.0, alone, 0.0)

    @cached_property
    def without_attacks(self) -> tuple[_Trouble, ...]:
        """All kinds of trouble that no attacker makes."""
        out = [
            _Trouble(
                outage.share * self.workload.users,
                self.helps(0),
                min(outage.lasts / DAY_MS, self.end),
                min(outage.lasts / DAY_MS, self.end),
                self.lifetime,
            )
            for outage in self.workload.outages
        ]
        return (self.lost, self.lost_by_admins, *out)

    @cached_property
    def troubles(self) -> tuple[_Trouble, ...]:
        """All kinds of trouble."""
        return (*self.without_attacks, self.disturbed)

    @cached_property
    def people(self) -> float:
        """All who can be in trouble."""
        return float(self.workload.users + self.workload.desk.admins)

    @cached_property
    def incidents(self) -> float:
        """How often somebody gets into trouble."""
        return sum(trouble.people for trouble in self.troubles)

    @cached_property
    def days_in_trouble(self) -> float:
        """Days in trouble of all people together, but for waiting."""
        found = sum(
            trouble.people * min(trouble.away + trouble.blocked, self.end)
            for trouble in self.troubles
        )
        return min(found, self.people * self.end)

    # The desk

    @cached_property
    def lifetime(self) -> float:
        """How long a code is valid."""
        limits, asked = self.policy.lifetime, self.workload.desk.lifetime
        longest = limits.max_ms / DAY_MS
        if asked is None:
            return longest
        return max(_days(asked, longest), limits.min_ms / DAY_MS)

    @cached_property
    def keeps_out(self) -> bool:
        """Whether a code keeps its user from their methods until somebody expires it."""
        return self.policy.sign_in.return_ == "on_expire_now"

    def helps(self, callers: int) -> bool:
        """Whether the desk can give anybody a code without those of its admins who call."""
        assurance = self.policy.sign_in.assurance.authenticator
        able = self.policy.issuer.assurance == "standard" or assurance == "high"
        return able and self.workload.desk.admins - callers > self.policy.issuer.approvals.standard

    @cached_property
    def enrolls(self) -> bool:
        """Whether somebody who has a code can enroll a device by it."""
        assurance = self.policy.sign_in.assurance.code
        return self.policy.enroll.assurance == "standard" or assurance == "high"

    @cached_property
    def handling(self) -> float:
        """How long an admin is on a call."""
        return self.on_a_call(self.end)

    def on_a_call(self, limit: float) -> float:
        """Return how long an admin is on a call, nothing counting for more than a limit."""
        desk = self.workload.desk
        if desk.identity_check == "none":
            return _days(desk.handling, limit)
        check = getattr(desk.checks, desk.identity_check)
        return _days(desk.handling, limit) + _days(check.time, limit)

    @cached_property
    def rejected(self) -> float:
        """The probability that a call which is answered does not help, though the desk could."""
        desk = self.workload.desk
        if desk.identity_check == "none":
            return 0.0
        rejects: float = getattr(desk.checks, desk.identity_check).false_reject
        return rejects

    @cached_property
    def too_late(self) -> float:
        """The probability that a code is over when it arrives, by the clock that judges it."""
        apart_ms = sum(
            abs(node.offset)
            + self.end * DAY_MS * abs(node.drift_ppm) / 1e6
            + sum(abs(step.by) for step in node.steps)
            for node in self.workload.clocks.values()
        )
        left_ms = self.lifetime * DAY_MS - apart_ms
        return 1 - cdf(self.delay)(left_ms - 0.5) if left_ms > 0 else 1.0

    @cached_property
    def delay(self) -> Distribution:
        """Until a code is with its user."""
        channel = self.workload.channel
        delay: Distribution = getattr(channel, channel.by).delay
        return delay

    @cached_property
    def codes(self) -> float:
        """Codes that people need who are in trouble without an attack."""
        return sum(map(self._needed, self.without_attacks))

    @cached_property
    def calls(self) -> float:
        """Calls that are answered."""
        by_attackers = self.workload.attackers.callers.per_day * self.span + self.thefts
        return self.codes + self._needed(self.disturbed) + by_attackers

    def _needed(self, trouble: _Trouble) -> float:
        """Return the calls of people in one kind of trouble, had each its answer at once."""
        if not trouble.people:
            return 0.0
        uses = self.policy.code.uses
        lost = self.workload.work.code_forgotten + (0.0 if uses is None else 1 / uses)
        sign_ins = trouble.away * self.per_day
        over = trouble.away * self.working_days / self.lifetime
        ends = over * 2 if self.policy.session.ends_with_code else over
        calls = 1 + min(ends + sign_ins * lost, 2 * sign_ins)
        alone = self.while_open(max(trouble.alone, trouble.away))
        calls = _again(
            calls, self.too_late, alone, lambda limit: self.on_a_call(limit) + self._sent(limit)
        )
        in_vain = self.rejected if trouble.helped else 1.0
        calls = _again(calls, in_vain, alone, lambda limit: self.call_again(self.on_a_call, limit))
        return trouble.people * calls

    def _sent(self, limit: float) -> float:
        return _days(self.delay, limit)

    def call_again(self, spent: Callable[[float], float], limit: float) -> float:
        """Return the time from one call to the next of somebody whom a call does not help.

        Parameters
        ----------
        spent
            How long a call takes, nothing counting for more than a limit.
        limit
            The limit.
        """
        desk = self.workload.desk
        later = desk.calls_again * _days(desk.calls_again_after, limit)
        at_work = (1 - desk.calls_again) * min(self.session, limit)
        return spent(limit) + later + at_work

    def waits(self, trouble: _Trouble) -> float:
        """Return how long somebody in a kind of trouble waits for an admin, all calls together."""
        if not trouble.people:
            return 0.0
        admins = self.workload.desk.admins
        if not admins:
            return trouble.alone
        busy = self.calls * self.handling / (admins * self.open_share * max(self.span, 1.0))
        # Those who are stranded, and those who called at night, are all there at once.
        a_day = self.calls * min(_WEEK / self.span, 1.0) * self.most_of_a_week(24)
        at_once = self.most_stranded + a_day
        line = self.handling * (1 + at_once / admins) / max(1 - busy, _IDLE)
        a_call = line * self._needed(trouble) / trouble.people
        left_over = max(1 - 1 / busy, 0.0) * (self.end - self.span / 2) if busy else 0.0
        return min(a_call + left_over, trouble.alone)

    @cached_property
    def repeated_calls(self) -> float:
        """Calls of people who gave up waiting and call again."""
        patience = self.workload.desk.patience
        return sum(
            trouble.people
            * _renewals(
                self.while_open(self.waits(trouble)),
                lambda limit: self.call_again(partial(_days, patience), limit),
            )
            for trouble in self.troubles
        )

    @cached_property
    def pauses(self) -> float:
        """Times that an admin who cannot act sits out."""
        admins = self.workload.desk.admins
        if not self.helps(0):
            return min(self.calls * admins, admins * 24 * self.end * self.open_share)
        lost = self.lost_by_admins
        return 24 * lost.people * (lost.away if lost.helped else lost.alone)

    @cached_property
    def waits_for_limits(self) -> float:
        """Times that a case which waits for a rate limit is taken up again."""
        return sum(map(self._waits_for, self.policy.rates), self.calls)

    def _waits_for(self, limit: RateLimit) -> float:
        if limit.scope == "subject" or not self.calls:
            return 0.0
        counted = self.workload.desk.admins if limit.scope == "issuer" else 1
        released = min(limit.limit * DAY_MS / limit.per_ms, DAY_MS)
        capacity = released * max(counted, 1)
        left_over = max(1 - capacity * self.span / self.calls, 0.0) * (self.end - self.span / 2)
        at_once = min(self.most_stranded / capacity, self.end)
        longest = sum(trouble.people * trouble.alone for trouble in self.troubles) / self.incidents
        return self.calls * min(left_over + at_once, longest) * released

    # Attacks

    @cached_property
    def thefts(self) -> float:
        """Codes that thieves use."""
        return self.codes * self.workload.attackers.thieves.per_leak * self.workload.channel.leak

    @cached_property
    def guessers(self) -> float:
        """Accounts that guessers try."""
        guessers = self.workload.attackers.guessers
        return _chance(guessers.per_day * self.span) + self.codes * guessers.per_code

    @cached_property
    def guesses(self) -> float:
        """Guesses of all guessers."""
        lockout = self.policy.lockout
        unlocked = lockout.failures * (1 + self.end * DAY_MS / lockout.for_ms)
        return self.guessers * min(self.workload.attackers.guessers.tries, unlocked)

    @cached_property
    def attacks_by_rate(self) -> float:
        """Attacks that begin by themselves."""
        attackers = self.workload.attackers
        per_day = attackers.callers.per_day + attackers.guessers.per_day
        return _chance((per_day + attackers.malicious_issuer.per_year / _YEAR) * self.span)

    @cached_property
    def attacks(self) -> float:
        """Attacks of every kind."""
        by_code = self.codes * self.workload.attackers.guessers.per_code
        return self.attacks_by_rate + by_code + self.thefts

    # Events

    @cached_property
    def ordinary_sign_ins(self) -> float:
        """What the sign-ins of those in no trouble take, counted or carried out."""
        workload, users = self.workload, self.workload.users
        lead_in, horizon = workload.lead_in / DAY_MS, workload.horizon / DAY_MS
        # All sign-ins of a shift are looked at, also where it outlasts the run.
        in_a_shift = _days(workload.work.lasts, _FOR_EVER) / self.session + 1
        a_day = _LOOKED_AT + self.working_days * in_a_shift * _PASSED
        if workload.every_sign_in:
            carried_out = users * self.working_days * (self.span + 1) * self.a_shift
            return users * (self.span + 1) * a_day + carried_out
        longest_ms = quantile(workload.work.lasts)(1 - 1 / (100 * users + 100))
        rounds = longest_ms / DAY_MS / self.session + 2
        whole = horizon * self.working_days * rounds + self.span * _DAY_COUNTED
        # Days of which not all is measured are gone through user by user.
        cut = 2 if workload.start.hour or (lead_in % 1) or (horizon % 1) else 0
        return whole + (lead_in + cut) * users * a_day

    @cached_property
    def screening(self) -> float:
        """What it takes to find out who is hit."""
        users, slabs, weeks = self.workload.users, ceil(self.span / _SLAB), ceil(self.span / _WEEK)
        found = users * slabs * _SCREENED + slabs if self.losses else 0.0
        if self.admin_losses:
            found += self.workload.desk.admins * weeks * _LOOKED_AT
        # Whole slabs and weeks are drawn, also where the run is over before them.
        drawn = self.losses_a_day * _SLAB * slabs + self.arrivals_a_day * _WEEK * weeks
        outages = len(self.workload.outages) * users * _SCREENED
        planned = self.stranded * self.a_plan
        return found + drawn * _LOOKED_AT + outages + planned + self.end * _LOOKED_AT

    @cached_property
    def copying(self) -> float:
        """What it takes to copy what is remembered, an item at a time."""
        knowing = self.attacks * self.workload.attackers.knows_password
        known = knowing * knowing / self.workload.users / 2
        counted = {"org": 1.0, "issuer": max(self.workload.desk.admins, 1), "subject": self.people}
        remembered = sum(
            min(limit.limit, self.calls / counted[limit.scope])
            for limit in self.policy.rates
            if limit.window == "rolling"
        )
        steps = sum(len(node.steps) for node in self.workload.clocks.values())
        return (known + self.calls * remembered + self.requests * steps) * _COPIED

    @cached_property
    def requests(self) -> float:
        """Sign-ins of those in trouble."""
        return self.days_in_trouble * self.per_day + self.incidents + self.calls

    @cached_property
    def events(self) -> float:
        """All of it."""
        if not self.working > 0:
            return inf
        leaving = self.workload.leavers.per_user_per_year / _YEAR * self.end
        return (
            _ALWAYS
            + self.ordinary_sign_ins
            + self.screening
            + self.losses
            + self.incidents * (2 + 2 * min(leaving, 1.0))
            + self.requests * (1 + self.a_plan)
            + 5 * self.calls
            + 3 * self.repeated_calls
            + 2 * self.pauses
            + self.waits_for_limits
            + 6 * self.attacks
            + self.guesses * _GUESSED
            + self.guesses / self.policy.lockout.failures
            + self.copying
        )

    # Memory

    @cached_property
    def memory_bytes(self) -> float:
        """What is held at the peak."""
        workload, policy = self.workload, self.policy
        remembered = [limit.per_ms for limit in policy.rates]
        remembered += [policy.lockout.for_ms, policy.issuer.approval_valid_ms]
        kept = (max(remembered) + policy.lifetime.max_ms + policy.clock.leeway_ms) / DAY_MS
        staying = self.days_in_trouble / max(self.incidents, 1.0)
        waiting = sum(trouble.people * self.waits(trouble) for trouble in self.troubles)
        lasting = staying + waiting / max(self.incidents, 1.0) + kept
        others = self.incidents - self.stranded
        held = min(others * min(lasting / self.span, 1.0), self.people) + self.stranded
        a_week = self.arrivals_a_day * _WEEK
        slab = self.losses_a_day * _SLAB
        lines = 0.0
        if workload.every_sign_in:
            all_day = _days(workload.work.lasts, _FOR_EVER)
            at_once = min(2 + all_day, self.span + 1)
            lines = workload.users * (all_day / self.session + 1) * at_once * _IN_LINE
        people = _USER * workload.users + _PERSON * held
        out = _STRANDED_NUMBER * self.most_stranded
        if workload.outages:
            out += 16 * workload.users
        bins = workload.horizon / DAY_MS * 24 * _BIN + self.end * _DAY
        return (
            _HELD_ALWAYS
            + people
            + out
            + lines
            + bins
            + workload.desk.admins * _ADMIN
            + self.admin_losses * _DUE
            + a_week * _DUE
            + self.attacks * _ATTACK
            + slab * _IN_LINE
            + self.calls * _CODE * min(kept / self.span, 1.0)
        )
