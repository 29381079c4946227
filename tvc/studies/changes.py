"""Arms as people type them: a policy, then changes to its knobs and to the workload.

``salesforce,lifetime.max=4h,desk.identity_check=callback``: the dotted keys of knobs and those of
inputs differ, so that one list serves both.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from tvc.authority.policy import KNOBS, RATE_KNOBS, Policy, find_knob
from tvc.domain.excess import Excessive, refuse_excess
from tvc.domain.policies import MergedPolicy
from tvc.domain.words import check_word, escape, show, suggest
from tvc.domain.workload import WorkloadModel, inputs
from tvc.files.documents import parse_document
from tvc.files.empirical import with_measurements
from tvc.files.faults import InvalidFile
from tvc.files.nodes import plain
from tvc.files.policies import load_policy_file, load_shipped
from tvc.files.policy_documents import read_policy
from tvc.files.policy_merging import lay
from tvc.files.stochastic import override
from tvc.files.writing import write_yaml
from tvc.runs.arms import Arm

_OPENING: Final = "[{"
_CLOSING: Final = "]}"
_QUOTES: Final = "\"'"
_HORIZON: Final = "horizon"


class UnknownArm(ValueError):
    """An arm, or a change to one, that cannot be; the message says why."""


@dataclass(frozen=True)
class Ground:
    """What arms are made from.

    Attributes
    ----------
    policy
        To be changed.
    workload
        To be changed, in the plain form of files.
    folder
        Measured durations are read from below it.
    unbounded
        Whether a replication may take any number of events and any memory.
    """

    policy: MergedPolicy
    workload: Mapping[str, Any]
    folder: Path
    unbounded: bool = False


def split_top(text: str, separator: str = ",") -> list[str]:
    """Split a text at a separator that stands outside of brackets and quotes.

    Examples
    --------
    >>> split_top("a=1h,b={uniform: {low: 1h, high: 2h}}")
    ['a=1h', 'b={uniform: {low: 1h, high: 2h}}']
    """
    parts, depth, quote = [""], 0, ""
    for char in text:
        if quote:
            quote = "" if char == quote else quote
        elif char in _QUOTES:
            quote = char
        elif char in _OPENING:
            depth += 1
        elif char in _CLOSING:
            depth -= 1
        if char == separator and depth == 0 and not quote:
            parts.append("")
        else:
            parts[-1] += char
    return [part.strip() for part in parts]


def is_knob(key: str) -> bool:
    """Tell whether a dotted key is a policy's.

    Examples
    --------
    >>> is_knob("lifetime.max"), is_knob("desk.admins")
    (True, False)
    """
    return find_knob(key) is not None


def check_key(key: str) -> None:
    """Refuse a key that is neither a knob nor an input.

    Raises
    ------
    UnknownArm
        With what was probably meant.
    """
    known = [*known_keys()]
    within = any(other.startswith(f"{key}.") for other in inputs())
    if is_knob(key) or key in inputs() or within or key.startswith("clocks."):
        return
    guess = suggest(key, known) or ": knobs of the policy are listed by `tvc policies show`, "
    if guess.startswith(":"):
        guess += "inputs of the workload by `tvc simulate --inputs`"
    raise UnknownArm(f"unknown knob or input {show(key)}{guess}")


def known_keys(policy: Policy | None = None) -> tuple[str, ...]:
    """Return the keys of all knobs and inputs, a policy's rate limits among them."""
    limits = (policy or Policy()).rates
    rates = [f"rates.{limit.name}.{knob.key}" for limit in limits for knob in RATE_KNOBS]
    return (*(knob.key for knob in KNOBS), *rates, *inputs())


def read_value(text: str) -> Any:  # noqa: ANN401 - whatever a file may say
    """Read a value as it would stand in a file.

    Raises
    ------
    UnknownArm
        If that is no YAML.

    Examples
    --------
    >>> read_value("3"), read_value("4h"), read_value("{fixed: 5m}")
    (3, '4h', {'fixed': '5m'})
    """
    try:
        found = plain(parse_document(f"[{text}]", "value"))
    except InvalidFile as wrong:
        raise UnknownArm(f"{show(text)} is no value: {wrong.faults[0].message}") from None
    if not isinstance(found, list) or len(found) != 1:
        raise UnknownArm(f"{show(text)} is no value: expected one, as a file would say it")
    return found[0]


def read_change(text: str) -> tuple[str, Any]:
    """Read ``KEY=VALUE`` of a knob or an input.

    Raises
    ------
    UnknownArm
        If it has another form, or the key is neither's.
    """
    key, separator, value = text.partition("=")
    if not (key.strip() and separator and value.strip()):
        raise UnknownArm(f"{show(text)}: expected KEY=VALUE such as lifetime.max=4h")
    check_key(key.strip())
    return key.strip(), read_value(value.strip())


