"""Rate limits: three kinds of window, each with a bounded memory and an exact waiting time.

A window's memory is a tuple of integers that `remember` replaces after each allowed generation;
nothing is refilled or forgotten by the clock alone. Readings may run backwards: generations
whose reading lies ahead of now count, and a backward reading refills no bucket.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, get_args

from tvc.authority.policy import RateLimit, Window
from tvc.authority.total import total

Memory = tuple[Any, ...]
Compare = Callable[[int, int], bool]

#: Clock windows remembered behind the newest one. A node that lags further than this finds its
#: window empty; without such a bound the memory of an organisation-wide limit grows for ever.
REMEMBERED_WINDOWS: Final = 256


def wait_ms(limit: RateLimit, memory: Memory, now_ms: int, compare: Mapping[str, Compare]) -> int:
    """Return how long one generation has to wait under a limit; 0 when it may go ahead.

    Parameters
    ----------
    limit
        The limit.
    memory
        What `remember` returned for the generations so far; empty at first.
    now_ms
        The reading.
    compare
        The law's comparisons ``rate.counts``, ``rate.full`` and ``rate.token``.

    Returns
    -------
    int
        The smallest wait after which the limit would let a generation pass if nothing else
        happened.

    Examples
    --------
    >>> from operator import ge, gt
    >>> law = {"rate.counts": gt, "rate.full": ge, "rate.token": ge}
    >>> wait_ms(RateLimit("subject", limit=2, per_ms=100), (10, 30), 50, law)
    60
    """
    return _WAITS[limit.window](limit, memory, now_ms, compare)


def remember(limit: RateLimit, memory: Memory, now_ms: int) -> Memory:
    """Return the memory after one more allowed generation at this reading."""
    return _MEMORIES[limit.window](limit, memory, now_ms)


def leaves_ms(limit: RateLimit, reading_ms: int) -> int:
    """Return the first reading at which a generation is no longer in a rolling window."""
    return reading_ms + limit.per_ms


def window_of(limit: RateLimit, now_ms: int) -> int:
    """Return the number of the clock's window in which a reading falls."""
    return now_ms // limit.per_ms


def window_begins_ms(limit: RateLimit, window: int) -> int:
    """Return the first reading in a window of the clock."""
    return window * limit.per_ms


def token_ms(limit: RateLimit, memory: Memory, tokens: int) -> int | None:
    """Return the first reading at which a bucket has some tokens; None where it has them now."""
    units, reading_ms = memory
    missing: int = tokens * limit.per_ms - units
    return reading_ms - -missing // limit.limit if missing > 0 else None


def _rolling_wait(
    limit: RateLimit, memory: Memory, now_ms: int, compare: Mapping[str, Compare]
) -> int:
    counts = compare["rate.counts"]
    counted = [reading for reading in memory if counts(reading, now_ms - limit.per_ms)]
    if not compare["rate.full"](len(counted), limit.limit):
        return 0
    # Ascending, so the one whose leaving makes room is `limit` from the end. It is gone at the
    # first reading at which it no longer counts, which is now for none of them.
    leaving: int = counted[-limit.limit]
    gone_ms = leaves_ms(limit, leaving) - now_ms
    return gone_ms if not counts(leaving, leaving) else gone_ms + 1


def _rolling_memory(limit: RateLimit, memory: Memory, now_ms: int) -> Memory:
    return tuple(sorted((*memory, now_ms))[-limit.limit :])


def _clock_wait(
    limit: RateLimit, memory: Memory, now_ms: int, compare: Mapping[str, Compare]
) -> int:
    counts = dict(memory)
    window = here = window_of(limit, now_ms)
    last = max(counts, default=here) + 1
    while window <= last and compare["rate.full"](counts.get(window, 0), limit.limit):
        window += 1
    return 0 if window == here else window_begins_ms(limit, window) - now_ms


def _clock_memory(limit: RateLimit, memory: Memory, now_ms: int) -> Memory:
    counts: dict[int, int] = dict(memory)
    window = window_of(limit, now_ms)
    counts[window] = counts.get(window, 0) + 1
    oldest = max(counts) - REMEMBERED_WINDOWS
    return tuple(sorted(item for item in counts.items() if item[0] >= oldest))


# A bucket counts in tokens times `per_ms`, so that refilling `limit` tokens per `per_ms` adds
# `limit` units a millisecond and stays integer. Its memory is (units, reading of that level).


def bucket_level(limit: RateLimit, memory: Memory, now_ms: int) -> tuple[int, int]:
    """Return a bucket's level in units, and the reading it holds for: now, or a later one."""
    full = limit.limit * limit.per_ms
    if not memory:
        return full, now_ms
    units, reading = memory
    return min(full, units + max(0, now_ms - reading) * limit.limit), max(now_ms, reading)


def _bucket_wait(
    limit: RateLimit, memory: Memory, now_ms: int, compare: Mapping[str, Compare]
) -> int:
    units, reading = bucket_level(limit, memory, now_ms)
    if compare["rate.token"](units, limit.per_ms):
        return 0
    missing = limit.per_ms - units
    return reading - now_ms + max(1, -(-missing // limit.limit))


def _bucket_memory(limit: RateLimit, memory: Memory, now_ms: int) -> Memory:
    units, reading = bucket_level(limit, memory, now_ms)
    return (units - limit.per_ms, reading)


_WAITS: Final[dict[str, Callable[[RateLimit, Memory, int, Mapping[str, Compare]], int]]] = total(
    get_args(Window),
    {"rolling": _rolling_wait, "clock_hour": _clock_wait, "bucket": _bucket_wait},
)
_MEMORIES: Final[dict[str, Callable[[RateLimit, Memory, int], Memory]]] = total(
    get_args(Window),
    {"rolling": _rolling_memory, "clock_hour": _clock_memory, "bucket": _bucket_memory},
)
