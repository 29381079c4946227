"""A knob that does not exist, with its rule and its reason, added as `docs/how_to_add.md` says.

The change is a table: the files, in the order of the how-to, with what is inserted after which
text. It is made in a copy of the repository, where the tests that the how-to names then pass.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.nightly

#: The file: pairs of (after this text, insert this). An empty text stands for a new file.
CHANGE = {
    "tvc/authority/policy.py": [
        (
            """"whether the subject must have multi-factor authentication on", "seed"
    )
""",
            """    frozen: Literal["allow", "deny"] = _knob(
        "allow", "whether a frozen account may be given a code", "reading"
    )
""",
        )
    ],
    "tvc/authority/reasons.py": [
        (
            '    MFA_NOT_ENABLED = "mfa_not_enabled"\n',
            '    SUBJECT_FROZEN = "subject_frozen"\n',
        ),
        (
            """"This user does not use multi-factor authentication.", (), None, False
        ),
""",
            '        Reason.SUBJECT_FROZEN: About("This user is frozen.", (), None, False),\n',
        ),
    ],
    "tvc/authority/checks/generating.py": [
        (
            """        return Refusal(Reason.MFA_NOT_ENABLED)
    return None
""",
            '''

def not_for_the_frozen(c: Context) -> Verdict:
    """The subject is not frozen, where the policy denies those a code."""
    if c.policy.subject.frozen == "deny" and c.account.frozen:
        return Refusal(Reason.SUBJECT_FROZEN)
    return None
''',
        )
    ],
    "tvc/authority/rules.py": [
        (
            '             ("subject.mfa", "required")),\n',
            """        Rule("generate.subject_frozen", generating.not_for_the_frozen,
             (Reason.SUBJECT_FROZEN,),
             "A frozen user may have a code (a knob).",
             ("subject.frozen", "deny")),
""",
        )
    ],
    "tvc/world/reactions.py": [
        (
            "Reason.OUT_OF_SCOPE, Reason.SELF_ISSUE,\n",
            "    Reason.SUBJECT_FROZEN,\n",
        )
    ],
    "tvc/workbench/recipes/refusals.py": [
        (
            '        Reason.MFA_NOT_ENABLED: _by_ana(Kind.GENERATE, "{mfa: false}"),\n',
            """        Reason.SUBJECT_FROZEN: _by_ana(Kind.GENERATE, "{frozen: true}").under(
            subject__frozen="deny"
        ),
""",
        )
    ],
    "tests/property/naive.py": [
        (
            '            raise DeniedError("generate.subject_mfa", "mfa_not_enabled")\n',
            """        if self.policy.subject.frozen == "deny" and subject.frozen:
            raise DeniedError("generate.subject_frozen", "subject_frozen")
""",
        )
    ],
    "scenarios/frozen_subjects.tvc.yaml": [
        (
            "",
            """\
tvc: 1
policies:
  thawed_only: {extends: salesforce, set: {subject.frozen: deny}}
people: {sam: {role: admin}, flo: {frozen: true}, ana: {}}
scenarios:
  - id: a-frozen-user-gets-no-code
    cases:
      - {policy: thawed_only, want: {deny: subject_frozen, rule: generate.subject_frozen}}
      - {policy: salesforce, want: allow}
    timeline:
      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}
      - {at: 0s, do: generate, by: sam, for: flo, lifetime: 1h, expect: "${want}"}
