"""`tvc test` and `pytest` say the same of every case: outcome, id, exit code."""

import json
import os
import re
import shutil
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from tvc.domain.cases import Case
from tvc.harness import runner
from tvc.harness.judge import result_of
from tvc.harness.outcomes import Concern, Failure, Outcome

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
CASES = SHARED / "cases"
VECTORS = SHARED / "vectors"

PEOPLE = "people: {sam: {role: admin}, ana: {role: user}}\n"
GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}"
TOO_LONG = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 25h}"
LOAD = "{users: 60, horizon: 1d, drain: 1d, losses: {per_user_per_year: 0.3}}"

#: Every way in which a case can end, and tags that are marks of pytest.
FATES = f"""\
tvc: 1
{PEOPLE}tags: [skip, xfail, skipif, parametrize, usefixtures, slow]
scenarios:
  - {{id: holds, timeline: [{GENERATE}]}}
  - {{id: fails, timeline: [{TOO_LONG}]}}
  - {{id: waits, skip: "not yet: x", timeline: [{GENERATE}]}}
  - {{id: known, xfail: the desk knows, timeline: [{TOO_LONG}]}}
  - {{id: cured, xfail: nobody noticed, timeline: [{GENERATE}]}}
  - {{id: waits-and-known, skip: both, xfail: both, timeline: [{TOO_LONG}]}}
"""
AS_JSON = """{
  "tvc": 1,
  "people": {"sam": {"role": "admin"}, "ana": {}},
  "scenarios": [{"id": "fails", "timeline": [
    {"at": "0s", "do": "generate", "by": "sam", "for": "ana", "lifetime": "25h"}
  ]}]
}"""
#: Simulations that expect nothing, pass, fail, cannot say, are skipped, are known to fail.
STUDIES = f"""\
tvc: 1
scenarios:
  - {{id: load, workload: {LOAD}}}
  - {{id: known-load, xfail: whatever, workload: {LOAD}}}
  - id: compared
    compare:
      baseline: {{policy: strict}}
      candidate: {{policy: strict, workload: {{desk.identity_check: callback}}}}
      on: load
  - id: compared-too-soon
    compare: {{baseline: {{policy: strict}}, candidate: {{policy: salesforce}}, on: load}}
    run: {{replications: 2}}
    expect: [{{metric: delta(mean(repeat_calls)), at_most: 30, margin: 1}}]
  - id: passes
    workload: {LOAD}
    expect: [{{metric: mean(desk.utilisation), at_most: 1, margin: 0.5}}]
  - id: is-missed
    workload: {LOAD}
    expect: [{{metric: mean(desk.utilisation), at_least: 1, margin: 0.1}}]
  - id: is-missed-as-known
    xfail: the desk is idle
    workload: {LOAD}
    expect: [{{metric: mean(desk.utilisation), at_least: 1, margin: 0.1}}]
  - id: is-known-and-passes
    xfail: the desk is idle
    workload: {LOAD}
    expect: [{{metric: mean(desk.utilisation), at_most: 1, margin: 0.5}}]
  - id: waits
    skip: not yet
    workload: {LOAD}
    expect: [{{metric: mean(desk.utilisation), at_most: 1, margin: 0.5}}]
"""
#: Values that a shell, a path, pytest or a terminal gives a meaning of its own.
VALUES = ["José", "日本", "हिन्दी", "e\u0301", "😀 x", "a]b", "a[b", "[]", "x::y", "a/b", "..", "@",
          "-x", "a b, c=d", 'q"uo\'te', "new\nline", "\u202e", "back\\slash", "", "null",
          "1h"]  # fmt: skip
