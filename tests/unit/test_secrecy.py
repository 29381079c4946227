"""No code that was drawn stands in anything that is printed, written, raised, logged or pickled."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

import copy
import json
import logging
import pickle
import re
import traceback
from dataclasses import replace
from pathlib import Path

import pytest

from tvc import timeline as driver
from tvc.authority.authority import Authority, Instant
from tvc.authority.context import Context
from tvc.authority.decide import LAW
from tvc.authority.policy import ALPHABETS
from tvc.authority.requests import request
from tvc.authority.secrets import KeyedCodes, Secret
from tvc.authority.state import State
from tvc.files.scenarios import load_scenarios
from tvc.harness.examine import examine
from tvc.harness.explain import explain
from tvc.harness.formats import FORMATS
from tvc.harness.outcomes import Outcome, SuiteResult
from tvc.harness.runner import run_guarded
from tvc.harness.suite_report import SuiteReport
from tvc.trace.rows import row_of

LENGTH = 20
TEXT = f"""\
tvc: 1
tags: [secret]
policies:
  long: {{set: {{code.length: {LENGTH}, code.alphabet: letters, code.on_live: replace, notify: [generate, sign_in]}}}}
people:
  sam: {{role: admin}}
  ana: {{}}
  mallory: {{role: outsider, knows: [ana]}}
clocks:
  slow: {{offset: -2h}}
scenarios:
  - id: passes
    policy: long
    timeline:
      - &generate {{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}}
      - {{at: 5m, do: sign_in, by: ana, code: c1}}
      - {{at: 6m, do: step_up, by: ana, code: c1}}
      - {{at: 7m, do: generate, by: sam, for: ana, lifetime: 1h, save: c2}}
      - {{at: 8m, do: sign_in, by: ana, code: c1, expect: {{deny: code_replaced}}}}
      - {{at: 9m, do: reveal, by: sam, for: ana, expect: {{deny: code_not_viewable}}}}
      - {{at: 9m, do: status, by: sam, for: ana}}
      - {{at: 2h, do: sign_in, by: ana, code: c2, expect: {{deny: code_expired}}}}
  - id: fails
    policy: long
    timeline:
      - *generate
      - {{at: 5m, do: sign_in, by: ana, code: wrong}}
      - {{at: 5m, do: sign_in, by: ana, code: c1, expect: {{deny: wrong_code}}}}
      - {{at: 2h, do: sign_in, by: ana, code: c1}}
    audit: {{match: exactly, events: [{{type: generate.allowed, code: c1}}], never: [{{type: sign_in.allowed, code: c1}}]}}
  - id: known-to-fail
    policy: long
    xfail: the desk knows
    timeline:
      - *generate
      - {{at: 5m, do: sign_in, by: ana, code: c1, expect: {{deny: wrong_code}}}}
  - id: breaks-an-invariant
    policy: long
    invariants: [outsiders_stay_out, no_use_after_expiry]
    timeline:
      - *generate
      - {{at: 5m, do: sign_in, by: mallory, for: ana, code: c1}}
      - {{at: 1h30m, do: sign_in, by: ana, code: c1, node: slow}}
