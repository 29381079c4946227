"""What ``.ci/regenerate.py`` writes stands in the repository as it would write it."""

from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def _load():
    spec = spec_from_file_location("generated_files", ROOT / ".ci" / "regenerate.py")
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


regenerate = _load()
README = regenerate.README.read_text("utf-8")


def test_the_schema_that_ships_is_the_one_of_the_models():
    assert regenerate.SCHEMA.read_text("utf-8") == regenerate.schema()


def test_the_reference_policy_is_the_table_of_knobs():
    assert regenerate.SALESFORCE.read_text("utf-8") == regenerate.salesforce()


@pytest.mark.parametrize(
    "block",
    [
        regenerate.law,
        regenerate.simulate,
        regenerate.failure,
        pytest.param(regenerate.answer, marks=pytest.mark.nightly),
    ],
    ids=lambda block: block.__name__,
)
def test_the_readme_shows_what_is_so(block):
    assert block(README) == README


def test_a_block_that_has_fallen_behind_is_written_again():
    behind = README.replace("| generate | `generate.session` |", "| generate | `generate.gone` |")
    assert regenerate.law(behind) == README != behind


def test_a_part_that_there_is_not_is_told_with_the_nearest():
    with pytest.raises(SystemExit, match="did you mean 'schemas'"):
        regenerate.main(["schema"])