IDS = (
    f"tvc: 1\n{PEOPLE}scenarios:\n  - id: odd\n    cases:\n"
    + "".join(
        f"      - {{who: {json.dumps(value)}, life: {'25h' if place % 2 else '1h'}}}\n"
        for place, value in enumerate(VALUES)
    )
    + "    timeline:\n      - {at: 0s, do: generate, by: sam, for: ana, lifetime: '${life}', "
    "ticket: '${who}'}\n"
)
FAULTS = {
    "empty": "",
    "no mapping": "- 1\n",
    "no YAML": "tvc: 1\nscenarios: [\n",
    "twice": f"tvc: 1\n{PEOPLE}scenarios:\n"
    f"  - {{id: a, timeline: [{GENERATE}]}}\n  - {{id: a, timeline: [{GENERATE}]}}\n",
    "typo": f"tvc: 1\n{PEOPLE}scenarios:\n  - {{id: a, timline: [{GENERATE}]}}\n",
    "no scenario": "tvc: 1\nscenarios: []\n",
    "no UTF-8": "tvc: 1\n\udcff",
}
#: Names of files, and of folders that hold one.
NAMES = ["a b#é%.tvc.yaml", "x[1].tvc.yaml", "l\nf.tvc.yaml", "raw\udcff.tvc.json",
         "d::e/f.tvc.yml", "d[2]/f.tvc.yaml", "ü/ü.tvc.yaml"]  # fmt: skip
#: Files that are not found where nobody names them.
LEFT_OUT = [".hidden/f.tvc.yaml", "other.yaml"]

#: What pytest itself calls the outcomes that it has no word for.
IN_WORDS_OF_PYTEST = {Outcome.ERROR: "failed", Outcome.INCONCLUSIVE: "failed"}


class Seen:
    """A plugin that notes what pytest reports of each case."""

    def __init__(self):
        self.outcomes = {}
        self.invalid = set()
        self.order = []

    def pytest_runtest_logreport(self, report):
        if report.when != "call":
            assert report.passed, "a case has no set-up that could fail, or be skipped"
            return
        word = "xfailed" if hasattr(report, "wasxfail") else report.outcome
        assert report.nodeid not in self.outcomes
        self.outcomes[report.nodeid] = (report.tvc_outcome, word)
        self.order.append(report.nodeid)
        if word != "passed":
            assert str(report.longrepr), "whatever did not pass says why"

    def pytest_collectreport(self, report):
        if report.failed:
            self.invalid.update(str(report.longrepr).splitlines())


@pytest.fixture
def by_pytest(run_pytest):
    def by_pytest(*words, cwd=None):
        seen = Seen()
        ran = run_pytest(*words, plugins=[seen], **({} if cwd is None else {"cwd": cwd}))
        assert "INTERNALERROR" not in ran.out + ran.err
        seen.code = ran.code
        return seen

    return by_pytest


@pytest.fixture
def once(monkeypatch):
    """Read each file and run each case once for both: they may differ in all that is around it.

    Holds what was kept, by function.
    """
    from tvc.harness import collect, simulated

    kept = {"load": {}, "run_case": {}, "run_simulated": {}}

    def keep(name, *modules):
        whole = getattr(modules[0], name)

        def keeping(first, *rest):
            key = (first.name, first.digest) if isinstance(first, Case) else str(first)
            if key not in kept[name]:
                kept[name][key] = whole(first, *rest)
            return kept[name][key]

        for module in modules:
            monkeypatch.setattr(module, name, keeping)

    keep("load", collect, runner)
    keep("run_case", runner)
    keep("run_simulated", simulated)
    return kept


def read(ran):
    """Read a JSON report as `Seen` would have seen it."""
    report = json.loads(ran.out)
    seen = Seen()
    seen.code = ran.code
    for case in report["cases"]:
        outcome = case["outcome"]
        name = shown(case["id"])
        assert name not in seen.outcomes
        seen.outcomes[name] = (outcome, IN_WORDS_OF_PYTEST.get(outcome, outcome))
        seen.order.append(name)
    for fault in report["invalid"]:
        place = f"{shown(fault['file'])}:{fault['line']}:{fault['column']}"
        seen.invalid.add(f"{place}: error: {fault['message']}")
    return seen


def shown(name):
    """Show an id as a terminal may print it."""
    from tvc.domain.words import escape

    return escape(name)


@pytest.fixture
def by_command(call):
    return lambda *words: read(call("test", *words, "-f", "json"))


def assert_alike(one, other):
    assert one.outcomes == other.outcomes
    assert one.invalid == other.invalid
    assert one.code == other.code


