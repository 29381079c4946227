"""What is asked of scenario files: that nothing in them is idle, and that every case can fail."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from tvc.authority.requests import SHAPES
from tvc.domain.cases import AuditLine, Case, Step
from tvc.domain.words import show
from tvc.files import nodes
from tvc.files.checks import REFUSALS
from tvc.files.nodes import Node, Sequence
from tvc.harness.formats.findings import Finding, Level, Place
from tvc.workbench.lint.unobserved import unobserved_steps

_PEOPLE: Final = ("by", "subject", "account", "person")


@dataclass(frozen=True)
class Scenarios:
    """A scenario file without faults: its tree, for places, and its cases."""

    file: str
    root: nodes.Mapping
    cases: tuple[Case, ...]


#: What each rule is about, by id.
SCENARIO_RULES: Final[Mapping[str, str]] = {
    "scenario.unused_person": "Somebody is in the file but in no step and no audit line.",
    "scenario.unused_clock": "A node has a clock, but no step is judged by it.",
    "scenario.unused_policy": "A policy of the file is used by no scenario.",
    "scenario.unused_handle": "A code is saved under a handle that nothing presents or names.",
    "scenario.unobserved_step": (
        "A fact, or a step that expects `any`, is followed by nothing that could tell that it "
        "happened."
    ),
    "scenario.asserts_nothing": "A scenario states no expectation and checks no invariant.",
    "scenario.cannot_fail": "A scenario cannot fail, whatever the authority decides.",
    "scenario.duplicate_case": "Two cases ask the same of the same policy.",
    "scenario.loose_reason": "An audit line names a reason that several rules give.",
}


def check_scenarios(scenarios: Scenarios) -> Iterator[Finding]:
    """Yield what there is to say about one file."""
    yield from _unused_names(scenarios)
    for group in _by_scenario(scenarios.cases):
        yield from _unused_handles(scenarios, group)
        yield from _once(finding for case in group for finding in _check_timeline(case))
    compared = {
        case.study["compare"].get("on") for case in scenarios.cases if "compare" in case.study
    }
    for case in scenarios.cases:
        if case.stochastic and "expect" not in case.study and _name_of(case) not in compared:
            yield _asserts_nothing(case, "states no expectation, and no comparison is on it")


def check_duplicates(cases: Iterable[Case]) -> Iterator[Finding]:
    """Yield a finding for each case that an earlier one, in any file, equals in all but its name.

    Rows of tables of two scenarios that overlap are worth no more than a note: a table is easier
    to read when it is complete.
    """
    listed = tuple(cases)
    sizes: dict[tuple[str, str], int] = {}
    for case in listed:
        sizes[_scenario_of(case)] = sizes.get(_scenario_of(case), 0) + 1
    seen: dict[str, Case] = {}
    for case in listed:
        first = seen.setdefault(case.digest, case)
        if first is case:
            continue
        rows = sizes[_scenario_of(case)] > 1 or sizes[_scenario_of(first)] > 1
        overlap = rows and _scenario_of(case) != _scenario_of(first)
        yield Finding(
            "scenario.duplicate_case",
            Level.INFO if overlap else Level.WARNING,
            Place(case.file, case.line, case.column),
            f"{case.id} asks the same as {first.id} ({first.file}:{first.line})",
            "leave one out, or change what was meant to differ",
            case.name,
        )


def _name_of(case: Case) -> str:
    return case.id.partition("[")[0]


def _scenario_of(case: Case) -> tuple[str, str]:
    return case.file, _name_of(case)


def _by_scenario(cases: Iterable[Case]) -> Iterator[list[Case]]:
    groups: dict[tuple[str, str], list[Case]] = {}
    for case in cases:
        groups.setdefault(_scenario_of(case), []).append(case)
    yield from groups.values()


def _once(findings: Iterable[Finding]) -> Iterator[Finding]:
    """Yield the first of findings that say the same of the same place: rows of one table."""
    seen: set[tuple[str, Place, str]] = set()
    for finding in findings:
        key = (finding.rule, finding.place, finding.message)
        if key not in seen:
            seen.add(key)
            yield finding


# Names that nothing uses


def _unused_names(scenarios: Scenarios) -> Iterator[Finding]:
    used = _Used(scenarios)
    kinds: tuple[tuple[str, str, Callable[[str], bool], str, str], ...] = (
        ("people", "person", used.person, "is in no step and no audit line", "leave them out"),
        ("clocks", "clock", used.clock, "is named by no step", "leave it out, or name its node"),
        ("policies", "policy", used.policy, "is used by no scenario", "leave it out, or use it"),
    )
    for section, what, is_used, message, hint in kinds:
        entries = scenarios.root.get(section)
        if not isinstance(entries, nodes.Mapping):
            continue
        for key, _ in entries.entries:
            if not is_used(key.text):
                yield Finding(
                    f"scenario.unused_{what}",
                    Level.WARNING,
                    Place(scenarios.file, key.line, key.column),
                    f"{what} {show(key.text)} {message}",
                    hint,
                )


class _Used:
    """What the scenarios of a file name, whether they are run or skipped."""

    def __init__(self, scenarios: Scenarios) -> None:
        self._people: set[str | None] = set()
        self._nodes: set[str | None] = set()
        self._policies: set[str] = set()
        # What a simulation names is told by the keys of its own forms: any text may be a name.
        self._texts: set[str] = set()
        for case in scenarios.cases:
            self._texts.update(_texts(case.study))
            self._policies.update(
                origin.policy for origin in case.policy.lineage if origin.file == scenarios.file
            )
            for step in case.steps:
                asked = step.request
                self._people.update((asked.by, asked.subject, asked.given_to))
                self._nodes.add(step.node)
            for line in audit_lines(case):
                self._people.update(line.fields.get(key) for key in _PEOPLE)
                self._nodes.add(line.fields.get("node"))

    def person(self, name: str) -> bool:
        return name in self._people or name in self._texts

    def clock(self, name: str) -> bool:
        return name in self._nodes or name in self._texts

    def policy(self, name: str) -> bool:
        return name in self._policies or name in self._texts


def _texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for inner in value.values():
            yield from _texts(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _texts(inner)


def audit_lines(case: Case) -> tuple[AuditLine, ...]:
    """Return the lines of a case's audit, those that must never come last."""
    return () if case.audit is None else (*case.audit.events, *case.audit.never)


