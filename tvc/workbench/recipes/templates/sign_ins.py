"""Signing in beside, after and with a code; levels; lockout."""

from collections.abc import Iterator
from typing import Final

from tvc.authority.durations import SECOND_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.authority.requests import Method
from tvc.workbench.recipes.sketch import MOST, Sketch, Stage, at_rows, strongest

_SIGNING_IN: Final = "Signing in"
_LOCKOUT: Final = "Lockout"


def precedence(policy: Policy) -> Iterator[Sketch]:
    """Sign in by other means while a code is live."""
    why = f"while a code is live: {policy.sign_in.precedence}"
    stage = Stage(policy).issue(save="c1").sign_in().wake().sign_in(code="c1")
    yield stage.sketch(_SIGNING_IN, "methods-while-a-code-is-live", why)


def return_(policy: Policy) -> Iterator[Sketch]:
    """Sign in by other means after a code lapsed, and after it was closed."""
    end = life_ms(policy.lifetime.shortest_ms, policy)
    why = f"methods return {policy.sign_in.return_}: the code lapses here"
    stage = Stage(policy).issue(save="c1").sign_in(at=end).wake(at=end).expire().wake()
    yield stage.sketch(_SIGNING_IN, "methods-after-a-code", why)


def password(policy: Policy) -> Iterator[Sketch]:
    """Type a wrong password beside a code."""
    why = f"the password beside a code: {policy.sign_in.password}"
    stage = Stage(policy).issue(save="c1").sign_in(code="c1", password="wrong")
    yield stage.sketch(_SIGNING_IN, "wrong-password-beside-a-code", why)


def levels(policy: Policy) -> Iterator[Sketch]:
    """Sign in each way there is."""
    stage = Stage(policy)
    for method in Method:
        stage.sign_in("tom", with_=method)
    stage.sign_in("tom", via="sso").sign_in("cal").issue(save="c1").sign_in(code="c1")
    why = "each way to sign in opens a session of its level"
    yield stage.sketch(_SIGNING_IN, "levels", why, audit="levels")


def lockout(policy: Policy) -> Iterator[Sketch]:
    """Fail until a path is locked, and not quite; try that path then, and the other."""
    failures, locked = policy.lockout.failures, policy.lockout.for_ms
    each = f"a lock is for each {policy.lockout.scope}"
    if failures > MOST:
        return
    why = f"{failures} failures lock, and these are {failures - 1}"
    stage = _failed(policy, failures - 1).wake(at=SECOND_MS)
    yield stage.sketch(_LOCKOUT, "one-failure-less", why)
    why = f"{failures} failures lock for {format_duration(locked)}"
    stage = _failed(policy, failures).wake(at="${at}")
    yield stage.sketch(_LOCKOUT, "lock-ends", why, at_rows(locked))
    # All at one instant, which the shortest lock outlives.
    stage = Stage(policy).issue(at=0, save="c1")
    for _ in range(failures):
        stage.sign_in(at=0, code="wrong")
    stage.sign_in(at=0, code="c1").expire(at=0).wake(at=0)
    yield stage.sketch(_LOCKOUT, "code-locked", f"{failures} wrong codes; {each}")
    stage = _failed(policy, failures).issue(at=0, save="c1").sign_in(at=0, code="c1")
    why = f"{failures} wrong proofs, then a code; {each}"
    yield stage.sketch(_LOCKOUT, "code-for-a-locked-method", why)


def _failed(policy: Policy, count: int) -> Stage:
    stage = Stage(policy)
    for _ in range(count):
        stage.sign_in(at=0, with_=strongest(policy), proof="wrong")
    return stage
