import pytest

from tvc.trace.measures.catalogue import MEASURES, Function, Shape, Unit
from tvc.trace.measures.metrics import Delta, Share, Statistic, narrow, parse_metric


@pytest.mark.parametrize(
    ("text", "metric"),
    [
        ("mean(calls)", Statistic(Function.MEAN, MEASURES["calls"])),
        ("max(codes.live)", Statistic(Function.MAX, MEASURES["codes.live"])),
        ("count(overstay)", Statistic(Function.COUNT, MEASURES["overstay"])),
        ("p95(time_to_access)", Statistic(Function.PERCENTILE, MEASURES["time_to_access"], 95)),
        ("p5(desk.wait)", Statistic(Function.PERCENTILE, MEASURES["desk.wait"], 5)),
        ("p(takeover)", Statistic(Function.P, MEASURES["takeover"])),
        (
            "share(codes.lapsed_unused / codes.generated)",
            Share(MEASURES["codes.lapsed_unused"], MEASURES["codes.generated"]),
        ),
        (
            "delta(mean(repeat_calls))",
            Delta(Statistic(Function.MEAN, MEASURES["repeat_calls"])),
        ),
    ],
)
def test_every_function_is_read_and_written_back(text, metric):
    assert parse_metric(text) == metric
    assert str(metric) == text
    assert parse_metric(f"  {text.replace('(', ' ( ').replace(')', ' ) ')} ") == metric


@pytest.mark.parametrize(
    ("text", "unit"),
    [
        ("mean(time_to_access)", Unit.MS),
        ("mean(desk.minutes)", Unit.MINUTES),
        ("mean(exposure)", Unit.HOURS),
        ("mean(calls)", Unit.COUNT),
        ("count(time_to_access)", Unit.COUNT),
        ("p(access)", Unit.SHARE),
        ("share(exposure.idle / exposure)", Unit.SHARE),
        ("delta(p95(desk.wait))", Unit.MS),
        ("delta(p(takeover))", Unit.SHARE),
    ],
)
def test_the_unit_follows_from_the_function_and_the_measure(text, unit):
    assert parse_metric(text).unit is unit


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("time_to_access", "is no metric"),
        ("", "is no metric"),
        ("mean(calls", "is no metric"),
        ("mean()", "unknown measure ''"),
        ("mean(time_to_acces)", r"did you mean 'time_to_access'"),
        ("men(calls)", r"unknown function 'men' \(did you mean 'mean'\?\)"),
        ("p0(desk.wait)", "unknown function 'p0'"),
        ("p100(desk.wait)", "unknown function 'p100'"),
        ("p99.9(desk.wait)", "is no metric"),
        ("quantile(calls)", "expected one of: mean, max, count, p95, p, share, delta"),
        ("p95(calls)", r"has no meaning: expected one of: mean\(calls\), count\(calls\)"),
        ("max(takeover)", "has no meaning"),
        ("p(codes.live)", "has no meaning"),
        ("share(calls)", "share takes two measures"),
        ("share(calls / exposure)", "like with like: calls is in count, exposure in hours"),
        ("share(codes.live / codes.generated)", "does not add up"),
        ("share(calls / calls / calls)", "unknown measure 'calls / calls'"),
        ("delta(calls)", "is no metric"),
        ("delta(delta(mean(calls)))", "not a delta"),
        ("delta(share(repeat_calls / calls))", "not a share"),
        ("p\u0669(desk.wait)", "is no metric"),
        ("delta(" * 5_000 + "calls" + ")" * 5_000, "is no metric"),
        ("mean(" + " " * 100_000, "is no metric"),
    ],
)
def test_a_text_without_meaning_is_refused_with_what_was_expected(text, message):
    with pytest.raises(ValueError, match=message):
        parse_metric(text)


def test_every_measure_has_a_function_that_means_something():
    for measure in MEASURES.values():
        assert parse_metric(f"mean({measure.name})").measures == (measure,)


def test_only_events_are_narrowed_down():
    labelled = {name for name, measure in MEASURES.items() if measure.labels}
    assert labelled == {"generate.denied", "sign_ins"}
    assert all(MEASURES[name].shape is Shape.EVENT for name in labelled)


def test_reasons_are_those_that_the_law_refuses_the_request_with():
    assert "rate_limited" in dict(MEASURES["generate.denied"].labels)["reason"]
    assert "wrong_code" not in dict(MEASURES["generate.denied"].labels)["reason"]
    assert "wrong_code" in dict(MEASURES["sign_ins"].labels)["reason"]


@pytest.mark.parametrize(
    ("text", "where"),
    [
        ("count(generate.denied)", {"reason": "code_already_live"}),
        ("delta(count(generate.denied))", {"reason": "rate_limited"}),
        ("share(sign_ins / sign_ins)", {"outcome": "deny", "reason": "superseded_by_code"}),
        ("count(sign_ins)", {"method": "code", "outcome": "allow"}),
        ("mean(calls)", {}),
    ],
)
def test_a_filter_that_can_match_is_accepted(text, where):
    assert narrow(parse_metric(text), where) is None


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        ("count(calls)", {"reason": "rate_limited"}, "cannot be narrowed down by 'reason'"),
        ("count(sign_ins)", {"methd": "code"}, "did you mean 'method'"),
        ("count(sign_ins)", {"method": "codes"}, "did you mean 'code'"),
        ("count(generate.denied)", {"reason": "wrong_code"}, "never has the reason 'wrong_code'"),
        ("count(sign_ins)", {"outcome": "allow", "reason": "no_code"}, "nothing can match"),
    ],
)
def test_a_filter_that_can_match_nothing_is_refused(text, where, message):
    assert message in narrow(parse_metric(text), where)
