"""From the typed values of a file to the values that are run."""

from typing import Any

from tvc.authority.reasons import Reason
from tvc.authority.requests import Method, Proof, request
from tvc.authority.state import Person
from tvc.domain.cases import (
    ALLOW,
    ANY,
    ANYTHING,
    AuditExpectation,
    AuditLine,
    Clock,
    Expectation,
    Step,
)
from tvc.files.models import AuditModel, ClockModel, DenyModel, PersonModel, StepModel
from tvc.files.nodes import Node, locate


def convert_person(name: str, model: PersonModel) -> Person:
    """Return somebody as the authority starts with them."""
    values: dict[str, Any] = dict(model.__dict__)
    values["device_lost"] = values.pop("device") == "lost"
    values["knows"] = frozenset(model.knows)
    if model.permissions is not None:
        values["permissions"] = frozenset(model.permissions)
    if model.methods is not None:
        values["methods"] = tuple(map(Method, model.methods))
    return Person(name, **values)


def convert_clock(name: str, model: ClockModel) -> Clock:
    """Return the clock of a node."""
    return Clock(name, model.offset, model.drift_ppm)


def convert_expectation(expect: str | DenyModel | None) -> Expectation:
    """Return what is expected of a step; that it is allowed, when the file does not say."""
    if not isinstance(expect, DenyModel):
        return ANY if expect == ANYTHING else ALLOW
    return Expectation(
        allowed=False,
        reason=Reason(expect.deny),
        rule=expect.rule,
        challenge=expect.challenge,
        retry_after_ms=expect.retry_after,
        limit=expect.limit,
    )


def convert_step(index: int, node: Node, model: StepModel, at_ms: int) -> Step:
    """Return a step as it is run, at a time that counts from the start."""
    fields = model.__dict__
    asked = request(
        fields["do"],
        fields["by"],
        subject=fields.get("for"),
        lifetime_ms=fields.get("lifetime"),
        ticket=fields.get("ticket"),
        method=fields.get("with"),
        proof=fields.get("proof") or Proof.RIGHT,
        password_right=fields.get("password") is None,
        sso=fields.get("via") is not None,
        given_to=fields.get("given_to"),
    )
    return Step(
        index=index,
        line=node.line,
        column=node.column,
        at_ms=at_ms,
        node=fields["node"],
        request=asked,
        presents=fields.get("code"),
        save=fields.get("save"),
        expect=convert_expectation(fields["expect"]),
        stated=fields["expect"] is not None,
    )


def convert_audit(node: Node, model: AuditModel) -> AuditExpectation:
    """Return what the audit of a scenario, whose node is given, must show."""
    lines = {
        part: tuple(
            AuditLine(
                *locate(node, ("audit", part, index)),
                {key: value for key, value in line.__dict__.items() if value is not None},
            )
            for index, line in enumerate(getattr(model, part))
        )
        for part in ("events", "never")
    }
    return AuditExpectation(model.match, lines["events"], lines["never"])
