"""The results folder of one run: its frames as Parquet files, and all it takes to run it again.

A folder is written so that a reader of a ``run.json`` finds the frames that belong to it:
everything is written under temporary names first, and ``run.json`` takes its name last.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from tvc import __version__
from tvc.authority.durations import LONGEST_MS
from tvc.authority.policy import Policy, find_knob
from tvc.domain.distributions import Empirical
from tvc.domain.policies import digest_policy
from tvc.domain.quantities import LARGEST_SEED
from tvc.domain.words import escape, list_choices, show, show_path
from tvc.domain.workload import WorkloadModel
from tvc.files.json_files import NotJson, read_json
from tvc.files.locks import LOCK_FILE, FolderBusy, FolderLock
from tvc.files.outputs import note_input, note_output, original_of, part_of
from tvc.files.policy_merging import MOST_LIMITS

if TYPE_CHECKING:
    from tvc.world.simulation import Run

SCHEMA: Final = "tvc.run/1"
RUN_FILE: Final = "run.json"
TRACE_FILE: Final = "trace.parquet"
#: Every frame of a run, each a file of its name.
FRAMES: Final = (
    "summary", "series", "histograms", "sign_ins", "codes", "calls", "takeovers", "inputs",
    "events",
)  # fmt: skip
_OURS: Final = frozenset({RUN_FILE, TRACE_FILE, *(f"{name}.parquet" for name in FRAMES)})
_PACKAGES: Final = ("numpy", "simpy", "pandas")
_LONGEST_PLACE: Final = 80

_Number = Annotated[int, Field(ge=0, le=LARGEST_SEED)]
_Span = Annotated[int, Field(ge=0, le=LONGEST_MS)]

#: What is kept of the records: all of them, those of the sampled people, or none.
Trace = Literal["full", "sampled", "none"]


class FolderRefused(ValueError):
    """A folder that results must not be written to; the message says why."""


@dataclass(frozen=True, slots=True)
class ResultsFolder:
    """A folder that one run may write to; made by `claim_folder`.

    Attributes
    ----------
    folder
        Where.
    trace_part
        Where the run writes its full trace until `write_results` gives it its name.
    """

    folder: Path
    trace_part: Path


class NotARun(ValueError):
    """A file that describes no run; the message says what is wrong with it."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """A run as its ``run.json`` describes it.

    Attributes
    ----------
    scenario
        What it was a run of, for people.
    policy, workload, seed, replication, warmup_ms
        What `tvc.world.simulation.simulate` takes.
    versions
        By package, what it was run with.
    digest
        Of its records.
    complete
        Whether it came to its end.
    """

    scenario: str
    policy: Policy
    workload: WorkloadModel
    seed: int
    replication: int
    warmup_ms: int
    versions: Mapping[str, str]
    digest: str
    complete: bool


def versions() -> dict[str, str]:
    """Return the versions of everything that a run's digest may depend on."""
    import platform

    found = {"tvc": __version__, "python": platform.python_version()}
    return found | {name: version(name) for name in _PACKAGES}


# The folder


