"""Lifetimes and the life of a code: its end, its uses, how many there may be, what ends it."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import SECOND_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.authority.requests import Method
from tvc.workbench.init.sketch import (
    MOST,
    Sketch,
    Stage,
    around,
    at_rows,
    longest,
    shortest,
    strongest,
)
from tvc.workbench.init.templates.pacing import pace

_LIFETIMES: Final = "Lifetimes"
_CODES: Final = "Codes"


def sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield timelines about lifetimes and codes."""
    yield _lifetimes(policy)
    yield _end(policy)
    yield from _uses(policy)
    yield from _several(policy)
    yield _enrolled(policy)
    yield _method_used(policy)


def _lifetimes(policy: Policy) -> Sketch:
    life, first, last = policy.lifetime, shortest(policy), longest(policy)
    step, half = life.step_ms, life.step_ms // 2
    tried = {*around(life.min_ms), *around(life.max_ms), life.min_ms // 2, life.max_ms * 2}
    tried |= {first - step, first, first + half, first + step, last - half, last, last + step}
    rows = [{"life": format_duration(one)} for one in sorted(tried) if one > 0]
    stage = Stage(policy)
    stage.issue(0, lifetime="${life}")
    offered = f"{_say(life.min_ms)} to {_say(life.max_ms)} in steps of {_say(step)}"
    return stage.sketch(
        _LIFETIMES, "lifetimes-offered", f"lifetimes of {offered} are offered, and no others", rows
    )


def _end(policy: Policy) -> Sketch:
    life, leeway = shortest(policy), policy.clock.leeway_ms
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.sign_in("${at}", code="c1")
    late = f", and {_say(leeway)} of leeway" if leeway else ""
    why = f"a code of {_say(life)} lives for that long{late}"
    return stage.sketch(_LIFETIMES, "code-ends", why, at_rows(around(life, life_ms(life, policy))))


def _uses(policy: Policy) -> Iterator[Sketch]:
    uses = policy.code.uses
    count = 2 if uses is None else uses
    if count > MOST:
        return
    stage = Stage(policy)
    stage.issue(0, save="c1")
    gap = max(1, min(SECOND_MS, (shortest(policy) - 1) // (count + 2)))
    for number in range(1, count + 2):
        stage.sign_in(number * gap, code="c1")
    said = "any number of sign-ins" if uses is None else f"{uses} sign-ins"
    yield stage.sketch(_CODES, "uses-of-a-code", f"a code is good for {said}")


def _several(policy: Policy) -> Iterator[Sketch]:
    most, life = policy.code.per_user, longest(policy)
    gap = pace(policy, most + 1)
    if most > MOST or most * gap + most >= life:
        return
    last = most * gap
    stage = Stage(policy)
    for number in range(most + 1):
        stage.issue(number * gap, lifetime=life, save=f"c{number + 1}")
    for number in range(most + 1):
        stage.sign_in(last + 1 + number, code=f"c{number + 1}")
    why = f"{most} of somebody's codes may be live; the next generation: {policy.code.on_live}"
    yield stage.sketch(_CODES, "one-code-too-many", why)
    stage = Stage(policy)
    for number in range(most):
        stage.issue(number * gap, lifetime=life, save=f"c{number + 1}")
    for number in range(most):
        stage.sign_in(last - gap + 1 + number, code=f"c{number + 1}")
    yield stage.sketch(_CODES, "as-many-codes-as-may-be", f"{most} live codes are good")


def _enrolled(policy: Policy) -> Sketch:
    other = next(method for method in Method if method is not strongest(policy))
    stage = Stage(policy)
    stage.wake(0, "ana")
    stage.issue(SECOND_MS, save="c1")
    stage.ask(2 * SECOND_MS, "enroll", "ana", with_=other)
    stage.sign_in(3 * SECOND_MS, code="c1")
    why = f"what ends live codes: {_list(policy.code.ends_on)}; here a method is enrolled"
    return stage.sketch(_CODES, "enrolling-beside-a-code", why)


def _method_used(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.wake(SECOND_MS, "ana")
    stage.sign_in(2 * SECOND_MS, code="c1")
    why = f"what ends live codes: {_list(policy.code.ends_on)}; here a method is tried"
    return stage.sketch(_CODES, "method-beside-a-code", why)


def _say(duration_ms: int) -> str:
    return format_duration(duration_ms)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names) or "nothing else"
