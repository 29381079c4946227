"""Coverage counts what was tried of the law, exactly, and changes nothing else."""

import html.parser
import json
import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from tvc.authority.decide import COMPARISONS, LAW
from tvc.authority.policy import Policy, find_knob
from tvc.files.documents import parse_document
from tvc.files.scenarios import read_scenarios
from tvc.harness.formats import FORMATS
from tvc.harness.judge import run_case
from tvc.harness.outcomes import Concern, SuiteResult
from tvc.harness.runner import run_guarded
from tvc.harness.writing import BadOutput
from tvc.workbench.coverage.collecting import units_covered
from tvc.workbench.coverage.measuring import Coverage, Share, measure
from tvc.workbench.coverage.report import CoverageReport, check_files, render_html
from tvc.workbench.coverage.units import Group, Unit, units_of
from tvc.workbench.recipes import recipe_of
from tvc.workbench.recipes.refusals import reason_recipe
from tvc.workbench.recipes.thresholds import THRESHOLDS
from tvc.workbench.schemas import SCHEMAS

UNITS = units_of()
GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"


def cases_of(text, file="x.tvc.yaml"):
    return read_scenarios(parse_document(text, file), Path(file)).cases


def covered(*steps, **knobs):
    """What one timeline covers, with knobs set; two underscores stand for a dot."""
    changes = ", ".join(f"{key.replace('__', '.')}: {value}" for key, value in knobs.items())
    text = (
        f"tvc: 1\npolicies: {{mine: {{extends: salesforce, set: {{{changes}}}}}}}\n"
        "people: {sam: {role: admin}, kim: {role: admin}, ana: {}, bob: {}}\n"
        "clocks: {slow: {offset: -90s}}\n"
        "scenarios:\n  - id: x\n    policy: mine\n    timeline:\n"
    ) + "".join(f"      - {step}\n" for step in steps)
    (case,) = cases_of(text)
    return units_covered(run_case(case).run)


def thresholds(*steps, **knobs):
    return {unit for unit in covered(*steps, **knobs) if unit.startswith("threshold:")}


# What there is to cover


def test_each_unit_has_an_id_of_its_own():
    assert len({unit.id for unit in UNITS}) == len(UNITS)


def test_each_rule_has_the_outcomes_that_it_can_have():
    rules = [unit.id for unit in UNITS if unit.group is Group.RULES]
    for rule in LAW.all_rules():
        outcomes = {id_.rpartition(":")[2] for id_ in rules if id_.split(":")[1] == rule.id}
        if rule.id == "reveal.never":
            assert outcomes == {"refused"}
        elif rule.refuses:
            assert outcomes == {"passed", "refused"}
        else:
            assert outcomes == {"passed", "allowed"}


def test_every_reason_of_every_rule_is_a_unit():
    reasons = {unit.id for unit in UNITS if unit.group is Group.REASONS}
    wanted = {f"reason:{rule.id}:{reason}" for rule in LAW.all_rules() for reason in rule.refuses}
    assert reasons == wanted


def test_a_law_without_a_rule_has_no_units_of_it():
    assert not [
        unit for unit in units_of(LAW.without("generate.rate")) if "generate.rate" in unit.id
    ]


@cache
def told(unit: Unit):
    return run_case(cases_of(recipe_of(unit.id).as_file())[0])


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_what_a_report_says_to_write_covers_what_is_missing(unit):
    assert unit.id in units_covered(told(unit).run)


@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.id)
def test_what_a_report_says_to_write_expects_what_comes(unit):
    stated = [step for step in told(unit).steps if step.taken.step.stated]
    assert all(step.ok for step in stated)


CHOOSING = [rule for rule in LAW.all_rules() if len(rule.refuses) == 1 and rule.id not in {
    # These ask for more than one choice.
    "generate.rate", "step_up.assurance",
}]  # fmt: skip


