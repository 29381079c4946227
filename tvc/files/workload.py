"""What a stochastic scenario may say: its workload, its run, its expectations, a comparison.

Every input of a workload has a default, and every default says where it comes from. Help desks
publish next to nothing about lost devices, so nearly all of them are our assumptions; results
name those that a file neither replaced nor gave a source for.

Nothing here simulates. A file is loaded with this module only when it uses one of these keys.
"""

import copy
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    Field,
    PlainValidator,
    ValidationError,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic_core import ErrorDetails

from tvc.authority.durations import format_duration, parse_duration
from tvc.files.distributions import DISTRIBUTION_SCHEMA, Distribution, parse_distribution
from tvc.files.faults import show, suggest
from tvc.files.metrics import Delta, Function, Metric, Share, Statistic, Unit, narrow, parse_metric
from tvc.files.models import Duration, Maybe, Name, Offset, OneOf, Part, Text
from tvc.files.wording import check_word

#: The keys of a scenario that this module reads.
STOCHASTIC_KEYS: Final = ("workload", "run", "expect", "compare")
#: The source of a default that has none.
ASSUMPTION: Final = "assumption"
_BY_DESIGN: Final = "design: the simulation counts what changes no state"

#: Keys and indices below a scenario, and what is wrong there.
Problem = tuple[tuple[str | int, ...], str]


# Numbers and hours

#: No sensible number is beyond this; infinity is not one either.
_LARGEST: Final = 1e12


def _number(value: object, lowest: float, highest: float, what: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected {what}, found {show(value)}")
    if not lowest <= value <= highest:
        raise ValueError(f"{show(value)} is out of range: expected {what}")
    return float(value)


def _probability(value: object) -> float:
    return _number(value, 0, 1, "a probability from 0 to 1")


def _rate(value: object) -> float:
    return _number(value, 0, _LARGEST, "a rate of 0 or more")


def _chance_of_error(value: object) -> float:
    chance = _number(value, 0, 1, "a probability between 0 and 1")
    if chance in (0, 1):
        raise ValueError(f"{show(value)} cannot be kept: expected a probability between 0 and 1")
    return chance


def _positive(duration_ms: int) -> int:
    if duration_ms == 0:
        raise ValueError("expected a duration above 0s")
    return duration_ms


Probability = Annotated[
    float,
    PlainValidator(_probability),
    WithJsonSchema({"type": "number", "minimum": 0, "maximum": 1}),
]
Rate = Annotated[float, PlainValidator(_rate), WithJsonSchema({"type": "number", "minimum": 0})]
ErrorChance = Annotated[
    float,
    PlainValidator(_chance_of_error),
    WithJsonSchema({"type": "number", "exclusiveMinimum": 0, "exclusiveMaximum": 1}),
]
#: A duration above zero, in milliseconds.
Span = Annotated[Duration, AfterValidator(_positive)]
Spread = Annotated[
    Distribution, PlainValidator(parse_distribution), WithJsonSchema(DISTRIBUTION_SCHEMA)
]

DAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
HOURS_OF_WEEK: Final = 24 * len(DAYS)
_WEEK_HOURS: Final = re.compile(r"([a-z]{3})(?:-([a-z]{3}))? (\d{1,2})-(\d{1,2})", re.ASCII)


def parse_week_hours(text: object) -> frozenset[int]:
    """Read hours of the week.

    Parameters
    ----------
    text
        A day or days from Monday on, and from which hour to which: ``mon-fri 8-18``, ``sat 9-13``.

    Returns
    -------
    frozenset of int
        Hours of the week; 0 is the first hour of Monday, 167 the last one of Sunday.

    Raises
    ------
    ValueError
        If it says no such hours.

    Examples
    --------
    >>> sorted(parse_week_hours("tue 8-10"))
    [32, 33]
    """
    match = _WEEK_HOURS.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        raise ValueError(f"expected hours such as mon-fri 8-18, found {show(text)}")
    first, last = match[1], match[2] or match[1]
    for day in (first, last):
        wrong = check_word("day", day, DAYS)
        if wrong:
            raise ValueError(wrong)
    days = range(DAYS.index(first), DAYS.index(last) + 1)
    hours = range(int(match[3]), int(match[4]))
    if not days or not hours or hours.stop > 24:
        raise ValueError(
            f"{show(text)} holds no hours: days go from mon to sun and hours from 0 to 24; "
            "write what crosses either as two entries"
        )
    return frozenset(24 * day + hour for day in days for hour in hours)


def _read_shifts(value: object) -> frozenset[int]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"expected a list such as [mon-fri 8-18], found {show(value)}")
    return frozenset[int]().union(*map(parse_week_hours, value))