@pytest.fixture
def odd(folder):
    """A folder of odd files, no one of them with a fault."""
    for name, text in (("fates", FATES), ("studies", STUDIES), ("ids", IDS)):
        (folder / f"{name}.tvc.yaml").write_text(text, encoding="utf-8")
    for name in (*NAMES, *LEFT_OUT):
        file = folder / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(AS_JSON if name.endswith(".json") else FATES, encoding="utf-8")
    (folder / "link").symlink_to(folder / "ü")
    (folder / "linked.tvc.yaml").symlink_to(folder / "fates.tvc.yaml")
    return folder


# Both run all


@pytest.mark.usefixtures("odd", "once")
def test_both_say_the_same_of_every_odd_case(by_command, by_pytest):
    told = by_command(".")
    assert_alike(told, by_pytest())
    found = Counter(outcome for outcome, _ in told.outcomes.values())
    assert set(found) == set(Outcome) - {Outcome.ERROR}
    of_studies = {
        name.removeprefix("studies.tvc.yaml::"): outcome
        for name, (outcome, _) in told.outcomes.items()
        if name.startswith("studies")
    }
    assert of_studies == {
        "load": "skipped",
        "known-load": "skipped",
        "compared": "skipped",
        "compared-too-soon": "inconclusive",
        "passes": "passed",
        "is-missed": "failed",
        "is-missed-as-known": "xfailed",
        "is-known-and-passes": "failed",
        "waits": "skipped",
    }
    assert told.code == 1


def test_workers_of_pytest_change_nothing(odd, by_command, by_pytest):
    (odd / "studies.tvc.yaml").unlink()
    assert_alike(by_command("."), by_pytest("-n", "2"))


@pytest.mark.nightly  # four processes, each of which loads all that simulates
@pytest.mark.usefixtures("odd")
def test_both_say_the_same_over_two_processes(by_pytest, process):
    assert_alike(read(process("test", ".", "-p", "2", "-f", "json")), by_pytest("-n", "2"))


def test_both_say_the_same_from_wherever_they_are_run(odd, monkeypatch, by_command, by_pytest):
    (odd / "studies.tvc.yaml").unlink()
    seen = by_pytest(odd)
    expected = {str(odd / name): outcome for name, outcome in seen.outcomes.items()}
    for place, path in (
        (odd, "../" + odd.name),
        (odd / "ü", ".."),
        (odd / "d[2]", odd),
        ("/", odd),
    ):
        monkeypatch.chdir(place)
        told = by_command(path)
        found = {
            str(Path(os.path.normpath(Path(place, name)))): outcome
            for name, outcome in told.outcomes.items()
        }
        assert found == expected
        assert told.code == seen.code


@pytest.mark.parametrize("name", FAULTS)
def test_both_refuse_the_same_files_for_the_same_faults(write, folder, by_command, by_pytest, name):
    write(a="passing")
    (folder / "b.tvc.yaml").write_bytes(os.fsencode(FAULTS[name]))
    told = by_command(".")
    assert told.code == 4
    assert told.invalid
    assert told.outcomes == {}
    assert_alike(told, by_pytest())


#: What takes too much, and ends; it is not run here, since it expects nothing.
LARGE = "tvc: 1\nscenarios: [{id: large, workload: {users: 1000000000}}]\n"


def test_both_run_what_takes_too_much_where_they_are_asked_to(folder, by_command, by_pytest):
    (folder / "a.tvc.yaml").write_text(LARGE)
    refused = by_command(".")
    assert refused.code == 4
    assert_alike(refused, by_pytest())
    [sentence] = refused.invalid
    assert "--unbounded" in sentence
    assert "--tvc-unbounded" in sentence
    told = by_command(".", "--unbounded")
    assert [outcome for outcome, _ in told.outcomes.values()] == ["skipped"]
    assert_alike(told, by_pytest("--tvc-unbounded"))


@pytest.mark.parametrize("kept", ["load", "compared", "waits"])
def test_where_nothing_ran_both_exit_5(folder, by_command, by_pytest, kept):
    (folder / "a.tvc.yaml").write_text(STUDIES)
    told = by_command(".", "--id", f"a.tvc.yaml::{kept}")
    assert told.code == 5
    assert_alike(told, by_pytest(f"a.tvc.yaml::{kept}"))


