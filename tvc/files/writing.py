"""Writing scenario files: plain values as YAML, and cases as plain values.

The YAML is the strict kind that `tvc.files.documents` reads: what could be taken for something
else stands in quotes.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import fields
from typing import Any, Final

from tvc.authority.durations import format_duration
from tvc.authority.policy import Knob, Policy, find_knob
from tvc.authority.requests import Proof
from tvc.authority.state import Person
from tvc.domain.cases import ANY, ANYTHING, AuditLine, Case, Clock, Expectation, Step
from tvc.domain.policies import is_name
from tvc.files.policies import BASE, load_shipped, shipped_policies
from tvc.files.policy_documents import REMOVED
from tvc.files.scalars import resolve

_LINE_LENGTH: Final = 100
_PLAIN: Final = re.compile(r"-?[A-Za-z0-9_./][A-Za-z0-9_./+-]*", re.ASCII)


# Plain values as YAML


def write_yaml(value: Mapping[str, Any]) -> str:
    """Write a mapping of plain values as YAML: one line for what fits on one, such as a step.

    Examples
    --------
    >>> print(write_yaml({"tvc": 1, "people": {"ana": {"mfa": False}}, "why": "a: b"}), end="")
    tvc: 1
    people:
      ana: {mfa: false}
    why: "a: b"
    """
    return "".join(f"{line}\n" for line in _block(value))


def _block(value: Any) -> Iterator[str]:  # noqa: ANN401 - any plain value
    if isinstance(value, Mapping):
        for key, below in value.items():
            yield from _entry(f"{_scalar(key)}:", below)
    else:
        for item in value:
            flow = _flow(item)
            if _takes_lines(item, flow):
                first, *rest = _block(item)
                yield f"- {first}"
                yield from (f"  {line}" for line in rest)
            else:
                yield f"- {flow}"


def _entry(key: str, value: Any) -> Iterator[str]:  # noqa: ANN401 - as above
    flow = f"{key} {_flow(value)}"
    if _takes_lines(value, flow):
        yield key
        yield from (f"  {line}" for line in _block(value))
    else:
        yield flow


def _takes_lines(value: Any, flow: str) -> bool:  # noqa: ANN401 - as above
    if not value or not isinstance(value, Mapping | list):
        return False
    return len(flow) > _LINE_LENGTH or _is_structured(value)


def _is_structured(value: Any) -> bool:  # noqa: ANN401 - as above
    """Say whether a value reads better on lines of its own even if it is short."""
    if isinstance(value, list):
        return any(isinstance(item, Mapping) for item in value)
    if isinstance(value, Mapping) and value:
        below = value.values()
        return all(isinstance(item, Mapping) for item in below) or any(map(_is_structured, below))
    return False


def _flow(value: Any) -> str:  # noqa: ANN401 - as above
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(k)}: {_flow(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_flow, value)) + "]"
    return _scalar(value)


def _scalar(value: str | float | bool | None) -> str:
    if not isinstance(value, str):
        return json.dumps(value)
    if _PLAIN.fullmatch(value) and _means_itself(value):
        return value
    # JSON's escapes are YAML's, too, but it leaves out some that YAML insists on.
    return "".join(
        char if char.isprintable() else char.encode("unicode_escape").decode("ascii")
        for char in json.dumps(value, ensure_ascii=False)
    )


def _means_itself(text: str) -> bool:
    try:
        return resolve(text) == text
    except ValueError:
        return False


# Cases as plain values


def describe_policy(case: Case) -> tuple[str, dict[str, Any] | None]:
    """Return the name of a case's policy, and its entry under ``policies`` if it needs one."""
    policy = case.policy.policy
    name = policy.name
    if name in shipped_policies():
        if load_shipped(name).digest == case.policy.digest:
            return name, None
        name = f"{name}-changed"
    if not is_name(name):
        name = "changed"
    return name, {"extends": BASE, "set": dict(_changes(policy))}


def _changes(policy: Policy) -> Iterator[tuple[str, Any]]:
    base = Policy()
    kept = {rate.name for rate in policy.rates}
    for rate in base.rates:
        if rate.name not in kept:
            yield f"rates.{rate.name}", REMOVED
    known = base.values()
    for key, value in policy.values().items():
        knob = find_knob(key)
        assert knob is not None  # the keys of `Policy.values` are those of the table
        if key not in known or known[key] != value:
            yield key, _write_knob(knob, value)


def _write_knob(knob: Knob, value: Any) -> Any:  # noqa: ANN401 - the knob's type
    if isinstance(value, tuple):
        return list(value)
    if value is None or knob.kind in ("duration", "alphabet"):
        return knob.format(value)
    return value


def describe_person(person: Person) -> dict[str, Any]:
    """Return what a file says of a person: all but defaults."""
    said: dict[str, Any] = {}
    for item in fields(person):
        value = getattr(person, item.name)
        if item.name == "name" or value == item.default:
            continue
        if isinstance(value, frozenset):
            value = sorted(value)
        elif isinstance(value, tuple):
            value = [str(method) for method in value]
        if item.name == "device_lost":
            said["device"] = "lost"
        else:
            said[item.name] = value
    return said


def describe_clock(clock: Clock) -> dict[str, Any]:
    """Return what a file says of a clock."""
    said: dict[str, Any] = {"offset": format_duration(clock.offset_ms)}
    return said | ({"drift_ppm": clock.drift_ppm} if clock.drift_ppm else {})


def describe_step(step: Step) -> dict[str, Any]:
    """Return what a file says of a step, its time counted from the start."""
    asked = step.request
    own_subject = asked.subject == asked.by and asked.kind == "sign_in"
    told_subject = asked.given_to == asked.subject
    said = {
        "at": format_duration(step.at_ms),
        "do": str(asked.kind),
        "by": asked.by,
        "for": None if own_subject else asked.subject,
        "lifetime": None if asked.lifetime_ms is None else format_duration(asked.lifetime_ms),
        "ticket": asked.ticket,
        "code": step.presents,
        "with": None if asked.method is None else str(asked.method),
        "proof": None if asked.proof is Proof.RIGHT else str(asked.proof),
        "password": None if asked.password_right else "wrong",
        "via": "sso" if asked.sso else None,
        "given_to": None if told_subject else asked.given_to,
        "save": step.save,
        "node": step.node,
        "expect": describe_expectation(step.expect) if step.stated else None,
    }
    return {key: value for key, value in said.items() if value is not None}


def describe_expectation(expect: Expectation) -> str | dict[str, Any]:
    """Return what a file says of an expectation."""
    if expect == ANY:
        return ANYTHING
    if expect.allowed:
        return "allow"
    wait_ms = expect.retry_after_ms
    said = {
        "deny": str(expect.reason),
        "rule": expect.rule,
        "challenge": expect.challenge,
        "retry_after": None if wait_ms is None else format_duration(wait_ms),
        "limit": expect.limit,
    }
    return {key: value for key, value in said.items() if value is not None}


def describe_audit(case: Case) -> dict[str, Any] | None:
    """Return what a file says of the audit of a case; None when that is nothing."""
    if case.audit is None:
        return None
    parts = {"events": _lines(case.audit.events), "never": _lines(case.audit.never)}
    return {"match": case.audit.match} | {part: lines for part, lines in parts.items() if lines}


def _lines(lines: Iterable[AuditLine]) -> list[dict[str, str]]:
    return [dict(line.fields) for line in lines]
