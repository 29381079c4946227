"""Every mistake in a scenario file is a fault at its place, and nothing else ever comes out."""

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.scenarios import load_scenarios, read_scenarios

HEAD = """\
tvc: 1
people:
  sam: {role: admin}
  ana: {}
  mallory: {role: outsider, knows: [ana]}
clocks:
  west: {offset: -90s, drift_ppm: 20}
scenarios:
"""
#: Where the lines behind `HEAD` start.
FIRST = HEAD.count("\n") + 1


def read(text, path, **options):
    return read_scenarios(parse_document(text, str(path)), path, **options)


def faults_of(text, path, **options):
    with pytest.raises(InvalidFile) as caught:
        read(text, path, **options)
    return caught.value.faults


def assert_fault(text, path, line, column, words, **options):
    faults = faults_of(text, path, **options)
    assert all("\n" not in fault.message for fault in faults)
    found = [f"{fault.line}:{fault.column}: {fault.message}" for fault in faults]
    assert any(
        fault.line == line and fault.column == column and all(w in fault.message for w in words)
        for fault in faults
    ), found
    assert len(faults) == 1, found


def with_steps(*steps, more=""):
    lines = "".join(f"      - {step}\n" for step in steps)
    return f"{HEAD}  - id: x\n{more}    timeline:\n{lines}"


GENERATE = "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}"

