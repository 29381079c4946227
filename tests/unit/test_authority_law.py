"""The law, rule by rule and tick by tick: who refuses first, and at which instant no longer."""

from dataclasses import replace

import pytest

from tvc.authority.authority import Authority, Instant
from tvc.authority.decide import LAW, decide
from tvc.authority.durations import DAY_MS, HOUR_MS, MINUTE_MS
from tvc.authority.policy import Policy
from tvc.authority.reasons import PUBLIC_MESSAGES, Reason
from tvc.authority.requests import SHAPES, Kind, Method, Proof, request
from tvc.authority.state import Code, Guard, Person, Session, SessionEnd, State

PEOPLE = (
    Person("sam", "admin"),
    Person("kim", "admin"),
    Person("sue", "admin", session="standard"),
    Person("dee", permissions=frozenset({"manage_mfa_standard"}), session="high"),
    Person("ana"),
    Person("bob", session="standard"),
    Person("pia", tier="privileged"),
    Person("cal", mfa=False),
    Person("ian", active=False),
    Person("fay", frozen=True),
    Person("mallory", "outsider", knows=frozenset({"ana", "cal"})),
)


class Desk:
    """An authority with its people; codes are kept by the order of their generation."""

    def __init__(self, law=LAW, **knobs):
        values = {key.replace("__", "."): value for key, value in knobs.items()}
        self.records = []
        self.policy = Policy("desk").with_values(values)
        self.authority = Authority(self.policy, State.of(PEOPLE), law=law, sink=self.records.append)
        self.codes = []

    def __call__(self, at_ms, kind, by, *, code=None, **fields):
        if kind == "generate":
            fields.setdefault("lifetime_ms", HOUR_MS)
        typed = self.codes[code] if isinstance(code, int) else code
        asked = request(kind, by, **fields)
        answer = self.authority.submit(asked, Instant.of(at_ms), typed)
        if answer.secret is not None:
            self.codes.append(answer.secret.show())
        return answer.decision

    def said(self, *args, **fields):
        """Return the reason of a refusal; None when allowed."""
        reason = self(*args, **fields).reason
        return None if reason is None else str(reason)

    @property
    def state(self):
        return self.authority.state


# Order


def first_refusals(policy, state, asked, now_ms=0):
    """Return the rules that refuse a request, each found once those before it are gone."""
    law, found = LAW, []
    while not (decision := decide(law, policy, state, asked, now_ms)).allowed:
        found.append(decision.rule)
        law = law.without(decision.rule)
    return found


#: Nobody may do anything with this one, nor this one with anybody.
MO = Person("mo", tier="privileged", mfa=False, active=False, session="standard")
STRICT = Policy("strict").with_values(
    {
        "rates.subject.limit": 1,
        "issuer.self_issue": "deny",
        "issuer.ticket": "required",
        "issuer.approvals.privileged": 1,
        "expire.assurance": "high",
        "enroll.assurance": "high",
        "lockout.failures": 1,
        "sign_in.assurance.code": "standard",
    }
)


def lost_case(**account):
    """Return the state of somebody whom every rule refuses."""
    state = State.of([replace(MO, **account)])
    state.codes["mo"] = (Code(1, HOUR_MS, None, None),)
    state.issued["mo"] = 1
    state.rates["subject", "mo"] = (0,)
    for path in ("methods", "code"):
        state.guards["mo", path] = Guard(0, HOUR_MS)
    return state


def test_a_generation_meets_its_rules_in_the_order_of_the_law():
    asked = request("generate", "mo", subject="mo", lifetime_ms=1)
    assert first_refusals(STRICT, lost_case(), asked) == [
        "generate.session", "generate.permission", "generate.assurance", "generate.subject_active",
        "generate.subject_mfa", "generate.scope", "generate.self_issue", "generate.ticket",
        "generate.approval", "generate.lifetime", "generate.one_code", "generate.rate",
    ]  # fmt: skip


def test_an_unknown_subject_is_refused_before_what_is_asked_of_the_issuer_besides():
    asked = request("generate", "mo", subject="nobody", lifetime_ms=1)
    assert first_refusals(STRICT, lost_case(), asked)[:5] == [
        "generate.session", "generate.permission", "generate.assurance",
        "generate.subject_known", "generate.subject_mfa",
    ]  # fmt: skip


def test_an_expire_now_meets_its_rules_in_the_order_of_the_law():
    state = lost_case()
    state.codes.clear()
    assert first_refusals(STRICT, state, request("expire", "mo", subject="mo")) == [
        "expire.session", "expire.permission", "expire.assurance", "expire.scope", "expire.live",
    ]  # fmt: skip
    assert first_refusals(STRICT, state, request("expire", "mo", subject="nobody")) == [
        "expire.session", "expire.permission", "expire.assurance", "expire.subject_known",
        "expire.live",
    ]  # fmt: skip


