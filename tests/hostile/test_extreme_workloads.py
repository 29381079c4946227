"""Whatever number or duration stands in a workload or its policy, a run ends or is refused.

Every input and every knob is drawn from its extremes: nothing, next to nothing, its default and
the most that a file may say; one at a time, and several together. The bound on events is lowered,
so that what is accepted is soon over.
"""

import copy
import json
import random
import resource
import signal
from contextlib import contextmanager
from pathlib import Path

import pytest

from tvc.authority.policy import ALPHABETS, KNOBS, RATE_KNOBS
from tvc.cli.main import _run
from tvc.domain import excess
from tvc.domain.workload import inputs

MOST_EVENTS = 100_000
MOST_SECONDS = 10
MOST_BYTES = 500 << 20

SPANS = ("0s", "1ms", "1000000d")
SPREADS = (
    {"fixed": "0s"}, {"fixed": "1ms"}, {"fixed": "1000000d"},
    {"exponential": {"mean": "1ms"}}, {"exponential": {"mean": "1000000d"}},
    {"lognormal": {"median": "1ms", "p95": "2ms"}},
    {"lognormal": {"median": "1ms", "p95": "1000000d"}},
    {"uniform": {"low": "0s", "high": "1ms"}}, {"uniform": {"low": "0s", "high": "1000000d"}},
    {"choice": {"0s": 1e9, "1h": 1e-300}}, {"choice": {"0s": 1, "1000000d": 1}},
)  # fmt: skip
CHANCES = (0, 5e-324, 1 - 2**-53, 1)
RATES = (0, 5e-324, 1e-9, 1e3, 1e12)
#: By the unit of an input; units of no such name are rates.
BY_UNIT = {
    "duration": SPANS,
    "distribution of durations": SPREADS,
    "probability": CHANCES,
    "share of users": CHANCES,
    "true or false": (False, True),
    "day of the week": ("mon", "sun"),
    "hour of the day": (0, 23),
    "days per week": (1, 7),
    "guesses per account": (1, 1_000_000),
    "none, callback, manager_approval or video": ("none", "callback", "video"),
    "voice, chat, mail or paper": ("voice", "paper"),
}
BY_KEY = {
    "users": (1, 2, 100_000, 1_000_000_000),
    "desk.admins": (0, 1, 1_000_000),
    "desk.shifts": (["mon 0-1"], ["mon-sun 0-24"]),
    "losses.profile": ({"sun 23-24": 1e-12}, {"mon 0-1": 1e12, "tue 0-1": 1e-12}),
    "clocks": (
        {"a": {"offset": "-1000000d"}, "b": {"offset": "1000000d", "drift_ppm": 1_000_000}},
        {"a": {"drift_ppm": -1_000_000, "resync_every": "1ms"}},
        {"a": {"steps": [{"at": "1h", "by": "-1000000d"}, {"at": "2h", "by": "1000000d"}]}},
    ),
    "outages": (
        [{"at": "0s", "share": 1, "lasts": "1ms"}],
        [{"at": "0s", "share": 1, "lasts": "1000000d"}] * 3,
        [{"at": "1h", "share": 5e-324, "lasts": "1h"}],
    ),
}  # fmt: skip


def extremes_of(found):
    values = BY_KEY.get(found.key) or BY_UNIT.get(found.unit, RATES)
    # What is there by default has neighbours that are never drawn alone.
    return (*values, *([] if found.default in (None, {}, []) else [found.default]))


def extremes_of_knob(knob):
    if knob.kind in ("duration", "integer"):
        # Durations are whole milliseconds; the most that a file may say is the same number.
        high = 1_000_000 * 24 * 3_600_000 if knob.kind == "duration" else knob.high
        values = [knob.low, knob.low + 1, high]
    elif knob.kind == "boolean":
        values = [False, True]
    elif knob.kind == "alphabet":
        values = ["ab", ALPHABETS["unambiguous"]]
    else:
        values = list(knob.choices) if knob.kind == "choice" else [(), knob.choices]
    spelt = [json.loads(text) if text in ("true", "false") or text.isdigit() else text
             for text in map(knob.format, values)]  # fmt: skip
    if knob.kind == "list":
        spelt = [list(value) for value in values]
    return (*spelt, *([] if knob.absent is None else [knob.absent]))


