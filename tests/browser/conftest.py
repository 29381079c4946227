"""A headless Chromium, a JupyterLab of its own on loopback, and pages that tell what went wrong."""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.error import URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Route, expect, sync_playwright

NOTEBOOKS = Path(__file__).resolve().parents[2] / "notebooks"

#: A busy machine is slow, and is no failure; a test waits for what it wants to see, and no longer.
PATIENCE_MS = 60_000

FLAGS = (
    "--no-sandbox",  # containers have no user namespaces
    "--disable-gpu",
    "--disable-quic",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)


def _chromium() -> str:
    path = os.environ.get("TVC_CHROMIUM", "/usr/bin/chromium")
    if shutil.which(path):
        return path
    missing = (
        f"there is no Chromium at {path}: install Debian's package chromium "
        "(apt-get install --no-install-recommends chromium), or let TVC_CHROMIUM name another one"
    )
    if os.environ.get("CI"):
        pytest.fail(missing, pytrace=False)
    pytest.skip(missing)


# Per module, since the event loop of Playwright must be gone before others want one of their own.
@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A headless Chromium."""
    chromium = _chromium()
    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(
            executable_path=chromium, args=list(FLAGS), timeout=PATIENCE_MS
        )
        yield opened
        opened.close()


@dataclass
class Watched:
    """A page, and what it complained about and asked for since it was opened."""

    page: Page
    errors: list[str] = field(default_factory=list)
    #: Addresses asked for that are neither on loopback nor in files; none of them is answered.
    outside: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE_MS)
        self.page.on("console", self._console)
        self.page.on("pageerror", lambda error: self.errors.append(f"uncaught: {error}"))
        self.page.route("**/*", self._route)

    def _console(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(f"{message.text} ({message.location.get('url', '')})")

    def _route(self, route: Route) -> None:
        address = urlsplit(route.request.url)
        if address.scheme in ("file", "data", "blob") or address.hostname == "127.0.0.1":
            route.continue_()
        else:
            self.outside.append(route.request.url)
            route.abort()


@pytest.fixture
def open_page(browser):
    """Opens pages, each with a profile of its own: ``open_page(color_scheme="dark")``."""
    contexts = []

    def opened(**settings) -> Watched:
        context = browser.new_context(**settings)
        contexts.append(context)
        return Watched(context.new_page())

    yield opened
    for context in contexts:
        context.close()


@dataclass(frozen=True)
class Lab:
    """A JupyterLab that runs."""

    url: str
    token: str
    root: Path
    settings: Path

    def address(self, notebook: str) -> str:
        """Return the address of a notebook in it, with nothing else open."""
        return f"{self.url}lab/tree/{notebook}?reset&token={self.token}"

    def end_kernels(self) -> None:
        """Let the next page start with a new kernel."""
        for session in json.loads(self._ask("GET", "sessions")):
            self._ask("DELETE", f"sessions/{session['id']}")

    def _ask(self, method: str, what: str) -> bytes:
        headers = {"Authorization": f"token {self.token}"}
        with urlopen(Request(f"{self.url}api/{what}", method=method, headers=headers)) as answer:
            return answer.read()

    def use_theme(self, theme: str) -> None:
        """Let pages opened from now on have a theme."""
        _set(self.settings, "apputils-extension", "themes", {"theme": theme})


def _set(settings: Path, extension: str, plugin: str, values: dict[str, object]) -> None:
    folder = settings / "@jupyterlab" / extension
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plugin}.jupyterlab-settings").write_text(json.dumps(values))


@pytest.fixture(scope="module")
def lab(tmp_path_factory) -> Iterator[Lab]:
    """A JupyterLab on a free port of loopback, whose root is a copy of the notebooks."""
    folder = tmp_path_factory.mktemp("lab")
    root = folder / "notebooks"
    shutil.copytree(NOTEBOOKS, root, ignore=shutil.ignore_patterns(".*", "__pycache__"))
    settings = folder / "settings"
    quiet = {"fetchNews": "false", "checkForUpdates": False, "doNotDisturbMode": True}
    _set(settings, "apputils-extension", "notification", quiet)
    environment = {name: value for name, value in os.environ.items() if name != "TVC_SCALE"}
    environment |= {
        "IPYTHONDIR": str(folder / "ipython"),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_DATA_DIR": str(folder / "data"),
        "JUPYTER_RUNTIME_DIR": str(folder / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(settings),
        "JUPYTERLAB_WORKSPACES_DIR": str(folder / "workspaces"),
    }
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": "0",  # any that is free
        "ServerApp.root_dir": str(root),
        "ServerApp.open_browser": "False",
        "ServerApp.allow_root": "True",  # containers run as root
        "LabApp.extension_manager": "readonly",  # the other one asks a package index
    }
    command = [sys.executable, "-m", "jupyterlab"]
    command += [f"--{name}={value}" for name, value in options.items()]
    log = folder / "log"
    with log.open("wb") as sink:
        server = subprocess.Popen(
            command, env=environment, stdout=sink, stderr=sink, cwd=folder, start_new_session=True
        )
    try:
        with _said_on_failure(log):
            entry = _runtime_entry(folder / "runtime" / f"jpserver-{server.pid}.json", server)
            _wait_for(f"{entry['url']}api/status?token={entry['token']}", server)
        yield Lab(entry["url"], entry["token"], root, settings)
    finally:
        server.terminate()
        try:
            server.wait(30)
        except subprocess.TimeoutExpired:
            server.kill()
            server.wait()


@contextmanager
def _said_on_failure(log: Path) -> Iterator[None]:
    try:
        yield
    except TimeoutError as late:
        pytest.fail(f"{late}; it said:\n{log.read_text()}", pytrace=False)


def _runtime_entry(path: Path, server: subprocess.Popen[bytes]) -> dict[str, str]:
    """Return what a server writes of itself once it listens."""
    for _ in _while_running(server):
        try:
            return json.loads(path.read_text())
        except (FileNotFoundError, json.JSONDecodeError):
            continue
    raise AssertionError("waiting ends with an answer or an error")


def _wait_for(url: str, server: subprocess.Popen[bytes]) -> None:
    for _ in _while_running(server):
        try:
            with urlopen(url, timeout=10):
                return
        except (URLError, TimeoutError):
            continue


def _while_running(server: subprocess.Popen[bytes]) -> Iterator[None]:
    """Yield every now and then, until the server has ended or patience has."""
    end = time.monotonic() + PATIENCE_MS / 1000
    while time.monotonic() < end:
        if server.poll() is not None:
            raise TimeoutError(f"JupyterLab ended with exit code {server.returncode}")
        yield
        time.sleep(0.1)
    raise TimeoutError(f"JupyterLab did not answer within {PATIENCE_MS // 1000} s")
