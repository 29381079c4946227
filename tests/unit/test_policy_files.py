import json
import pickle
import re
import subprocess
import sys
from pathlib import Path

import jsonschema
import pytest
from hypothesis import given
from hypothesis import strategies as st

import tvc
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import ALPHABETS, KNOBS, RATE_KNOBS, Knob, Policy
from tvc.domain.policies import Origin, digest_policy
from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.nodes import plain
from tvc.files.policies import (
    MergedPolicy,
    PolicyResolver,
    load_policy_file,
    load_shipped,
    shipped_policies,
)
from tvc.files.policy_documents import read_policy
from tvc.files.policy_merging import lay
from tvc.files.policy_schema import inline_policy_schema, policy_schema
from tvc.files.policy_tables import describe, difference

PACKAGE = Path(tvc.__file__).parent / "policies"


def merge(text: str) -> MergedPolicy:
    """Merge a policy file's text; the policies of the package are all that it may extend."""
    document = read_policy(parse_document(text, "p.yaml"), "p.yaml")
    parent = document.extends.text if document.extends else "salesforce"
    return lay(document, load_shipped(parent))


def faults_of(text: str) -> list[str]:
    with pytest.raises(InvalidFile) as caught:
        merge(text)
    return [f"{fault.line}:{fault.column}: {fault.message}" for fault in caught.value.faults]


def resolver(text: str, **replacements: Path) -> PolicyResolver:
    return PolicyResolver(parse_document(text, "s.tvc.yaml"), Path("s.tvc.yaml"), replacements)


# The package


def test_the_packaged_salesforce_file_says_what_the_implementation_does():
    merged = load_policy_file(PACKAGE / "salesforce.yaml")
    assert merged.policy.values() == Policy().values()
    assert merged.digest == load_shipped("salesforce").digest
    assert merged.policy.name == load_shipped("salesforce").policy.name == "salesforce"


def test_the_packaged_salesforce_file_lists_every_knob_itself():
    merged = load_policy_file(PACKAGE / "salesforce.yaml")
    expected = [knob.key for knob in KNOBS] + [f"rates.subject.{k.key}" for k in RATE_KNOBS]
    assert list(merged.origins) == expected
    assert all(origin.line is not None for origin in merged.origins.values())


def test_each_comment_of_the_packaged_salesforce_file_is_the_meaning_and_source_of_its_knob():
    path = PACKAGE / "salesforce.yaml"
    lines = path.read_text("utf-8").splitlines()
    merged = load_policy_file(path)
    for row in describe(merged):
        knob = next(
            k for k in (*KNOBS, *RATE_KNOBS) if row.key in (k.key, f"rates.subject.{k.key}")
        )
        line = merged.origins[row.key].line
        assert line is not None
        assert lines[line - 2].strip() == f"# {knob.meaning} ({knob.source})"


def test_the_package_has_the_policies_that_the_documentation_names():
    assert shipped_policies() == ("article-wording", "salesforce", "strict", "two-person")
    assert all(load_shipped(name).policy.name == name for name in shipped_policies())
    assert all(load_shipped(name).why for name in shipped_policies() if name != "salesforce")


def test_strict_differs_from_salesforce_in_just_what_it_says():
    assert difference(Policy(), load_shipped("strict").policy) == [
        ("lifetime.max", "24h", "4h"),
        ("code.ends_on", "[]", "[enroll]"),
        ("issuer.self_issue", "allow", "deny"),
        ("expire.ends_sessions", "false", "true"),
        ("enroll.assurance", "standard", "high"),
        ("session.ends_with_code", "false", "true"),
        ("notify", "[]", "[generate, sign_in]"),
        ("rates.subject.limit", "6", "3"),
    ]


def test_two_person_and_article_wording_differ_in_just_what_they_say():
    assert difference(Policy(), load_shipped("two-person").policy) == [
        ("issuer.ticket", "optional", "required"),
        ("issuer.approvals.standard", "0", "1"),
        ("issuer.approvals.privileged", "0", "2"),
    ]
    assert difference(Policy(), load_shipped("article-wording").policy) == [
        ("sign_in.return", "on_end", "on_expire_now")
    ]


