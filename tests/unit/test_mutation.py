"""Mutants are one change each, a case that notices one is named, and nothing counts by mistake."""

# ruff: noqa: E501 - the lines of scenario files are as long as they are

import json
from collections import Counter
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import jsonschema
import pytest

from tvc.authority.authority import RECORD_TYPES
from tvc.authority.decide import COMPARISONS, LAW
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy, RateLimit, find_knob
from tvc.files.documents import parse_document
from tvc.files.scenarios import read_scenarios
from tvc.harness.collect import Loading
from tvc.harness.formats import FORMATS
from tvc.harness.selection import Selection
from tvc.workbench.hunt.goals import Differs, Side
from tvc.workbench.hunt.search import Find, hunt
from tvc.workbench.knob_moves import moves_of
from tvc.workbench.mutation import law_mutants, policy_mutants
from tvc.workbench.mutation import offers as offers_module
from tvc.workbench.mutation.equivalence import COMMUTING, explain_policy
from tvc.workbench.mutation.exits import exit_of
from tvc.workbench.mutation.mutants import Change, Family
from tvc.workbench.mutation.offers import find_offer
from tvc.workbench.mutation.report import MutationReport
from tvc.workbench.mutation.scoring import NoSuchPolicy, Request, Study, prepare, study
from tvc.workbench.mutation.trials import Status, Verdict, judge_group, notices
from tvc.workbench.schemas import SCHEMAS

SUITE = """\
tvc: 1
policies:
  short: {extends: salesforce, set: {lifetime.max: 4h}}
  shorter: {extends: short, set: {lifetime.max: 2h, code.uses: 2}}
  tokens: {extends: salesforce, set: {rates.subject: off, rates.desk: {limit: 1, per: 1h, window: bucket}}}
people:
  sam: {role: admin}
  ana: {}
scenarios:
  - id: the-longest
    cases:
      - {policy: salesforce, life: 24h, want: allow}
      - {policy: salesforce, life: 25h, want: {deny: lifetime_too_long}}
      - {policy: short, life: 4h, want: allow}
      - {policy: shorter, life: 2h, want: allow}
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: "${life}", expect: "${want}"}
  - id: until-it-expires
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 59m59s999ms, do: sign_in, by: ana, code: c1}
      - {at: 1h, do: sign_in, by: ana, code: c1, expect: {deny: code_expired}}
      - {at: 1h, do: sign_in, by: ana, with: authenticator}
  - id: one-token
    policy: tokens
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}
"""


def cases_of(text=SUITE, file="suite.tvc.yaml"):
    return read_scenarios(parse_document(text, file), Path(file)).cases


def request_of(*files, **changes):
    asked = Request(tuple(map(Path, files)), Loading({}), Selection())
    return replace(asked, **changes)


def bench_of(text=SUITE, **changes):
    bench, left_out = prepare(cases_of(text), request_of(**changes))
    assert not left_out
    return bench


def mutants_of(bench):
    return [mutant for group in bench.groups for mutant in group.mutants()]


def named(mutants, about, text=None, policy=None):
    found = [
        one
        for one in mutants
        if one.change.about == about
        and text in (None, one.change.text)
        and policy in (None, one.change.policy)
    ]
    assert found, [one.change.id for one in mutants]
    return found if text is None else found[0]


# Steps of knobs


