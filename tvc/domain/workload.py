"""What a workload may say: people, devices, the desk, attackers, clocks and outages.

Every input of a workload has a default, and every default says where it comes from. Help desks
publish next to nothing about lost devices, so nearly all of them are our assumptions; results
name those that a file neither replaced nor gave a source for.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Annotated, Any, Final

from pydantic import (
    BaseModel,
    Field,
)

from tvc.authority.durations import parse_duration
from tvc.domain.distributions import parse_distribution
from tvc.domain.fields import Duration, Maybe, Name, Offset, OneOf, Part, Text
from tvc.domain.quantities import (
    DAYS,
    Probability,
    Profile,
    Rate,
    Shifts,
    Span,
    Spread,
    parse_week_hours,
)

#: The source of a default that has none.
ASSUMPTION: Final = "assumption"
#: The source of what is studied, which is nobody's claim about the world.
CHOICE: Final = "choice: what is studied"


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


def _time(default: str, meaning: str, source: str = ASSUMPTION) -> Any:  # noqa: ANN401 - as above
    return _input(parse_duration(default), meaning, "duration", source, default)


def _spread(default: dict[str, Any], meaning: str) -> Any:  # noqa: ANN401 - as above
    return _input(parse_distribution(default), meaning, "distribution of durations", spelt=default)


def _chance(default: float, meaning: str) -> Any:  # noqa: ANN401 - as above
    return _input(default, meaning, "probability")


def group(model: type[Part], description: str) -> Any:  # noqa: ANN401 - as above
    """Describe a part of a model whose every field has a default."""
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

    callback: CallbackModel = group(CallbackModel, "the desk calls back the number on record")
    manager_approval: ManagerApprovalModel = group(ManagerApprovalModel, "the manager vouches")
    video: VideoModel = group(VideoModel, "face and identity card by video")


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
    checks: ChecksModel = group(ChecksModel, "what each identity check takes and misses")
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
    session: Span = _time(
        "4h", "work after which a user signs in again; the policy's session.max may be shorter"
    )
    code_forgotten: Probability = _chance(0.05, "a code is forgotten before its next use")


class DeviceModel(Part):
    """How a user comes by a device again, and what happens then."""

    found: Probability = _chance(0.3, "the lost device is found; else it is replaced")
    found_after: Spread = _spread({"exponential": {"mean": "24h"}}, "until it is found")
    replaced_after: Spread = _spread({"lognormal": {"median": "2d", "p95": "7d"}}, "until replaced")
    enrolled_again: Probability = _chance(
        0.95, "the user enrolls the replacement at a sign-in; else puts it off to the next"
    )
    expired_afterwards: Probability = _chance(0.2, "an admin expires the code then")


class LeaversModel(Part):
    """Users who leave the company; their accounts are deactivated."""

    per_user_per_year: Rate = _input(0.1, "how often", "departures per user and year")
    deactivated_after: Spread = _spread(
        {"exponential": {"mean": "8h"}}, "from the departure to the account's deactivation"
    )


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
    voice: VoiceModel = group(VoiceModel, "read out during the call")
    chat: ChatModel = group(ChatModel, "sent by chat")
    mail: MailModel = group(MailModel, "sent by mail")
    paper: PaperModel = group(PaperModel, "handed over on paper")

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
    per_code: Probability = _chance(0.0, "somebody notices that a code is live and guesses at it")
    after: Spread = _spread({"exponential": {"mean": "1h"}}, "until they notice it")
    tries: int = _input(10, "guesses at each", "guesses per account", ge=1, le=1_000_000)


class MaliciousIssuerModel(Part):
    """Admins who generate codes for an accomplice to use."""

    per_year: Rate = _input(0.0, "how often", "codes per year")
    approved: Probability = _chance(0.1, "a colleague approves it unseen, where approvals count")


class AttackersModel(Part):
    """Who attacks, and what attackers can do. There are none unless a rate is above zero."""

    callers: CallersModel = group(CallersModel, "impostors who call the desk")
    thieves: ThievesModel = group(ThievesModel, "thieves of leaked codes")
    guessers: GuessersModel = group(GuessersModel, "guessers of codes")
    malicious_issuer: MaliciousIssuerModel = group(MaliciousIssuerModel, "admins who attack")
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
    methods_reviewed: Probability = _chance(
        0.5, "methods that are not the user's own are removed then, too"
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

    day: Annotated[str, OneOf("day", DAYS)] = _input("mon", "the day", "day of the week", CHOICE)
    hour: int = _input(0, "the hour", "hour of the day", CHOICE, ge=0, le=23)


class WorkloadModel(Part):
    """The random load on the world. Times of the day are those of true time."""

    users: int = _input(1_000, "users at the start", "people", ge=1, le=1_000_000_000)
    horizon: Span = _time("28d", "how long incidents begin", CHOICE)
    drain: Duration = _time("7d", "how long those that began run on after the horizon", CHOICE)
    lead_in: Duration = _time(
        "0s", "ordinary life before the start, for a stock of live codes and lost devices", CHOICE
    )
    start: StartModel = group(StartModel, "the hour of the week at which it starts")
    desk: DeskModel = group(DeskModel, "the help desk and its admins")
    losses: LossesModel = group(LossesModel, "devices that users lose")
    work: WorkModel = group(WorkModel, "when users sign in")
    device: DeviceModel = group(DeviceModel, "how users come by a device again")
    leavers: LeaversModel = group(LeaversModel, "users who leave")
    sso: SsoModel = group(SsoModel, "users of single sign-on")
    channel: ChannelModel = group(ChannelModel, "how codes reach users")
    attackers: AttackersModel = group(AttackersModel, "who attacks; nobody by default")
    notices: NoticesModel = group(NoticesModel, "what becomes of notices")
    clocks: dict[Name, NodeModel] = _input(
        {}, "nodes that judge requests, each with its clock; true time by default", "nodes"
    )
    outages: list[OutageModel] = _input([], "what strands many users at once", "outages")
    every_sign_in: bool = _input(
        False, "make every sign-in an event, also of users without an incident", "true or false",
        CHOICE,
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
            or attackers.guessers.per_code > 0
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