def test_a_packaged_policy_that_is_not_there_is_answered_with_a_guess():
    with pytest.raises(LookupError, match="did you mean 'strict'"):
        load_shipped("strickt")


def test_loading_the_default_policy_reads_no_file_and_no_heavy_module():
    code = (
        "import sys\n"
        "from tvc.files import documents, policies\n"
        "documents.parse_document = policies.parse_document = None\n"
        "policies.load_shipped('salesforce').digest\n"
        "heavy = {'pydantic', 'numpy', 'pandas', 'typer', 'rich'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


# Reading knobs


def test_nested_dotted_and_set_knobs_mix():
    merged = merge(
        """
        policy: mixed
        lifetime: {min: 2h}
        lifetime.max: 4h
        sign_in: {assurance.sms: standard, assurance: {email: standard}}
        rates: {subject.limit: 3, desk: {limit: 40, per: 1d, window: rolling, scope: issuer}}
        rates.org.limit: 500
        rates.org: {per: 1d}
        set: {code: {uses: 1}, session.idle: 15m}
        """
    )
    assert difference(Policy(), merged.policy) == [
        ("lifetime.min", "1h", "2h"),
        ("lifetime.max", "24h", "4h"),
        ("code.uses", "unlimited", "1"),
        ("sign_in.assurance.sms", "high", "standard"),
        ("sign_in.assurance.email", "high", "standard"),
        ("session.idle", "off", "15m"),
        ("rates.subject.limit", "6", "3"),
        ("rates.desk.limit", "off", "40"),
        ("rates.desk.per", "off", "24h"),
        ("rates.desk.window", "off", "rolling"),
        ("rates.desk.scope", "off", "issuer"),
        ("rates.org.limit", "off", "500"),
        ("rates.org.per", "off", "24h"),
        ("rates.org.window", "off", "rolling"),
        ("rates.org.scope", "off", "subject"),
    ]
    assert [rate.name for rate in merged.policy.rates] == ["subject", "desk", "org"]


@pytest.mark.parametrize("word", ["off", "null", "~"])
def test_the_absent_word_and_null_switch_an_optional_knob_off(word):
    assert merge(f"{{policy: p, session.max: {word}}}").policy.session.max_ms is None


def test_a_rate_limit_can_be_removed():
    assert merge("{policy: p, rates.subject: off}").policy.rates == ()
    assert merge("{policy: p, rates: {subject: off}}").policy.rates == ()


def test_an_alphabet_is_a_name_or_its_characters():
    assert merge("{policy: p, code.alphabet: letters}").policy.code.alphabet == ALPHABETS["letters"]
    assert merge("{policy: p, code.alphabet: '01'}").policy.code.alphabet == "01"


def test_the_order_of_a_list_means_nothing():
    first = merge("{policy: p, notify: [sign_in, generate]}")
    second = merge("{policy: p, notify: [generate, sign_in]}")
    assert first.policy == second.policy
    assert first.digest == second.digest


def values_of(knob: Knob) -> st.SearchStrategy[object]:
    values: dict[str, st.SearchStrategy[object]] = {
        "duration": st.integers(knob.low, 1_000 * DAY_MS),
        "integer": st.integers(knob.low, knob.high),
        "boolean": st.booleans(),
        "choice": st.sampled_from(knob.choices or ("",)),
        "list": st.sets(st.sampled_from(knob.choices or ("",))).map(
            lambda chosen: tuple(word for word in knob.choices if word in chosen)
        ),
        "alphabet": st.sampled_from(sorted(ALPHABETS.values()))
        | st.lists(
            st.characters(exclude_categories=("C", "Z")), min_size=2, max_size=9, unique=True
        )
        .map("".join)
        .filter(lambda text: text.isprintable() and "a" not in text and "i" not in text),
    }
    found = values[knob.kind]
    return found if knob.absent is None else st.none() | found


RATES = st.dictionaries(
    st.from_regex(r"[A-Za-z][A-Za-z0-9_-]{0,8}", fullmatch=True),
    st.fixed_dictionaries({knob.key: values_of(knob) for knob in RATE_KNOBS}),
    max_size=3,
)


@given(st.fixed_dictionaries({}, optional={k.key: values_of(k) for k in KNOBS}), RATES, st.data())
def test_what_knob_format_writes_is_read_back_as_the_same_policy(chosen, rates, data):
    for name, knobs in rates.items():
        chosen |= {f"rates.{name}.{key}": value for key, value in knobs.items()}
    expected = Policy().with_values(chosen, "random")
    if expected.contradictions():
        chosen = {k: v for k, v in chosen.items() if not k.startswith("lifetime.")}
        expected = Policy().with_values(chosen, "random")
    tables = {k.key: k for k in KNOBS} | {
        f"rates.{name}.{k.key}": k for name in rates for k in RATE_KNOBS
    }
    lines, groups = ["policy: random"], {}
    for key, value in chosen.items():
        text = tables[key].format(value)
        written = json.dumps(text) if tables[key].kind == "alphabet" else text
        group, _, rest = key.partition(".")
        if rest and data.draw(st.booleans(), key):
            groups.setdefault(group, []).append(f"{rest}: {written}")
        else:
            lines.append(f"{key}: {written}")
    lines += [f"{group}: {{{', '.join(entries)}}}" for group, entries in groups.items()]
    merged = merge("\n".join(lines))
    # Nested limits come in the place of their group, so the order of limits is the file's own.
    assert merged.policy.values() == expected.values()
    assert merged.policy.name == "random"
    if not groups:
        assert merged.policy == expected
        assert merged.digest == digest_policy(expected)


# What is wrong, and where


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        ("lifetme.max: 4h", "2:1: unknown key 'lifetme.max' (did you mean 'lifetime.max'?)"),
        ("lifetime: {mx: 4h}", "2:12: unknown key 'lifetime.mx' (did you mean 'lifetime.max'?)"),
        ("lifetme: {max: 4h}", "2:1: unknown key 'lifetme' (did you mean 'lifetime'?)"),
        ("extend: strict", "2:1: unknown key 'extend' (did you mean 'extends'?)"),
        (
            "rates.desk.limt: 4",
            "2:1: unknown key 'rates.desk.limt' (did you mean 'rates.desk.limit'?)",
        ),
        ("lifetime.max.x: 4h", "2:1: unknown key 'lifetime.max.x' (did you mean 'lifetime.max'?)"),
        ("lifetime.max: 4", "2:15: lifetime.max: '4' needs a unit, such as 4h"),
        ("lifetime.max: '4'", "2:15: lifetime.max: '4' needs a unit, such as 4h"),
        (
            "lifetime.max: 1.5h",
            "2:15: lifetime.max: '1.5h' is no duration: "
            "write whole numbers with units, such as 90s, 1h30m, 2d, 250ms",
        ),
        (
            "session.max: never",
            "2:14: session.max: 'never' is no duration: "
            "write whole numbers with units, such as 90s, 1h30m, 2d, 250ms, or off",
        ),
        (
            "lifetime.max: true",
            "2:15: lifetime.max: expected a duration such as 90s, 4h or 2d, not true",
        ),
        ("lifetime.max: 0s", "2:15: lifetime.max: '0s' is too short: at least 1ms"),
        ("clock.leeway: -1s", "2:15: clock.leeway: '-1s' is too short: at least 0s"),
        ("lifetime.max: 9999999d", "2:15: lifetime.max: '9999999d' is too long: at most 1000000d"),
        (
            "lifetime.max:",
            "2:1: lifetime.max: expected a duration such as 90s, 4h or 2d, not null",
        ),
        ("lifetime: 4h", "2:11: lifetime: expected a mapping of min, max, step, not '4h'"),
        ("code.length: 0", "2:14: code.length: 0 is too low: at least 1"),
        ("code.length: 9999999", "2:14: code.length: 9999999 is too high: at most 64"),
        ("code.length: six", "2:14: code.length: expected a whole number, not 'six'"),
        ("code.length: '6'", "2:14: code.length: expected a whole number, not '6'"),
        ("code.length: 6.0", "2:14: code.length: expected a whole number, not 6.0"),
        ("code.length: true", "2:14: code.length: expected a whole number, not true"),
        ("code.length: [6]", "2:14: code.length: expected a whole number, not a list"),
        ("code.uses: 0", "2:12: code.uses: 0 is too low: at least 1"),
        ("code.uses: off", "2:12: code.uses: expected a whole number, or unlimited, not 'off'"),
        ("expire.own: yes", "2:13: expire.own: expected true or false, not 'yes'"),
        ("expire.own: 1", "2:13: expire.own: expected true or false, not 1"),
        (
            "issuer.self_issue: denny",
            "2:20: issuer.self_issue: unknown word 'denny' (did you mean 'deny'?), "
            "expected one of: allow, deny",
        ),
        (
            "issuer.self_issue: false",
            "2:20: issuer.self_issue: expected one of: allow, deny, not false",
        ),
        (
            "code.ends_on: enroll",
            "2:15: code.ends_on: "
            "expected a list of words such as [enroll, method_sign_in], not 'enroll'",
        ),
        (
            "code.ends_on: [enroll, enroll]",
            "2:24: code.ends_on: 'enroll' is listed twice: also on line 2",
        ),
        (
            "code.ends_on: [enrol]",
            "2:16: code.ends_on: unknown word 'enrol' (did you mean 'enroll'?), "
            "expected one of: enroll, method_sign_in",
        ),
        (
            "code.ends_on: [[enroll]]",
            "2:16: code.ends_on: expected one of: enroll, method_sign_in, not a list",
        ),
        (
            "code.alphabet: digts",
            "2:16: code.alphabet: unknown alphabet 'digts' (did you mean 'digits'?)",
        ),
        (
            "code.alphabet: 123",
            "2:16: code.alphabet: expected digits, letters, alphanumeric, unambiguous, "
            "or the characters in quotes, not 123",
        ),
        (
            "code.alphabet: '1'",
            "2:16: code.alphabet: '1' has fewer than two characters: every code would be the same",
        ),
        (
            "code.alphabet: ''",
            "2:16: code.alphabet: '' has fewer than two characters: every code would be the same",
        ),
        (
            "code.alphabet: '0120'",
            "2:16: code.alphabet: '0120' has a character twice: it would be drawn more often",
        ),
        (
            "code.alphabet: '0 1'",
            "2:16: code.alphabet: '0 1' has a character that cannot be read out",
        ),
        ("rates.desk: {limit: 4}", "2:1: rates.desk is a new limit and needs per"),
        ("rates.desk: {}", "2:1: rates.desk is a new limit and needs limit and per"),
        (
            "rates.subjct.limit: 4",
            "2:1: rates.subjct is a new limit and needs per (did you mean 'subject'?)",
        ),
        ("rates.desk: off", "2:1: there is no rate limit 'desk' to remove"),
        ("rates: off", "2:8: rates: expected a mapping of rate limits by name, not 'off'"),
        (
            "rates.subject:",
            "2:1: rates.subject: expected a mapping of limit, per, window, scope, or off, not null",
        ),
        (
            "rates.9a.limit: 4",
            "2:1: '9a' cannot name a rate limit: a letter first, then letters, digits, '-' and '_'",
        ),
        ("set: {why: x}", "2:7: unknown key 'why'"),
        ("set: 4", "2:6: set: expected a mapping of knobs, not 4"),
        ("extends: 4", "2:10: extends: expected a text, not 4"),
        ('why: "two\\nlines"', "2:6: why: expected one line of printable characters"),
    ],
)
def test_a_fault_says_where_it_is_and_what_to_write(line, fault):
    assert faults_of(f"policy: p\n{line}\n") == [fault]


