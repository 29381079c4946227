"""Whatever stands on the command line, it runs or is refused in words, and soon.

Argument lists are drawn from the commands as typer knows them, so that an option which is added
is tried without being named here. Values come from `POOLS`, by the metavar of the option.
"""

import contextlib
import io
import os
import random
import shutil
import signal
import typing
from functools import cache
from pathlib import Path

import pytest
import typer

from tvc.cli.main import _run, app
from tvc.domain.words import escape

SEED = 20_260_202
LISTS = 2_000
CHUNKS = 10
#: Processor time that one list may take: a hundred times what most take.
LIMIT_S = 10.0
#: Time by the wall that it may take on a machine that is busy; what waits for ever uses no other.
PATIENCE_S = 900.0
#: What a command may exit with where nobody interrupts it and nothing of ours is broken.
CODES = (0, 1, 4, 5, 6, 7)

_LOAD = """\
tvc: 1
scenarios:
  - id: w
    workload: {users: 5, horizon: 24h, drain: 24h, losses: {per_user_per_year: 99}}
    run: {replications: 2}
"""
_POLICY = "policy: mine\nset: {lifetime.max: 3h}\n"

FILES = {
    "a.tvc.yaml": """\
tvc: 1
people: {sam: {role: admin}, ana: {}}
policies: {mine: {set: {lifetime.max: 2h}}}
tags: [smoke]
scenarios:
  - id: door
    tags: [quick]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 5m, do: sign_in, by: ana, code: c1}
  - id: life
    cases: [{n: 1h}, {n: 30h}]
    policy: mine
    timeline: [{at: 0s, do: generate, by: sam, for: ana, lifetime: "${n}"}]
""",
    "load.tvc.yaml": _LOAD,
    "both.tvc.yaml": """\
tvc: 1
scenarios:
  - id: c
    compare: {baseline: {policy: salesforce}, candidate: {policy: strict}, on: w}
    run: {replications: 2}
    expect: [{metric: delta(mean(calls)), at_most: 300, margin: 100}]
  - {id: w, workload: {users: 5, horizon: 24h, drain: 24h}}
""",
    "faulty.tvc.yaml": "tvc: 1\nscenarios: [{id: x, timeline: [{at: 0, do: use}]}]\n",
    "mine.yaml": _POLICY,
    "faulty.yaml": "set: {lifetime.max: 3}\n",
    "run.json": '{"schema": "tvc.run/1"}',
    "text": "some words\n",
    "folder/note": "",
    # Names that are not UTF-8, as other machines may have made them.
    "load\udcff.tvc.yaml": _LOAD,
    "mine\udcff.yaml": _POLICY,
}

#: Files that are only as large as they say, beyond what is read of scenarios and of JSON.
SPARSE = {"large.tvc.yaml": (8 << 20) + 1, "large.json": 1 << 33}
#: Links that lead to themselves, to nothing, to a folder, and to a file of the machine.
LINKS = {"loop": "loop", "dangling": "nowhere", "beside": "folder", "out": "/proc/version"}