def test_a_sign_in_meets_its_rules_in_the_order_of_the_law():
    state = lost_case(mfa=True, frozen=True)
    asked = request("sign_in", "mo", method="totp", password_right=False)
    path = ["sign_in.active", "sign_in.frozen", "sign_in.password"]
    proof = ["sign_in.precedence", "sign_in.lockout", "sign_in.enrolled", "sign_in.proof"]
    assert first_refusals(STRICT, state, asked) == path + proof
    typed = request("sign_in", "mo", password_right=False).presenting(())
    assert first_refusals(STRICT, state, typed) == [*path, "sign_in.lockout", "sign_in.code"]
    bare = request("sign_in", "mo", password_right=False)
    assert first_refusals(STRICT, state, bare)[:4] == [*path, "sign_in.verification"]
    unknown = request("sign_in", "mo", subject="nobody", password_right=False)
    assert first_refusals(STRICT, state, unknown)[0] == "sign_in.known"


def test_a_step_up_meets_the_session_then_the_rules_of_a_sign_in_then_the_level():
    state = lost_case(mfa=True)
    assert first_refusals(STRICT, state, request("step_up", "mo", method="totp")) == [
        "step_up.session", "sign_in.precedence", "sign_in.lockout", "sign_in.enrolled",
        "sign_in.proof",
    ]  # fmt: skip
    assert first_refusals(STRICT, state, request("step_up", "mo").presenting(())) == [
        "step_up.session", "sign_in.lockout", "sign_in.code", "step_up.assurance",
    ]  # fmt: skip
    assert first_refusals(STRICT, state, request("step_up", "mo"))[:2] == [
        "step_up.session", "sign_in.verification",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("asked", "rules"),
    [
        (request("use", "mo"), ["use.session"]),
        (
            request("status", "mo", subject="nobody"),
            ["status.session", "status.permission", "status.subject_known"],
        ),
        (request("reveal", "mo", subject="mo"), ["reveal.never"]),
        (request("enroll", "mo", method="totp"), ["enroll.session", "enroll.assurance"]),
        (
            request("remove_method", "mo", method="totp"),
            ["remove_method.session", "remove_method.assurance"],
        ),
        (
            request("approve", "mo", subject="mo"),
            ["approve.session", "approve.permission", "approve.self"],
        ),
        (
            request("approve", "mo", subject="nobody"),
            ["approve.session", "approve.permission", "approve.subject_known"],
        ),
        (
            request("reset_password", "mo", subject="nobody"),
            ["reset_password.session", "reset_password.permission", "reset_password.subject_known"],
        ),
    ],
    ids=lambda value: value.kind if hasattr(value, "kind") else None,
)
def test_every_other_request_meets_its_rules_in_the_order_of_the_law(asked, rules):
    assert first_refusals(STRICT, lost_case(), asked) == rules


@pytest.mark.parametrize("kind", [kind for kind, shape in SHAPES.items() if shape.fact])
def test_facts_are_never_refused_whoever_names_them(kind):
    for subject in ("mo", "nobody"):
        given = {"subject": subject} if "for" in SHAPES[kind].fields else {}
        asked = request(kind, "mallory", **given)
        assert decide(LAW, STRICT, lost_case(), asked, 0).allowed


def test_single_sign_on_skips_what_the_provider_judged_but_not_what_the_org_decided():
    desk = Desk()
    sso = {"sso": True, "password_right": False}
    assert desk.said(0, "sign_in", "ana", **sso) is None
    assert desk.said(0, "sign_in", "ian", **sso) == "user_inactive"
    assert desk.said(0, "sign_in", "fay", **sso) == "user_frozen"
    assert desk.said(0, "sign_in", "mallory", **sso) == "no_such_user"


def test_without_mfa_the_password_alone_decides():
    desk = Desk()
    assert desk.said(0, "sign_in", "cal", password_right=False) == "wrong_password"
    assert desk(0, "sign_in", "cal", method="sms", proof="wrong").level == "standard"
    assert desk.said(0, "sign_in", "mallory", subject="cal") is None
    assert desk.said(0, "sign_in", "sue", subject="cal") == "wrong_password"


# Instants