def read_arm(
    text: str,
    workload: Mapping[str, Any],
    folder: Path,
    policies: Mapping[str, MergedPolicy] | None = None,
    *,
    unbounded: bool = False,
) -> Arm:
    """Read an arm.

    Parameters
    ----------
    text
        ``POLICY`` or ``POLICY,KEY=VALUE,...``; its text is the arm's name.
    workload
        In the plain form of files, which the arm's inputs change.
    folder
        Measured durations are read from below it.
    policies
        What names stand for, before those of the package.
    unbounded
        Whether a replication may take any number of events and any memory.

    Raises
    ------
    UnknownArm
        With a sentence about what is wrong.
    InvalidFile
        If a policy file has faults.

    Examples
    --------
    >>> arm = read_arm("salesforce,lifetime.max=4h,desk.admins=2", {"users": 100}, Path())
    >>> arm.policy.lifetime.max_ms, arm.workload.desk.admins, arm.name
    (14400000, 2, 'salesforce,lifetime.max=4h,desk.admins=2')
    """
    named, *changes = split_top(text)
    if not named or "=" in named:
        raise UnknownArm(f"{show(text)}: an arm begins with a policy, such as salesforce")
    base = _find_policy(named, policies or {})
    ground = Ground(base, workload, folder, unbounded)
    return make_arm(text, ground, [read_change(change) for change in changes])


def changed_arm(  # noqa: PLR0913, PLR0917 - as `read_arm`, and what changes
    text: str,
    key: str,
    value: object,
    workload: Mapping[str, Any],
    folder: Path,
    policies: Mapping[str, MergedPolicy] | None = None,
    *,
    unbounded: bool = False,
) -> Arm:
    """Return the arm that a text names with one more knob or input changed.

    Raises
    ------
    UnknownArm
        As `read_arm` does, and where the text says that key itself.
    """
    named, *changes = split_top(text)
    ground = Ground(_find_policy(named, policies or {}), workload, folder, unbounded)
    told = [*(read_change(change) for change in changes), (key, value)]
    return make_arm(f"{text} [{key}={value}]", ground, told)


def make_arm(name: str, ground: Ground, changes: Iterable[tuple[str, Any]] = ()) -> Arm:
    """Return an arm: a policy and a workload, both with changes by dotted key; see `read_arm`."""
    knobs: dict[str, Any] = {}
    values: dict[str, Any] = {}
    for key, value in changes:
        if key == _HORIZON:
            raise UnknownArm("the horizon is what all arms are measured over: it stays the file's")
        kind = knobs if is_knob(key) else values
        if key in knobs or key in values:
            raise UnknownArm(f"{key} is given twice")
        kind[key] = value
    changed = change_policy(ground.policy, knobs)
    try:
        model = WorkloadModel.model_validate(override(ground.workload, values))
    except ValidationError as error:
        raise UnknownArm(_say(error.errors()[0])) from None
    except ValueError as error:
        raise UnknownArm(str(error)) from None
    measured = with_measurements(model, ground.folder)
    try:
        refuse_excess(measured, changed.policy, ground.unbounded)
    except Excessive as why:
        raise UnknownArm(str(why)) from None
    # It may name a file, and tables of results take no names that are not text.
    return Arm(escape(name), changed.policy, measured)


def change_policy(policy: MergedPolicy, knobs: Mapping[str, Any]) -> MergedPolicy:
    """Return a policy with other values of some knobs, named after them.

    Raises
    ------
    UnknownArm
        If a value does not fit, or contradicts another.
    """
    if not knobs:
        return policy
    document = read_policy(parse_document(write_yaml({"set": dict(knobs)}), "arm"), "arm", "arm")
    try:
        merged = lay(document, policy)
    except InvalidFile as wrong:
        raise UnknownArm(wrong.faults[0].message) from None
    # Its name tells what it is in reports, and is one that files may use.
    spelt = "-".join(f"{key}-{_word(value)}" for key, value in knobs.items())
    name = "".join(char if char.isalnum() else "-" for char in f"{policy.policy.name}-{spelt}")
    return MergedPolicy(
        merged.policy.with_values({}, name), merged.origins, merged.lineage, merged.why
    )


def _word(value: object) -> str:
    return "-".join(map(str, value)) if isinstance(value, list) else str(value)


def _find_policy(text: str, policies: Mapping[str, MergedPolicy]) -> MergedPolicy:
    if text in policies:
        return policies[text]
    if Path(text).suffix in (".yaml", ".yml", ".json"):
        if not Path(text).is_file():
            raise UnknownArm(f"no such policy file: {text}")
        return load_policy_file(Path(text))
    try:
        return load_shipped(text)
    except LookupError as unknown:
        raise UnknownArm(str(unknown.args[0])) from None


def _say(details: ErrorDetails) -> str:
    """Say what is wrong with a value of a workload, which its place belongs to."""
    key = ".".join(str(part) for part in details["loc"])
    kind, value, context = details["type"], details["input"], details.get("ctx", {})
    if kind == "value_error":
        return f"{key}: {context['error']}"
    if kind == "word":
        return f"{key}: {check_word(context['what'], str(value), context['words'])}"
    if kind == "extra_forbidden":
        return f"unknown input {show(key)}{suggest(key, inputs())}"
    if kind in _LIMITS:
        what, limit = _LIMITS[kind]
        return f"{key}: {show(value)} is out of range: expected {what} {context[limit]}"
    expected = next((what for start, what in _KINDS if kind.startswith(start)), "another value")
    return f"{key}: expected {expected}, found {show(value)}"


_LIMITS: Final = {"greater_than_equal": ("at least", "ge"), "less_than_equal": ("at most", "le")}
_KINDS: Final = (("int", "a whole number"), ("bool", "true or false"), ("model", "a mapping"))
