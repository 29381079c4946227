"""Lifetimes and the life of a code: its end, its uses, how many there may be, what ends it."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import SECOND_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.workbench.recipes.sketch import MOST, Sketch, Stage, another, around, at_rows, rows_of
from tvc.workbench.recipes.templates.rates import pace

_LIFETIMES: Final = "Lifetimes"
_CODES: Final = "Codes"


def lifetimes(policy: Policy) -> Iterator[Sketch]:
    """Ask for lifetimes around the shortest and the longest, and on and off the step."""
    life, first, last = policy.lifetime, policy.lifetime.shortest_ms, policy.lifetime.longest_ms
    step, half = life.step_ms, life.step_ms // 2
    tried = {*around(life.min_ms, life.max_ms), life.min_ms // 2, life.max_ms * 2}
    tried |= {first - step, first, first + half, first + step, last - half, last, last + step}
    rows = rows_of("life", sorted(one for one in tried if one > 0))
    least, most, on = map(format_duration, (life.min_ms, life.max_ms, step))
    why = f"lifetimes of {least} to {most} in steps of {on} are offered, and no others"
    stage = Stage(policy).issue(lifetime="${life}")
    yield stage.sketch(_LIFETIMES, "lifetimes-offered", why, rows)


def end(policy: Policy) -> Iterator[Sketch]:
    """Use a code around its end."""
    life, leeway = policy.lifetime.shortest_ms, policy.clock.leeway_ms
    late = f", and {format_duration(leeway)} of leeway" if leeway else ""
    why = f"a code of {format_duration(life)} lives for that long{late}"
    stage = Stage(policy).issue(save="c1").sign_in(at="${at}", code="c1")
    yield stage.sketch(_LIFETIMES, "code-ends", why, at_rows(life, life_ms(life, policy)))


def uses(policy: Policy) -> Iterator[Sketch]:
    """Use a code once more often than it is good for."""
    most = policy.code.uses
    count = 2 if most is None else most
    if count > MOST:
        return
    stage = Stage(policy).issue(save="c1")
    gap = max(1, min(SECOND_MS, (policy.lifetime.shortest_ms - 1) // (count + 2)))
    for number in range(1, count + 2):
        stage.sign_in(at=number * gap, code="c1")
    said = "any number of sign-ins" if most is None else f"{most} sign-ins"
    yield stage.sketch(_CODES, "uses-of-a-code", f"a code is good for {said}")


def several(policy: Policy) -> Iterator[Sketch]:
    """Generate as many codes as somebody may have, and one more."""
    most, life = policy.code.per_user, policy.lifetime.longest_ms
    gap = pace(policy, most + 1)
    if most > MOST or most * gap + most >= life:
        return
    why = f"{most} of somebody's codes may be live; the next generation: {policy.code.on_live}"
    yield _use_all(policy, most + 1, gap).sketch(_CODES, "one-code-too-many", why)
    why = f"{most} live codes are good"
    yield _use_all(policy, most, gap).sketch(_CODES, "as-many-codes-as-may-be", why)


def _use_all(policy: Policy, count: int, gap: int) -> Stage:
    stage, last = Stage(policy), (count - 1) * gap
    for number in range(count):
        stage.issue(at=number * gap, lifetime=policy.lifetime.longest_ms, save=f"c{number + 1}")
    for number in range(count):
        stage.sign_in(at=last + 1 + number, code=f"c{number + 1}")
    return stage


def ended(policy: Policy) -> Iterator[Sketch]:
    """Enroll a method beside a code, and use one."""
    why = f"what ends live codes: {', '.join(policy.code.ends_on) or 'nothing else'}; here a method"
    stage = Stage(policy).wake().issue(save="c1").ask("enroll", "ana", with_=another(policy))
    stage.sign_in(code="c1")
    yield stage.sketch(_CODES, "enrolling-beside-a-code", f"{why} is enrolled")
    stage = Stage(policy).issue(save="c1").wake().sign_in(code="c1")
    yield stage.sketch(_CODES, "method-beside-a-code", f"{why} is tried")
