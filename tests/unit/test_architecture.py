"""What docs/ says of the packages, their order and their names is so."""

import importlib
import re
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCS = sorted((ROOT / "docs").rglob("*.md"))
ARCHITECTURE = (ROOT / "docs" / "architecture.md").read_text("utf-8")


def listed():
    table = re.search(r"<!-- layers -->\n(.*)<!-- /layers -->", ARCHITECTURE, re.DOTALL)[1]
    return re.findall(r"^\| `(tvc\.\w+)` \|", table, re.MULTILINE)


def layers():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
    contracts = settings["tool"]["importlinter"]["contracts"]
    (contract,) = [one for one in contracts if one["id"] == "layers"]
    return [name.strip() for layer in contract["layers"] for name in layer.split("|")]


def test_the_packages_are_listed_in_the_order_of_their_layers():
    assert listed() == layers()


def test_every_package_and_module_at_the_top_has_a_layer():
    found = {
        f"tvc.{path.stem}"
        for path in (ROOT / "tvc").iterdir()
        if (path / "__init__.py").exists() or path.suffix == ".py"
    }
    assert found - {"tvc.__init__"} == set(layers())


def resolves(name):
    parts = name.split(".")
    for end in range(len(parts), 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError:
            continue
        for part in parts[end:]:
            if not hasattr(found, part):
                return False
            found = getattr(found, part)
        return True
    return False


def test_no_path_is_resolved_in_the_way_that_fails_for_a_loop_of_links():
    # By the version of Python `Path.resolve` raises RuntimeError; `os.path.realpath` never does.
    for path in sorted((ROOT / "tvc").rglob("*.py")):
        assert ".resolve()" not in path.read_text("utf-8"), path


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_name_in_the_documentation_exists(page):
    text = page.read_text("utf-8")
    names = set(re.findall(r"`(tvc(?:\.\w+)+)`", text))
    paths = set(re.findall(r"`((?:tvc|tests|scenarios|docs|notebooks|\.ci)/[\w./-]+)`", text))
    assert names | paths
    assert sorted(name for name in names if not resolves(name)) == []
    assert sorted(path for path in paths if not (ROOT / path).exists()) == []


@pytest.mark.parametrize("page", DOCS, ids=lambda page: page.name)
def test_every_test_that_the_documentation_names_exists(page):
    for file, test in re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", page.read_text("utf-8")):
        assert f"def {test}(" in (ROOT / file).read_text("utf-8"), f"{file}::{test}"


@pytest.mark.parametrize("page", [*DOCS, ROOT / "README.md"], ids=lambda page: page.name)
def test_every_link_to_a_file_leads_there(page):
    links = re.findall(r"\]\(([^)#:]+)\)", page.read_text("utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
