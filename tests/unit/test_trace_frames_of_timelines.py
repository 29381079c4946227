"""A timeline's trace gives the frames of a simulation, so that one set of pictures serves both."""

import pytest

from tvc.files.builder import Scenario
from tvc.timeline import play
from tvc.trace.measures.frames import Frames
from tvc.trace.measures.traces import frames_of

MINUTE_MS = 60_000
HOUR_MS = 60 * MINUTE_MS


def played(scenario):
    return play(scenario.case())


def people():
    return (
        Scenario("story")
        .person("sam", role="admin")
        .person("ana")
        .person("mallory", role="outsider", knows=["ana"])
    )


@pytest.fixture(scope="module")
def frames() -> Frames:
    story = (
        people()
        .at("0s").lose_device("ana")
        .at("10m").generate("sam", for_="ana", lifetime="4h").save("c1")
        .at("20m").sign_in("ana", code="c1")
        .at("1h").find_device("ana")
        .at("2h").sign_in("ana", with_="authenticator").expect_deny("superseded_by_code")
        .at("3h").expire("sam", for_="ana")
        .at("4h").sign_in("mallory", for_="ana", code="c1").expect_deny("code_revoked")
        .at("5h").generate("sam", for_="ana", lifetime="1h")
        .at("9h").sign_in("ana", with_="authenticator")
    )  # fmt: skip
    return frames_of(played(story).trace)


def value(frames, metric):
    return frames.summary.set_index(["metric", "where"])["value"][metric, ""]


def test_every_record_is_a_row_with_what_was_presented(frames):
    rows = frames.events[frames.events["type"].str.startswith("sign_in")]
    assert rows["method"].tolist() == ["code", "authenticator", "code", "authenticator"]
    assert rows["by"].tolist() == ["ana", "ana", "mallory", "ana"]
    assert (rows["at_ms"] / HOUR_MS).round(2).tolist() == [0.33, 2, 4, 9]


def test_codes_end_by_true_time_and_not_when_audit_notices(frames):
    assert frames.codes["code"].tolist() == ["ana#1", "ana#2"]
    assert frames.codes["cause"].tolist() == ["revoked", "lapsed"]
    assert frames.codes["ended_ms"].tolist() == [3 * HOUR_MS, 6 * HOUR_MS]


def test_measures_of_a_simulation_are_there_for_a_timeline(frames):
    assert value(frames, "mean(stranded)") == HOUR_MS
    assert value(frames, "mean(codes.generated)") == 2
    assert value(frames, "mean(exposure)") == 3 * HOUR_MS + 50 * MINUTE_MS


def test_a_code_that_is_live_at_the_end_of_the_story_is_not_over():
    story = people().at("0s").generate("sam", for_="ana", lifetime="4h")
    assert frames_of(played(story).trace).codes["cause"].tolist() == ["live"]
    longer = frames_of(played(story).trace, until_ms=5 * HOUR_MS)
    assert longer.codes["cause"].tolist() == ["lapsed"]


def test_a_row_has_the_reading_of_the_clock_that_judged():
    story = people().clock("west", offset="-90s").at("1h").node("west").sign_in(
        "ana", with_="authenticator"
    )  # fmt: skip
    (row,) = frames_of(played(story).trace).events.itertuples()
    assert (row.node, row.at_ms - row.reading_ms) == ("west", 90_000)


def test_no_frame_holds_a_code():
    story = people().at("0s").generate("sam", for_="ana", lifetime="4h").save("c1")
    story = story.at("1m").sign_in("ana", code="c1")
    run = played(story)
    frames = frames_of(run.trace)
    shown = frames.events.to_csv() + frames.codes.to_csv()
    assert run.trace.drawn
    assert not any(secret in shown for secret in run.trace.drawn)


def test_a_wrong_code_is_a_code_all_the_same():
    story = people().at("0s").sign_in("ana", code="wrong").expect_deny("no_code")
    assert frames_of(played(story).trace).events["method"].tolist() == ["code"]