#: A step that has one fault, the text that the fault points at, and words of its message.
STEP_FAULTS = [
    ("{at: 0s, do: use, by: sma}", "sma}", ["person 'sma'", "did you mean 'sam'"]),
    ("{at: 0s, do: expire, by: sam, for: anna}", "anna", ["did you mean 'ana'"]),
    ("{at: 0s, do: reset_password, by: sam, for: ana, given_to: bo}", "bo", ["person 'bo'"]),
    ("{at: 0s, do: freeze, by: sam, for: mallory}", "mallory", ["outsider", "no account"]),
    ("{at: 0s, do: use, by: sam, node: wset}", "wset", ["node 'wset'", "did you mean 'west'"]),
    ("{at: 0s, do: sign_in, by: ana, with: totpp}", "totpp", ["method", "did you mean 'totp'"]),
    ("{at: 0s, do: sing_in, by: ana}", "sing_in", ["request 'sing_in'", "did you mean 'sign_in'"]),
    ("{at: 0s, by: ana}", "{at", ["missing key 'do'"]),
    ("{at: 0s, do: [use], by: ana}", "[use", ["expected a request", "a list"]),
    ("{at: 0s, do: use}", "{at", ["missing key 'by'"]),
    ("{at: 0s, do: generate, by: sam, lifetime: 1h}", "{at", ["missing key 'for'"]),
    ("{at: 0s, do: generate, by: sam, for: ana}", "{at", ["missing key 'lifetime'"]),
    ("{at: 0s, do: use, by: ana, ticket: INC}", "ticket", ["unknown key 'ticket'"]),
    ("{at: 0s, do: use, by: ana, nod: west}", "nod", ["did you mean 'node'"]),
    ("{at: 0s, do: sign_in, by: ana, save: c}", "save", ["unknown key 'save'"]),
    ("{at: 0s, do: use, by: null}", "null", ["expected a text", "null"]),
    ("{at: 0s, do: use, by: ana, node: null}", "null", ["expected a text", "null"]),
    ("{at: 0s, do: use, by: 7}", "7", ["expected a text", "in quotes"]),
    ("{at: 0s, do: use, by: [ana]}", "[ana", ["expected a text", "a list"]),
    ("{at: 0s, do: use, by: an a}", "an a", ["'an a' is no name"]),
    ("{at: 0s, do: use, by: ana, expect: null}", "null", ["unknown expectation null"]),
    ("{at: 0, do: use, by: sam}", "0, do", ["0 is no duration", "0s"]),
    ("{at: 1.5h, do: use, by: sam}", "1.5h", ["'1.5h' is no duration"]),
    ("{at: -1s, do: use, by: sam}", "-1s", ["negative"]),
    ("{after: -1s, do: use, by: sam}", "-1s", ["negative"]),
    ("{at: 0s, do: generate, by: sam, for: ana, lifetime: -1h}", "-1h", ["negative"]),
    ("{do: use, by: sam}", "{do", ["neither at nor after"]),
    ("{at: 0s, after: 1s, do: use, by: sam}", "after", ["at and after together"]),
    ("{at: 0s, do: sign_in, by: ana, code: c9}", "c9", ["code 'c9'", "expected wrong"]),
    ("{at: 0s, do: sign_in, by: ana, code: wrong, with: totp}", "with", ["together"]),
    ("{at: 0s, do: sign_in, by: ana, proof: wrong}", "proof", ["proof without with"]),
    ("{at: 0s, do: sign_in, by: ana, with: totp, proof: right}", "right", ["proof", "stolen"]),
    ("{at: 0s, do: sign_in, by: ana, password: right}", "right", ["password", "wrong"]),
    ("{at: 0s, do: sign_in, by: ana, via: saml}", "saml", ["sso"]),
    (
        "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: wrong}",
        "wrong",
        ["another name"],
    ),
    ("{at: 0s, do: use, by: ana, expect: alow}", "alow", ["did you mean 'allow'"]),
    ("{at: 0s, do: use, by: ana, expect: deny}", "deny", ["expectation 'deny'", "allow"]),
    ("{at: 0s, do: use, by: ana, expect: {}}", "{}", ["missing key 'deny'"]),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: not_singed_in}}",
        "not_singed",
        ["did you mean 'not_signed_in'"],
    ),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: rate_limited}}",
        "rate_limited",
        ["use is never denied with rate_limited", "not_signed_in, session_expired"],
    ),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in, rule: use.sesion}}",
        "use.sesion",
        ["did you mean 'use.session'"],
    ),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in, rule: expire.session}}",
        "expire.session",
        ["does not refuse a use", "expected use.session"],
    ),
    (
        "{at: 0s, do: sign_in, by: ana, code: wrong, expect: {deny: no_code, rule: sign_in.proof}}",
        "sign_in.proof",
        ["expected sign_in.code"],
    ),
    (
        "{at: 0s, do: sign_in, by: ana, expect: {deny: wrong_proof}}",
        "wrong_proof",
        ["where with is presented", "nothing is"],
    ),
    (
        "{at: 0s, do: sign_in, by: ana, expect: {deny: locked_out}}",
        "locked_out",
        ["where code or with is presented", "nothing is"],
    ),
    (
        "{at: 0s, do: sign_in, by: ana, via: sso, expect: {deny: wrong_password}}",
        "wrong_password",
        ["single sign-on"],
    ),
    ("{at: {a: b}, do: use, by: ana}", "{a: b", ["a mapping is no duration"]),
    (
        "{at: 0s, do: sign_in, by: ana, with: totp, expect: {deny: verification_required}}",
        "verification",
        ["where nothing is presented", "with is"],
    ),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in, challenge: code}}",
        "challenge",
        ["with verification_required only"],
    ),
    (
        "{at: 0s, do: sign_in, by: ana, expect: {deny: verification_required, challenge: cod}}",
        "cod}",
        ["challenge", "did you mean 'code'"],
    ),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in, retry_after: 1h}}",
        "retry_after",
        ["with rate_limited and locked_out only"],
    ),
    (
        "{at: 0s, do: use, by: ana, expect: {deny: not_signed_in, limit: subject}}",
        "limit",
        ["with rate_limited only"],
    ),
    (
        "{at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, "
        "expect: {deny: rate_limited, limit: subjct}}",
        "subjct",
        ["rate limit", "did you mean 'subject'"],
    ),
    (
        "{at: 0s, do: unlock, by: sam, for: ana, expect: {deny: not_permitted}}",
        "{deny",
        ["a fact", "always allowed"],
    ),
    ("{at: 0s, do: reveal, by: sam, for: ana, expect: allow}", "expect", ["code_not_viewable"]),
    ("{at: 0s, do: reveal, by: sam, for: ana}", "{at", ["code_not_viewable"]),
    ("3", "3", ["expected a step", "found 3"]),
    ("[]", "[]", ["expected a step", "a list"]),
    ('{at: 0s, do: use, by: "${x}"}', '"${x}"', ["no cases and no matrix"]),
    ('{at: 0s, do: use, by: "a${x}"}', '"a${x}"', ["a whole value"]),
]


@pytest.mark.parametrize(("step", "blamed", "words"), STEP_FAULTS, ids=lambda v: str(v)[:70])
def test_a_wrong_step_is_a_fault_at_the_key_or_value_to_blame(step, blamed, words, tmp_path):
    column = len("      - ") + step.index(blamed) + 1
    assert_fault(with_steps(step), tmp_path / "a.tvc.yaml", FIRST + 2, column, words)


