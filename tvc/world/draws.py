"""Every random number of the world: which stream it comes from and what it means.

One place opens the streams, so that a name is taken once and a reader sees all of them. Service
times belong to the incident that needs the service, not to the agent who gives it.
"""

from collections.abc import Callable
from typing import Final

from tvc.domain.distributions import Distribution, Fixed
from tvc.domain.sampling import quantile
from tvc.domain.workload import (
    CallbackModel,
    ChatModel,
    MailModel,
    ManagerApprovalModel,
    PaperModel,
    VideoModel,
    VoiceModel,
    WorkloadModel,
)
from tvc.world.streams import Streams

#: A duration in milliseconds for (entity, incident, attempt).
Draw = Callable[[int, int, int], int]
#: Whether something happens, for (entity, incident, attempt).
Chance = Callable[[int, int, int], bool]

#: Entities are users by their number; admins, attacks and nodes count from these on.
ADMINS: Final = 1 << 40
ATTACKS: Final = 1 << 41


def _draw(distribution: Distribution, streams: Streams, name: str) -> Draw:
    drawn = streams.through(name, quantile(distribution))
    if isinstance(distribution, Fixed):
        value_ms = distribution.value_ms
        return lambda _entity, _incident, _attempt: value_ms
    return drawn


def _chance(probability: float, streams: Streams, name: str) -> Chance:
    drawn = streams.below(name, probability)
    if probability in (0, 1):
        certain = probability == 1
        return lambda _entity, _incident, _attempt: certain
    return drawn


class Draws:
    """The draws of one run: a distribution or a probability of the workload, each on its stream.

    Parameters
    ----------
    workload
        Where the distributions come from.
    streams
        Of the run.
    sampled
        The share of people of whom rows are kept.

    Raises
    ------
    ValueError
        If a stream's name is taken twice.
    """

    def __init__(self, workload: WorkloadModel, streams: Streams, sampled: float) -> None:
        def draw(name: str, distribution: Distribution) -> Draw:
            return _draw(distribution, streams, name)

        def chance(name: str, probability: float) -> Chance:
            return _chance(probability, streams, name)

        desk, device, attackers = workload.desk, workload.device, workload.attackers
        # By (user, day of the run).
        self.starts = draw("work.starts", workload.work.starts)
        self.lasts = draw("work.lasts", workload.work.lasts)
        # By user.
        self.sso = chance("sso", workload.sso.share)
        self.sampled = chance("rows", sampled)
        self.leaves = streams.stream("leavers")
        self.deactivated_after = draw("leavers.deactivated", workload.leavers.deactivated_after)
        # By (person, incident, use of a code or sign-in).
        noticed = workload.losses.noticed_after
        self.noticed_after = None if noticed is None else draw("losses.noticed", noticed)
        self.forgotten = chance("work.forgotten", workload.work.code_forgotten)
        self.found = chance("device.found", device.found)
        self.found_after = draw("device.found_after", device.found_after)
        self.replaced_after = draw("device.replaced_after", device.replaced_after)
        self.enrolled = chance("device.enrolled", device.enrolled_again)
        self.expired_afterwards = chance("device.expired", device.expired_afterwards)
        # By (caller, incident, call).
        self.handling = draw("desk.handling", desk.handling)
        self.lifetime = None if desk.lifetime is None else draw("desk.lifetime", desk.lifetime)
        self.approval = draw("desk.approval", desk.approval)
        self.patience = draw("desk.patience", desk.patience)
        self.calls_again = chance("desk.calls_again", desk.calls_again)
        self.calls_again_after = draw("desk.calls_again_after", desk.calls_again_after)
        check = identity_check(workload)
        self.check_time = None if check is None else draw("desk.check", check.time)
        self.false_reject = chance("desk.false_reject", 0 if check is None else check.false_reject)
        self.false_accept = chance("desk.false_accept", 1 if check is None else check.false_accept)
        # By (user, incident, code).
        channel = relay_channel(workload)
        self.delivery = draw("channel.delay", channel.delay)
        self.leaks = chance("channel.leak", channel.leak)
        self.stolen = chance("thieves.per_leak", attackers.thieves.per_leak)
        self.stolen_after = draw("thieves.after", attackers.thieves.after)
        self.guessed_at = chance("guessers.per_code", attackers.guessers.per_code)
        self.guessed_after = draw("guessers.after", attackers.guessers.after)
        # By (attack, 0, code or attempt).
        self.target = streams.stream("attackers.target")
        self.guess = streams.stream("guessers.guess")
        self.knows_password = chance("attackers.knows_password", attackers.knows_password)
        self.talks_into_reset = chance("attackers.talks_into_reset", attackers.talks_into_reset)
        self.enrolls_method = chance("attackers.enrolls_method", attackers.enrolls_method)
        self.approved = chance("malicious_issuer.approved", attackers.malicious_issuer.approved)
        # By (attack, 0, notice).
        self.seen_after = draw("notices.seen", workload.notices.seen_after)
        self.reported = chance("notices.reported", workload.notices.reported)
        self.answered_after = draw("notices.answered", workload.notices.answered_after)
        self.methods_reviewed = chance("notices.reviewed", workload.notices.methods_reviewed)
        # By (who asks, instant).
        self.node = streams.stream("clocks.node")


def identity_check(
    workload: WorkloadModel,
) -> CallbackModel | ManagerApprovalModel | VideoModel | None:
    """Return how the desk identifies its callers; None when it does not."""
    used = workload.desk.identity_check
    if used == "none":
        return None
    check: CallbackModel | ManagerApprovalModel | VideoModel = getattr(workload.desk.checks, used)
    return check


def relay_channel(workload: WorkloadModel) -> VoiceModel | ChatModel | MailModel | PaperModel:
    """Return how codes reach their users."""
    channel: VoiceModel | ChatModel | MailModel | PaperModel = getattr(
        workload.channel, workload.channel.by
    )
    return channel