@pytest.mark.parametrize(
    ("key", "value", "expected"),
    [
        ("lifetime.max", DAY_MS, (DAY_MS + 1, DAY_MS - 1, 2 * DAY_MS, DAY_MS // 2)),
        ("clock.leeway", 0, (1, MINUTE_MS)),
        ("session.max", None, (HOUR_MS,)),
        ("session.max", 2, (3, 1, 4, None)),
        ("code.uses", None, (1,)),
        ("code.uses", 1, (2, None)),
        ("code.per_user", 1, (2,)),
        ("issuer.approvals.standard", 0, (1,)),
        ("expire.own", False, (True,)),
        ("sign_in.precedence", "either", ("code_first", "methods_first")),
        ("rates.desk.window", "bucket", ("rolling", "clock_hour")),
        ("code.ends_on", ("method_sign_in",), (("enroll", "method_sign_in"), ())),
        ("code.alphabet", "0123", ("012",)),
        ("code.alphabet", "01", ()),
    ],
)
def test_a_knob_moves_by_one_small_and_one_big_step_and_never_below_what_it_may_be(
    key, value, expected
):
    assert moves_of(find_knob(key), value) == expected


# Policies


def test_a_change_of_the_base_reaches_the_policies_that_do_not_set_the_knob():
    mutants = mutants_of(bench_of())
    base = named(mutants, "lifetime.max", "24h -> 24h1ms")
    cases = {case.policy.policy.name: case for case in cases_of()}
    assert base.change.policy == "salesforce"
    assert {name for name, case in cases.items() if base.reaches(case)} == {"salesforce", "tokens"}
    entered = base.enter(cases["salesforce"]).case.policy.policy
    assert entered.lifetime.max_ms == DAY_MS + 1
    assert cases["salesforce"].policy.policy.lifetime.max_ms == DAY_MS


def test_a_policy_is_changed_where_it_says_something_itself_and_named_by_its_line():
    mutants = mutants_of(bench_of())
    own = [one.change for one in mutants if one.change.policy == "shorter"]
    assert {change.about for change in own} == {"lifetime.max", "code.uses"}
    assert {str(change.origin) for change in own} == {"suite.tvc.yaml:4"}


def test_a_knob_is_also_dropped_to_what_the_parent_says():
    mutants = mutants_of(bench_of())
    texts = [one.change.text for one in named(mutants, "lifetime.max", policy="shorter")]
    assert "2h -> 4h (as if not set)" in texts
    assert texts.count("2h -> 4h (as if not set)") == 1
    assert "4h -> 1d (as if not set)" in [
        one.change.text.replace("24h", "1d")
        for one in named(mutants, "lifetime.max", policy="short")
    ]


def test_limits_are_dropped_added_and_put_back():
    mutants = mutants_of(bench_of())
    dropped = named(mutants, "rates.desk")[0]
    tokens = cases_of()[-1]
    assert dropped.enter(tokens).case.policy.policy.rates == ()
    back = named(mutants, "rates.subject", policy="tokens")[0]
    assert [limit.name for limit in back.enter(tokens).case.policy.policy.rates] == [
        "desk",
        "subject",
    ]
    added = named(mutants, "rates")
    assert len(added) == 2
    assert len(added[0].enter(tokens).case.policy.policy.rates) == 2
    assert not back.reaches(cases_of()[0])


def test_what_a_new_limit_leaves_out_belongs_to_the_policy_that_has_the_limit():
    scope = named(mutants_of(bench_of()), "rates.desk.scope")
    assert {one.change.policy for one in scope} == {"tokens"}


def test_a_policy_that_would_contradict_itself_is_not_made():
    text = SUITE.replace(
        "short: {extends: salesforce, set: {lifetime.max: 4h}}",
        "short: {extends: salesforce, set: {lifetime: {min: 4h, max: 4h}}}",
    )
    text = text.replace("lifetime.max: 2h, code.uses: 2", "code.uses: 2").replace(
        "policy: shorter, life: 2h", "policy: shorter, life: 4h"
    )
    texts = {
        one.change.text for one in named(mutants_of(bench_of(text)), "lifetime.min", policy="short")
    }
    assert "4h -> 8h" not in texts
    assert "4h -> 2h" in texts


def test_every_knob_of_a_policy_that_is_asked_for_is_changed():
    mutants = mutants_of(bench_of(policy="short"))
    knobs = {one.change.about for one in mutants}
    assert set(Policy().values()) - {"issuer.approvals.privileged"} <= knobs
    cases = cases_of()
    assert not any(one.reaches(cases[0]) for one in mutants)
    # What extends it feels it, but for what it sets itself.
    leeway = named(mutants, "clock.leeway", "0s -> 1ms")
    longest = named(mutants, "lifetime.max", "4h -> 8h")
    shorter = next(case for case in cases if case.policy.policy.name == "shorter")
    assert leeway.reaches(shorter)
    assert not longest.reaches(shorter)
    assert not named(mutants, "lifetime.min")[0].change.origin.line


def test_a_policy_is_found_by_its_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("corp.yaml").write_text("policy: corp\nlifetime.max: 4h\n")
    text = SUITE.replace(
        "short: {extends: salesforce, set: {lifetime.max: 4h}}",
        "short: {extends: ./corp.yaml, set: {code.uses: 3}}",
    )
    bench = bench_of(text, policy=str(tmp_path / "corp.yaml"))
    longest = named(mutants_of(bench), "lifetime.max")
    assert {str(one.change.origin) for one in longest} == {"corp.yaml:2"}


def test_a_policy_that_no_case_uses_is_refused_with_a_guess():
    with pytest.raises(NoSuchPolicy, match="did you mean 'short'"):
        mutants_of(bench_of(policy="shrt"))


# The law


def test_every_part_of_the_law_has_its_mutants_and_no_two_have_one_name():
    mutants = [one for group in law_mutants.find_groups((Policy(),)) for one in group.mutants()]
    abouts = {(one.change.about, one.change.text) for one in mutants}
    for kind, rules in LAW.rules.items():
        for rule in rules:
            name = rule.id if rule.id.startswith(f"{kind}.") else f"{rule.id} of {kind}"
            assert (f"rule {name}", "dropped") in abouts
        assert sum("after " in text for about, text in abouts if about.startswith("rule ")) > 30
    for name in COMPARISONS:
        assert any(about == f"comparison {name}" for about, _ in abouts)
    for consequences in LAW.consequences.values():
        for one in consequences:
            assert any(about == f"consequence {one.id}" for about, _ in abouts)
    for type_ in RECORD_TYPES:
        assert (f"record {type_}", "left out") in abouts
    ids = Counter(one.change.id for one in mutants)
    assert max(ids.values()) == 1


def test_ids_are_unique_among_policies_too():
    ids = Counter(one.change.id for one in mutants_of(bench_of()))
    assert max(ids.values()) == 1


def test_nothing_is_patched():
    before = (dict(LAW.rules), dict(LAW.consequences), dict(LAW.comparisons))
    bench = bench_of(law=True)
    for number in range(len(bench.groups)):
        bench.judge(number)
    assert (dict(LAW.rules), dict(LAW.consequences), dict(LAW.comparisons)) == before
    assert before[2] == COMPARISONS


def test_a_law_that_comes_to_no_decision_is_noticed():
    """A bucket of one token is never more than full, so that a wait for that has no end."""
    bench = bench_of(law=True)
    endless = named(mutants_of(bench), "comparison rate.token", ">= -> >")
    assert notices(endless, cases_of()[-1])


REFUSED = """\
tvc: 1
people: {sam: {role: admin}, ana: {}}
scenarios:
  - id: looks
    timeline: [{at: 0s, do: generate, by: sam, for: ana, lifetime: 2d, expect: {deny: lifetime_too_long}}]
    audit: {events: [{type: generate.denied}]}
"""


def test_a_record_left_out_is_noticed_by_who_looks_for_it():
    silent = named(mutants_of(bench_of(law=True)), "record generate.denied")[0]
    assert not notices(silent, cases_of()[1])
    assert notices(silent, cases_of(REFUSED)[0])


def test_a_record_of_a_change_is_missed_by_the_invariants():
    silent = named(mutants_of(bench_of(law=True)), "record generate.allowed")[0]
    assert notices(silent, cases_of()[0])


# Judging


def test_what_a_case_does_not_meet_it_cannot_notice():
    """The notes are complete: a case that does not meet a mutant passes under it."""
    bench = bench_of(law=True)
    for mutant in mutants_of(bench):
        for subject in bench.subjects:
            if mutant.reaches(subject.case) and not mutant.meets(subject.met):
                assert not notices(mutant, subject.case), (mutant.change.id, subject.case.name)


PROBED = """\
tvc: 1
policies:
  brief: {extends: salesforce, set: {session.idle: 30m, rates.subject.limit: 1}}
people: {sam: {role: admin}, ana: {}}
scenarios:
  - id: probed
    policy: brief
    boundaries: auto
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h, save: c1}
      - {at: 1m, do: sign_in, by: ana, code: c1}
"""


def test_generated_steps_judge_mutants_as_they_judge_the_policy():
    bench = bench_of(PROBED, law=True)
    (subject,) = bench.subjects
    too_long = named(mutants_of(bench), "comparison code.live", "< -> <=")
    assert notices(too_long, subject.case)
    assert not notices(too_long, replace(subject.case, boundaries=False))
    for mutant in mutants_of(bench):
        if not mutant.meets(subject.met):
            assert not notices(mutant, subject.case), mutant.change.id


def test_the_case_that_notices_is_named_and_survivors_have_none():
    bench = bench_of()
    verdicts = [verdict for number in range(len(bench.groups)) for verdict in bench.judge(number)]
    found = {verdict.change.id: verdict for verdict in verdicts}
    doubled = found["built in: salesforce::salesforce lifetime.max: 24h -> 2d"]
    assert (doubled.status, doubled.killer) == (
        Status.KILLED,
        "suite.tvc.yaml::the-longest[policy=salesforce,life=25h]",
    )
    by_a_tick = found["suite.tvc.yaml:3::short lifetime.max: 4h -> 4h1ms"]
    assert (by_a_tick.status, by_a_tick.killer, by_a_tick.met) == (Status.SURVIVED, None, 1)
    longer = found["built in: salesforce::salesforce code.length: 6 -> 7"]
    assert (longer.status, longer.killer) == (Status.EQUIVALENT, None)
    assert longer.reason


def test_a_mutant_that_makes_us_fail_is_neither_killed_nor_survived():
    class Failing:
        change = Change(Family.LAW, "rule x", "dropped")
        equivalent = None
        silenced = frozenset()

        def meets(self, _met):
            return True

        def reaches(self, _case):
            return True

        def enter(self, _case):
            raise ZeroDivisionError

    (verdict,) = judge_group([Failing()], bench_of().subjects, 0)
    assert verdict.status is Status.BROKEN
    assert "ZeroDivisionError" in verdict.reason
    found = Study((verdict,), 1)
    assert found.score is None
    assert exit_of(found) == 3


def test_a_case_that_fails_as_it_is_judges_nothing_and_is_told_of():
    text = SUITE.replace("life: 25h, want: {deny: lifetime_too_long}", "life: 25h, want: allow")
    bench, left_out = prepare(cases_of(text), request_of())
    assert [result.name for result in left_out] == [
        "suite.tvc.yaml::the-longest[policy=salesforce,life=25h]"
    ]
    assert len(bench.subjects) == len(cases_of()) - 1


# Exits and scores


def made(killed=0, survived=0, equivalent=0, **parts):
    counts = ((Status.KILLED, killed), (Status.SURVIVED, survived), (Status.EQUIVALENT, equivalent))
    verdicts = [
        Verdict(Change(Family.LAW, "rule x", f"{status} {number}"), status)
        for status, count in counts
        for number in range(count)
    ]
    return Study(tuple(verdicts), 1, **parts)


@pytest.mark.parametrize(
    ("found", "gate", "code"),
    [
        (made(killed=3), None, 0),
        (made(killed=3), 100, 0),
        (made(killed=3, survived=1), None, 0),
        (made(killed=3, survived=1), 75, 0),
        (made(killed=3, survived=1), 75.1, 7),
        (made(survived=1), 0, 0),
        (made(survived=1), None, 0),
        (made(), None, 5),
        (made(), 50, 5),
        (made(equivalent=4), 50, 5),
    ],
)
def test_the_gate_is_the_share_of_those_that_could_be_noticed(found, gate, code):
    assert exit_of(found, gate) == code


def test_a_score_is_rounded_down_so_that_a_hundred_percent_means_all():
    found = made(killed=9_999, survived=1)
    assert json.loads(FORMATS["json"](MutationReport(found, {})))["score"] == 99.99
    assert "score 99.9 %" in FORMATS["pretty"](MutationReport(found, {}))
    assert "score 100 %" in FORMATS["pretty"](MutationReport(made(killed=2), {}))


# The command


def test_the_report_for_programs_is_alone_on_stdout_and_as_its_schema_says(folder, process):
    (folder / "a.tvc.yaml").write_text(SUITE)
    ran = process("mutate", "a.tvc.yaml", "--law", "-f", "json")
    assert ran.code == 0
    report = json.loads(ran.out)
    jsonschema.Draft202012Validator(SCHEMAS["mutation"]()).validate(report)
    assert "survived: no case would notice" in ran.err
    assert sum(report["summary"].values()) == len(report["mutants"])
    assert report["summary"]["broken"] == 0
    assert len({mutant["id"] for mutant in report["mutants"]}) == len(report["mutants"])


def test_several_processes_and_another_run_give_the_same_bytes(folder, process):
    (folder / "a.tvc.yaml").write_text(SUITE)
    runs = [
        process("mutate", "a.tvc.yaml", "--law", "-f", "json", "-p", n, PYTHONHASHSEED=n)
        for n in "123"
    ]
    assert {ran.code for ran in runs} == {0}
    assert len({ran.out for ran in runs}) == 1
    assert len({ran.err for ran in runs}) == 1


def test_people_read_survivors_first_then_counts_then_the_score(folder, call):
    (folder / "a.tvc.yaml").write_text(SUITE)
    ran = call("mutate", "a.tvc.yaml")
    places = [
        ran.out.index(text)
        for text in ("survived: no case", "\nkilled\n", "\nequivalent: ", "\nscore ")
    ]
    assert places == sorted(places)
    assert places[0] < 5
    assert "policy shorter, a.tvc.yaml:4" in ran.out


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("--min-score", "100"), 7),
        (("--min-score", "1"), 0),
        (("-k", "nothing-of-the-kind"), 5),
        (("--policy", "short"), 0),
        (("--policy", "salesforce", "-k", "until"), 0),
    ],
)
def test_exit_codes(folder, call, words, code):
    (folder / "a.tvc.yaml").write_text(SUITE)
    assert call("mutate", "a.tvc.yaml", *words).code == code


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--min-score", "101"), "less than or equal to 100"),
        (("--min-score", "x"), "a valid number"),
        (("--policy", "shrt"), "did you mean 'short'"),
        (("--policy", "short=none.yaml"), "no such file: none.yaml"),
        (("--offer", "nowhere"), "no such folder: nowhere"),
        (("--offer", ".", "--time", "soon"), "no duration"),
        (("-k", "(a"), "parenthesis"),
        (("-f", "sarif"), "sarif"),
        (("--id", "a.tvc.yaml", "--id", "b.tvc.yaml"), "b.tvc.yaml"),
    ],
)
def test_bad_usage_is_refused_before_anything_runs(folder, call, words, told):
    (folder / "a.tvc.yaml").write_text(SUITE)
    ran = call("mutate", "a.tvc.yaml", *words)
    assert (ran.code, ran.out) == (4, "")
    assert told in " ".join(ran.err.split())


