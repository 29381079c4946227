"""Measures are declared once; another package adds its own, and no copy of a list is left."""

import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from tvc.trace.measures.catalogue import (
    MEASURES,
    PAIRED_MEASURES,
    Measure,
    Place,
    Shape,
    Unit,
    UnreadableMeasure,
    grouped,
    register,
)
from tvc.trace.measures.metrics import headlines

OURS = Path(__file__).parents[2] / "tvc"


def test_every_measure_of_one_run_has_a_reader_and_those_of_two_have_none():
    assert all(measure.read for measure in MEASURES.values())
    assert not any(measure.read for measure in PAIRED_MEASURES.values())


def test_a_measure_without_a_reader_is_refused_by_its_name():
    with pytest.raises(UnreadableMeasure, match="'coffee'"):
        register(Measure("coffee", Unit.COUNT, Shape.EVENT, "cups"))


def test_a_name_is_taken_once():
    with pytest.raises(ValueError, match="'calls' already"):
        register(Measure("calls", Unit.COUNT, Shape.EVENT, "others", lambda _: 0))


def test_every_measure_is_listed_once_under_a_heading():
    listed = [measure.name for group in grouped().values() for measure in group]
    assert sorted(listed) == sorted(MEASURES)


def test_no_two_headlines_of_a_place_have_the_same_rank():
    for place in Place:
        ranks = [one.headlines[place].rank for one in MEASURES.values() if place in one.headlines]
        assert len(set(ranks)) == len(ranks) == len(headlines(place)) > 0


def test_labels_stand_nowhere_but_in_the_catalogue():
    labels = [f'"{one.label}"' for one in MEASURES.values() if " " in one.label]
    copies = [
        (path.name, label)
        for path in OURS.rglob("*.py")
        if path.name != "catalogue.py"
        for label in labels
        if label in path.read_text("utf-8")
    ]
    assert not copies


PACKAGE = dedent("""
    from tvc.trace.measures.catalogue import Measure, Shape, Unit

    class Approvals:
        def __init__(self):
            self.count = 0

        def record(self, record):
            self.count += record.type == "approve.allowed"

    def read(books):
        return books.own["approvals.given"].count

    MEASURE = Measure(
        "approvals.given", Unit.COUNT, Shape.EVENT, "approvals given by colleagues", read,
        group="Approvals", label="approvals", book=Approvals,
    )
""")
STUDY = dedent("""
    import sys
    import tvc
    from tvc.trace.measures.catalogue import MEASURES

    if __name__ == "__main__":
        if sys.argv[1] == "call":
            from approving import MEASURE
            from tvc.trace.measures.catalogue import register
            register(MEASURE)
        else:
            assert "approvals.given" not in MEASURES
        found = tvc.compare(
            "salesforce", "two-person",
            {"users": 300, "horizon": "7d", "losses": {"per_user_per_year": 6}},
            ["mean(approvals.given)", "mean(calls)"], replications=2, workers=int(sys.argv[2]),
        )
        assert "approvals.given" in MEASURES
        frame = found.frame().set_index("metric")
        print(frame.loc["mean(approvals.given)", ["baseline", "candidate"]].tolist())
""")


@pytest.mark.parametrize(("joins", "workers"), [("call", 1), ("call", 2), ("entry point", 2)])
def test_a_measure_of_another_package_is_measured_and_compared(tmp_path, joins, workers):
    (tmp_path / "approving.py").write_text(PACKAGE, "utf-8")
    (tmp_path / "study.py").write_text(STUDY, "utf-8")
    if joins == "entry point":
        about = tmp_path / "approving-1.dist-info"
        about.mkdir()
        (about / "METADATA").write_text("Name: approving\nVersion: 1\n", "utf-8")
        (about / "entry_points.txt").write_text(
            "[tvc.measures]\napprovals.given = approving:MEASURE\n", "utf-8"
        )
    done = subprocess.run(
        [sys.executable, "study.py", joins, str(workers)],
        cwd=tmp_path, capture_output=True, text=True,
        check=False, env={"PYTHONPATH": str(tmp_path), "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    none, some = map(float, done.stdout.strip("[]\n").split(", "))
    assert none == 0
    assert some > 0
