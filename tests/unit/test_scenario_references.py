"""Scenarios and policies that refer to each other: faults come first, wherever each stands."""

from itertools import permutations

import pytest

from tvc.files.documents import parse_document
from tvc.files.faults import InvalidFile
from tvc.files.scenarios import read_scenarios

COMPARISON = (
    "{id: c, compare: {baseline: {policy: salesforce}, candidate: {policy: strict}, on: w}, "
    "run: {replications: 2}, expect: [{metric: delta(mean(calls)), at_most: 300, margin: 100}]}"
)
CALM = "{id: w, workload: {users: 20, horizon: 2d}}"


def compared(arm="{}", on="w", more=""):
    sides = f"baseline: {{policy: p}}, candidate: {{policy: strict, workload: {arm}}}"
    return f"{{id: c, compare: {{{sides}, on: {on}}}{more}}}"


#: Scenarios one of which refers to another, policies, and words of the one fault there is.
FAULTY = {
    "a workload": ([COMPARISON, "{id: w, workload: {users: many}}"], "", "found 'many'"),
    "no mapping": ([COMPARISON, "{id: w, workload: many}"], "", "expected a mapping"),
    "a run": (
        [compared(), "{id: w, workload: {users: 9}, run: {seed: -1}}"], "", "too small: at least 0"
    ),
    "no run": ([compared(), "{id: w, workload: {users: 9}, run: 7}"], "", "expected a mapping"),
    "a policy of it": (
        [COMPARISON, "{id: w, policy: strikt, workload: {users: 9}}"], "", "did you mean 'strict'"
    ),
    "measured durations": (
        [COMPARISON, "{id: w, workload: {work: {lasts: {empirical: none.csv}}}}"], "",
        "cannot be read",
    ),
    "measured durations of an arm": (
        [compared("{work.lasts: {empirical: none.csv}}"), CALM], "", "cannot be read"
    ),
    "a table": (
        [COMPARISON, "{id: w, matrix: {n: [9, 10]}, workload: {users: '${n}'}}"], "",
        "'w' takes its workload or its run from a table",
    ),
    "a table of its run": (
        [compared(), "{id: w, matrix: {n: [9, 10]}, workload: {}, run: {seed: '${n}'}}"], "",
        "'w' takes its workload or its run from a table",
    ),
    "itself": ([compared(on="c"), CALM], "", "unknown scenario with a workload 'c'"),
    "each other": (
        [compared(), "{id: w, compare: {baseline: {policy: salesforce}, candidate: {policy: strict}"
         ", on: c}}"], "", "unknown scenario with a workload",
    ),
    "its own horizon": (
        [compared(more=", run: {warmup: 3d}"), CALM], "", "nothing is left to measure"
    ),
    "the horizon of an arm": (
        [compared("{horizon: 1d}"), "{id: w, workload: {users: 9}, run: {warmup: 1d}}"], "",
        "nothing is left to measure",
    ),
    "an outage of an arm": (
        [compared("{outages: [{at: 3d}]}"), CALM], "", "the outage begins after the horizon of 2d"
    ),
    "an outage after the horizon of an arm": (
        [compared("{horizon: 1d}"), "{id: w, workload: {outages: [{at: 2d}]}}"], "",
        "the outage begins after the horizon of 24h",
    ),
    "a faulty policy": ([compared(), CALM], "p: {set: {lifetime.max: 9}}", "lifetime.max"),
    "policies in a circle": (
        [compared(), CALM], "p: {extends: q}, q: {extends: p}", "policies extend each other"
    ),
    "a policy of no file": ([compared(), CALM], "p: {extends: none.yaml}", "there is no file"),
}  # fmt: skip


def page(scenarios, policies):
    listed = "".join(f"  - {scenario}\n" for scenario in scenarios)
    return f"tvc: 1\npolicies: {{{policies or 'p: {}'}}}\nscenarios:\n{listed}"


@pytest.mark.parametrize("kind", FAULTY)
def test_a_fault_of_what_is_referred_to_is_told_in_whatever_order_they_stand(kind, tmp_path):
    scenarios, policies, words = FAULTY[kind]
    told = set()
    for order in permutations(scenarios):
        text = page(order, policies)
        with pytest.raises(InvalidFile) as caught:
            read_scenarios(parse_document(text, "a.tvc.yaml"), tmp_path / "a.tvc.yaml")
        messages = sorted({fault.message for fault in caught.value.faults})
        assert any(words in message for message in messages), messages
        assert kind == "each other" or len(messages) == 1, messages
        told.add(tuple(messages))
    assert len(told) == 1


def test_a_comparison_may_be_on_what_only_takes_its_policy_from_a_table(tmp_path):
    """The control: a table is no fault, nor is what stands behind."""
    on = "{id: w, matrix: {policy: [strict, salesforce]}, workload: {users: 9, horizon: 2d}}"
    root = parse_document(page([compared(), on], ""), "a.tvc.yaml")
    read = read_scenarios(root, tmp_path / "a.tvc.yaml")
    assert [len(case.arms) for case in read.cases] == [2, 1, 1]


@pytest.mark.parametrize("kind", ["a workload", "the horizon of an arm", "policies in a circle"])
def test_the_command_and_pytest_tell_the_fault_and_its_line_with_exit_4(
    kind, folder, call, run_pytest
):
    scenarios, policies, words = FAULTY[kind]
    (folder / "a.tvc.yaml").write_text(page(scenarios, policies), "utf-8")
    for command in ("test", "lint", "fix", "mutate"):
        ran = call(command, "a.tvc.yaml")
        assert ran.code == 4, ran
        assert words in ran.out + ran.err
        assert "a.tvc.yaml:" in ran.out + ran.err
        assert "Traceback" not in ran.out + ran.err
    ran = run_pytest("a.tvc.yaml")
    assert ran.code == 4
    assert any(line.startswith("a.tvc.yaml:") and words in line for line in ran.out.splitlines())
    assert "ValidationError" not in ran.out
