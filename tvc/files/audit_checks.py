"""Which lines of an expected audit can match anything at all.

A line that no record of the timeline can fit is an error: among the `events` it can only fail,
and under `never` it can only pass.
"""

from collections.abc import Collection, Iterator, Mapping
from typing import Final, NamedTuple

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind
from tvc.authority.state import CodeEnd, SessionEnd
from tvc.domain.cases import Step
from tvc.domain.words import check_word, list_choices, show
from tvc.files.checks import REFUSALS, Cast
from tvc.files.models import CHALLENGES, METHODS, AuditModel
from tvc.files.nodes import Node
from tvc.files.wording import Report

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
        All steps of its timeline; where some are wrong, what they would record cannot be told.
    cast
        Who and what may be named.
    """
    if not audit.events and (not audit.never or audit.match == "exactly"):
        report.add(node, "the audit asks for nothing: expected events", "audit", key=True)
    known = _known_names(steps, cast)
    possible = _possible_records(steps)
    for part in ("events", "never"):
        for index, line in enumerate(getattr(audit, part)):
            fields = {key: value for key, value in line.__dict__.items() if value is not None}
            if report.is_full:
                return
            found = _check_names(fields, known) or _check_possible(fields, possible)
            if found is not None:
                key, message, at_key = found
                report.add(node, message, "audit", part, index, *filter(None, [key]), key=at_key)


#: The types of record of each request itself.
_TYPES: Final = {
    kind: tuple(type_ for type_, (of, _) in SHOWN.items() if of is kind) for kind in Kind
}

Fields = Mapping[str, str]
#: The key that is to blame (None: the line), what is wrong, and whether with the key itself.
Wrong = tuple[str | None, str, bool]


class _Record(NamedTuple):
    """What is known of a record before the run; None where that is open.

    The steps of a timeline make few records that differ in this, however long it is.
    """

    type: str
    by: str | None
    node: str | None
    subject: str | None
    method: str | None


def _possible_records(steps: Collection[Step]) -> dict[str, list[_Record]]:
    """Return the records that a timeline can make, by type."""
    # A code that lapses by itself is recorded at the end of the run, of nobody's request.
    found: dict[_Record, None] = {_Record("code.ended", "", "", None, ""): None}
    for step in steps:
        asked = step.request
        node = step.node or ""
        for type_ in _TYPES[asked.kind]:
            # Step-up and methods concern the account of the session, whichever it is by then.
            made = _Record(type_, asked.by, node, asked.subject, asked.method or "")
            found[made] = None
        for type_ in _EVENTS:
            found[_Record(type_, asked.by, node, None, "")] = None
    by_type: dict[str, list[_Record]] = {}
    for record in found:
        by_type.setdefault(record.type, []).append(record)
    return by_type


def _known_names(
    steps: Collection[Step], cast: Cast
) -> dict[str, tuple[str, Collection[str] | None]]:
    limits = None if cast.policy is None else [limit.name for limit in cast.policy.policy.rates]
    handles = {step.save: None for step in steps if step.save is not None}
    return {
        **dict.fromkeys(("by", "subject", "account", "person"), ("person", cast.people)),
        "node": ("node", cast.nodes),
        "code": ("code", handles),
        "limit": ("rate limit", limits),
    }


def _check_names(
    fields: Fields, known: Mapping[str, tuple[str, Collection[str] | None]]
) -> Wrong | None:
    if not fields:
        return None, "a line without a key fits every record: expected a key", False
    for key, value in fields.items():
        what, names = known.get(key, ("", None))
        if names is not None and value not in names:
            return key, str(check_word(what, value, names)), False
    return None


def _check_possible(fields: Fields, possible: Mapping[str, list[_Record]]) -> Wrong | None:
    types = (fields["type"],) if "type" in fields else RECORD_TYPES
    left = [record for type_ in types for record in possible.get(type_, ())]
    if not left:
        message = f"nothing can match this: the timeline has no step {SHOWN[types[0]][0]}"
        return "type", message, False
    for key, value in fields.items():
        before = left
        left = [record for record in left if _fits(record, key, value)]
        if not left:
            types_before = {record.type for record in before}
            shown = any(key in SHOWN[type_][1] for type_ in types_before)
            return key, _why_not(types_before, key, value), not shown
    if "reason" in fields and "rule" in fields:
        reason, rule = fields["reason"], fields["rule"]
        refusals = [REFUSALS[str(SHOWN[record.type][0])] for record in left]
        rules = {name for refusal in refusals for name in refusal.get(reason, ())}
        if rule not in rules:
            message = f"{rule} does not refuse with {reason}: {list_choices(sorted(rules))}"
            return "rule", message, False
    return None


def _fits(record: _Record, key: str, value: str) -> bool:
    if key == "type":
        return True
    shown = SHOWN[record.type][1]
    if key not in shown:
        return False
    words = shown[key]
    if words is not None and value not in words:
        return False
    return getattr(record, key, None) in (None, value)


def _why_not(types: Collection[str], key: str, value: str) -> str:
    subject = next(iter(types)) if len(types) == 1 else "a record of this timeline"
    showing = [SHOWN[type_][1][key] for type_ in types if key in SHOWN[type_][1]]
    if not showing:
        return f"nothing can match this: {subject} shows no {key}"
    words = list(dict.fromkeys(word for some in showing if some is not None for word in some))
    if words and value not in words:
        return f"{subject} never shows {key} {value}: {list_choices(words)}"
    return f"no step of the timeline makes such a record with {key} {show(value)}"