def test_a_file_without_a_name_or_with_a_wrong_one_is_refused():
    assert faults_of("lifetime.max: 4h\n") == ["1:1: a policy file needs a name: policy: NAME"]
    (fault,) = faults_of("policy: 9 lives\n")
    assert fault.startswith("1:9: '9 lives' cannot name a policy")


def test_all_faults_of_a_file_come_at_once():
    faults = faults_of(
        "policy: p\nlifetime.mx: 4h\ncode: {length: 0, uses: x}\nrates.a: {limit: 1}\n"
    )
    assert [fault.split(": ")[0] for fault in faults] == ["2:1", "3:16", "3:25", "4:1"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        (
            "lifetime.max: 4h\nlifetime: {max: 4h}\n",
            "3:12: lifetime.max is given twice: also on line 2",
        ),
        (
            "lifetime.max: 4h\nset: {lifetime.max: 5h}\n",
            "3:7: lifetime.max is given twice: also on line 2",
        ),
        (
            "rates.subject: off\nrates: {subject.limit: 3}\n",
            "3:9: rates.subject.limit is given, but rates.subject is off on line 2",
        ),
    ],
)
def test_a_knob_given_twice_names_both_lines(text, fault):
    assert faults_of(f"policy: p\n{text}") == [fault]


def test_a_contradiction_is_reported_at_the_key_that_causes_it():
    (fault,) = faults_of("policy: p\nextends: strict\nwhy: x\nlifetime:\n  min: 5h\n")
    assert fault == (
        "5:3: lifetime.min (5h) is longer than lifetime.max (4h): no lifetime is allowed"
    )


