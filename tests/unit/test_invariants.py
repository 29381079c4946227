"""Each invariant sees the fault it is there for, names the records that show it, and no other."""

import operator
from dataclasses import replace

import pytest

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW
from tvc.authority.durations import HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.authority.requests import request
from tvc.authority.secrets import KeyedCodes
from tvc.authority.state import Person, State
from tvc.domain.invariant_names import BY_POLICY, ON_REQUEST
from tvc.trace.invariants import INVARIANTS, applicable
from tvc.trace.trace import Trace

PEOPLE = (
    Person("sam", "admin"),
    Person("kim", "admin"),
    Person("sue", "admin", session="standard"),
    Person("ana"),
    Person("bob", session="standard"),
    Person("cal", mfa=False),
    Person("ian", active=False),
    Person("mallory", "outsider", knows=frozenset({"ana", "sam"})),
)
STOLEN = {"method": "authenticator", "proof": "stolen"}


class Run:
    """A run under some law and policy; ``seqs`` names the record of each request, in order."""

    def __init__(self, law=LAW, **knobs):
        values = {key.replace("__", "."): value for key, value in knobs.items()}
        self.policy = Policy("run").with_values(values)
        self.initial = State.of(PEOPLE)
        self.records, self.codes, self.seqs = [], [], []
        self.draw = KeyedCodes("invariants")
        self.authority = Authority(
            self.policy, self.initial.copy(), law=law, draw=self.draw, sink=self.records.append
        )
        self.at_ms = 0

    def __call__(self, at_ms, kind, by, *, code=None, behind_ms=0, denied=None, **fields):
        if kind == "generate":
            fields.setdefault("lifetime_ms", HOUR_MS)
        typed = self.codes[code] if isinstance(code, int) else code
        self.seqs.append(len(self.records))
        self.at_ms = at_ms
        answer = self.authority.submit(
            request(kind, by, **fields), Instant(at_ms, None, at_ms - behind_ms), typed
        )
        if answer.secret is not None:
            self.codes.append(answer.secret.show())
        assert answer.decision.reason == denied
        return self

    def trace(self, records=None):
        if records is None:
            self.authority.finish(Instant.of(self.at_ms))
            records = self.records
        return Trace(
            self.policy,
            self.initial,
            self.authority.state,
            tuple(records),
            frozenset(self.draw.drawn),
        )

    def breaks(self, *but):
        """Return the names of broken invariants among those that apply and some more."""
        trace = self.trace()
        return {
            name for name in (*applicable(self.policy), *but) if INVARIANTS[name](trace) is not None
        }


def shown(name, run, *steps):
    """Assert that a breach is shown by the records of these steps, the last one decisive."""
    breach = INVARIANTS[name](run.trace())
    assert breach is not None
    assert breach.records == tuple(run.seqs[step] for step in steps)
    assert breach.message
    assert not any(code in breach.message for code in run.codes)
    return breach


def holds(name, run):
    assert INVARIANTS[name](run.trace()) is None


def law_comparing(**comparisons):
    """Return the article's law with other comparisons, ``code__live`` for ``code.live``."""
    changed = {name.replace("__", "."): compare for name, compare in comparisons.items()}
    return replace(LAW, comparisons={**LAW.comparisons, **changed})


def law_not_following(consequence_id):
    """Return the article's law without one consequence."""
    return replace(
        LAW,
        consequences={
            kind: tuple(one for one in consequences if one.id != consequence_id)
            for kind, consequences in LAW.consequences.items()
        },
    )


# no_use_after_expiry


def test_a_use_at_the_instant_of_expiry_is_a_use_after_it():
    run = Run(law_comparing(code__live=operator.le))
    run(0, "generate", "sam", subject="ana")(1, "use", "sam")
    run(HOUR_MS, "sign_in", "ana", code=0)
    shown("no_use_after_expiry", run, 0, 2)
    assert run.breaks() == {"no_use_after_expiry"}