SEQUENCE_FAULTS = [
    ("a code used before it is saved", ["{at: 0s, do: sign_in, by: ana, code: c1}", GENERATE],
     0, "c1", ["unknown code 'c1'"]),
    ("a handle saved twice", [GENERATE, GENERATE], 1, "c1}", ["saved already"]),
    ("time that goes back", ["{at: 1h, do: use, by: sam}", "{at: 59m, do: use, by: sam}"],
     1, "59m", ["time goes back", "1h"]),
    ("time that goes back behind an after",
     ["{at: 1h, do: use, by: sam}", "{after: 1m, do: use, by: sam}",
      "{at: 1h, do: use, by: sam}"],
     2, "1h", ["time goes back", "1h1m"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("steps", "index", "blamed", "words"),
    [case[1:] for case in SEQUENCE_FAULTS],
    ids=[case[0] for case in SEQUENCE_FAULTS],
)
def test_a_step_must_fit_those_before_it(steps, index, blamed, words, tmp_path):
    column = len("      - ") + steps[index].index(blamed) + 1
    assert_fault(with_steps(*steps), tmp_path / "a.tvc.yaml", FIRST + 2 + index, column, words)


USE = "      - {at: 0s, do: use, by: sam}\n"
TIMELINE = "    timeline:\n" + USE


def marked(text):
    """Take the mark off a text, and return the text with the line and column it stood at."""
    before, after = text.split("@@")
    lines = before.split("\n")
    return before + after, len(lines), len(lines[-1]) + 1


HEADS = [
    ("tvc: @@2\nscenarios: [{id: x, timeline: []}]", ["version", "expected 1"], True),
    ("@@people: {}\nscenarios: []\n", ["missing key 'tvc'"], True),
    ("@@tvc: 1\n", ["missing key 'scenarios'"], False),
    ("tvc: 1\nscenarios: @@[]", ["one or more scenarios"], False),
    ("tvc: 1\nscenarios: @@{}", ["one or more scenarios"], False),
    ("tvc: 1\nscenarios:\n  - @@x", ["expected a scenario, found 'x'"], False),
    ("tvc: 1\n@@scenario: []\nscenarios: []", ["did you mean 'scenarios'"], True),
    ("tvc: @@1.0\nscenarios: []", ["version", "expected 1"], True),
    ("tvc: @@true\nscenarios: []", ["version", "expected 1"], True),
    ("@@[]", ["expected a mapping with tvc: 1", "a list"], False),
    ("@@x", ["expected a mapping", "'x'"], False),
]


@pytest.mark.parametrize(("text", "words", "among"), HEADS)
def test_a_wrong_top_level_is_a_fault(text, words, among, tmp_path):
    text, line, column = marked(text)
    if not among:
        assert_fault(text, tmp_path / "a.tvc.yaml", line, column, words)
    places = [(f.line, f.column) for f in faults_of(text, tmp_path / "a.tvc.yaml")]
    assert (line, column) in places


PEOPLE = [
    ("ana: {@@rol: user}", ["unknown key 'rol'", "did you mean 'role'"]),
    ("ana: {role: @@admn}", ["role 'admn'", "did you mean 'admin'"]),
    ("ana: @@user", ["expected a mapping", "'user'"]),
    ("ana: @@null", ["expected a mapping", "null"]),
    ("@@an a: {}", ["'an a' is no name"]),
    ("ana: {mfa: @@yes}", ["true or false", "'yes'"]),
    ("ana: {methods: @@totp}", ["expected a list"]),
    ("ana: {methods: [@@top]}", ["method 'top'", "did you mean 'totp'"]),
    ("ana: {methods: [totp, @@totp]}", ["listed twice"]),
    ("ana: {permissions: [@@manage]}", ["unknown permission 'manage'"]),
    ("ana: {permissions: @@null}", ["expected a list"]),
    ("ana: {session: @@low}", ["session 'low'"]),
    ("ana: {tier: @@vip}", ["standard, privileged"]),
    ("ana: {device: @@broken}", ["held, lost"]),
    ("ana: {knows: [@@bob]}", ["person 'bob'"]),
    ("ana: {knows: [@@mal]}\n  mal: {role: outsider}", ["outsider", "no password"]),
    ("ana: {role: outsider, @@methods: [totp]}", ["outsider", "no methods"]),
    ("ana: {role: outsider, @@permissions: [manage_mfa]}", ["outsider", "no permissions"]),
    ("ana: {role: outsider, @@session: high}", ["outsider", "no session"]),
    ("ana: {role: outsider, @@mfa: false}", ["outsider", "no mfa"]),
]


@pytest.mark.parametrize(("people", "words"), PEOPLE)
def test_a_wrong_person_is_a_fault(people, words, tmp_path):
    text, line, column = marked(
        f"tvc: 1\npeople:\n  {people}\n  sam: {{role: admin}}\nscenarios:\n  - id: x\n{TIMELINE}"
    )
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, words)


CLOCKS = [
    ("west: {offset: @@-90}", ["no duration"]),
    ("west: {drift_ppm: @@1.5}", ["whole number", "1.5"]),
    ("west: {drift_ppm: @@2000000}", ["too large", "1000000"]),
    ("west: {drift_ppm: @@-2000000}", ["too small"]),
    ("west: {@@drift: 20}", ["unknown key 'drift'"]),
    ("@@.west: {}", ["no name"]),
    ("@@[west]", ["expected a mapping"]),
]


@pytest.mark.parametrize(("clocks", "words"), CLOCKS)
def test_a_wrong_clock_is_a_fault(clocks, words, tmp_path):
    text, line, column = marked(
        f"tvc: 1\npeople: {{sam: {{}}}}\nclocks:\n  {clocks}\nscenarios:\n  - id: x\n{TIMELINE}"
    )
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, words)