@contextmanager
def claim_folder(folder: Path) -> Iterator[ResultsFolder]:
    """Keep a folder for one run as long as this lasts, and create it where there is none.

    Yields
    ------
    ResultsFolder
        What the run's results are written to.

    Raises
    ------
    FolderRefused
        If it holds anything but the results of a run, is no folder, or another run has it.
    RefusedOutput
        If a file of it was read.
    OSError
        If it cannot be created.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderRefused(f"{show_path(folder)} is no folder")
    folder.mkdir(parents=True, exist_ok=True)
    try:
        lock = FolderLock(folder)
    except FolderBusy as why:
        raise FolderRefused(str(why)) from None
    with lock:
        _refuse_foreign(folder)
        for name in sorted(_OURS):
            note_output(folder / name, f"--results {folder}")
        yield ResultsFolder(folder, part_of(folder / TRACE_FILE))


def _refuse_foreign(folder: Path) -> None:
    """Refuse a folder of anything else, and remove what a killed run left in one of ours."""
    names = sorted(entry.name for entry in folder.iterdir() if entry.name != LOCK_FILE)
    foreign = [name for name in names if name not in _OURS and not _is_part(name)]
    if foreign:
        raise FolderRefused(
            f"{show_path(folder)} holds something else than the results of a run: "
            f"{list_choices(foreign)}"
        )
    parts = [name for name in names if _is_part(name)]
    # A part of run.json says whose folder it is, until there is a whole one.
    marks = [name for name in names if RUN_FILE in (name, original_of(name))]
    if len(parts) < len(names) and not any(_has_schema(folder / name) for name in marks):
        raise FolderRefused(
            f"{show_path(folder)} holds files, but no {RUN_FILE} with the schema {SCHEMA}"
        )
    for name in parts:
        if name not in marks:
            (folder / name).unlink()


def write_results(
    run: "Run", claimed: ResultsFolder, scenario: str, trace: Trace = "sampled"
) -> None:
    """Write a run's frames and its ``run.json``.

    Parameters
    ----------
    run
        What is written.
    claimed
        Where; the results of an earlier run are replaced.
    scenario
        What it is a run of, for people.
    trace
        ``full`` where the run wrote its records to `ResultsFolder.trace_part`; with ``none`` the
        frame ``events`` is left out, too.

    Raises
    ------
    OSError
        If something cannot be written; a ``run.json`` is not there then.
    """
    folder = claimed.folder
    names = [name for name in FRAMES if name != "events" or trace != "none"]
    files = [folder / f"{name}.parquet" for name in names]
    described = folder / RUN_FILE
    parts = {file: part_of(file) for file in (*files, described)}
    text = json.dumps(describe(run, scenario), indent=2, ensure_ascii=False)
    # A name of a file that is not UTF-8 is escaped inside of files, and opened as it is.
    parts[described].write_text(text + "\n", "utf-8", errors="backslashreplace")
    for name, file in zip(names, files, strict=True):
        # Opened here: pyarrow takes no path that is not text.
        with parts[file].open("xb") as stream:
            getattr(run, name).to_parquet(stream, index=False)
    if trace == "full":
        parts = {folder / TRACE_FILE: claimed.trace_part, **parts}
    marks = [entry for entry in folder.iterdir() if original_of(entry.name) == RUN_FILE]
    described.unlink(missing_ok=True)
    for entry in sorted(_OURS):
        (folder / entry).unlink(missing_ok=True)
    # The last of them is run.json.
    for file, part in parts.items():
        part.replace(file)
    for mark in marks:
        mark.unlink(missing_ok=True)


def _is_part(name: str) -> bool:
    # The trace is a part that is written by way of one of its own.
    inside = original_of(name)
    return inside in _OURS or (inside is not None and original_of(inside) in _OURS)


def _has_schema(path: Path) -> bool:
    try:
        plain = read_json(path)
    except NotJson:
        return False
    return isinstance(plain, dict) and plain.get("schema") == SCHEMA


# What describes a run


def describe(run: "Run", scenario: str) -> dict[str, Any]:
    """Return a run as ``run.json`` says it: all that it takes to run it again.

    Measured durations stand in it as well, so that no other file is needed.
    """
    return {
        "schema": SCHEMA,
        "scenario": scenario,
        "policy": {
            "name": run.policy.name,
            "digest": digest_policy(run.policy),
            "values": run.policy.values(),
        },
        "workload": run.workload.model_dump(exclude_defaults=True),
        "measurements_ms": {
            found.file: list(found.values_ms) for found in _empirical_parts(run.workload)
        },
        "seed": run.seed,
        "replication": run.replication,
        "warmup_ms": run.window.start_ms - run.workload.lead_in,
        "versions": versions(),
        "digest": run.digest,
        "complete": run.complete,
    }


def read_run(path: Path) -> Recorded:
    """Read a ``run.json``.

    Raises
    ------
    NotARun
        If it cannot be read, is none, or does not hold together.
    """
    note_input(path)
    try:
        plain = read_json(path)
    except NotJson as why:
        raise NotARun(f"{show_path(path)} {why}") from None
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        raise NotARun(f"{show_path(path)} describes no run: its schema is not {SCHEMA}")
    try:
        return _recorded(_RunJson.model_validate(plain))
    except ValidationError as wrong:
        place = ".".join(map(str, wrong.errors()[0]["loc"]))
        what = f"{escape(place)[:_LONGEST_PLACE]} is missing or malformed"
    except ValueError as wrong:
        what = str(wrong)
    raise NotARun(f"{show_path(path)} describes no run: {what}")


class _PolicyJson(BaseModel):
    model_config = ConfigDict(strict=True)

    name: str
    digest: str
    values: dict[str, Any]


class _RunJson(BaseModel):
    """What a ``run.json`` says; of a later version of tvc it may say more."""

    model_config = ConfigDict(strict=True)

    scenario: str
    policy: _PolicyJson
    workload: dict[str, Any]
    measurements_ms: dict[str, Annotated[list[_Span], Field(min_length=1)]]
    seed: _Number
    replication: _Number
    warmup_ms: _Span
    versions: dict[str, str]
    digest: str
    complete: bool


def _recorded(found: _RunJson) -> Recorded:
    policy = policy_from_values(found.policy.name, found.policy.values)
    if digest_policy(policy) != found.policy.digest:
        raise ValueError("the policy's values are not those of its digest")
    measured = {
        file: Empirical(file, tuple(values)) for file, values in found.measurements_ms.items()
    }
    workload = WorkloadModel.model_validate(_with_values(found.workload, measured))
    if found.warmup_ms >= workload.horizon:
        raise ValueError("its warm-up lasts as long as the horizon")
    return Recorded(
        found.scenario, policy, workload, found.seed, found.replication, found.warmup_ms,
        found.versions, found.digest, found.complete,
    )  # fmt: skip


def policy_from_values(name: str, values: Mapping[str, Any]) -> Policy:
    """Return the policy whose ``values()`` these are, also after a way through JSON.

    Raises
    ------
    ValueError
        If a key is no knob, or a knob may not have its value.
    """
    knobs = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    for key, value in knobs.items():
        knob = find_knob(key)
        if knob is None or not knob.accepts(value):
            raise ValueError(f"the policy's {escape(key)[:_LONGEST_PLACE]} is unknown or malformed")
    policy = Policy(rates=()).with_values(knobs, name)
    if len(policy.rates) > MOST_LIMITS or policy.contradictions():
        raise ValueError("the policy's values contradict each other")
    return policy


def _empirical_parts(part: object) -> Iterator[Empirical]:
    if isinstance(part, Empirical):
        yield part
    elif isinstance(part, BaseModel):
        for name in type(part).model_fields:
            yield from _empirical_parts(getattr(part, name))


def _with_values(plain: Any, measured: Mapping[str, Empirical]) -> Any:  # noqa: ANN401 - of a file
    """Put measured durations in the place of the names of their files."""
    if not isinstance(plain, dict):
        return plain
    if list(plain) == ["empirical"] and isinstance(plain["empirical"], str):
        file = plain["empirical"]
        if file not in measured:
            raise ValueError(f"the durations of {show(file)} are missing")
        return measured[file]
    return {key: _with_values(value, measured) for key, value in plain.items()}


def rerun(
    recorded: Recorded,
    progress: Callable[[float], None] | None = None,
    unbounded: bool = False,
) -> "Run":
    """Run a recorded run again; the same program gives it the same digest.

    Parameters
    ----------
    recorded
        The run.
    progress, unbounded
        As `tvc.world.simulation.simulate` has them.

    Raises
    ------
    tvc.domain.excess.Excessive
        If it would take too much.
    """
    from tvc.world.simulation import simulate

    return simulate(
        recorded.policy,
        recorded.workload,
        recorded.seed,
        replication=recorded.replication,
        warmup_ms=recorded.warmup_ms,
        progress=progress,
        unbounded=unbounded,
    )