@pytest.mark.parametrize(
    ("lifetime_ms", "reason"),
    [
        (HOUR_MS - 1, "lifetime_too_short"),
        (HOUR_MS, None),
        (HOUR_MS + 1, "lifetime_not_on_step"),
        (DAY_MS, None),
        (DAY_MS + 1, "lifetime_too_long"),
        (25 * HOUR_MS, "lifetime_too_long"),
    ],
)
def test_lifetimes_run_from_the_shortest_to_the_longest_on_steps(lifetime_ms, reason):
    assert Desk().said(0, "generate", "sam", subject="ana", lifetime_ms=lifetime_ms) == reason


@pytest.mark.parametrize("leeway_ms", [0, 5 * MINUTE_MS])
def test_a_code_is_live_until_its_expiry_plus_leeway_and_no_longer(leeway_ms):
    desk = Desk(clock__leeway=leeway_ms)
    desk(0, "generate", "sam", subject="ana")
    end_ms = HOUR_MS + leeway_ms
    assert desk(end_ms - 1, "status", "sam", subject="ana").live_until_ms == end_ms
    assert desk.said(end_ms - 1, "generate", "sam", subject="ana") == "code_already_live"
    assert desk.said(end_ms - 1, "sign_in", "ana", method="authenticator") == "superseded_by_code"
    assert desk.said(end_ms - 1, "sign_in", "ana", code=0) is None
    assert desk.said(end_ms, "sign_in", "ana", code=0) == "code_expired"
    assert desk.said(end_ms, "sign_in", "ana", code="wrong") == "no_code"
    assert desk.said(end_ms, "expire", "sam", subject="ana") == "no_live_code"
    assert desk(end_ms, "status", "sam", subject="ana").live_until_ms is None
    assert desk.said(end_ms, "sign_in", "ana", method="authenticator") is None
    assert desk.said(end_ms, "generate", "sam", subject="ana") is None


def test_a_reading_before_the_generation_does_not_make_a_code_dead():
    desk = Desk()
    desk(2 * HOUR_MS, "generate", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=0) is None


def test_a_slow_node_still_accepts_what_a_fast_one_refused():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana")
    assert desk.said(HOUR_MS, "sign_in", "ana", code=0) == "code_expired"
    assert desk.said(HOUR_MS - 1, "sign_in", "ana", code=0) is None


def test_the_last_failure_gives_its_own_reason_and_locks_until_the_end_of_the_lock():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana", lifetime_ms=DAY_MS)
    for _ in range(9):
        assert desk.said(0, "sign_in", "ana", code="wrong") == "wrong_code"
    assert desk.state.guards["ana", "code"] == Guard(9, None)
    assert desk.said(0, "sign_in", "ana", code="wrong") == "wrong_code"
    refused = desk(HOUR_MS - 1, "sign_in", "ana", code=0)
    assert (refused.reason, refused.retry_after_ms) == (Reason.LOCKED_OUT, 1)
    assert desk.said(HOUR_MS, "sign_in", "ana", code=0) is None


def test_a_lock_on_methods_never_blocks_a_code():
    desk = Desk(lockout__failures=1)
    desk(0, "sign_in", "ana", method="authenticator", proof="wrong")
    assert desk.said(1, "sign_in", "ana", method="authenticator") == "locked_out"
    desk(1, "generate", "sam", subject="ana")
    assert desk.said(1, "sign_in", "ana", code=0) is None
    desk(1, "expire", "sam", subject="ana")
    assert desk.said(1, "sign_in", "ana", method="authenticator") == "locked_out"


def test_one_counter_for_both_paths_locks_both_and_a_generation_lifts_it():
    desk = Desk(lockout__failures=2, lockout__scope="user")
    desk(0, "sign_in", "ana", method="authenticator", proof="wrong")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code="wrong")
    assert desk.said(0, "sign_in", "ana", code="wrong") == "wrong_code"
    assert desk.said(0, "sign_in", "ana", code=0) == "locked_out"
    desk(0, "expire", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", method="authenticator") == "locked_out"
    desk(0, "generate", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=1) is None


def test_a_success_between_failures_starts_the_count_anew():
    desk = Desk(lockout__failures=2)
    desk(0, "generate", "sam", subject="ana")
    for code in ("wrong", 0, "wrong", 0):
        desk(0, "sign_in", "ana", code=code)
    assert desk.said(0, "sign_in", "ana", code=0) is None


def test_an_unlock_clears_counters_and_locks():
    desk = Desk(lockout__failures=1)
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code="wrong")
    assert desk.said(0, "sign_in", "ana", code=0) == "locked_out"
    desk(0, "unlock", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=0) is None