SCENARIOS = [
    (f"  - @@policy: salesforce\n{TIMELINE}", ["missing key 'id'"]),
    (f"  - id: @@-x\n{TIMELINE}", ["'-x' is no name"]),
    (f"  - id: @@5\n{TIMELINE}", ["expected a text", "in quotes"]),
    (f"  - id: x\n{TIMELINE}  - id: @@x\n{TIMELINE}", ["the id 'x' is on line 9 already"]),
    (f"  - id: x\n    policy: @@salesfroce\n{TIMELINE}", ["did you mean 'salesforce'"]),
    (f"  - id: x\n    policy: @@null\n{TIMELINE}", ["expected a text"]),
    (f"  - id: x\n    @@timelin: []\n{TIMELINE}", ["unknown key", "did you mean 'timeline'"]),
    (f"  - id: x\n    tags: [@@a b]\n{TIMELINE}", ["'a b' is no name"]),
    (f"  - id: x\n    tags: [a, @@a]\n{TIMELINE}", ["listed twice"]),
    (f"  - id: x\n    why: @@''\n{TIMELINE}", ["a text that says why"]),
    (f"  - id: x\n    skip: @@''\n{TIMELINE}", ["a text that says why"]),
    (f"  - id: x\n    skip: @@true\n{TIMELINE}", ["expected a text", "true"]),
    (f"  - id: x\n    xfail: @@'  '\n{TIMELINE}", ["a text that says why"]),
    (f"  - id: x\n    breaks: [@@rate_limit_hold]\n{TIMELINE}", ["'rate_limit_holds'"]),
    (f"  - id: x\n    invariants: @@non\n{TIMELINE}", ["expected none"]),
    (f"  - id: x\n    invariants: @@[]\n{TIMELINE}", ["write none"]),
    (f"  - id: x\n    invariants: [@@lockout_hold]\n{TIMELINE}", ["'lockout_holds'"]),
    (
        f"  - id: x\n    invariants: none\n    @@breaks: [lockout_holds]\n{TIMELINE}",
        ["nothing can be seen to break"],
    ),
    ("  - @@id: x\n", ["missing key 'timeline'"]),
    ("  - id: x\n    timeline: @@[]\n", ["one or more steps"]),
    ("  - id: x\n    timeline: @@null\n", ["one or more steps"]),
    ("  - id: x\n    timeline: @@{}\n", ["one or more steps"]),
    (f"  - id: x\n    workload: {{}}\n    @@{TIMELINE[4:]}", ["a timeline or a workload"]),
    (f"  - id: x\n    @@run: {{}}\n{TIMELINE}", ["run needs a workload"]),
    ("  - id: x\n    workload: {@@user: 10}\n", ["did you mean 'users'"]),
    ("  - id: x\n    workload: {users: @@ten}\n", ["whole number", "'ten'"]),
    ("  - id: x\n    workload: {}\n    @@audit: {never: [{by: sam}]}\n", ["a timeline"]),
    (
        "  - id: x\n    workload: {}\n  - id: y\n    @@policy: strict\n    compare: {on: x, "
        "baseline: {policy: strict}, candidate: {policy: salesforce}}\n",
        ["each arm"],
    ),
]


