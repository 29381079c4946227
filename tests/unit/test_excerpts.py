import shlex
import subprocess
import unicodedata
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority.authority import Instant, Record
from tvc.authority.context import Event
from tvc.files.scenarios import load_scenarios
from tvc.harness.excerpts import excerpt, failure_block, last_records, record_line, rerun_command
from tvc.harness.judge import run_case
from tvc.harness.outcomes import CaseResult, Concern, Failure, Outcome

SCENARIOS = """\
tvc: 1
people:
  sam: {role: admin}
  ana: {role: user}
  mallory: {role: outsider, knows: [ana]}
clocks:
  west: {offset: -90s}
scenarios:
  - id: outranked
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 10m, do: sign_in, by: ana, with: authenticator}
      - {at: 20m, node: west, do: sign_in, by: ana, code: c1}
      - {at: 2h, do: sign_in, by: ana, with: authenticator}
  - id: lapses
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 2h, do: status, by: sam, for: ana}
  - id: enters
    invariants: [outsiders_stay_out, outsiders_issue_nothing]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 1m, do: status, by: sam, for: ana}
      - {at: 10m, do: sign_in, by: mallory, for: ana, code: c1}
    audit:
      events: [{type: sign_in.allowed}, {type: generate.allowed}]
"""


@pytest.fixture
def results(tmp_path, monkeypatch) -> dict[str, CaseResult]:
    monkeypatch.chdir(tmp_path)
    Path("a.tvc.yaml").write_text(SCENARIOS, encoding="utf-8")
    return {case.id: run_case(case) for case in load_scenarios(Path("a.tvc.yaml"), {}).cases}


def block(result: CaseResult, concern: Concern) -> list[str]:
    failure = next(one for one in result.failures if one.concern is concern)
    return failure_block(result, failure, SCENARIOS.splitlines())


# Excerpts


def test_an_excerpt_shows_the_lines_around_and_a_caret_below_the_column():
    assert excerpt(["a: 1", "bb: x", "c: 3", "d: 4"], 2, 5) == [
        "  1 | a: 1",
        "  2 | bb: x",
        "    |     ^",
        "  3 | c: 3",
    ]


def test_line_numbers_of_different_lengths_are_aligned():
    shown = excerpt(["x"] * 10, 9, 1)
    assert shown == ["   8 | x", "   9 | x", "     | ^", "  10 | x"]


def test_a_line_of_a_file_gives_no_orders_to_a_ci_server_and_the_caret_stays_below():
    assert excerpt(["a: b  # ##vso[task.complete]", "::error::x: 1"], 1, 4) == [
        "  1 | a: b  # \\x23#vso[task.complete]",
        "    |    ^",
        "  2 | \\x3a:error::x: 1",
    ]


@pytest.mark.parametrize("line", [0, 3, 99])
def test_a_line_that_the_file_does_not_have_gives_no_excerpt(line):
    assert excerpt(["a", "b"], line, 1) == []


def test_a_column_behind_the_end_of_its_line_is_shown_at_the_end():
    assert excerpt(["abc"], 1, 99) == ["  1 | abc", "    |    ^"]
    assert excerpt(["x" * 500], 1, 999, width=20)[1].index("^") <= len("  1 | ") + 20


def test_a_long_line_is_cut_on_both_sides_around_the_caret():
    line = "a" * 200 + "HERE" + "b" * 200
    shown, caret = excerpt([line], 1, 201, width=40)
    text = shown.removeprefix("  1 | ")
    assert text.startswith("...a")
    assert text.endswith("b...")
    assert len(text) <= 40
    assert shown[caret.index("^") :].startswith("HERE")


def test_a_line_of_megabytes_is_cut_to_the_same_width():
    shown, caret = excerpt(["x" * 4_000_000 + "y" + "x" * 4_000_000], 1, 4_000_001, width=60)
    assert len(shown) <= len("  1 | ") + 60
    assert shown[caret.index("^")] == "y"


def test_control_characters_cannot_reach_a_terminal():
    shown = excerpt(["a\x1b[2J\u202e: 1", "b\r"], 1, 1)
    assert all(line.isprintable() for line in shown)
    assert "\\x1b[2J\\u202e" in shown[0]


def columns(text: str) -> int:
    widths = {"W": 2, "F": 2}
    return sum(
        0 if unicodedata.combining(char) else widths.get(unicodedata.east_asian_width(char), 1)
        for char in text
    )


@given(
    line=st.text(st.sampled_from("ab:{,} \té漢字\uff21\u0301\x00\x1b\u202e\ud800"), max_size=200),
    place=st.integers(min_value=0),
    width=st.integers(min_value=30, max_value=120),
)
def test_the_caret_stands_below_its_character_whatever_the_line_holds(line, place, width):
    column = place % (len(line) + 1) + 1
    shown, caret = excerpt([line], 1, column, before=0, after=0, width=width)
    offset = caret.index("^")
    target = line[column - 1 : column]
    wanted = "" if not target.strip() else target if target.isprintable() else "\\"
    starts = [end for end in range(len(shown) + 1) if columns(shown[:end]) == offset]
    # What would give orders to a CI server is escaped, too.
    forms = (wanted, "\\x") if target in (":", "#") else (wanted,)
    assert any(shown[end:].startswith(forms) for end in starts) or not wanted
    assert columns(shown) <= len("  1 | ") + width
    assert shown.isprintable()


# Records