@pytest.mark.parametrize(
    ("knob", "moved_by_use"), [("session__max", False), ("session__idle", True)]
)
def test_a_session_is_over_from_its_end_on(knob, moved_by_use):
    desk = Desk(**{knob: HOUR_MS})
    assert desk.said(HOUR_MS - 1, "use", "sam") is None
    assert desk.said(HOUR_MS, "use", "sam") == (None if moved_by_use else "session_expired")
    assert desk.said(2 * HOUR_MS, "use", "sam") == "session_expired"


def test_a_refused_request_counts_for_the_latest_of_a_session():
    desk = Desk(session__idle=HOUR_MS)
    assert desk.said(HOUR_MS - 1, "expire", "sam", subject="ana") == "no_live_code"
    assert desk.said(2 * HOUR_MS - 2, "use", "sam") is None
    assert desk.said(3 * HOUR_MS - 2, "use", "sam") == "session_expired"


def test_a_step_up_raises_a_session_without_restarting_it():
    desk = Desk(session__max=HOUR_MS)
    assert desk.said(MINUTE_MS, "generate", "sue", subject="ana") == "step_up_required"
    assert desk.said(MINUTE_MS, "step_up", "sue", method="authenticator") is None
    assert desk.said(MINUTE_MS, "generate", "sue", subject="ana") is None
    assert desk.said(HOUR_MS, "use", "sue") == "session_expired"


def test_an_approval_counts_until_it_is_as_old_as_it_may_be():
    desk = Desk(issuer__approvals__standard=1)
    ask = ("generate", "sam")
    assert desk.said(0, *ask, subject="ana") == "approval_required"
    desk(0, "approve", "sam", subject="ana")
    assert desk.said(0, *ask, subject="ana") == "approval_required"
    desk(0, "approve", "kim", subject="ana")
    assert desk.said(15 * MINUTE_MS, *ask, subject="ana") == "approval_required"
    assert desk.said(15 * MINUTE_MS - 1, *ask, subject="ana") is None
    desk(15 * MINUTE_MS - 1, "expire", "sam", subject="ana")
    assert desk.said(15 * MINUTE_MS - 1, *ask, subject="ana") == "approval_required"


def test_six_generations_an_hour_and_the_seventh_when_the_first_is_an_hour_old():
    desk = Desk()
    for minute in range(6):
        desk(minute * MINUTE_MS, "generate", "sam", subject="ana")
        desk(minute * MINUTE_MS, "expire", "sam", subject="ana")
    refused = desk(6 * MINUTE_MS, "generate", "sam", subject="ana")
    assert (refused.reason, refused.limit) == (Reason.RATE_LIMITED, "subject")
    assert refused.retry_after_ms == 54 * MINUTE_MS
    assert desk.said(HOUR_MS - 1, "generate", "sam", subject="ana") == "rate_limited"
    assert desk.said(HOUR_MS - 1, "generate", "sam", subject="bob") is None
    assert desk.said(HOUR_MS, "generate", "sam", subject="ana") is None


def test_a_bucket_lets_the_next_one_through_when_its_token_is_whole():
    desk = Desk(rates__subject__window="bucket", code__on_live="replace")
    for _ in range(6):
        assert desk.said(0, "generate", "sam", subject="ana") is None
    assert desk(0, "generate", "sam", subject="ana").retry_after_ms == 10 * MINUTE_MS
    assert desk.said(10 * MINUTE_MS - 1, "generate", "sam", subject="ana") == "rate_limited"
    assert desk.said(10 * MINUTE_MS, "generate", "sam", subject="ana") is None


def test_several_limits_name_the_first_in_the_file_and_the_longest_wait():
    limits = {"rates__subject__limit": 1, "rates__subject__per": HOUR_MS}
    limits |= {"rates__day__limit": 1, "rates__day__per": DAY_MS, "rates__day__scope": "org"}
    desk = Desk(**limits, code__on_live="replace")
    desk(0, "generate", "sam", subject="ana")
    refused = desk(1, "generate", "sam", subject="ana")
    assert (refused.limit, refused.retry_after_ms) == ("subject", DAY_MS - 1)
    refused = desk(1, "generate", "sam", subject="bob")
    assert (refused.limit, refused.retry_after_ms) == ("day", DAY_MS - 1)


def test_a_refused_generation_counts_for_no_limit():
    desk = Desk(rates__subject__limit=1, issuer__ticket="required")
    assert desk.said(0, "generate", "sam", subject="ana") == "ticket_missing"
    assert desk.said(0, "generate", "sam", subject="ana", ticket="") == "ticket_missing"
    assert desk.said(0, "generate", "sam", subject="ana", ticket="t-1") is None


