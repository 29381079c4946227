"""Examples of a difference: the shortest history that shows it, as a scenario file.

What a workload did to one person is written as a timeline, played under the policies of both arms,
and kept only where every decision is the one that the workload saw. Nothing is claimed that was
not played.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, product
from math import isinf
from pathlib import Path
from typing import Any, Final

from tvc.authority.durations import HOUR_MS, MINUTE_MS, SECOND_MS, format_duration
from tvc.authority.policy import Policy
from tvc.authority.requests import Kind
from tvc.domain.cases import Case
from tvc.domain.policies import MergedPolicy
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.outputs import write_output
from tvc.files.policies import BASE
from tvc.files.scenarios import read_scenarios
from tvc.files.writing import describe_policy, write_yaml
from tvc.runs.arms import Arm
from tvc.studies.divergence import DIFFERENCES, Answered, Difference, Divergence, Pair, Spell
from tvc.timeline import play
from tvc.trace.invariants import INVARIANTS, applicable

Plain = dict[str, Any]

#: Times are rounded down to the longest of these under which all decisions stay the same.
_GRAINS_MS: Final = (HOUR_MS, 10 * MINUTE_MS, MINUTE_MS, SECOND_MS, 1)
#: Histories that are tried for each difference, the shortest first.
_TRIED: Final = 12
#: Presented codes that match nothing are not told apart by the record.
_NO_MATCH: Final = frozenset({"wrong_code", "no_code"})
#: Requests that are about the account of whoever's session it is: nobody is named.
_ON_OWN: Final = frozenset({Kind.ENROLL, Kind.REMOVE_METHOD, Kind.STEP_UP, Kind.USE, Kind.SIGN_OUT})


@dataclass(frozen=True, slots=True)
class Example:
    """A scenario file that shows a difference.

    Attributes
    ----------
    difference
        What it is an example of.
    person, replication
        Whose history it is, and of which replication.
    text
        The file.
    """

    difference: Difference
    person: str
    replication: int
    text: str


def find_example(
    divergences: Sequence[Divergence], arms: Sequence[Arm], difference: Difference
) -> Example | None:
    """Return the shortest history that shows a difference and plays alike in a timeline.

    Parameters
    ----------
    divergences
        Where to look; those that are counted only are passed over.
    arms
        The baseline and the candidate.
    difference
        What to look for.

    Returns
    -------
    Example or None
        None where there is no such difference, or none of the shortest histories can be told
        without the rest of the workload (a limit that counts for everybody, for one).
    """
    found = [
        _Story(divergence, difference, *told)
        for divergence in divergences
        if divergence.histories[1]
        for told in _told(divergence, difference)
    ]
    found.sort(key=lambda story: (not story.aligned, story.length))
    for story in found[:_TRIED]:
        for base_ms, grain_ms in chain(
            product((story.begins_ms,), _GRAINS_MS), [(_absolute_ms(arms), 1)]
        ):
            if not story.survives(base_ms, grain_ms):
                continue
            text = _write(story, arms, base_ms, grain_ms)
            if text is not None:
                replication = story.divergence.replication
                return Example(difference, story.person, replication, text)
    return None


def example_files(folder: Path) -> dict[Difference, Path]:
    """Return the files that `write_examples` may write to a folder, by what they show."""
    return {difference: folder / f"{difference}.tvc.yaml" for difference in DIFFERENCES}


def write_examples(
    folder: Path, divergences: Sequence[Divergence], arms: Sequence[Arm]
) -> list[str]:
    """Write an example of each difference that has one to a folder.

    Parameters
    ----------
    folder
        Made where it is not there.
    divergences, arms
        As for `find_example`.

    Returns
    -------
    list of str
        A line on each difference that there is.
    """
    folder.mkdir(parents=True, exist_ok=True)
    lines = []
    for difference, path in example_files(folder).items():
        example = find_example(divergences, arms, difference)
        if example is not None:
            write_output(path, example.text)
            lines.append(f"example of {difference} in {path}: {example.person}")
        elif any(of.counts[difference] for of in divergences):
            lines.append(
                f"no example of {difference}: none of the shortest histories plays alike without "
                "the rest of the workload"
            )
    return lines


def _absolute_ms(arms: Sequence[Arm]) -> int:
    """Return the model's own instant 0, from which clocks and windows count."""
    return -arms[0].workload.lead_in


@dataclass(frozen=True, slots=True)
class _Story:
    """A person's requests up to the difference, in both arms."""

    divergence: Divergence
    difference: Difference
    person: str
    baseline: Sequence[Answered]
    candidate: Sequence[Answered]
    spell: Spell | None

    @property
    def length(self) -> int:
        return max(len(self.baseline), len(self.candidate))

    @property
    def begins_ms(self) -> int:
        return min(of.at_ms for of in chain(self.baseline, self.candidate))

    @property
    def aligned(self) -> bool:
        """Whether both arms ask the same, and answer alike up to the last request."""
        pairs = list(zip(self.baseline, self.candidate, strict=False))
        return len(self.baseline) == len(self.candidate) and all(
            one.place == other.place and (place == len(pairs) - 1 or one.answer == other.answer)
            for place, (one, other) in enumerate(pairs)
        )

    def survives(self, base_ms: int, grain_ms: int) -> bool:
        """Tell whether rounded times still show which arm lets the user in first."""
        if self.spell is None:
            return True
        ends = (self.spell.baseline_end_ms, self.spell.candidate_end_ms)
        one, other = (_round(end_ms, base_ms, grain_ms) for end_ms in ends)
        return one != other