def _read_profile(value: object) -> tuple[float, ...]:
    if not isinstance(value, Mapping) or not value:
        raise ValueError(f"expected weights such as {{mon-fri 8-18: 1}}, found {show(value)}")
    weights = dict.fromkeys(range(HOURS_OF_WEEK), 0.0)
    covered: set[int] = set()
    for text, weight in value.items():
        hours = parse_week_hours(text)
        if covered & hours:
            raise ValueError(f"{show(text)} overlaps with what stands before it")
        covered |= hours
        weights.update(dict.fromkeys(hours, _number(weight, 0, _LARGEST, "a weight of 0 or more")))
    if not any(weights.values()):
        raise ValueError("one weight at least is above 0")
    return tuple(weights.values())


#: Hours of the week, as `parse_week_hours` returns them.
Shifts = Annotated[
    frozenset[int],
    PlainValidator(_read_shifts),
    WithJsonSchema({"type": "array", "items": {"type": "string"}, "minItems": 1}),
]
#: The weight of each hour of the week, from the first one of Monday on.
Profile = Annotated[
    tuple[float, ...],
    PlainValidator(_read_profile),
    WithJsonSchema({"type": "object", "additionalProperties": {"type": "number", "minimum": 0}}),
]


# Fields


def _input(
    default: Any,  # noqa: ANN401 - of the field's own type
    meaning: str,
    unit: str,
    source: str = ASSUMPTION,
    spelt: object = None,
    **limits: Any,  # noqa: ANN401 - as Field takes them
) -> Any:  # noqa: ANN401 - stands for the field's own type, as Field does
    extra: dict[str, Any] = {"unit": unit, "source": source}
    if spelt is not None:
        extra["default"] = spelt
    return Field(default, description=f"{meaning} ({unit})", json_schema_extra=extra, **limits)


def _time(default: str, meaning: str) -> Any:  # noqa: ANN401 - as above
    return _input(parse_duration(default), meaning, "duration", spelt=default)


def _spread(default: dict[str, Any], meaning: str) -> Any:  # noqa: ANN401 - as above
    return _input(parse_distribution(default), meaning, "distribution of durations", spelt=default)


def _chance(default: float, meaning: str) -> Any:  # noqa: ANN401 - as above
    return _input(default, meaning, "probability")


def _group(model: type[Part], description: str) -> Any:  # noqa: ANN401 - as above
    return Field(default_factory=model, description=description)


# The desk


class CallbackModel(Part):
    """The desk calls back the number on record."""

    time: Spread = _spread({"lognormal": {"median": "3m", "p95": "10m"}}, "what it adds to a call")
    false_accept: Probability = _chance(0.02, "an impostor passes")
    false_reject: Probability = _chance(0.05, "the rightful user fails")


class ManagerApprovalModel(Part):
    """The user's manager vouches for them."""

    time: Spread = _spread({"lognormal": {"median": "30m", "p95": "4h"}}, "what it adds to a call")
    false_accept: Probability = _chance(0.01, "an impostor passes")
    false_reject: Probability = _chance(0.05, "the rightful user fails")


class VideoModel(Part):
    """The user shows face and identity card by video."""

    time: Spread = _spread({"lognormal": {"median": "10m", "p95": "25m"}}, "what it adds to a call")
    false_accept: Probability = _chance(0.005, "an impostor passes")
    false_reject: Probability = _chance(0.02, "the rightful user fails")


class ChecksModel(Part):
    """What each identity check takes and misses. Without a check, every caller passes at once."""

    callback: CallbackModel = _group(CallbackModel, "the desk calls back the number on record")
    manager_approval: ManagerApprovalModel = _group(ManagerApprovalModel, "the manager vouches")
    video: VideoModel = _group(VideoModel, "face and identity card by video")


