"""The report: one page that says what was found, how sure that is, and what it rests on."""

import math
import re
import stat
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tvc.analysis.report.amounts import YEAR_MS, amount
from tvc.analysis.report.page import Cell, Page, Section, Table, Text, render
from tvc.analysis.report.rounding import MINUS, decimals_for, rounded, significant
from tvc.authority.durations import DAY_MS, HOUR_MS
from tvc.runs.replications import Asked
from tvc.studies.comparison import Estimate

sys.path.append(str(Path(__file__).parent))

from report_pages import Read

LOAD = """\
tvc: 1
policies:
  brief: {extends: salesforce, set: {lifetime.max: 2h}}
scenarios:
  - id: load
    policy: salesforce
    workload:
      users: 400
      horizon: 14d
      losses: {per_user_per_year: 4}
      attackers: {callers: {per_day: 1}}
      sources: {losses.per_user_per_year: our own <b>tickets</b>}
    run: {replications: 4, seed: 1}
  - id: quiet
    policy: brief
    workload: {users: 200, horizon: 7d, losses: {per_user_per_year: 6}}
"""
LOADED, QUIET = "load.tvc.yaml::load", "load.tvc.yaml::quiet"
SHORT = "salesforce,lifetime.max=4h"
COMPARE = ("compare", "salesforce", SHORT, "--on", LOADED, "-n", "3")
#: The same question of less work, where the answer does not matter.
BRIEFLY = ("compare", "salesforce", SHORT, "--on", QUIET, "-n", "2")


class Made(NamedTuple):
    """A page, and what was printed beside."""

    html: str
    out: str


@pytest.fixture(scope="module")
def known():
    """The pages that were made of `LOAD`, by the words of the command."""
    return {}


@pytest.fixture
def page(write, call, folder, known):
    """Run the command with --html, and read the page; of `LOAD` alone each page is made once."""
    write(load=LOAD)

    def page(*words):
        if words not in known:
            known[words] = made(*words)
        return Read(known[words].html)

    def made(*words, name="report.html"):
        done = call(*words, "--html", name)
        assert done.code == 0, done.err
        assert f"tvc: report in {name}" in done.err
        return Made((folder / name).read_text("utf-8"), done.out)

    page.fresh = lambda *words, **options: Read(made(*words, **options).html)
    page.printed = lambda *words: known[words].out
    return page


# Rounding


@pytest.mark.parametrize(
    ("half_width", "decimals"),
    [(33, -1), (16, 0), (1, 1), (0.42, 1), (0.0137, 3), (99.6, -1), (25_000, -3), (999_999.6, -5)],
)
def test_a_figure_is_rounded_to_the_first_digit_of_its_half_width_and_a_one_or_two_keep_a_second(
    half_width, decimals
):
    assert decimals_for(half_width) == decimals


def test_a_figure_shows_no_digit_that_its_interval_does_not_support():
    assert rounded(1912, 1879, 1945)[0] == "1,910"
    assert rounded(406, 390, 422) == ("406", "390", "422")
    assert rounded(0.03141, 0.0301, 0.0327).value == "0.0314"
    assert rounded(-276, -482, -70.9, signed=True) == (f"{MINUS}280", f"{MINUS}480", f"{MINUS}70")


def test_an_interval_beside_zero_is_never_rounded_to_touch_it():
    assert rounded(891, 2.3, 1780).low == "2"
    assert rounded(-50, -100, -0.4).high == f"{MINUS}0.4"
    assert rounded(4, 0, 8).low == "0"
    assert rounded(1, -100, 102).value == "0"


@given(
    value=st.floats(-1e9, 1e9),
    below=st.floats(1e-3, 1e8),
    above=st.floats(1e-3, 1e8),
)
def test_rounding_moves_a_figure_by_less_than_a_fifth_of_its_interval(value, below, above):
    low, high = value - below, value + above
    told = rounded(value, low, high)
    number = float(told.value.replace(",", "").replace(MINUS, "-"))
    half_width = (high - low) / 2
    assert abs(number - value) <= half_width / 3 * 0.51 + 1e-6 * half_width + 1e-9
    # Never more than two digits of what is uncertain.
    step = 10.0 ** -decimals_for(half_width)
    assert half_width / step < 30
    assert math.isclose(number / step, round(number / step), abs_tol=1e-6)


def test_a_number_without_an_interval_keeps_a_few_figures_and_is_never_infinite():
    assert significant(1234.6) == "1,230"
    assert significant(1234.0) == "1,234"
    assert significant(0.0) == "0"
    with pytest.raises(ValueError, match="finite"):
        significant(math.inf)