def test_a_use_one_tick_before_expiry_is_in_time():
    run = Run(law_comparing(code__live=operator.le))
    run(0, "generate", "sam", subject="ana")(HOUR_MS - 1, "sign_in", "ana", code=0)
    holds("no_use_after_expiry", run)


def test_a_slow_node_that_accepts_late_is_seen_and_leeway_covers_it():
    late = (HOUR_MS + MINUTE_MS - 1, "sign_in", "ana")
    run = Run()(0, "generate", "sam", subject="ana")(*late, code=0, behind_ms=MINUTE_MS)
    breach = shown("no_use_after_expiry", run, 0, 1)
    assert f"{MINUTE_MS - 1} ms after" in breach.message
    run = Run(clock__leeway=MINUTE_MS)(0, "generate", "sam", subject="ana")
    holds("no_use_after_expiry", run(*late, code=0))
    run = Run(clock__leeway=MINUTE_MS - 1)(0, "generate", "sam", subject="ana")
    run(*late, code=0, behind_ms=1)
    shown("no_use_after_expiry", run, 0, 1)


def test_a_step_up_by_code_is_a_use_even_if_the_code_is_too_weak():
    for level, denied in (("high", None), ("standard", "method_too_weak")):
        run = Run(law_comparing(code__live=operator.le), sign_in__assurance__code=level)
        run(0, "generate", "sam", subject="bob")
        run(HOUR_MS, "step_up", "bob", code=0, denied=denied)
        shown("no_use_after_expiry", run, 0, 1)


def test_a_refused_use_after_expiry_is_no_breach():
    run = Run()(0, "generate", "sam", subject="ana")
    holds("no_use_after_expiry", run(HOUR_MS, "sign_in", "ana", code=0, denied="code_expired"))


def test_a_session_that_outlives_its_code_is_no_use_of_it():
    run = Run()(0, "generate", "sam", subject="ana")(0, "sign_in", "ana", code=0)
    holds("no_use_after_expiry", run(2 * HOUR_MS, "use", "ana"))


# at_most_per_user_live


def test_a_second_live_code_is_one_too_many():
    run = Run(LAW.without("generate.one_code"))
    run(0, "generate", "sam", subject="ana")(0, "generate", "sam", subject="bob")
    run(HOUR_MS - 1, "generate", "sam", subject="ana")
    shown("at_most_per_user_live", run, 0, 2)
    assert run.breaks() == {"at_most_per_user_live"}


@pytest.mark.parametrize("how", ["lapsed", "revoked", "replaced", "deactivated"])
def test_a_code_that_is_over_makes_room(how):
    run = Run(
        LAW.without("generate.one_code"), code__on_live="replace" if how == "replaced" else "refuse"
    )
    run(0, "generate", "sam", subject="ana")
    if how == "revoked":
        run(1, "expire", "sam", subject="ana")
    if how == "deactivated":
        run(1, "deactivate", "sam", subject="ana")(1, "activate", "sam", subject="ana")
    run(HOUR_MS if how == "lapsed" else HOUR_MS - 1, "generate", "sam", subject="ana")
    holds("at_most_per_user_live", run)


def test_as_many_codes_as_the_policy_allows_are_not_too_many():
    run = Run(LAW.without("generate.one_code"), code__per_user=2)
    run(0, "generate", "sam", subject="ana")(0, "generate", "sam", subject="ana")
    holds("at_most_per_user_live", run)
    run(0, "generate", "sam", subject="ana")
    shown("at_most_per_user_live", run, 0, 1, 2)


# rate_limit_holds


def generate(run, *minutes, by="sam", subject="ana"):
    for minute in minutes:
        run(minute, "generate", by, subject=subject)(minute, "expire", by, subject=subject)
    return run


def test_a_seventh_generation_within_an_hour_is_one_too_many():
    run = generate(Run(LAW.without("generate.rate")), 0, 1, 2, 3, 4, 5, HOUR_MS - 1)
    shown("rate_limit_holds", run, 0, 2, 4, 6, 8, 10, 12)
    assert run.breaks() == {"rate_limit_holds"}


