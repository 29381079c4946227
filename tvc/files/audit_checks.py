"""Which lines of an expected audit can match anything at all.

A line that no record of the timeline can fit is an error: among the `events` it can only fail,
and under `never` it can only pass.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind
from tvc.authority.state import CodeEnd, SessionEnd
from tvc.files.cases import Step
from tvc.files.checks import REFUSALS, Cast
from tvc.files.documents import Node
from tvc.files.faults import list_choices, show
from tvc.files.models import CHALLENGES, METHODS, AuditModel
from tvc.files.wording import Report, check_word

#: Words that a key may show; None where it shows a name.
Words = Collection[str] | None

#: Keys of any record.
_ANY: Final[dict[str, Words]] = {"by": None, "node": None}
_EVENTS: Final[dict[str, dict[str, Words]]] = {
    "code.ended": {"subject": None, "account": None, "code": None, "cause": tuple(CodeEnd)},
    "session.ended": {
        "subject": None,
        "account": None,
        "code": None,
        "person": None,
        "cause": tuple(SessionEnd),
    },
    "notice.sent": {"subject": None, "account": None},
}


def _shown_by_request(kind: Kind, allowed: bool) -> dict[str, Words]:
    shape = SHAPES[kind]
    shown = dict(_ANY)
    if "for" in shape.fields or "with" in shape.fields:
        shown["subject"] = None
    if shape.by_session:
        shown["account"] = None
    if "with" in shape.fields:
        shown["method"] = METHODS
    if "code" in shape.fields or (kind is Kind.GENERATE and allowed):
        shown["code"] = None
    if kind is Kind.SIGN_IN and allowed:
        shown["level"] = ("standard", "high")
    if not allowed:
        refusals = REFUSALS[kind]
        shown["reason"] = tuple(refusals)
        shown["rule"] = tuple(dict.fromkeys(rule for rules in refusals.values() for rule in rules))
        if Reason.RATE_LIMITED in refusals:
            shown["limit"] = None
        if Reason.VERIFICATION_REQUIRED in refusals:
            shown["challenge"] = CHALLENGES
    return shown


def _tables() -> Iterator[tuple[str, tuple[Kind | None, dict[str, Words]]]]:
    for kind, shape in SHAPES.items():
        if shape.fact:
            yield kind.value, (kind, _shown_by_request(kind, True))
        else:
            yield f"{kind}.allowed", (kind, _shown_by_request(kind, True))
            yield f"{kind}.denied", (kind, _shown_by_request(kind, False))
    for event, shown in _EVENTS.items():
        yield event, (None, _ANY | shown)


#: By type of record: the request it is of (None for what requests bring about), and the keys that
#: it can show with the words that can stand there.
SHOWN: Final[dict[str, tuple[Kind | None, Mapping[str, Words]]]] = dict(_tables())


def check_audit(
    report: Report, node: Node, audit: AuditModel, steps: Collection[Step], cast: Cast
) -> None:
    """Check every line of an expected audit.

    Parameters
    ----------
    report
        Where faults go.
    node
        The scenario.
    audit
        What its ``audit`` says.
    steps
        The steps of its timeline. Where some are wrong, `check_audit` must not be called: what
        they would record cannot be told.
    cast
        Who and what may be named.
    """
    if not audit.events and (not audit.never or audit.match == "exactly"):
        report.add(node, "the audit asks for nothing: expected events", "audit", key=True)
    for part in ("events", "never"):
        for index, line in enumerate(getattr(audit, part)):
            fields = {key: value for key, value in line.__dict__.items() if value is not None}
            known = _Line(node, ("audit", part, index), fields)
            if not fields:
                message = "a line without a key fits every record: expected a key"
                report.add(node, message, *known.place)
            elif _check_names(report, known, steps, cast):
                _check_possible(report, known, steps)


@dataclass(frozen=True, slots=True)
class _Line:
    """A line of an expected audit, and where it stands below its scenario."""

    node: Node
    place: tuple[str | int, ...]
    fields: Mapping[str, str]


#: A type of record, and the step that would make it; none for a code that lapses by itself.
Candidate = tuple[str, Step | None]


def _check_names(report: Report, line: _Line, steps: Collection[Step], cast: Cast) -> bool:
    limits = None if cast.policy is None else [limit.name for limit in cast.policy.policy.rates]
    handles = [step.save for step in steps if step.save is not None]
    known: dict[str, tuple[str, Collection[str] | None]] = {
        **dict.fromkeys(("by", "subject", "account", "person"), ("person", cast.people)),
        "node": ("node", cast.nodes),
        "code": ("code", handles),
        "limit": ("rate limit", limits),
    }
    sound = True
    for key, value in line.fields.items():
        what, names = known.get(key, ("", None))
        if names is not None and value not in names:
            report.add(line.node, str(check_word(what, value, names)), *line.place, key)
            sound = False
    return sound


def _check_possible(report: Report, line: _Line, steps: Collection[Step]) -> None:
    fields = line.fields
    asked = (fields["type"],) if "type" in fields else RECORD_TYPES
    candidates = [candidate for type_ in asked for candidate in _candidates(type_, steps)]
    if not candidates:
        message = f"nothing can match this: the timeline has no step {SHOWN[asked[0]][0]}"
        report.add(line.node, message, *line.place, "type")
        return
    for key, value in fields.items():
        if key == "type":
            continue
        left = [candidate for candidate in candidates if _fits(candidate, key, value)]
        if not left:
            types = {type_ for type_, _ in candidates}
            shown = any(key in SHOWN[type_][1] for type_ in types)
            message = _why_not(types, key, value)
            report.add(line.node, message, *line.place, key, key=not shown)
            return
        candidates = left
    if "reason" in fields and "rule" in fields:
        reason, rule = fields["reason"], fields["rule"]
        rules = {
            name
            for type_, _ in candidates
            for name in REFUSALS[str(SHOWN[type_][0])].get(reason, ())
        }
        if rule not in rules:
            message = f"{rule} does not refuse with {reason}: {list_choices(sorted(rules))}"
            report.add(line.node, message, *line.place, "rule")


def _candidates(type_: str, steps: Collection[Step]) -> Iterator[Candidate]:
    kind = SHOWN[type_][0]
    if type_ == "code.ended":
        yield type_, None
    for step in steps:
        if kind in (None, step.request.kind):
            yield type_, step


def _fits(candidate: Candidate, key: str, value: str) -> bool:
    type_, step = candidate
    shown = SHOWN[type_][1]
    if key not in shown:
        return False
    words = shown[key]
    if words is not None and value not in words:
        return False
    if step is None:
        return key not in _ANY
    request = step.request
    if key == "subject":
        # What a request brings about may concern others; step-up and methods concern the account
        # of the session, whichever that is by then.
        return SHOWN[type_][0] is None or request.subject in (None, value)
    asked = {"by": request.by, "node": step.node, "method": request.method}
    return key not in asked or asked[key] == value


def _why_not(types: Collection[str], key: str, value: str) -> str:
    subject = next(iter(types)) if len(types) == 1 else "a record of this timeline"
    showing = [SHOWN[type_][1][key] for type_ in types if key in SHOWN[type_][1]]
    if not showing:
        return f"nothing can match this: {subject} shows no {key}"
    words = list(dict.fromkeys(word for some in showing if some is not None for word in some))
    if words and value not in words:
        return f"{subject} never shows {key} {value}: {list_choices(words)}"
    return f"no step of the timeline makes such a record with {key} {show(value)}"