@pytest.mark.parametrize(
    ("sample", "code"), [("failing", 1), ("invalid", 4), ("skipped", 5), ("inconclusive", 5)]
)
def test_a_suite_that_is_not_well_is_never_green(write, call, sample, code):
    write(a=sample)
    ran = call("mutate", "a.tvc.yaml", "-f", "json", "--min-score", "0")
    assert ran.code == code
    if sample != "invalid":
        assert "warning: left out" in ran.err
    report = json.loads(ran.out)
    jsonschema.Draft202012Validator(SCHEMAS["mutation"]()).validate(report)
    assert bool(report["left_out"]) == (sample != "invalid")


def test_a_policy_file_stands_in_and_is_what_is_changed(folder, call):
    (folder / "a.tvc.yaml").write_text(SUITE)
    (folder / "corp.yaml").write_text("policy: corp\nlockout.failures: 5\n")
    ran = call("mutate", "a.tvc.yaml", "--policy", "salesforce=corp.yaml", "-f", "json")
    about = {(one["policy"], one["file"]) for one in json.loads(ran.out)["mutants"]}
    assert ("corp", "corp.yaml") in about
    assert not any(policy == "short" for policy, _ in about)


# Offers


def test_an_offer_passes_as_things_are_and_notices_the_survivor(folder, call, monkeypatch):
    def find_some(mutant, subjects, _seconds, seed):
        quick = mutant.change.about in ("lifetime.max", "enroll.assurance", "expire.own")
        return find_offer(mutant, subjects, 30.0, seed) if quick else None

    monkeypatch.setattr(offers_module, "find_offer", find_some)
    (folder / "a.tvc.yaml").write_text(SUITE)
    offers = folder / "offers"
    offers.mkdir()
    words = ("mutate", "a.tvc.yaml", "-k", "until", "--policy", "salesforce", "-f", "json")
    ran = call(*words, "--offer", offers)
    found = [one for one in json.loads(ran.out)["mutants"] if one["offer"]]
    assert {one["about"] for one in found} == {"lifetime.max", "enroll.assurance", "expire.own"}
    assert "no scenario found in time" in ran.err
    assert call("test", offers).code == 0
    again = call("mutate", "a.tvc.yaml", offers, "--policy", "salesforce", "-f", "json")
    status = {one["id"]: one["status"] for one in json.loads(again.out)["mutants"]}
    assert {status[one["id"]] for one in found} == {"killed"}