def test_no_contradiction_is_made_up_from_a_value_that_could_not_be_read():
    (fault,) = faults_of("policy: p\nlifetime.min: 30h\nlifetime.max: 48\n")
    assert "needs a unit" in fault


# Files that extend files


def test_a_file_extends_another_by_a_path_relative_to_its_own_folder(tmp_path):
    (tmp_path / "base").mkdir()
    (tmp_path / "root.yaml").write_text("{policy: root, extends: strict, lifetime.max: 3h}")
    (tmp_path / "base/mid.yaml").write_text(
        "{policy: mid, extends: ../root.yaml, why: fewer, rates.subject.limit: 2}"
    )
    top = tmp_path / "top.yaml"
    top.write_text("policy: top\nextends: base/mid.yaml\ncode.uses: 1\n")
    merged = load_policy_file(top)
    assert [origin.policy for origin in merged.lineage] == [
        "top", "mid", "root", "strict", "salesforce",
    ]  # fmt: skip
    assert merged.why is None
    assert merged.origins["code.uses"] == Origin(str(top), 3, "top")
    assert str(merged.origins["lifetime.max"]) == f"{tmp_path / 'root.yaml'}:1"
    assert str(merged.origins["rates.subject.limit"]) == f"{tmp_path / 'base/mid.yaml'}:1"
    assert merged.origins["notify"].file == "built in: strict"
    assert str(merged.origins["lifetime.min"]) == "built in: salesforce"