@pytest.mark.parametrize(
    ("scope", "other_subject", "other_issuer"),
    [
        ("subject", None, "rate_limited"),
        ("issuer", "rate_limited", None),
        ("org", "rate_limited", "rate_limited"),
    ],
)
def test_limits_count_for_what_their_scope_says(scope, other_subject, other_issuer):
    desk = Desk(rates__subject__limit=1, rates__subject__scope=scope, code__on_live="replace")
    desk(0, "generate", "sam", subject="ana")
    assert desk.said(0, "generate", "sam", subject="bob") == other_subject
    assert desk.said(0, "generate", "kim", subject="ana") == other_issuer


# Codes


def test_an_unlimited_code_works_again_and_again():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana")
    assert {desk.said(0, "sign_in", "ana", code=0) for _ in range(50)} == {None}


def test_the_last_use_ends_a_code_and_brings_the_methods_back():
    desk = Desk(code__uses=2)
    desk(0, "generate", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=0) is None
    assert desk.said(0, "sign_in", "ana", method="authenticator") == "superseded_by_code"
    assert desk.said(0, "sign_in", "ana", code=0) is None
    assert desk.said(0, "sign_in", "ana", code=0) == "code_used_up"
    assert desk.said(0, "sign_in", "ana", method="authenticator") is None


def test_only_the_most_recent_code_that_is_over_is_recognised():
    desk = Desk()
    for _ in range(2):
        desk(0, "generate", "sam", subject="ana")
        desk(0, "expire", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=1) == "code_revoked"
    assert desk.said(0, "sign_in", "ana", code=0) == "no_code"
    desk(0, "generate", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=1) == "code_revoked"
    assert desk.said(0, "sign_in", "ana", code=0) == "wrong_code"


def test_a_replaced_code_gives_way_to_its_successor():
    desk = Desk(code__on_live="replace")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "generate", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", code=0) == "code_replaced"
    assert desk.said(0, "sign_in", "ana", code=1) is None


def test_replacing_closes_the_oldest_of_several():
    desk = Desk(code__on_live="replace", code__per_user=2)
    for _ in range(3):
        desk(0, "generate", "sam", subject="ana")
    answers = [desk.said(0, "sign_in", "ana", code=code) for code in range(3)]
    assert answers == ["code_replaced", None, None]


def test_a_code_of_somebody_else_matches_nothing():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana")
    desk(0, "generate", "sam", subject="bob")
    assert desk.said(0, "sign_in", "ana", code=1) == "wrong_code"


def test_a_pinned_subject_gets_no_method_until_somebody_acts():
    for act in ("expire", "generate", "deactivate"):
        desk = Desk(sign_in__return="on_expire_now")
        desk(0, "generate", "sam", subject="ana")
        late = 3 * HOUR_MS
        assert desk.said(late, "sign_in", "ana", method="authenticator") == "superseded_by_code"
        assert desk.said(late, "sign_in", "ana", code=0) == "code_expired"
        assert desk(late, "sign_in", "ana").challenge == "code"
        assert desk.said(late, act, "sam", subject="ana") is None
        if act == "generate":
            assert desk.said(late, "sign_in", "ana", code=1) is None
            desk(late, "expire", "sam", subject="ana")
        desk(late, "activate", "sam", subject="ana")
        assert desk.said(late, "sign_in", "ana", method="authenticator") is None


@pytest.mark.parametrize(
    ("precedence", "with_code", "method"),
    [
        ("code_first", "code", "superseded_by_code"),
        ("either", "code", None),
        ("methods_first", "authenticator", None),
    ],
)
def test_precedence_says_what_is_asked_for_and_what_is_accepted(precedence, with_code, method):
    desk = Desk(sign_in__precedence=precedence)
    assert desk(0, "sign_in", "ana").challenge == "authenticator"
    desk(0, "generate", "sam", subject="ana")
    assert desk(0, "sign_in", "ana").challenge == with_code
    assert desk.said(0, "sign_in", "ana", method="authenticator") == method
    assert desk.said(0, "sign_in", "ana", code=0) is None


def test_nothing_is_asked_for_where_there_is_nothing_to_ask_for():
    desk = Desk()
    desk(0, "sign_in", "ana", method="authenticator")
    desk(0, "remove_method", "ana", method="authenticator")
    assert desk(0, "sign_in", "ana").challenge == "none"
    assert desk.said(0, "sign_in", "ana", method="authenticator") == "method_not_enrolled"


# Methods and devices