@pytest.mark.parametrize(("scenario", "words"), SCENARIOS)
def test_a_wrong_scenario_is_a_fault(scenario, words, tmp_path):
    text, line, column = marked(HEAD + scenario)
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, words)


STEP = "      - {at: 0s, do: generate, by: sam, for: ana, lifetime: '${life}', expect: '${want}'}\n"
LIFE = f"    timeline:\n{STEP}"
TABLES = [
    (f"    cases: @@[]\n{TIMELINE}", ["one or more rows"]),
    (f"    cases: @@{{}}\n{TIMELINE}", ["one or more rows"]),
    (f"    cases: [@@x]\n{TIMELINE}", ["expected a row"]),
    (f"    cases: [@@{{}}]\n{TIMELINE}", ["expected a row"]),
    (f"    matrix: @@{{}}\n{TIMELINE}", ["expected axes"]),
    (f"    matrix: @@[]\n{TIMELINE}", ["expected axes"]),
    (f"    matrix: {{life: @@[]}}\n{TIMELINE}", ["one or more values of 'life'"]),
    (f"    matrix: {{life: @@4h}}\n{TIMELINE}", ["one or more values of 'life'"]),
    (f"    cases: [{{life: 4h}}]\n    @@matrix: {{want: [allow]}}\n{LIFE}", ["together"]),
    (f"    cases: [{{life: 1h, want: allow}}, @@{{life: 4h}}]\n{LIFE}", ["other columns"]),
    (
        f"    cases: [{{life: 1h, want: allow}}, @@{{life: 1h, want: allow}}]\n{LIFE}",
        ["two cases [life=1h]"],
    ),
    (f"    @@matrix: {{life: [1h, 1h], want: [allow]}}\n{LIFE}", ["two cases [life=1h]"]),
    (f"    cases: [{{life: 1h, want: allow, @@more: 1}}]\n{LIFE}", ["used nowhere", "${more}"]),
    (f"    matrix: {{life: [1h], want: [allow], @@more: [1]}}\n{LIFE}", ["used nowhere"]),
    (f"    cases: [{{life: 1h, want: allow, @@'a b': 1}}]\n{LIFE}", ["no name of a column"]),
    (
        f"    cases: [{{life: '@@${{want}}', want: allow}}]\n{LIFE}".replace("'@@", "@@'"),
        ["not references"],
    ),
    (f"    cases: [{{life: 1h, want: @@alow}}]\n{LIFE}", ["did you mean 'allow'"]),
    (f"    cases: [{{life: @@1.5h, want: allow}}]\n{LIFE}", ["no duration"]),
    (f"    cases: [{{life: 1h, want: {{deny: @@no_code}}}}]\n{LIFE}", ["never denied"]),
    (f"    cases: [{{life: 1h, want: allow, policy: @@strct}}]\n{LIFE}", ["'strict'"]),
    (
        f"    cases: [{{life: 1h, want: allow, policy: strict}}]\n    @@policy: strict\n{LIFE}",
        ["the table sets the policy already"],
    ),
    (
        "    cases: [{lif: 1h}]\n    timeline:\n"
        "      - {at: 0s, do: generate, by: sam, for: ana, lifetime: @@'${lfi}'}\n",
        ["column 'lfi'", "did you mean 'lif'"],
    ),
    (
        "    @@matrix: {life: [1h], want: [allow]"
        + "".join(f", a{n}: [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]" for n in range(40))
        + f"}}\n{LIFE}",
        ["100000 steps in all"],
    ),
]


@pytest.mark.parametrize(("table", "words"), TABLES)
def test_a_wrong_table_is_a_fault(table, words, tmp_path):
    text, line, column = marked(f"{HEAD}  - id: x\n{table}")
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, words)