def test_faults_of_a_file_that_is_extended_are_reported_with_its_own_places(tmp_path):
    (tmp_path / "base.yaml").write_text("policy: base\nlifetime.mx: 3h\n")
    top = tmp_path / "top.yaml"
    top.write_text("policy: top\nextends: base.yaml\ncode.uses: 0\n")
    with pytest.raises(InvalidFile) as caught:
        load_policy_file(top)
    places = [(Path(fault.file).name, fault.line) for fault in caught.value.faults]
    assert places == [("base.yaml", 2), ("top.yaml", 3)]


def test_files_that_extend_each_other_are_shown_as_a_chain(tmp_path):
    for name, other in (("a", "b"), ("b", "c"), ("c", "b")):
        (tmp_path / f"{name}.yaml").write_text(f"policy: {name}\nextends: {other}.yaml\n")
    with pytest.raises(InvalidFile) as caught:
        load_policy_file(tmp_path / "a.yaml")
    (fault,) = caught.value.faults
    assert Path(fault.file).name == "c.yaml"
    assert re.sub(r"[^ ]*/", "", fault.message) == (
        "policies extend each other: b.yaml -> c.yaml -> b.yaml"
    )


def test_a_parent_that_is_not_there_is_reported_where_it_is_named(tmp_path):
    top = tmp_path / "top.yaml"
    for parent, message in [
        ("none.yaml", "there is no file 'none.yaml'"),
        ("strickt", "there is no policy 'strickt' (did you mean 'strict'?)"),
    ]:
        top.write_text(f"policy: top\nextends: {parent}\n")
        with pytest.raises(InvalidFile, match=re.escape(message)) as caught:
            load_policy_file(top)
        assert (caught.value.faults[0].line, caught.value.faults[0].column) == (2, 10)


# The policies of a scenario file