def test_a_lost_device_counts_no_failure_and_a_stolen_proof_always_proves():
    desk = Desk(lockout__failures=1)
    desk(0, "lose_device", "ana")
    for proof in (Proof.RIGHT, Proof.WRONG):
        said = desk.said(0, "sign_in", "ana", method="authenticator", proof=proof)
        assert said == "device_unavailable"
    stolen = {"subject": "ana", "method": "authenticator", "proof": "stolen"}
    assert desk.said(0, "sign_in", "mallory", **stolen) is None
    desk(0, "find_device", "ana")
    assert desk.said(0, "sign_in", "ana", method="authenticator") is None
    stolen.pop("proof")
    assert desk.said(0, "sign_in", "mallory", **stolen) == "wrong_proof"
    assert desk.said(0, "sign_in", "ana", method="authenticator") == "locked_out"


def test_what_an_outsider_enrolls_is_theirs_to_prove_and_removed_for_all():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "mallory", subject="ana", code=0)
    desk(0, "enroll", "mallory", method="totp")
    desk(0, "expire", "sam", subject="ana")
    assert desk.said(0, "sign_in", "ana", method="totp") == "wrong_proof"
    assert desk.said(0, "sign_in", "mallory", subject="ana", method="totp") is None
    desk(0, "sign_in", "ana", method="authenticator")
    desk(0, "remove_method", "ana", method="totp")
    said = desk.said(0, "sign_in", "mallory", subject="ana", method="totp")
    assert said == "method_not_enrolled"


def test_a_method_too_weak_for_a_step_up_still_counts_as_right():
    desk = Desk(sign_in__assurance__authenticator="standard", lockout__failures=2)
    desk(0, "step_up", "bob", method="authenticator", proof="wrong")
    assert desk.said(0, "step_up", "bob", method="authenticator") == "method_too_weak"
    assert ("bob", "methods") not in desk.state.guards
    assert desk.state.sessions["bob"].level == "standard"


@pytest.mark.parametrize(
    ("enders", "after_enroll", "after_method"),
    [
        ((), None, None),
        (("enroll",), "code_revoked", None),
        (("method_sign_in",), None, "code_revoked"),
    ],
)
def test_codes_end_on_what_the_policy_lists(enders, after_enroll, after_method):
    desk = Desk(code__ends_on=enders, sign_in__precedence="either")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code=0)
    desk(0, "enroll", "ana", method="totp")
    assert desk.said(0, "sign_in", "ana", code=0) == after_enroll
    desk = Desk(code__ends_on=enders, sign_in__precedence="either")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", method="authenticator")
    assert desk.said(0, "sign_in", "ana", code=0) == after_method


# Sessions


def test_an_opened_session_survives_its_code_by_default():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code=0)
    desk(0, "expire", "sam", subject="ana")
    assert desk.said(2 * HOUR_MS, "use", "ana") is None


@pytest.mark.parametrize("end", ["lapse", "expire", "deactivate", "replace"])
def test_a_session_ends_with_its_code_where_the_policy_says_so(end):
    desk = Desk(session__ends_with_code=True, code__on_live="replace")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code=0)
    desk(0, "sign_in", "bob", method="authenticator")
    assert desk.said(HOUR_MS - 1, "use", "ana") is None
    at_ms = HOUR_MS if end == "lapse" else HOUR_MS - 1
    if end == "replace":
        desk(at_ms, "generate", "sam", subject="ana")
    elif end != "lapse":
        desk(at_ms, end, "sam", subject="ana")
    assert desk.said(at_ms, "use", "ana") == "session_expired"
    assert desk.said(at_ms, "use", "bob") is None


def test_the_session_of_a_used_up_code_lasts_until_that_code_would_have_expired():
    desk = Desk(session__ends_with_code=True, code__uses=1)
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code=0)
    assert desk.said(HOUR_MS - 1, "use", "ana") is None
    assert desk.said(HOUR_MS, "use", "ana") == "session_expired"


def test_an_expire_now_ends_the_sessions_of_its_code_alone_where_the_policy_says_so():
    desk = Desk(expire__ends_sessions=True)
    desk(0, "sign_in", "mallory", subject="ana", method="authenticator", proof="stolen")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "sign_in", "ana", code=0)
    desk(0, "expire", "sam", subject="ana")
    assert desk.said(0, "use", "ana") == "session_expired"
    assert desk.said(0, "use", "mallory") is None


