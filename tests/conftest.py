"""Hypothesis profiles, and which tests the everyday run leaves to others."""

import os
import re
from pathlib import Path

import pytest
from hypothesis import settings

#: Marks of tests that run where ``-m`` names one of theirs; interactive ones also where the command
#: names their file or folder.
_APART = ("nightly", "interactive")

_COMMON = {
    "deadline": None,  # a slow machine is no defect
    "stateful_step_count": 30,
    "derandomize": bool(os.environ.get("CI")),
    "print_blob": True,
}
if os.environ.get("CI"):
    _COMMON["database"] = None

settings.register_profile("everyday", max_examples=200, **_COMMON)
settings.register_profile("nightly", max_examples=5_000, **_COMMON)


def _asks_for(config: pytest.Config, mark: str) -> bool:
    return bool(re.search(rf"(?<!not )\b{mark}\b", config.getoption("markexpr", "")))


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile before any test module is imported, since some fix it then."""
    settings.load_profile("nightly" if _asks_for(config, "nightly") else "everyday")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let ``-m nightly`` take every property test deeper, and leave out what runs apart."""
    if _asks_for(config, "nightly"):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker("nightly")
    asked = {mark for mark in _APART if _asks_for(config, mark)}
    folder = config.invocation_params.dir
    places = {Path(folder, argument.split("::")[0]).resolve() for argument in config.args}
    left_out = [
        item
        for item in items
        if (marks := _apart(item)) and not marks & asked and not _is_named(item, marks, places)
    ]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]


def _is_named(item: pytest.Item, marks: set[str], places: set[Path]) -> bool:
    """Whether the command names the file or the folder of an interactive test."""
    return marks == {"interactive"} and not places.isdisjoint({item.path, item.path.parent})


def _apart(item: pytest.Item) -> set[str]:
    return {mark for mark in _APART if item.get_closest_marker(mark)}
