"""What a report rests on: inputs and their sources, policies, digests, how to run it again."""

import shlex
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from tvc.analysis.report.page import Block, Cell, Command, Folded, Section, Table, Text
from tvc.authority.durations import format_duration
from tvc.authority.policy import Policy, find_knob
from tvc.domain.policies import digest_policy
from tvc.domain.workload import ASSUMPTION, CHOICE, WorkloadModel
from tvc.files.policies import load_shipped
from tvc.files.policy_tables import difference
from tvc.runs.arms import Arm
from tvc.runs.results import versions
from tvc.runs.tasks import digest_of
from tvc.world.inputs import inputs_frame

if TYPE_CHECKING:
    import pandas as pd

_DEFAULT: Final = "salesforce"
_MARKS: Final = {"assumption": 0, "sourced": 1, "choice": 2, "varied": 3}
_WORDS: Final = {
    "assumption": "no public source",
    "choice": "what is studied",
    "varied": "see the table of what was varied",
}


@dataclass(frozen=True, slots=True)
class Origin:
    """How the figures of a report came about.

    Attributes
    ----------
    study
        The scenario, as ``file::id``.
    words
        Of the command line that makes the same page.
    seed, measured_ms
        What was drawn from, and how long each replication measures.
    runs
        Which replications, in words.
    """

    study: str
    words: tuple[str, ...]
    seed: int
    measured_ms: int
    runs: str

    def command(self, *more: str) -> str:
        """Return the command line, with more words at its end."""
        return shlex.join([*self.words, *more])


# Inputs


def inputs_section(workloads: Mapping[str, WorkloadModel], varied: Collection[str] = ()) -> Section:
    """Return the inputs of one workload or of two, each marked sourced or assumption.

    Parameters
    ----------
    workloads
        By the name of its arm, one or two; what differs is told of both.
    varied
        Inputs that the study varies, so that no one value is theirs.
    """
    rows = _input_rows(workloads, varied)
    given = [cells for cells, _, default in rows if not default]
    shipped = [cells for cells, _, default in rows if default]
    assumed = sum(mark == "assumption" for _, mark, _ in rows)
    shipped_assumed = sum(mark == "assumption" for _, mark, default in rows if default)
    blocks: list[Block] = [
        Text(
            f"{assumed} of {len(rows)} inputs are assumptions, which have no public source: the "
            "findings hold only as far as they do. First what this study sets itself."
        )
    ]
    if given:
        blocks.append(_inputs_table("Inputs that this study sets", given))
    else:
        blocks.append(Text("This study sets no input itself: all are as shipped."))
    if shipped:
        blocks.append(
            Folded(
                f"The other {len(shipped)} inputs, as shipped ({shipped_assumed} assumptions)",
                (_inputs_table("Inputs as shipped", shipped),),
            )
        )
    return Section("inputs", "Inputs: sourced or assumption", tuple(blocks))


def _inputs_table(caption: str, rows: Sequence[tuple[Cell, ...]]) -> Table:
    return Table(caption, ("input", "value", "sourced or assumption", "meaning"), tuple(rows))


def _input_rows(
    workloads: Mapping[str, WorkloadModel], varied: Collection[str]
) -> list[tuple[tuple[Cell, ...], str, bool]]:
    """Return cells, mark and whether it is as shipped, of each input; assumptions come first."""
    frames = {name: inputs_frame(workload) for name, workload in workloads.items()}
    rows = []
    for place, key in enumerate(next(iter(frames.values()))["input"]):
        found = {name: frame.iloc[place] for name, frame in frames.items()}
        default = all(_as_shipped(row, workloads[name]) for name, row in found.items())
        is_varied = any(key == one or key.startswith(f"{one}.") for one in varied)
        mark, word = _mark(found.values(), is_varied)
        values = {name: str(row["value"]) for name, row in found.items()}
        meaning = str(next(iter(found.values()))["meaning"])
        cells = (
            Cell(str(key), mark="code"),
            _value_cell(values, is_varied),
            Cell(mark, word, mark=mark),
            Cell(meaning),
        )
        rows.append((cells, mark, default and not is_varied))
    return sorted(rows, key=lambda row: _MARKS[row[1]])