@pytest.mark.parametrize("fact", ["deactivate", "freeze"])
def test_a_closed_account_takes_the_sessions_on_it_along_whoever_holds_them(fact):
    desk = Desk()
    desk(0, "sign_in", "ana", method="authenticator")
    desk(0, "sign_in", "mallory", subject="ana", method="authenticator", proof="stolen")
    desk(0, fact, "sam", subject="ana")
    assert [desk.said(0, "use", person) for person in ("ana", "mallory", "sam")] == [
        "session_expired", "session_expired", None,
    ]  # fmt: skip
    desk(0, "activate", "sam", subject="ana")
    desk(0, "unfreeze", "sam", subject="ana")
    assert desk.said(0, "use", "ana") == "session_expired"
    assert desk.said(0, "sign_in", "ana", method="authenticator") is None
    assert desk.said(0, "use", "ana") is None


def test_signed_out_is_not_signed_in_and_over_is_expired():
    desk = Desk()
    desk(0, "freeze", "kim", subject="sam")
    assert desk.said(0, "use", "sam") == "session_expired"
    desk(0, "sign_out", "sam")
    assert desk.said(0, "use", "sam") == "not_signed_in"
    assert desk.said(0, "use", "ana") == "not_signed_in"


def test_a_refused_sign_in_leaves_the_session_that_there_was():
    desk = Desk()
    desk(0, "sign_in", "sam", subject="ana", method="authenticator", proof="stolen")
    assert desk.said(0, "use", "sam") is None
    assert desk(0, "use", "sam").account == "sam"


def test_people_act_as_the_account_of_their_session():
    desk = Desk()
    desk(0, "reset_password", "sam", subject="kim", given_to="mallory")
    stolen = {"method": "authenticator", "proof": "stolen"}
    assert desk.said(0, "sign_in", "kim", **stolen) == "wrong_password"
    desk(0, "sign_in", "mallory", subject="kim", **stolen)
    generated = desk(0, "generate", "mallory", subject="ana")
    assert (generated.allowed, generated.account) == (True, "kim")


# Expire Now, help desks and notices


def test_users_end_their_own_code_where_the_policy_lets_them_and_nobody_elses():
    asked = {"subject": "pia"}
    for own, reason in ((False, "not_permitted"), (True, None)):
        desk = Desk(expire__own=own)
        desk(0, "generate", "sam", **asked)
        desk(0, "sign_in", "pia", code=0)
        assert desk.said(0, "expire", "pia", **asked) == reason
        desk(0, "generate", "sam", subject="ana")
        assert desk.said(0, "expire", "pia", subject="ana") == "not_permitted"


def test_a_help_desk_for_standard_users_stops_at_privileged_ones():
    desk = Desk()
    assert desk.said(0, "generate", "dee", subject="pia") == "out_of_scope"
    assert desk.said(0, "generate", "dee", subject="ana") is None
    desk(0, "generate", "sam", subject="pia")
    assert desk.said(0, "expire", "dee", subject="pia") == "out_of_scope"
    assert desk.said(0, "expire", "dee", subject="ana") is None
    assert desk.said(0, "status", "dee", subject="pia") is None
    assert desk.said(0, "reset_password", "dee", subject="ana") == "not_permitted"


def test_subjects_without_mfa_and_frozen_ones_as_the_policy_and_the_article_say():
    assert Desk().said(0, "generate", "sam", subject="cal") == "mfa_not_enabled"
    assert Desk(subject__mfa="any").said(0, "generate", "sam", subject="cal") is None
    assert Desk().said(0, "generate", "sam", subject="fay") is None
    assert Desk().said(0, "generate", "sam", subject="ian") == "user_inactive"


def test_issuing_for_oneself_is_allowed_unless_the_policy_denies_it():
    assert Desk().said(0, "generate", "sam", subject="sam") is None
    assert Desk(issuer__self_issue="deny").said(0, "generate", "sam", subject="sam") == "self_issue"


def test_notices_go_out_for_listed_requests_that_are_allowed():
    desk = Desk(notify=("generate",))
    desk(0, "generate", "sam", subject="ana")
    desk(0, "generate", "sam", subject="ana")
    desk(0, "expire", "sam", subject="ana")
    sent = [record.subject for record in desk.records if record.type == "notice.sent"]
    assert sent == ["ana"]
    assert not [record for record in Desk().records if record.type == "notice.sent"]


# Audit