class DeskModel(Part):
    """The help desk and its admins."""

    admins: int = _input(3, "admins on duty in every shift", "people", ge=0, le=1_000_000)
    shifts: Shifts = _input(
        parse_week_hours("mon-fri 8-18"), "when the desk is open", "hours of the week",
        spelt=["mon-fri 8-18"],
    )  # fmt: skip
    handling: Spread = _spread(
        {"lognormal": {"median": "5m", "p95": "20m"}}, "an admin's time a call, without the check"
    )
    lifetime: Maybe[Spread] = _input(
        None, "lifetime that is asked for; the longest the policy allows by default",
        "distribution of durations",
    )  # fmt: skip
    approval: Spread = _spread(
        {"lognormal": {"median": "5m", "p95": "30m"}},
        "wait for another admin, for each approval that the policy asks for",
    )
    identity_check: Annotated[
        str, OneOf("identity check", ("none", "callback", "manager_approval", "video"))
    ] = _input("none", "how a caller is identified", "none, callback, manager_approval or video")
    checks: ChecksModel = _group(ChecksModel, "what each identity check takes and misses")
    patience: Spread = _spread(
        {"exponential": {"mean": "15m"}}, "wait after which a caller gives up"
    )
    calls_again: Probability = _chance(0.9, "who gave up, or failed the check, calls again")
    calls_again_after: Spread = _spread(
        {"exponential": {"mean": "1h"}}, "wait before calling again"
    )
    losses_per_admin_per_year: Rate = _input(
        0.3, "admins' own losses", "devices per admin and year"
    )


# The users


class LossesModel(Part):
    """Devices that are lost, broken, stolen or replaced by a new phone."""

    per_user_per_year: Rate = _input(0.3, "how often", "devices per user and year")
    profile: Maybe[Profile] = _input(
        None,
        "weights of the hours of the week, such as {mon-fri 8-18: 1}; even by default",
        "weights",
    )
    noticed_after: Maybe[Spread] = _input(
        None, "wait before the user notices; at the next sign-in by default",
        "distribution of durations",
    )  # fmt: skip


class WorkModel(Part):
    """When users sign in: at the start of a working day and whenever a session is over."""

    days_per_week: int = _input(5, "working days, from Monday on", "days per week", ge=1, le=7)
    starts: Spread = _spread({"uniform": {"low": "8h", "high": "10h"}}, "start, from midnight on")
    lasts: Spread = _spread({"fixed": "8h"}, "length of a working day")
    code_forgotten: Probability = _chance(0.05, "a code is forgotten before its next use")


class DeviceModel(Part):
    """How a user comes by a device again, and what happens then."""

    found: Probability = _chance(0.3, "the lost device is found; else it is replaced")
    found_after: Spread = _spread({"exponential": {"mean": "24h"}}, "until it is found")
    replaced_after: Spread = _spread({"lognormal": {"median": "2d", "p95": "7d"}}, "until replaced")
    enrolled_again: Probability = _chance(0.95, "the user enrolls the replacement")
    expired_afterwards: Probability = _chance(0.2, "an admin expires the code then")


class LeaversModel(Part):
    """Users who leave the company; their accounts are deactivated."""

    per_user_per_year: Rate = _input(0.1, "how often", "departures per user and year")


class SsoModel(Part):
    """Users who sign in by single sign-on and never meet a code."""

    share: Probability = _input(0.0, "users who do", "share of users")


# The channel


class VoiceModel(Part):
    """The code is read out during the call."""

    delay: Spread = _spread({"fixed": "30s"}, "until the user has the code")
    leak: Probability = _chance(0.001, "somebody else learns the code")


class ChatModel(Part):
    """The code is sent by chat."""

    delay: Spread = _spread({"exponential": {"mean": "1m"}}, "until the user has the code")
    leak: Probability = _chance(0.005, "somebody else learns the code")


class MailModel(Part):
    """The code is sent by mail."""

    delay: Spread = _spread({"exponential": {"mean": "5m"}}, "until the user has the code")
    leak: Probability = _chance(0.01, "somebody else learns the code")


class PaperModel(Part):
    """The code is handed over on paper."""

    delay: Spread = _spread({"lognormal": {"median": "30m", "p95": "4h"}}, "until the user has it")
    leak: Probability = _chance(0.005, "somebody else learns the code")