@pytest.mark.usefixtures("odd")
def test_an_error_of_ours_is_the_same_for_both(by_command, by_pytest, monkeypatch):
    whole = runner.run_case

    def broken(case, *rest):
        if case.id == "holds":
            raise RuntimeError("broken")
        return whole(case, *rest)

    monkeypatch.setattr(runner, "run_case", broken)
    told = by_command("fates.tvc.yaml")
    assert told.code == 3
    assert_alike(told, by_pytest("fates.tvc.yaml"))


# What ships


def in_turns(case, seed=0, processes=1):
    """Stand in for a simulation, each of which takes seconds: it ends in each way by turns."""
    del processes
    if not case.expected_at:
        return result_of(case, seed, Outcome.SKIPPED, note="nothing")
    ways = (Outcome.PASSED, Outcome.FAILED, Outcome.INCONCLUSIVE, Outcome.XFAILED)
    outcome = ways[int(case.digest, 16) % len(ways)]
    failure = Failure(Concern.METRIC, "as it is its turn", case.line, case.column)
    failures = (failure,) if outcome in (Outcome.FAILED, Outcome.INCONCLUSIVE) else ()
    return result_of(case, seed, outcome, failures=failures, note="known")


def test_both_say_the_same_of_every_shipped_scenario(
    folder, by_command, by_pytest, monkeypatch, once
):
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    monkeypatch.setattr("tvc.harness.simulated.run_simulated", in_turns)
    told = by_command("scenarios")
    assert len(told.outcomes) > 700
    assert len(once["run_case"]) > 690
    assert set(told.outcomes.values()) >= {("passed", "passed"), ("inconclusive", "failed")}
    assert_alike(told, by_pytest("scenarios"))
    assert told.code == 1


@pytest.mark.nightly  # each simulation is run twice
@pytest.mark.parametrize("workers", [(), ("-n", "2")])
def test_both_say_the_same_of_every_shipped_scenario_for_real(process, by_pytest, folder, workers):
    shutil.copytree(ROOT / "scenarios", folder / "scenarios")
    processes = ("-p", workers[1]) if workers else ()
    told = read(process("test", "scenarios", *processes, "-f", "json", timeout_s=600))
    assert told.code == 0
    assert_alike(told, by_pytest("scenarios", *workers))


if VECTORS.is_dir():

    @pytest.mark.parametrize(
        "step", [4, pytest.param(1, marks=pytest.mark.nightly)], ids=["some", "all"]
    )
    def test_both_say_the_same_of_every_vector(folder, by_command, by_pytest, once, step):
        shutil.copytree(VECTORS, folder / "vectors")
        files = sorted(str(file) for file in Path("vectors").glob("*.tvc.yaml"))[::step]
        told = by_command(*files)
        assert len(once["run_case"]) == len(told.outcomes) > 50
        assert_alike(told, by_pytest(*files))
        assert told.code == 0


# Selecting, and what pytest remembers


@pytest.mark.usefixtures("odd")
def test_every_id_selects_its_case_alone(by_command, by_pytest):
    listed = list(by_command("ids.tvc.yaml").outcomes)
    assert len(listed) == len(VALUES)
    assert by_pytest(*listed).order == listed
    for name in [name for name in listed if re.search(r"日本|::y|a\[b|\\n", name)]:
        assert by_pytest(name).order == [name]
        assert by_command("ids.tvc.yaml", "--id", name).order == [name]


@pytest.mark.usefixtures("odd")
def test_values_beyond_ascii_stand_in_ids_as_in_the_file(by_command, by_pytest):
    ids = [f"ids.tvc.yaml::odd[who={value},life=" for value in ("José", "日本", "हिन्दी", "e\u0301")]
    names = list(by_command("ids.tvc.yaml").outcomes)
    for start in ids:
        assert len([name for name in names if name.startswith(start)]) == 1
    assert 'ids.tvc.yaml::odd[who="😀 x",life=1h]' in names
    for word in ("josé", "日本", "हिन्दी", "😀"):
        told = by_command(".", "-k", word)
        assert len(told.outcomes) == 1
    for word in ("josé", "日本"):  # of others pytest reads no word
        assert list(by_pytest("-k", word).outcomes) == list(by_command(".", "-k", word).outcomes)


