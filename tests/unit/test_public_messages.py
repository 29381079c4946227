"""What people at the screen can tell about an account from the public messages, and what not.

An answer is what they see: whether they are let in, the message, and what they are asked for.
Accounts that differ in their codes alone are asked in the same way; where the answers differ, the
difference can be told.
"""

from collections import defaultdict

import pytest

from tvc.authority.authority import Authority, Instant
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import Policy
from tvc.authority.reasons import PUBLIC_MESSAGES, Reason
from tvc.authority.requests import request
from tvc.authority.state import Person, State

NOW_MS = 3 * HOUR_MS
PEOPLE = [
    Person("sam", "admin"),
    Person("ana"),
    Person("friend", "outsider", knows=frozenset({"ana", "gone", "frozen"})),
    Person("stranger", "outsider"),
    Person("gone", active=False),
    Person("frozen", frozen=True),
]
WRONG = "wrong code"

#: How long before now codes of an hour were generated, and whether Expire Now followed.
PASTS = {
    "none": [],
    "live": [0],
    "lapsed": [3],
    "revoked": [0, "expire"],
    "renewed": [3, 0],
    "generated twice": [0, 0],
}
#: The pasts that leave a code live, where the second of two at once is refused or replaces it.
HOLDING = {"live", "renewed", "generated twice"}


class Screen:
    """An account with a past, and what is seen by those who sign in to it."""

    def __init__(self, policy, past):
        self.desk = Authority(policy, State.of(PEOPLE))
        self.codes = []
        for step in PASTS[past]:
            if step == "expire":
                self.ask("expire", "sam", NOW_MS, subject="ana")
                continue
            answer = self.ask(
                "generate", "sam", NOW_MS - step * HOUR_MS, subject="ana", lifetime_ms=HOUR_MS
            )
            if answer.secret is not None:
                self.codes.append(answer.secret.show())

    def ask(self, kind, by, at_ms, typed=None, **fields):
        return self.desk.submit(request(kind, by, **fields), Instant.of(at_ms), typed)

    def see(self, by, typed=None, subject="ana", **fields):
        found = self.ask("sign_in", by, NOW_MS, typed, subject=subject, **fields).decision
        return found.allowed, found.message, found.challenge


def nothing(screen, by, subject="ana"):
    return screen.see(by, subject=subject)


def method(screen, by, subject="ana"):
    return screen.see(by, subject=subject, method="authenticator")


def wrong_code(screen, by, subject="ana"):
    return screen.see(by, WRONG, subject=subject)


def eleven_wrong_codes(screen, by, subject="ana"):
    return [screen.see(by, WRONG, subject=subject) for _ in range(11)][-1]


PROBES = [nothing, method, wrong_code, eleven_wrong_codes]


def policy_of(**knobs):
    return Policy().with_values({key.replace("__", "."): value for key, value in knobs.items()})


def told(probe, by, policy, pasts=tuple(PASTS)):
    """The pasts that a probe tells apart: sets of those that answer alike."""
    alike = defaultdict(set)
    for past in pasts:
        alike[probe(Screen(policy, past), by)].add(past)
    return {frozenset(group) for group in alike.values()}


NOTHING_TOLD = {frozenset(PASTS)}
LIVE_TOLD = {frozenset(HOLDING), frozenset(PASTS) - HOLDING}


@pytest.mark.parametrize("probe", PROBES)
def test_without_the_password_nothing_can_be_told_of_any_account(probe):
    answers = {
        probe(Screen(Policy(), past), "stranger", subject)
        for past in PASTS
        for subject in ("ana", "gone", "frozen", "nobody")
    }
    assert len(answers) == 1
    assert told(probe, "stranger", Policy()) == NOTHING_TOLD


def test_with_the_password_accounts_that_are_closed_still_read_as_a_wrong_password():
    screen = Screen(Policy(), "none")
    refused = screen.see("stranger")
    assert {screen.see("friend", subject=who) for who in ("gone", "frozen", "nobody")} == {refused}