def _round(at_ms: float, base_ms: int, grain_ms: int) -> float:
    return (at_ms - base_ms) // grain_ms * grain_ms if not isinf(at_ms) else at_ms


def _told(
    divergence: Divergence, difference: Difference
) -> Iterator[tuple[str, Sequence[Answered], Sequence[Answered], Spell | None]]:
    differing: tuple[Pair | Spell, ...] = (*divergence.pairs, *divergence.spells)
    for of in differing:
        if of.difference != difference:
            continue
        if isinstance(of, Pair):
            person = of.candidate.subject
            ends: list[Answered] = [of.baseline, of.candidate]
            parts = [
                history[person][: _place(history[person], end) + 1]
                for history, end in zip(divergence.histories, ends, strict=True)
            ]
        else:
            person = of.person
            parts = [
                [asked for asked in history[person] if asked.at_ms <= end_ms]
                for history, end_ms in zip(divergence.histories, _ends(of), strict=True)
            ]
        yield person, parts[0], parts[1], of if isinstance(of, Spell) else None


def _place(history: Sequence[Answered], wanted: Answered) -> int:
    return next(place for place, asked in enumerate(history) if asked is wanted)


def _ends(spell: Spell) -> tuple[float, float]:
    """Return up to when each arm is told: its own end; where it has none, that of the other."""
    ends = (spell.baseline_end_ms, spell.candidate_end_ms)
    return tuple(min(ends) if isinf(end) else end for end in ends)  # type: ignore[return-value] # two


# Writing


def _write(story: _Story, arms: Sequence[Arm], base_ms: int, grain_ms: int) -> str | None:
    """Return the file, with no more steps than it takes; None where it does not play alike."""
    arms_steps = [
        _steps(of, arm, base_ms, grain_ms, story)
        for of, arm in zip((story.baseline, story.candidate), arms, strict=True)
    ]
    policies = _policies([arm.policy for arm in arms])
    document = _document(story, arms, arms_steps, policies)
    if document is None or not _plays(document):
        return None
    if story.aligned:
        # From the end, so that what an earlier step is there for is gone before it is.
        for place in range(len(arms_steps[0]) - 2, -1, -1):
            fewer = [steps[:place] + steps[place + 1 :] for steps in arms_steps]
            shorter = _document(story, arms, fewer, policies)
            if shorter is not None and _plays(shorter):
                document, arms_steps = shorter, fewer
    return write_yaml(document)


def _steps(
    history: Sequence[Answered], arm: Arm, base_ms: int, grain_ms: int, story: _Story
) -> list[Plain]:
    lifetimes = story.divergence.lifetimes_ms[story.baseline is not history]
    steps = []
    for asked in history:
        at_ms = int(_round(asked.at_ms, base_ms, grain_ms))
        step: Plain = {"at": format_duration(at_ms), "do": asked.kind, "by": _person(asked.by)}
        if asked.kind == Kind.GENERATE:
            code = asked.code if asked.allowed else ""
            lifetime_ms = lifetimes.get(code, arm.policy.lifetime.longest_ms)
            step |= {"for": _person(asked.subject), "lifetime": format_duration(lifetime_ms)}
            step |= {"save": _handle(code)} if code else {}
        else:
            step |= _rest(asked)
        step |= {"node": asked.node} if asked.node else {}
        steps.append(step | {"expect": _expected(asked)})
    return steps


def _rest(asked: Answered) -> Plain:
    """Return what the step of a request says beside who asks and when."""
    kind = Kind(asked.kind)
    said: Plain = {}
    if asked.subject != asked.by and kind not in _ON_OWN:
        said["for"] = _person(asked.subject)
    if asked.method == "code":
        said["code"] = _handle(asked.code)
    elif asked.method == "sso":
        said["via"] = "sso"
    elif asked.method:
        said["with"] = asked.method
        if asked.reason == "wrong_proof" and not asked.by_outsider:
            said["proof"] = "wrong"
    elif asked.reason in _NO_MATCH:
        said["code"] = "wrong"
    if asked.reason == "wrong_password" and not asked.by_outsider:
        said["password"] = "wrong"
    return said


def _expected(asked: Answered) -> str | Plain:
    return "allow" if asked.allowed else {"deny": asked.reason}


def _handle(code: str) -> str:
    return f"c{code.rpartition('#')[2]}"


def _person(name: str) -> str:
    """Return a name as files may write it: outsiders are called after where they come from."""
    return name.removeprefix("x:").replace(":", "-")