def test_inline_policies_extend_each_other_in_any_order():
    found = resolver("b: {extends: a, set: {code.uses: 2}}\na: {extends: strict, lifetime.max: 2h}")
    assert found.faults == ()
    merged = found.resolve("b")
    assert merged.policy.name == "b"
    assert (merged.policy.lifetime.max_ms, merged.policy.code.uses) == (2 * HOUR_MS, 2)
    assert merged.origins["lifetime.max"] == Origin("s.tvc.yaml", 2, "a")
    assert found.resolve("strict") is load_shipped("strict")
    assert found.names() == ("b", "a", *shipped_policies())


def test_a_scenario_file_without_policies_has_those_of_the_package():
    found = PolicyResolver(None, Path("s.tvc.yaml"))
    assert found.names() == shipped_policies()
    assert found.resolve("salesforce").policy == Policy()


def test_an_unknown_name_is_answered_with_a_guess():
    with pytest.raises(LookupError, match=r"no policy 'shrt' \(did you mean 'short'"):
        resolver("short: {lifetime.max: 2h}").resolve("shrt")


def test_faults_of_policies_that_nobody_uses_are_collected_too():
    found = resolver(
        "a: {extends: b}\nb: {extends: a}\nc: {lifetime.mx: 1h}\nd: {extends: c, code.uses: 0}\n"
        "e: {policy: e}\nf: 4\nsalesforce: {code.uses: 1}\n9x: {}\ng: {extends: f}\n"
        "h: {lifetime.max: 2h}\n"
    )
    assert [f"{fault.line}: {fault.message}"[:52] for fault in found.faults] == [
        "2: policies extend each other: a -> b -> a",
        "3: unknown key 'lifetime.mx' (did you mean 'lifetime",
        "4: code.uses: 0 is too low: at least 1",
        "5: an inline policy has the name it stands under: le",
        "6: expected a policy, which is a mapping, not 4",
        "7: 'salesforce' is the policy that all others differ",
        "8: '9x' cannot name a policy: a letter first, then l",
    ]
    assert found.resolve("h").policy.lifetime.max_ms == 2 * HOUR_MS
    for name in "abcdefg":
        with pytest.raises(InvalidFile):
            found.resolve(name)


def test_a_policy_of_the_file_may_have_the_name_of_a_packaged_one():
    found = resolver("strict: {extends: salesforce, set: {lifetime.max: 2h}}")
    assert not found.faults
    assert found.resolve("strict").policy.lifetime.max_ms == 2 * HOUR_MS


def test_a_replacement_comes_before_the_file_and_the_package(tmp_path):
    file = tmp_path / "candidate.yaml"
    file.write_text("{policy: candidate, extends: salesforce, lifetime.max: 8h}")
    found = resolver("short: {rates.subject.limit: 1}", salesforce=file)
    assert found.resolve("salesforce").policy.name == "candidate"
    # What is built on a replaced policy moves with it.
    assert found.resolve("short").policy.lifetime.max_ms == 8 * HOUR_MS
    assert resolver("short: {code.uses: 1}", short=file).resolve("short").policy.code.uses is None


def test_faults_of_a_replacement_are_collected(tmp_path):
    found = resolver("short: {extends: base}", base=tmp_path / "none.yaml")
    assert [fault.file for fault in found.faults] == [str(tmp_path / "none.yaml")]
    with pytest.raises(InvalidFile):
        found.resolve("short")


# What is made of a merged policy


def test_the_digest_ignores_formatting_names_and_the_order_of_keys():
    one = merge("policy: one\nlifetime: {max: 240m, min: 1h}\ncode.uses: 2\n")
    two = merge("# same\npolicy: two\nwhy: other words\nset: {code: {uses: 2}, lifetime.max: 4h}\n")
    assert one.digest == two.digest
    assert re.fullmatch("[0-9a-f]{64}", one.digest)


def test_the_digest_sees_every_knob_and_the_order_of_rate_limits():
    changed = ["code.uses: 2", "rates.subject.limit: 5", "rates.subject: off", "notify: [enroll]"]
    first = "rates.a: {limit: 1, per: 1h}\nrates.b: {limit: 2, per: 1h}"
    other = "rates.b: {limit: 2, per: 1h}\nrates.a: {limit: 1, per: 1h}"
    digests = {merge(f"policy: p\n{text}").digest for text in [*changed, first, other, ""]}
    assert len(digests) == len(changed) + 3


