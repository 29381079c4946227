"""The model that one would write first: a process for every user, an event for every sign-in.

It exists to be compared with `tvc.world`, which gets to the same numbers by other means: there a
user costs nothing until something happens to them, and draws are keyed. Here every user lives
through every working day, randomness is one sequential generator, and the desk is a SimPy store of
admins. Only the authority is shared, since what is compared is the world around it.

Left out: attackers, single sign-on, clocks, outages, approvals, admins who lose a device, and a
loss that is noticed at another time than the next sign-in.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Generator
from dataclasses import dataclass, field
from math import ceil, inf, log, nan
from time import perf_counter
from typing import Any

import numpy as np
import simpy

from tvc.authority.authority import Authority, Instant, Record
from tvc.authority.decide import Decision
from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Request, request
from tvc.authority.state import Person, State
from tvc.domain.distributions import (
    Choice,
    Distribution,
    Empirical,
    Exponential,
    Fixed,
    Lognormal,
    Uniform,
)
from tvc.domain.quantities import DAYS
from tvc.domain.workload import WorkloadModel

_YEAR_MS = 365 * DAY_MS
_Z95 = 1.6448536269514722

Process = Generator[simpy.Event, Any, Any]
#: A metric and what narrows it down, both as `Run.summary` spells them.
Key = tuple[str, str]


class Dice:
    """One sequential generator for everything."""

    def __init__(self, seed: int) -> None:
        self.rng = np.random.default_rng(seed)

    def happens(self, probability: float) -> bool:
        return bool(self.rng.random() < probability)

    def ms(self, distribution: Distribution) -> int:
        rng = self.rng
        match distribution:
            case Fixed(value_ms):
                return value_ms
            case Exponential(mean_ms):
                return round(rng.exponential(mean_ms))
            case Lognormal(median_ms, p95_ms):
                return round(rng.lognormal(log(median_ms), log(p95_ms / median_ms) / _Z95))
            case Uniform(low_ms, high_ms):
                return round(rng.uniform(low_ms, high_ms))
            case Choice(values):
                weights = np.array([weight for _, weight in values])
                return values[rng.choice(len(values), p=weights / weights.sum())][0]
            case Empirical():
                return int(rng.choice(distribution.values_ms))


class User:
    """What a user has, knows and is about to do."""

    def __init__(self, name: str, occasions: list[int], shifts: list[tuple[int, int]]) -> None:
        self.name = name
        self.occasions = occasions  # instants at which they sign in, in order
        self.shifts = shifts  # beginnings and ends of their working days
        self.by_device = request("sign_in", name, method="authenticator")
        self.gone = False
        self.has_device = True
        self.news: simpy.Event | None = None  # while locked out: something that lets them try again
        self.session_ends_ms = -1
        self.back_to_normal()

    def back_to_normal(self) -> None:
        self.refused: Reason | None = None
        self.code: int | None = None
        self.code_uses = 0
        self.lapses_ms = -1  # when the session ends with its code, where the policy has it so
        self.page_wants_code = False
        self.replaced = False  # the replacement is there, but not enrolled
        self.calls = 0

    def poke(self) -> None:
        """Let them try again, if they are locked out."""
        if self.news is not None and not self.news.triggered:
            self.news.succeed()


@dataclass
class CodeLife:
    """A code from its generation until it is over; how often it was used; whether it lapses."""

    begun_ms: int
    over_ms: int
    uses: int = 0
    lapses: bool = True


@dataclass
class Tally:
    """What is counted. What happens or begins from the start to the horizon counts."""

    start_ms: int
    horizon_ms: int
    leeway_ms: int
    counts: defaultdict[Key, float] = field(default_factory=lambda: defaultdict(float))
    spells_ms: list[float] = field(default_factory=list)
    unfinished_ms: list[float] = field(default_factory=list)
    waits_ms: list[float] = field(default_factory=list)
    busy_ms: int = 0
    locked_out: dict[str, int] = field(default_factory=dict)
    codes: dict[str, CodeLife] = field(default_factory=dict)

    def within(self, at_ms: int) -> bool:
        return self.start_ms <= at_ms < self.horizon_ms

    def count(self, at_ms: int, metric: str, where: str = "", by: float = 1) -> None:
        if self.within(at_ms):
            self.counts[metric, where] += by

    def see(self, record: Record) -> None:
        """Take a record of the authority."""
        at_ms = record.at.true_ms
        match record.type:
            case "sign_in.allowed":
                self._sign_in(record, at_ms, "outcome=allow")
                if record.code is not None:
                    self.codes[record.code].uses += 1
                if record.by in self.locked_out:
                    began_ms = self.locked_out.pop(record.by)
                    if self.within(began_ms):
                        self.spells_ms.append(at_ms - began_ms)
            case "sign_in.denied":
                self._sign_in(record, at_ms, f"outcome=deny, reason={record.reason}")
                self.locked_out.setdefault(record.by or "", at_ms)
            case "generate.allowed":
                self.count(at_ms, "mean(codes.generated)")
                lifetime_ms = (record.request and record.request.lifetime_ms) or 0
                over_ms = at_ms + lifetime_ms + self.leeway_ms
                self.codes[record.code or ""] = CodeLife(at_ms, over_ms)
            case "generate.denied":
                self.count(at_ms, "mean(generate.denied)", f"reason={record.reason}")
            case "code.ended":
                code = self.codes[record.code or ""]
                # A lapse is told by the lifetime alone, whenever it is recorded.
                if record.event and record.event.cause != "lapsed":
                    code.over_ms, code.lapses = at_ms, False

    def _sign_in(self, record: Record, at_ms: int, outcome: str) -> None:
        method = record.method or "none"
        if record.request and record.request.matched is not None:
            method = "code"
        self.count(at_ms, "mean(sign_ins)", f"method={method}, {outcome}")

    def results(self, end_ms: int, duty_ms: int) -> dict[Key, float]:
        """Return every measure."""
        for began_ms in self.locked_out.values():
            if self.within(began_ms):
                self.unfinished_ms.append(end_ms - began_ms)
        found: dict[Key, float] = dict(self.counts)
        for outcome in ("outcome=allow", "outcome=deny"):  # whatever the method and the reason
            found["mean(sign_ins)", outcome] = sum(
                number for (_, where), number in self.counts.items() if outcome in where
            )
        spells_ms = self.spells_ms + self.unfinished_ms
        ordered = sorted(self.spells_ms) + [inf] * len(self.unfinished_ms) or [nan]
        found["count(time_to_access)", ""] = len(spells_ms)
        found["mean(time_to_access)", ""] = _mean(spells_ms)
        found["p95(time_to_access)", ""] = ordered[ceil(0.95 * len(ordered)) - 1]
        found["mean(locked_out)", ""] = sum(spells_ms)
        found["mean(desk.wait)", ""] = _mean(self.waits_ms)
        found["mean(desk.utilisation)", ""] = self.busy_ms / duty_ms
        codes = [code for code in self.codes.values() if self.within(code.begun_ms)]
        found["mean(exposure)", ""] = sum(min(c.over_ms, end_ms) - c.begun_ms for c in codes)
        found["mean(codes.lapsed_unused)", ""] = sum(
            code.lapses and code.over_ms <= end_ms and not code.uses for code in codes
        )
        return found


def _mean(values: list[float]) -> float:
    return sum(values) / len(values) if values else nan


class ProcessPerUser:
    """One run of the model.

    Parameters
    ----------
    policy, workload
        What holds and what happens.
    seed
        Of the one generator.

    Raises
    ------
    ValueError
        If the workload has what this model leaves out.
    """

    def __init__(self, policy: Policy, workload: WorkloadModel, seed: int) -> None:
        _refuse_what_is_left_out(policy, workload)
        self.policy, self.workload = policy, workload
        self.dice = Dice(seed)
        self.env = simpy.Environment()
        start_ms = (DAYS.index(workload.start.day) * 24 + workload.start.hour) * HOUR_MS
        self.week_offset_ms = (start_ms - workload.lead_in) % (7 * DAY_MS)
        self.horizon_ms = workload.lead_in + workload.horizon
        self.end_ms = self.horizon_ms + workload.drain
        self.tally = Tally(workload.lead_in, self.horizon_ms, policy.clock.leeway_ms)
        session_ms = policy.session.max_ms or workload.work.session
        self.session_ms = min(session_ms, workload.work.session)
        users = [self._user(f"u{number + 1}") for number in range(workload.users)]
        admins = [f"a{number + 1}" for number in range(workload.desk.admins)]
        people = [Person(name, "admin") for name in admins]
        people += [Person(user.name) for user in users]
        self.authority = Authority(policy, State.of(people), sink=self.tally.see)
        # The first of the free admins takes the first of the callers.
        self.free: simpy.PriorityStore = simpy.PriorityStore(self.env)
        self.free.items = list(range(len(admins)))
        self.signed_in_on = dict.fromkeys(admins, -1)
        for user in users:
            self.env.process(self._life(user))
            self.env.process(self._losses(user))
            self.env.process(self._departure(user))

    def run(self) -> dict[Key, float]:
        """Run to the end of the drain."""
        self.env.run(self.end_ms)
        open_ms, at_ms = 0, self.tally.start_ms
        while at_ms < self.horizon_ms:
            next_ms = min(self._next_hour(at_ms), self.horizon_ms)
            open_ms += (next_ms - at_ms) * self._is_open(at_ms)
            at_ms = next_ms
        return self.tally.results(self.end_ms, open_ms * self.workload.desk.admins)

    @property
    def now_ms(self) -> int:
        return int(self.env.now)

    def ask(self, what: Request) -> Decision:
        return self.authority.judge(what, Instant.of(self.now_ms))

    # Working days

    def _user(self, name: str) -> User:
        """Draw all working days of a user."""
        work = self.workload.work
        occasions: list[int] = []
        shifts: list[tuple[int, int]] = []
        for day in range((self.end_ms + self.week_offset_ms) // DAY_MS + 7):
            if day % 7 < work.days_per_week:
                begins_ms = day * DAY_MS - self.week_offset_ms + self.dice.ms(work.starts)
                ends_ms = begins_ms + self.dice.ms(work.lasts)
                shifts.append((begins_ms, ends_ms))
                occasions += range(begins_ms, ends_ms, self.session_ms)
        return User(name, sorted(occasions), shifts)

    def _next_occasion(self, user: User) -> int:
        now_ms = self.now_ms
        at_ms = user.occasions[bisect_right(user.occasions, now_ms)]
        lapses_ms = user.lapses_ms
        if now_ms < lapses_ms < at_ms:
            at_work = any(begins <= lapses_ms < ends for begins, ends in user.shifts)
            return lapses_ms if at_work else at_ms
        return at_ms

    def _life(self, user: User) -> Process:
        while True:
            at_ms = self._next_occasion(user)
            if at_ms >= self.end_ms:
                return
            yield self.env.timeout(at_ms - self.now_ms)
            if user.gone:
                return
            yield from self._get_in(user)

    def _get_in(self, user: User) -> Process:
        """Sign in, seeking the desk's help for as long as that may help."""
        decision = self._try_all(user)
        while not decision.allowed:
            user.refused = decision.reason
            if decision.reason is Reason.USER_INACTIVE:
                return
            user.news = self.env.event()
            helped = yield from self._seek_help(user, user.news)
            user.news = None
            if user.gone or not helped:
                return
            decision = self._try_all(user)
        user.refused = None
        if decision.code is None:
            user.back_to_normal()
            return
        user.session_ends_ms = self.now_ms + self.session_ms
        if self.policy.session.ends_with_code:
            user.lapses_ms = self.authority.state.codes[user.name][-1].expires_ms
        if user.replaced and self.dice.happens(self.workload.device.enrolled_again):
            self._enroll(user)

    def _try_all(self, user: User) -> Decision:
        """Sign in by device, unless the page is known to want the code, or by code."""
        if user.code is not None and (user.page_wants_code or not user.has_device):
            forgotten = self.workload.work.code_forgotten
            if not user.has_device and user.code_uses and self.dice.happens(forgotten):
                user.code = None
                return self.ask(request("sign_in", user.name))
            decision = self._by_code(user)
            if user.code is not None or not user.has_device:
                return decision
        decision = self.ask(user.by_device)
        if decision.reason is Reason.SUPERSEDED_BY_CODE and user.code is not None:
            user.page_wants_code = True
            decision = self._by_code(user)
        return decision

    def _by_code(self, user: User) -> Decision:
        """Present the code, and think no more of it once it is over."""
        user.code_uses += 1
        decision = self.ask(request("sign_in", user.name).presenting((user.code or 0,)))
        if decision.rule == "sign_in.code" and not decision.allowed:
            user.code = None
            user.page_wants_code = False
        return decision

    # Devices and departures

    def _losses(self, user: User) -> Process:
        """Lose devices as a Poisson process, thinned to the hours of the week."""
        losses = self.workload.losses
        if not losses.per_user_per_year:
            return
        weights = losses.profile or (1.0,) * 168
        highest = max(weights)
        mean_ms = _YEAR_MS / losses.per_user_per_year / highest * (sum(weights) / 168)
        while True:
            yield self.env.timeout(round(self.dice.rng.exponential(mean_ms)))
            if user.gone or self.now_ms >= self.horizon_ms:
                return
            if not self.dice.happens(weights[self._hour(self.now_ms)] / highest):
                continue
            self.tally.count(self.now_ms, "losses")
            if user.has_device:
                self.env.process(self._lost_device(user))

    def _lost_device(self, user: User) -> Process:
        device, dice = self.workload.device, self.dice
        self.ask(request("lose_device", user.name))
        user.has_device = user.replaced = False
        if dice.happens(device.found):
            yield self.env.timeout(dice.ms(device.found_after))
            if not user.gone:
                self._have_device(user)
            return
        yield self.env.timeout(dice.ms(device.replaced_after))
        if user.gone:
            return
        user.replaced = True
        in_session = user.refused is None and self.now_ms < user.session_ends_ms
        if in_session and dice.happens(device.enrolled_again):
            self._enroll(user)

    def _enroll(self, user: User) -> None:
        """Enroll the replacement, stepping up with the code where the policy asks for it."""
        enroll = request("enroll", user.name, method="authenticator")
        decision = self.ask(enroll)
        if decision.reason is Reason.STEP_UP_REQUIRED and user.code is not None:
            self.ask(request("step_up", user.name).presenting((user.code,)))
            decision = self.ask(enroll)
        if decision.allowed:
            self._have_device(user)

    def _have_device(self, user: User) -> None:
        self.ask(request("find_device", user.name))
        user.has_device = True
        user.page_wants_code = user.replaced = False
        if self.dice.happens(self.workload.device.expired_afterwards):
            self.env.process(self._expire_afterwards(user))
        user.poke()

    def _departure(self, user: User) -> Process:
        leavers = self.workload.leavers
        if not leavers.per_user_per_year:
            return
        yield self.env.timeout(
            round(self.dice.rng.exponential(_YEAR_MS / leavers.per_user_per_year))
        )
        user.gone = True
        user.poke()
        yield self.env.timeout(self.dice.ms(leavers.deactivated_after))
        self.ask(request("deactivate", "a1", subject=user.name))

    # The desk

    def _hour(self, at_ms: int) -> int:
        return (at_ms + self.week_offset_ms) // HOUR_MS % 168

    def _next_hour(self, at_ms: int) -> int:
        return at_ms + HOUR_MS - (at_ms + self.week_offset_ms) % HOUR_MS

    def _is_open(self, at_ms: int) -> bool:
        return self._hour(at_ms) in self.workload.desk.shifts

    def _opening(self) -> simpy.Event:
        """Return an event that happens once the desk is open: now, or when it opens."""
        at_ms = self.now_ms
        while not self._is_open(at_ms):
            at_ms = self._next_hour(at_ms)
        return self.env.timeout(at_ms - self.now_ms)

    def _seek_help(self, user: User, news: simpy.Event) -> Process:
        """Call until something changes; return False to let it be until the next occasion."""
        desk = self.workload.desk
        while True:
            yield self._opening() | news
            if not news.triggered and (yield from self._call(user, news)):
                return True
            if news.triggered:
                return True
            if not self.dice.happens(desk.calls_again):
                return False
            yield self.env.timeout(self.dice.ms(desk.calls_again_after)) | news
            if news.triggered:
                return True

    def _call(self, user: User, news: simpy.Event) -> Process:
        """Wait in line and be served; return whether that changed anything."""
        placed_ms = self.now_ms
        user.calls += 1
        self.tally.count(placed_ms, "mean(calls)")
        self.tally.count(placed_ms, "mean(repeat_calls)", by=user.calls > 1)
        line = self.free.get()
        yield line | self.env.timeout(self.dice.ms(self.workload.desk.patience)) | news
        if not line.triggered:
            line.cancel()
            self.tally.count(placed_ms, "mean(desk.abandoned)")
            return False
        if self.tally.within(placed_ms):
            self.tally.waits_ms.append(self.now_ms - placed_ms)
        assert line.value is not None
        service = self.env.process(self._serve(user, line.value, news, placed_ms))
        yield service | news
        return service.triggered and service.value

    def _serve(self, user: User, admin: int, news: simpy.Event, placed_ms: int) -> Process:
        """Serve a caller; return whether they were helped."""
        desk, begun_ms = self.workload.desk, self.now_ms
        check = getattr(desk.checks, desk.identity_check, None)
        lasts_ms = self.dice.ms(desk.handling) + (check is not None and self.dice.ms(check.time))
        yield self.env.timeout(lasts_ms)
        self.tally.count(placed_ms, "mean(desk.minutes)", by=lasts_ms)
        clipped_ms = min(self.now_ms, self.horizon_ms) - max(begun_ms, self.tally.start_ms)
        self.tally.busy_ms += max(clipped_ms, 0)
        self.env.process(self._next_caller(admin))
        if news.triggered:
            return False  # they hung up meanwhile
        if check is not None and self.dice.happens(check.false_reject):
            return False
        if user.has_device and user.refused is Reason.SUPERSEDED_BY_CODE:
            decision = self._act(admin, request("expire", f"a{admin + 1}", subject=user.name))
            return decision.allowed or decision.reason is Reason.NO_LIVE_CODE
        decision = self._generate(user, admin)
        while decision.reason is Reason.RATE_LIMITED:
            yield self.env.timeout(decision.retry_after_ms or 1) | news
            if news.triggered:
                return False
            decision = self._generate(user, admin)
        if not decision.allowed:
            return False
        channel = getattr(self.workload.channel, self.workload.channel.by)
        yield self.env.timeout(self.dice.ms(channel.delay))
        if not user.gone:
            user.code, user.code_uses, user.page_wants_code = decision.code, 0, False
            user.poke()
        return True

    def _next_caller(self, admin: int) -> Process:
        yield self._opening()
        yield self.free.put(admin)

    def _act(self, admin: int, what: Request) -> Decision:
        """Let an admin ask, signed in since their first act of the day, or anew."""
        name = f"a{admin + 1}"
        sign_in = request("sign_in", name, method="authenticator")
        today = (self.now_ms + self.week_offset_ms) // DAY_MS
        if self.signed_in_on[name] != today:
            self.ask(sign_in)
            self.signed_in_on[name] = today
        decision = self.ask(what)
        if decision.reason in (Reason.NOT_SIGNED_IN, Reason.SESSION_EXPIRED):
            self.ask(sign_in)
            decision = self.ask(what)
        return decision

    def _generate(self, user: User, admin: int) -> Decision:
        """Generate a code, expiring the one that is in the way."""
        desk, limits, name = self.workload.desk, self.policy.lifetime, f"a{admin + 1}"
        asked_ms = limits.max_ms if desk.lifetime is None else self.dice.ms(desk.lifetime)
        asked_ms = min(max(asked_ms, limits.min_ms), limits.max_ms)
        what = request(
            "generate", name, subject=user.name, ticket=f"call-{user.calls}",
            lifetime_ms=asked_ms // limits.step_ms * limits.step_ms,
        )  # fmt: skip
        decision = self._act(admin, what)
        if decision.reason is Reason.CODE_ALREADY_LIVE:
            self._act(admin, request("expire", name, subject=user.name))
            decision = self._act(admin, what)
        return decision

    def _expire_afterwards(self, user: User) -> Process:
        """Let an admin expire the code of a user whose device is back."""
        yield self._opening()
        codes = self.authority.state.codes.get(user.name)
        if codes and codes[-1].ended is None:
            admin = self.free.items[0] if self.free.items else 0
            self._act(admin, request("expire", f"a{admin + 1}", subject=user.name))