@pytest.mark.parametrize("rule", CHOOSING, ids=lambda rule: rule.id)
def test_a_rule_that_a_choice_turns_on_says_which(rule):
    recipe = reason_recipe(rule.id, rule.refuses[0])
    chosen = [(key, word) for key, word in recipe.knobs.items() if find_knob(key).kind == "choice"]
    assert chosen == [rule.asks_if] or (
        not chosen and (rule.asks_if is None or rule.is_on(Policy()))
    )


@pytest.mark.parametrize(
    "rule", [rule for rule in LAW.all_rules() if rule.asks_if], ids=lambda rule: rule.id
)
def test_a_rule_never_refuses_without_the_choice_that_turns_it_on(rule):
    key, value = rule.asks_if
    recipe = reason_recipe(rule.id, rule.refuses[0])
    for other in find_knob(key).choices:
        (case,) = cases_of(recipe.under(**{key: other}).as_file())
        refused_by = run_case(case).run.taken[-1].decision.rule
        assert (refused_by == rule.id) == (other == value)


# What counts as covered


def test_a_rule_that_passes_is_not_one_that_refuses():
    found = covered("{at: 0s, do: use, by: sam}")
    assert found == {"rule:use.session:passed"}


def test_rules_behind_the_one_that_refuses_are_not_met():
    found = covered("{at: 0s, do: generate, by: ana, for: bob, lifetime: 1h}")
    assert found == {"rule:generate.session:refused", "reason:generate.session:not_signed_in"}


@pytest.mark.parametrize(
    ("at", "side"),
    [("59m59s999ms", "below"), ("1h", "at"), ("1h1ms", "above"), ("1h2ms", None), ("59m", None)],
)
def test_a_side_of_a_threshold_is_one_tick_and_no_more(at, side):
    found = thresholds(GENERATE, f"{{at: {at}, do: sign_in, by: ana, code: c1}}")
    sides = {unit.rpartition(":")[2] for unit in found if "code.live" in unit}
    assert sides == ({side} if side else set())


def test_a_leeway_is_probed_only_where_there_is_one():
    step = "{at: 1h, do: sign_in, by: ana, code: c1}"
    assert "threshold:clock.leeway:at" not in thresholds(GENERATE, step)
    step = "{at: 1h1s, do: sign_in, by: ana, code: c1}"
    assert "threshold:clock.leeway:at" in thresholds(GENERATE, step, clock__leeway="1s")


@pytest.mark.parametrize("window", ["rolling", "clock_hour", "bucket"])
def test_the_wait_that_a_refusal_computes_is_no_probe_of_the_edge(window):
    again = "{at: 10m, do: generate, by: sam, for: ana, lifetime: 1h}"
    knobs = {"rates__subject__limit": "1", "rates__subject__window": window}
    found = thresholds(GENERATE, again, code__on_live="replace", **knobs)
    assert not [unit for unit in found if unit.startswith(("threshold:rates.", "threshold:code.l"))
                and not unit.startswith(f"threshold:rates.{window}.limit")]  # fmt: skip


def test_each_of_several_limits_is_told_by_its_own_window():
    again = "{at: 10m, do: generate, by: sam, for: ana, lifetime: 1h}"
    found = thresholds(
        GENERATE,
        again,
        code__on_live="replace",
        rates__desk__limit="1",
        rates__desk__per="10m",
        rates__desk__window="clock_hour",
        rates__desk__scope="issuer",
    )
    assert "threshold:rates.clock_hour.per:at" in found
    assert "threshold:rates.clock_hour.limit:below" in found
    assert not [unit for unit in found if "rolling.limit" in unit]


def test_the_ends_of_a_session_are_told_apart():
    knobs = {"session__max": "1h", "session__idle": "30m"}
    steps = ["{at: 20m, do: use, by: sam}", "{at: 49m59s999ms, do: use, by: sam}"]
    assert thresholds(*steps, **knobs) == {"threshold:session.idle:below"}
    steps = [f"{{at: {at}, do: use, by: sam}}" for at in ("29m", "58m", "1h")]
    assert thresholds(*steps, **knobs) == {"threshold:session.max:at"}


