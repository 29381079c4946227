"""A recipe: a timeline that covers a unit of the law, in the words of scenario files."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from tvc.authority.reasons import Reason
from tvc.authority.requests import JUDGED, Kind
from tvc.authority.total import total

#: Everybody in the timelines, but for what a recipe says of them.
CAST: Final[Mapping[str, str]] = {
    "sam": "{role: admin}",
    "kim": "{role: admin}",
    "ana": "{role: user}",
    "mallory": "{role: outsider}",
}


@dataclass(frozen=True, slots=True)
class Recipe:
    """A timeline, and under what it is run.

    Attributes
    ----------
    steps
        The steps, one line of a file each, which together cover the unit.
    knobs
        The knobs that differ from ``salesforce``, as a file sets them.
    people
        Entries of people who are not as in `CAST`.
    clocks
        Entries of nodes.
    """

    steps: tuple[str, ...]
    knobs: Mapping[str, str] = field(default_factory=dict)
    people: Mapping[str, str] = field(default_factory=dict)
    clocks: Mapping[str, str] = field(default_factory=dict)

    def lines(self) -> list[str]:
        """Return what to write, a line each: settings first, then the steps."""
        parts = {"set": self.knobs, "people": self.people, "clocks": self.clocks}
        said = [f"{part}: {_flow(entries)}" for part, entries in parts.items() if entries]
        return [*said, *(f"- {step}" for step in self.steps)]

    def as_file(self) -> str:
        """Return a scenario file with the timeline as its only case."""
        lines = ["tvc: 1"]
        lines.append(f"policies: {{recipe: {{extends: salesforce, set: {_flow(self.knobs)}}}}}")
        lines.append(f"people: {_flow({**CAST, **self.people})}")
        lines.append(f"clocks: {_flow(self.clocks)}")
        lines += ["scenarios:", "  - id: recipe", "    policy: recipe", "    timeline:"]
        lines += [f"      - {step}" for step in self.steps]
        return "\n".join(lines) + "\n"

    def under(self, **knobs: str) -> "Recipe":
        """Return the recipe with knobs set; two underscores stand for a dot."""
        dotted = {key.replace("__", "."): value for key, value in knobs.items()}
        return replace(self, knobs={**self.knobs, **dotted})

    def then(self, *steps: str) -> "Recipe":
        """Return the recipe with more steps."""
        return replace(self, steps=(*self.steps, *steps))

    def among(self, **people: str) -> "Recipe":
        """Return the recipe with some people's entries in place of those of the cast."""
        return replace(self, people={**self.people, **people})


def _flow(entries: Mapping[str, str]) -> str:
    return "{" + ", ".join(f"{key}: {value}" for key, value in entries.items()) + "}"


def timeline(*steps: str, **knobs: str) -> Recipe:
    """Return a recipe; two underscores in the name of a knob stand for a dot."""
    return Recipe(steps).under(**knobs)


# Steps


def generate(at: str = "0s", *, by: str = "sam", subject: str = "ana", more: str = "") -> str:
    """Write a generation by an issuer."""
    return f"{{at: {at}, do: generate, by: {by}, for: {subject}, lifetime: 1h{more}}}"


def sign_in(at: str, more: str = "", by: str = "ana") -> str:
    """Write a sign-in; `more` says what is presented."""
    return f"{{at: {at}, do: sign_in, by: {by}{more}}}"


def denied(reason: str) -> str:
    """Write the end of a step that is refused."""
    return f", expect: {{deny: {reason}}}"


CODE: Final = generate(more=", save: c1")
BY_METHOD: Final = ", with: authenticator"
BY_CODE: Final = ", code: c1"
WRONG_PROOF: Final = BY_METHOD + ", proof: wrong" + denied(Reason.WRONG_PROOF)

#: What each request says besides who asks.
SAYS: Final[dict[Kind, str]] = total(
    JUDGED,
    {
        Kind.GENERATE: ", for: ana, lifetime: 1h",
        Kind.EXPIRE: ", for: ana",
        Kind.SIGN_IN: BY_METHOD,
        Kind.STEP_UP: BY_METHOD,
        Kind.USE: "",
        Kind.STATUS: ", for: ana",
        Kind.REVEAL: ", for: ana",
        Kind.ENROLL: ", with: totp",
        Kind.REMOVE_METHOD: BY_METHOD,
        Kind.APPROVE: ", for: ana",
        Kind.RESET_PASSWORD: ", for: ana",
    },
)
#: What comes before a request so that it is allowed.
_BEFORE: Final = {Kind.EXPIRE: (CODE,)}


def ask(kind: Kind, at: str = "1m", by: str = "sam", says: str | None = None) -> str:
    """Write a request of any kind, with what it usually says besides who asks."""
    return f"{{at: {at}, do: {kind}, by: {by}{SAYS[kind] if says is None else says}}}"


def allowed(kind: Kind) -> Recipe:
    """Return a timeline at whose end a request is allowed."""
    return Recipe((*_BEFORE.get(kind, ()), ask(kind)))