AUDIT_STEPS = """\
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 1m, do: sign_in, by: ana, code: c1, node: west}
      - {at: 2m, do: sign_in, by: mallory, for: ana, with: totp, expect: {deny: superseded_by_code}}
      - {at: 3m, do: enroll, by: ana, with: totp}
      - {at: 4m, do: lose_device, by: ana}
"""
AUDIT_LINES = [
    ("{@@typ: generate.allowed}", ["did you mean 'type'"]),
    ("{type: @@generate.alowed}", ["type of audit record", "did you mean 'generate.allowed'"]),
    ("@@{}", ["fits every record"]),
    ("@@generate.allowed", ["expected a mapping"]),
    ("{by: @@sma}", ["person 'sma'"]),
    ("{subject: @@an}", ["person 'an'"]),
    ("{account: @@bob}", ["person 'bob'"]),
    ("{type: session.ended, person: @@bob}", ["person 'bob'"]),
    ("{node: @@wset}", ["node 'wset'"]),
    ("{code: @@c2}", ["code 'c2'", "expected c1"]),
    ("{code: @@wrong}", ["code 'wrong'"]),
    ("{limit: @@desk}", ["rate limit 'desk'"]),
    ("{reason: @@no_cod}", ["did you mean 'no_code'"]),
    ("{rule: @@sign_in.cod}", ["did you mean 'sign_in.code'"]),
    ("{method: @@top}", ["did you mean 'totp'"]),
    ("{cause: @@laps}", ["cause 'laps'", "did you mean 'lapsed'"]),
    ("{level: @@low}", ["standard, high"]),
    ("{challenge: @@pin}", ["challenge 'pin'"]),
    ("{type: @@expire.allowed}", ["no step expire"]),
    ("{type: generate.allowed, @@reason: rate_limited}", ["shows no reason"]),
    ("{type: generate.denied, reason: @@wrong_proof}", ["never shows reason wrong_proof"]),
    ("{type: generate.denied, rule: @@sign_in.code}", ["never shows rule sign_in.code"]),
    ("{type: sign_in.denied, reason: no_code, rule: @@sign_in.proof}", ["expected sign_in.code"]),
    ("{type: generate.allowed, @@method: totp}", ["shows no method"]),
    ("{type: generate.denied, @@code: c1}", ["shows no code"]),
    ("{type: sign_in.allowed, @@cause: lapsed}", ["shows no cause"]),
    ("{type: code.ended, cause: @@idle}", ["never shows cause idle", "lapsed, revoked"]),
    ("{type: session.ended, cause: @@lapsed}", ["never shows cause lapsed"]),
    ("{type: code.ended, @@person: ana}", ["shows no person"]),
    ("{type: code.ended, @@reason: no_code}", ["shows no reason"]),
    ("{type: lose_device, @@level: high}", ["shows no level"]),
    ("{type: generate.allowed, @@level: high}", ["shows no level"]),
    ("{type: sign_in.allowed, @@challenge: code}", ["shows no challenge"]),
    ("{type: sign_in.allowed, @@account: ana}", ["shows no account"]),
    ("{type: sign_in.denied, @@limit: subject}", ["shows no limit"]),
    ("{type: generate.allowed, by: @@ana}", ["no step", "by 'ana'"]),
    ("{type: generate.allowed, subject: @@sam}", ["no step", "subject 'sam'"]),
    ("{type: generate.allowed, node: @@west}", ["no step", "node 'west'"]),
    ("{type: sign_in.allowed, method: @@sms}", ["no step", "method 'sms'"]),
    ("{by: mallory, node: @@west}", ["no step"]),
]


@pytest.mark.parametrize("part", ["events", "never"])
@pytest.mark.parametrize(("line", "words"), AUDIT_LINES)
def test_an_audit_line_that_can_match_nothing_is_a_fault(part, line, words, tmp_path):
    audit = f"    audit:\n      {part}:\n        - {line}\n"
    text, row, column = marked(f"{HEAD}  - id: x\n{audit}{AUDIT_STEPS}")
    assert_fault(text, tmp_path / "a.tvc.yaml", row, column, words)


POSSIBLE_LINES = [
    "{type: generate.allowed, by: sam, subject: ana, account: sam, code: c1}",
    "{type: generate.denied, reason: rate_limited, rule: generate.rate, limit: subject}",
    "{type: sign_in.allowed, by: ana, subject: ana, level: high, node: west, code: c1}",
    "{type: sign_in.denied, method: totp, challenge: code}",
    "{type: enroll.allowed, subject: mallory, account: mallory, method: totp}",
    "{type: lose_device, by: ana}",
    "{type: code.ended, cause: lapsed, code: c1}",
    "{type: session.ended, cause: deactivated, person: ana}",
    "{type: notice.sent, subject: ana}",
    "{by: mallory}",
    "{reason: step_up_required}",
    "{cause: replaced}",
]


