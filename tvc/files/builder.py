"""Scenarios in Python: the same model as scenario files, step by step.

A scenario is a value: each method returns another one, so that variants can branch off. Times
and clocks are said before a request, as they are in speech; what it shall save and what it is
expected to give is said after it.
"""

import inspect
import keyword
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from tvc.authority.requests import SHAPES, Kind, Shape
from tvc.domain.cases import ANYTHING, Case
from tvc.domain.words import list_choices, show, suggest
from tvc.files.documents import parse_document
from tvc.files.models import STEPS
from tvc.files.policies import BASE
from tvc.files.scenarios import read_scenarios
from tvc.files.writing import (
    describe_audit,
    describe_clock,
    describe_person,
    describe_policy,
    describe_step,
    write_yaml,
)

Plain = dict[str, Any]

_NO_NAME: Final = re.compile(r"[^A-Za-z0-9_.]+")


@dataclass(frozen=True)
class Scenario:
    """A scenario under construction.

    There is a method for every request, with the fields of a step as keywords; those that are
    words of Python end in an underscore: ``for_``, ``with_``.

    Parameters
    ----------
    id
        Its id.
    policy
        The policy it is run under: a packaged one, or one added by `with_policy`.

    Examples
    --------
    >>> scenario = (
    ...     Scenario("lapses", policy="salesforce")
    ...     .person("sam", role="admin")
    ...     .person("ana")
    ...     .at("0s").generate("sam", for_="ana", lifetime="1h").save("c1")
    ...     .at("1h").sign_in("ana", code="c1").expect_deny("code_expired")
    ... )
    >>> print(scenario.to_yaml(), end="")
    tvc: 1
    people:
      sam: {role: admin}
      ana: {}
    scenarios:
      - id: lapses
        policy: salesforce
        timeline:
          - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
          - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired}}
    >>> scenario.case().steps[1].expect.reason
    <Reason.CODE_EXPIRED: 'code_expired'>
    """

    id: str
    policy: str = BASE
    _head: Mapping[str, Plain] = field(default_factory=dict, kw_only=True, repr=False)
    _said: Mapping[str, Any] = field(default_factory=dict, kw_only=True, repr=False)
    _steps: tuple[Plain, ...] = field(default=(), kw_only=True, repr=False)
    _next: Mapping[str, Any] = field(default_factory=dict, kw_only=True, repr=False)

    if TYPE_CHECKING:

        def __getattr__(self, kind: str) -> Callable[..., "Scenario"]:
            """Stand for the methods that are made from the table of requests."""

    # Who and what there is

    def person(self, name: str, **properties: object) -> "Scenario":
        """Add somebody; properties are those of files: ``role="admin"``, ``device="lost"``."""
        return self._add("people", name, properties)

    def clock(self, name: str, offset: str = "0s", drift_ppm: int = 0) -> "Scenario":
        """Add a node whose clock is off by a duration and drifts."""
        return self._add("clocks", name, {"offset": offset, "drift_ppm": drift_ppm})

    def with_policy(
        self, name: str, settings: Mapping[str, object], extends: str = BASE
    ) -> "Scenario":
        """Add a policy: the knobs that differ from another one, by dotted key."""
        return self._add("policies", name, {"extends": extends, "set": dict(settings)})

    def _add(self, part: str, name: str, entry: Mapping[str, object]) -> "Scenario":
        known = self._head.get(part, {})
        if name in known:
            raise ValueError(f"{show(name)} is among the {part} already")
        return replace(self, _head={**self._head, part: {**known, name: dict(entry)}})

    # What the scenario says of itself

    def why(self, text: str) -> "Scenario":
        """Say what the scenario is for."""
        return self._say(why=text)

    def tags(self, *names: str) -> "Scenario":
        """Tag the scenario."""
        return self._say(tags=list(names))

    def breaks(self, *names: str) -> "Scenario":
        """Name invariants that must be seen to break."""
        return self._say(breaks=list(names))

    def invariants(self, *names: str) -> "Scenario":
        """Name the invariants to check; none at all when no name is given."""
        return self._say(invariants=list(names) or "none")

    def boundaries(self) -> "Scenario":
        """Let steps be generated around every threshold, which the invariants judge."""
        return self._say(boundaries="auto")

    def audit(
        self,
        *events: Mapping[str, str],
        never: Iterable[Mapping[str, str]] = (),
        match: str = "in_order",
    ) -> "Scenario":
        """Say what the audit must, and must never, show."""
        lines = {"events": list(map(dict, events)), "never": list(map(dict, never))}
        said = {part: found for part, found in lines.items() if found}
        return self._say(audit={"match": match} | said)

    def skip(self, why: str) -> "Scenario":
        """Say why the scenario is not run."""
        return self._say(skip=why)

    def xfail(self, why: str) -> "Scenario":
        """Say why the scenario is known to fail."""
        return self._say(xfail=why)

    def table(self, *rows: Mapping[str, object]) -> "Scenario":
        """Make one case a row; ``"${column}"`` stands for a value in the steps."""
        return self._say(cases=list(map(dict, rows)))

    def matrix(self, **axes: Iterable[object]) -> "Scenario":
        """Make one case for each combination; ``"${axis}"`` stands for a value in the steps."""
        return self._say(matrix={axis: list(values) for axis, values in axes.items()})

    def _say(self, **said: object) -> "Scenario":
        return replace(self, _said={**self._said, **said})

    # What comes before a request

    def at(self, time: str) -> "Scenario":
        """Let the next request come at a time that counts from the start."""
        return self._prepare("at", time)

    def after(self, time: str) -> "Scenario":
        """Let the next request come some time after the one before."""
        return self._prepare("after", time)

    def node(self, name: str) -> "Scenario":
        """Let the next request be judged by a node's clock."""
        return self._prepare("node", name)

    def _prepare(self, key: str, value: str) -> "Scenario":
        if key in self._next:
            raise ValueError(f"{key} is said twice for one request")
        return replace(self, _next={**self._next, key: value})

    # Requests, and what comes after them

    def step(self, kind: str, by: str, **fields: object) -> "Scenario":
        """Add a request of any kind; its fields are those of files.

        Raises
        ------
        ValueError
            If there is no such request, or it has no such field.
        """
        if kind not in STEPS:
            raise ValueError(f"unknown request {show(kind)}{suggest(kind, STEPS)}")
        given = {name.removesuffix("_"): value for name, value in fields.items()}
        known = [name for name in STEPS[kind].model_fields if name != "do"]
        for name in given:
            if name not in known:
                guess = suggest(name, known) or f": {list_choices(known)}"
                raise ValueError(f"unknown key {show(name)}{guess}")
        said = {**self._next, "do": kind, "by": by, **given}
        return replace(self, _steps=(*self._steps, said), _next={})

    def save(self, handle: str) -> "Scenario":
        """Keep the code that the latest request generates under a handle."""
        return self._complete("save", handle)

    def expect_allow(self) -> "Scenario":
        """Expect that the latest request is allowed."""
        return self._complete("expect", "allow")

    def expect_any(self) -> "Scenario":
        """Accept every decision about the latest request."""
        return self._complete("expect", ANYTHING)

    def expect_deny(self, reason: str, **details: object) -> "Scenario":
        """Expect that the latest request is denied.

        Parameters
        ----------
        reason
            Why.
        **details
            As in files: ``rule``, ``challenge``, ``retry_after``, ``limit``.
        """
        return self._complete("expect", {"deny": reason, **details})

    def _complete(self, key: str, value: object) -> "Scenario":
        if not self._steps or self._next:
            raise ValueError(f"{key} comes after the request that it is for")
        *before, latest = self._steps
        if key in latest:
            raise ValueError(f"{key} is said twice for one request")
        return replace(self, _steps=(*before, {**latest, key: value}))

    # What it gives

    def to_yaml(self) -> str:
        """Write the scenario as a file.

        Raises
        ------
        ValueError
            If a time or a node is said, but no request comes after it.
        """
        if self._next:
            raise ValueError(f"no request comes after {list_choices(self._next)[9:]}")
        said = {"id": self.id, "policy": self.policy, **self._said}
        if "policy" in _columns(self._said):
            del said["policy"]
        steps = {"timeline": [_in_order(step) for step in self._steps]}
        return write_yaml({"tvc": 1, **self._head, "scenarios": [said | steps]})

    def cases(self, path: Path | str | None = None) -> tuple[Case, ...]:
        """Return its cases, as they would be loaded from a file.

        Parameters
        ----------
        path
            What the file would be called, which names the cases and the faults.

        Raises
        ------
        InvalidFile
            With every fault; places are those in `to_yaml`.
        """
        place = Path(path or f"{self.id}.tvc.yaml")
        return read_scenarios(parse_document(self.to_yaml(), str(place)), place).cases

    def case(self, path: Path | str | None = None) -> Case:
        """Return its only case; see `cases`.

        Raises
        ------
        ValueError
            If it has several.
        """
        found = self.cases(path)
        if len(found) != 1:
            raise ValueError(f"{self.id} has {len(found)} cases")
        return found[0]

    @classmethod
    def from_case(cls, case: Case) -> "Scenario":
        """Return a scenario of its own that has the case for its only one, with equal digest.

        Raises
        ------
        ValueError
            If the case is a workload to simulate, which has no steps.
        """
        if case.stochastic:
            raise ValueError(f"{case.id} is simulated: it has no steps")
        policy, entry = describe_policy(case)
        head = {
            "policies": {} if entry is None else {policy: entry},
            "people": {person.name: describe_person(person) for person in case.people},
            "clocks": {name: describe_clock(clock) for name, clock in case.clocks.items()},
        }
        invariants = None if case.invariants is None else list(case.invariants) or "none"
        said = {
            "tags": list(case.tags),
            "skip": case.skip,
            "xfail": case.xfail,
            "audit": describe_audit(case),
            "breaks": list(case.breaks),
            "invariants": invariants,
            "boundaries": "auto" if case.boundaries else None,
        }
        return cls(
            _NO_NAME.sub("-", case.id).strip("-"),
            policy,
            _head={part: entries for part, entries in head.items() if entries},
            _said={key: value for key, value in said.items() if value},
            _steps=tuple(map(describe_step, case.steps)),
        )