#: Texts that are tried for every value, whatever it should be.
ODD = (
    " ", "x", "-", "--", "-1", "0", "1", "2.5", "-0.0", "1e400", "nan", "-inf", "1_0", "0x1F",
    "\u0661\u0662", "\u00b2", "a b", "a\nb", "a\tb", "\x1b[2J",
    "\x00", "\udcff", "\u00e9", "\U0001f4a3", "\u202e", "=", "=x", "x=", "x=y=z", "::", "a::b",
    "a.tvc.yaml::", "::door", ":", ",", ",,", ";", "[", "]", "{", "}", "{}", "'", '"', "\\",
    "%s", "${n}", "~", "*", "?", ".", "null", "true", "y" * 5_000, "(" * 300,
    "not " * 300, "[" * 300, "{a: " * 100, "x," * 300, "a.b.c.d", "lifetime.max", "salesforce",
    "strict", "a.tvc.yaml", "load.tvc.yaml", "faulty.tvc.yaml", "faulty.yaml", "no/such", "text",
    "folder", "/dev/null", "n" * 300, "1h", "-1h", "99999999d", "1ms", "",
    "/dev/full", "/dev/stdin", "/proc/self/mem", "loop", "dangling", "beside", "out", "folder/",
    "large.tvc.yaml",
    "./a.tvc.yaml", "a.tvc.yaml/", "\n", "\ufeff", "\r", "9" * 5_000, "-" + "9" * 400, str(2**63),
    str(-(2**63) - 1), "--seed", "--seed=1", "-p9", "--policy=", "@a.tvc.yaml", "$HOME", "~root",
    "nul\x00.yaml", "\ud800", "a.tvc.yaml\n", "file:///dev/null", "http://127.0.0.1:9/x",
)  # fmt: skip
_WRITTEN = (
    "out.json", "out", "out.html", "out.csv", "folder", "folder/out", "no/out", "/dev/full",
    "\udcff.json", "\udcff.html", "\udcff.csv", "\udcff.parquet", "out.parquet", "no/out.csv",
    # Over what is read, by several names, and what no file can take the place of.
    "a.tvc.yaml", "./load.tvc.yaml", "folder/../mine.yaml", "run.json", "loop", "dangling", "out",
    "/dev/null", "/dev/stdin", "/proc/self/mem", "/proc/x.html", "/proc/x.csv", "a\nb.html",
    "loop/x.html", "a.tvc.yaml/x.csv", "n" * 300 + ".html", "beside/x.csv", "-", "",
)  # fmt: skip
_SCENARIOS = (
    "load.tvc.yaml", "load.tvc.yaml::w", "a.tvc.yaml", "a.tvc.yaml::door", "both.tvc.yaml",
    "both.tvc.yaml::c", "both.tvc.yaml::w", "load.tvc.yaml::nope", "folder", "load\udcff.tvc.yaml",
    "pipe.tvc.yaml", "pipe.tvc.yaml::w", "large.tvc.yaml", "large.tvc.yaml::w", "loop", "dangling",
)  # fmt: skip
#: Changes of a workload that take too much.
_TOO_MUCH = (
    "users=1000000000", "horizon=1000000d", "desk.admins=1000000", "work.session=1ms",
    "session.max=1ms", "losses.per_user_per_year=1e12", "attackers.callers.per_day=1e9",
    "work.lasts={fixed: 0s}", "attackers.guessers.per_day=1e9", "lead_in=1000000d",
)  # fmt: skip
_ARMS = (
    "salesforce", "strict", "mine.yaml", "salesforce,lifetime.max=4h", "salesforce,desk.admins=2",
    "salesforce,desk.handling={fixed: 5m}", "salesforce,lifetme.max=4h", "salesforce,users=x",
    "salesforce,horizon=2d", "salesforce,users=[1", "salesforce,work.lasts={empirical: no.csv}",
    "salesforce,outages=[{at: 99d}]", "salesforce,desk=null", "salesforce,clocks.=1",
    "salesforce,desk.admins=1,desk.admins=2", "salesforce,lifetime.max=0s", "strict,", ",", "x=1",
    "salesforce,rates.generate.count=0", "salesforce,desk.admins=0",
    "pipe.yaml", "large.tvc.yaml", "loop", "dangling",
    "salesforce,work.lasts={empirical: pipe.yaml}", "salesforce,work.lasts={empirical: loop}",
    "salesforce,work.lasts={empirical: large.json}",
    *(f"salesforce,{change}" for change in _TOO_MUCH),
)  # fmt: skip
_METRICS = (
    "mean(calls)", "p95(time_to_access)", "p(takeover)", "share(codes.lapsed_unused / "
    "codes.generated)", "count(generate.denied){reason=rate_limited}", "max(desk.wait)",
    "delta(mean(calls))", "p(newly_allowed)", "mean(call)", "p0(desk.wait)", "p100(desk.wait)",
    "mean()", "mean(calls){", "mean(calls){x=y}", "mean(mean(calls))", "share(calls)", "mean(calls",
    "count(generate.denied){reason}", "mean(utilisation)", "share(calls / calls){outcome=}",
)  # fmt: skip
_POLICIES = (
    "salesforce", "strict", "mine.yaml", "a.tvc.yaml", "nobody", "no.yaml", "faulty.yaml",
    "mine\udcff.yaml", "pipe.yaml", "large.tvc.yaml", "loop", "dangling", "out", "/dev/stdin",
)  # fmt: skip
_RANGES = (
    "desk.admins=1..3", "lifetime.max=1h..4h", "losses.per_user_per_year=0.5..0.7",
    "desk.admins=3..1", "desk.admins=0..1", "desk.admins=1..99999999", "desk.admins=1..", "users",
    "desk.admins=..", "desk.admins=1..x", "desk.admins=1h..2", "nobody=1..2", "lifetime.max=1h",
    "losses.per_user_per_year=1..nan", "losses.per_user_per_year=0.1..1e400", "horizon=1d..2d",
    "desk.admins=-5..-1", "lifetime.max=1ms..2ms", "desk.identity_check=none..video",
    "users=1..1000000000", "horizon=1d..1000000d", "work.session=1ms..1h", "session.max=1ms..1h",
)  # fmt: skip
_OUTPUTS = tuple(
    f"{name}{file}"
    for name in ("pretty", "json", "junit", "github", "sarif", "jsn", "")
    for file in (
        "",
        ":",
        ":out",
        ":no/out",
        ":folder",
        ":/dev/full",
        ":\udcff",
        ":a\x00b",
        ":a.tvc.yaml",
        ":./a.tvc.yaml",
        ":loop",
        ":dangling",
        ":beside",
        ":/proc/self/mem",
        ":-",
        ":a\nb",
        "::",
    )
)