@pytest.mark.parametrize("line", POSSIBLE_LINES)
def test_an_audit_line_that_can_match_is_accepted(line, tmp_path):
    audit = f"    audit: {{match: in_order, never: [{line}]}}\n"
    (case,) = read(f"{HEAD}  - id: x\n{audit}{AUDIT_STEPS}", tmp_path / "a.tvc.yaml").cases
    (found,) = case.audit.never
    assert (found.line, found.column) == (FIRST + 1, audit.index(line) + 1)
    assert found.fields == dict(entry.split(": ") for entry in line.strip("{}").split(", "))


@pytest.mark.parametrize(
    ("audit", "words"),
    [
        ("@@[]", ["expected a mapping"]),
        ("{match: @@inorder}", ["did you mean 'in_order'"]),
        ("{events: @@{}}", ["expected a list"]),
        ("{@@event: []}", ["did you mean 'events'"]),
    ],
)
def test_a_wrong_audit_is_a_fault(audit, words, tmp_path):
    text, row, column = marked(f"{HEAD}  - id: x\n    audit: {audit}\n{AUDIT_STEPS}")
    assert_fault(text, tmp_path / "a.tvc.yaml", row, column, words)


@pytest.mark.parametrize(
    "audit", ["{}", "{match: exactly}", "{match: exactly, never: [{by: sam}]}"]
)
def test_an_audit_that_asks_for_nothing_is_a_fault(audit, tmp_path):
    text, row, column = marked(f"{HEAD}  - id: x\n    @@audit: {audit}\n{AUDIT_STEPS}")
    assert_fault(text, tmp_path / "a.tvc.yaml", row, column, ["asks for nothing"])


def test_a_step_without_expect_is_a_fault_where_every_request_must_say_it(tmp_path):
    text = with_steps(
        "{at: 0s, do: use, by: sam}",
        "{at: 0s, do: use, by: sam, expect: allow}",
        "{at: 0s, do: lose_device, by: ana}",
    )
    assert_fault(
        text, tmp_path / "a.tvc.yaml", FIRST + 2, 9, ["missing key 'expect'"], require_expect=True
    )
    assert len(read(text, tmp_path / "a.tvc.yaml").cases) == 1


def test_all_faults_of_a_file_come_at_once(tmp_path):
    text = """\
tvc: 2
peple: {}
people:
  sam: {role: admn}
  ana: {knows: [bob]}
clocks: {west: {offset: 1}}
policies: {tight: {extends: salesforce, set: {lifetime.mx: 1h}}}
scenarios:
  - id: x
    policy: tight
    tags: [a b]
    breaks: [no_such]
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1, save: c1}
      - {at: 0s, do: sign_in, by: ann, code: c1, node: west}
      - {at: 0s, do: sign_in, by: ana, code: c2, expect: {deny: rate_limited}}
  - id: x
    policy: salesforc
    cases: [{life: 1h}]
    timeline:
      - {do: use, by: sam}
"""
    faults = faults_of(text, tmp_path / "a.tvc.yaml")
    assert [fault.line for fault in faults] == [
        1, 2, 4, 5, 6, 7, 11, 12, 14, 15, 16, 16, 17, 18, 19, 21,
    ]  # fmt: skip


def test_the_same_fault_in_many_cases_of_a_table_is_said_once(tmp_path):
    text = (
        f"{HEAD}  - id: x\n    matrix: {{who: [sam, ana]}}\n    timeline:\n"
        "      - {at: 0s, do: use, by: '${who}', node: wst}\n"
    )
    assert len(faults_of(text, tmp_path / "a.tvc.yaml")) == 1


def test_a_file_of_faults_is_refused_with_the_first_of_them(tmp_path):
    text = with_steps(*["{at: 0s, do: use, by: sma}"] * 500)
    faults = faults_of(text, tmp_path / "a.tvc.yaml")
    assert len(faults) == 100
    assert faults[0].line == FIRST + 2