def test_the_step_of_lifetimes_is_probed_only_between_their_limits():
    short = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1ms}"
    assert not [unit for unit in thresholds(short) if "lifetime.step" in unit]


def test_a_knob_off_its_default_that_nothing_looks_at_is_not_covered():
    knobs = {"lockout__for": "30m", "code__length": "8"}
    assert not [unit for unit in covered("{at: 0s, do: use, by: sam}", **knobs) if "knob" in unit]


def test_a_knob_at_its_default_is_not_covered():
    assert not [unit for unit in covered(GENERATE) if unit.startswith("knob:")]


def test_a_code_that_another_node_still_reads_as_live_moves_back():
    steps = [
        GENERATE,
        "{at: 1h, do: sign_in, by: ana, code: c1}",
        "{at: 1h, do: sign_in, by: ana, code: c1, node: slow}",
    ]
    assert "edge:lapsed->live:clock" in covered(*steps)
    assert "edge:lapsed->live:clock" not in covered(*steps[:2])


def test_a_law_that_compares_otherwise_is_measured_by_its_own_comparisons():
    law = replace(LAW, comparisons={**COMPARISONS, "code.live": lambda left, right: left <= right})
    text = recipe_of("threshold:code.live:at").as_file()
    run = run_case(cases_of(text)[0], law).run
    assert "rule:sign_in.code:passed" in units_covered(run, law)
    assert "reason:sign_in.code:code_expired" in units_covered(run, LAW)


# Measuring a suite

HEAD = "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\nscenarios:\n"
PASSING = f"{HEAD}  - id: a\n    timeline: [{GENERATE}]\n"
USE = "{at: 0s, do: use, by: sam, expect: {deny: not_signed_in}}"
WRONG = f"{HEAD}  - id: a\n    timeline: [{USE}]\n"
SKIPPED = f"{HEAD}  - id: a\n    skip: later\n    timeline: [{GENERATE}]\n"


def suite_of(**files):
    return SuiteResult(
        tuple(
            run_guarded(case)
            for name, text in files.items()
            for case in cases_of(text, f"{name}.tvc.yaml")
        )
    )


def test_a_suite_covers_what_its_files_cover_together():
    coverage = measure(suite_of(one=PASSING, other=WRONG))
    assert list(coverage.files) == ["one.tvc.yaml", "other.tvc.yaml"]
    assert coverage.covered == coverage.files["one.tvc.yaml"] | coverage.files["other.tvc.yaml"]
    assert coverage.cases == {"one.tvc.yaml": 1, "other.tvc.yaml": 1}


def test_a_case_that_failed_was_tried_and_one_that_was_skipped_was_not():
    coverage = measure(suite_of(one=WRONG, other=SKIPPED))
    assert coverage.covered == {"rule:use.session:passed"}
    assert coverage.cases["other.tvc.yaml"] == 0


def test_measuring_leaves_the_results_as_they_are():
    suite = suite_of(one=PASSING)
    before = suite.results[0].run.trace.rebuilt()
    measure(suite)
    assert suite.results[0].run.trace.rebuilt() == before
    assert suite.results[0].run.trace.initial != before


def test_generated_steps_cover_nothing():
    auto = PASSING.replace("    timeline", "    boundaries: auto\n    timeline")
    suite = suite_of(one=auto)
    assert suite.results[0].generated
    assert measure(suite).covered == measure(suite_of(one=PASSING)).covered


def test_percent_is_never_rounded_up_to_all():
    assert Share(9_999, 10_000).percent == 99.9
    assert Share(0, 0).percent == 100.0


def test_the_gate_goes_by_the_exact_share():
    units = tuple(Unit(f"rule:r:{number}", Group.RULES, "x") for number in range(3))
    coverage = Coverage(units, {"f": frozenset({"rule:r:0", "rule:r:1"})}, {"f": 1}, True)
    assert coverage.reaches(66.6)
    assert not coverage.reaches(66.7)


# Reports