#: What takes too much and ends, which only its bound keeps from being run.
_ASKING = (*_TOO_MUCH, "users=1..1000000000", "=1d..1000000d", "=1ms..1h")

#: Values by metavar, beside `ODD`; the first is right, or the second where commands differ.
POOLS = {
    "PATH...": (
        "a.tvc.yaml", ".", "both.tvc.yaml", "folder", "mine.yaml", "load\udcff.tvc.yaml",
        "pipe.tvc.yaml", "large.tvc.yaml", "loop", "dangling", "beside", "out", "/dev/stdin",
    ),
    "FILE::id[case]": (
        "a.tvc.yaml::door", "a.tvc.yaml::life[n=1h]", "a.tvc.yaml::life", "a.tvc.yaml::life[",
        "a.tvc.yaml::life[]", "a.tvc.yaml::life[n=1h]]", "a.tvc.yaml::life[[n=1h]", "both.tvc.yaml",
        "load.tvc.yaml::w", "a.tvc.yaml::[n=1h]", "./a.tvc.yaml::door", "faulty.tvc.yaml::x",
    ),
    "FILE[::id]": _SCENARIOS,
    "[FILE[::id]]": _SCENARIOS,
    "EXPR": ("door", "door and not (life or x)", "()", "and", "not", "(door", "door)", "door life"),
    "TAG": ("quick", "smoke", "slow"),
    "FORMAT[:FILE]": _OUTPUTS,
    "NAME=FILE": (
        "salesforce=mine.yaml", "mine=mine.yaml", "x=mine.yaml", "salesforce=faulty.yaml",
        "salesforce=no.yaml", "salesforce=mine\udcff.yaml", "salesforce=folder",
        "salesforce=a.tvc.yaml", "salesforce=/dev/null", "salesforce=pipe.yaml", "salesforce=loop",
        "salesforce=large.tvc.yaml", "salesforce=/dev/stdin", "salesforce=", "=mine.yaml",
    ),
    "POLICY|NAME=FILE": (*_POLICIES, "salesforce=mine.yaml", "x=faulty.yaml"),
    "N": (
        "2", "1", "3", "101", "100001", "-2", str(2**31), str(2**63 - 1), str(2**64),
        str(-(2**64)), "1e3", "+2", "\u0662", "1" + "0" * 400, "0" * 400 + "2",
    ),
    "SHARE": ("0.5", "1", "0.0001", "50%"),
    "BASELINE": _ARMS,
    "CANDIDATE": ("strict", *_ARMS),
    "A B": ("salesforce", "strict", *_ARMS),
    "METRIC": _METRICS,
    "M1,M2": (
        "mean(calls),max:mean(exposure)", "mean(calls)", "mean(calls),x", "a,b,c", "max:,max:",
        "mean(calls),mean(calls)",
    ),
    "KEY=VALUES": (
        "desk.admins=1,2", "lifetime.max=1h,4h", "desk.admins=1..3", "desk.identity_check=none",
        "desk.admins=1,1", "desk.admins=", "desk.admins=1,,2", "desk.handling={fixed: 5m}",
        "desk.handling={fixed: 5m},{fixed: 1m}", "desk.admins=x", "nobody=1", "horizon=1d",
        "notify=[generate],[]", "desk.admins={a: 1}", "users=1,2,x", *_RANGES, *_TOO_MUCH,
    ),
    "KEY=LOW..HIGH": _RANGES,
    "BOUND": (
        "mean(calls) <= 3", "mean(calls) >= 0.1", "p95(time_to_access) <= 30m", "mean(calls) < 3",
        "mean(calls) <= x", "mean(calls) <= 1h", "p95(time_to_access) <= 3", "<=", "mean(calls) <=",
        "<= 3", "mean(calls) <= nan", "mean(calls) >= 0", "p(takeover) <= 1", "mean(calls) <= [1",
        "delta(mean(calls)) <= 3", "mean(calls) <= 1 <= 2", "mean(calls){x=y} <= 3",
    ),
    "DURATION": ("10ms", "0s", "1.5h", "1h30m", "10", "1y", "-1ms", "9" * 400 + "d", "1e9d"),
    "NAME": ("no_use_after_expiry", "strict", "mine.yaml", "mine", "no_use_after"),
    "POLICY": _POLICIES,
    "[KIND]": ("scenario", "policy", "report", "reports"),
    "error|warning|never": ("error", "warning", "never", "info"),
    "YYYY-MM-DD": ("2026-02-03", "2026-02-30", "26-2-3", "2026-W05-1", "20260203"),
    "DIR": (
        "new", "new\udcff", "folder", "new/deeper", "text", "/dev/null", "/proc/x", ".", "./", "",
        "a.tvc.yaml", "folder/note", "loop", "dangling", "beside", "/dev/full", "/dev/stdin",
        "a\nb", "new/../new", "n" * 300, "new/" * 500, "/proc/self", "-", "large.json",
    ),
    "FILE": _WRITTEN,
    "FILE.html": ("out.html", *_WRITTEN, "folder/a.html", "no/out.html", "OUT.HTML"),
    "RUN.JSON": (
        "run.json", "text", "folder", "no.json", "/dev/null", "large.json", "pipe.yaml", "loop",
        "dangling", "out", "/dev/stdin", "/proc/self/mem",
    ),
    "ADDRESS": ("tcp://127.0.0.1:9", "nonsense"),
}  # fmt: skip
#: Words that let a command be right, and small.
BASES = {
    ("simulate",): ["load.tvc.yaml"],
    ("compare",): ["-n", "2", "--metric", "mean(calls)"],
    ("sweep",): ["-n", "2", "--vary", "desk.admins=1,2", "--metric", "mean(calls)"],
    ("lint",): ["a.tvc.yaml", "--policy", "salesforce"],
}
_BREAK_EVEN = {
    "--break-even": ["mean(calls)"],
    "--input": ["desk.admins=1..3"],
    "--arms": ["salesforce", "strict"],
}
_SOLVE = {"--solve": ["desk.admins=1..3"], "--for": ["mean(calls) <= 3"]}
#: Options that ask for something else than the words of a command do, with what they take.
INSTEAD = {
    **dict.fromkeys(_BREAK_EVEN, _BREAK_EVEN),
    **dict.fromkeys(_SOLVE, _SOLVE),
    "--tornado": {},
    "--rerun": {},
}
#: Words without which an option says nothing.
COMPANIONS = {
    "--trace": ["--results", "new"],
    "--resume": ["--results", "new"],
    "--scheduler": ["--engine", "dask"],
    "--engine": ["--workers", "1"],
}