def test_the_junit_report_of_pytest_names_cases_as_ours_does(odd, call, by_pytest):
    by_pytest("ids.tvc.yaml", "--junitxml", "theirs.xml")
    call("test", "ids.tvc.yaml", "-f", "junit:ours.xml")
    ours, theirs = (
        [case.get("name") for case in ET.parse(odd / name).iter("testcase")]
        for name in ("ours.xml", "theirs.xml")
    )
    assert ours == theirs


@pytest.mark.usefixtures("odd")
def test_each_case_can_be_deselected_by_its_id(by_pytest):
    names = by_pytest("ids.tvc.yaml").order
    left_out = names[::2]
    words = [word for name in left_out for word in ("--deselect", name)]
    assert by_pytest("ids.tvc.yaml", *words).order == names[1::2]


REMEMBERING = ("-p", "cacheprovider", "-p", "stepwise", "--tb=no")


def test_what_failed_is_run_again_and_nothing_else(odd, by_pytest):
    for name in ("studies.tvc.yaml", "linked.tvc.yaml", "ü/ü.tvc.yaml", "a b#é%.tvc.yaml"):
        (odd / name).unlink()
    first = by_pytest(*REMEMBERING)
    failed = {name for name, (_, word) in first.outcomes.items() if word == "failed"}
    assert len({name.partition("::")[0] for name in failed}) == len(NAMES)
    again = by_pytest(*REMEMBERING, "--lf")
    assert set(again.outcomes) == failed
    ordered = by_pytest(*REMEMBERING, "--ff").order
    assert set(ordered[: len(failed)]) == failed
    assert len(ordered) == len(first.order)


def test_what_failed_in_files_outside_the_root_is_run_again(odd, by_pytest):
    (odd / "studies.tvc.yaml").unlink()
    root = odd / "root"
    root.mkdir()
    (root / "in.tvc.yaml").write_text(FATES)
    words = ("in.tvc.yaml", odd / "fates.tvc.yaml", odd / "ü", *REMEMBERING)
    first = by_pytest(*words, cwd=root)
    assert len(first.outcomes) == 3 * FATES.count("- {id")
    failed = {name for name, (_, word) in first.outcomes.items() if word == "failed"}
    assert set(by_pytest(*words, "--lf", cwd=root).outcomes) == failed


def test_what_is_new_is_run_first(odd, by_pytest):
    for file in odd.glob("*.tvc.*"):
        if file.name != "ids.tvc.yaml":
            file.unlink()
    before = by_pytest("ids.tvc.yaml", *REMEMBERING).order
    more = IDS.replace("    cases:\n", "    cases:\n      - {who: new, life: 1h}\n")
    text = f"  - {{id: last, timeline: [{GENERATE}]}}\n"
    (odd / "ids.tvc.yaml").write_text(more + text, encoding="utf-8")
    after = by_pytest("ids.tvc.yaml", *REMEMBERING, "--nf").order
    new = ["ids.tvc.yaml::odd[who=new,life=1h]", "ids.tvc.yaml::last"]
    assert after == new + before


if CASES.is_dir():

    def test_the_reported_case_that_failed_is_found_again(folder, by_pytest):
        file = folder / "lastfailed.tvc.yaml"
        text = (CASES / file.name).read_text(encoding="utf-8")
        file.write_text(text, encoding="utf-8")
        assert by_pytest(*REMEMBERING, file).code == 1
        file.write_text(text.replace("lifetime: 30m", "lifetime: 1h"), encoding="utf-8")
        failing = f"{file.name}::life[life=25h]"
        others = [f"{file.name}::life[life={life}]" for life in ("1h", "24h")]
        mended = f"{file.name}::plain-fails"
        for option, order in (
            ("--lf", [failing, mended]),
            ("--ff", [failing, *others, mended]),
            ("--sw", [*others, failing]),  # notes where it stopped,
            ("--sw", [failing]),  # and goes on from there
            ("--nf", [*others, failing, mended]),
        ):
            seen = by_pytest(*REMEMBERING, option, file)
            assert seen.order == order, option
            assert seen.outcomes[failing] == ("failed", "failed")
            assert seen.code == 1