def test_a_seventh_generation_after_an_hour_is_not():
    holds(
        "rate_limit_holds", generate(Run(LAW.without("generate.rate")), 0, 1, 2, 3, 4, 5, HOUR_MS)
    )


def test_a_generation_that_counts_one_tick_too_short_is_seen():
    run = Run(rates__subject__limit=1)
    generate(run, 0)
    run(HOUR_MS - 1, "generate", "sam", subject="ana", behind_ms=-1)
    shown("rate_limit_holds", run, 0, 2)


@pytest.mark.parametrize(
    ("scope", "other"),
    [
        ("subject", {"subject": "bob"}),
        ("issuer", {"by": "kim"}),
    ],
)
def test_generations_of_others_do_not_count_within_a_scope(scope, other):
    knobs = {"rates__subject__limit": 1, "rates__subject__scope": scope}
    loose = LAW.without("generate.rate")
    holds("rate_limit_holds", generate(generate(Run(loose, **knobs), 0), 1, **other))
    shown("rate_limit_holds", generate(generate(Run(loose, **knobs), 0), 1), 0, 2)
    knobs["rates__subject__scope"] = "org"
    shown("rate_limit_holds", generate(generate(Run(loose, **knobs), 0), 1, **other), 0, 2)


def test_clock_hours_let_more_through_than_an_hour_may_hold():
    knobs = {"rates__subject__limit": 1, "rates__subject__window": "clock_hour"}
    run = generate(Run(**knobs), HOUR_MS - 1, HOUR_MS)
    assert "rate_limit_holds" not in applicable(run.policy)
    shown("rate_limit_holds", run, 0, 2)


def test_where_a_policy_has_rolling_limits_it_is_held_to_those():
    knobs = {
        "rates__subject__limit": 5,
        "rates__clock__limit": 1,
        "rates__clock__window": "clock_hour",
    }
    run = generate(Run(**knobs), HOUR_MS - 1, HOUR_MS)
    assert "rate_limit_holds" in applicable(run.policy)
    holds("rate_limit_holds", run)


# code_outranks_methods


def test_a_method_accepted_beside_a_live_code_is_seen():
    run = Run(LAW.without("sign_in.precedence"))
    run(0, "generate", "sam", subject="ana")
    run(HOUR_MS - 1, "sign_in", "ana", method="authenticator")
    shown("code_outranks_methods", run, 0, 1)
    assert run.breaks() == {"code_outranks_methods"}


def test_a_method_accepted_in_a_step_up_beside_a_live_code_is_seen():
    run = Run(LAW.without("sign_in.precedence"))
    run(0, "generate", "sam", subject="bob")(1, "step_up", "bob", method="authenticator")
    shown("code_outranks_methods", run, 0, 1)


def test_a_method_that_fails_or_comes_after_the_end_is_no_breach():
    loose = LAW.without("sign_in.precedence")
    run = Run(loose)(0, "generate", "sam", subject="ana")
    run(1, "sign_in", "ana", method="authenticator", proof="wrong", denied="wrong_proof")
    run(HOUR_MS, "sign_in", "ana", method="authenticator")
    holds("code_outranks_methods", run)
    run = Run(loose)(0, "generate", "sam", subject="ana")(1, "expire", "sam", subject="ana")
    holds("code_outranks_methods", run(1, "sign_in", "ana", method="authenticator"))


def test_a_code_of_somebody_else_single_sign_on_and_no_mfa_are_no_breach():
    run = Run(LAW.without("sign_in.precedence"), subject__mfa="any")
    run(0, "generate", "sam", subject="ana")(0, "generate", "sam", subject="cal")
    run(1, "sign_in", "bob", method="authenticator")
    run(1, "sign_in", "ana", method="authenticator", sso=True)
    run(1, "sign_in", "cal", method="authenticator")
    holds("code_outranks_methods", run)