class Accepted(BaseException):
    """The arguments were accepted, and what follows takes long."""


class TooLong(BaseException):
    """The processor time of a list is over."""


def accept(*_args, **_options):
    raise Accepted


#: What a command does once its arguments are accepted, where that takes seconds or processes.
LONG = (
    "tvc.workbench.hunt.search.hunt", "tvc.workbench.hunt.exhaustive.exhaust",
    "tvc.workbench.init.draft.draft", "tvc.workbench.benchmarks.authority.bench_authority",
    "tvc.workbench.benchmarks.world.bench_world", "tvc.workbench.benchmarks.pairs.bench_crn",
    "tvc.workbench.benchmarks.studies.bench_experiment", "tvc.runs.engines._in_processes",
    "tvc.runs.engines._on_cluster", "tvc.studies.tornado.tornado",
    "tvc.analysis.report.simulated.simulated", "tvc.analysis.report.compared.compared",
    "tvc.analysis.report.swept.swept", "tvc.studies.examples.find_example",
    "concurrent.futures.ProcessPoolExecutor",
)  # fmt: skip


@cache
def commands():
    """Every command by its words, with its parameters."""
    found = {}

    def walk(command, words):
        found[words] = list(command.params)
        for name, below in getattr(command, "commands", {}).items():
            walk(below, (*words, name))

    walk(typer.main.get_command(app), ())
    return found


