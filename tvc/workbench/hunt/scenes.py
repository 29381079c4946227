"""Scenes: the few people, nodes and kinds of request that one random history is made of.

Long lists of everything find nothing deep: most of their steps are refused or have nothing to do
with each other. So each history gets a few kinds of step about few people (swarm testing, Groce
et al. 2012), and a temper: how long it waits, how often it repeats itself, and whether it prefers
what would be allowed.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, TypeVar

from tvc.authority.durations import MINUTE_MS, SECOND_MS
from tvc.authority.requests import SHAPES, Kind, Method, Proof
from tvc.authority.state import Person
from tvc.domain.cases import Clock
from tvc.files.models import WRONG
from tvc.workbench.hunt.goals import Breaks, Goal
from tvc.workbench.hunt.histories import Event, History

T = TypeVar("T")

#: Everybody who may be in a history, the plainest first: the order in which a shrinker prefers.
PEOPLE: Final = {
    person.name: person
    for person in (
        Person("ana"),
        Person("sam", "admin"),
        Person("mallory", "outsider"),
        Person("kim", "admin", methods=tuple(Method)),
        Person("bob", methods=tuple(m for m in Method if m is not Method.AUTHENTICATOR)),
        Person("pia", tier="privileged"),
        Person("dee", permissions=frozenset({"manage_mfa_standard"}), session="high"),
        Person("cal", "admin", mfa=False),
    )
}

#: Nodes whose clocks are off by as much as is seen where nobody looks.
CLOCKS: Final = (Clock("slow", -90 * SECOND_MS), Clock("fast", 2 * MINUTE_MS))

#: Kinds of step that most histories are made of, each as often as it stands here.
COMMON: Final = (
    "generate", "generate", "expire", "code", "code", "method", "use", "wrong_code",
)  # fmt: skip

#: All others.
RARE: Final = (
    "step_up", "step_up", "enroll", "remove_method", "wrong_proof", "nothing", "wrong_password",
    "sso", "approve", "status", "reset_password", "sign_out", "lose_device", "find_device",
    "deactivate", "activate", "freeze", "unfreeze", "unlock", "reveal",
)  # fmt: skip


class Draws:
    """Choices, one after the other, from bytes that somebody else drew.

    Where the bytes are used up every choice is the first.

    Examples
    --------
    >>> draws = Draws(bytes([7, 200]))
    >>> draws.pick("abc"), draws.chance(128), draws.pick("abc")
    ('b', False, 'a')
    """

    __slots__ = ("_bytes", "_next")

    def __init__(self, drawn: bytes) -> None:
        self._bytes = drawn
        self._next = 0

    def byte(self) -> int:
        """Return the next byte."""
        place = self._next
        self._next = place + 1
        return self._bytes[place] if place < len(self._bytes) else 0

    def pick(self, among: Sequence[T]) -> T:
        """Choose one of a few."""
        return among[self.byte() % len(among)]

    def chance(self, of_256: int) -> bool:
        """Say yes with a probability in 256ths."""
        return self.byte() < of_256


@dataclass(frozen=True, slots=True)
class Scene:
    """What one history is made of.

    Attributes
    ----------
    people, clocks
        Who is there, and the nodes.
    subjects, issuers, visitors
        Whom codes are for, who generates them, and who signs in.
    moves
        The kinds of step.
    wait, repeat, eager : int
        How often, in 256ths, time passes before a step, the latest steps are repeated as often
        as the policy counts, and a step is drawn again when it would be refused.
    longest
        After how many steps the history ends at the latest.
    ahead_ms, behind_ms
        How far the fastest clock is ahead of true time, and the slowest behind the fastest.
    """

    people: tuple[Person, ...]
    clocks: tuple[Clock, ...]
    subjects: tuple[str, ...]
    issuers: tuple[str, ...]
    visitors: tuple[str, ...]
    moves: tuple[str, ...]
    wait: int
    repeat: int
    eager: int
    longest: int
    ahead_ms: int
    behind_ms: int

    @classmethod
    def drawn(cls, draws: Draws, goal: Goal, events: int, wrong_clocks: bool) -> "Scene":
        """Draw a scene that suits a goal, for histories of at most some events."""
        subjects = draws.pick(_SUBJECTS)
        issuers = draws.pick(_ISSUERS)
        outsiders = draws.pick((("mallory",), ("mallory",), ()))
        needed = _NEEDED.get(goal.invariant or "") if isinstance(goal, Breaks) else None
        if needed is not None:
            outsiders = ("mallory",)
        visitors = tuple(dict.fromkeys((*subjects, *outsiders, *draws.pick(((), (), issuers)))))
        clocks = draws.pick(_NODES) if wrong_clocks else ()
        common, rare = draws.pick((2, 3, 4, 5)), draws.pick((0, 0, 1, 1, 2, 4))
        moves = tuple(draws.pick(COMMON) for _ in range(common))
        moves += tuple(draws.pick(RARE) for _ in range(rare))
        if "generate" not in moves and draws.chance(200):
            moves = ("generate", *moves)
        moves += tuple(move for move in needed or () if move not in moves)
        if _asks_approvals(goal) and "generate" in moves:
            moves = ("approve", *moves)
        return cls._tempered(draws, events, clocks, (subjects, issuers, visitors), moves)

    @classmethod
    def like(cls, draws: Draws, history: History, events: int) -> "Scene":
        """Draw a scene with the people and kinds of step of a history, and right clocks."""
        asked = [event.request for event in history.events]
        subjects = dict.fromkeys(one.subject for one in asked if one.subject)
        issuers = dict.fromkeys(one.by for one in asked if one.kind in _ISSUED)
        visitors = dict.fromkeys(one.by for one in asked if one.kind not in _ISSUED)
        cast = (
            tuple(subjects) or tuple(visitors),
            tuple(issuers) or ("sam",),
            tuple(visitors) or tuple(subjects),
        )
        moves = tuple(dict.fromkeys(map(_move_of, history.events)))
        return cls._tempered(draws, events, (), cast, moves)

    @classmethod
    def _tempered(
        cls,
        draws: Draws,
        events: int,
        clocks: tuple[Clock, ...],
        cast: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]],
        moves: tuple[str, ...],
    ) -> "Scene":
        names = dict.fromkeys(name for part in cast for name in part)
        accounts = frozenset(name for name in names if PEOPLE[name].role != "outsider")
        people = tuple(
            Person("mallory", "outsider", knows=accounts) if name == "mallory" else PEOPLE[name]
            for name in names
        )
        # What is deep is mostly a short cycle, so histories that repeat themselves are long.
        repeat = draws.pick((0, 0, 0, 40, 100))
        longest = events if repeat else draws.pick((4, 6, 10, events))
        offsets = [0, *(clock.offset_ms for clock in clocks)]
        return cls(
            people,
            clocks,
            *cast,
            moves,
            wait=draws.pick((16, 64, 128, 200)),
            repeat=repeat,
            eager=draws.pick((0, 200, 255)),
            longest=min(events, longest),
            ahead_ms=max(offsets),
            behind_ms=max(offsets) - min(offsets),
        )


_SUBJECTS: Final = (
    ("ana",), ("ana",), ("ana",), ("ana",), ("ana", "bob"), ("ana", "sam"), ("sam", "ana"),
    ("sam",), ("bob",), ("pia", "ana"), ("cal", "ana"), ("mallory", "ana"),
)  # fmt: skip
_ISSUERS: Final = (
    ("sam",), ("sam",), ("sam",), ("sam",), ("sam", "kim"), ("sam", "kim"), ("dee",),
    ("sam", "dee", "kim"), ("sam", "ana"),
)  # fmt: skip
_NODES: Final = ((), (), CLOCKS[:1], CLOCKS[1:], CLOCKS)


#: By invariant that nothing breaks without an outsider: what nothing breaks it without either.
_NEEDED: Final = {
    "expire_now_evicts": ("generate", "expire"),
    "outsiders_issue_nothing": ("generate",),
    "outsiders_stay_out": (),
}


def _asks_approvals(goal: Goal) -> bool:
    needed = [side.policy.issuer.approvals for side in goal.sides]
    return any(one.standard or one.privileged for one in needed)


_ISSUED: Final = frozenset(
    kind for kind, shape in SHAPES.items() if "for" in shape.required and not shape.fact
)


def _move_of(event: Event) -> str:
    """Return the kind of step that an event is."""
    asked = event.request
    if asked.kind is not Kind.SIGN_IN:
        return str(asked.kind)
    if asked.sso:
        return "sso"
    if not asked.password_right:
        return "wrong_password"
    if event.presents is not None:
        return "wrong_code" if event.presents == WRONG else "code"
    if asked.method is None:
        return "nothing"
    return "wrong_proof" if asked.proof is Proof.WRONG else "method"