def test_a_lapsed_code_still_outranks_where_the_policy_pins_its_subject():
    for pins, law in (("on_end", LAW), ("on_expire_now", LAW.without("sign_in.precedence"))):
        run = Run(law, sign_in__return=pins)(0, "generate", "sam", subject="ana")
        run(HOUR_MS, "sign_in", "ana", method="authenticator")
        if pins == "on_end":
            holds("code_outranks_methods", run)
        else:
            assert "not closed" in shown("code_outranks_methods", run, 0, 1).message


# no_generation_below_assurance


def test_a_generation_through_a_standard_session_is_seen():
    run = Run(LAW.without("generate.assurance"))
    run(0, "generate", "sam", subject="bob")(0, "generate", "sue", subject="ana")
    assert "standard" in shown("no_generation_below_assurance", run, 1).message
    assert run.breaks() == {"no_generation_below_assurance"}


def test_a_generation_without_a_session_is_seen():
    law = LAW
    for rule in ("session", "permission", "assurance"):
        law = law.without(f"generate.{rule}")
    run = Run(law)(0, "generate", "ana", subject="ana")
    assert "no session" in shown("no_generation_below_assurance", run, 0).message


def test_a_generation_after_a_step_up_is_no_breach():
    run = Run(LAW.without("generate.assurance"))(0, "step_up", "sue", method="authenticator")
    holds("no_generation_below_assurance", run(0, "generate", "sue", subject="ana"))


# inactive_users_get_nothing


def test_a_code_for_an_inactive_user_is_seen():
    run = Run(LAW.without("generate.subject_active"))
    run(0, "generate", "sam", subject="ana")(0, "generate", "sam", subject="ian")
    shown("inactive_users_get_nothing", run, 1)
    assert run.breaks() == {"inactive_users_get_nothing"}


def test_a_sign_in_to_an_inactive_account_is_seen():
    run = Run(LAW.without("sign_in.active"))(0, "sign_in", "ian", method="authenticator")
    shown("inactive_users_get_nothing", run, 0)


def test_what_is_done_in_the_session_of_a_deactivated_account_is_seen():
    run = Run(LAW.without("use.session"))(0, "deactivate", "sam", subject="bob")
    shown("inactive_users_get_nothing", run(0, "use", "bob"), 1)


def test_an_account_that_is_active_again_or_looked_at_by_others_is_no_breach():
    run = Run()(0, "deactivate", "sam", subject="ana")
    run(0, "status", "sam", subject="ana")(0, "reset_password", "sam", subject="ana")
    run(0, "sign_in", "ana", method="authenticator", denied="user_inactive")
    run(0, "generate", "sam", subject="ana", denied="user_inactive")
    run(0, "activate", "sam", subject="ana")(0, "sign_in", "ana", method="authenticator")
    holds("inactive_users_get_nothing", run(0, "generate", "sam", subject="ana"))


# lockout_holds


def fail(run, times, at_ms=0, **how):
    how = how or {"code": "wrong"}
    denied = "wrong_code" if "code" in how else "wrong_proof"
    for _ in range(times):
        run(at_ms, "sign_in", "ana", denied=denied, **how)
    return run


def test_what_a_locked_path_still_judges_is_seen():
    run = fail(Run(LAW.without("sign_in.lockout"))(0, "generate", "sam", subject="ana"), 10)
    run(HOUR_MS - 1, "sign_in", "ana", code=0)
    shown("lockout_holds", run, *range(1, 12))
    assert run.breaks() == {"lockout_holds"}


def test_a_failure_on_a_locked_path_is_judged_too():
    run = Run(LAW.without("sign_in.lockout"), lockout__failures=2)
    wrong = {"method": "authenticator", "proof": "wrong"}
    shown("lockout_holds", fail(run, 3, **wrong), 0, 1, 2)


def test_a_count_one_too_high_is_seen():
    run = Run(law_comparing(lockout__reached=operator.gt), lockout__failures=2)
    run(0, "generate", "sam", subject="ana")
    shown("lockout_holds", fail(run, 3), 1, 2, 3)


