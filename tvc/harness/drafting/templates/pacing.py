"""Pacing: how far apart generations have to be so that no rate limit refuses one."""

from tvc.authority.policy import Policy


def pace(policy: Policy) -> int:
    """Return a gap between generations, in milliseconds, that every rate limit lets through."""
    return max((-(-limit.per_ms // limit.limit) for limit in policy.rates), default=1)
