"""Examining one decision: the rules it met, what each compared, and the knobs it looked at.

Nothing is patched: a law is a value, so a law whose rules and comparisons take notes is made
from the real one, and a policy is read through a view that remembers what was read.
"""

from collections.abc import Mapping
from dataclasses import dataclass, is_dataclass, replace
from typing import Any, Final

from tvc.authority.context import Context, Refusal, Verdict
from tvc.authority.decide import LAW, Decision, Law, decide
from tvc.authority.policy import Policy, RateLimit
from tvc.authority.rates import Compare
from tvc.authority.requests import Request
from tvc.authority.rules import Rule
from tvc.authority.state import State

_SIGNS: Final = {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two numbers that a rule compared: ``name: left sign right``, and whether that is so."""

    name: str
    left: int
    sign: str
    right: int
    holds: bool


@dataclass(frozen=True, slots=True)
class Meeting:
    """A rule that the request met.

    Attributes
    ----------
    rule
        The rule.
    verdict
        ``passed``, ``allowed at once`` or ``refused: <reason>``.
    comparisons
        What it compared, in order.
    """

    rule: Rule
    verdict: str
    comparisons: tuple[Comparison, ...]


@dataclass(frozen=True, slots=True)
class Examination:
    """A decision and how it came about.

    Attributes
    ----------
    decision
        The decision.
    meetings
        The rules met, in order, up to the one that decided.
    unmet
        The rules that were not reached.
    knobs
        Dotted keys of the policy values that were looked at, in order.
    """

    decision: Decision
    meetings: tuple[Meeting, ...]
    unmet: tuple[Rule, ...]
    knobs: tuple[str, ...]


def examine(
    policy: Policy, state: State, request: Request, now_ms: int, law: Law = LAW
) -> Examination:
    """Decide a request while taking notes.

    Parameters
    ----------
    policy, state, request, now_ms, law
        As for `tvc.authority.decide.decide`.

    Returns
    -------
    Examination
        With the very decision that the law gives without notes.
    """
    compared: list[Comparison] = []
    meetings: list[Meeting] = []
    watched = Watched(policy)

    def note(name: str, compare: Compare) -> Compare:
        sign = _SIGNS.get(getattr(compare, "__name__", ""), "?")

        def noted(left: int, right: int) -> bool:
            holds = compare(left, right)
            compared.append(Comparison(name, left, sign, right, holds))
            return holds

        return noted

    def wrap(rule: Rule) -> Rule:
        def check(c: Context) -> Verdict:
            compared.clear()
            verdict = rule.check(c)
            meetings.append(Meeting(rule, _verdict_text(verdict), tuple(compared)))
            return verdict

        return replace(rule, check=check)

    noting = law.observed(
        wrap, {name: note(name, law.comparisons[name]) for name in law.comparisons}
    )
    decision = decide(noting, watched, state, request, now_ms)  # type: ignore[arg-type] # a view
    unmet = law.rules.get(request.kind, ())[len(meetings) :]
    return Examination(decision, tuple(meetings), unmet, tuple(watched.seen))


def _verdict_text(verdict: Verdict) -> str:
    if verdict is None:
        return "passed"
    if isinstance(verdict, Refusal):
        return f"refused: {verdict.reason}"
    return "allowed at once"


class Watched:
    """A policy, or a part of one, that remembers which of its values were read."""

    def __init__(
        self,
        part: Any,  # noqa: ANN401 - a policy or any part of it
        prefix: str = "",
        seen: dict[str, None] | None = None,
    ) -> None:
        self._part = part
        self._prefix = prefix
        self.seen: dict[str, None] = {} if seen is None else seen

    def __getattr__(self, name: str) -> Any:  # noqa: ANN401 - as the part's
        value = getattr(self._part, name)
        key = self._prefix + name.removesuffix("_ms").removesuffix("_")
        if name == "rates":
            return tuple(_watched_rate(rate, self.seen) for rate in value)
        if is_dataclass(value):
            return Watched(value, f"{key}.", self.seen)
        if name != "name":
            self.seen[key] = None
        return value


def _watched_rate(rate: RateLimit, seen: dict[str, None]) -> Any:  # noqa: ANN401 - a view
    return Watched(rate, f"rates.{rate.name}.", seen)


def differences(before: State, after: State) -> list[tuple[str, Any, Any]]:
    """Return the entries of a state that changed, as (``table[key]``, before, after)."""
    found = []
    for table in State.__slots__:
        old: Mapping[Any, Any] = getattr(before, table)
        new: Mapping[Any, Any] = getattr(after, table)
        for key in sorted({*old, *new}, key=str):
            if old.get(key) != new.get(key):
                name = key if isinstance(key, str) else "/".join(key)
                found.append((f"{table}[{name}]", old.get(key), new.get(key)))
    return found


def entries_about(state: State, names: set[str]) -> list[tuple[str, Any]]:
    """Return the entries of a state that concern some accounts or persons."""
    found = []
    for table in State.__slots__:
        for key, value in getattr(state, table).items():
            parts = {key} if isinstance(key, str) else set(key)
            if parts & names or (table == "rates" and "" in parts):
                found.append((f"{table}[{key if isinstance(key, str) else '/'.join(key)}]", value))
    return sorted(found)