def test_two_equal_ids_on_one_line_are_a_fault(tmp_path):
    text = HEAD.replace("scenarios:\n", "scenarios: [") + (
        "{id: x, timeline: [{at: 0s, do: use, by: sam}]}, "
        "{id: @@x, timeline: [{at: 0s, do: use, by: sam}]}]\n"
    )
    text, line, column = marked(text)
    words = ["the id 'x' is on line 8 already"]
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, words)


def test_cases_of_many_scenarios_share_one_limit(tmp_path, monkeypatch):
    monkeypatch.setattr("tvc.files.scenarios.MAX_STEPS", 100)
    values = ", ".join(f"{n}s" for n in range(60))
    scenario = (
        f"    matrix: {{a: [{values}]}}\n    timeline: [{{at: '${{a}}', do: use, by: sam}}]\n"
    )
    text, line, column = marked(f"{HEAD}  - id: x\n{scenario}  - id: y\n    @@{scenario[4:]}")
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, ["60 cases", "in all its cases"])


def test_a_large_table_that_is_wrong_throughout_is_refused_soon(tmp_path):
    values = ", ".join(f"{n}s" for n in range(5_000))
    text, line, column = marked(
        f"{HEAD}  - id: x\n    matrix: {{a: [{values}]}}\n    timeline:\n"
        "      - {at: '${a}', do: @@us, by: sam}\n"
    )
    assert_fault(text, tmp_path / "a.tvc.yaml", line, column, ["did you mean 'use'"])


def test_a_file_that_is_not_there_is_a_fault(tmp_path):
    with pytest.raises(InvalidFile):
        load_scenarios(tmp_path / "none.tvc.yaml")


VALID = f"""\
{HEAD}  - id: first
    policy: strict
    tags: [a, b]
    why: says something
    audit: {{match: in_order, events: [{{type: generate.allowed, by: sam, subject: ana}}]}}
    breaks: [rate_limit_holds]
    invariants: [outsiders_stay_out]
    timeline:
      - {GENERATE}
      - {{after: 5m, do: sign_in, by: ana, code: c1, node: west, expect: allow}}
      - {{at: 6m, do: sign_in, by: mallory, for: ana,
         expect: {{deny: verification_required, challenge: code}}}}
  - id: second
    cases:
      - {{policy: salesforce, life: 24h, want: allow}}
      - {{policy: strict, life: 5h, want: {{deny: lifetime_too_long}}}}
    timeline:
      - {{at: 0s, do: generate, by: sam, for: ana, lifetime: "${{life}}", expect: "${{want}}"}}
  - id: third
    matrix: {{who: [sam, ana]}}
    skip: later
    timeline:
      - {{at: 1h, do: lose_device, by: "${{who}}"}}
"""
#: No file that is made of these has a # in it, so that any in a message is the tag of a union.
TOKENS = re.findall(r"[\w.$]+|[^\w\s]|\s+", VALID)
SPARE = [
    "null", "''", "{}", "[]", "- ", ": ", "x", "-1", "0", "1e9", "true", "${life}", "a${life}",
    "\n", "  ", ",", "{", "}", "[", "]", "&a ", "*a", "!!python/object:os.system ", "\x00",
    "wrong", "none", "timeline", "cases", "matrix", "workload", "compare", "expect", "policy",
]  # fmt: skip


def test_the_file_that_is_mutated_is_valid(tmp_path):
    assert len(read(VALID, tmp_path / "a.tvc.yaml").cases) == 5


@settings(max_examples=settings().max_examples * 2)
@given(st.data())
def test_a_mutated_file_is_read_or_refused_and_never_crashes(data):
    tokens = list(TOKENS)
    for _ in range(data.draw(st.integers(1, 4))):
        index = data.draw(st.integers(0, len(tokens) - 1))
        kind = data.draw(st.sampled_from(["drop", "swap", "replace", "insert"]))
        if kind == "drop":
            tokens[index] = ""
        elif kind == "swap":
            other = data.draw(st.integers(0, len(tokens) - 1))
            tokens[index], tokens[other] = tokens[other], tokens[index]
        else:
            word = data.draw(st.sampled_from(SPARE) | st.sampled_from(TOKENS))
            tokens[index] = word if kind == "replace" else tokens[index] + word
    try:
        read("".join(tokens), path=Path("a.tvc.yaml"), require_expect=data.draw(st.booleans()))
    except InvalidFile as error:
        for fault in error.faults:
            assert "\n" not in fault.message
            assert not re.search(r"[Ii]nput|valid (string|dict)|#\w+|pydantic", fault.message)
