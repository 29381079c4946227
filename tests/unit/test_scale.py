"""The scale of notebooks: what is shrunk, how far, and what is no scale."""

import pytest

from tvc.analysis.scale import BadScale, scaled


@pytest.mark.parametrize(
    ("scale", "full", "least", "expected"),
    [
        ("", 1_000_000, 200, 1_000_000),
        ("1", 1_000_000, 200, 1_000_000),
        ("0.02", 1_000_000, 200, 20_000),
        (" 0.02 ", 5_000, 200, 200),
        ("0.02", 30, 5, 5),
        ("0.02", 3, 5, 3),
        ("0.5", 30, 5, 15),
    ],
)
def test_a_population_shrinks_with_the_scale_but_not_below_the_least(
    scale, full, least, expected, monkeypatch
):
    monkeypatch.setenv("TVC_SCALE", scale)
    assert scaled(full, least=least) == expected


def test_an_unset_scale_is_the_full_one(monkeypatch):
    monkeypatch.delenv("TVC_SCALE", raising=False)
    assert scaled(1_000_000) == 1_000_000


@pytest.mark.parametrize("wrong", ["0", "-1", "2", "small", "nan", "inf", "2%"])
def test_what_is_no_scale_is_refused_with_what_was_expected(wrong, monkeypatch):
    monkeypatch.setenv("TVC_SCALE", wrong)
    with pytest.raises(BadScale, match=r"expected a number above 0 and at most 1"):
        scaled(1_000)
