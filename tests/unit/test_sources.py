"""What reports say of a file does not depend on where the command ran."""

import json
import re
from pathlib import Path
from urllib.parse import unquote
from xml.etree import ElementTree as ET

import pytest

from tvc.harness.collect import find_files
from tvc.harness.sources import Sources

FILE = "tests/mfa/odd é#1 [x].tvc.yaml"
#: What `quote` makes of it; nothing that a URI gives a meaning of its own is left.
URI = "tests/mfa/odd%20%C3%A9%231%20%5Bx%5D.tvc.yaml"


@pytest.fixture
def repository(write, folder):
    """A repository with a failing and an invalid file in a folder of it."""
    root = folder / "home" / "repository"
    (root / ".git").mkdir(parents=True)
    (root / "tests" / "mfa").mkdir(parents=True)
    (root / "docs").mkdir()
    write(a="failing", b="invalid")
    (folder / "a.tvc.yaml").rename(root / FILE)
    (folder / "b.tvc.yaml").rename(root / "docs" / "b.tvc.yaml")
    return root


#: Working folders in the repository, and the path of its tests as seen from there.
PLACES = [
    (".", "tests"),
    (".", "./docs/../tests"),
    (".", "{root}/tests"),
    ("tests", "."),
    ("tests/mfa", "../mfa"),
    ("docs", "../tests"),
    ("docs", "{root}/tests/../tests/mfa"),
    ("/", "{root}/tests"),
    ("..", "repository/tests"),
]


def places_in(reports):
    """Read where each report says that something stands."""
    results = json.loads(reports["sarif"])["runs"][0]["results"]
    notes = re.findall(r"^::(?:error|warning) file=([^,]*),", reports["github"], re.MULTILINE)
    root = ET.fromstring(reports["junit"])
    return {
        "sarif": {
            tuple(sorted(one["locations"][0]["physicalLocation"]["artifactLocation"].items()))
            for one in results
        },
        "github": {unquote(note) for note in notes},
        "junit": {element.get("file") for element in root.iter() if element.get("file")},
        "classes": {case.get("classname") for case in root.iter("testcase")},
    }


def told_from(monkeypatch, call, command, repository, working, path):
    monkeypatch.chdir(repository / working)
    words = [path.format(root=repository)]
    reports = {}
    for name in ("sarif", "github", "junit"):
        ran = call(command, *words, "-f", name)
        reports[name] = ran.out
    return ran.code, places_in(reports)


@pytest.mark.parametrize(("working", "path"), PLACES)
def test_a_file_has_one_path_in_reports_from_every_working_folder(
    repository, monkeypatch, call, working, path
):
    code, told = told_from(monkeypatch, call, "test", repository, working, path)
    assert code == 1
    assert told == {
        "sarif": {(("uri", URI), ("uriBaseId", "%SRCROOT%"))},
        "github": {FILE},
        "junit": {FILE},
        "classes": {"tests.mfa.odd é#1 [x]"},
    }


@pytest.mark.parametrize("command", ["test", "lint"])
def test_a_file_with_faults_has_one_path_in_reports_from_every_working_folder(
    repository, monkeypatch, call, command
):
    seen = [
        told_from(monkeypatch, call, command, repository, working, path)
        for working, path in ((".", "docs"), ("tests", "../docs"), ("/", "{root}/docs"))
    ]
    assert seen[0][0] == 4
    assert seen[0][1]["github"] == {"docs/b.tvc.yaml"}
    assert seen == [seen[0]] * 3


def test_findings_of_lint_are_the_same_ones_from_every_working_folder(
    repository, monkeypatch, call
):
    seen = []
    for working, path in ((".", "tests"), ("docs", "../tests"), ("/", "{root}/tests")):
        monkeypatch.chdir(repository / working)
        out = call("lint", path.format(root=repository), "-f", "sarif").out
        results = json.loads(out)["runs"][0]["results"]
        seen.append([(one["partialFingerprints"], one["locations"]) for one in results])
    assert seen[0]
    assert seen == [seen[0]] * 3


def test_the_workspace_of_actions_goes_before_the_repository(repository, monkeypatch, folder):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder / "home"))
    monkeypatch.chdir(repository / "docs")
    assert Sources(("b.tvc.yaml",)).place("b.tvc.yaml") == Path("repository/docs/b.tvc.yaml")


def test_a_workspace_that_has_nothing_to_do_with_the_files_says_nothing(
    repository, monkeypatch, folder
):
    monkeypatch.setenv("GITHUB_WORKSPACE", str(folder / "elsewhere"))
    monkeypatch.chdir(repository / "docs")
    assert Sources(("b.tvc.yaml",)).place("b.tvc.yaml") == Path("docs/b.tvc.yaml")


def test_without_a_repository_paths_count_from_the_working_folder(folder, monkeypatch):
    (folder / "below").mkdir()
    monkeypatch.chdir(folder / "below")
    sources = Sources(("a.tvc.yaml", "../b.tvc.yaml"))
    assert sources.place("./a.tvc.yaml") == Path("a.tvc.yaml")
    assert sources.place("../b.tvc.yaml") == folder / "b.tvc.yaml"


def test_a_work_tree_is_a_repository_and_links_to_its_folders_are_followed(folder, monkeypatch):
    tree = folder / "tree"
    (tree / "tests").mkdir(parents=True)
    (tree / ".git").write_text("gitdir: elsewhere\n")
    (folder / "link").symlink_to(tree / "tests")
    monkeypatch.chdir(folder)
    sources = Sources(("link/a.tvc.yaml",))
    assert sources.place("link/a.tvc.yaml") == Path("tests/a.tvc.yaml")


def test_what_stands_outside_the_sources_has_a_whole_uri(repository, monkeypatch, call, folder):
    (repository / FILE).rename(folder / "a b%.tvc.yaml")
    code, told = told_from(monkeypatch, call, "test", repository, ".", f"{folder}/a b%.tvc.yaml")
    assert code == 1
    (artifact,) = told["sarif"]
    ((key, uri),) = artifact
    assert key == "uri"
    assert uri == (folder / "a b%.tvc.yaml").as_uri()
    assert uri.endswith("/a%20b%25.tvc.yaml")


# Counting


def test_a_file_counts_once_however_often_and_by_whatever_path_it_is_named(
    repository, monkeypatch, call
):
    monkeypatch.chdir(repository / "tests")
    once = call("test", ".", "--collect-only")
    again = call("test", ".", "mfa", "../tests", repository / "tests", "--collect-only")
    assert len(once.out.splitlines()) == 2
    assert again.out == once.out


def test_two_links_to_one_file_are_two_files(folder):
    (folder / "a.tvc.yaml").write_text("tvc: 1\n")
    (folder / "b.tvc.yaml").symlink_to(folder / "a.tvc.yaml")
    assert find_files([folder, "."]) == (folder / "a.tvc.yaml", folder / "b.tvc.yaml")


@pytest.mark.parametrize("spelling", ["{root}/tests/", "", "./", "../tests/"])
def test_an_id_selects_its_case_however_its_path_is_spelt(repository, monkeypatch, call, spelling):
    monkeypatch.chdir(repository / "tests")
    name = FILE.removeprefix("tests/") + "::fine"
    ran = call("test", ".", "--id", spelling.format(root=repository) + name)
    assert ran.code == 0
    assert "1 passed, 0 failed, 1 deselected" in ran.out
