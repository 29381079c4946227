"""A machine that asks a real authority everything, under any policy, at the instants that count.

Two machines run: one whose nodes all show true time, so that every invariant which the policy
makes true must hold, and one whose nodes differ, for what must hold whatever the clocks show.
"""

import histories as h
from hypothesis import event
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.decide import decide
from tvc.authority.rates import REMEMBERED_WINDOWS
from tvc.authority.requests import SHAPES, Kind
from tvc.authority.state import TABLES
from tvc.trace.invariants import INVARIANTS, applicable

#: Invariants that hold whatever the clocks show. The others judge by true time.
WHATEVER_THE_CLOCKS_SHOW = (
    "no_generation_below_assurance",
    "inactive_users_get_nothing",
    "secrets_stay_secret",
    "every_code_ends_once",
    "every_change_is_audited",
)


class LawMachine(RuleBasedStateMachine):
    """Moves of one world, each judged as soon as it has been made."""

    world: h.World | None = None

    def begin(self, policy, nodes):
        self.world = h.World(policy, nodes)

    def held(self):
        """Name the invariants that must hold in the end."""
        raise NotImplementedError

    @rule(move=h.moves((h.WAIT, 1)))
    def wait(self, move):
        self.world.take(move)

    @rule(move=h.moves((h.WAIT, 1)))
    def wait_again(self, move):
        self.world.take(move)

    @rule(move=h.moves((h.GENERATE, 1)))
    def generate(self, move):
        self.ask(move)

    @rule(move=h.moves((h.GENERATE, 1)))
    def generate_again(self, move):
        self.ask(move)

    @rule(move=h.moves((h.EXPIRE, 1)))
    def expire(self, move):
        self.ask(move)

    @rule(move=h.moves((h.SIGN_IN, 1)))
    def sign_in(self, move):
        self.ask(move)

    @rule(move=h.moves((h.SIGN_IN, 1)))
    def sign_in_again(self, move):
        self.ask(move)

    @rule(move=h.moves((h.SIGN_IN, 1)))
    def sign_in_once_more(self, move):
        self.ask(move)

    @rule(move=h.moves((h.STEP_UP, 1)))
    def step_up(self, move):
        self.ask(move)

    @rule(move=h.moves((h.USE, 1)))
    def use(self, move):
        self.ask(move)

    @rule(move=h.moves((h.LOOK, 1)))
    def look(self, move):
        self.ask(move)

    @rule(move=h.moves((h.CHANGE_METHODS, 1)))
    def change_methods(self, move):
        self.ask(move)

    @rule(move=h.moves((h.APPROVE, 1)))
    def approve(self, move):
        self.ask(move)

    @rule(move=h.moves((h.RESET, 1)))
    def reset_password(self, move):
        self.ask(move)

    @rule(move=h.moves((h.PERSON_FACT, 1)))
    def befall_person(self, move):
        self.ask(move)

    @rule(move=h.moves((h.ACCOUNT_FACT, 1)))
    def befall_account(self, move):
        self.ask(move)

    def ask(self, move):
        world = self.world
        step = world.take(move)
        self.check_pure(step)
        self.check_decision(step)
        self.check_records(step)
        if step.decision.allowed and step.request.kind is Kind.GENERATE:
            self.check_live(step)
        event(f"{step.request.kind} {step.decision.reason or 'allowed'}")

    def check_pure(self, step):
        """`decide` changes nothing and says the same of the same."""
        before, digest = step.before.copy(), hash(step.before)
        again = decide(
            self.world.law, self.world.policy, step.before, step.request, step.at.reading_ms
        )
        assert again == step.decision
        assert step.before == before
        assert hash(step.before) == digest == hash(before)

    def check_decision(self, step):
        """A refusal comes from a rule that the request meets, with one of that rule's reasons."""
        decision, kind = step.decision, step.request.kind
        if decision.allowed:
            assert decision.reason is decision.rule is decision.challenge is None
            assert decision.limit is decision.retry_after_ms is None
            assert (step.secret is not None) == (kind is Kind.GENERATE)
            return
        assert step.secret is None
        assert not SHAPES[kind].fact
        refusing = {rule.id: rule for rule in self.world.law.rules[kind]}[decision.rule]
        assert decision.reason in refusing.refuses
        assert (decision.challenge is not None) == (decision.rule == "sign_in.verification")
        assert (decision.limit is not None) == (decision.rule == "generate.rate")
        waits = decision.rule in ("generate.rate", "sign_in.lockout")
        assert (decision.retry_after_ms is not None) == waits

    def check_records(self, step):
        """One record for the request, then one for each thing that it brought about."""
        own, *others = step.records
        assert all(record.type in RECORD_TYPES for record in step.records)
        assert own.decision is step.decision
        assert own.event is None
        if SHAPES[step.request.kind].fact:
            assert own.type == step.request.kind
        else:
            outcome = "allowed" if step.decision.allowed else "denied"
            assert own.type == f"{step.request.kind}.{outcome}"
        assert not any(record.effects for record in others)
        order = ("code.ended", "session.ended", "notice.sent")
        places = [order.index(record.type) for record in others]
        assert places == sorted(places)
        ended = [record.event.code for record in others if record.type == "code.ended"]
        assert ended == sorted(set(ended))

    def check_live(self, step):
        """No node sees more live codes of the subject than one may have."""
        policy, codes = self.world.policy, self.world.state.codes[step.request.subject]
        for reading_ms in (step.at.reading_ms, *self.world.readings()):
            live = [
                code
                for code in codes
                if code.ended is None and reading_ms < code.expires_ms + policy.clock.leeway_ms
            ]
            assert len(live) <= policy.code.per_user

    @invariant()
    def memory_is_bounded(self):
        if self.world is None:
            return
        limits = {limit.name: limit for limit in self.world.policy.rates}
        for (name, _), memory in self.world.state.rates.items():
            limit = limits[name]
            most = {"rolling": limit.limit, "clock_hour": REMEMBERED_WINDOWS + 1, "bucket": 2}
            assert 0 < len(memory) <= most[limit.window]
        for subject, codes in self.world.state.codes.items():
            assert sum(code.ended is not None for code in codes) <= 1
            assert len(codes) <= self.world.policy.code.per_user + 1
            ordinals = [code.ordinal for code in codes]
            assert ordinals == sorted(set(ordinals))
            assert ordinals[-1] <= self.world.state.issued[subject]

    @invariant()
    def a_copy_is_equal_and_apart(self):
        if self.world is None:
            return
        state = self.world.state
        copy = state.copy()
        assert copy == state
        assert hash(copy) == hash(state)
        for table in TABLES:
            assert getattr(copy, table) is not getattr(state, table)
        copy.lost["nobody"] = True
        assert copy != state

    def teardown(self):
        if self.world is None:
            return
        trace = self.world.finish()
        assert [record.seq for record in trace.records] == list(range(len(trace.records)))
        assert trace.rebuilt() == trace.final
        for name in self.held():
            assert INVARIANTS[name](trace) is None, name


class PerfectClocks(LawMachine):
    @initialize(policy=h.policies())
    def start(self, policy):
        self.begin(policy, h.PERFECT)

    def held(self):
        return applicable(self.world.policy)


class SkewedClocks(LawMachine):
    @initialize(policy=h.policies(), nodes=h.clocks())
    def start(self, policy, nodes):
        self.begin(policy, nodes)

    def held(self):
        return [name for name in applicable(self.world.policy) if name in WHATEVER_THE_CLOCKS_SHOW]


TestPerfectClocks = PerfectClocks.TestCase
TestSkewedClocks = SkewedClocks.TestCase
