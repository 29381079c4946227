"""What a scenario file may say, as types.

The models check the form of each value on its own; what only makes sense beside other values
(is that person in the file? was that handle saved?) is the business of `tvc.files.checks`. The
steps of a timeline are made from the table of requests, so that a request has one description.
"""

from collections.abc import Mapping
from typing import Annotated, Any, Final, Union, get_args

from pydantic import (
    BeforeValidator,
    Discriminator,
    Field,
    SkipValidation,
    Tag,
    TypeAdapter,
    create_model,
)

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.reasons import Reason
from tvc.authority.requests import SHAPES, Kind, Method, Shape
from tvc.authority.rules import RULES
from tvc.authority.state import PERMISSIONS, CodeEnd, SessionEnd
from tvc.domain.cases import ANYTHING, Match
from tvc.domain.fields import Duration, Given, Maybe, Name, Offset, OneOf, Part, Text
from tvc.domain.invariant_names import INVARIANT_NAMES
from tvc.domain.words import show

METHODS: Final = tuple(method.value for method in Method)
REASONS: Final = tuple(reason.value for reason in Reason)
RULE_IDS: Final = tuple(dict.fromkeys(rule.id for rules in RULES.values() for rule in rules))
CAUSES: Final = tuple(
    dict.fromkeys([*(end.value for end in CodeEnd), *(end.value for end in SessionEnd)])
)
#: What a sign-in page may ask for.
CHALLENGES: Final = ("code", *METHODS, "none")
#: What is typed into the code field when no code that was ever generated is meant.
WRONG: Final = "wrong"

#: Keys of a scenario that is simulated; `tvc.files.stochastic` knows what they may say.
STOCHASTIC_KEYS: Final = ("workload", "run", "expect", "compare")


MethodName = Annotated[str, OneOf("method", METHODS)]
ReasonName = Annotated[str, OneOf("reason", REASONS)]
RuleName = Annotated[str, OneOf("rule", RULE_IDS)]
Challenge = Annotated[str, OneOf("challenge", CHALLENGES)]
InvariantName = Annotated[str, OneOf("invariant", INVARIANT_NAMES)]
PermissionName = Annotated[str, OneOf("permission", PERMISSIONS)]
LevelName = Annotated[str, OneOf("level", ("standard", "high"))]


class PersonModel(Part):
    """Somebody at the start of a scenario."""

    role: Annotated[str, OneOf("role", ("user", "admin", "outsider"))] = Field(
        "user", description="outsider: has no account; admin: manages MFA and starts signed in"
    )
    permissions: Maybe[list[PermissionName]] = Field(
        None, description="instead of those that the role implies"
    )
    tier: Annotated[str, OneOf("tier", ("standard", "privileged"))] = "standard"
    session: Maybe[Annotated[str, OneOf("session", ("none", "standard", "high"))]] = Field(
        None, description="the session they start in; admins: high, others: none"
    )
    methods: Maybe[list[MethodName]] = Field(
        None, description="verification methods enrolled by themselves; [authenticator] by default"
    )
    mfa: bool = Field(True, description="whether the account uses multi-factor authentication")
    active: bool = True
    frozen: bool = False
    device: Annotated[str, OneOf("device", ("held", "lost"))] = Field(
        "held", description="one device carries all their methods"
    )
    knows: list[Name] = Field([], description="accounts whose password they know too")


class ClockModel(Part):
    """The clock of a node: it reads ``t + offset + t * drift_ppm // 1000000`` at true time t."""

    offset: Offset = 0
    drift_ppm: Annotated[int, Field(ge=-1_000_000, le=1_000_000)] = 0


class DenyModel(Part):
    """An expected refusal."""

    deny: ReasonName
    rule: Maybe[RuleName] = Field(None, description="the rule that refuses")
    challenge: Maybe[Challenge] = Field(None, description="what the sign-in page asks for")
    retry_after: Maybe[Duration] = None
    limit: Maybe[Name] = Field(None, description="the rate limit that refuses")


def _expectation_form(value: object) -> str:
    return "#deny" if isinstance(value, Mapping) else "#word"


#: The tags of unions begin with #, which no key of a file does, so that a place that pydantic
#: reports turns into a place in the file by leaving them out.
Expect = Annotated[
    Annotated[Annotated[str, OneOf("expectation", ("allow", ANYTHING))], Tag("#word")]
    | Annotated[DenyModel, Tag("#deny")],
    Discriminator(_expectation_form),
]


class AuditLineModel(Part):
    """What an audit record must show; keys that are left out may have any value."""

    type: Maybe[Annotated[str, OneOf("type of audit record", RECORD_TYPES)]] = None
    by: Maybe[Name] = Field(None, description="who asked")
    subject: Maybe[Name] = Field(None, description="the account it concerns")
    account: Maybe[Name] = Field(None, description="the account that the person acted as")
    reason: Maybe[ReasonName] = None
    rule: Maybe[RuleName] = None
    method: Maybe[MethodName] = None
    code: Maybe[Name] = Field(None, description="a saved handle")
    cause: Maybe[Annotated[str, OneOf("cause", CAUSES)]] = Field(
        None, description="how a code or a session ended"
    )
    person: Maybe[Name] = Field(None, description="whose session ended")
    node: Maybe[Name] = None
    level: Maybe[LevelName] = None
    limit: Maybe[Name] = None
    challenge: Maybe[Challenge] = None