def test_a_request_is_recorded_first_and_then_what_it_ended_in_order_of_generation():
    desk = Desk(code__per_user=2, session__ends_with_code=True, notify=("expire",))
    desk(0, "generate", "sam", subject="ana", lifetime_ms=HOUR_MS)
    desk(1, "generate", "sam", subject="ana", lifetime_ms=2 * HOUR_MS)
    desk(1, "sign_in", "ana", code=1)
    first = len(desk.records)
    desk(HOUR_MS, "expire", "sam", subject="ana")
    told = [
        (record.type, record.code, record.event and record.event.cause)
        for record in desk.records[first:]
    ]
    assert told == [
        ("expire.allowed", None, None),
        ("code.ended", "ana#1", "lapsed"),
        ("code.ended", "ana#2", "revoked"),
        ("session.ended", "ana#2", "code_ended"),
        ("notice.sent", None, None),
    ]
    assert desk.records[first + 1].event.at_ms == HOUR_MS


def test_a_read_never_records_a_lapse_and_the_end_of_the_run_does():
    desk = Desk(clock__leeway=MINUTE_MS)
    desk(0, "generate", "sam", subject="ana")
    desk(2 * HOUR_MS, "sign_in", "ana", code=0)
    desk(2 * HOUR_MS, "status", "sam", subject="ana")
    assert "code.ended" not in {record.type for record in desk.records}
    desk.authority.finish(Instant.of(2 * HOUR_MS))
    last = desk.records[-1]
    assert (last.type, last.code, last.event.cause) == ("code.ended", "ana#1", "lapsed")
    assert last.event.at_ms == HOUR_MS + MINUTE_MS


def test_the_cause_of_a_session_over_by_the_clock_is_kept_when_another_takes_its_place():
    desk = Desk(session__max=HOUR_MS)
    desk(2 * HOUR_MS, "sign_in", "sam", method="authenticator")
    ended = [record.event for record in desk.records if record.type == "session.ended"]
    assert [(event.person, event.cause) for event in ended] == [("sam", SessionEnd.MAX)]


# What visitors learn


def test_lapsed_wrong_withdrawn_and_missing_codes_read_the_same_on_the_screen():
    code_reasons = (
        "wrong_code", "no_code", "code_expired", "code_revoked", "code_replaced", "code_used_up",
    )  # fmt: skip
    assert len({PUBLIC_MESSAGES[Reason(name)] for name in code_reasons}) == 1
    account_reasons = ("no_such_user", "user_inactive", "user_frozen", "wrong_password")
    assert len({PUBLIC_MESSAGES[Reason(name)] for name in account_reasons}) == 1


def test_every_reason_has_a_message_and_a_rule_that_refuses_with_it():
    assert set(PUBLIC_MESSAGES) == set(Reason)
    assert all(PUBLIC_MESSAGES.values())
    assert {reason for rule in LAW.all_rules() for reason in rule.refuses} == set(Reason)


def test_a_code_is_never_shown_again_whoever_asks():
    desk = Desk()
    desk(0, "generate", "sam", subject="ana")
    for by in ("sam", "ana", "mallory"):
        assert desk.said(0, "reveal", by, subject="ana") == "code_not_viewable"


# Requests


@pytest.mark.parametrize("kind", list(Kind))
def test_a_request_takes_the_fields_of_its_kind_and_no_others(kind):
    fields = {
        "for": {"subject": "ana"},
        "lifetime": {"lifetime_ms": 1},
        "ticket": {"ticket": "t"},
        "with": {"method": "sms"},
        "proof": {"proof": "wrong"},
        "password": {"password_right": False},
        "via": {"sso": True},
        "given_to": {"given_to": "bob"},
    }
    shape = SHAPES[kind]
    needed = {key: value for name in shape.required for key, value in fields[name].items()}
    assert request(kind, "sam", **needed).kind is kind
    for name, given in fields.items():
        if name in shape.fields:
            request(kind, "sam", **(needed | given))
        else:
            with pytest.raises(ValueError, match=f"takes no {name}"):
                request(kind, "sam", **(needed | given))
        if name in shape.required:
            with pytest.raises(ValueError, match=f"needs {name}"):
                request(kind, "sam", **{k: v for k, v in needed.items() if k not in given})


@pytest.mark.parametrize(
    "words", [{"kind": "reboot"}, {"kind": "enroll", "method": "fax"}, {"proof": "maybe"}]
)
def test_words_that_mean_nothing_are_refused(words):
    with pytest.raises(ValueError, match="is not a valid"):
        request(**({"kind": "sign_in", "by": "ana", "method": "sms"} | words))


def test_a_request_defaults_to_the_person_who_asks():
    assert request("sign_in", "ana").subject == "ana"
    assert request("reset_password", "sam", subject="ana").given_to == "ana"


def test_a_given_session_starts_at_reading_zero():
    desk = Desk()
    assert desk.state.sessions["sam"] == Session("sam", "high", 0, 0, None, None, None)
    assert Method.AUTHENTICATOR in dict(desk.state.accounts["sam"].methods)
