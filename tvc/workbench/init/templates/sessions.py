"""Sessions and their ends, what they may do, and whom notices reach."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import HOUR_MS, SECOND_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.authority.requests import Method
from tvc.workbench.init.sketch import MOST, Sketch, Stage, around, shortest, strongest

_SESSIONS: Final = "Sessions"
_NOTICES: Final = "Notices"


def sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield timelines about sessions and notices."""
    yield _enroll_level(policy)
    yield from _longest(policy)
    yield from _idle(policy)
    yield from _with_code(policy)
    yield _with_code_expired(policy)
    yield _notices(policy)


def _enroll_level(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.ask(0, "enroll", "ned", with_=_other(policy))
    stage.ask(SECOND_MS, "remove_method", "ned", with_=strongest(policy))
    why = f"enrolling needs a session of level {policy.enroll.assurance}; ned's is standard"
    return stage.sketch(_SESSIONS, "level-to-enroll", why)


def _other(policy: Policy) -> Method:
    return next(method for method in Method if method is not strongest(policy))


def _use(stage: Stage, times: list[int], who: str, since: int = 0) -> bool:
    """Use a session at some instants, and in between so that it is never idle for too long.

    Returns
    -------
    bool
        Whether that takes few enough steps to be read.
    """
    idle = stage.policy.session.idle_ms
    latest = since
    for at in times:
        if idle is not None and at - latest >= idle and (at - latest) // max(1, idle - 1) > MOST:
            return False
        while idle is not None and at - latest >= idle > 1:
            latest += idle - 1
            stage.ask(latest, "use", who)
        stage.ask(at, "use", who)
        latest = at
    return True


def _longest(policy: Policy) -> Iterator[Sketch]:
    longest = policy.session.max_ms
    stage = Stage(policy)
    if longest is None:
        if _use(stage, [HOUR_MS], "sam"):
            why = "a session in use lasts"
            yield stage.sketch(_SESSIONS, "session-lasts", why)
    elif _use(stage, [one for one in around(longest) if one], "sam"):
        why = f"a session is over {format_duration(longest)} after its start"
        yield stage.sketch(_SESSIONS, "longest-session", why)


def _idle(policy: Policy) -> Iterator[Sketch]:
    idle = policy.session.idle_ms or HOUR_MS
    for at in around(idle):
        stage = Stage(policy)
        stage.ask(at, "use", "sam")
        ends = format_duration(idle) if policy.session.idle_ms else "no time"
        why = f"a session is over after {ends} without a request"
        yield stage.sketch(_SESSIONS, f"idle-for-{format_duration(at)}", why)


def _with_code(policy: Policy) -> Iterator[Sketch]:
    stage, life = Stage(policy), shortest(policy)
    end, longest = life_ms(life, policy), policy.session.max_ms
    # Late enough to outlive the code, where it can.
    start = 1 if longest is None or end + 1 < longest else max(1, end - longest // 2)
    stage.issue(0, save="c1")
    stage.sign_in(start, code="c1")
    times = [at for at in around(life, end) if at > start]
    if _use(stage, times, "ana", start):
        said = "ends" if policy.session.ends_with_code else "does not end"
        why = f"a session opened with a code {said} with it"
        yield stage.sketch(_SESSIONS, "session-of-a-code", why)


def _with_code_expired(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.sign_in(SECOND_MS, code="c1")
    stage.ask(2 * SECOND_MS, "use", "ana")
    stage.expire(3 * SECOND_MS)
    stage.ask(4 * SECOND_MS, "use", "ana")
    why = "a session opened with a code, after Expire Now"
    return stage.sketch(_SESSIONS, "session-of-an-expired-code", why)


def _notices(policy: Policy) -> Sketch:
    other = _other(policy)
    stage = Stage(policy)
    stage.wake(0, "ana")
    stage.ask(SECOND_MS, "enroll", "ana", with_=other)
    stage.ask(2 * SECOND_MS, "remove_method", "ana", with_=other)
    stage.ask(3 * SECOND_MS, "step_up", "ana", with_=strongest(policy))
    stage.ask(4 * SECOND_MS, "approve", "kim", for_="ana")
    stage.issue(5 * SECOND_MS, save="c1")
    stage.expire(6 * SECOND_MS)
    stage.ask(7 * SECOND_MS, "reset_password", "sam", for_="ana")
    said = ", ".join(policy.notify) or "nothing"
    return stage.sketch(_NOTICES, "notices", f"the subject is told of: {said}", audit="exactly")