def choices(parameter):
    annotation = parameter.type_descriptor.annotation
    return [
        str(value)
        for part in (annotation, *typing.get_args(annotation))
        if typing.get_origin(part) is typing.Literal
        for value in typing.get_args(part)
    ]


def values_of(parameter):
    """Return what is tried for a parameter beside `ODD`."""
    return (*choices(parameter), *POOLS.get(parameter.metavar, ())) or ("1", "x")


def is_flag(parameter):
    return bool(getattr(parameter, "is_flag", False))


def spelt(parameter, value, draw=None):
    """Return the words that give a parameter a value."""
    if parameter.param_type_name == "argument":
        return [value]
    name = parameter.opts[0]
    if is_flag(parameter):
        return [name] if draw is None or draw.random() < 0.95 else [f"{name}={value}"]
    if draw is not None and draw.random() < 0.2 and name.startswith("--"):
        return [f"{name}={value}"]
    return [name, value, *values_of(parameter)[1 : parameter.nargs]]


def right(words, but=None):
    """Return a right argument list of a command, without one of its parameters."""
    name = None if but is None else but.opts[0]
    if name in INSTEAD:
        found = [
            part
            for other, more in INSTEAD[name].items()
            if other != name
            for part in (other, *more)
        ]
    else:
        found = [*BASES.get(words, []), *COMPANIONS.get(name, [])]
    for parameter in commands()[words]:
        if parameter.required and parameter is not but:
            found += spelt(parameter, values_of(parameter)[0])
    return found


def with_value(words, parameter, value):
    """Return an otherwise right argument list in which a parameter has a value."""
    return [*words, *right(words, parameter), *spelt(parameter, value)]


def drawn(draw):
    """Draw an argument list: right but for some of it, or anything."""
    words = draw.choice(list(commands()))
    parameters = commands()[words]
    found = right(words) if draw.random() < 0.8 else []
    for parameter in draw.sample(
        parameters, min(len(parameters), draw.choice((0, 1, 1, 2, 3, 5, 8)))
    ):
        pool = ODD if draw.random() < 0.4 else values_of(parameter)
        # Now and then again and again, each time with another value.
        for value in draw.sample(pool, min(len(pool), draw.choice((1, 1, 1, 1, 2, 3)))):
            found += spelt(parameter, value, draw)
    for _ in range(draw.choice((0, 0, 0, 1, 2))):
        place = draw.randrange(len(found) + 1)
        match draw.randrange(5):
            case 0:
                del found[place : place + 1]
            case 1:
                found.insert(place, draw.choice(ODD))
            case 2:
                found.insert(place, draw.choice(("--help", "--nope", "-z", "--", "--no", "-")))
            case 3:
                found[place:] = found[place : place + 2] * 2
            case 4:
                draw.shuffle(found)
    if any(change in word for change in _ASKING for word in found):
        # What is asked to be run without a bound takes as long as it takes.
        found = [word for word in found if not word.startswith("--unbounded")]
    return [*words, *found]


def write_files(folder):
    for name, text in FILES.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(text, "utf-8")
    for name, size in SPARSE.items():
        with (folder / name).open("wb") as file:
            file.truncate(size)
    for name, target in LINKS.items():
        (folder / name).symlink_to(target)
    # Of inputs only: an output may be a pipe, and waits for its reader.
    for name in ("pipe.tvc.yaml", "pipe.yaml"):
        os.mkfifo(folder / name)


