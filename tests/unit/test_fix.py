"""``tvc fix`` changes expectations that are wrong, and nothing else."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tvc.files.documents import parse_document
from tvc.files.scenarios import load_scenarios, read_scenarios
from tvc.harness.fixing.fix import fix_file
from tvc.harness.outcomes import Outcome
from tvc.harness.runner import run_guarded

SHIPPED = sorted((Path(__file__).parents[2] / "scenarios").glob("*.tvc.yaml"))

HEAD = """\
# At the top
tvc: 1
people: {sam: {role: admin}, ana: {}}   # everybody

scenarios:
  - id: one
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
"""


@pytest.fixture
def fix(write, call):
    """Write a file, fix it, and return what came of it and the lines that differ."""

    def fix(text, *words, name="a.tvc.yaml", encoded=None):
        folder = write()
        path = folder / name
        path.write_bytes(text.encode() if encoded is None else encoded)
        ran = call("fix", name, *words)
        after = path.read_bytes().decode()
        return ran, after

    return fix


def changed(before, after):
    """Return the lines that are not in the text before."""
    old = before.split("\n")
    return [line for line in after.split("\n") if line not in old]


def cases_of(text, path="a.tvc.yaml"):
    return read_scenarios(parse_document(text, str(path)), Path(path)).cases


# What is written, form by form

FORMS = {
    "flow": (
        "      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: wrong_code}}\n",
        ["      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code}}  # REVIEW: was {deny: wrong_code}"],
    ),
    "a comment at the end": (
        "      - {at: 1h, do: sign_in, by: ana, code: c1, expect: allow}   # late: {deny: x}\n",
        ["      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code}}   # late: {deny: x}  # REVIEW: was allow"],
    ),
    "said nothing": (
        "      - {at: 1h, do: sign_in, by: ana, code: c1 }\n",
        ["      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code} }  # REVIEW: was allow, unsaid"],
    ),
    "is allowed": (
        "      - {at: 1m, do: sign_in, by: ana, code: c1, expect: {deny: no_code, rule: sign_in.code}}\n",
        ["      - {at: 1m, do: sign_in, by: ana, code: c1, expect: allow}  # REVIEW: was {deny: no_code, rule: sign_in.code}"],
    ),
    "details stay details": (
        "      - {at: 1m, do: sign_in, by: ana, expect: {deny: verification_required, challenge: totp}}\n",
        ["      - {at: 1m, do: sign_in, by: ana, expect: {deny: verification_required, rule: sign_in.verification, challenge: code}}  # REVIEW: was {deny: verification_required, challenge: totp}"],
    ),
    "details that no longer apply": (
        "      - {at: 1m, do: sign_in, by: ana, code: c1, expect: {deny: locked_out, retry_after: 1h}}\n",
        ["      - {at: 1m, do: sign_in, by: ana, code: c1, expect: allow}  # REVIEW: was {deny: locked_out, retry_after: 1h}"],
    ),
    "several lines of flow": (
        "      - {at: 1h, do: sign_in,  # when\n         by: ana,\n         expect: {deny: wrong_code,  # which\n                  rule: sign_in.lockout},\n         code: c1}  # typed\n".replace("wrong_code", "locked_out"),
        [
            "         expect: {deny: code_expired,  # which  # REVIEW: was locked_out",
            "                  rule: sign_in.code},  # REVIEW: was sign_in.lockout",
        ],
    ),
    "several lines of flow without a rule": (
        "      - {at: 1m, do: sign_in,\n         by: ana, expect: {deny: verification_required,  # which\n           challenge: totp}}\n",
        [
            "         by: ana, expect: {deny: verification_required, rule: sign_in.verification,  # which  # REVIEW: was without rule",
            "           challenge: code}}  # REVIEW: was totp",
        ],
    ),
    "block": (
        "      - at: 1h\n        do: sign_in\n        by: ana\n        code: c1\n        expect: allow  # yes\n",
        ["        expect: {deny: code_expired, rule: sign_in.code}  # yes  # REVIEW: was allow"],
    ),
    "block that says nothing": (
        "      - at: 1h\n        do: sign_in\n        by: ana\n        code: c1  # late\n",
        ["        expect: {deny: code_expired, rule: sign_in.code}  # REVIEW: was allow, unsaid"],
    ),
    "block of parts": (
        "      - at: 1h\n        do: sign_in\n        by: ana\n        expect:   # of course\n          deny: wrong_code   # why\n        code: c1\n",
        [
            "          deny: code_expired   # why  # REVIEW: was wrong_code",
            "          rule: sign_in.code  # REVIEW: was without rule",
        ],
    ),
    "block of parts that becomes one word": (
        "      - at: 1m\n        do: sign_in\n        by: ana\n        expect:   # of course\n          # below\n          deny: wrong_code\n          rule: sign_in.code   # why\n        code: c1\n",
        ["        expect: allow  # of course  # below   # why  # REVIEW: was {deny: wrong_code, rule: sign_in.code}"],
    ),
    "quotes": (
        "      - {at: 1h, do: sign_in, by: ana, code: 'c1', 'expect': \"allow\"}\n",
        ["      - {at: 1h, do: sign_in, by: ana, code: 'c1', 'expect': {deny: code_expired, rule: sign_in.code}}  # REVIEW: was allow"],
    ),
    "a text over two lines behind it": (
        "      - {at: 1h, do: generate, expect: allow, ticket: \"INC\n          1\", by: ana, for: ana, lifetime: 1h}\n",
        [
            "      - {at: 1h, do: generate, expect: {deny: not_signed_in, rule: generate.session}, ticket: \"INC",
            "          1\", by: ana, for: ana, lifetime: 1h}  # REVIEW: was allow",
        ],
    ),
}  # fmt: skip


@pytest.mark.parametrize("form", FORMS)
def test_only_the_expectation_changes_whatever_its_form(fix, form):
    steps, lines = FORMS[form]
    ran, after = fix(HEAD + steps)
    assert ran.code == 0, ran
    assert changed(HEAD + steps, after) == lines
    assert all(run_guarded(case).outcome is Outcome.PASSED for case in cases_of(after))


@pytest.mark.parametrize("form", FORMS)
def test_a_second_run_changes_nothing(fix, form):
    _, once = fix(HEAD + FORMS[form][0])
    ran, twice = fix(once)
    assert (ran.code, twice) == (0, once)
    assert ran.err == "tvc: 0 fixed in 0 of 1 files\n"


@pytest.mark.parametrize("form", FORMS)
def test_a_dry_run_shows_the_change_and_writes_nothing(fix, form):
    text = HEAD + FORMS[form][0]
    ran, after = fix(text, "--dry-run")
    assert (ran.code, after) == (1, text)
    added = [line[1:] for line in ran.out.splitlines() if re.match(r"\+(?!\+\+)", line)]
    assert [line for line in added if line not in text.split("\n")] == FORMS[form][1]
    _, once = fix(text)
    ran, _ = fix(once, "--dry-run")
    assert (ran.code, ran.out) == (0, "")


def test_line_ends_and_the_mark_at_the_start_stay(fix):
    text = HEAD + FORMS["block that says nothing"][0] + FORMS["flow"][0]
    raw = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    ran, after = fix("", encoded=raw)
    assert ran.code == 0
    plain = fix(text)[1]
    assert after == "\ufeff" + plain.replace("\n", "\r\n")


def test_a_file_without_a_last_line_end_gets_none(fix):
    ran, after = fix((HEAD + FORMS["block that says nothing"][0]).rstrip("\n"))
    assert ran.code == 0
    assert after.endswith(
        "        expect: {deny: code_expired, rule: sign_in.code}  # REVIEW: was allow, unsaid"
    )


def test_json_stays_json(fix):
    import json

    text = """{"tvc": 1, "people": {"ana": {}}, "scenarios": [{"id": "a", "timeline": [
 {"at": "0s", "do": "sign_in", "by": "ana"},
 {"at": "1s", "do": "sign_in", "by": "ana", "code": "wrong", "expect": "allow"}]}]}
