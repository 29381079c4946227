"""A draw is a function of what it is for, and of nothing else."""

import ast
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from tvc.world.streams import Streams

SOURCES = Path(__file__).parents[2] / "tvc"


def test_the_same_key_gives_the_same_number_in_any_order():
    first, second = Streams(3).stream("x"), Streams(3).stream("x")
    keys = [
        (entity, incident, attempt) for entity in range(9) for incident, attempt in ((0, 1), (1, 0))
    ]
    forwards = [first(*key) for key in keys]
    backwards = [second(*key) for key in reversed(keys)]
    assert forwards == backwards[::-1]
    assert len(set(forwards)) == len(keys)


@pytest.mark.parametrize(
    "other", [Streams(4).stream("x"), Streams(3, 1).stream("x"), Streams(3).stream("y")]
)
def test_another_seed_replication_or_name_gives_other_numbers(other):
    ours = Streams(3).stream("x")
    assert all(ours(entity) != other(entity) for entity in range(100))


@pytest.mark.parametrize(
    "kinds", [("stream", "stream"), ("stream", "screen"), ("screen", "screen")]
)
def test_a_name_that_is_taken_is_an_error(kinds):
    streams = Streams(1)
    getattr(streams, kinds[0])("losses")
    with pytest.raises(ValueError, match="'losses' is taken"):
        getattr(streams, kinds[1])("losses")


@pytest.mark.parametrize("seed", [-1, 2**63])
def test_a_seed_out_of_range_is_an_error(seed):
    with pytest.raises(ValueError, match="from 0 to"):
        Streams(seed)


def test_blocks_agree_however_they_are_cut():
    screen = Streams(5).screen("x")
    whole = screen.block(2, 0, 1000)
    for cuts in ([0, 1, 2, 3, 4, 5, 1000], [0, 333, 334, 1000], [0, 998, 1000]):
        parts = [screen.block(2, first, last - first) for first, last in pairwise(cuts)]
        assert np.array_equal(np.concatenate(parts), whole)
    assert [screen.at(2, entity) for entity in (0, 7, 999)] == whole[[0, 7, 999]].tolist()
    assert not np.array_equal(screen.block(3, 0, 1000), whole)


def test_a_binomial_number_is_keyed_and_possible():
    screen = Streams(5).screen("x")
    found = [screen.binomial(0, purpose, 100, 0.5) for purpose in range(50)]
    assert found == [Streams(5).screen("x").binomial(0, purpose, 100, 0.5) for purpose in range(50)]
    assert len(set(found)) > 5
    assert (screen.binomial(0, 0, 9, 0.0), screen.binomial(0, 0, 9, 1.0)) == (0, 9)


# No randomness comes from anywhere else


def bare_randomness(text):
    """Return the modules of unkeyed randomness that a text uses."""
    tree, found = ast.parse(text), set()
    imports = [
        alias for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    ]
    numpy = {"np", "numpy"} | {a.asname for a in imports if a.name == "numpy" and a.asname}
    for node in ast.walk(tree):
        names = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            owner = "numpy" if node.value.id in numpy else node.value.id
            names = [f"{owner}.{node.attr}"]
        for name in names:
            first, _, rest = name.partition(".")
            if first in ("random", "secrets"):
                found.add(first)
            elif first == "numpy" and rest.split(".")[0] == "random":
                found.add("numpy.random")
    return found


@pytest.mark.parametrize(
    "text",
    [
        "import random", "from random import choice", "import numpy.random",
        "from numpy import random", "from numpy.random import default_rng",
        "import numpy as np\nnp.random.rand()", "import numpy as n\nn.random.rand()",
        "import secrets", "from secrets import choice",
    ],
)  # fmt: skip
def test_the_search_for_bare_randomness_sees_each_form(text):
    assert bare_randomness(text)


def test_randomness_comes_from_the_streams_alone():
    files = {str(path.relative_to(SOURCES)): path for path in SOURCES.rglob("*.py")}
    found = {name: bare_randomness(path.read_text("utf-8")) for name, path in files.items()}
    assert {name: used for name, used in found.items() if used} == {
        "world/streams.py": {"numpy.random"},
        "authority/secrets.py": {"secrets"},
        # Names of temporary files, which no two processes may share.
        "files/outputs.py": {"secrets"},
    }