# Amounts


@pytest.mark.parametrize(
    ("metric", "text"),
    [
        ("mean(calls)", "1,910 a year (1,880 to 1,940)"),
        ("count(calls)", "1,910 a year (1,880 to 1,940)"),
        ("p(calls)", "7,330% (7,210 to 7,460)"),
        ("mean(codes.live)", "73.3 (72.1 to 74.6)"),
    ],
)
def test_what_adds_up_is_told_by_the_year_and_nothing_else_is(metric, text):
    found = Estimate(73.3, 72.1, 74.6, 20, 0)
    assert amount(found, Asked.read(metric), 14 * DAY_MS).text == text


def test_hours_that_add_up_are_hours_a_year_and_a_length_of_time_keeps_its_own_unit():
    hours = Estimate(10.0 * HOUR_MS, 8.0 * HOUR_MS, 12.0 * HOUR_MS, 20, 0)
    assert amount(hours, Asked.read("mean(locked_out)"), YEAR_MS // 2).with_unit == (
        "20 hours a year"
    )
    assert amount(hours, Asked.read("mean(desk.minutes)"), YEAR_MS).with_unit == "10.0 hours a year"
    assert amount(hours, Asked.read("p95(time_to_access)"), YEAR_MS).text == "10.0 h (8.0 to 12.0)"


def test_what_has_no_interval_says_so():
    calls = Asked.read("mean(calls)")
    for found, text in (
        (Estimate(3.0, -math.inf, math.inf, 1, 0), "3 a year (no interval)"),
        (Estimate(math.nan, -math.inf, math.inf, 0, 3), "none (no interval)"),
        (Estimate(math.inf, -math.inf, math.inf, 3, 0), "not over (no interval)"),
        (Estimate(3.0, 3.0, 3.0, 3, 0), "3 a year (the same in every replication)"),
    ):
        assert amount(found, calls, YEAR_MS).text == text
    same = amount(Estimate(0.0, 0.0, 0.0, 3, 0), calls, YEAR_MS, difference=True)
    assert same.interval == "the same in every pair"


def test_the_interval_of_a_count_does_not_go_below_zero_and_that_of_a_difference_does():
    found, calls = Estimate(5.0, -9.0, 19.0, 5, 0), Asked.read("mean(takeover)")
    assert amount(found, calls, YEAR_MS).interval == "0 to 19"
    assert amount(found, calls, YEAR_MS, difference=True).interval == f"{MINUS}9 to +19"


# The page


def test_everything_on_a_page_is_escaped_and_nothing_in_it_runs():
    evil = "<script>alert(1)</script>\x1b[2J\u202e\"'"
    section = Section(
        "s", evil, (Text(evil), Table(evil, (evil,), ((Cell(evil, evil, note=evil, mark=evil),),)))
    )
    html = render(Page(evil, evil, (evil,), (section,)))
    assert "<script" not in html
    assert "\x1b" not in html
    assert "\u202e" not in html
    read = Read(html)
    assert {tag for tag, _ in read.tags} >= {"main", "h1", "table", "caption"}
    assert not [name for _, attributes in read.tags for name in attributes if name[:2] == "on"]
    assert read.text("h1").startswith("<script>alert(1)</script>")


def test_a_policy_named_like_a_script_is_harmless(page, folder, write):
    evil = LOAD.replace("our own <b>tickets</b>", "<script>x</script>")
    write(load=evil)
    (folder / "<script>.yaml").write_text(
        "policy: odd\nextends: salesforce\nlifetime.max: 3h\n", "utf-8"
    )
    read = page.fresh("compare", "salesforce", "<script>.yaml", "--on", LOADED, "-n", "2")
    assert "<script>.yaml" in read.text()
    assert "script" not in {tag for tag, _ in read.tags}


def test_a_page_needs_no_network_no_script_and_no_other_file(page):
    read = page(*COMPARE)
    for tag, attributes in read.tags:
        assert tag not in ("script", "link", "iframe", "object")
        assert attributes.get("src", "data:").startswith("data:")
        assert attributes.get("href", "#").startswith("#")
    assert "@import" not in read.html
    assert "url(" not in read.html
    anchors = {attributes["href"][1:] for attributes in read.all("a")}
    assert anchors <= {attributes.get("id") for _, attributes in read.tags}


