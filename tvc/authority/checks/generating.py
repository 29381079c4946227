"""Checks of a generation: whom the code is for, how long it lives, and how many there are."""

from typing import Final

from tvc.authority import rates
from tvc.authority.checks.asking import assured
from tvc.authority.context import Context, Refusal, Verdict
from tvc.authority.policy import RateLimit
from tvc.authority.reasons import Reason


def assured_to_generate(c: Context) -> Verdict:
    """The session has the level that the policy asks of issuers."""
    return assured(c, c.policy.issuer.assurance)


def uses_mfa(c: Context) -> Verdict:
    """The subject has multi-factor authentication on, where the policy asks for it."""
    if c.policy.subject.mfa == "required" and not c.account.mfa:
        return Refusal(Reason.MFA_NOT_ENABLED)
    return None


def not_for_oneself(c: Context) -> Verdict:
    """Nobody generates for the account they act as, where the policy denies it."""
    if c.policy.issuer.self_issue == "deny" and c.acting == c.subject:
        return Refusal(Reason.SELF_ISSUE)
    return None


def has_ticket(c: Context) -> Verdict:
    """A ticket is named, where the policy asks for one; an empty one is missing."""
    if c.policy.issuer.ticket == "required" and not c.request.ticket:
        return Refusal(Reason.TICKET_MISSING)
    return None


def approved(c: Context) -> Verdict:
    """Enough other accounts approved the subject recently enough."""
    approvals = c.policy.issuer.approvals
    needed = approvals.privileged if c.account.tier == "privileged" else approvals.standard
    if not needed:
        return None
    since_ms = c.now_ms - c.policy.issuer.approval_valid_ms
    counts = c.compare["approval.counts"]
    count = sum(
        account != c.acting and counts(reading_ms, since_ms)
        for account, reading_ms in c.state.approvals.get(c.subject, ())  # type: ignore[arg-type]
    )
    enough = c.compare["approval.enough"](count, needed)
    return None if enough else Refusal(Reason.APPROVAL_REQUIRED)


def lifetime_allowed(c: Context) -> Verdict:
    """The lifetime is neither too short nor too long, and one of the steps."""
    allowed, lifetime_ms = c.policy.lifetime, c.request.lifetime_ms or 0
    if c.compare["lifetime.short"](lifetime_ms, allowed.min_ms):
        return Refusal(Reason.LIFETIME_TOO_SHORT)
    if c.compare["lifetime.long"](lifetime_ms, allowed.max_ms):
        return Refusal(Reason.LIFETIME_TOO_LONG)
    if lifetime_ms % allowed.step_ms:
        return Refusal(Reason.LIFETIME_NOT_ON_STEP)
    return None


def one_code(c: Context) -> Verdict:
    """Fewer codes are live than a subject may have, or the policy replaces the oldest."""
    if c.policy.code.on_live == "replace":
        return None
    full = c.compare["codes.full"](len(c.live), c.policy.code.per_user)
    return Refusal(Reason.CODE_ALREADY_LIVE) if full else None


#: Far more full windows in a row than any memory holds; a bound for laws that never let pass.
_MOST_WAITS: Final = 1_000


def under_rates(c: Context) -> Verdict:
    """No rate limit is reached; of several the first in the file is named."""
    refusing = next((limit.name for limit in c.policy.rates if _rate_wait_ms(c, limit, 0)), None)
    if refusing is None:
        return None
    # Waiting for one limit may end in a window of another that is full already.
    wait_ms = 0
    for _ in range(_MOST_WAITS):
        more_ms = max(_rate_wait_ms(c, limit, wait_ms) for limit in c.policy.rates)
        if not more_ms:
            break
        wait_ms += more_ms
    return Refusal(Reason.RATE_LIMITED, retry_after_ms=wait_ms, limit=refusing)


def _rate_wait_ms(c: Context, limit: RateLimit, after_ms: int) -> int:
    memory = c.state.rates.get(rate_key(c, limit), ())
    return rates.wait_ms(limit, memory, c.now_ms + after_ms, c.compare)


def rate_key(c: Context, limit: RateLimit) -> tuple[str, str]:
    """Return what a rate limit counts this generation for."""
    return limit.name, {"subject": c.subject, "issuer": c.acting}.get(limit.scope) or ""
