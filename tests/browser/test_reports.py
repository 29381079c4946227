"""The pages of ``--html`` in a browser: for every eye and hand, on paper, and without a network.

Each page is made by the command itself, from a small workload.
"""

import subprocess
import sys

import pytest
from axe_playwright_python.sync_playwright import Axe

pytestmark = pytest.mark.interactive

WORKLOAD = """\
tvc: 1
scenarios:
  - id: small
    workload: {users: 300, horizon: 14d, attackers: {callers: {per_day: 1}}}
"""
ARMS = ["salesforce", "salesforce,lifetime.max=4h"]
FILE = "small.tvc.yaml"
GRID = ["--vary", "lifetime.max=4h,24h", "--vary", "desk.admins=1..2"]
SOLVED = ["--solve", "desk.admins=1..3", "--for", "p95(desk.wait) <= 2m"]
COMMANDS = {
    "simulate": ["simulate", FILE],
    "compare": ["compare", *ARMS, "--on", f"{FILE}::small", "-n", "3", "--flip", "mean(calls)"],
    "sweep": ["sweep", FILE, "-n", "3", *GRID],
    "tornado": ["sweep", FILE, "-n", "3", "--tornado", "mean(calls)"],
    "solve": ["sweep", FILE, "-n", "3", *SOLVED],
}
TVC = [sys.executable, "-c", "from tvc.cli.entry import main; main()"]

#: What WCAG 2.2 AA asks for of what a program can check, and what else its authors advise.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
WIDE, PHONE, SHEET = ({"width": width, "height": 800} for width in (1280, 360, 680))
VIEWS = [
    pytest.param({"viewport": size, "color_scheme": scheme}, id=f"{scheme}-{size['width']}px")
    for scheme, size in (("light", WIDE), ("dark", PHONE))
]

#: Numbers the regions that hold more than they show, and counts them.
SCROLLED = """() => [...document.querySelectorAll("body *")].filter((part) =>
    part.scrollWidth > part.clientWidth + 1
    && ["auto", "scroll"].includes(getComputedStyle(part).overflowX)
).map((part, at) => part.setAttribute("data-number", at)).length"""


@pytest.fixture(scope="module", params=COMMANDS)
def report(request, tmp_path_factory):
    """The address of a page that the command wrote."""
    folder = tmp_path_factory.mktemp("report")
    (folder / FILE).write_text(WORKLOAD)
    words = [*TVC, *COMMANDS[request.param], "--html", "page.html"]
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return (folder / "page.html").as_uri()


@pytest.fixture
def shown(report, open_page):
    """Opens the page."""

    def opened(viewport=WIDE, color_scheme="light", **settings):
        watched = open_page(viewport=viewport, color_scheme=color_scheme, **settings)
        watched.page.goto(report)
        return watched

    return opened


def _open_details(page):
    page.locator("details").evaluate_all("(all) => all.forEach((one) => { one.open = true })")


@pytest.mark.parametrize("view", VIEWS)
def test_axe_finds_nothing_to_complain_of(view, shown):
    page = shown(**view).page
    _open_details(page)
    found = Axe().run(page, options={"runOnly": RULES, "resultTypes": ["violations"]})
    assert found.response["passes"], "no rule was tried"
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("view", VIEWS)
def test_the_page_itself_never_scrolls_sideways(view, shown):
    page = shown(**view).page
    _open_details(page)
    widths = "() => [document.documentElement.scrollWidth, document.documentElement.clientWidth]"
    needed, given = page.evaluate(widths)
    assert needed <= given


def test_a_page_asks_for_nothing_but_itself_and_complains_of_nothing(report, open_page):
    asked = []
    watched = open_page()
    watched.page.on("request", lambda request: asked.append(request.url))
    watched.page.goto(report, wait_until="networkidle")
    assert [url for url in asked if not url.startswith("data:")] == [report]
    assert watched.outside == []
    assert watched.errors == []
    pictures = "() => [...document.images].map((image) => image.complete && image.naturalWidth > 0)"
    assert all(watched.page.evaluate(pictures))


def test_a_page_says_the_same_without_scripts(shown):
    text = "() => document.body.innerText"
    assert shown(java_script_enabled=False).page.evaluate(text) == shown().page.evaluate(text)


def test_the_keyboard_reaches_and_opens_all_that_is_closed(shown):
    page = shown().page
    summaries = page.locator("details > summary")
    assert summaries.count() > 0
    summaries.evaluate_all("(all) => all.forEach((one, at) => one.setAttribute('data-number', at))")
    opened = {_number(page) for _ in _tabs(page) if _toggled(page)}
    assert opened == {str(number) for number in range(summaries.count())}


def test_the_keyboard_scrolls_all_that_is_wider_than_a_phone(shown):
    page = shown(viewport=PHONE).page
    _open_details(page)
    count = page.evaluate(SCROLLED)
    assert count > 0
    scrolled = set()
    for _ in _tabs(page):
        if _number(page) is not None:
            page.keyboard.press("ArrowRight")
            page.wait_for_function("() => document.activeElement.scrollLeft > 0")
            scrolled.add(_number(page))
    assert scrolled == {str(number) for number in range(count)}


def test_paper_shows_what_is_closed_on_the_screen_and_cuts_nothing_off(shown):
    page = shown(viewport=SHEET).page
    inside = page.locator("details > :not(summary)")
    assert not any(part.is_visible() for part in inside.all())
    page.emulate_media(media="print")
    assert inside.count() > 0
    assert all(part.is_visible() for part in inside.all())
    assert page.evaluate(SCROLLED) == 0


def _tabs(page):
    """Press Tab until the page has been left, once for each part that the keyboard reaches."""
    parts = page.evaluate("""() => document.querySelectorAll(
        "a[href], button, input, select, summary, [tabindex='0']").length""")
    for _ in range(parts):
        page.keyboard.press("Tab")
        yield


def _number(page):
    return page.evaluate("() => document.activeElement.getAttribute('data-number')")


def _toggled(page):
    """Whether Enter opens what the keyboard is on."""
    if _number(page) is None:
        return False
    page.keyboard.press("Enter")
    return page.evaluate("() => document.activeElement.parentElement.open")
