"""What the parts of a scenario must say of each other.

Each check is a small function that sees typed values and reports, at the key or value that is
to blame, what cannot be meant: somebody who is not in the file, a code that nobody saved, an
expectation that nothing can ever meet. The last kind is an error because a test that cannot
fail, or cannot pass, says nothing.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from itertools import takewhile
from typing import Any, Final

from tvc.authority.durations import format_duration
from tvc.authority.reasons import ABOUT, DETAILS, Reason
from tvc.authority.requests import SHAPES, Kind
from tvc.authority.rules import RULES
from tvc.authority.state import Person
from tvc.domain.cases import ANYTHING
from tvc.domain.policies import MergedPolicy
from tvc.domain.words import list_choices, show
from tvc.files.models import WRONG, DenyModel, PersonModel, ScenarioModel, StepModel
from tvc.files.nodes import Node
from tvc.files.wording import Report

#: By kind of request, the rules that may refuse it, by reason. Facts have none.
REFUSALS: Final[dict[str, dict[str, tuple[str, ...]]]] = {
    kind.value: {
        reason.value: tuple(rule.id for rule in RULES[kind] if reason in rule.refuses)
        for reason in Reason
        if any(reason in rule.refuses for rule in RULES[kind])
    }
    if kind in RULES
    else {}
    for kind in Kind
}

#: Rules that judge what is presented, and what that must be for them to refuse.
_PRESENTED: Final = {
    "sign_in.verification": ("nothing",),
    "sign_in.precedence": ("with",),
    "sign_in.lockout": ("code", "with"),
    "sign_in.enrolled": ("with",),
    "sign_in.proof": ("with",),
    "sign_in.code": ("code",),
}
#: Rules that a sign-in meets before single sign-on lets it pass.
_BEFORE_SSO: Final = tuple(
    rule.id for rule in takewhile(lambda rule: rule.id != "sign_in.sso", RULES[Kind.SIGN_IN])
)


@dataclass(frozen=True, slots=True)
class Cast:
    """Who and what a scenario may name.

    Attributes
    ----------
    people
        Everybody by name; None for those whose entry is wrong.
    nodes
        The nodes that have a clock.
    policy
        What holds; None where that is wrong.
    """

    people: Mapping[str, Person | None]
    nodes: Collection[str]
    policy: MergedPolicy | None


@dataclass(slots=True)
class Progress:
    """What the steps of a timeline so far have brought.

    Attributes
    ----------
    now_ms
        When the latest step happens; None when that cannot be told.
    saved
        Handles of codes, in the order in which they are saved.
    """

    now_ms: int | None = 0
    saved: dict[str, None] = field(default_factory=dict)

    def skip(self, step: object) -> None:
        """Pass over a step that cannot be read: the time is unknown, what it saves is not."""
        self.now_ms = None
        if isinstance(step, dict) and isinstance(step.get("save"), str):
            self.saved[step["save"]] = None


# People


def check_person(
    report: Report, node: Node, name: str, model: PersonModel, people: Mapping[str, Person | None]
) -> None:
    """Check what one person is and knows."""
    if model.role == "outsider":
        for key, default in _OF_ACCOUNTS.items():
            if getattr(model, key) not in (None, [], default):
                report.add(node, f"an outsider has no account, so no {key}", name, key, key=True)
    for key in ("methods", "permissions", "knows"):
        check_repeats(report, node, getattr(model, key), name, key)
    for index, known in enumerate(model.knows):
        place = (name, "knows", index)
        if report.check(node, "person", known, people, *place) and not _has_account(people, known):
            message = f"{show(known)} is an outsider: they have no account, so no password"
            report.add(node, message, *place)


#: What only who has an account can have, and its default.
_OF_ACCOUNTS: Final = {
    "permissions": None,
    "tier": "standard",
    "session": "none",
    "methods": None,
    "mfa": True,
    "active": True,
    "frozen": False,
}


def _has_account(people: Mapping[str, Person | None], name: str) -> bool:
    person = people[name]
    return person is None or person.role != "outsider"


# Scenarios


def check_form(report: Report, node: Node, scenario: ScenarioModel) -> None:
    """Check that a scenario is of one kind and asks for something.

    What the keys of a simulation must say of each other is the business of
    `tvc.files.stochastic`.
    """
    given = scenario.model_fields_set
    simulated = next((key for key in ("workload", "compare") if key in given), None)
    if simulated is None and "timeline" not in given:
        report.add(node, "missing key 'timeline': what happens (or workload, or compare)")
    if simulated is not None and "audit" in given:
        report.add(node, f"an audit belongs to a timeline, not to a {simulated}", "audit", key=True)
    if simulated is not None and "boundaries" in given:
        message = f"boundaries belong to a timeline, not to a {simulated}"
        report.add(node, message, "boundaries", key=True)
    if "compare" in given and "policy" in given:
        report.add(node, "each arm of a comparison names its policy", "policy", key=True)
    if scenario.invariants == []:
        message = "an empty list asks for nothing: write none to check no invariant"
        report.add(node, message, "invariants")
    if scenario.invariants == "none" and scenario.breaks:
        message = "with invariants: none nothing is checked, so nothing can be seen to break"
        report.add(node, message, "breaks", key=True)
    if scenario.invariants == "none" and "boundaries" in given:
        message = "with invariants: none nothing judges the steps that boundaries generate"
        report.add(node, message, "boundaries", key=True)
    for key in ("breaks", "invariants", "tags"):
        check_repeats(report, node, getattr(scenario, key), key)


def check_repeats(report: Report, node: Node, values: object, *path: str | int) -> None:
    """Check that a list, if it is one, names nothing twice."""
    if isinstance(values, list):
        seen = set()
        for index, value in enumerate(values):
            if value in seen:
                report.add(node, f"{show(value)} is listed twice", *path, index)
            seen.add(value)


# Steps


def check_step(report: Report, node: Node, step: StepModel, cast: Cast, progress: Progress) -> None:
    """Check one step, and let it count for the steps after it."""
    fields = step.__dict__
    _check_names(report, node, fields, cast)
    _check_presented(report, node, fields, progress)
    _check_time(report, node, step, progress)
    if isinstance(step.expect, DenyModel):
        _check_denial(report, node, fields, step.expect, cast)
    elif fields["do"] == Kind.REVEAL and step.expect != ANYTHING:
        message = "a code is never shown again: expected {deny: code_not_viewable}"
        report.add(node, message, "expect", key=True)


def check_stated(report: Report, node: Node, step: StepModel) -> None:
    """Check that a request says what it expects; a fact, which is always allowed, need not."""
    if step.expect is None and not SHAPES[Kind(step.__dict__["do"])].fact:
        report.add(node, "missing key 'expect': every request must say what it expects")


def _check_names(report: Report, node: Node, fields: Mapping[str, Any], cast: Cast) -> None:
    people = cast.people
    for key in ("by", "for", "given_to"):
        name = fields.get(key)
        if name is not None and name not in people:
            report.check(node, "person", name, people, key)
    subject: str = fields.get("for", "")
    is_fact = SHAPES[Kind(fields["do"])].fact
    if is_fact and subject in people and not _has_account(people, subject):
        report.add(node, f"{show(subject)} is an outsider: they have no account", "for")
    name = fields["node"]
    if name is not None and name not in cast.nodes:
        report.check(node, "node", name, cast.nodes, "node")


def _check_presented(
    report: Report, node: Node, fields: Mapping[str, Any], progress: Progress
) -> None:
    code, save = fields.get("code"), fields.get("save")
    if code is not None:
        if fields["with"] is not None:
            report.add(node, "code and with together: expected one of them", "with", key=True)
        if code != WRONG and code not in progress.saved:
            report.check(node, "code", code, (*progress.saved, WRONG), "code")
    if fields.get("proof") is not None and fields["with"] is None:
        message = "proof without with: expected the method that it is for"
        report.add(node, message, "proof", key=True)
    if save is None:
        return
    if save == WRONG:
        message = f"{WRONG} stands for a code that nobody has: expected another name"
        report.add(node, message, "save")
    if save in progress.saved:
        report.add(node, f"{show(save)} is saved already by an earlier step", "save")
    progress.saved[save] = None


def _check_time(report: Report, node: Node, step: StepModel, progress: Progress) -> None:
    at_ms, after_ms, before_ms = step.at, step.after, progress.now_ms
    if (at_ms is None) == (after_ms is None):
        given = "at and after together" if at_ms is not None else "neither at nor after"
        path = () if at_ms is None else ("after",)
        report.add(node, f"{given}: expected one of them", *path, key=True)
    if at_ms is None:
        if before_ms is not None and after_ms is not None:
            progress.now_ms = before_ms + after_ms
        else:
            progress.now_ms = None
        return
    if before_ms is not None and at_ms < before_ms:
        earlier = format_duration(before_ms)
        report.add(node, f"time goes back: the step before is at {earlier}", "at")
    progress.now_ms = at_ms


# Expectations


def _check_denial(
    report: Report, node: Node, fields: Mapping[str, Any], expect: DenyModel, cast: Cast
) -> None:
    kind, reason = fields["do"], expect.deny
    refusals = REFUSALS[kind]
    if not refusals:
        report.add(node, f"{kind} is a fact: it is always allowed", "expect")
        return
    rules = refusals.get(reason)
    if rules is None:
        message = f"{kind} is never denied with {reason}: {list_choices(refusals)}"
        report.add(node, message, "expect", "deny")
        return
    if expect.rule is not None and expect.rule not in rules:
        message = f"{expect.rule} does not refuse a {kind} with {reason}: {list_choices(rules)}"
        report.add(node, message, "expect", "rule")
    _check_reason_fits(report, node, fields, reason, rules)
    _check_details(report, node, expect, cast.policy)


def _check_reason_fits(
    report: Report, node: Node, fields: Mapping[str, Any], reason: str, rules: Collection[str]
) -> None:
    rule = next(iter(rules))
    if fields.get("via") is not None and rule not in _BEFORE_SSO:
        message = f"{reason} cannot come: single sign-on is asked for no proof here"
        report.add(node, message, "expect", "deny")
        return
    needed = _PRESENTED.get(rule)
    if needed is None:
        return
    presented = next((key for key in ("code", "with") if fields.get(key) is not None), "nothing")
    if presented not in needed:
        wanted = " or ".join(needed)
        message = f"{reason} comes where {wanted} is presented, but here {presented} is"
        report.add(node, message, "expect", "deny")


def _check_details(
    report: Report, node: Node, expect: DenyModel, policy: MergedPolicy | None
) -> None:
    reason = expect.deny
    for key in DETAILS:
        reasons = [other for other, about in ABOUT.items() if key in about.details]
        if getattr(expect, key) is not None and reason not in reasons:
            message = f"{key} comes with {' and '.join(reasons)} only, not with {reason}"
            report.add(node, message, "expect", key, key=True)
            return
    if expect.limit is not None and policy is not None:
        limits = [limit.name for limit in policy.policy.rates]
        report.check(node, "rate limit", expect.limit, limits, "expect", "limit")
