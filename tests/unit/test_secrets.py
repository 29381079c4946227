"""A code is shown to one person once and by nothing else."""

import copy
import hmac
import io
import json
import logging
import pickle
import secrets as system_secrets
import traceback
from functools import partial

import cloudpickle
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.authority import authority, secrets
from tvc.authority.authority import Authority, Instant
from tvc.authority.durations import HOUR_MS
from tvc.authority.policy import ALPHABETS, Policy
from tvc.authority.requests import request
from tvc.authority.secrets import KeyedCodes, NeverStored, Secret, digest, draw_code, new_key, same
from tvc.authority.state import Person, State

TEXT = "407913"
SECRET = Secret(TEXT)


def test_show_gives_the_code_away_and_nothing_else_does():
    assert SECRET.show() == TEXT


@pytest.mark.parametrize(
    "write",
    [
        str,
        repr,
        ascii,
        lambda secret: f"{secret}",
        lambda secret: f"{secret!r:>20}",
        lambda secret: f"{secret:>20}",
        lambda secret: f"{secret:d}",
        lambda secret: f"{secret:x^9}",
        "{:6}".format,
        lambda secret: "%s %r" % (secret, secret),  # noqa: UP031 - the form that logging uses
        lambda secret: str([secret, {"code": secret}, (secret,)]),
    ],
)
def test_no_form_of_printing_shows_a_code(write):
    written = write(SECRET)
    assert TEXT not in written
    assert "<code>" in written


def desk_with_a_code():
    desk = Authority(Policy(), State.of([Person("sam", "admin"), Person("ana")]))
    ask = request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS)
    assert desk.submit(ask, Instant.of(0)).decision.allowed
    return desk


#: What holds a code, a key or digests, and what its refusal says it is.
HOLDERS = {
    "code": (lambda: SECRET, "a code is shown once"),
    "authority": (desk_with_a_code, "an authority holds the key and the digests"),
    "source": (lambda: KeyedCodes("k"), "a source of codes holds the codes"),
}
PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)
STORES = {
    **{
        f"pickle {n}": partial(pickle.dumps, protocol=n) for n in range(pickle.HIGHEST_PROTOCOL + 1)
    },
    "pickle of a dict": lambda thing: pickle.dumps({"code": [thing]}),
    "pickle in Python": lambda thing: pickle._Pickler(io.BytesIO()).dump(thing),
    "cloudpickle": cloudpickle.dumps,
    "cloudpickle of a closure": lambda thing: cloudpickle.dumps(lambda: thing),
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "deepcopy of a list": lambda thing: copy.deepcopy([thing]),
    "state": lambda thing: thing.__getstate__(),
}


@pytest.mark.parametrize("store", STORES.values(), ids=STORES)
@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_what_holds_a_secret_is_never_stored_and_says_so_by_name(holder, store):
    make, says = holder
    with pytest.raises(TypeError, match=f"^{says}.* never stored$"):
        store(make())


@pytest.mark.parametrize("holder", HOLDERS.values(), ids=HOLDERS)
def test_a_pickle_that_carries_classes_by_value_carries_no_holder_of_a_secret(holder):
    make, says = holder
    cloudpickle.register_pickle_by_value(secrets)
    cloudpickle.register_pickle_by_value(authority)
    try:
        # The class itself may travel; what it was made into may not.
        assert cloudpickle.dumps(type(make()))
        with pytest.raises(TypeError, match=f"^{says}.* never stored$"):
            cloudpickle.dumps(make())
    finally:
        cloudpickle.unregister_pickle_by_value(secrets)
        cloudpickle.unregister_pickle_by_value(authority)


def test_no_method_of_an_authority_carries_it_away():
    desk = desk_with_a_code()
    for method in (desk.submit, desk.judge):
        for dumps in (pickle.dumps, cloudpickle.dumps):
            with pytest.raises(TypeError, match="an authority holds the key"):
                dumps(method)


def test_every_class_of_the_authority_that_keeps_a_key_digests_or_a_code_is_never_stored():
    keeping = {"_key", "_digests", "_text"}
    found = {
        kind
        for module in (secrets, authority)
        for kind in vars(module).values()
        if isinstance(kind, type) and keeping & set(getattr(kind, "__slots__", ()))
    }
    assert {kind.__name__ for kind in found} == {"Secret", "KeyedCodes", "Authority"}
    assert all(issubclass(kind, NeverStored) and not kind.__dictoffset__ for kind in found)


def test_a_code_becomes_no_json_log_line_or_traceback():
    with pytest.raises(TypeError, match="not JSON serializable"):
        json.dumps({"code": SECRET})
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    log = logging.Logger("desk")
    log.addHandler(handler)
    log.warning("generated %s for %r", SECRET, [SECRET])
    try:
        raise ValueError(SECRET)
    except ValueError:
        shown = stream.getvalue() + traceback.format_exc()
    assert TEXT not in shown
    assert "<code>" in shown


def test_a_code_has_no_attributes_to_look_through():
    assert not hasattr(SECRET, "__dict__")
    with pytest.raises(TypeError):
        vars(SECRET)


def test_the_answer_to_a_generation_does_not_print_its_code():
    desk = Authority(Policy(), State.of([Person("sam", "admin"), Person("ana")]))
    answer = desk.submit(
        request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS), Instant.of(0)
    )
    assert answer.secret.show() not in f"{answer} {answer!r} {desk.state} {vars(Authority)}"


def test_a_desk_draws_from_the_generator_of_the_operating_system(monkeypatch):
    drawn = []

    def choice(alphabet):
        drawn.append(alphabet)
        return alphabet[-1]

    monkeypatch.setattr(system_secrets, "choice", choice)
    assert draw_code(4, "01234") == "4444"
    assert drawn == ["01234"] * 4


