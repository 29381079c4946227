"""The results folder of one run: its frames as Parquet files, and all it takes to run it again.

A folder is written so that whoever finds a ``run.json`` finds the frames that belong to it:
everything is written under temporary names first, and ``run.json`` takes its name last.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

from pydantic import BaseModel, ValidationError

from tvc import __version__
from tvc.authority.policy import Policy
from tvc.files.distributions import Empirical
from tvc.files.faults import list_choices
from tvc.files.policy_merging import digest_policy
from tvc.files.workload import WorkloadModel

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

#: What is kept of the records: all of them, those of the sampled people, or none.
Trace = Literal["full", "sampled", "none"]


class FolderRefused(ValueError):
    """A folder that results must not be written to; the message says why."""


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


def claim_folder(folder: Path) -> None:
    """Make sure that results may be written to a folder, and create it where there is none.

    Raises
    ------
    FolderRefused
        If it holds anything but the results of a run, or is no folder.
    OSError
        If it cannot be created.
    """
    if folder.exists() and not folder.is_dir():
        raise FolderRefused(f"{folder} is no folder")
    folder.mkdir(parents=True, exist_ok=True)
    names = sorted(entry.name for entry in folder.iterdir())
    foreign = [name for name in names if name not in _OURS and not _is_part(name)]
    if foreign:
        raise FolderRefused(
            f"{folder} holds something else than the results of a run: {list_choices(foreign)}"
        )
    marks = (folder / RUN_FILE, _part_of(folder / RUN_FILE))
    if not all(map(_is_part, names)) and not any(map(_has_schema, marks)):
        raise FolderRefused(f"{folder} holds files, but no {RUN_FILE} with the schema {SCHEMA}")
    for name in names:
        # That of run.json says whose folder it is, until there is another.
        if _is_part(name) and name != marks[1].name:
            (folder / name).unlink()


def trace_part(folder: Path) -> Path:
    """Return where a run writes its full trace until `write_results` gives it its name."""
    return _part_of(folder / TRACE_FILE)


def write_results(run: "Run", folder: Path, scenario: str, trace: Trace = "sampled") -> None:
    """Write a run's frames and its ``run.json``.

    Parameters
    ----------
    run
        What is written.
    folder
        Claimed by `claim_folder`; the results of an earlier run are replaced.
    scenario
        What it is a run of, for people.
    trace
        ``full`` where the run wrote its records to `trace_part`; with ``none`` the frame
        ``events`` is left out, too.

    Raises
    ------
    OSError
        If something cannot be written; a ``run.json`` is not there then.
    """
    names = [name for name in FRAMES if name != "events" or trace != "none"]
    files = [folder / f"{name}.parquet" for name in names]
    described = folder / RUN_FILE
    text = json.dumps(describe(run, scenario), indent=2, ensure_ascii=False)
    # A name of a file that is not UTF-8 is escaped inside of files, and opened as it is.
    _part_of(described).write_text(text + "\n", "utf-8", errors="backslashreplace")
    for name, file in zip(names, files, strict=True):
        with _part_of(file).open("wb") as stream:
            getattr(run, name).to_parquet(stream, index=False)
    if trace == "full":
        files.append(folder / TRACE_FILE)
    described.unlink(missing_ok=True)
    for entry in sorted(_OURS):
        (folder / entry).unlink(missing_ok=True)
    for file in (*files, described):
        _part_of(file).replace(file)


def _part_of(path: Path) -> Path:
    return path.with_name(f".{path.name}.part")


def _is_part(name: str) -> bool:
    # The trace is a part that is written by way of one of its own.
    inside = name.lstrip(".").removesuffix(".part").removesuffix(".part")
    return name.startswith(".") and name.endswith(".part") and inside in _OURS


def _has_schema(path: Path) -> bool:
    try:
        plain = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
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
        If it is none, or does not hold together.
    OSError
        If it cannot be read.
    """
    try:
        plain = json.loads(path.read_text("utf-8"))
    except ValueError:
        raise NotARun(f"{path} is no JSON") from None
    if not isinstance(plain, dict) or plain.get("schema") != SCHEMA:
        raise NotARun(f"{path} describes no run: its schema is not {SCHEMA}")
    try:
        return _recorded(plain)
    except (KeyError, TypeError, AttributeError, ValidationError) as wrong:
        what = "its workload" if isinstance(wrong, ValidationError) else "a part of it"
        raise NotARun(f"{path} describes no run: {what} is missing or malformed") from None
    except ValueError as wrong:
        raise NotARun(f"{path}: {wrong}") from None


def _recorded(plain: Mapping[str, Any]) -> Recorded:
    given = plain["policy"]
    policy = policy_from_values(str(given["name"]), given["values"])
    if digest_policy(policy) != given["digest"]:
        raise ValueError("the policy's values are not those of its digest")
    measured = {
        str(file): Empirical(str(file), tuple(map(int, values)))
        for file, values in plain["measurements_ms"].items()
    }
    return Recorded(
        scenario=str(plain["scenario"]),
        policy=policy,
        workload=WorkloadModel.model_validate(_with_values(plain["workload"], measured)),
        seed=int(plain["seed"]),
        replication=int(plain["replication"]),
        warmup_ms=int(plain["warmup_ms"]),
        versions={str(name): str(number) for name, number in plain["versions"].items()},
        digest=str(plain["digest"]),
        complete=bool(plain["complete"]),
    )


def policy_from_values(name: str, values: Mapping[str, Any]) -> Policy:
    """Return the policy whose ``values()`` these are, also after a way through JSON.

    Raises
    ------
    KeyError
        If a key is no knob.
    """
    knobs = {
        key: tuple(value) if isinstance(value, list) else value for key, value in values.items()
    }
    return Policy(rates=()).with_values(knobs, name)


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
        return measured[plain["empirical"]]
    return {key: _with_values(value, measured) for key, value in plain.items()}


def rerun(recorded: Recorded, progress: Callable[[float], None] | None = None) -> "Run":
    """Run a recorded run again; the same program gives it the same digest."""
    from tvc.world.simulation import simulate

    return simulate(
        recorded.policy,
        recorded.workload,
        recorded.seed,
        replication=recorded.replication,
        warmup_ms=recorded.warmup_ms,
        progress=progress,
    )
