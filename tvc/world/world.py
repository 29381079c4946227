"""What the people of one run share: the clock, the authority, the draws, the recorder."""

from typing import Final

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import Decision, Law
from tvc.authority.policy import Policy
from tvc.authority.requests import Request
from tvc.authority.state import Person, State
from tvc.authority.tuples import builder
from tvc.domain.workload import WorkloadModel
from tvc.trace.measures.recorder import Recorder, Window
from tvc.world.answers import Answers
from tvc.world.attackers import Attackers
from tvc.world.clocks import NodeClock
from tvc.world.desk import Desk
from tvc.world.draws import Draws
from tvc.world.kernel import Kernel
from tvc.world.people import Accounts, People, admin_name
from tvc.world.population import Population
from tvc.world.streams import Streams
from tvc.world.users import Incident
from tvc.world.weeks import week_offset_ms
from tvc.world.working_days import WorkingDays

_instant: Final = builder(Instant)


class World:
    """One run of a workload under a policy.

    Each of its people sees the part of it that `tvc.world.ports` and their own module name.

    Parameters
    ----------
    policy, workload, law
        What holds.
    streams
        Where all randomness comes from.
    recorder
        What sees every record of the authority.
    window
        What is measured; everything begins at 0.
    sampled
        The share of people of whom the recorder keeps rows.

    Attributes
    ----------
    open : dict of str to Incident
        Who is in trouble at present, by person.
    """

    __slots__ = (
        "_judge", "_nodes", "answers", "attackers", "authority", "days", "desk", "draws", "kernel",
        "open", "people", "policy", "population", "recorder", "window", "workload",
    )  # fmt: skip

    def __init__(  # noqa: PLR0913, PLR0917 - each is a part that a run is put together from
        self,
        policy: Policy,
        workload: WorkloadModel,
        law: Law,
        streams: Streams,
        recorder: Recorder,
        window: Window,
        sampled: float,
    ) -> None:
        self.policy = policy
        self.workload = workload
        self.recorder = recorder
        self.window = window
        self.kernel = Kernel()
        self.draws = Draws(workload, streams, sampled)
        self.days = WorkingDays(workload.work, policy, self.draws, week_offset_ms(workload))
        admins = [Person(admin_name(index), "admin") for index in range(workload.desk.admins)]
        state = State.of(admins)
        state.accounts = Accounts(state.accounts)
        self.authority = Authority(policy, state, law=law, sink=recorder.sink)
        self._judge = self.authority.judge
        self.open: dict[str, Incident] = {}
        self.people = People(self.authority, recorder, policy, workload.users, self.open)
        self._nodes = [NodeClock(model, name) for name, model in sorted(workload.clocks.items())]
        # These look around while they are made: the desk first, for admins lose devices, too.
        self.desk = Desk(self)
        self.population = Population(self, streams)
        self.answers = Answers(self)
        self.attackers = Attackers(self, streams)

    def ask(self, request: Request, at_ms: int, entity: int) -> Decision:
        """Put a request to the authority, at the node that serves whoever asks.

        Parameters
        ----------
        request
            What is asked; codes are known by their ordinals.
        at_ms
            Now, in true time.
        entity
            Whose doing it is: it decides, with the instant, which node judges.
        """
        if self._nodes:
            place = int(self.draws.node(entity, at_ms, 0) * len(self._nodes))
            node = self._nodes[place]
            instant = _instant((at_ms, node.name, node.read(at_ms)))
        else:
            instant = _instant((at_ms, None, at_ms))
        return self._judge(request, instant)
