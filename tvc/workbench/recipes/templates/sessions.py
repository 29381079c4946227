"""Sessions and their ends, what they may do, and whom notices reach."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import HOUR_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.workbench.recipes.sketch import MOST, Sketch, Stage, another, around, strongest

_SESSIONS: Final = "Sessions"
_NOTICES: Final = "Notices"


def enroll_level(policy: Policy) -> Iterator[Sketch]:
    """Change methods from a standard session."""
    why = f"enrolling needs a session of level {policy.enroll.assurance}; ned's is standard"
    stage = Stage(policy).ask("enroll", "ned", with_=another(policy))
    stage.ask("remove_method", "ned", with_=strongest(policy))
    yield stage.sketch(_SESSIONS, "level-to-enroll", why)


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
            stage.ask("use", who, latest)
        stage.ask("use", who, at)
        latest = at
    return True


def longest(policy: Policy) -> Iterator[Sketch]:
    """Use a session around the longest that it lasts."""
    most, stage = policy.session.max_ms, Stage(policy)
    if most is None:
        if _use(stage, [HOUR_MS], "sam"):
            yield stage.sketch(_SESSIONS, "session-lasts", "a session in use lasts")
    elif _use(stage, [one for one in around(most) if one], "sam"):
        why = f"a session is over {format_duration(most)} after its start"
        yield stage.sketch(_SESSIONS, "longest-session", why)


def idle(policy: Policy) -> Iterator[Sketch]:
    """Use a session after it was idle for about as long as it may be."""
    limit = policy.session.idle_ms
    why = f"a session is over after {format_duration(limit) if limit else 'no time'}"
    for at in around(limit or HOUR_MS):
        stage = Stage(policy).ask("use", "sam", at)
        id_ = f"idle-for-{format_duration(at)}"
        yield stage.sketch(_SESSIONS, id_, f"{why} without a request")


def with_code(policy: Policy) -> Iterator[Sketch]:
    """Use a session that was opened with a code around its end, and after Expire Now."""
    life, most = policy.lifetime.shortest_ms, policy.session.max_ms
    end = life_ms(life, policy)
    # Late enough to outlive the code, where it can.
    start = 1 if most is None or end + 1 < most else max(1, end - most // 2)
    stage = Stage(policy).issue(save="c1").sign_in(at=start, code="c1")
    if _use(stage, [at for at in around(life, end) if at > start], "ana", start):
        said = "ends" if policy.session.ends_with_code else "does not end"
        why = f"a session opened with a code {said} with it"
        yield stage.sketch(_SESSIONS, "session-of-a-code", why)
    stage = Stage(policy).issue(save="c1").sign_in(code="c1").ask("use", "ana")
    stage.expire().ask("use", "ana")
    why = "a session opened with a code, after Expire Now"
    yield stage.sketch(_SESSIONS, "session-of-an-expired-code", why)


def notices(policy: Policy) -> Iterator[Sketch]:
    """Ask for all that a subject may be told of."""
    stage = Stage(policy).wake()
    stage.ask("enroll", "ana", with_=another(policy))
    stage.ask("remove_method", "ana", with_=another(policy))
    stage.ask("step_up", "ana", with_=strongest(policy)).ask("approve", "kim", for_="ana")
    stage.issue(save="c1").expire().ask("reset_password", "sam", for_="ana")
    why = f"the subject is told of: {', '.join(policy.notify) or 'nothing'}"
    yield stage.sketch(_NOTICES, "notices", why, audit="exactly")