class AuditModel(Part):
    """What the audit must, and must never, show."""

    match: Annotated[Match, OneOf("match", get_args(Match))] = Field(
        "in_order", description="exactly: no others; in_order, any_order: among others"
    )
    events: list[AuditLineModel] = Field([])
    never: list[AuditLineModel] = Field([])


class StepModel(Part):
    """A step of a timeline: what every request has."""

    by: Name = Field(description="the person who asks")
    at: Maybe[Duration] = Field(None, description="when, counted from the scenario's start")
    after: Maybe[Duration] = Field(None, description="when, counted from the previous step")
    node: Maybe[Name] = Field(None, description="the clock that judges; true time by default")
    expect: Maybe[Expect] = Field(
        None, description="allow (the default), deny with a reason, or any: every decision"
    )


#: What a field of a request is in a file, by the word that `SHAPES` uses for it.
FIELDS: Final[dict[str, tuple[Any, str]]] = {
    "for": (Name, "the account it is for"),
    "lifetime": (Duration, "how long the code shall live"),
    "ticket": (str, "reference of the case; an empty one is missing"),
    "code": (Name, f"a saved handle, or {WRONG}: the code that is typed"),
    "with": (MethodName, "a verification method"),
    "proof": (Annotated[str, OneOf("proof", ("wrong", "stolen"))], "a right one by default"),
    "password": (Annotated[str, OneOf("password", (WRONG,))], "the right one by default"),
    "via": (Annotated[str, OneOf("way to sign in", ("sso",))], "single sign-on"),
    "given_to": (Name, "who is told the new password; the subject by default"),
}


def _maybe(hint: Any) -> Any:  # noqa: ANN401 - a type that is only known when it runs
    return Annotated[hint | None, Given()]


def _step_model(kind: Kind, shape: Shape) -> type[StepModel]:
    fields: dict[str, Any] = {"do": (Annotated[str, OneOf("request", (kind.value,))], ...)}
    for name in shape.fields:
        hint, description = FIELDS[name]
        if name in shape.required:
            fields[name] = (hint, Field(description=description))
        else:
            fields[name] = (_maybe(hint), Field(None, description=description))
    if kind is Kind.GENERATE:
        fields["save"] = (_maybe(Name), Field(None, description="a handle for the code"))
    title = kind.value.title().replace("_", "") + "Step"
    return create_model(title, __base__=StepModel, __doc__=shape.meaning, **fields)


#: The model of a step, by the kind of request.
STEPS: Final = {kind.value: _step_model(kind, shape) for kind, shape in SHAPES.items()}


def _kind_of(value: object) -> str | None:
    kind = value.get("do") if isinstance(value, Mapping) else None
    return f"#{kind}" if isinstance(kind, str) else None


_STEP: Any = Annotated[
    Union[  # noqa: UP007 - made of a tuple
        tuple(Annotated[model, Tag(f"#{kind}")] for kind, model in STEPS.items())
    ],
    Discriminator(_kind_of),
]
#: The type of a timeline, and what reads a whole one at once.
TIMELINE_TYPE: Any = list[_STEP]
TIMELINE: Final[TypeAdapter[list[StepModel]]] = TypeAdapter(TIMELINE_TYPE)


def _invariants_form(value: object) -> str:
    return "#list" if isinstance(value, list) else "#none"


class ScenarioModel(Part):
    """One scenario: a timeline to run through, or a workload to simulate."""

    id: Name
    policy: Name = Field("salesforce", description="a packaged policy or one of `policies`")
    tags: list[Name] = Field([])
    why: Maybe[Text] = Field(None, description="what the scenario is for")
    timeline: SkipValidation[Maybe[TIMELINE_TYPE]] = Field(
        None, description="requests in the order of time; a step without `expect` must be allowed"
    )
    cases: Maybe[list[dict[Name, Any]]] = Field(
        None, description="a table: one case a row; ${column} stands for a value"
    )
    matrix: Maybe[dict[Name, list[Any]]] = Field(
        None, description="axes: one case for each combination; ${axis} stands for a value"
    )
    audit: Maybe[AuditModel] = None
    breaks: list[InvariantName] = Field([], description="invariants that must be seen to break")
    invariants: Maybe[
        Annotated[
            Annotated[Annotated[str, OneOf("choice", ("none",))], Tag("#none")]
            | Annotated[list[InvariantName], Tag("#list")],
            Discriminator(_invariants_form),
        ]
    ] = Field(None, description="none, or those to check; by default those the policy makes true")
    boundaries: Maybe[Annotated[str, OneOf("boundaries", ("auto",))]] = Field(
        None,
        description="auto: also try, on copies, one tick around every threshold; invariants judge",
    )
    skip: Maybe[Text] = Field(None, description="why the scenario is not run")
    xfail: Maybe[Text] = Field(None, description="why the scenario is known to fail")
    workload: Any = None
    run: Any = None
    expect: Any = None
    compare: Any = None


def _read_version(value: object) -> int:
    # To Python 1.0 and true are 1, to whoever reads the file they are not.
    if not isinstance(value, int) or isinstance(value, bool):
        raise ValueError(f"unknown version of the format {show(value)}: expected 1")
    return value


class FileModel(Part):
    """A scenario file."""

    tvc: Annotated[int, OneOf("version of the format", (1,)), BeforeValidator(_read_version)]
    tags: list[Name] = Field([], description="tags of every scenario")
    policies: Any = Field({}, description="policies of this file, by name")
    people: dict[Name, PersonModel] = Field({}, description="everybody, by name")
    clocks: dict[Name, ClockModel] = Field({}, description="the clocks of nodes, by name")
    scenarios: SkipValidation[list[ScenarioModel]]
