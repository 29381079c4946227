"""Thresholds of a policy that cannot bind: something else always decides first."""

from collections.abc import Callable, Iterator
from typing import Final

from tvc.authority.durations import format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy, RateLimit
from tvc.harness.formats.findings import Level
from tvc.workbench.lint.generations import (
    ceil_div,
    most_generations,
)
from tvc.workbench.lint.remarks import Remark, setting


def remark_thresholds(policy: Policy) -> Iterator[Remark]:
    """Yield what there is to say about the thresholds of a policy."""
    for check in _CHECKS:
        yield from check(policy)


def _idle(policy: Policy) -> Iterator[Remark]:
    idle_ms, max_ms = policy.session.idle_ms, policy.session.max_ms
    if idle_ms is not None and max_ms is not None and idle_ms >= max_ms:
        yield Remark(
            "policy.cannot_bind",
            Level.WARNING,
            ("session.idle", "session.max"),
            f"{setting(policy, 'session.idle')} never ends a session: "
            f"{setting(policy, 'session.max')} has ended it by then",
            "make session.idle shorter than session.max, or turn it off",
        )


def _off_step(policy: Policy) -> Iterator[Remark]:
    effective = {
        "lifetime.min": ("shortest", policy.lifetime.min_ms, policy.lifetime.shortest_ms),
        "lifetime.max": ("longest", policy.lifetime.max_ms, policy.lifetime.longest_ms),
    }
    for key, (which, stated_ms, so_ms) in effective.items():
        if stated_ms != so_ms:
            yield Remark(
                "policy.cannot_bind",
                Level.WARNING,
                (key, "lifetime.step"),
                f"{setting(policy, key)} is no multiple of {setting(policy, 'lifetime.step')}: "
                f"the {which} lifetime that is allowed is {format_duration(so_ms)}",
                f"{key}: {format_duration(so_ms)}, or a lifetime.step that divides it",
            )


def _dominated_limits(policy: Policy) -> Iterator[Remark]:
    for place, limit in enumerate(policy.rates):
        for other_place, other in enumerate(policy.rates):
            if other is limit or not _reaches_first(other, limit):
                continue
            if _reaches_first(limit, other) and other_place > place:
                continue  # two that are as strict: the later one is to spare
            yield Remark(
                "policy.cannot_bind",
                Level.WARNING,
                (f"rates.{limit.name}.limit", f"rates.{limit.name}.per"),
                f"rates.{limit.name} ({_limit_text(limit)}) refuses nothing that "
                f"rates.{other.name} ({_limit_text(other)}) does not refuse",
                f"leave rates.{limit.name} out, or make it stricter",
            )
            break


def _limit_text(limit: RateLimit) -> str:
    return f"{limit.limit} in {format_duration(limit.per_ms)}, {limit.window}, {limit.scope}"


def _reaches_first(other: RateLimit, limit: RateLimit) -> bool:
    """Say whether ``other`` refuses whenever ``limit`` would, by one clock.

    It does when it lets fewer through in every window than ``limit`` has room for; and when it
    lets just as many through, provided that all that fills ``limit`` still counts for it.
    """
    if other.scope not in (limit.scope, "org"):
        return False
    if limit.window == "bucket" or other.window == "bucket":
        # Two buckets compare by size and by refill; a bucket and a window by neither.
        same_kind = limit.window == other.window
        slower = other.limit * limit.per_ms <= limit.limit * other.per_ms
        return same_kind and other.limit <= limit.limit and slower
    through = most_generations(other, limit.per_ms)
    if through == limit.limit:
        return limit.window == other.window == "rolling" and other.per_ms >= limit.per_ms
    return through < limit.limit


def _early_end(policy: Policy) -> Iterator[Remark]:
    """Yield the limits that are only reached by issuers who end codes before their time.

    One code at a time makes no limit unreachable, since Expire Now is never refused for it.
    """
    code = policy.code
    if code.on_live == "replace" or code.uses is not None or code.ends_on:
        return
    shortest_ms = life_ms(policy.lifetime.shortest_ms, policy)
    for limit in policy.rates:
        natural = code.per_user * ceil_div(limit.per_ms, shortest_ms)
        if limit.scope == "subject" and limit.window == "rolling" and natural <= limit.limit:
            yield Remark(
                "policy.early_end_only",
                Level.INFO,
                (f"rates.{limit.name}.limit", "lifetime.min", "code.per_user"),
                f"rates.{limit.name} ({_limit_text(limit)}) is only reached where codes are "
                f"expired early: of codes left to lapse, {natural} fit in "
                f"{format_duration(limit.per_ms)}",
                "nothing, if early Expire Now is what the limit is for",
            )


def _leeway(policy: Policy) -> Iterator[Remark]:
    shortest_ms = policy.lifetime.shortest_ms
    if policy.clock.leeway_ms >= shortest_ms:
        yield Remark(
            "policy.leeway_too_long",
            Level.WARNING,
            ("clock.leeway", "lifetime.min"),
            f"{setting(policy, 'clock.leeway')} lets a code of the shortest lifetime "
            f"({format_duration(shortest_ms)}) live at least twice as long as it says",
            "make clock.leeway as long as the clocks differ",
        )


def _lock_too_late(policy: Policy) -> Iterator[Remark]:
    space = len(policy.code.alphabet) ** policy.code.length
    if space <= policy.lockout.failures:
        yield Remark(
            "policy.lock_too_late",
            Level.WARNING,
            ("lockout.failures", "code.length", "code.alphabet"),
            f"{setting(policy, 'lockout.failures')} stops nobody from guessing a code: "
            f"there are {space} codes",
            "make lockout.failures far smaller than the number of codes",
        )


_CHECKS: Final[tuple[Callable[[Policy], Iterator[Remark]], ...]] = (
    _off_step,
    _dominated_limits,
    _early_end,
    _idle,
    _lock_too_late,
    _leeway,
)