class ChannelModel(Part):
    """How a code reaches its user."""

    by: Annotated[str, OneOf("channel", ("voice", "chat", "mail", "paper"))] = _input(
        "voice", "which one is used", "voice, chat, mail or paper"
    )
    voice: VoiceModel = _group(VoiceModel, "read out during the call")
    chat: ChatModel = _group(ChatModel, "sent by chat")
    mail: MailModel = _group(MailModel, "sent by mail")
    paper: PaperModel = _group(PaperModel, "handed over on paper")

    @property
    def leak(self) -> float:
        """The probability that a code leaks on the channel that is used."""
        used: VoiceModel | ChatModel | MailModel | PaperModel = getattr(self, self.by)
        return used.leak


# Attackers and answers to them


class CallersModel(Part):
    """Impostors who call the desk; they pass the identity check at its false-accept rate."""

    per_day: Rate = _input(0.0, "how often", "calls per day")


class ThievesModel(Part):
    """Thieves of leaked codes."""

    per_leak: Probability = _chance(0.0, "a leaked code falls into an attacker's hands")
    after: Spread = _spread({"exponential": {"mean": "1h"}}, "until the thief uses it")


class GuessersModel(Part):
    """Guessers of codes."""

    per_day: Rate = _input(0.0, "accounts that are tried", "accounts per day")
    tries: int = _input(10, "guesses at each", "guesses per account", ge=1, le=1_000_000)


class MaliciousIssuerModel(Part):
    """Admins who generate codes for themselves to use."""

    per_year: Rate = _input(0.0, "how often", "codes per year")


class AttackersModel(Part):
    """Who attacks, and what attackers can do. There are none unless a rate is above zero."""

    callers: CallersModel = _group(CallersModel, "impostors who call the desk")
    thieves: ThievesModel = _group(ThievesModel, "thieves of leaked codes")
    guessers: GuessersModel = _group(GuessersModel, "guessers of codes")
    malicious_issuer: MaliciousIssuerModel = _group(MaliciousIssuerModel, "admins who attack")
    knows_password: Probability = _chance(0.5, "an attacker knows the account's password")
    talks_into_reset: Probability = _chance(0.1, "else the desk resets it for them")
    enrolls_method: Probability = _chance(0.5, "who is in enrolls a method of their own")


class NoticesModel(Part):
    """What becomes of notices, where the policy sends them."""

    seen_after: Spread = _spread({"lognormal": {"median": "1h", "p95": "24h"}}, "until it is seen")
    reported: Probability = _chance(0.2, "who sees a notice of an attack reports it")
    answered_after: Spread = _spread(
        {"exponential": {"mean": "1h"}}, "from a report to Expire Now and the end of all sessions"
    )


# Clocks and outages


class ClockStepModel(Part):
    """A clock is set."""

    at: Duration = Field(description="true time, counted from the start (duration)")
    by: Offset = Field(description="how far; a negative one sets it back (duration)")


class NodeModel(Part):
    """The clock of a node: it reads ``t + offset + t * drift_ppm // 1000000`` at true time t."""

    offset: Offset = _time("0s", "how far it is ahead")
    drift_ppm: int = _input(
        0, "how fast it gains", "parts per million", ge=-1_000_000, le=1_000_000
    )
    steps: list[ClockStepModel] = _input([], "when it is set, and how far", "steps")
    resync_every: Maybe[Span] = _input(
        None, "how often it is set right; never by default", "duration"
    )


class OutageModel(Part):
    """Something that leaves many users without their methods at once."""

    at: Duration = Field(description="true time, counted from the start (duration)")
    share: Probability = _input(1.0, "users who are stranded", "share of users")
    lasts: Span = _time("4h", "until their methods work again")


# The workload


class StartModel(Part):
    """The hour of the week at which the scenario starts."""

    day: Annotated[str, OneOf("day", DAYS)] = _input("mon", "the day", "day of the week")
    hour: int = _input(0, "the hour", "hour of the day", ge=0, le=23)