def test_a_record_that_is_not_looked_for_is_offered_with_the_line_that_does():
    bench = bench_of(law=True)
    silent = named(mutants_of(bench), "record generate.denied")[0]
    text = find_offer(silent, bench.subjects, 1.0)
    (case,) = cases_of(text, "offer.tvc.yaml")
    assert len(case.steps) == 1
    assert notices(silent, case)
    assert find_offer(named(mutants_of(bench), "record unlock")[0], bench.subjects, 1.0) is None


def test_an_offer_for_a_change_of_the_law_notices_it():
    bench = bench_of(law=True)
    dropped = named(mutants_of(bench), "rule expire.live", "dropped")
    (case,) = cases_of(find_offer(dropped, bench.subjects, 20.0), "offer.tvc.yaml")
    assert notices(dropped, case)


# Equivalence: each claim is small, and a hunt finds nothing against it

TIED = {"session.ends_with_code": True, "expire.ends_sessions": True}
BUCKET_OF_ONE = {"rates.subject.limit": 1, "rates.subject.window": "bucket"}
CLAIMS = [
    ("code.length", {}, {"code.length": 7}),
    ("code.alphabet", {"code.uses": 2}, {"code.alphabet": "AB"}),
    ("issuer.approval_valid", {"issuer.ticket": "required"}, {"issuer.approval_valid": 1}),
    ("code.ends_on", {"code.per_user": 2}, {"code.ends_on": ("method_sign_in",)}),
    (
        "code.ends_on",
        {"sign_in.return": "on_expire_now", **TIED},
        {"code.ends_on": ("method_sign_in",)},
    ),
    (
        "rates.subject.window",
        {**BUCKET_OF_ONE, "code.on_live": "replace"},
        {"rates.subject.window": "rolling"},
    ),
    ("expire.ends_sessions", {"code.uses": 1, "code.per_user": 2}, {"expire.ends_sessions": True}),
    (
        "rates.later",
        {"rates.subject.limit": 2, "rates.subject.scope": "org", "code.on_live": "replace"},
        {"rates.later.limit": 3, "rates.later.per": MINUTE_MS},
    ),
]

