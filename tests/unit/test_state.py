"""A state copies apart, compares by what it holds, and begins as its people say."""

import pytest

from tvc.authority.durations import HOUR_MS
from tvc.authority.requests import Method
from tvc.authority.state import (
    ADMIN_PERMISSIONS,
    TABLES,
    Account,
    Code,
    CodeEnd,
    Guard,
    Person,
    Put,
    Session,
    SessionEnd,
    State,
    apply,
)

ACCOUNT = Account(frozenset(), "standard", True, True, False, (), frozenset({"ana"}))
#: An entry of each table, and another value for it.
ENTRIES = {
    "accounts": ("ana", ACCOUNT, ACCOUNT._replace(mfa=False)),
    "lost": ("ana", True, None),
    "sessions": (
        "ana",
        Session("ana", "high", 0, 0, None, None, None),
        Session("ana", "high", 0, 1, None, None, None),
    ),
    "guests": ("ana", ("mallory",), ("bob", "mallory")),
    "codes": ("ana", (Code(1, HOUR_MS, None, None),), (Code(1, HOUR_MS, None, CodeEnd.LAPSED),)),
    "issued": ("ana", 1, 2),
    "guards": (("ana", "code"), Guard(1, None), Guard(0, HOUR_MS)),
    "approvals": ("ana", (("kim", 0),), (("kim", 1),)),
    "rates": (("subject", "ana"), (0, 1), (0, 2)),
}


def filled(*, but=None):
    state = State()
    for table, (key, value, _) in ENTRIES.items():
        if table != but:
            getattr(state, table)[key] = value
    return state


def test_the_examples_below_are_about_every_table():
    assert set(ENTRIES) == set(TABLES)


@pytest.mark.parametrize("table", TABLES)
def test_states_are_equal_when_every_table_is(table):
    state, other = filled(), filled()
    assert state == other
    assert hash(state) == hash(other)
    key, value, changed = ENTRIES[table]
    assert state != filled(but=table)
    if changed is not None:
        getattr(other, table)[key] = changed
        assert state != other
        getattr(other, table)[key] = value
    assert state == other


@pytest.mark.parametrize("table", TABLES)
def test_a_copy_and_its_original_go_their_own_ways(table):
    state = filled()
    copy = state.copy()
    assert copy == state
    assert hash(copy) == hash(state)
    apply(copy, [Put(table, ENTRIES[table][0], None)])
    assert copy != state
    assert state == filled()
    apply(state, [Put(table, ENTRIES[table][0], None)])
    assert copy == state


def test_the_order_in_which_things_happened_does_not_tell_states_apart():
    one, other = State(), State()
    for name in ("ana", "bob"):
        one.issued[name] = 1
    for name in ("bob", "ana"):
        other.issued[name] = 1
    assert one == other
    assert hash(one) == hash(other)


def test_a_state_is_no_other_kind_of_thing():
    assert State() != {}
    assert State().__eq__(object()) is NotImplemented


@pytest.mark.parametrize("table", TABLES)
def test_an_effect_puts_an_entry_or_takes_it_away(table):
    key, value, _ = ENTRIES[table]
    state = State()
    apply(state, [Put(table, key, value)])
    assert getattr(state, table) == {key: value}
    assert state == _only(table)
    apply(state, [Put(table, key, None), Put(table, key, None)])
    assert state == State()


def _only(table):
    state = State()
    getattr(state, table)[ENTRIES[table][0]] = ENTRIES[table][1]
    return state


def test_effects_come_in_order():
    state = State()
    apply(state, [Put("issued", "ana", 1), Put("issued", "ana", 2)])
    assert state.issued == {"ana": 2}


def test_a_state_prints_what_it_holds_and_leaves_out_what_it_does_not():
    assert repr(State()) == "State()"
    state = _only("issued")
    assert repr(state) == "State(issued={'ana': 1})"


# People


def account(*, others=(), **fields):
    return State.of([Person("ana", **fields), *others]).accounts.get("ana")


def test_a_user_begins_with_an_authenticator_their_password_and_no_session():
    state = State.of([Person("ana")])
    assert state.accounts["ana"] == Account(
        frozenset(),
        "standard",
        True,
        True,
        False,
        ((Method.AUTHENTICATOR, frozenset({"ana"})),),
        frozenset({"ana"}),
    )
    assert all(not getattr(state, table) for table in TABLES if table != "accounts")


def test_an_admin_begins_with_the_permissions_of_the_article_in_a_high_session():
    state = State.of([Person("sam", "admin")])
    assert (
        state.accounts["sam"].permissions == ADMIN_PERMISSIONS == {"manage_mfa", "reset_passwords"}
    )
    assert state.sessions == {"sam": Session("sam", "high", 0, 0, None, None, None)}


def test_an_outsider_has_no_account_no_methods_and_no_session():
    outsider = Person(
        "mallory", "outsider", session="high", methods=(Method.SMS,), knows=frozenset({"ana"})
    )
    state = State.of([Person("ana"), outsider])
    assert set(state.accounts) == {"ana"}
    assert not state.sessions
    assert state.accounts["ana"].known_to == {"ana", "mallory"}


@pytest.mark.parametrize("role", ["user", "admin"])
def test_given_permissions_take_the_place_of_those_of_the_role(role):
    given = frozenset({"manage_mfa_standard"})
    assert account(role=role, permissions=given).permissions == given
    assert account(role=role, permissions=frozenset()).permissions == frozenset()


@pytest.mark.parametrize(
    ("role", "session", "level"),
    [
        ("user", None, None),
        ("user", "standard", "standard"),
        ("user", "high", "high"),
        ("admin", None, "high"),
        ("admin", "standard", "standard"),
        ("admin", "none", None),
    ],
)
def test_a_given_session_takes_the_place_of_that_of_the_role(role, session, level):
    begun = State.of([Person("ana", role, session=session)]).sessions.get("ana")
    assert (begun.level if begun else None) == level


def test_methods_keep_their_order_and_none_at_all_is_possible():
    enrolled = account(methods=(Method.SMS, Method.TOTP)).methods
    assert enrolled == ((Method.SMS, frozenset({"ana"})), (Method.TOTP, frozenset({"ana"})))
    assert account(methods=()).methods == ()
    assert account(methods=()).holders(Method.SMS) == frozenset()


@pytest.mark.parametrize(
    ("field", "value"),
    [("tier", "privileged"), ("mfa", False), ("active", False), ("frozen", True)],
)
def test_the_account_is_what_the_person_says(field, value):
    assert getattr(account(**{field: value}), field) == value
    assert getattr(account(), field) != value


def test_a_lost_device_is_lost_from_the_beginning():
    assert State.of([Person("ana", device_lost=True)]).lost == {"ana": True}
    assert State.of([Person("ana")]).lost == {}
    assert State.of([Person("mallory", "outsider", device_lost=True)]).lost == {"mallory": True}


@pytest.mark.parametrize(
    ("fields", "cause"),
    [
        ({"active": False}, SessionEnd.DEACTIVATED),
        ({"frozen": True}, SessionEnd.FROZEN),
        ({}, None),
    ],
)
def test_the_session_of_a_closed_account_is_over_from_the_beginning(fields, cause):
    assert State.of([Person("sam", "admin", **fields)]).sessions["sam"].ended is cause


def test_who_knows_a_password_is_who_says_so_besides_the_owner():
    others = [Person("bob", knows=frozenset({"ana"})), Person("cal", knows=frozenset({"bob"}))]
    assert account(others=others).known_to == {"ana", "bob"}