@given(st.integers(1, 12), st.sampled_from(list(ALPHABETS.values())))
def test_a_drawn_code_has_its_length_and_alphabet(length, alphabet):
    for draw in (draw_code, KeyedCodes("k")):
        code = draw(length, alphabet)
        assert len(code) == length
        assert set(code) <= set(alphabet)


@given(st.text(max_size=20))
def test_keyed_codes_are_the_same_for_the_same_key_and_all_different(key):
    one, other = KeyedCodes(key), KeyedCodes(key)
    drawn = [one(6, ALPHABETS["digits"]) for _ in range(30)]
    assert drawn == [other(6, ALPHABETS["digits"]) for _ in range(30)]
    assert len(set(drawn)) == 30
    assert one.drawn == set(drawn)


def test_keyed_codes_of_different_keys_differ():
    draws = {tuple(KeyedCodes(f"seed {n}")(6, "0123456789") for _ in range(1)) for n in range(50)}
    assert len(draws) > 45


@pytest.mark.parametrize("alphabet", [*ALPHABETS.values(), "ab", "01234567"])
def test_keyed_codes_use_every_character_in_every_place(alphabet):
    draw = KeyedCodes("places")
    drawn = [draw(8, alphabet) for _ in range(min(1000, len(alphabet) ** 8 // 2))]
    for place in range(8):
        assert {code[place] for code in drawn} == set(alphabet)


def test_every_code_there_is_is_drawn_before_one_repeats():
    draw = KeyedCodes("few")
    assert {draw(2, "abc") for _ in range(9)} == {a + b for a in "abc" for b in "abc"}
    assert len(draw(2, "abc")) == 2


def test_no_character_is_drawn_much_more_often_than_another():
    draw = KeyedCodes("fair")
    text = "".join(draw(10, "0123456789") for _ in range(2000))
    # Expected 2000 each, standard deviation 42.
    assert all(abs(text.count(digit) - 2000) < 6 * 42 for digit in "0123456789")


@given(st.text(max_size=10), st.text(max_size=10), st.text(max_size=10), st.text(max_size=10))
def test_a_digest_is_bound_to_its_subject_and_code(subject, code, other_subject, other_code):
    key = b"k" * 32
    equal = digest(key, subject, code) == digest(key, other_subject, other_code)
    # A name holds no NUL, so that subject and code cannot run into each other.
    if "\0" not in subject + other_subject:
        assert equal == ((subject, code) == (other_subject, other_code))


def test_a_digest_depends_on_the_key_and_says_nothing_of_the_code():
    assert digest(b"a" * 32, "ana", TEXT) != digest(b"b" * 32, "ana", TEXT)
    assert TEXT.encode() not in digest(b"a" * 32, "ana", TEXT)
    assert len(digest(b"a" * 32, "ana", TEXT)) == 32


def test_keys_are_fresh():
    assert len({new_key() for _ in range(10)}) == 10
    assert all(len(new_key()) == 32 for _ in range(3))


def test_digests_are_compared_in_constant_time_and_every_candidate_is(monkeypatch):
    assert same is hmac.compare_digest
    compared = []

    def watched(stored, presented):
        compared.append((stored, presented))
        return hmac.compare_digest(stored, presented)

    monkeypatch.setattr("tvc.authority.authority.same", watched)
    policy = Policy().with_values({"code.per_user": 3})
    desk = Authority(policy, State.of([Person("sam", "admin"), Person("ana")]))
    asked = request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS)
    codes = [desk.submit(asked, Instant.of(0)).secret.show() for _ in range(3)]
    assert desk.submit(request("sign_in", "ana"), Instant.of(0), codes[0]).decision.code == 1
    assert len(compared) == 3
    assert len({presented for _, presented in compared}) == 1


def test_a_code_holds_for_its_subject_alone_even_if_another_has_the_same():
    people = [Person("sam", "admin"), Person("ana"), Person("bob")]
    desk = Authority(Policy(), State.of(people), draw=lambda length, _: "7" * length)
    for subject in ("ana", "bob"):
        asked = request("generate", "sam", subject=subject, lifetime_ms=HOUR_MS)
        desk.submit(asked, Instant.of(0))
    desk.submit(request("expire", "sam", subject="ana"), Instant.of(0))
    refused = desk.submit(request("sign_in", "ana"), Instant.of(0), "777777").decision
    assert refused.reason == "code_revoked"
    assert desk.submit(request("sign_in", "bob"), Instant.of(0), "777777").decision.allowed


def test_only_digests_of_codes_that_can_still_be_told_apart_are_kept():
    policy = Policy().with_values({"rates.subject": None})
    desk = Authority(policy, State.of([Person("sam", "admin"), Person("ana")]))
    for _ in range(20):
        asked = request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS)
        desk.submit(asked, Instant.of(0))
        desk.submit(request("expire", "sam", subject="ana"), Instant.of(0))
    assert len(desk._digests["ana"]) <= 2


def test_the_module_offers_no_way_to_show_a_code_but_show():
    public = {name for name in dir(Secret) if not name.startswith("_")}
    assert public == {"show"}
    assert secrets.Secret is Secret


def test_nobody_signs_in_by_claiming_to_match_a_code():
    desk = Authority(Policy(), State.of([Person("sam", "admin"), Person("ana")]))
    ask = request("generate", "sam", subject="ana", lifetime_ms=HOUR_MS)
    assert desk.submit(ask, Instant.of(0)).decision.allowed
    with pytest.raises(ValueError, match="for the authority to find out"):
        desk.submit(request("sign_in", "ana").presenting((1,)), Instant.of(1))
    assert "ana" not in desk.state.sessions