"""
    ran, after = fix(text, name="a.tvc.json")
    assert ran.code == 0
    first, second = json.loads(after)["scenarios"][0]["timeline"]
    assert first["expect"] == {"deny": "verification_required", "rule": "sign_in.verification"}
    assert second["expect"] == {"deny": "no_code", "rule": "sign_in.code"}
    assert fix(after, name="a.tvc.json")[0].code == 0


# Tables

TABLE = """\
tvc: 1
people: {sam: {role: admin}, ana: {}}
scenarios:
  - id: lives
    cases:
      - {life: 24h, want: allow}  # the longest
      - life: 25h
        want: allow
      - {life: 30m, want: {deny: lifetime_too_long}}
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}", expect: "${want}"}
"""


def test_the_cell_of_a_table_is_changed_rather_than_the_step(fix):
    ran, after = fix(TABLE)
    assert ran.code == 0
    assert changed(TABLE, after) == [
        "        want: {deny: lifetime_too_long, rule: generate.lifetime}  # REVIEW: was allow",
        "      - {life: 30m, want: {deny: lifetime_too_short, rule: generate.lifetime}}  # REVIEW: was {deny: lifetime_too_long}",
    ]


def test_parts_of_an_expectation_that_come_from_a_table_are_changed_there(fix):
    text = TABLE.replace('expect: "${want}"', 'expect: {deny: "${want}", rule: generate.rate}')
    text = text.replace("      - {life: 24h, want: allow}  # the longest\n", "")
    text = text.replace("want: allow", "want: rate_limited").replace(
        "{deny: lifetime_too_long}", "rate_limited"
    )
    ran, after = fix(text)
    assert ran.code == 0
    assert changed(text, after) == [
        "        want: lifetime_too_long  # REVIEW: was rate_limited",
        "      - {life: 30m, want: lifetime_too_short}  # REVIEW: was rate_limited",
        '      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}", expect: {deny: "${want}", rule: generate.lifetime}}  # REVIEW: was generate.rate',
    ]


def test_a_cell_of_a_matrix_is_changed_where_its_cases_agree(fix):
    text = TABLE.replace(
        "    cases:\n", "    matrix:\n      life: [25h, 26h]\n      want: [allow]\n"
    )
    text = re.sub(r"      - \{?life.*\n(        want.*\n)?", "", text)
    ran, after = fix(text)
    assert ran.code == 0
    assert changed(text, after) == [
        "      want: [{deny: lifetime_too_long, rule: generate.lifetime}]  # REVIEW: was allow"
    ]


@pytest.mark.parametrize("lives", ["[24h, 25h]", "[30m, 25h]"])
def test_a_cell_is_left_alone_where_its_cases_disagree(fix, lives):
    text = TABLE.replace("    cases:\n", f"    matrix:\n      life: {lives}\n      want: [allow]\n")
    text = re.sub(r"      - \{?life.*\n(        want.*\n)?", "", text)
    ran, after = fix(text)
    assert (ran.code, after) == (1, text)
    assert "a.tvc.yaml:7:14: left alone: several cases read it and do not agree" in ran.err


def test_a_step_of_a_table_that_says_nothing_is_left_alone_where_rows_disagree(fix):
    text = TABLE.replace(', expect: "${want}"', ', ticket: "${want}"').replace(
        "{deny: lifetime_too_long}", "x"
    )
    ran, after = fix(text)
    assert (ran.code, after) == (1, text)
    assert "do not agree" in ran.err


def test_a_step_that_two_scenarios_share_by_an_alias_is_changed_once(fix):
    text = (
        HEAD.replace("timeline:", "timeline: &both")
        + FORMS["flow"][0]
        + "  - id: two\n    timeline: *both\n"
    )
    ran, after = fix(text)
    assert ran.code == 0
    assert changed(text, after) == FORMS["flow"][1]


def test_an_expectation_that_is_an_alias_no_longer_is_one(fix):
    text = HEAD + (
        "      - {at: 1m, do: sign_in, by: ana, code: wrong, expect: &no {deny: wrong_code}}\n"
        "      - {at: 1h, do: sign_in, by: ana, code: c1, expect: *no}\n"
    )
    ran, after = fix(text)
    assert ran.code == 0
    assert changed(text, after) == [
        "      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code}}  # REVIEW: was {deny: wrong_code}"
    ]


# What is not changed


def test_audit_and_invariants_are_reported_and_left_alone(fix):
    text = (
        HEAD
        + FORMS["flow"][0]
        + "    audit: {never: [{type: generate.allowed}]}\n    breaks: [rate_limit_holds]\n"
    )
    ran, after = fix(text)
    assert ran.code == 1
    assert changed(text, after) == FORMS["flow"][1]
    assert "not fixable: audit has {type: generate.allowed}" in ran.err
    assert "not fixable: breaks: rate_limit_holds was not seen to break" in ran.err
    assert fix(after) == (ran.__class__(1, "", fix(after)[0].err), after)


@pytest.mark.parametrize("sample", ["skipped", "xfailed", "inconclusive", "passing"])
def test_what_does_not_fail_by_its_expectations_is_left_alone(write, call, sample):
    path = write(a=sample) / "a.tvc.yaml"
    before = path.read_bytes()
    assert call("fix", "a.tvc.yaml").code == 0
    assert path.read_bytes() == before


def test_a_file_with_faults_stops_all(write, call):
    folder = write(a="invalid", b="failing")
    before = (folder / "b.tvc.yaml").read_bytes()
    ran = call("fix", "a.tvc.yaml", "b.tvc.yaml")
    assert ran.code == 4
    assert "superseded_by_cod" in ran.err
    assert (folder / "b.tvc.yaml").read_bytes() == before


def test_only_the_case_that_is_asked_for_is_fixed(write, call):
    text = (
        HEAD
        + FORMS["flow"][0]
        + HEAD[HEAD.index("  - id") :].replace("one", "two")
        + FORMS["flow"][0]
    )
    folder = write(a=text)
    ran = call("fix", "a.tvc.yaml", "--id", "a.tvc.yaml::two")
    assert ran.code == 0
    one, two = load_scenarios(folder / "a.tvc.yaml").cases
    assert run_guarded(one).outcome is Outcome.FAILED
    assert run_guarded(two).outcome is Outcome.PASSED


def test_an_id_that_names_nothing_is_refused(write, call):
    write(a="failing")
    ran = call("fix", "a.tvc.yaml", "--id", "a.tvc.yaml::nobody")
    assert ran.code == 4
    assert "nobody" in ran.err


def test_a_fixed_file_keeps_its_mode(write, call):
    path = write(a="failing") / "a.tvc.yaml"
    path.chmod(0o640)
    assert call("fix", "a.tvc.yaml").code == 0
    assert path.stat().st_mode & 0o777 == 0o640


def test_nothing_is_written_that_does_not_come_true(fix):
    """An anchor that another step needs cannot go; what does not depend on it is fixed."""
    text = HEAD + (
        "      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: &why no_code}}\n"
        "      - {at: 2h, do: sign_in, by: ana, code: c1, expect: allow}\n"
        "  - id: two\n"
        "    timeline:\n"
        "      - {at: 0s, do: sign_in, by: ana, code: wrong, expect: {deny: *why}}\n"
    )
    ran, after = fix(text)
    assert ran.code == 1
    assert changed(text, after) == [
        "      - {at: 2h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired, rule: sign_in.code}}  # REVIEW: was allow"
    ]
    assert "a.tvc.yaml:9:58: left alone: cannot be changed by itself" in ran.err


# Shipped files


def _strict(case):
    """Return the meaning of a case, by the decisions and reasons that it expects."""
    steps = tuple(
        replace(
            step,
            stated=True,
            expect=replace(step.expect, rule=None, challenge=None, retry_after_ms=None, limit=None),
        )
        for step in case.steps
    )
    return replace(case, steps=steps).digest


def _comments(text):
    return sorted(
        comment.split("  # REVIEW:")[0].strip()
        for comment in re.findall(r"#(?! REVIEW)[^\n]*", text)
    )


_SAID = re.compile(r"(?P<key>expect|want): (?P<value>allow\b|\{deny: [^{}]*\})")


def _flip(text, draw):
    """Let some expectations say something else that could be."""
    # A file may not even expect that a code is shown again.
    found = [one for one in _SAID.finditer(text) if "code_not_viewable" not in one["value"]]
    assume(found)
    for match in sorted(
        draw(st.sets(st.sampled_from(found), min_size=1, max_size=12)),
        key=re.Match.start,
        reverse=True,
    ):
        line = text[text.rfind("\n", 0, match.start()) : match.start()]
        kind = re.search(r"do: (\w+)", line)
        reason = "no_such_user" if kind and kind[1] == "sign_in" else "not_signed_in"
        new = draw(st.sampled_from(["allow", f"{{deny: {reason}}}"])) if kind else "allow"
        text = text[: match.start("value")] + new + text[match.end("value") :]
    return text


@settings(max_examples=settings().max_examples * 3 // 40)
@given(data=st.data())
def test_flipped_expectations_of_shipped_files_come_back_with_all_comments(data, tmp_path_factory):
    path = data.draw(st.sampled_from(SHIPPED))
    original = path.read_text("utf-8")
    flipped = _flip(original, data.draw)
    copy = tmp_path_factory.mktemp("flipped") / path.name
    copy.write_text(flipped, "utf-8")
    fixed = fix_file(load_scenarios(copy))
    assert not fixed.left
    assert _comments(fixed.after) == _comments(original)
    fixed.write()
    assert copy.read_text("utf-8") == fixed.after
    written = load_scenarios(copy)
    assert [_strict(case) for case in written.cases] == _strict_of(path)
    assert not fix_file(written).changed


@cache
def _strict_of(path):
    return [_strict(case) for case in load_scenarios(path).cases]