#: Policies under which much of the law has nothing to say.
POLICIES = (
    Policy(),
    Policy("open").with_values(
        {
            "sign_in.precedence": "either",
            "issuer.assurance": "standard",
            "subject.mfa": "any",
            "rates.subject": None,
            "code.on_live": "replace",
        }
    ),
    Policy("turned").with_values(
        {
            **TIED,
            "lockout.scope": "user",
            "lockout.failures": 2,
            "code.per_user": 2,
            "sign_in.return": "on_expire_now",
            "sign_in.precedence": "methods_first",
            "rates.subject.limit": 2,
            "rates.subject.window": "bucket",
        }
    ),
    Policy("more").with_values(
        {
            "code.uses": 1,
            "session.max": 2 * HOUR_MS,
            "expire.ends_sessions": True,
            "code.ends_on": ("method_sign_in",),
            "notify": ("generate",),
            "issuer.approvals.standard": 1,
        }
    ),
)


def assert_same(policy, law, changed, seconds):
    goal = Differs(Side(LAW, policy, "before"), Side(law, changed, "after"), audit=True)
    found = hunt(goal, events=12, seconds=seconds, clocks=True)
    assert not isinstance(found, Find), found.to_yaml()


@pytest.mark.parametrize(("key", "settings", "change"), CLAIMS)
def test_no_history_tells_apart_what_a_claim_about_policies_calls_equal(key, settings, change):
    before = Policy().with_values(settings)
    after = before.with_values(change)
    assert explain_policy(key, before, after)
    assert explain_policy(key, after, before)
    assert_same(before, LAW, after, 1.0)