""",
        )
    ],
    "README.md": [("<!-- reading: ", "subject.frozen ")],
}
#: What ``.ci/regenerate.py schemas policies readme`` writes by itself; it also writes a row of the
#: table in the README.
GENERATED = {"tvc/files/tvc.schema.json", "tvc/policies/salesforce.yaml"}

#: What fails, by name, until the change is whole.
HELD_BY = (
    "tests/unit/test_authority_law.py",
    "tests/unit/test_public_messages.py",
    "tests/unit/test_world_reactions.py",
    "tests/unit/test_coverage.py",
    "tests/unit/test_lint.py",
    "tests/unit/test_init.py",
    "tests/unit/test_readme.py",
    "tests/unit/test_generated_files.py",
    "tests/unit/test_policy_files.py",
    "tests/property/test_reference_model.py",
    "tests/scenarios/test_coverage_gate.py",
)
_COPIED = ("tvc", "tests", "scenarios", "docs", ".ci", "notebooks", "README.md", "pyproject.toml")
_NOT_COPIED = shutil.ignore_patterns("__pycache__", ".hypothesis")


class Copy:
    """A copy of the repository in which commands run on its own sources."""

    def __init__(self, folder):
        self.folder = folder
        for name in _COPIED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, folder / name, ignore=_NOT_COPIED)
            else:
                shutil.copy(ROOT / name, folder / name)

    def edit(self, name, after, new):
        path = self.folder / name
        text = path.read_text("utf-8") if after else ""
        assert not after or text.count(after) == 1, f"{name} has not one place after {after!r}"
        path.write_text(text.replace(after, after + new) if after else new, "utf-8")

    def python(self, *arguments):
        environment = {**os.environ, "PYTHONPATH": str(self.folder)}
        return subprocess.run(
            [sys.executable, *arguments],
            cwd=self.folder, env=environment, capture_output=True, text=True, check=False,
        )  # fmt: skip

    def tvc(self, *arguments):
        return self.python("-c", "from tvc.cli.entry import main; main()", *arguments)

    def changed(self):
        files = (path for path in self.folder.rglob("*") if path.is_file())
        ours = {str(path.relative_to(self.folder)): path for path in files}
        return {
            name
            for name, path in ours.items()
            if "__pycache__" not in name and not name.startswith(".hypothesis")
            if not (ROOT / name).exists() or path.read_bytes() != (ROOT / name).read_bytes()
        }


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    made = Copy(tmp_path_factory.mktemp("copy"))
    for name, edits in CHANGE.items():
        for after, new in edits:
            made.edit(name, after, new)
    done = made.python(".ci/regenerate.py", "schemas", "policies", "readme")
    assert done.returncode == 0, done.stderr
    return made


def test_a_knob_with_a_rule_and_a_reason_takes_edits_of_nine_files_at_most(copy):
    assert copy.changed() - GENERATED == set(CHANGE)
    assert len(CHANGE) <= 9


def test_a_policy_file_takes_it_and_the_rule_refuses_with_its_reason(copy):
    (copy.folder / "mine.yaml").write_text(
        "policy: mine\nextends: salesforce\nsubject: {frozen: deny}\n", "utf-8"
    )
    assert "subject.frozen" in copy.tvc("policies", "show", "mine.yaml").stdout
    (copy.folder / "mine.yaml").unlink()
    done = copy.tvc("test", "scenarios/frozen_subjects.tvc.yaml", "-f", "json")
    assert done.returncode == 0, done.stdout + done.stderr
    last = [case["steps"][-1] for case in json.loads(done.stdout)["cases"]]
    assert [(step["reason"], step["rule"]) for step in last] == [
        ("subject_frozen", "generate.subject_frozen"),
        (None, None),
    ]


def test_another_word_for_it_is_refused_with_the_words_there_are(copy):
    (copy.folder / "mine.yaml").write_text(
        "policy: mine\nextends: salesforce\nsubject: {frozen: denied}\n", "utf-8"
    )
    done = copy.tvc("policies", "show", "mine.yaml")
    (copy.folder / "mine.yaml").unlink()
    assert done.returncode == 4
    assert "unknown word 'denied', expected one of: allow, deny" in " ".join(done.stderr.split())


def test_the_schemas_list_it(copy):
    for text in (
        copy.tvc("schema", "policy").stdout,
        (copy.folder / "tvc" / "files" / "tvc.schema.json").read_text("utf-8"),
    ):
        assert '"subject.frozen"' in text
    assert '"subject_frozen"' in copy.tvc("schema").stdout


def test_mutation_moves_it_and_drops_its_rule(copy):
    done = copy.tvc(
        "mutate", "scenarios/frozen_subjects.tvc.yaml", "--policy", "thawed_only", "--law",
        "-f", "json",
    )  # fmt: skip
    mutants = json.loads(done.stdout)["mutants"]
    found = {(one["about"], one["change"]): one["status"] for one in mutants}
    assert found["subject.frozen", "deny -> allow (as if not set)"] == "killed"
    assert found["rule generate.subject_frozen", "dropped"] == "killed"


def test_lint_says_that_its_reason_cannot_come_where_it_is_off(copy):
    (copy.folder / "one.tvc.yaml").write_text(
        "tvc: 1\npeople: {sam: {role: admin}, ana: {}}\nscenarios:\n  - id: one\n    timeline:\n"
        "      - {at: 0s, do: generate, by: sam, for: ana, lifetime: 1h}\n",
        "utf-8",
    )
    told = copy.tvc("lint", "one.tvc.yaml", "--policy", "salesforce").stdout
    (copy.folder / "one.tvc.yaml").unlink()
    assert "nothing is ever refused with subject_frozen" in " ".join(told.split())


@pytest.mark.parametrize("tests", HELD_BY)
def test_all_that_holds_the_house_together_passes(copy, tests):
    done = copy.python("-m", "pytest", "-q", "-p", "no:cacheprovider", "--maxfail=5", tests)
    assert done.returncode == 0, done.stdout[-4000:]