def test_a_lock_that_ends_one_tick_early_is_seen():
    run = Run(lockout__failures=1)(0, "generate", "sam", subject="ana", lifetime_ms=2 * HOUR_MS)
    fail(run, 1)(HOUR_MS - 1, "sign_in", "ana", code=0, behind_ms=-1)
    shown("lockout_holds", run, 1, 2)


@pytest.mark.parametrize(
    "between",
    ["nothing", "success", "unlock", "generate", "other path", "end"],
)
def test_what_is_judged_on_an_open_path_is_no_breach(between):
    run = Run(LAW.without("sign_in.lockout"), sign_in__precedence="either", lockout__failures=2)
    run(0, "generate", "sam", subject="ana", lifetime_ms=2 * HOUR_MS)
    fail(run, 1 if between in ("nothing", "success") else 2)
    at_ms = 1
    if between == "success":
        run(0, "sign_in", "ana", code=0)
        fail(run, 1)
    elif between == "unlock":
        run(0, "unlock", "sam", subject="ana")
    elif between == "generate":
        run(0, "expire", "sam", subject="ana")(0, "generate", "sam", subject="ana")
    elif between == "end":
        at_ms = HOUR_MS
    if between == "other path":
        run(at_ms, "sign_in", "ana", method="authenticator")
    else:
        run(at_ms, "sign_in", "ana", code=-1)
    holds("lockout_holds", run)


def test_one_counter_for_both_paths_is_judged_as_one():
    knobs = {"lockout__failures": 2, "lockout__scope": "user", "sign_in__precedence": "either"}
    run = Run(LAW.without("sign_in.lockout"), **knobs)(0, "generate", "sam", subject="ana")
    fail(run, 1)
    fail(run, 1, method="authenticator", proof="wrong")
    run(0, "sign_in", "ana", code=0)
    shown("lockout_holds", run, 1, 2, 3)


def test_refusals_that_judge_nothing_do_not_count():
    run = Run(lockout__failures=1)(0, "generate", "sam", subject="ana")
    run(0, "sign_in", "ana", denied="verification_required")
    run(0, "sign_in", "ana", method="authenticator", denied="superseded_by_code")
    fail(run, 1)(0, "sign_in", "ana", code=0, denied="locked_out")
    holds("lockout_holds", run)


# secrets_stay_secret


def retold(run, seq, **request_fields):
    """Return the run's trace with one record telling more than it did."""
    records = list(run.records)
    records[seq] = records[seq]._replace(request=records[seq].request._replace(**request_fields))
    return run.trace(records)


def test_a_code_in_a_record_is_seen_and_not_told():
    run = Run()(0, "generate", "sam", subject="ana")(0, "use", "sam")
    for ticket in (run.codes[0], f"called, told {run.codes[0]} by phone"):
        breach = INVARIANTS["secrets_stay_secret"](retold(run, 1, ticket=ticket))
        assert breach.records == (1,)
        assert run.codes[0] not in breach.message


def test_a_code_in_the_effects_or_the_final_state_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")
    code = run.codes[0]
    records = list(run.records)
    put = records[0].effects[0]
    records[0] = records[0]._replace(effects=(put._replace(value=(1, code)),))
    assert INVARIANTS["secrets_stay_secret"](run.trace(records)).records == (0,)
    run.authority.state.approvals["ana"] = ((code, 0),)
    assert INVARIANTS["secrets_stay_secret"](run.trace()).records == ()


def test_texts_that_are_no_code_of_this_run_are_no_secret():
    run = Run()(0, "generate", "sam", subject="ana")
    trace = retold(run, 0, ticket="?" * 6)
    assert INVARIANTS["secrets_stay_secret"](trace) is None
    assert INVARIANTS["secrets_stay_secret"](replace(trace, drawn=frozenset())) is None


def test_a_trace_leaves_its_codes_behind_when_it_leaves_the_process():
    trace = Run()(0, "generate", "sam", subject="ana").trace()
    assert trace.__getstate__()["drawn"] == frozenset()
    assert not any(code in repr(trace) for code in trace.drawn)


