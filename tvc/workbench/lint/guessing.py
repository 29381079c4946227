"""How often a code can be guessed at: what rate limits and lock-outs allow together.

A guesser stops at no number of failures: every new code sets the counter to zero and lifts the
lock of its path, and every lock ends by itself. Between two such resets the lock allows
``lockout.failures`` tries, a *round*. So within a stretch of time there are at most

    rounds = codes + ceil(stretch / lockout.for)                       (resets, and a first round)
    rounds <= (codes + code.per_user) * ceil(life / lockout.for)       (no tries but at live codes)
    tries  = rounds * lockout.failures

where ``codes`` is the most that the rate limits let anybody generate for one account in the
stretch (`tvc.workbench.lint.generations`) and ``life`` the longest lifetime with the leeway. The
second line counts where the methods have a counter of their own. A stretch does not contain its
end. By the union bound the chance that some try is right is at most

    chance = min(1, tries * code.per_user / alphabet ** length)

which is exact where all tries are at one code and no guess is repeated, and else exceeds the true
chance by a factor of less than 1 / (1 - chance).

What is assumed: the guesser has what else the sign-in asks for, has the desk generate as many
codes as the limits allow, and nobody else signs in by a code meanwhile. Each success of the owner
sets the counter to zero, too, and so allows one round more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from tvc.authority.durations import DAY_MS, HOUR_MS, format_duration
from tvc.authority.edges import life_ms
from tvc.authority.policy import Policy
from tvc.workbench.lint.generations import ceil_div, most_generations_for

#: The stretches that are told of, in milliseconds.
STRETCHES: Final = {"hour": HOUR_MS, "day": DAY_MS}

#: The most tries within a stretch of some milliseconds; None for no bound.
_Tries = Callable[[int], int | None]


@dataclass(frozen=True, slots=True)
class Bound:
    """The most tries within a stretch, and the chance that one is right; None for no bound.

    The chance is None, too, where no code is guessed at.
    """

    tries: int | None
    chance: float | None


@dataclass(frozen=True, slots=True)
class Guessing:
    """What a policy allows who guesses, along one path.

    Attributes
    ----------
    path
        ``code``, ``methods``, or ``code and methods`` where one counter serves both.
    scope
        Whose tries: at ``one code``; at ``one account``, codes generated anew; at all codes of
        ``one issuer`` or of the ``organisation``.
    hour, day
        The most within any hour, and any day.
    because
        How the number comes about.
    """

    path: str
    scope: str
    hour: Bound
    day: Bound
    because: str


def guessing(policy: Policy) -> tuple[Guessing, ...]:
    """Return what a policy allows who guesses, path by path and scope by scope.

    Examples
    --------
    >>> for row in guessing(Policy()):
    ...     print(row.path, row.scope, row.hour.tries, row.day.tries, sep=", ")
    code, one code, 10, 240
    code, one account, 70, 1680
    methods, one account, 10, 240
    """
    shared = policy.lockout.scope == "user"
    path = "code and methods" if shared else "code"
    rows = [_one_code(policy, path), _one_account(policy, path)]
    if not shared:
        rows.append(_methods(policy))
    rows += [
        _many_accounts(policy, path, scope)
        for scope in ("issuer", "org")
        if any(limit.scope == scope for limit in policy.rates)
    ]
    return tuple(rows)


def tries_per_code(policy: Policy) -> int:
    """Return the most tries that lock-outs allow at one code while it lives.

    Examples
    --------
    >>> tries_per_code(Policy())
    240
    """
    return policy.lockout.failures * _rounds_per_code(policy)


def code_space(policy: Policy) -> int:
    """Return how many codes there are."""
    space: int = len(policy.code.alphabet) ** policy.code.length
    return space


def _rounds_per_code(policy: Policy) -> int:
    return ceil_div(_life_ms(policy), policy.lockout.for_ms)


def _one_code(policy: Policy, path: str) -> Guessing:
    def tries(stretch_ms: int) -> int:
        rounds = min(ceil_div(stretch_ms, policy.lockout.for_ms), _rounds_per_code(policy))
        return policy.lockout.failures * rounds

    because = f"{_round_text(policy)}; the code lives {format_duration(_life_ms(policy))} at most"
    # However many codes are live, it is this one that is meant.
    return _row(path, "one code", tries, because, (1, code_space(policy)))


def _one_account(policy: Policy, path: str) -> Guessing:
    def tries(stretch_ms: int) -> int | None:
        codes = most_generations_for(policy, "subject", stretch_ms)
        if codes is None:
            return None
        rounds = codes + ceil_div(stretch_ms, policy.lockout.for_ms)
        if policy.lockout.scope == "path":
            rounds = min(rounds, (codes + policy.code.per_user) * _rounds_per_code(policy))
        return policy.lockout.failures * rounds

    codes = most_generations_for(policy, "subject", HOUR_MS)
    anew = "any number of codes" if codes is None else f"{codes} codes"
    because = f"{_round_text(policy)}; {anew} in any hour, each of which starts a round"
    return _row(path, "one account", tries, because, (policy.code.per_user, code_space(policy)))


def _methods(policy: Policy) -> Guessing:
    def tries(stretch_ms: int) -> int:
        return policy.lockout.failures * ceil_div(stretch_ms, policy.lockout.for_ms)

    return _row("methods", "one account", tries, f"{_round_text(policy)}; a code does not lift it")


def _many_accounts(policy: Policy, path: str, scope: str) -> Guessing:
    def tries(stretch_ms: int) -> int | None:
        codes = most_generations_for(policy, scope, stretch_ms)
        return None if codes is None else codes * tries_per_code(policy)

    shown = {"issuer": "one issuer", "org": "organisation"}[scope]
    because = f"{tries_per_code(policy)} tries at each code generated in that time, while it lives"
    return _row(path, shown, tries, because, (1, code_space(policy)))


def _row(
    path: str, scope: str, tries: _Tries, because: str, hits: tuple[int, int] | None = None
) -> Guessing:
    """Make a row; ``hits`` says how many codes a try can hit, of how many there are."""

    def bound(stretch_ms: int) -> Bound:
        most = tries(stretch_ms)
        if most is None or hits is None:
            return Bound(most, None)
        right, of = hits
        return Bound(most, min(1.0, most * right / of))

    return Guessing(path, scope, bound(STRETCHES["hour"]), bound(STRETCHES["day"]), because)


def _life_ms(policy: Policy) -> int:
    return life_ms(policy.lifetime.longest_ms, policy)


def _round_text(policy: Policy) -> str:
    lock = policy.lockout
    return f"{lock.failures} tries, then a lock of {format_duration(lock.for_ms)}"
