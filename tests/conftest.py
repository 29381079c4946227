"""Hypothesis profiles, and which tests the everyday run leaves to the nightly one."""

import os
import re

import pytest
from hypothesis import settings

_NIGHTLY = re.compile(r"(?<!not )\bnightly\b")

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


def _is_nightly(config: pytest.Config) -> bool:
    return bool(_NIGHTLY.search(config.getoption("markexpr", "")))


def pytest_configure(config: pytest.Config) -> None:
    """Choose the profile before any test module is imported, since some fix it then."""
    settings.load_profile("nightly" if _is_nightly(config) else "everyday")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Let ``-m nightly`` take every property test deeper, and other runs leave nightly ones out."""
    if _is_nightly(config):
        for item in items:
            if getattr(getattr(item, "obj", None), "is_hypothesis_test", False):
                item.add_marker("nightly")
        return
    left_out = [item for item in items if item.get_closest_marker("nightly")]
    if left_out:
        config.hook.pytest_deselected(items=left_out)
        items[:] = [item for item in items if item not in left_out]
