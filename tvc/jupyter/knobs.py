"""The knobs of the explorer: which there are, and how their values are spelt in files."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from tvc.authority.durations import HOUR_MS, format_duration
from tvc.authority.policy import Policy, find_knob
from tvc.domain.workload import WorkloadModel, inputs

#: What a widget holds.
Value = int | float | bool | str


@dataclass(frozen=True, slots=True)
class Knob:
    """One knob of the explorer.

    Attributes
    ----------
    key
        As policy files, or the inputs of a workload, are keyed.
    label
        What stands beside it, with the unit.
    of
        What it is part of.
    """

    key: str
    label: str
    of: Literal["policy", "workload", "run"]

    @property
    def meaning(self) -> str:
        """What it does, in a line."""
        if self.of == "policy":
            knob = find_knob(self.key)
            assert knob is not None  # those of the explorer are there, which a test holds
            return knob.meaning
        return inputs()[self.key].meaning if self.of == "workload" else _SEED

    def spell(self, value: Value) -> Value:
        """Return a value of the widget as files write it."""
        return value

    def read(self, written: object) -> Value:
        """Return a value of the model as the widget holds it.

        Raises
        ------
        ValueError
            If the widget has no place for it.
        """
        assert isinstance(written, int | float | str)
        return written


@dataclass(frozen=True, slots=True)
class Slider(Knob):
    """A number on a slider.

    Attributes
    ----------
    low, high, step
        Where it can stand.
    hours
        Whether it counts the hours of a duration.
    """

    low: float
    high: float
    step: float = 1
    hours: bool = False

    def spell(self, value: Value) -> Value:
        """Return a number, or a duration of so many hours."""
        return f"{value}h" if self.hours else value

    def read(self, written: object) -> Value:
        """Return the number, in hours where it is a duration."""
        assert isinstance(written, int | float)
        number = written / HOUR_MS if self.hours else written
        steps = (number - self.low) / self.step
        if not (self.low <= number <= self.high and abs(steps - round(steps)) < 1e-9):
            said = format_duration(int(written)) if self.hours else f"{written:g}"
            unit = "h" if self.hours else ""
            raise ValueError(
                f"{self.key} is {said}, which the explorer's slider has no place for: it goes "
                f"from {self.low:g}{unit} to {self.high:g}{unit} in steps of {self.step:g}{unit}"
            )
        return int(number) if self.step == int(self.step) else float(number)


@dataclass(frozen=True, slots=True)
class Choice(Knob):
    """One of some words, as files write them."""

    choices: tuple[str, ...]

    def spell(self, value: Value) -> Value:
        """Return the word, or the number that it spells."""
        assert isinstance(value, str)
        return int(value) if value.isdecimal() else value

    def read(self, written: object) -> Value:
        """Return the word of a value."""
        if self.of == "policy":
            knob = find_knob(self.key)
            assert knob is not None  # as for `meaning`
            return knob.format(written)
        return str(written)


@dataclass(frozen=True, slots=True)
class Switch(Knob):
    """Whether something is so."""


_SEED: Final = "what chance is drawn from: another seed is another month of the same world"

#: Every knob, in the order in which they stand.
KNOBS: Final[tuple[Knob, ...]] = (
    Slider("lifetime.max", "Longest lifetime (h)", "policy", 1, 24, hours=True),
    Slider("lifetime.min", "Shortest lifetime (h)", "policy", 1, 24, hours=True),
    Slider("rates.subject.limit", "Codes per user and hour", "policy", 1, 12),
    Choice("rates.subject.window", "Counted by", "policy", ("rolling", "clock_hour", "bucket")),
    Choice("code.uses", "Sign-ins a code is good for", "policy", ("unlimited", "1", "2", "5")),
    Choice("code.on_live", "Code while one is live", "policy", ("refuse", "replace")),
    Choice(
        "sign_in.precedence", "While a code is live", "policy",
        ("code_first", "either", "methods_first"),
    ),
    Choice("sign_in.return", "Methods return", "policy", ("on_end", "on_expire_now")),
    Choice("session.max", "Longest session", "policy", ("off", "1h", "2h", "4h", "8h", "12h")),
    Switch("session.ends_with_code", "Session ends with code", "policy"),
    Slider("users", "Users", "workload", 1_000, 50_000, 1_000),
    Slider(
        "losses.per_user_per_year", "Lost devices per user and year", "workload", 0, 2, 0.1
    ),
    Slider("desk.admins", "Admins on duty", "workload", 0, 12),
    Choice(
        "desk.identity_check", "Identity check", "workload",
        ("none", "callback", "manager_approval", "video"),
    ),
    Slider("work.session", "Work before signing in again (h)", "workload", 1, 12, hours=True),
    Slider("attackers.callers.per_day", "Impostors calling per day", "workload", 0, 20),
    Slider("seed", "Seed", "run", 0, 20),
)  # fmt: skip

KEYS: Final[Mapping[str, Knob]] = {knob.key: knob for knob in KNOBS}


def start_values(policy: Policy, workload: WorkloadModel, seed: int) -> dict[str, Value]:
    """Return where every knob stands under a policy, a workload and a seed.

    Raises
    ------
    ValueError
        If a knob has no place for what they say.
    """
    values = policy.values()
    found: dict[str, Value] = {}
    for knob in KNOBS:
        if knob.of == "policy":
            if knob.key not in values:
                raise ValueError(f"the policy {policy.name} has no {knob.key} for the explorer")
            found[knob.key] = knob.read(values[knob.key])
        elif knob.of == "workload":
            found[knob.key] = knob.read(_of_model(workload, knob.key))
        else:
            found[knob.key] = knob.read(seed)
    return found


def _of_model(model: object, key: str) -> object:
    for part in key.split("."):
        model = getattr(model, part)
    return model
