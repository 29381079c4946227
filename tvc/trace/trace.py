"""A trace: what happened in one run, whole enough to rebuild the state that it ended in."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from tvc.authority.authority import Record
from tvc.authority.policy import Policy
from tvc.authority.state import State, apply


@dataclass(frozen=True)
class Trace:
    """The audit of a run with the state it began and ended in.

    Attributes
    ----------
    policy
        The policy that held.
    initial, final
        The states before the first and after the last record.
    records
        Every audit record, by sequence number.
    drawn
        The codes that the run drew, held so that a check can look for leaks; never printed.
    """

    policy: Policy
    initial: State
    final: State
    records: tuple[Record, ...]
    drawn: frozenset[str] = field(default=frozenset(), repr=False)

    def __getstate__(self) -> dict[str, object]:
        # Codes do not leave the process that drew them.
        return {**self.__dict__, "drawn": frozenset()}

    def walk(self) -> Iterator[tuple[Record, State]]:
        """Yield each record with the state before its effects.

        The state is one object that goes on changing: look, do not keep.
        """
        state = self.initial.copy()
        for record in self.records:
            yield record, state
            apply(state, record.effects)

    def rebuilt(self) -> State:
        """Return the final state as the records alone tell it."""
        state = self.initial.copy()
        for record in self.records:
            apply(state, record.effects)
        return state

    def is_outsider(self, person: str | None) -> bool:
        """Whether a person has no account."""
        return person is not None and person not in self.initial.accounts