def run(words, folder):
    """Run the command in this process and in a folder of its own."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
    write_files(folder)
    out, err = (io.TextIOWrapper(io.BytesIO(), "utf-8") for _ in range(2))

    def end(*_):
        raise TooLong

    clocks = (
        (signal.SIGVTALRM, signal.ITIMER_VIRTUAL, LIMIT_S),
        (signal.SIGALRM, signal.ITIMER_REAL, PATIENCE_S),
    )
    before = [signal.signal(number, end) for number, _, _ in clocks]
    for _, clock, limit_s in clocks:
        signal.setitimer(clock, limit_s)
    code = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = _run(words)
    except Accepted:
        code = 0
    except TooLong:
        pass
    finally:
        for (number, clock, _), handler in zip(clocks, before, strict=True):
            signal.setitimer(clock, 0)
            signal.signal(number, handler)
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))
    return code, *texts


def judge(words, folder):
    """Run a list and hold what is promised of every one; return the code and what to say of it."""
    code, out, err = run(words, folder)
    story = f"{words}: exit {code}\n{out[-2_000:]}\n{err[-4_000:]}"
    assert code in CODES, story
    assert "Traceback" not in err, story
    assert "report it" not in out + err, story
    if code == 4:
        told = ("Error: ", "Usage: ", "tvc: ", ": error: ")
        assert any(mark in out + err for mark in told), story
    return code, out + err, story


def is_named(words, value, told):
    """Whether a message names an option of a list, or quotes what it was given."""
    parts = value.split("::") if "::" in value else value.split(":")[-1:]
    # Words that nobody sees are not looked for, and of long ones their beginning; a path may be
    # told as paths are, without a dot or a slash at its ends.
    quoted = all(
        part.isspace() or any(escape(shown)[:20] in told for shown in (part, str(Path(part))))
        for part in parts
    )
    names = [word.partition("=")[0].removesuffix("-file") for word in words if word[:1] == "-"]
    return quoted or any(name in told for name in names if len(name) > 1)


@pytest.fixture(autouse=True)
def _short(monkeypatch):
    for name in LONG:
        monkeypatch.setattr(name, accept)
    # Made anew for every run otherwise, which takes longer than most lists.
    made = typer.main.get_command(app)
    monkeypatch.setattr(typer.main, "get_command", lambda _app: made)


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_an_argument_list_runs_or_is_refused_and_nothing_else(chunk, folder, record_property):
    draw = random.Random(SEED + chunk)
    codes = dict.fromkeys(CODES, 0)
    for _ in range(LISTS // CHUNKS):
        codes[judge(drawn(draw), folder)[0]] += 1
    record_property("codes", codes)
    # The control: lists are neither all right nor all wrong.
    assert codes[0] >= 20
    assert codes[4] >= 20


#: Every option that takes a value, with its command.
OPTIONS = [
    pytest.param(words, parameter, id=" ".join((*words, parameter.opts[0])))
    for words, parameters in commands().items()
    for parameter in parameters
    if parameter.param_type_name == "option" and not is_flag(parameter)
]


@pytest.mark.parametrize(("words", "parameter"), OPTIONS)
def test_an_option_is_named_where_its_value_is_refused(words, parameter, folder):
    for value in ("\x1b[2J", "x"):
        tried(words, parameter, value, folder)
    # The control: what is refused is the value, and not the rest of the list.
    accepted = (
        judge(with_value(words, parameter, value), folder)[0] != 4 for value in values_of(parameter)
    )
    assert parameter.opts[0] == "--rerun" or any(accepted)


@pytest.mark.nightly
@pytest.mark.parametrize(("words", "parameter"), OPTIONS)
def test_an_option_is_named_whatever_value_of_it_is_refused(words, parameter, folder):
    for value in (*ODD, *values_of(parameter)):
        tried(words, parameter, value, folder)


def tried(words, parameter, value, folder):
    given = with_value(words, parameter, value)
    code, told, story = judge(given, folder)
    # A fault names its file, and the message about a NUL no single argument.
    if code == 4 and ": error: " not in told and "NUL" not in told:
        assert is_named(given, value, told), story