class WorkloadModel(Part):
    """The random load on the world. Times of the day are those of true time."""

    users: int = _input(1_000, "users at the start", "people", ge=1, le=1_000_000_000)
    horizon: Span = _time("28d", "how long incidents begin")
    drain: Duration = _time("7d", "how long those that began run on after the horizon")
    start: StartModel = _group(StartModel, "the hour of the week at which it starts")
    desk: DeskModel = _group(DeskModel, "the help desk and its admins")
    losses: LossesModel = _group(LossesModel, "devices that users lose")
    work: WorkModel = _group(WorkModel, "when users sign in")
    device: DeviceModel = _group(DeviceModel, "how users come by a device again")
    leavers: LeaversModel = _group(LeaversModel, "users who leave")
    sso: SsoModel = _group(SsoModel, "users of single sign-on")
    channel: ChannelModel = _group(ChannelModel, "how codes reach users")
    attackers: AttackersModel = _group(AttackersModel, "who attacks; nobody by default")
    notices: NoticesModel = _group(NoticesModel, "what becomes of notices")
    clocks: dict[Name, NodeModel] = _input(
        {}, "nodes that judge requests, each with its clock; true time by default", "nodes"
    )
    outages: list[OutageModel] = _input([], "what strands many users at once", "outages")
    every_sign_in: bool = _input(
        False, "make every sign-in an event, also of users without an incident", "true or false",
        _BY_DESIGN,
    )  # fmt: skip
    sources: dict[str, Text] = Field(
        {}, description="where inputs come from, by dotted key: what has none is an assumption"
    )

    @property
    def has_attackers(self) -> bool:
        """Whether anybody attacks at all."""
        attackers = self.attackers
        return (
            attackers.callers.per_day > 0
            or attackers.guessers.per_day > 0
            or attackers.malicious_issuer.per_year > 0
            or (attackers.thieves.per_leak > 0 and self.channel.leak > 0)
        )


@dataclass(frozen=True, slots=True)
class Input:
    """One input of a workload.

    Attributes
    ----------
    key
        Dotted, as ``sources`` and the arms of a comparison write it.
    meaning
        One line, with the unit.
    unit
        What its value is.
    default
        As files spell it.
    source
        Where the default comes from; `ASSUMPTION` when from nowhere.
    """

    key: str
    meaning: str
    unit: str
    default: object
    source: str


@cache
def inputs() -> Mapping[str, Input]:
    """Return every input of a workload by its dotted key, in the order of the model.

    What a list or a table of names holds (``outages``, ``clocks``) is one input.
    """
    return {found.key: found for found in _inputs_of(WorkloadModel, "")}


def _inputs_of(model: type[BaseModel], prefix: str) -> Iterator[Input]:
    for name, field in model.model_fields.items():
        key, hint, extra = prefix + name, field.annotation, field.json_schema_extra
        if isinstance(hint, type) and issubclass(hint, Part):
            yield from _inputs_of(hint, f"{key}.")
        elif isinstance(extra, dict):
            default = extra.get("default", field.default)
            meaning = field.description or ""
            yield Input(key, meaning, str(extra["unit"]), default, str(extra["source"]))


# The run


class ReplicationsModel(Part):
    """How many replications: ``min`` for the pilot, and no more than ``max``."""

    min: int = Field(30, description="replications of the pilot", ge=1, le=1_000_000)
    max: int = Field(
        800, description="replications after which the verdict falls", ge=1, le=1_000_000
    )

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if self.min > self.max:
            raise ValueError(f"min {self.min} is more than max {self.max}")
        return self


def _read_replications(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool)
    return {"min": value, "max": value} if is_number else value


def _read_warmup(value: object) -> int | Literal["auto"]:
    if value == "auto":
        return "auto"
    if value == "none":
        return 0
    try:
        warmup_ms = parse_duration(value) if isinstance(value, str) else -1
    except ValueError:
        warmup_ms = -1
    if warmup_ms < 0:
        raise ValueError(f"expected none, auto or a duration such as 7d, found {show(value)}")
    return warmup_ms


class RunModel(Part):
    """How a workload is run."""

    replications: Annotated[
        ReplicationsModel,
        BeforeValidator(_read_replications),
        WithJsonSchema(
            {
                "anyOf": [
                    {"type": "integer", "minimum": 1},
                    {
                        "type": "object",
                        "additionalProperties": False,
                        "properties": {"min": {"type": "integer"}, "max": {"type": "integer"}},
                    },
                ]
            }
        ),
    ] = _group(ReplicationsModel, "a number, or {min, max} to stop once decided")
    seed: int = Field(0, description="what all random numbers are drawn from", ge=0, le=2**63 - 1)
    warmup: Annotated[
        int | Literal["auto"], PlainValidator(_read_warmup), WithJsonSchema({"type": "string"})
    ] = Field(
        0, description="time at the start that is not measured: none, auto or a duration",
        json_schema_extra={"default": "none"},
    )  # fmt: skip
    false_alarm: ErrorChance = Field(
        1e-6, description="probability of failing what holds; shared by the expectations"
    )
    miss: ErrorChance = Field(0.01, description="probability of passing what fails by the margin")


