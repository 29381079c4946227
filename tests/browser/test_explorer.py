"""The explorer in a real JupyterLab: what those see and do who open it for the first time."""

import re
import subprocess
import sys
from collections.abc import Callable

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.interactive

THEMES = {"light": "JupyterLab Light", "dark": "JupyterLab Dark"}
TVC = [sys.executable, "-c", "from tvc.cli.entry import main; main()"]
WHOLE_SCREEN = {"width": 1400, "height": 1400}

#: What a cell shows that failed or warned, and a widget that could not be shown.
FAULTS = (
    '[data-mime-type="application/vnd.jupyter.error"], '
    '[data-mime-type="application/vnd.jupyter.stderr"], .jupyter-widgets-error-widget'
)

#: That a picture has taken the place of another one, and has been drawn.
ANOTHER_PICTURE = """(before) => {
    const image = document.querySelector("img.tvc-picture");
    return image.src !== before && image.complete && image.naturalWidth > 0;
}"""


@pytest.fixture
def opened(lab, open_page):
    """Opens the notebook of the explorer in a theme and runs all its cells."""

    def in_theme(theme: str):
        lab.use_theme(THEMES[theme])
        watched = open_page(viewport=WHOLE_SCREEN)
        watched.page.goto(lab.address("explorer.ipynb"))
        body = watched.page.locator("body")
        expect(body).to_have_attribute("data-jp-theme-name", THEMES[theme])
        _run_all_cells(watched.page)
        expect(_picture(watched.page)).to_be_visible()
        return watched

    yield in_theme
    lab.end_kernels()


def _run_all_cells(page: Page) -> None:
    # Who runs cells before there is a kernel is asked for one.
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.get_by_role("menuitem", name="Run All Cells", exact=True).click()


def _picture(page: Page) -> Locator:
    return page.locator("img.tvc-picture")


def _change_of_picture(page: Page, act: Callable[[], None]) -> None:
    """Do something, and wait until another picture is there and can be seen."""
    before = _picture(page).get_attribute("src")
    act()
    page.wait_for_function(ANOTHER_PICTURE, arg=before)


def _complaints(watched) -> list[str]:
    """Return what cells, widgets and the console of the browser complain of."""
    return watched.page.locator(FAULTS).all_inner_texts() + watched.errors + watched.outside


@pytest.mark.parametrize("theme", THEMES)
def test_a_slider_moved_by_keyboard_changes_picture_and_figures(theme, opened):
    explorer = opened(theme)
    page = explorer.page
    slider = page.locator(".tvc-knob-lifetime-max [role=slider]")
    figures = page.locator(".tvc-headline table")
    value, told = slider.get_attribute("aria-valuenow"), figures.inner_text()
    slider.focus()
    _change_of_picture(page, lambda: page.keyboard.press("ArrowLeft"))
    assert float(slider.get_attribute("aria-valuenow")) < float(value)
    # The figures are another message of the kernel than the picture, and may come after it.
    expect(figures).not_to_have_text(told, use_inner_text=True)
    expect(page.locator(".tvc-message")).to_have_text("")
    assert _complaints(explorer) == []


def test_what_cannot_be_is_refused_in_a_sentence_and_reset_makes_it_good(opened):
    explorer = opened("light")
    page = explorer.page
    page.locator(".tvc-knob-lifetime-min [role=slider]").focus()
    page.keyboard.press("End")
    page.locator(".tvc-knob-lifetime-max [role=slider]").focus()
    page.keyboard.press("Home")
    message = page.locator(".tvc-message")
    expect(message).to_contain_text("lifetime.m")
    expect(_picture(page)).to_be_visible()
    page.locator(".tvc-reset").click()
    expect(message).to_have_text("")
    assert _complaints(explorer) == []


def test_another_picture_can_be_chosen(opened):
    explorer = opened("light")
    page = explorer.page
    choice = page.locator(".tvc-knob-picture select")
    chosen = choice.locator("option:checked").inner_text()
    other = next(text for text in choice.locator("option").all_inner_texts() if text != chosen)
    _change_of_picture(page, lambda: choice.select_option(other))
    kind = other.replace("\N{NO-BREAK SPACE}", " ")
    expect(_picture(page)).to_have_attribute("alt", re.compile(f"^{re.escape(kind)}: "))
    assert _complaints(explorer) == []


def test_what_is_saved_as_a_scenario_file_is_one(opened, lab):
    explorer = opened("light")
    page = explorer.page
    page.locator(".tvc-knob-desk-admins [role=slider]").focus()
    _change_of_picture(page, lambda: page.keyboard.press("ArrowRight"))
    name = "saved.tvc.yaml"
    (lab.root / name).unlink(missing_ok=True)
    page.locator(".tvc-file input").fill(name)
    page.locator(".tvc-save").click()
    expect(page.locator(".tvc-message")).to_contain_text(f"tvc test {name}")
    tested = subprocess.run(
        [*TVC, "test", name], cwd=lab.root, capture_output=True, text=True, check=False
    )
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert _complaints(explorer) == []
