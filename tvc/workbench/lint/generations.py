"""How many codes a policy lets anybody generate within a stretch of time, at most."""

from tvc.authority.policy import Policy, RateLimit


def ceil_div(dividend: int, divisor: int) -> int:
    """Divide and round up."""
    return -(-dividend // divisor)


def most_generations(limit: RateLimit, stretch_ms: int) -> int:
    """Return the most generations that one limit allows within any stretch of one clock's time.

    Parameters
    ----------
    limit
        The limit.
    stretch_ms
        Length of the stretch, in milliseconds, at least 1; its end does not belong to it.

    Returns
    -------
    int
        ``rolling``: ``limit * ceil(stretch / per)``, by bursts that are ``per`` apart.
        ``clock_hour``: ``limit`` for each window that the stretch can touch, which is one more
        than fits into it. ``bucket``: the full bucket and what refills before the end.

    Examples
    --------
    >>> from tvc.authority.durations import HOUR_MS
    >>> [most_generations(RateLimit("subject", window=window), HOUR_MS)
    ...  for window in ("rolling", "clock_hour", "bucket")]
    [6, 12, 11]
    """
    if limit.window == "rolling":
        return limit.limit * ceil_div(stretch_ms, limit.per_ms)
    if limit.window == "clock_hour":
        return limit.limit * ((stretch_ms + limit.per_ms - 2) // limit.per_ms + 1)
    return limit.limit + (stretch_ms - 1) * limit.limit // limit.per_ms


def most_generations_for(policy: Policy, scope: str, stretch_ms: int) -> int | None:
    """Return the most generations for one subject, by one issuer or in the whole organisation.

    Parameters
    ----------
    policy
        The policy.
    scope
        ``subject``, ``issuer`` or ``org``. A limit of the organisation bounds each of them; one
        of issuers does not bound a subject, whom several issuers may serve.
    stretch_ms
        As for `most_generations`.

    Returns
    -------
    int or None
        The least that any limit allows; None where none of them bounds it.
    """
    bounds = (
        most_generations(limit, stretch_ms)
        for limit in policy.rates
        if limit.scope in (scope, "org")
    )
    return min(bounds, default=None)