def test_a_page_can_be_read_without_its_looks_and_by_keyboard(page):
    read = page(*COMPARE)
    assert read.all("html")[0]["lang"] == "en"
    assert read.text("title").startswith("Two arms compared: load.tvc.yaml")
    assert len(read.texts["h1"]) == 1
    assert read.all("a")[0]["href"] == "#finding"
    assert len(read.all("table")) == len(read.texts["caption"])
    assert all(attributes["scope"] in ("col", "row") for attributes in read.all("th"))
    assert all(len(attributes["alt"]) > 20 for attributes in read.all("img"))
    assert len(read.all("img")) == len(read.texts["figcaption"])
    regions = [of for tag, of in read.tags if tag == "div"]
    assert len(regions) == len(read.all("table"))
    for region in regions:
        assert (region["tabindex"], region["role"]) == ("0", "region")
        assert region["aria-label"]
    assert "@media print" in read.html


def test_the_same_study_gives_the_same_bytes_and_no_date_and_no_folder(page, folder):
    # Found by another path, and under another name than the page that others read.
    words = [f"{folder}/{LOADED}" if word == LOADED else word for word in COMPARE]
    first, second = page(*COMPARE), page.fresh(*words, name="other.html")
    assert first.html.replace("report.html", "other.html") == second.html
    assert str(folder) not in second.html
    assert not re.search(r"20\d\d-\d\d-\d\d", second.text())


# Comparisons


def test_a_comparison_has_its_arms_as_rows_and_their_difference_with_intervals(page):
    read = page(*COMPARE)
    heads = read.row("arm")
    assert heads[1:] == [
        "incidents called about", "repeat calls", "locked-out hours", "desk hours",
        "code-hours live", "outsider access-hours", "takeovers",
    ]  # fmt: skip
    baseline, candidate = read.row("salesforce baseline"), read.row(SHORT)
    assert candidate[0].endswith("candidate")
    assert all(re.fullmatch(r"[\d,.]+ [\d,.]+ to [\d,.]+", cell) for cell in baseline[1:])
    difference = read.row("difference")
    live = heads.index("code-hours live")
    assert difference[live].startswith(MINUS)
    assert "not sure" not in difference[live]
    assert "fewer" in read.text("h1")
    assert "code-hours live" in read.text("h1")
    assert read.row("mean(calls)")[0] == "mean(calls) calls to the desk"


def test_what_is_sure_in_the_heading_is_what_the_command_finds_sure(page, call):
    import json

    read = page(*COMPARE)
    report = json.loads(call(*COMPARE, "-f", "json").out)
    sure = {row["metric"] for row in report["metrics"] if row["low"] > 0 or row["high"] < 0}
    for metric, name in (("mean(repeat_calls)", "repeat calls"), ("mean(takeover)", "takeovers")):
        assert (name in read.text("h1")) == (metric in sure)


def test_a_year_is_scaled_from_what_was_measured(page, call):
    import json

    read = page(*COMPARE)
    (row,) = [
        row
        for row in json.loads(call(*COMPARE, "-f", "json").out)["metrics"]
        if row["metric"] == "mean(exposure)"
    ]
    place = read.row("arm").index("code-hours live")
    told = float(read.row("salesforce baseline")[place].split()[0].replace(",", ""))
    assert told == pytest.approx(row["baseline"] / HOUR_MS * 365 / 14, rel=0.1)


def test_a_comparison_that_did_not_ask_what_flips_it_says_so_with_the_command(page):
    read = page(*COMPARE)
    assert "This was not asked" in read.text()
    commands = read.texts["code"]
    assert f"tvc compare salesforce {SHORT} --on {LOADED} -n 3 --html report.html" in commands
    (flip,) = {command.partition(" --flip ")[2] for command in commands if "--flip" in command}
    # No takeover differs in any pair: what surely differs is asked about, and drawn.
    assert flip in ("'mean(repeat_calls)'", "'mean(exposure)'")


def test_a_comparison_that_asked_tells_what_flips_it_and_shows_it(page):
    plain, asked = page(*BRIEFLY), page(*BRIEFLY, "--flip", "mean(exposure)")
    assert "This was not asked" not in asked.text()
    assert "assumptions were tried" in asked.text()
    assert len(asked.all("img")) == len(plain.all("img")) + 1


def test_only_the_metrics_that_were_asked_for_are_told(page):
    read = page(*BRIEFLY, "--metric", "p95(time_to_access)")
    assert read.row("arm") == ["arm", "p95(time_to_access)"]
    assert "repeat calls" not in read.text()