#: Everything that may be extreme: a knob or an input, and its values.
CHOICES = (
    [(("workload", key), extremes_of(found)) for key, found in inputs().items()]
    + [(("policy", knob.key), extremes_of_knob(knob)) for knob in KNOBS]
    + [
        (("policy", f"rates.{name}.{knob.key}"), extremes_of_knob(knob))
        for name in ("subject", "org") for knob in RATE_KNOBS
    ]
)  # fmt: skip


#: A few busy days, in which every part of the model has something to do.
BUSY = {
    "users": 60, "horizon": "3d", "drain": "1d", "losses": {"per_user_per_year": 60},
    "attackers": {
        "callers": {"per_day": 5}, "guessers": {"per_day": 5, "per_code": 0.5},
        "thieves": {"per_leak": 0.5}, "malicious_issuer": {"per_year": 500},
    },
    "channel": {"voice": {"leak": 0.5}},
}  # fmt: skip


def draw(number):
    """Return a scenario file with some extremes in an ordinary workload or a busy one."""
    drawn = random.Random(number)
    chosen = drawn.sample(CHOICES, drawn.choice([1, 1, 2, 3, 5, 8, 12]))
    policy, workload = {}, copy.deepcopy(drawn.choice([{}, BUSY]))
    for (kind, key), values in chosen:
        if kind == "policy":
            policy[key] = drawn.choice(values)
            continue
        place = workload
        *groups, last = key.split(".")
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = drawn.choice(values)
    if any(key.startswith("rates.org.") for key in policy):
        policy = {"rates.org.limit": 1, "rates.org.per": "1h", **policy}
    scenario = {"id": "extreme", "policy": "drawn", "workload": workload}
    return {"tvc": 1, "policies": {"drawn": {"set": policy}}, "scenarios": [scenario]}


class TooLong(BaseException):
    """The processor time is used up."""


def _stop(*_):
    raise TooLong


def _mapped_bytes():
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


@contextmanager
def limited():
    """Give what is run here so much processor time and memory, and no more."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    before = signal.signal(signal.SIGPROF, _stop)
    resource.setrlimit(resource.RLIMIT_AS, (_mapped_bytes() + MOST_BYTES, hard))
    signal.setitimer(signal.ITIMER_PROF, MOST_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
        signal.signal(signal.SIGPROF, before)


@pytest.fixture
def lowered(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(excess, "MOST_EVENTS", MOST_EVENTS)


def run_extreme(number, capsys):
    """Run one of them; it must end, or be refused in words at its place."""
    Path("x.tvc.json").write_text(json.dumps(draw(number)))
    with limited():
        code = _run(["simulate", "x.tvc.json"])
    shown = capsys.readouterr()
    told = f"{number}: {draw(number)}\n{shown.err[-2000:]}"
    assert code in (0, 4), told
    assert "Traceback" not in shown.err, told
    if code == 4:
        assert "x.tvc.json:1:" in shown.err, told


@pytest.mark.usefixtures("lowered")
@pytest.mark.parametrize("batch", range(4))
def test_extreme_workloads_end_or_are_refused(batch, capsys):
    for number in range(batch * 10, batch * 10 + 10):
        run_extreme(number, capsys)


@pytest.mark.nightly
@pytest.mark.usefixtures("lowered")
@pytest.mark.parametrize("batch", range(20))
def test_more_extreme_workloads_end_or_are_refused(batch, capsys):
    for number in range(1_000 + batch * 10, 1_000 + batch * 10 + 10):
        run_extreme(number, capsys)