def _as_shipped(row: "pd.Series[Any]", workload: WorkloadModel) -> bool:
    return bool(row["default"]) and row["input"] not in workload.sources


def _mark(found: Collection["pd.Series[Any]"], varied: bool) -> tuple[str, str]:
    """Return the mark of an input and what it says; one assumption makes it one."""
    sources = [str(row["source"]) for row in found]
    if varied:
        mark = "varied"
    elif ASSUMPTION in sources:
        mark = "assumption"
    elif all(source == CHOICE for source in sources):
        mark = "choice"
    else:
        return "sourced", next(source for source in sources if source != CHOICE)
    return mark, _WORDS[mark]


def _value_cell(values: Mapping[str, str], varied: bool) -> Cell:
    first, *others = values.values()
    if varied:
        return Cell("varied", mark="code")
    if all(other == first for other in others):
        return Cell(first, mark="code")
    return Cell(" / ".join(values.values()), "baseline / candidate", mark="code")


# Policies


def policies_section(policies: Mapping[str, Policy]) -> Section:
    """Return the knobs in which policies are not the default, with the value of the default."""
    default = load_shipped(_DEFAULT).policy
    changed = {
        name: {row.key: row for row in difference(default, policy)}
        for name, policy in policies.items()
    }
    keys = list(dict.fromkeys(key for rows in changed.values() for key in rows))
    heading = "Policies: what differs from the default"
    if not keys:
        text = f"Every knob is as in {_DEFAULT}, the documented policy."
        return Section("policies", heading, (Text(text),))
    shipped = {key: rows[key].first for rows in changed.values() for key in rows}
    table = Table(
        f"Knobs that are not as in {_DEFAULT}, the documented policy",
        ("knob", f"{_DEFAULT} (default)", *policies),
        tuple(
            (
                Cell(key, _meaning(key), mark="code"),
                Cell(shipped[key], mark="code"),
                *(
                    Cell(rows[key].second if key in rows else shipped[key], mark="code")
                    for rows in changed.values()
                ),
            )
            for key in keys
        ),
    )
    return Section("policies", heading, (table,))


def _meaning(key: str) -> str:
    knob = find_knob(key)
    return knob.meaning if knob else ""


# How to run it again


def rerun_section(
    origin: Origin, arms: Sequence[Arm], facts: Sequence[tuple[str, str]] = ()
) -> Section:
    """Return the command that makes the same page, and the digests that tell whether it did.

    Parameters
    ----------
    origin
        How the figures came about.
    arms
        Whose digests are told.
    facts
        What else, by name.
    """
    what = [
        ("scenario", origin.study),
        ("seed", str(origin.seed)),
        ("runs", origin.runs),
        ("measured in each", format_duration(origin.measured_ms)),
        *facts,
        ("versions", ", ".join(f"{name} {number}" for name, number in versions().items())),
    ]
    blocks: list[Block] = [
        Text("The same command, versions and files make the same page, byte by byte:"),
        Command(origin.command()),
        Table(
            "What was run",
            ("what", "value"),
            tuple((Cell(name), Cell(value)) for name, value in what),
        ),
    ]
    digests = Table(
        "Digests (SHA-256)",
        ("arm", "policy", "workload", "arm with this version of tvc"),
        tuple(
            (
                Cell(arm.name),
                Cell(digest_policy(arm.policy), arm.policy.name, mark="code"),
                Cell(digest_of(arm.workload.model_dump(exclude={"sources"})), mark="code"),
                Cell(arm.digest, mark="code"),
            )
            for arm in arms
        ),
    )
    many = len(arms) > _MOST_ARMS
    blocks.append(Folded(f"Digests of {len(arms)} arms", (digests,)) if many else digests)
    return Section("rerun", "How to run it again", tuple(blocks))


#: Of more arms the digests are folded away.
_MOST_ARMS: Final = 4