def _document(
    story: _Story, arms: Sequence[Arm], arms_steps: Sequence[list[Plain]], policies: list[Plain]
) -> Plain | None:
    names = [policy["name"] for policy in policies]
    whole = [asked for part in (story.baseline, story.candidate) for asked in part]
    head: Plain = {"tvc": 1, "tags": ["example"]}
    entries = {policy["name"]: policy["entry"] for policy in policies if policy["entry"]}
    head |= {"policies": entries} if entries else {}
    used = {
        step[key] for steps in arms_steps for step in steps for key in ("by", "for") if key in step
    }
    head["people"] = {name: said for name, said in _people(whole).items() if name in used}
    clocks = _clocks(arms[0], whole)
    head |= {"clocks": clocks} if clocks else {}
    name = story.difference.replace("_", "-")
    why = f"{_person(story.person)} in replication {story.divergence.replication}"
    if not story.aligned:
        scenarios = [
            {"id": f"{name}-{side}", "why": why, "policy": policy, "timeline": _tidy(steps)}
            for side, policy, steps in zip(
                ("baseline", "candidate"), names, arms_steps, strict=True
            )
        ]
        return head | {"scenarios": scenarios}
    rows: list[Plain] = [{"policy": policy} for policy in names]
    timeline: list[Plain] = []
    for place, (one, other) in enumerate(zip(*map(_unsaved, arms_steps), strict=True)):
        step = dict(one)
        for key in one:
            if key == "by" or one[key] == other.get(key):
                continue
            column = {"lifetime": f"life{place}", "expect": "want"}.get(key)
            if column is None:
                return None
            for row, steps in zip(rows, (one, other), strict=True):
                row[column] = steps[key]
            step[key] = f"${{{column}}}"
        timeline.append(step)
    if names[0] == names[1] or "want" not in rows[0]:
        return None
    return head | {
        "scenarios": [{"id": name, "why": why, "cases": rows, "timeline": _tidy(timeline)}]
    }


def _unsaved(steps: Sequence[Plain]) -> list[Plain]:
    """Let the last step save nothing, as nothing comes after it."""
    *before, last = steps
    return [*before, {key: value for key, value in last.items() if key != "save"}]


def _tidy(steps: Sequence[Plain]) -> list[Plain]:
    """Leave unsaid that a step is allowed, but for the last, which is what it is about."""
    last = len(steps) - 1
    return [
        {key: value for key, value in step.items() if key != "expect" or value != "allow"}
        if place < last
        else dict(step)
        for place, step in enumerate(steps)
    ]


def _people(history: Sequence[Answered]) -> Plain:
    found: Plain = {}
    for asked in history:
        found.setdefault(asked.subject, {})
        if asked.by == asked.subject or asked.by in found:
            continue
        found[asked.by] = {"role": "admin"}
        if asked.by_outsider:
            knows = _knows(asked.by, history)
            found[asked.by] = {"role": "outsider"} | ({"knows": [asked.subject]} if knows else {})
    return {_person(name): said for name, said in found.items()}


def _knows(outsider: str, history: Sequence[Answered]) -> bool:
    """Tell whether an outsider knew the password at first: their first sign-in got so far."""
    mine = (asked for asked in history if asked.by == outsider and asked.kind == Kind.SIGN_IN)
    first = next(mine, None)
    return first is not None and first.reason != "wrong_password"


def _clocks(arm: Arm, history: Sequence[Answered]) -> Plain:
    used = {asked.node for asked in history if asked.node}
    return {
        name: {"offset": format_duration(clock.offset), "drift_ppm": clock.drift_ppm}
        for name, clock in sorted(arm.workload.clocks.items())
        if name in used
    }


def _policies(policies: Sequence[Policy]) -> list[Plain]:
    """Return the name and, where it takes one, the entry of each policy; names differ."""
    found: list[Plain] = []
    for policy in policies:
        case = Case("x", "x", "x", 1, 1, MergedPolicy(policy, {}, ()), (), {}, ())
        name, entry = describe_policy(case)
        taken = [known for known in found if known["name"] == name]
        if taken and taken[0]["entry"] != entry:
            name, entry = f"{name}-2", entry or {"extends": BASE, "set": {}}
        found.append({"name": name, "entry": entry})
    return found


# Playing


def _plays(document: Mapping[str, Any]) -> bool:
    """Tell whether every case of a document decides as it expects and keeps the invariants."""
    name = "example.tvc.yaml"
    try:
        cases = read_scenarios(parse_document(write_yaml(document), name), Path(name)).cases
    except InvalidFile:
        return False
    return all(_keeps(case) for case in cases)


def _keeps(case: Case) -> bool:
    run = play(case)
    return all(
        taken.decision.allowed == taken.step.expect.allowed
        and (taken.decision.allowed or taken.decision.reason == taken.step.expect.reason)
        for taken in run.taken
    ) and not any(INVARIANTS[name](run.trace) for name in applicable(run.trace.policy))