# The expectations


def _read_metric(value: object) -> Metric:
    if not isinstance(value, str):
        raise ValueError(f"expected a metric such as p95(time_to_access), found {show(value)}")
    return parse_metric(value)


def _in_unit(value: object, metric: Metric) -> float:
    if metric.unit.is_time:
        if not isinstance(value, str):
            raise ValueError(
                f"{metric} is a time: expected a duration such as 2h, found {show(value)}"
            )
        return parse_duration(value)
    return _number(value, -_LARGEST, _LARGEST, f"a number, as {metric} is one")


def _within(value: object, metric: Metric) -> float:
    number = _in_unit(value, metric)
    of_one = metric.unit is Unit.SHARE and not isinstance(metric, Share)
    if isinstance(metric, Delta):
        if of_one and abs(number) > 1:
            raise ValueError(f"{metric} is from -1 to 1, found {show(value)}")
    elif number < 0:
        raise ValueError(f"{metric} is never negative, found {show(value)}")
    elif of_one and number > 1:
        raise ValueError(f"{metric} is from 0 to 1, found {show(value)}")
    return number


def _read_bound(value: object, info: ValidationInfo) -> float:
    metric: Metric | None = info.data.get("metric")
    if metric is None:  # it has a fault of its own
        return 0.0
    bound = _within(value, metric)
    if isinstance(metric, Statistic):
        if info.field_name == "at_least" and bound == 0:
            raise ValueError(f"{metric} is always at least that: nothing is tested")
        if info.field_name == "at_most" and metric.function is Function.P and bound == 1:
            raise ValueError(f"{metric} is always at most that: nothing is tested")
    return bound


def _read_zero(value: object, info: ValidationInfo) -> float:
    metric: Metric | None = info.data.get("metric")
    if metric is None:
        return 0.0
    counted = isinstance(metric, Statistic) and metric.function in (Function.P, Function.COUNT)
    if not counted or _in_unit(value, metric) != 0:
        raise ValueError(
            "equals can only be 0, of p(...) or count(...): "
            "for anything else use at_most, at_least or between"
        )
    return 0.0


def _read_range(value: object, info: ValidationInfo) -> tuple[float, float]:
    metric: Metric | None = info.data.get("metric")
    if not isinstance(value, list) or len(value) != 2:
        raise ValueError(f"expected [low, high], found {show(value)}")
    if metric is None:
        return 0.0, 0.0
    low, high = (_within(end, metric) for end in value)
    if low >= high:
        raise ValueError("low is below high in [low, high]")
    return low, high


def _read_margin(value: object, info: ValidationInfo) -> float:
    metric: Metric | None = info.data.get("metric")
    if metric is None:
        return 0.0
    margin = _in_unit(value, metric)
    if margin <= 0:
        raise ValueError(f"a margin is above 0, found {show(value)}")
    return margin


_BOUND_SCHEMA: Final = WithJsonSchema({"type": ["number", "string"]})
#: A bound in the metric's unit: milliseconds where that is a time.
Bound = Annotated[float, PlainValidator(_read_bound), _BOUND_SCHEMA]


class ExpectModel(Part):
    """What a metric is expected to be: a bound of one kind, times as durations."""

    metric: Annotated[Metric, PlainValidator(_read_metric), WithJsonSchema({"type": "string"})] = (
        Field(description="such as p95(time_to_access), p(takeover), delta(mean(calls))")
    )
    at_most: Maybe[Bound] = Field(None, description="an upper bound")
    at_least: Maybe[Bound] = Field(None, description="a lower bound")
    equals: Maybe[Annotated[float, PlainValidator(_read_zero), _BOUND_SCHEMA]] = Field(
        None, description="0: it never happens"
    )
    between: Maybe[
        Annotated[
            tuple[float, float],
            PlainValidator(_read_range),
            WithJsonSchema({
                "type": "array",
                "items": {"type": ["number", "string"]},
                "minItems": 2,
                "maxItems": 2,
            }),
        ]
    ] = Field(None, description="[low, high]")  # fmt: skip
    margin: Maybe[Annotated[float, PlainValidator(_read_margin), _BOUND_SCHEMA]] = Field(
        None, description="how far beyond the bound must surely be found; in the metric's unit"
    )
    where: dict[str, str] = Field(
        {},
        description="narrows a measure down, such as {reason: rate_limited}; the part of a share",
    )

    @field_validator("where")
    @classmethod
    def _can_match(cls, where: dict[str, str], info: ValidationInfo) -> dict[str, str]:
        wrong = narrow(info.data["metric"], where) if "metric" in info.data else None
        if wrong:
            raise ValueError(wrong)
        return where

    @model_validator(mode="after")
    def _has_one_bound(self) -> Self:
        bounds = [self.at_most, self.at_least, self.equals, self.between]
        if sum(bound is not None for bound in bounds) != 1:
            raise ValueError("expected one bound: at_most, at_least, equals or between")
        if self.equals is not None and self.margin is not None:
            raise ValueError("equals: 0 fails at the first event, so it has no margin")
        return self


