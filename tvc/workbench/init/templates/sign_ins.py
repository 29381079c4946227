"""Signing in beside, after and with a code; levels; lockout."""

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
    shortest,
    strongest,
)

_SIGNING_IN: Final = "Signing in"
_LOCKOUT: Final = "Lockout"


def sketches(policy: Policy) -> Iterator[Sketch]:
    """Yield timelines about signing in."""
    yield _precedence(policy)
    yield _return(policy)
    yield _password(policy)
    yield _levels(policy)
    if policy.lockout.failures <= MOST:
        yield _nearly_locked(policy)
        yield _locked(policy)
        yield _locked_code(policy)
        yield _locked_method(policy)


def _precedence(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.sign_in(SECOND_MS)
    stage.wake(2 * SECOND_MS, "ana")
    stage.sign_in(3 * SECOND_MS, code="c1")
    why = f"while a code is live: {policy.sign_in.precedence}"
    return stage.sketch(_SIGNING_IN, "methods-while-a-code-is-live", why)


def _return(policy: Policy) -> Sketch:
    stage, end = Stage(policy), life_ms(shortest(policy), policy)
    stage.issue(0, save="c1")
    stage.sign_in(end)
    stage.wake(end, "ana")
    stage.expire(end + SECOND_MS)
    stage.wake(end + 2 * SECOND_MS, "ana")
    why = f"methods return {policy.sign_in.return_}: the code lapses here"
    return stage.sketch(_SIGNING_IN, "methods-after-a-code", why)


def _password(policy: Policy) -> Sketch:
    stage = Stage(policy)
    stage.issue(0, save="c1")
    stage.sign_in(SECOND_MS, code="c1", password="wrong")
    why = f"the password beside a code: {policy.sign_in.password}"
    return stage.sketch(_SIGNING_IN, "wrong-password-beside-a-code", why)


def _levels(policy: Policy) -> Sketch:
    stage = Stage(policy)
    for number, method in enumerate(Method):
        stage.sign_in(number * SECOND_MS, "tom", with_=method)
    at = len(Method) * SECOND_MS
    stage.sign_in(at, "tom", via="sso")
    stage.sign_in(at + SECOND_MS, "cal")
    stage.issue(at + 2 * SECOND_MS, save="c1")
    stage.sign_in(at + 3 * SECOND_MS, code="c1")
    return stage.sketch(
        _SIGNING_IN, "levels", "each way to sign in opens a session of its level", audit="levels"
    )


def _fail(stage: Stage, count: int) -> None:
    for _ in range(count):
        stage.sign_in(0, with_=strongest(stage.policy), proof="wrong")


def _nearly_locked(policy: Policy) -> Sketch:
    stage, failures = Stage(policy), policy.lockout.failures
    _fail(stage, failures - 1)
    stage.wake(SECOND_MS, "ana")
    why = f"{failures} failures lock, and these are {failures - 1}"
    return stage.sketch(_LOCKOUT, "one-failure-less", why)


def _locked(policy: Policy) -> Sketch:
    stage, rules = Stage(policy), policy.lockout
    _fail(stage, rules.failures)
    stage.wake("${at}", "ana")
    why = f"{rules.failures} failures lock for {format_duration(rules.for_ms)}"
    return stage.sketch(_LOCKOUT, "lock-ends", why, at_rows(around(rules.for_ms)))


def _locked_code(policy: Policy) -> Sketch:
    # All at one instant, which the shortest lock outlives.
    stage, failures = Stage(policy), policy.lockout.failures
    stage.issue(0, save="c1")
    for _ in range(failures):
        stage.sign_in(0, code="wrong")
    stage.sign_in(0, code="c1")
    stage.expire(0)
    stage.wake(0, "ana")
    why = f"{failures} wrong codes; a lock is for each {policy.lockout.scope}"
    return stage.sketch(_LOCKOUT, "code-locked", why)


def _locked_method(policy: Policy) -> Sketch:
    stage, failures = Stage(policy), policy.lockout.failures
    _fail(stage, failures)
    stage.issue(0, save="c1")
    stage.sign_in(0, code="c1")
    why = f"{failures} wrong proofs, then a code; a lock is for each {policy.lockout.scope}"
    return stage.sketch(_LOCKOUT, "code-for-a-locked-method", why)