def test_a_record_tells_true_time_type_and_who_and_why(results):
    records = results["outranked"].run.trace.records
    assert record_line(records[0]) == "0s  generate.allowed  by=sam subject=ana code=ana#1"
    assert record_line(records[1]) == (
        "10m  sign_in.denied  by=ana subject=ana reason=superseded_by_code method=authenticator"
    )


def test_a_record_tells_what_a_skewed_clock_read(results):
    record = results["outranked"].run.trace.records[2]
    assert record_line(record).startswith("20m (west reads 18m30s)  sign_in.allowed")


def test_a_record_of_what_was_brought_about_tells_its_cause():
    ended = Event("session.ended", "ana", cause="idle", person="mallory")
    record = Record(0, "session.ended", Instant.of(5), None, None, ended, ())
    assert record_line(record) == "5ms  session.ended  subject=ana cause=idle person=mallory"


def test_the_last_records_end_with_those_of_the_step(results):
    run = results["outranked"].run
    assert [one.seq for one in last_records(run, 2)] == [0, 1, 2]
    assert [one.seq for one in last_records(run, 2, count=2)] == [1, 2]
    assert last_records(run, 2, count=0) == ()


def test_the_last_records_of_a_whole_case_include_the_lapses_found_at_its_end(results):
    run = results["lapses"].run
    assert [one.type for one in last_records(run, None)][-1] == "code.ended"
    assert [one.type for one in last_records(run, 1)][-1] == "status.allowed"


# Failures


def test_a_step_failure_shows_place_excerpt_both_sides_records_and_rerun(results):
    assert block(results["outranked"], Concern.STEP) == [
        "a.tvc.yaml:12:9: step 2, sign_in at 10m, is not as expected",
        "  11 |       - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}",
        "  12 |       - {at: 10m, do: sign_in, by: ana, with: authenticator}",
        "     |         ^",
        "  13 |       - {at: 20m, node: west, do: sign_in, by: ana, code: c1}",
        "  expected: allow",
        "  got:      {deny: superseded_by_code, rule: sign_in.precedence}",
        "  last records:",
        "    0s  generate.allowed  by=sam subject=ana code=ana#1",
        "    10m  sign_in.denied  by=ana subject=ana reason=superseded_by_code "
        "method=authenticator",
        "  rerun: tvc test a.tvc.yaml --id a.tvc.yaml::outranked",
    ]


def test_an_invariant_failure_shows_the_steps_that_break_it_and_no_others(results):
    result = results["enters"]
    broken = next(one for one in result.invariants if not one.holds)
    widened = replace(broken, steps=(0, 2))
    shown = block(replace(result, invariants=(widened,)), Concern.INVARIANT)
    start = shown.index("  steps that show it:")
    assert shown[start + 1 : start + 3] == [
        "    step 1 (line 22): 0s  generate.allowed  by=sam subject=ana code=ana#1",
        "    step 3 (line 24): 10m  sign_in.allowed  by=mallory subject=ana code=ana#1",
    ]
    assert shown[start + 3] == "  last records:"


def test_an_audit_failure_says_its_message_at_its_line(results):
    shown = block(results["enters"], Concern.AUDIT)
    assert shown[0].startswith("a.tvc.yaml:26:41: audit has no {type: generate.allowed} after")
    assert shown[2].startswith("  26 |       events: [{type: sign_in.allowed}, {type: gen")


def test_a_failure_of_a_case_that_did_not_run_shows_no_records():
    failure = Failure(Concern.NOT_RUNNABLE, "cannot run", 1, 1)
    result = CaseResult("a::b", "a", 1, 1, Outcome.INCONCLUSIVE, (), "d", 0, failures=(failure,))
    assert failure_block(result, failure, []) == [
        "a:1:1: cannot run",
        "  rerun: tvc test a --id a::b",
    ]


def test_what_a_file_brought_along_cannot_forge_lines(results):
    failure = Failure(Concern.AUDIT, "no\nsuch\x1b[2J", 1, 1, None, "a\rb", "c\x85d")
    hostile = replace(results["enters"], name="a\n::b", file="a\n")
    for line in failure_block(hostile, failure, ["tvc\x00"], {"p\n": "f\x1b"}):
        assert line.isprintable()


# Rerun commands


def named(name: str, file: str, seed: int = 0) -> CaseResult:
    return CaseResult(name, file, 1, 1, Outcome.FAILED, (), "d", seed)


def test_a_rerun_command_names_the_case_so_that_a_shell_takes_it_whole():
    command = rerun_command(named("my $file::id[life=4h,x=it's]", "my $file"), {})
    assert shlex.split(command) == [
        "tvc", "test", "my $file", "--id", "my $file::id[life=4h,x=it's]"
    ]  # fmt: skip


def test_a_rerun_command_repeats_seed_and_policies_in_a_stable_order():
    result = named("a::b", "a", seed=7)
    assert rerun_command(result, {"s": "x y", "a": "b"}) == (
        "tvc test a --id a::b --seed 7 --policy a=b --policy 's=x y'"
    )


def test_a_file_named_like_an_option_stays_a_file():
    words = shlex.split(rerun_command(named("-x::b", "-x"), {}))
    assert words == ["tvc", "test", "--id", "-x::b", "--", "-x"]


def test_a_name_with_control_characters_is_shown_on_one_line_and_still_read_right():
    name = "a\n'b'\\n\t\x1b::c"
    command = rerun_command(named(name, "a"), {})
    assert command.isprintable()
    read = subprocess.run(
        ["bash", "-c", command.replace("tvc test a --id", "printf %s", 1)],
        capture_output=True,
        check=True,
    )
    assert read.stdout.decode() == name