@pytest.fixture(scope="module")
def coverage():
    return measure(suite_of(one=PASSING, other=WRONG))


def test_people_read_each_group_and_what_to_write(coverage):
    text = FORMATS["pretty"](CoverageReport(coverage))
    assert [line.split()[0] for line in text.splitlines()[1:7]] == [*Group, "all"]
    for unit in coverage.missing:
        assert f"  {unit.id}  (" in text
    assert "      - {at: 59m59s999ms, do: sign_in, by: ana, code: c1}\n" in text
    assert "      set: {clock.leeway: 1m}\n" in text


def test_the_json_report_fits_its_schema(coverage):
    schema = SCHEMAS["coverage"]()
    Draft202012Validator.check_schema(schema)
    empty = measure(SuiteResult())
    for shown in (coverage, empty, replace(empty, complete=False)):
        Draft202012Validator(schema).validate(json.loads(FORMATS["json"](CoverageReport(shown))))


def test_every_object_of_the_schema_is_closed_and_wants_all_its_keys():
    schema = SCHEMAS["coverage"]()
    objects = [schema, schema["properties"]["groups"]]
    objects += [schema["$defs"][name] for name in ("share", "file", "missing")]
    for part in objects:
        assert part["additionalProperties"] is False
        assert part["required"] == list(part["properties"])


def test_the_json_report_says_what_each_file_covers(coverage):
    report = json.loads(FORMATS["json"](CoverageReport(coverage)))
    ids = {one["file"]: set(one["covered"]) for one in report["files"]}
    assert ids == {file: set(units) for file, units in coverage.files.items()}
    assert report["total"]["covered"] + len(report["missing"]) == report["total"]["total"]


class _Page(html.parser.HTMLParser):
    def __init__(self):
        super().__init__()
        self.tags, self.text = [], []

    def handle_starttag(self, tag, attrs):
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data):
        self.text.append(data)


def test_the_page_needs_no_script_and_no_other_file(coverage):
    page = _Page()
    page.feed(render_html(CoverageReport(coverage)))
    assert not {"script", "link", "img", "iframe"} & {tag for tag, _ in page.tags}
    assert not [attrs for _, attrs in page.tags if {"src", "href"} & set(attrs)]


def test_the_page_says_in_words_what_is_missing(coverage):
    page = _Page()
    page.feed(render_html(CoverageReport(coverage)))
    assert page.text.count("missing") == len(coverage.missing)
    assert set(page.text) >= {unit.id for unit in coverage.units}


def test_a_hostile_name_stays_text_on_the_page():
    odd = replace(measure(SuiteResult()), files={"<b>\x1b": frozenset()}, cases={"<b>\x1b": 0})
    assert "<b>" not in render_html(CoverageReport(odd))
    assert "\x1b" not in render_html(CoverageReport(odd)) + FORMATS["pretty"](CoverageReport(odd))


def test_reports_are_the_same_each_time(coverage):
    again = measure(suite_of(one=PASSING, other=WRONG))
    for render in (FORMATS["pretty"], FORMATS["json"], render_html):
        assert render(CoverageReport(again)) == render(CoverageReport(coverage))


# The command


@pytest.mark.parametrize("name", ["passing", "failing", "inconclusive", "skipped", "xpassed"])
@pytest.mark.parametrize("format_", ["pretty", "json"])
def test_coverage_is_a_report_more_and_changes_nothing_else(name, format_, write, call):
    write(a=name)
    plain = call("test", "a.tvc.yaml", "-f", format_)
    measured = call("test", "a.tvc.yaml", "-f", format_, "--coverage", "--coverage=c.json")
    assert (measured.code, measured.out) == (plain.code, plain.out)
    assert measured.err.startswith(plain.err)
    assert measured.err[len(plain.err) :].startswith("coverage of the law: ")