def test_a_difference_in_the_order_of_rate_limits_is_shown():
    first = merge("policy: p\nrates.a: {limit: 1, per: 1h}\nrates.b: {limit: 2, per: 1h}")
    other = merge("policy: p\nrates.b: {limit: 2, per: 1h}\nrates.a: {limit: 1, per: 1h}")
    assert difference(first.policy, other.policy) == [("rates", "subject, a, b", "subject, b, a")]


def test_a_description_says_what_where_from_and_why():
    rows = {row.key: row for row in describe(load_shipped("strict"))}
    assert list(rows) == list(load_shipped("strict").policy.values())
    assert rows["lifetime.max"][1:4] == ("4h", "built in: strict:6", "policy")
    assert rows["code.length"] == (
        "code.length", "6", "built in: salesforce", "assumption", "characters of a code",
    )  # fmt: skip


def test_a_merged_policy_travels_to_other_processes():
    merged = load_shipped("strict")
    assert pickle.loads(pickle.dumps(merged)) == merged


# The schema


@pytest.mark.parametrize("name", shipped_policies())
def test_the_schema_accepts_the_packaged_policies(name):
    document = plain(parse_document((PACKAGE / f"{name}.yaml").read_text("utf-8"), name))
    jsonschema.validate(document, policy_schema())


def test_the_schemas_are_schemas_and_describe_every_knob():
    for schema in (policy_schema(), inline_policy_schema()):
        jsonschema.Draft202012Validator.check_schema(schema)
        for knob in KNOBS:
            entry = schema["properties"][knob.key]
            assert knob.meaning in entry["description"]
            jsonschema.validate(entry["default"], entry)


@pytest.mark.parametrize(
    "text",
    [
        "lifetime: {min: 1h, max: 1h30m}",
        "lifetime.max: 250ms",
        "sign_in: {assurance.sms: standard, assurance: {email: standard}}",
        "rates.desk: {limit: 40, per: 1d}",
        "rates: {desk: {limit: 40, per: 1d}, desk.window: bucket, subject: off}",
        "rates.desk.scope: org",
        "session.max: off",
        "session: {max: null}",
        "code.uses: 3",
        "code.alphabet: '01'",
        "set: {lifetime.max: 4h, rates: {subject.limit: 3}}",
    ],
)
def test_the_schema_accepts_what_the_reader_reads(text):
    document = plain(parse_document(text, "p.yaml"))
    jsonschema.validate(document, inline_policy_schema())
    jsonschema.validate({"policy": "p", **document}, policy_schema())


@pytest.mark.parametrize(
    "text",
    [
        "lifetme.max: 4h",
        "lifetime: {mx: 4h}",
        "lifetime.max: 4",
        "lifetime.max: 1.5h",
        "lifetime.max: -1h",
        "lifetime.max: 1m1h",
        "lifetime.max: ''",
        "lifetime: 4h",
        "code.length: 0",
        "code.length: 9999999",
        "code.uses: off",
        "expire.own: yes",
        "issuer.self_issue: denny",
        "notify: generate",
        "notify: [generate, generate]",
        "rates: off",
        "rates.desk: 4",
        "rates.desk: {limt: 4}",
        "rates.9a.limit: 4",
        "rates.desk.limit.x: 4",
        "set: {why: x}",
        "extends: 4",
    ],
)
def test_the_schema_refuses_what_the_reader_refuses(text):
    document = plain(parse_document(text, "p.yaml"))
    assert read_policy(parse_document(text, "p.yaml"), "p.yaml", "p").faults or "limt" in text
    for schema, bad in [
        (inline_policy_schema(), document),
        (policy_schema(), {"policy": "p", **document}),
    ]:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(bad, schema)


def test_the_schema_wants_a_name_in_a_file_and_none_inline():
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"lifetime.max": "4h"}, policy_schema())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({"policy": "p"}, inline_policy_schema())


def test_durations_of_the_schema_are_those_of_the_reader():
    assert merge("{policy: p, lifetime: {min: 1h, max: 1d2h3m4s5ms}}").policy.lifetime.max_ms == (
        DAY_MS + 2 * HOUR_MS + 3 * MINUTE_MS + 4_005
    )
    jsonschema.validate({"lifetime.max": "1d2h3m4s5ms"}, inline_policy_schema())