def test_arms_that_do_not_differ_surely_are_said_not_to(page):
    words = ("compare", "salesforce", "salesforce,code.length=8", "--on", QUIET, "-n", "2")
    assert page(*words).text("h1").startswith("No sure difference between salesforce and")


def test_two_files_of_one_name_stay_two_arms(page, folder):
    for name, hours in (("one", 3), ("two", 4)):
        (folder / name).mkdir()
        text = f"policy: mine\nextends: salesforce\nlifetime.max: {hours}h\n"
        (folder / name / "mine.yaml").write_text(text, "utf-8")
    files = [str(folder / name / "mine.yaml") for name in ("one", "two")]
    read = page.fresh("compare", *files, "--on", QUIET, "-n", "2")
    assert "one/mine.yaml" in read.text("h1")
    assert str(folder) not in read.html


# What it rests on


def test_inputs_are_marked_sourced_or_assumption_by_word_and_assumptions_come_first(page):
    read = page("simulate", LOADED)
    rows = read.rows[read.rows.index(next(r for r in read.rows if r[:1] == ["input"])) + 1 :]
    assert rows[0][2].startswith("assumption")
    assert read.row("losses.per_user_per_year")[2] == "sourced our own <b>tickets</b>"
    assert read.row("horizon")[2].startswith("choice")
    assert read.row("desk.shifts")[2].startswith("assumption")
    marks = [of["class"] for tag, of in read.tags if tag == "td" and "class" in of]
    assert {"assumption", "sourced", "choice"} <= set(marks)
    summary = next(text for text in read.texts["summary"] if "as shipped" in text)
    assert re.search(r"\(\d+ assumptions\)", summary)


def test_an_input_that_differs_between_the_arms_is_told_of_both(page):
    read = page("compare", "salesforce", "salesforce,desk.admins=7", "--on", QUIET, "-n", "2")
    assert read.row("desk.admins")[1].endswith("/ 7 baseline / candidate")


def test_knobs_that_are_not_the_default_are_told_with_the_default(page):
    read = page(*COMPARE)
    knob = next(row for row in read.rows if row[0].startswith("lifetime.max") and len(row) == 4)
    assert knob[1:] == ["24h", "24h", "4h"]


def test_digests_versions_and_seed_are_told(page):
    from tvc import __version__
    from tvc.domain.policies import digest_policy
    from tvc.studies.changes import read_arm

    read = page(*BRIEFLY, "--seed", "7")
    arm = read_arm(SHORT, {"users": 10}, None)
    assert digest_policy(arm.policy) in read.text()
    assert f"tvc {__version__}" in read.row("versions")[1]
    assert read.row("seed") == ["seed", "7"]
    assert "--seed 7" in read.text("code")


# One run


def test_one_run_says_that_it_has_no_intervals_and_scales_to_a_year(page):
    read = page("simulate", LOADED)
    assert "one run, so that none has an interval" in read.text()
    run, year = read.row("in this run"), read.row("about, a year")
    calls, yearly = (float(row[1].replace(",", "")) for row in (run, year))
    assert yearly == pytest.approx(calls * 365 / 14, rel=0.06)
    assert len(read.all("img")) == 7


def test_without_attackers_no_picture_of_them_is_shown_and_the_page_says_what_it_cannot(page):
    read = page("simulate", QUIET)
    assert len(read.all("img")) == 6
    assert "says nothing about takeovers" in read.text()
    assert "takeovers" not in read.row("how many")


def test_the_digest_of_the_run_is_the_one_that_is_printed(page, call):
    printed = re.search(r"^digest +(\w+)", call("simulate", LOADED).out, re.MULTILINE)
    read = page("simulate", LOADED)
    assert read.row("digest of the run")[1] == printed[1]


# Sweeps


def test_a_sweep_of_two_axes_has_a_heat_map_a_metric_and_all_points(page):
    read = page(
        "sweep", QUIET, "--vary", "lifetime.max=1h,4h", "--vary", "desk.admins=1,2", "-n", "2",
        "--metric", "mean(calls)", "--metric", "mean(exposure)",
    )  # fmt: skip
    rows = [row for row in read.rows if row[0] in ("1h", "4h") and len(row) == 4]
    assert [row[:2] for row in rows] == [["1h", "1"], ["1h", "2"], ["4h", "1"], ["4h", "2"]]
    maps = [of["alt"] for of in read.all("img") if "by desk.admins and lifetime.max" in of["alt"]]
    assert [alt.split(" by ")[0] for alt in maps] == ["mean(calls)", "code-hours live"]
    assert read.row("desk.admins")[2].startswith("varied")