def test_a_file_alone_asks_for_the_table_too(write, call):
    folder = write(a="passing")
    ran = call("test", "a.tvc.yaml", "--coverage=c.json", "--coverage=c.html")
    assert ran.code == 0
    assert "coverage of the law: 3 cases in 1 file\n" in ran.err
    assert json.loads((folder / "c.json").read_text("utf-8"))["schema"] == "tvc.coverage/1"
    assert (folder / "c.html").read_text("utf-8").startswith("<!DOCTYPE html>")


def test_words_behind_two_dashes_are_paths(write, call):
    folder = write(a="passing")
    odd = "--coverage=c.json.tvc.yaml"
    (folder / "a.tvc.yaml").rename(folder / odd)
    ran = call("test", "--", odd)
    assert (ran.code, ran.err) == (0, "")


@pytest.mark.parametrize(("minimum", "code"), [("0", 0), ("5.5", 0), ("99", 7), ("100", 7)])
def test_a_missed_gate_is_exit_7(minimum, code, write, call):
    write(a="passing")
    ran = call("test", "a.tvc.yaml", "--min-coverage", minimum)
    assert ran.code == code
    assert "coverage of the law" in ran.err
    assert ran.err.endswith(f"tvc: coverage is below --min-coverage {minimum}\n") is (code == 7)


@pytest.mark.parametrize(
    ("name", "code"), [("failing", 1), ("inconclusive", 6), ("invalid", 4), ("skipped", 7)]
)
def test_a_missed_gate_gives_way_to_what_is_worse(name, code, write, call):
    write(a=name)
    assert call("test", "a.tvc.yaml", "--min-coverage", "100").code == code


def test_nothing_is_measured_where_a_file_is_invalid(write, call):
    folder = write(a="invalid")
    ran = call("test", "a.tvc.yaml", "--coverage=c.json")
    assert ran.code == 4
    assert "coverage" not in ran.err
    assert not (folder / "c.json").exists()


@pytest.mark.parametrize(
    "words",
    [
        ["--coverage=c.txt"],
        ["--coverage="],
        ["--coverage=nowhere/c.json"],
        ["--coverage=c.json", "--coverage=c.json"],
        ["-f", "json:c.json", "--coverage=c.json"],
        ["--min-coverage", "101"],
        ["--min-coverage", "-1"],
        ["--collect-only", "--coverage"],
        ["--collect-only", "--min-coverage", "1"],
    ],
)
def test_what_cannot_be_served_is_refused_before_anything_runs(words, write, call):
    folder = write(a="passing")
    ran = call("test", "a.tvc.yaml", *words)
    assert (ran.code, ran.out) == (4, "")
    assert ran.err
    assert not (folder / "c.json").exists()


def test_a_name_says_the_format_in_any_case():
    assert check_files(["C.HTML"]) == (Path("C.HTML"),)
    with pytest.raises(BadOutput):
        check_files(["c"])


def test_processes_measure_what_one_process_does(write, call):
    folder = write(a="passing", b="failing")
    call("test", ".", "--coverage=one.json")
    call("test", ".", "-p", "2", "--coverage=two.json")
    assert (folder / "one.json").read_bytes() == (folder / "two.json").read_bytes()


def test_only_the_selected_cases_count(write, call):
    folder = write(a="passing")
    call("test", "a.tvc.yaml", "-t", "quick", "--coverage=c.json")
    (file,) = json.loads((folder / "c.json").read_text("utf-8"))["files"]
    assert file["cases"] == 1


def test_every_threshold_is_a_knob_or_a_part_of_one():
    keys = {unit.id.removeprefix("knob:") for unit in UNITS if unit.group is Group.KNOBS}
    for threshold in THRESHOLDS:
        name = re.sub(r"^rates\.(rolling|clock_hour|bucket)\.", "rates.", threshold.name)
        known = {name, f"{name}.standard"} & keys
        assert known or threshold.name in ("code.live", "rates.bucket.token")


def test_no_unit_is_covered_that_does_not_exist(coverage):
    assert coverage.covered <= {unit.id for unit in UNITS}
    assert Concern.INTERNAL not in {
        failure.concern for unit in UNITS for failure in told(unit).failures
    }