@pytest.mark.parametrize(
    ("key", "settings", "change"),
    [
        ("issuer.approval_valid", {"issuer.approvals.privileged": 1}, {"issuer.approval_valid": 1}),
        ("code.ends_on", {"sign_in.precedence": "either"}, {"code.ends_on": ("method_sign_in",)}),
        ("code.ends_on", {}, {"code.ends_on": ("enroll", "method_sign_in")}),
        ("rates.subject.window", {}, {"rates.subject.window": "bucket"}),
        ("rates.subject.window", BUCKET_OF_ONE, {"rates.subject.window": "clock_hour"}),
        ("rates.subject.limit", BUCKET_OF_ONE, {"rates.subject.limit": 2}),
        ("rates.subject.per", BUCKET_OF_ONE, {"rates.subject.per": MINUTE_MS}),
        ("expire.ends_sessions", {"code.uses": 2}, {"expire.ends_sessions": True}),
        ("rates.later", {}, {"rates.later.limit": 5, "rates.later.per": HOUR_MS}),
        ("rates.later", {}, {"rates.later.limit": 6, "rates.later.per": HOUR_MS + 1}),
        (
            "rates.later",
            {},
            {"rates.later.limit": 6, "rates.later.per": HOUR_MS, "rates.later.scope": "org"},
        ),
        ("clock.leeway", {}, {"clock.leeway": 1}),
    ],
)
def test_claims_about_policies_are_not_made_where_they_are_not_so(key, settings, change):
    before = Policy().with_values(settings)
    after = before.with_values(change)
    assert explain_policy(key, before, after) is None
    assert explain_policy(key, after, before) is None


