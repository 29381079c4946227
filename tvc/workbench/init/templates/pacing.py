"""Pacing: how far apart generations have to be so that no rate limit refuses one."""

from collections.abc import Collection
from typing import Final

from tvc.authority.policy import Policy

_SCOPES: Final = ("subject", "issuer", "org")


def pace(policy: Policy, count: int, scopes: Collection[str] = _SCOPES) -> int:
    """Return a gap between generations, in milliseconds, that every rate limit lets through.

    Parameters
    ----------
    policy
        The policy.
    count
        How many generations there are.
    scopes
        The scopes in which they count together.

    Examples
    --------
    >>> pace(Policy(), 6), pace(Policy(), 7)
    (1, 600000)
    """
    binding = (one for one in policy.rates if one.limit < count and one.scope in scopes)
    return max((-(-limit.per_ms // limit.limit) for limit in binding), default=1)