def test_a_sweep_with_a_front_tells_it(page):
    read = page(
        "sweep", QUIET, "--vary", "lifetime.max=1h,4h,24h", "-n", "2",
        "--front", "mean(repeat_calls),mean(exposure)",
    )  # fmt: skip
    found = re.match(r"(\d) of 3 combinations", read.text("h1"))
    front = next(text for text in read.texts["caption"] if text.startswith("The front"))
    assert found
    assert front
    assert any("not beaten in both" in of["alt"] for of in read.all("img"))


@pytest.mark.parametrize(
    ("words", "heading"),
    [
        (("--tornado", "mean(calls)"), "assumption"),
        (
            ("--break-even", "mean(exposure)", "--input", "users=300..301",
             "--arms", "salesforce", "brief"),
            "brief has less code-hours live at users = 300 and at 301",
        ),
        (("--solve", "desk.admins=1..4", "--for", "mean(calls) <= 1000"), "smallest"),
    ],
)  # fmt: skip
def test_each_question_has_its_page_with_a_picture_and_a_table(page, words, heading):
    read = page("sweep", QUIET, *words, "-n", "4")
    assert heading in read.text("h1")
    assert len(read.all("img")) == 1
    assert {"inputs", "policies", "rerun"} <= {of.get("id") for of in read.all("section")}
    assert "95% interval" in read.text() or "at 95%" in read.text()


def test_a_limit_of_what_adds_up_is_told_by_the_year_too(page):
    read = page("sweep", QUIET, "--solve", "desk.admins=1..2", "--for", "mean(calls) <= 7", "-n",
                "2")  # fmt: skip
    assert "The limit is of 7d: 365 a year." in read.text()


# The file


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("report.txt", "expected a name that ends in .html"),
        ("nowhere/report.html", "no such folder: nowhere"),
        ("folder.html", "that is a folder"),
    ],
)
@pytest.mark.parametrize(
    "words",
    [
        ("simulate", LOADED),
        COMPARE,
        ("sweep", QUIET, "--vary", "desk.admins=1,2"),
    ],
)
def test_a_file_that_cannot_be_is_refused_before_anything_runs(
    write, call, folder, monkeypatch, words, name, why
):
    write(load=LOAD)
    (folder / "folder.html").mkdir()
    monkeypatch.setattr("tvc.world.simulation.simulate", None)
    done = call(*words, "--html", name)
    assert (done.code, done.out) == (4, "")
    assert f"--html {name}: {why}" in " ".join(done.err.replace("│", " ").split())


def test_a_folder_that_cannot_be_written_to_is_refused_before_anything_runs(
    write, call, folder, monkeypatch
):
    write(load=LOAD)
    (folder / "locked").mkdir()
    (folder / "locked").chmod(stat.S_IRUSR | stat.S_IXUSR)
    # Root may write everywhere.
    monkeypatch.setattr("os.access", lambda path, _mode: path.name != "locked")
    done = call("simulate", LOADED, "--html", "locked/report.html")
    assert (done.code, done.out) == (4, "")
    assert "cannot be written to" in " ".join(done.err.replace("│", " ").split())


def test_a_page_is_whole_or_as_it_was_before(write, call, folder, monkeypatch):
    write(load=LOAD)
    (folder / "report.html").write_text("before", "utf-8")

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("pathlib.Path.replace", fail)
    done = call("simulate", QUIET, "--html", "report.html")
    assert done.code == 4
    assert "No space left on device" in done.err
    assert "calls" in done.out
    assert sorted(path.name for path in folder.iterdir()) == ["load.tvc.yaml", "report.html"]
    assert (folder / "report.html").read_text("utf-8") == "before"


def test_an_interrupted_run_has_no_page(write, call, folder, monkeypatch):
    import tvc.world.simulation as world

    write(load=LOAD)
    whole = world.simulate
    monkeypatch.setattr(
        world, "simulate", lambda *args, **rest: replace(whole(*args, **rest), complete=False)
    )
    done = call("simulate", QUIET, "--html", "report.html")
    assert done.code == 2
    assert "no report is written of an interrupted run" in done.err
    assert not (folder / "report.html").exists()


def test_standard_output_is_the_same_with_a_report_and_without(page, call):
    for words in (("simulate", QUIET), COMPARE, (*BRIEFLY, "-f", "json")):
        page(*words)
        assert call(*words).out == page.printed(*words)