# every_code_ends_once


def ended(run):
    return [record.seq for record in run.records if record.type == "code.ended"]


def test_an_end_that_is_not_recorded_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")(1, "expire", "sam", subject="ana")
    (gone,) = ended(run)
    kept = [record for record in run.records if record.seq != gone]
    breach = INVARIANTS["every_code_ends_once"](run.trace(kept))
    assert breach.records == (0,)
    assert "ana#1 is gone" in breach.message


def test_an_end_that_is_recorded_twice_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")(1, "expire", "sam", subject="ana")
    (gone,) = ended(run)
    twice = [*run.records, run.records[gone]]
    breach = INVARIANTS["every_code_ends_once"](run.trace(twice))
    assert breach.records == (gone,)


def test_an_end_without_a_generation_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")(1, "expire", "sam", subject="ana")
    breach = INVARIANTS["every_code_ends_once"](run.trace(run.records[1:]))
    assert breach.records == tuple(ended(run))


def test_a_code_that_lives_on_without_its_generation_on_record_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")
    breach = INVARIANTS["every_code_ends_once"](run.trace(run.records[1:]))
    assert "ana#1 is live" in breach.message


def test_a_law_that_forgets_to_close_codes_is_seen():
    run = Run(law_not_following("generate.close_codes"), code__on_live="replace")
    run(0, "generate", "sam", subject="ana")(0, "generate", "sam", subject="ana")
    assert run.breaks() == {"at_most_per_user_live"}


@pytest.mark.parametrize("end", ["none", "lapsed", "revoked", "replaced", "used_up", "deactivated"])
def test_a_code_that_ends_once_however_is_no_breach(end):
    run = Run(
        code__on_live="replace" if end == "replaced" else "refuse",
        code__uses=1 if end == "used_up" else None,
    )
    run(0, "generate", "sam", subject="ana")
    if end == "lapsed":
        run(HOUR_MS, "use", "sam")
    elif end == "revoked":
        run(1, "expire", "sam", subject="ana")
    elif end == "replaced":
        run(1, "generate", "sam", subject="ana")
    elif end == "used_up":
        run(1, "sign_in", "ana", code=0)
    elif end == "deactivated":
        run(1, "deactivate", "sam", subject="ana")
    holds("every_code_ends_once", run)
    causes = [record.event.cause for record in run.records if record.type == "code.ended"]
    assert causes == {"none": [], "deactivated": ["revoked"]}.get(end, [end])


# every_change_is_audited


@pytest.mark.parametrize("lost", [0, 1, 2, 3])
def test_a_change_without_its_record_is_seen(lost):
    run = Run()(0, "generate", "sam", subject="ana")(0, "sign_in", "ana", code=0)
    run(0, "sign_in", "ana", code="wrong", denied="wrong_code")(0, "lose_device", "bob")
    kept = [record for record in run.records if record.seq != run.seqs[lost]]
    assert INVARIANTS["every_change_is_audited"](run.trace(kept)).records == ()


def test_a_state_changed_behind_the_audit_s_back_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")
    run.authority.state.lost["ana"] = True
    assert run.breaks() == {"every_change_is_audited"}


def test_a_record_that_changed_nothing_is_not_missed_by_the_sum():
    run = Run()(0, "use", "sam")(0, "generate", "sam", subject="ana")
    trace = run.trace()
    assert INVARIANTS["every_change_is_audited"](replace(trace, records=trace.records[1:])) is None


# outsiders


def test_an_outsider_who_signs_in_is_seen():
    run = Run()(0, "generate", "sam", subject="ana")(0, "sign_in", "ana", code=0)
    run(0, "sign_in", "mallory", subject="ana", code="wrong", denied="wrong_code")
    holds("outsiders_stay_out", run)
    run(0, "sign_in", "mallory", subject="ana", code=0)
    shown("outsiders_stay_out", run, 3)
    assert run.breaks("outsiders_stay_out") == {"outsiders_stay_out"}


