"""People of the world react to reasons, by tables that have a row for every one of them."""

from enum import StrEnum

import pytest

from tvc.authority.reasons import Reason
from tvc.authority.requests import Kind
from tvc.authority.rules import RULES
from tvc.authority.total import IncompleteTable
from tvc.world import reactions
from tvc.world.reactions import (
    AFTER_A_GUESS,
    AT_SIGN_IN,
    CALLED_ABOUT,
    REMEDIES,
    AtSignIn,
    Help,
    by_reason,
)


@pytest.mark.parametrize("table", [AT_SIGN_IN, CALLED_ABOUT, REMEDIES, AFTER_A_GUESS])
def test_every_reason_has_a_reaction(table):
    assert set(table) == set(Reason)


def test_a_reason_without_a_reaction_fails_by_its_name():
    with pytest.raises(IncompleteTable, match=r"Reason\.WRONG_CODE"):
        by_reason({Help.CODE: [reason for reason in Reason if reason is not Reason.WRONG_CODE]})


def test_a_new_reason_fails_where_the_tables_are_made(monkeypatch):
    members = {reason.name: reason.value for reason in Reason} | {"ON_HOLIDAY": "on_holiday"}
    monkeypatch.setattr(reactions, "Reason", StrEnum("Reason", members))
    with pytest.raises(IncompleteTable, match=r"Reason\.ON_HOLIDAY"):
        by_reason({Help.CODE: tuple(Reason)})


def test_a_reason_with_two_reactions_is_refused():
    with pytest.raises(TypeError, match="WRONG_CODE"):
        by_reason({Help.CODE: Reason, Help.UNLOCK: (Reason.WRONG_CODE,)})


def test_a_code_is_dropped_after_every_reason_of_the_rule_that_judges_codes():
    (judges,) = (rule for rule in RULES[Kind.SIGN_IN] if rule.id == "sign_in.code")
    dropped = {reason for reason in Reason if AT_SIGN_IN[reason] is AtSignIn.DROP_CODE}
    assert dropped == set(judges.refuses)