def _refuse_what_is_left_out(policy: Policy, workload: WorkloadModel) -> None:
    approvals = policy.issuer.approvals
    left_out = {
        "attackers": workload.has_attackers,
        "single sign-on": workload.sso.share > 0,
        "clocks": bool(workload.clocks),
        "outages": bool(workload.outages),
        "approvals": approvals.standard + approvals.privileged > 0,
        "admins' losses": workload.desk.losses_per_admin_per_year > 0,
        "losses.noticed_after": workload.losses.noticed_after is not None,
    }
    found = [what for what, present in left_out.items() if present]
    if found:
        raise ValueError(f"the model with a process a user has no {', no '.join(found)}")


def seconds_per_user_day(users: int, days: int, losses_per_user_per_year: float = 0.3) -> float:
    """Run the shipped workload, and return what a simulated day of one user took.

    Parameters
    ----------
    users, days
        How large a run; building its people is part of what it takes.
    losses_per_user_per_year
        How much happens.
    """
    workload = WorkloadModel.model_validate({
        "users": users, "horizon": f"{days}d", "drain": "0s",
        "losses": {"per_user_per_year": losses_per_user_per_year},
        # As many admins as the calls need: an overloaded desk would be what is measured.
        "desk": {"losses_per_admin_per_year": 0, "admins": max(3, users // 4_000)},
    })  # fmt: skip
    begun = perf_counter()
    ProcessPerUser(Policy(), workload, seed=0).run()
    return (perf_counter() - begun) / (users * days)