# The comparison


class ArmModel(Part):
    """A policy with changes to the workload."""

    policy: Name = Field(description="a packaged policy or one of `policies`")
    workload: dict[str, Any] = Field(
        {}, description="inputs that differ, by dotted key: {desk.identity_check: callback}"
    )


class CompareModel(Part):
    """Two arms that meet the same people on the same days."""

    baseline: ArmModel
    candidate: ArmModel
    on: Name = Field(description="the scenario of this file whose workload both arms meet")


class StochasticModel(Part):
    """The stochastic keys of a scenario."""

    workload: Maybe[WorkloadModel] = Field(None, description="the random load on the world")
    run: RunModel = _group(RunModel, "how it is run")
    expect: list[ExpectModel] = Field([], description="bounds on metrics")
    compare: Maybe[CompareModel] = Field(None, description="two arms on one workload")


def read_stochastic(scenario: Mapping[str, Any]) -> StochasticModel:
    """Read the stochastic keys of a scenario; the others are left alone.

    Parameters
    ----------
    scenario
        The scenario as ordinary mappings, lists and scalars.

    Raises
    ------
    pydantic.ValidationError
        If one of them has a wrong form; its places are below the scenario.
    """
    return StochasticModel.model_validate(
        {key: scenario[key] for key in STOCHASTIC_KEYS if key in scenario}
    )


def override(workload: Mapping[str, Any], changes: Mapping[str, Any]) -> dict[str, Any]:
    """Return a workload in plain form with some inputs changed.

    Parameters
    ----------
    workload
        As in a file; it stays as it is.
    changes
        New values by dotted key.

    Raises
    ------
    ValueError
        If a key leads below something that is no mapping.

    Examples
    --------
    >>> override({"desk": {"admins": 2}}, {"desk.identity_check": "video", "users": 10})
    {'desk': {'admins': 2, 'identity_check': 'video'}, 'users': 10}
    """
    changed: dict[str, Any] = copy.deepcopy(dict(workload))
    for key, value in changes.items():
        *groups, last = key.split(".")
        place = changed
        for group in groups:
            place = place.setdefault(group, {})
            if not isinstance(place, dict):
                raise ValueError(f"unknown input {show(key)}{suggest(key, inputs())}")
        place[last] = value
    return changed


# What the parts must say of each other


def check_stochastic(
    scenario: Mapping[str, Any],
    scenarios: Mapping[str, Mapping[str, Any]],
    policies: Collection[str] | None = None,
) -> list[Problem]:
    """Check what the stochastic keys of a scenario must say of each other.

    Parameters
    ----------
    scenario
        A scenario with a stochastic key, in plain form. One whose form is wrong, which
        `read_stochastic` raises for, is not examined.
    scenarios
        All scenarios of the file by id, in plain form; a comparison is ``on`` one of them.
    policies
        The policies that an arm may name; None leaves them unchecked.

    Returns
    -------
    list of tuple
        Each problem's place below the scenario and what is wrong there; none when all is well.
    """
    try:
        model = read_stochastic(scenario)
    except ValidationError:
        return []
    problems = list(_check_form(scenario))
    workloads: list[WorkloadModel] | None = None
    if model.workload is not None:
        problems += _check_workload(model.workload, model.run)
        workloads = [model.workload]
    elif model.compare is not None:
        workloads = _check_arms(problems, model.compare, scenarios, policies)
    for index, expectation in enumerate(model.expect):
        problem = _judge_metric(expectation.metric, model.compare is not None, workloads)
        if problem:
            problems.append((("expect", index, "metric"), problem))
    return problems