"""
_CODE = re.compile(rf"[A-Z]{{{LENGTH}}}")


@pytest.fixture
def drawn(monkeypatch):
    """Every code that is drawn, by whomever, in this process."""
    found = set()

    class Watched(KeyedCodes):
        __slots__ = ()

        def __call__(self, length, alphabet):
            text = super().__call__(length, alphabet)
            found.add(text)
            return text

    monkeypatch.setattr(driver, "KeyedCodes", Watched)
    return found


def leaks(found, shown):
    """Which of the codes stand in a text or in bytes, however these are spelt."""
    if isinstance(shown, bytes):
        return {
            code for code in found if code.encode() in shown or code.encode("utf-16-le") in shown
        }
    return {code for code in found if code in shown or code.lower() in shown or code[::-1] in shown}


@pytest.fixture
def cases(folder):
    """The cases, as the command names them in their folder."""
    (folder / "secret.tvc.yaml").write_text(TEXT)
    return load_scenarios("secret.tvc.yaml").cases


@pytest.fixture
def results(cases, drawn):
    """What came of every case, and of one whose law breaks with a code in its message."""
    found = [run_guarded(case) for case in cases]
    assert [one.outcome for one in found] == [
        Outcome.PASSED, Outcome.FAILED, Outcome.XFAILED, Outcome.FAILED,
    ]  # fmt: skip
    assert len(drawn) >= 5
    broken = run_guarded(cases[0], exploding(drawn))
    assert broken.outcome is Outcome.ERROR
    return [*found, broken]


def exploding(drawn):
    """A law whose sign-in breaks with the whole state, and every code so far, in the message."""

    def check(c: Context):
        raise RuntimeError(f"{c.state!r} {c.request!r} {sorted(drawn)}")

    def wrap(rule):
        return replace(rule, check=check) if rule.id == "sign_in.known" else rule

    return LAW.observed(wrap, LAW.comparisons)


def suite_of(results):
    return SuiteResult(tuple(results))


# The controls: what is looked for can be found


def test_the_codes_looked_for_are_those_that_open_the_door(cases, drawn):
    run = driver.play(cases[0])
    assert run.trace.drawn == drawn
    assert all(_CODE.fullmatch(code) for code in drawn)
    assert len(drawn) == 2
    # A second run draws the same: what another process prints can be searched for them.
    assert driver.play(cases[0]).trace.drawn == drawn


def test_a_code_is_found_where_one_stands(drawn, cases):
    driver.play(cases[0])
    code = sorted(drawn)[0]
    secret = Secret(code)
    assert leaks(drawn, f"expected allow, got {secret.show()}") == {code}
    assert leaks(drawn, pickle.dumps({"code": secret.show()})) == {code}
    assert leaks(drawn, repr([code])) == {code}
    assert not leaks(drawn, repr([secret]))


def test_an_invariant_finds_a_code_in_a_record(cases):
    run = driver.play(cases[0])
    (code, *_) = sorted(run.trace.drawn)
    record = run.trace.records[0]
    leaking = record._replace(request=record.request._replace(ticket=f"the code is {code}"))
    from tvc.trace.invariants import secrets_stay_secret

    assert secrets_stay_secret(run.trace) is None
    assert secrets_stay_secret(replace(run.trace, records=(leaking,))) is not None


# Reports


@pytest.mark.parametrize("fmt", FORMATS)
@pytest.mark.parametrize("colour", [False, True])
def test_no_report_shows_a_code(results, drawn, fmt, colour):
    lines = TEXT.splitlines()
    report = SuiteReport(suite_of(results), 0, {}, colour=colour, lines=lambda _: lines)
    shown = FORMATS[fmt](report)
    assert "secret.tvc.yaml" in shown
    assert not leaks(drawn, shown)
    assert not _CODE.search(shown), "nor any other text of that form"


def test_no_explanation_shows_a_code(cases, drawn):
    for case in cases:
        for number in [None, *range(1, len(case.steps) + 1)]:
            shown = "\n".join(explain(case, number))
            assert not leaks(drawn, shown)
            assert not _CODE.search(shown)
    assert drawn


def test_no_row_of_a_trace_shows_a_code(results, drawn):
    for result in results:
        for record in result.run.trace.records if result.run else ():
            assert not leaks(drawn, json.dumps(row_of(record)))


# Objects


def objects(value, seen=None):
    """Every object of ours that can be reached, each once."""
    seen = {} if seen is None else seen
    if id(value) in seen:
        return
    seen[id(value)] = value
    module = type(value).__module__
    if module.startswith("tvc."):
        yield value
        names = [name for kind in type(value).__mro__ for name in getattr(kind, "__slots__", ())]
        names += list(getattr(value, "__dict__", ()))
        for name in names:
            yield from objects(getattr(value, name, None), seen)
    if isinstance(value, dict):
        value = (*value.keys(), *value.values())
    if isinstance(value, list | tuple | set | frozenset):
        for item in value:
            yield from objects(item, seen)


def test_no_object_that_a_result_reaches_has_a_code_in_its_repr(results, drawn):
    kinds = set()
    for thing in objects(results):
        kinds.add(type(thing).__name__)
        for shown in (repr(thing), str(thing), f"{thing}"):
            assert not leaks(drawn, shown), type(thing)
    assert {"CaseResult", "Run", "Trace", "State", "Record", "Decision", "Request", "Case"} <= kinds


def test_no_part_of_an_authority_has_a_code_in_its_repr(cases, drawn):
    case, records = cases[0], []
    codes = KeyedCodes("x")
    desk = Authority(
        case.policy.policy, State.of(case.people), draw=codes, sink=records.append, key=b"k" * 32
    )
    ask = request("generate", "sam", subject="ana", lifetime_ms=3_600_000)
    answer = desk.submit(ask, Instant.of(0))
    enter = request("sign_in", "ana")
    entered = desk.submit(enter, Instant.of(1), answer.secret.show())
    assert entered.decision.allowed
    secret = {answer.secret.show()}
    seen = examine(desk.policy, desk.state, enter.presenting((1,)), 2)
    things = [desk, desk.state, answer, entered, answer.secret, codes, records, desk._digests, seen]
    things += [Context(LAW.comparisons, desk.policy, desk.state, enter, 1), vars(Authority), drawn]
    for thing in things:
        for shown in (repr(thing), str(thing), f"{thing}", "%s" % (thing,)):  # noqa: UP031 - the old way, too
            assert not leaks(secret, shown), type(thing)
    # Neither does its digest stand in the state, which is compared, printed and kept.
    assert desk._digests["ana"][1].hex() not in repr(desk.state)


def test_a_secret_prints_formats_and_compares_as_a_blank_and_is_never_stored():
    secret = Secret("ABCDEFGHIJKLMNOPQRST")
    shown_as = (repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{secret:>30}")
    for shown in (*shown_as, "%s" % secret):  # noqa: UP031 - the old way, too
        assert shown == "<code>"
    assert secret != Secret("ABCDEFGHIJKLMNOPQRST")
    assert not hasattr(secret, "__dict__")
    for store in (pickle.dumps, copy.copy, copy.deepcopy):
        with pytest.raises(TypeError, match="never stored"):
            store(secret)
    with pytest.raises(TypeError):
        json.dumps(secret)


def test_no_pickle_of_a_result_carries_a_code(results, drawn):
    for result in results:
        for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
            packed = pickle.dumps(result, protocol)
            assert not leaks(drawn, packed)
            back = pickle.loads(packed)
            assert back.outcome is result.outcome
            assert not (back.run and back.run.trace.drawn)


def test_no_copy_of_a_trace_prints_a_code(cases, drawn):
    trace = driver.play(cases[0]).trace
    for other in (copy.copy(trace), copy.deepcopy(trace), replace(trace, records=())):
        assert not leaks(drawn, repr(other))


# Exceptions and logs


def test_no_error_of_ours_quotes_a_code(results, drawn):
    (failure,) = results[-1].failures
    assert "RuntimeError" in failure.message
    assert not leaks(drawn, repr(results[-1]))


def test_the_law_that_breaks_would_have_told_a_code(cases, drawn):
    """The control of the test before: the message that is withheld does quote one."""
    with pytest.raises(RuntimeError) as caught:
        driver.play(cases[0], exploding(drawn))
    assert leaks(drawn, str(caught.value))


def test_a_break_without_a_code_in_its_message_shows_none_in_its_traceback(cases, drawn):
    def wrap(rule):
        return replace(rule, check=lambda _: 1 / 0) if rule.id == "sign_in.known" else rule

    with pytest.raises(ZeroDivisionError) as caught:
        driver.play(cases[0], LAW.observed(wrap, LAW.comparisons))
    assert not leaks(drawn, "".join(traceback.format_exception(caught.value)))


@pytest.mark.usefixtures("drawn")
def test_nothing_is_logged_or_warned_of(cases, caplog, recwarn, capfd):
    with caplog.at_level(logging.DEBUG):
        for case in cases:
            run_guarded(case)
    shown = capfd.readouterr()
    assert (caplog.text, shown.out, shown.err, list(recwarn)) == ("", "", "", [])


# The command and the plugin, each in a process of its own


def codes_of(cases, seed=0):
    return {code for case in cases for code in driver.play(case, seed=seed).trace.drawn}


@pytest.mark.parametrize("words", [[], ["-p", "2"], ["--seed", "3"]], ids=["", "two", "seeded"])
def test_no_output_of_the_command_shows_a_code(cases, process, words):
    Path("other.tvc.yaml").write_text(TEXT.replace("passes", "passes-too"))
    others = load_scenarios("other.tvc.yaml").cases
    seed = 3 if "--seed" in words else 0
    found = codes_of([*cases, *others], seed)
    files = [f"-f{fmt}:report.{fmt}" for fmt in FORMATS]
    ran = process("test", ".", *files, *words, PYTHONFAULTHANDLER="1")
    assert ran.code == 1
    shown = ran.out + ran.err + "".join(path.read_text() for path in Path().glob("report.*"))
    assert len(list(Path().glob("report.*"))) == len(FORMATS)
    assert not leaks(found, shown)
    assert not _CODE.search(shown)


def test_no_explanation_of_the_command_shows_a_code(cases, process):
    ran = process("explain", "secret.tvc.yaml::fails")
    assert "wrong_code" in ran.out
    assert not leaks(codes_of(cases), ran.out + ran.err)


def test_no_output_of_the_plugin_shows_a_code(cases, spawn_pytest):
    Path("conftest.py").write_text(
        "from tvc.harness import runner\n"
        "from tvc.harness.judge import run_case\n"
        "def broken(case, *rest):\n"
        "    result = run_case(case, *rest)\n"
        "    if case.id == 'passes':\n"
        "        raise RuntimeError(sorted(result.run.trace.drawn))\n"
        "    return result\n"
        "runner.run_case = broken\n"
    )
    ran = spawn_pytest("-l", "--tb=long", "-vv", "-rA", "--junitxml=out.xml", "--log-level=DEBUG")
    assert ran.code == 3
    shown = ran.out + ran.err + Path("out.xml").read_text()
    assert "internal error: RuntimeError" in shown
    assert not leaks(codes_of(cases), shown)
    assert not _CODE.search(shown.replace(ALPHABETS["letters"], ""))
