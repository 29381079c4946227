"""Filters select what they say, whole words of the grammar or nothing, and typos are told."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tvc.harness.selection import BadExpression, Selection, parse_words


@dataclass(frozen=True)
class Named:
    name: str
    tags: tuple[str, ...] = ()


NAME = "lifetime.tvc.yaml::at-the-edge[policy=strict,life=4h]"


@pytest.mark.parametrize(
    ("words", "selected"),
    [
        ("edge", True),
        ("EDGE", True),
        ("lifetime.tvc", True),
        ("[policy=strict", True),
        ("life=4h]", True),
        ("middle", False),
        ("not middle", True),
        ("not edge", False),
        ("not not edge", True),
        ("edge and strict", True),
        ("edge and middle", False),
        ("edge or middle", True),
        ("middle or edge", True),
        ("middle or centre", False),
        ("middle and edge or strict", True),
        ("strict or middle and edge", True),
        ("(strict or middle) and centre", False),
        ("not (strict and edge)", False),
        ("not strict or edge", True),
        ("not (strict or edge)", False),
        ("((edge))", True),
        ("(edge)and(strict)", True),
        ("notedge", False),
        ("android", False),
        ("::", True),
        ("4h", True),
        ("", True),
    ],
)
def test_words_select_by_the_name_as_pytest_does(words, selected):
    assert Selection(words).selects(Named(NAME)) is selected


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ("and", "missing before 'and'"),
        ("edge and", "missing at the end"),
        ("or edge", "missing before 'or'"),
        ("edge or or strict", "missing before 'or'"),
        ("not", "missing at the end"),
        ("edge strict", "before 'strict'"),
        ("edge not strict", "before 'not'"),
        ("(edge", "not closed"),
        ("edge)", "before ')'"),
        ("()", "missing before ')'"),
        ("   ", "missing at the end"),
    ],
)
def test_words_that_are_no_expression_are_refused_with_the_place(words, told):
    with pytest.raises(BadExpression, match="-k") as caught:
        Selection(words).check()
    assert told in str(caught.value)
    assert repr(words) in str(caught.value)


@pytest.mark.parametrize("words", ["(" * 5_000, "not " * 5_000 + "edge", "(" * 5_000 + ")" * 5_000])
def test_words_nested_beyond_all_reason_are_refused_like_any_other_mistake(words):
    with pytest.raises(BadExpression):
        Selection(words).check()


def expressions():
    words = st.sampled_from(["edge", "strict", "middle", "centre", "4h"])
    return st.recursive(
        words.map(lambda word: (word, word in NAME)),
        lambda inner: st.one_of(
            inner.map(lambda one: (f"not ({one[0]})", not one[1])),
            st.tuples(inner, inner).map(
                lambda two: (f"({two[0][0]}) and ({two[1][0]})", two[0][1] and two[1][1])
            ),
            st.tuples(inner, inner).map(
                lambda two: (f"({two[0][0]}) or ({two[1][0]})", two[0][1] or two[1][1])
            ),
        ),
        max_leaves=12,
    )


@given(expressions())
def test_any_expression_means_what_its_logic_says(expression):
    words, meaning = expression
    assert parse_words(words)(NAME) is meaning


@given(st.text("ab ()ndotr\t\"'\\", max_size=20))
@settings(max_examples=settings().max_examples * 3 // 2)
def test_any_text_is_an_expression_or_refused_and_nothing_else(words):
    try:
        Selection(words).check()
    except BadExpression:
        return
    assert Selection(words).selects(Named(NAME)) in (True, False)


@pytest.mark.parametrize(
    ("wanted", "selected"),
    [
        (NAME, True),
        ("lifetime.tvc.yaml::at-the-edge", True),
        ("lifetime.tvc.yaml", True),
        ("lifetime.tvc", False),
        ("lifetime.tvc.yaml::at-the", False),
        ("lifetime.tvc.yaml::at-the-edge[policy=strict", False),
        ("lifetime.tvc.yaml::at-the-edge[policy=strict,life=4h", False),
        ("at-the-edge", False),
        ("LIFETIME.tvc.yaml", False),
        ("", False),
    ],
)
def test_an_id_addresses_a_case_a_scenario_or_a_file_whole(wanted, selected):
    assert Selection(ids=(wanted,)).selects(Named(NAME)) is selected


def test_of_several_ids_or_tags_one_is_enough():
    case = Named(NAME, ("slow", "clocks"))
    assert Selection(ids=("other", NAME)).selects(case)
    assert Selection(tags=("fast", "slow")).selects(case)
    assert not Selection(tags=("fast", "slo")).selects(case)
    assert not Selection(tags=("Slow",)).selects(case)


def test_every_kind_of_filter_must_agree():
    case = Named(NAME, ("slow",))
    assert Selection("edge", (NAME,), ("slow",)).selects(case)
    assert not Selection("middle", (NAME,), ("slow",)).selects(case)
    assert not Selection("edge", ("other",), ("slow",)).selects(case)
    assert not Selection("edge", (NAME,), ("fast",)).selects(case)