def _check_form(scenario: Mapping[str, Any]) -> Iterator[Problem]:
    if "workload" in scenario and "compare" in scenario:
        yield ("workload",), "a comparison takes the workload of the scenario it is `on`"
    if "workload" not in scenario and "compare" not in scenario:
        for key in ("run", "expect"):
            if key in scenario:
                yield (key,), f"{key} needs a workload or a comparison"
    elif "timeline" in scenario:
        yield ("timeline",), "a scenario has a timeline or a workload, not both"


def _check_workload(workload: WorkloadModel, run: RunModel) -> Iterator[Problem]:
    for key in workload.sources:
        wrong = None if key in inputs() else f"unknown input {show(key)}{suggest(key, inputs())}"
        if wrong:
            yield ("workload", "sources", key), wrong
    horizon = f"the horizon of {format_duration(workload.horizon)}"
    for index, outage in enumerate(workload.outages):
        if outage.at >= workload.horizon:
            yield ("workload", "outages", index, "at"), f"the outage begins after {horizon}"
    if run.warmup != "auto" and run.warmup >= workload.horizon:
        yield ("run", "warmup"), f"nothing is left to measure: it lasts as long as {horizon}"


def _check_arms(
    problems: list[Problem],
    compare: CompareModel,
    scenarios: Mapping[str, Mapping[str, Any]],
    policies: Collection[str] | None,
) -> list[WorkloadModel] | None:
    """Return the workloads of both arms; None when they cannot be told."""
    if compare.baseline == compare.candidate:
        problems.append((("compare", "candidate"), "both arms are the same: nothing differs"))
    arms = {"baseline": compare.baseline, "candidate": compare.candidate}
    for name, arm in arms.items():
        wrong = None if policies is None else check_word("policy", arm.policy, policies)
        if wrong:
            problems.append((("compare", name, "policy"), wrong))
    known = [name for name, other in scenarios.items() if other.get("workload") is not None]
    wrong = check_word("scenario with a workload", compare.on, known)
    if wrong:
        problems.append((("compare", "on"), wrong))
        return None
    plain = scenarios[compare.on]["workload"]
    try:
        WorkloadModel.model_validate(plain)
    except ValidationError:
        return None  # reported where it stands
    workloads = [_arm_workload(problems, name, plain, arm.workload) for name, arm in arms.items()]
    return [found for found in workloads if found is not None] if all(workloads) else None


def _arm_workload(
    problems: list[Problem], arm: str, plain: Mapping[str, Any], changes: Mapping[str, Any]
) -> WorkloadModel | None:
    wrong: list[Problem] = []
    for key, value in changes.items():
        place = ("compare", arm, "workload", key)
        unknown = _unknown_input(key)
        if unknown:
            wrong.append((place, unknown))
            continue
        # One by one, so that whatever is wrong is known to be due to this key.
        try:
            WorkloadModel.model_validate(override(plain, {key: value}))
        except ValidationError as error:
            wrong += [(place, _say(details, key)) for details in error.errors()]
        except ValueError as error:
            wrong.append((place, str(error)))
    problems += wrong
    return None if wrong else WorkloadModel.model_validate(override(plain, changes))


def _unknown_input(key: str) -> str | None:
    """Say what is wrong with a key that leads to no input, to no group and to no clock."""
    known = inputs()
    leads = key in known or key.startswith("clocks.") or any(k.startswith(f"{key}.") for k in known)
    return None if leads else f"unknown input {show(key)}{suggest(key, known)}"


def _say(details: ErrorDetails, key: str) -> str:
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "value_error":
        return str(context["error"])
    if kind == "word":
        return check_word(context["what"], str(value), context["words"]) or ""
    if kind == "extra_forbidden":
        return f"unknown input {show(key)}{suggest(key, inputs())}"
    return f"{show(value)} does not fit here"


def _judge_metric(
    metric: Metric, comparing: bool, workloads: list[WorkloadModel] | None
) -> str | None:
    if comparing and not isinstance(metric, Delta):
        return f"which arm's? In a comparison every metric is a delta: delta({metric})"
    if not comparing and isinstance(metric, Delta):
        return "delta needs two arms: it belongs in a scenario with `compare`"
    attacked = workloads is None or any(workload.has_attackers for workload in workloads)
    for measure in metric.measures:
        if measure.by_attackers and not attacked:
            return f"{measure.name} can never happen: the workload has no attackers"
    return None
