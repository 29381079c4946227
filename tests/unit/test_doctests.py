"""Examples in docstrings are true."""

import doctest
import importlib
import pkgutil

import pytest

import tvc

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(tvc.__path__, "tvc.")
    if module.name != "tvc.cli.__main__"
)


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_of_a_module_do_what_they_say(name):
    found = doctest.testmod(importlib.import_module(name), optionflags=doctest.ELLIPSIS)
    assert found.failed == 0


def test_there_are_examples_to_check():
    finder = doctest.DocTestFinder()
    modules = [importlib.import_module(name) for name in MODULES]
    assert sum(len(test.examples) for module in modules for test in finder.find(module)) > 50
