"""Ports: what the people of a run see of each other and of what they share.

Nobody holds the whole world. Each module names the few things that its people use, and who
puts a run together hands them over; a test can hand over something smaller.
"""

from typing import Protocol

from tvc.authority.authority import Authority
from tvc.authority.decide import Decision
from tvc.authority.policy import Policy
from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind, Request
from tvc.domain.workload import WorkloadModel
from tvc.trace.measures.recorder import Recorder, Window
from tvc.world.draws import Draws
from tvc.world.kernel import Kernel
from tvc.world.people import People
from tvc.world.working_days import WorkingDays


class Caller(Protocol):
    """Somebody who calls the desk: a user in trouble or an attacker.

    Attributes
    ----------
    person, subject
        Who calls, and for whose account.
    entity, number, calls
        What their draws are keyed by: who, the incident, and how often they have called.
    key
        Their place among simultaneous events.
    rightful
        Whether they are who they say they are.
    refused
        Why their latest sign-in was refused, which is what they call about.
    device_usable
        Whether they hold a device that is enrolled on the account.
    call
        The call that is under way.
    """

    person: str
    entity: int
    number: int
    calls: int
    key: int
    call: object
    refused: Reason | None
    device_usable: bool

    @property
    def subject(self) -> str: ...  # noqa: D102 - above
    @property
    def rightful(self) -> bool: ...  # noqa: D102 - above
    @property
    def wants_desk(self) -> bool: ...  # noqa: D102 - whether they have still to be heard
    @property
    def wants_reset(self) -> bool: ...  # noqa: D102 - whether the code is no use without a password
    @property
    def suspicious(self) -> bool: ...  # noqa: D102 - whether others were at their account
    @property
    def approvable(self) -> bool: ...  # noqa: D102 - whether colleagues approve their code
    def given(self, ordinal: int, at_ms: int) -> None: ...  # noqa: D102 - the desk's answers
    def helped(self, now_ms: int) -> None: ...  # noqa: D102
    def unserved(self, now_ms: int) -> None: ...  # noqa: D102


class Trouble(Protocol):
    """What an admin sees of an incident of their own.

    Attributes
    ----------
    code
        The ordinal of the code they know; None when they know none.
    """

    code: int | None


class Intrusion(Protocol):
    """What is seen of an attack that comes to light.

    Attributes
    ----------
    entity, number
        What its draws are keyed by.
    subject, victim
        The account, and the user that it belongs to.
    """

    entity: int
    number: int
    subject: str
    victim: int


class HelpDesk(Protocol):
    """What callers see of the desk; see `tvc.world.desk.Desk`."""

    def receive(self, caller: Caller, now_ms: int) -> None: ...  # noqa: D102 - as there
    def hang_up(self, caller: Caller, now_ms: int) -> None: ...  # noqa: D102
    def expire_afterwards(self, caller: Caller, now_ms: int) -> None: ...  # noqa: D102


class Crowd(Protocol):
    """What those who act upon users see of all of them; see `tvc.world.population.Population`."""

    def leaves_ms(self, user: int) -> int: ...  # noqa: D102 - as there
    def refused(self, user: int, reason: Reason | None, now_ms: int) -> None: ...  # noqa: D102
    def disturb(self, user: int, now_ms: int) -> None: ...  # noqa: D102


class Adversaries(Protocol):
    """What admins set off by a code that is sent; see `tvc.world.attackers.Attackers`.

    Attributes
    ----------
    after_codes
        Whether anybody is after the codes that are sent to users.
    """

    @property
    def after_codes(self) -> bool: ...  # noqa: D102 - above

    def code_sent(  # noqa: D102 - as there
        self, user: int, incident: int, code: int, ordinal: int, now_ms: int
    ) -> None: ...


class IncidentResponse(Protocol):
    """What comes of an attack that is seen; see `tvc.world.answers.Answers`."""

    def notify(self, attack: Intrusion, kind: Kind, now_ms: int) -> None: ...  # noqa: D102 - as there
    def suspect(self, subject: str, user: int, now_ms: int) -> None: ...  # noqa: D102


class Ground(Protocol):
    """What everybody acts upon, and nobody else's business.

    Attributes
    ----------
    policy, workload, window
        What holds, what happens, and what is measured of it.
    kernel
        The calendar.
    draws, days
        The random numbers, and the working days that are made of them.
    authority
        What judges, for those who look at its state.
    recorder
        What sees every record.
    people
        Who is remembered.
    """

    @property
    def policy(self) -> Policy: ...  # noqa: D102 - above
    @property
    def workload(self) -> WorkloadModel: ...  # noqa: D102
    @property
    def window(self) -> Window: ...  # noqa: D102
    @property
    def kernel(self) -> Kernel: ...  # noqa: D102
    @property
    def draws(self) -> Draws: ...  # noqa: D102
    @property
    def days(self) -> WorkingDays: ...  # noqa: D102
    @property
    def authority(self) -> Authority: ...  # noqa: D102
    @property
    def recorder(self) -> Recorder: ...  # noqa: D102
    @property
    def people(self) -> People: ...  # noqa: D102

    def ask(self, request: Request, at_ms: int, entity: int) -> Decision:
        """Put a request to the authority; see `tvc.world.world.World.ask`."""
        ...