def test_a_limit_before_a_stricter_one_is_the_one_that_is_named():
    after = replace(Policy(), rates=(RateLimit("later", 7), *Policy().rates))
    assert explain_policy("rates.later", Policy(), after) is None


def claims_under(policy):
    for group in law_mutants.find_groups((policy,)):
        for mutant in group.mutants():
            if mutant.equivalent is not None and not mutant.silenced:
                yield mutant


def test_no_history_tells_apart_what_a_claim_about_the_law_calls_equal():
    """A glance at each claim under the article's policy; the nightly run looks longer, and at more."""
    for mutant in claims_under(Policy()):
        ((_, law, _),) = mutant.sides()
        assert_same(Policy(), law, Policy(), 0.1)


@pytest.mark.nightly
@pytest.mark.parametrize("policy", POLICIES, ids=lambda policy: policy.name)
def test_claims_about_the_law_hold_under_policies_that_are_far_apart(policy):
    for mutant in claims_under(policy):
        ((_, law, _),) = mutant.sides()
        assert_same(policy, law, policy, 2.0)


def test_what_is_claimed_of_rules_that_change_places_is_claimed_of_neighbours():
    pairs = {
        (first.id, second.id) for rules in LAW.rules.values() for first, second in pairwise(rules)
    }
    assert set(COMMUTING) <= pairs


def test_a_claim_holds_only_while_no_policy_of_the_suite_asks_for_the_part():
    ticketed = Policy().with_values({"issuer.ticket": "required"})

    def dropped(*policies):
        groups = law_mutants.find_groups(policies)
        mutants = [one for group in groups for one in group.mutants()]
        return named(mutants, "rule generate.ticket", "dropped")

    assert dropped(Policy()).equivalent
    assert dropped(Policy(), ticketed).equivalent is None


def test_sites_come_with_the_base_first(tmp_path):
    file = tmp_path / "a.tvc.yaml"
    file.write_text(SUITE)
    verdicts = study(request_of(file)).verdicts
    owners = [verdict.change.policy for verdict in verdicts]
    assert owners == sorted(owners, key=lambda name: name != "salesforce")
    assert len(policy_mutants.find_groups(())) == 0
