"""Benchmarks that set our prices beside those of the work that nobody can do without."""

import gc
import hmac
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from tvc.authority.authority import Authority, Instant, Record
from tvc.authority.durations import DAY_MS
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind, Request
from tvc.authority.secrets import KeyedCodes, new_key
from tvc.authority.state import Person, State

#: What the ratio of sign-ins to bare look-ups should be at least.
LEAST_RATIO: Final = 0.15

_USERS: Final = 1_000
_SIGN_INS: Final = 50_000
_ROUNDS: Final = 5


@dataclass(frozen=True, slots=True)
class AuthorityBenchmark:
    """What a sign-in by code costs beside its cryptography.

    Attributes
    ----------
    sign_ins_per_s
        Sign-ins with a live code through the whole law, every audit record kept.
    collected_per_s
        The same with the garbage collector on, which walks all records kept again and again.
    look_ups_per_s
        A look-up in a dict, `hmac.digest` and `hmac.compare_digest`: the least that a check of
        a keyed digest can be.
    records
        Audit records kept in a round.
    """

    sign_ins_per_s: float
    collected_per_s: float
    look_ups_per_s: float
    records: int

    @property
    def ratio(self) -> float:
        """Sign-ins for each look-up."""
        return self.sign_ins_per_s / self.look_ups_per_s

    def lines(self) -> Iterator[str]:
        """Yield the result as text."""
        yield f"sign-ins with a live code   {self.sign_ins_per_s:>12,.0f} /s"
        yield f"  with garbage collection   {self.collected_per_s:>12,.0f} /s"
        yield f"  records kept              {self.records:>12,}"
        yield f"bare digest and compare     {self.look_ups_per_s:>12,.0f} /s"
        verdict = "" if self.ratio >= LEAST_RATIO else ", which it misses here"
        yield f"ratio                       {self.ratio:>12.2f} (goal: {LEAST_RATIO}{verdict})"


def bench_authority() -> AuthorityBenchmark:
    """Measure both in one run, taking turns, and keep the best round of each."""
    users = [f"user{number}" for number in range(_USERS)]
    people = [Person("admin", "admin"), *(Person(user) for user in users)]
    records: list[Record] = []
    key = new_key()
    desk = Authority(
        Policy(), State.of(people), draw=KeyedCodes("bench"), key=key, sink=records.append
    )
    codes = {}
    for user in users:
        ask = Request(Kind.GENERATE, "admin", user, DAY_MS)
        secret = desk.submit(ask, Instant.of(0)).secret
        codes[user] = "" if secret is None else secret.show()
    digests = {user: hmac.digest(key, codes[user].encode(), "sha256") for user in users}

    def sign_in(user: str) -> None:
        desk.submit(Request(Kind.SIGN_IN, user, user), Instant(1, None, 1), codes[user])

    def look_up(user: str) -> None:
        presented = hmac.digest(key, codes[user].encode(), "sha256")
        hmac.compare_digest(digests[user], presented)

    sign_ins, collected, look_ups, kept = [], [], [], 0
    for _ in range(_ROUNDS):
        sign_ins.append(_per_second(sign_in, users))
        kept = len(records)
        records.clear()
        collected.append(_per_second(sign_in, users, collecting=True))
        records.clear()
        look_ups.append(_per_second(look_up, users))
    return AuthorityBenchmark(max(sign_ins), max(collected), max(look_ups), kept)


def _per_second(work: Callable[[str], None], users: list[str], collecting: bool = False) -> float:
    # Without the garbage collector, as timeit measures: what it costs depends on how much else
    # the process holds. Processor time, since other processes are no business of ours.
    gc.collect()
    if not collecting:
        gc.disable()
    try:
        started = time.process_time()
        for turn in range(_SIGN_INS):
            work(users[turn % _USERS])
        return _SIGN_INS / (time.process_time() - started)
    finally:
        gc.enable()