def test_one_refused_code_cannot_be_told_from_another():
    assert told(wrong_code, "friend", Policy()) == NOTHING_TOLD
    ends = {
        "lapsed": Screen(Policy(), "lapsed"),
        "revoked": Screen(Policy(), "revoked"),
        "replaced": Screen(policy_of(code__on_live="replace"), "generated twice"),
        "used_up": Screen(policy_of(code__uses=1), "live"),
    }
    assert ends["used_up"].see("friend", ends["used_up"].codes[0])[0]
    seen = {wrong_code(Screen(Policy(), "live"), "friend")}
    for end, screen in ends.items():
        seen.add(screen.see("friend", screen.codes[0]))
        assert end in {code.ended for code in screen.desk.state.codes["ana"]} | {"lapsed"}
    ((_, message, _),) = seen
    assert {reason for reason in Reason if PUBLIC_MESSAGES[reason] == message} == {
        Reason.WRONG_CODE,
        Reason.NO_CODE,
        Reason.CODE_EXPIRED,
        Reason.CODE_REVOKED,
        Reason.CODE_REPLACED,
        Reason.CODE_USED_UP,
        Reason.WRONG_PROOF,
    }


@pytest.mark.parametrize("probe", [nothing, method, eleven_wrong_codes])
def test_with_the_password_a_live_code_can_be_told_in_three_ways(probe):
    assert told(probe, "friend", Policy()) == LIVE_TOLD


def test_the_three_ways_are_the_challenge_the_message_and_the_lock_out():
    live, none = (Screen(Policy(), past) for past in ("live", "none"))
    assert (nothing(live, "friend")[2], nothing(none, "friend")[2]) == ("code", "authenticator")
    assert nothing(live, "friend")[1] == nothing(none, "friend")[1]
    assert method(live, "friend")[1] == PUBLIC_MESSAGES[Reason.SUPERSEDED_BY_CODE]
    assert eleven_wrong_codes(live, "friend")[1] == PUBLIC_MESSAGES[Reason.LOCKED_OUT]
    assert eleven_wrong_codes(none, "friend") == wrong_code(none, "friend")
    for reason in (Reason.SUPERSEDED_BY_CODE, Reason.LOCKED_OUT):
        assert list(PUBLIC_MESSAGES.values()).count(PUBLIC_MESSAGES[reason]) == 1


@pytest.mark.parametrize(
    ("probe", "precedence", "expected"),
    [
        (nothing, "either", LIVE_TOLD),
        (nothing, "methods_first", NOTHING_TOLD),
        (method, "either", NOTHING_TOLD),
        (method, "methods_first", NOTHING_TOLD),
        (eleven_wrong_codes, "methods_first", LIVE_TOLD),
    ],
)
def test_the_precedence_decides_which_ways_are_open(probe, precedence, expected):
    assert told(probe, "friend", policy_of(sign_in__precedence=precedence)) == expected


@pytest.mark.parametrize("probe", [nothing, method])
def test_a_pinned_code_can_be_told_as_a_live_one_but_not_by_the_lock_out(probe):
    pinned = policy_of(sign_in__return="on_expire_now")
    holding = HOLDING | {"lapsed"}
    assert told(probe, "friend", pinned) == {frozenset(holding), frozenset(PASTS) - holding}
    assert told(eleven_wrong_codes, "friend", pinned) == LIVE_TOLD


def test_where_a_code_spares_the_password_accounts_and_live_codes_can_be_told_without_it():
    spared = policy_of(sign_in__password="not_with_code")
    screen = Screen(spared, "none")
    assert wrong_code(screen, "stranger") == wrong_code(screen, "friend")
    closed = {wrong_code(screen, "stranger", who) for who in ("gone", "frozen", "nobody")}
    assert closed == {(False, PUBLIC_MESSAGES[Reason.WRONG_PASSWORD], None)}
    assert told(eleven_wrong_codes, "stranger", spared) == LIVE_TOLD
    for probe in (nothing, method, wrong_code):
        assert told(probe, "stranger", spared) == NOTHING_TOLD


def test_no_page_shows_whether_there_is_a_code_to_see_again():
    seen = set()
    for past in PASTS:
        for subject in ("ana", "nobody"):
            decision = Screen(Policy(), past).ask("reveal", "friend", NOW_MS, subject=subject)
            seen.add(decision.decision.message)
    assert seen == {PUBLIC_MESSAGES[Reason.CODE_NOT_VIEWABLE]}