#: In which order files say what a step is.
_ORDER: Final = ("at", "after", "do", "by")
_LAST: Final = ("save", "node", "expect")


def _in_order(step: Plain) -> Plain:
    middle = [key for key in step if key not in (*_ORDER, *_LAST)]
    return {key: step[key] for key in (*_ORDER, *middle, *_LAST) if key in step}


def _columns(said: Mapping[str, Any]) -> set[str]:
    rows = [*said.get("cases", ()), said.get("matrix", {})]
    return {column for row in rows for column in row}


def _method(kind: Kind, shape: Shape) -> Callable[..., Scenario]:
    """Make the method of a request from its row in the table."""
    parameters = [
        inspect.Parameter("self", inspect.Parameter.POSITIONAL_OR_KEYWORD),
        inspect.Parameter("by", inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str),
    ]
    for name in shape.fields:
        parameters.append(
            inspect.Parameter(
                f"{name}_" if keyword.iskeyword(name) else name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if name in shape.required else None,
                annotation=str,
            )
        )

    def ask(self: Scenario, by: str, **fields: object) -> Scenario:
        return self.step(kind, by, **fields)

    ask.__name__ = ask.__qualname__ = kind.value
    ask.__doc__ = shape.meaning
    ask.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined] # for help()
    return ask


for _kind, _shape in SHAPES.items():
    setattr(Scenario, _kind.value, _method(_kind, _shape))
