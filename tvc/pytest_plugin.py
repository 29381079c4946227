"""The pytest plugin: ``*.tvc.yaml`` files are test files, and each case is a test.

Collection, ids, verdicts and exit codes are those of ``tvc test``. Everything of tvc is imported
when the first scenario file is met, so that other test suites pay nothing for the plugin.
"""

import os
from collections.abc import Generator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pytest

if TYPE_CHECKING:
    from tvc.files.cases import Case
    from tvc.harness.outcomes import CaseResult

_SUFFIXES: Final = (".tvc.yaml", ".tvc.yml", ".tvc.json")
#: Marks that do something in pytest; a tag of that name is a word, and changes no verdict.
_MARKS_THAT_ACT: Final = frozenset(
    {"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings"}
)
_ATTRIBUTE: Final = "tvc_exit"
_TALLY: Final = pytest.StashKey["_Tally"]()


class _Tally:
    """What the exit code is made from, gathered on the process that reports."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.other_collection_errors = False
        self.interrupted = False
        self.ran = False


class CaseFailed(Exception):
    """A case that did not pass; carries what came of it."""

    def __init__(self, result: "CaseResult") -> None:
        super().__init__(result.name)
        self.result = result


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[_TALLY] = _Tally()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "ScenarioFile | None":
    """Collect scenario files."""
    if not file_path.name.endswith(_SUFFIXES):
        return None
    from tvc.files.faults import escape

    collected: ScenarioFile = ScenarioFile.from_parent(parent, path=file_path)
    # pytest prints names as they are, and a name of a file may hold anything.
    if escape(collected.nodeid) != collected.nodeid:
        name, node_id = escape(collected.name), replace(collected.id, path=escape(collected.nodeid))
        collected = ScenarioFile.from_parent(parent, path=file_path, name=name, nodeid=node_id)
    return collected


class ScenarioFile(pytest.File):
    """A scenario file."""

    def collect(self) -> Iterator["CaseItem"]:
        """Yield its cases."""
        from tvc.files.faults import escape
        from tvc.harness.collect import Loading, load

        folder = self.config.invocation_params.dir
        path = Path(os.path.relpath(self.path, folder))
        # Names are those of the command, which is run in the same folder.
        loaded = load(path, Loading({}))
        if isinstance(loaded, tuple):
            raise self.CollectError("\n".join(escape(str(fault)) for fault in loaded))
        for tag in dict.fromkeys(tag for case in loaded.cases for tag in case.tags):
            self.config.addinivalue_line("markers", f"{tag}: a tag of scenario files")
        for case in loaded.cases:
            item: CaseItem = CaseItem.from_parent(self, name=case.id, case=case)
            yield item


class CaseItem(pytest.Item):
    """A case of a scenario file."""

    def __init__(self, *, case: "Case", **parts: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**parts)
        self.case = case
        for tag in case.tags:
            if tag not in _MARKS_THAT_ACT:
                self.add_marker(tag)
        if case.skip is not None:
            self.add_marker(pytest.mark.skip(reason=case.skip))

    def runtest(self) -> None:
        """Run the case; anything but a pass is raised."""
        from tvc.harness.outcomes import Outcome
        from tvc.harness.runner import run_guarded

        case = self.case
        if self.config.getoption("runxfail"):
            case = replace(case, xfail=None)
        result = run_guarded(case, simulating=True)
        if result.outcome is Outcome.XFAILED:
            pytest.xfail(result.note)
        if result.outcome is not Outcome.PASSED:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:  # noqa: ANN401
        """Show where in the file, what was expected and what came, and how to run it again."""
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo, *args)
        from tvc.harness.excerpts import failure_block
        from tvc.harness.writing import lines_of

        result = excinfo.value.result
        lines = lines_of(result.file)
        blocks = (failure_block(result, failure, lines) for failure in result.failures)
        return "\n\n".join("\n".join(block) for block in blocks)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the case stands; pytest counts lines from 0."""
        from tvc.files.faults import show_path

        return Path(show_path(self.path)), self.case.line - 1, self.name


# Exit codes. Reports cross from the workers of pytest-xdist with their attributes.


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Mark the report of an invalid file."""
    report = yield
    if report.failed and isinstance(collector, ScenarioFile):
        setattr(report, _ATTRIBUTE, 4)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Mark the report of a case with the exit code it asks for."""
    report = yield
    if isinstance(item, CaseItem):
        code = 5 if report.skipped and not hasattr(report, "wasxfail") else 0
        if report.failed:
            code = 3
            if call.excinfo is not None and isinstance(call.excinfo.value, CaseFailed):
                from tvc.harness.exits import code_of

                code = int(code_of(call.excinfo.value.result.outcome) or 0)
        setattr(report, _ATTRIBUTE, code)
    return report


class _Counter:
    """Counts on the process that reports: the only one, or the controller of the workers."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a collection that failed."""
        if report.failed:
            code = getattr(report, _ATTRIBUTE, None)
            self._tally.other_collection_errors |= code is None
            self._tally.codes += [] if code is None else [code]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a test."""
        code = getattr(report, _ATTRIBUTE, 1 if report.failed else None)
        if report.when == "call" or report.failed:
            self._tally.ran = True
        if code is not None and (report.when == "call" or code):
            self._tally.codes.append(code)

    def pytest_keyboard_interrupt(self, excinfo: pytest.ExceptionInfo[BaseException]) -> None:
        """Tell a person's interrupt from pytest's own, after errors in collection."""
        self._tally.interrupted = not isinstance(excinfo.value, pytest.Session.Interrupted)

    @pytest.hookimpl(trylast=True)
    def pytest_sessionfinish(self, session: pytest.Session, exitstatus: int) -> None:
        """Let the session end with the exit code that ``tvc test`` would give."""
        session.exitstatus = _exit_status(self._tally, int(exitstatus))


def pytest_sessionstart(session: pytest.Session) -> None:
    """Count on the process that reports."""
    if not hasattr(session.config, "workerinput"):
        session.config.pluginmanager.register(_Counter(session.config.stash[_TALLY]))


def _exit_status(tally: _Tally, status: int) -> int:
    if not tally.codes:
        return status
    from tvc.harness.exits import Exit, strongest

    codes = [Exit(code) for code in tally.codes]
    by_files_alone = status == Exit.INTERRUPTED and not (
        tally.interrupted or tally.other_collection_errors
    )
    if not by_files_alone and status not in (Exit.PASS, Exit.FAILED):
        codes.append(Exit(status))
    if tally.ran:
        codes = [code for code in codes if code is not Exit.NOTHING_RAN]
    return int(strongest([*codes, Exit.PASS] if tally.ran else codes))