def _unused_handles(scenarios: Scenarios, group: list[Case]) -> Iterator[Finding]:
    """Yield the handles that no row of a scenario's table uses."""
    used = {step.presents for case in group for step in case.steps}
    used |= {line.fields.get("code") for case in group for line in audit_lines(case)}
    saved = {step.save: step for case in group for step in case.steps}
    nodes = _step_nodes(scenarios.root)
    for handle, step in saved.items():
        if handle is not None and handle not in used:
            yield Finding(
                "scenario.unused_handle",
                Level.INFO,
                _place_of_save(scenarios.file, step, nodes),
                f"the code is saved as {show(handle)}, which no step presents and no audit line "
                "names",
                "leave `save` out, or present the code",
                group[0].name,
            )


def _place_of_save(file: str, step: Step, nodes: Mapping[tuple[int, int], nodes.Mapping]) -> Place:
    node = nodes.get((step.line, step.column))
    at = None if node is None else node.get("save")
    return Place(file, *((at.line, at.column) if at is not None else (step.line, step.column)))


def _step_nodes(root: nodes.Mapping) -> dict[tuple[int, int], nodes.Mapping]:
    found: dict[tuple[int, int], nodes.Mapping] = {}
    for scenario in _items(root.get("scenarios")):
        timeline = scenario.get("timeline") if isinstance(scenario, nodes.Mapping) else None
        for step in _items(timeline):
            if isinstance(step, nodes.Mapping):
                found[step.line, step.column] = step
    return found


def _items(node: Node | None) -> tuple[Node, ...]:
    return node.items if isinstance(node, Sequence) else ()


# What a case asserts


def _check_timeline(case: Case) -> Iterator[Finding]:
    if case.stochastic:
        return
    yield from _assertions(case)
    yield from _loose_reasons(case)
    for step in unobserved_steps(case):
        yield Finding(
            "scenario.unobserved_step",
            Level.WARNING,
            Place(case.file, step.line, step.column),
            f"nothing after this {step.request.kind} can tell that it happened",
            "add a step whose decision depends on it, an audit line that names it, or leave it out",
            case.name,
        )


def _assertions(case: Case) -> Iterator[Finding]:
    asks_more = case.audit is not None or case.breaks or case.invariants
    asserting = [step for step in case.steps if step.asserts]
    decided = any(not SHAPES[step.request.kind].fact for step in case.steps)
    stated = any(step.stated for step in asserting)
    if not decided and not asks_more:
        yield Finding(
            "scenario.cannot_fail",
            Level.ERROR,
            Place(case.file, case.line, case.column),
            f"{show(_name_of(case))} cannot fail: its steps are facts, which are always allowed",
            "add a step that the authority decides, or an audit",
            case.name,
        )
    elif not asserting and case.invariants == () and not asks_more:
        yield Finding(
            "scenario.cannot_fail",
            Level.ERROR,
            Place(case.file, case.line, case.column),
            f"{show(_name_of(case))} cannot fail: every decision is accepted, and no invariant is "
            "checked",
            "say what is expected of a step, or leave `invariants` out",
            case.name,
        )
    elif case.invariants == () and not asks_more and not stated:
        yield _asserts_nothing(case, "states no expectation, has no audit and checks no invariant")


def _asserts_nothing(case: Case, message: str) -> Finding:
    return Finding(
        "scenario.asserts_nothing",
        Level.WARNING,
        Place(case.file, case.line, case.column),
        f"{show(_name_of(case))} {message}",
        "say what is expected" if case.stochastic else "say what is expected of a step",
        case.name,
    )


#: By reason, every rule of the law that gives it.
_GIVERS: Final[Mapping[str, tuple[str, ...]]] = {
    reason: tuple(
        dict.fromkeys(rule for rules in REFUSALS.values() for rule in rules.get(reason, ()))
    )
    for reason in dict.fromkeys(reason for refusals in REFUSALS.values() for reason in refusals)
}


def _loose_reasons(case: Case) -> Iterator[Finding]:
    """Yield audit lines of which it is open what was refused.

    A step names its request, and within one request each reason is one rule's alone; a line of
    an audit may leave the request open.
    """
    for line in audit_lines(case):
        fields = line.fields
        rules = _GIVERS.get(fields.get("reason", ""), ())
        if len(rules) > 1 and "rule" not in fields and "type" not in fields:
            yield Finding(
                "scenario.loose_reason",
                Level.INFO,
                Place(case.file, line.line, line.column),
                f"{fields['reason']} is what {len(rules)} rules refuse with: {', '.join(rules)}",
                "name the rule, or the type of the record",
                case.name,
            )