def test_an_outsider_who_generates_as_an_admin_is_seen_with_the_way_in():
    run = Run()(0, "sign_in", "mallory", subject="sam", **STOLEN)
    holds("outsiders_issue_nothing", run)
    run(0, "generate", "mallory", subject="ana")
    breach = shown("outsiders_issue_nothing", run, 0, 1)
    assert "as sam" in breach.message


def test_an_admin_who_generates_beside_an_outsider_is_no_breach():
    run = Run()(0, "sign_in", "mallory", subject="sam", **STOLEN)
    holds("outsiders_issue_nothing", run(0, "generate", "sam", subject="ana"))


def inside(*, method=None, **knobs):
    run = Run(**knobs)(0, "generate", "sam", subject="ana")
    run(0, "sign_in", "mallory", subject="ana", code=0)
    if method:
        run(0, "enroll", "mallory", method=method)
    return run(1, "expire", "sam", subject="ana")


def test_an_outsider_s_session_that_survives_an_expire_now_is_seen():
    shown("expire_now_evicts", inside()(2, "use", "mallory"), 2, 3)


def test_an_outsider_s_method_that_survives_an_expire_now_is_seen():
    run = inside(method="totp", expire__ends_sessions=True)
    run(2, "use", "mallory", denied="session_expired")
    holds("expire_now_evicts", run)
    run(3, "sign_in", "mallory", subject="ana", method="totp")
    shown("expire_now_evicts", run, 3, 5)


def test_an_outsider_who_is_out_or_elsewhere_or_let_in_by_a_later_code_is_no_breach():
    holds("expire_now_evicts", inside())
    run = inside(expire__ends_sessions=True)
    holds("expire_now_evicts", run(2, "use", "mallory", denied="session_expired"))
    run(2, "sign_in", "mallory", subject="sam", **STOLEN)(2, "use", "mallory")
    holds("expire_now_evicts", run)
    run(3, "generate", "sam", subject="ana")(3, "sign_in", "mallory", subject="ana", code=1)
    holds("expire_now_evicts", run(3, "use", "mallory"))


def test_a_user_s_own_session_may_survive_an_expire_now():
    run = Run()(0, "generate", "sam", subject="ana")(0, "sign_in", "ana", code=0)
    run(1, "expire", "sam", subject="ana")
    holds("expire_now_evicts", run(2, "use", "ana"))


# What applies


def test_the_names_in_files_are_those_of_the_checks():
    assert tuple(INVARIANTS) == BY_POLICY + ON_REQUEST


def test_the_article_s_policy_makes_all_true_but_those_about_outsiders():
    assert applicable(Policy()) == BY_POLICY


@pytest.mark.parametrize(
    ("knobs", "given_up"),
    [
        ({"sign_in.precedence": "either"}, {"code_outranks_methods"}),
        ({"sign_in.precedence": "methods_first"}, {"code_outranks_methods"}),
        ({"issuer.assurance": "standard"}, {"no_generation_below_assurance"}),
        ({"rates.subject.window": "clock_hour"}, {"rate_limit_holds"}),
        ({"rates.subject.window": "bucket"}, {"rate_limit_holds"}),
        ({"rates.subject": None}, {"rate_limit_holds"}),
        ({"rates.desk.window": "bucket"}, set()),
        ({"code.per_user": 9, "clock.leeway": HOUR_MS, "sign_in.return": "on_expire_now"}, set()),
    ],
)
def test_a_policy_gives_up_what_its_knobs_do_not_make_true(knobs, given_up):
    policy = Policy().with_values(knobs)
    assert set(BY_POLICY) - set(applicable(policy)) == given_up


def test_a_quiet_run_breaks_nothing():
    run = Run()(0, "generate", "sam", subject="ana")(1, "sign_in", "ana", code=0)
    run(2, "expire", "sam", subject="ana")(3, "sign_in", "ana", method="authenticator")
    assert run.breaks(*INVARIANTS) == set()
    holds("every_change_is_audited", Run())
