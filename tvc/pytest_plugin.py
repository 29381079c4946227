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
    from tvc.domain.cases import Case
    from tvc.harness.outcomes import CaseResult, Outcome

_SUFFIXES: Final = (".tvc.yaml", ".tvc.yml", ".tvc.json")
#: Marks that do something in pytest; a tag of that name is a word, and changes no verdict.
_MARKS_THAT_ACT: Final = frozenset(
    {"skip", "skipif", "xfail", "parametrize", "usefixtures", "filterwarnings"}
)
#: What a report of a case carries: its outcome, since pytest has no word for some of them.
_OUTCOME: Final = "tvc_outcome"
#: What the report of a file that cannot be used carries.
_INVALID: Final = "tvc_invalid"
_TALLY: Final = pytest.StashKey["_Tally"]()


class _Tally:
    """What the exit code is made from, gathered on the process that reports."""

    def __init__(self) -> None:
        self.outcomes: list[str] = []
        self.invalid = False
        self.other_collection_errors = False
        self.other_failures = False
        self.others_ran = False
        self.interrupted = False


class CaseFailed(Exception):
    """A case that did not pass; carries what came of it."""

    def __init__(self, result: "CaseResult") -> None:
        super().__init__(result.name)
        self.result = result


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add what ``tvc test`` is asked for by the option of the same name."""
    parser.getgroup("tvc", "scenario files").addoption(
        "--tvc-unbounded",
        action="store_true",
        help="Run workloads that take more events or memory a replication than is sensible, too.",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Start counting."""
    config.stash[_TALLY] = _Tally()


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> "Scenarios | None":
    """Collect scenario files, those that ``tvc test`` finds below the same paths."""
    if not file_path.name.endswith(_SUFFIXES) or _is_behind_link(file_path, parent):
        return None
    from tvc.domain.words import escape

    root = parent.config.rootpath
    name = _node_path(file_path, root)
    found_again = root / name.partition("::")[0] == file_path
    collector = ScenarioFile if found_again else Scenarios
    collected: Scenarios = collector.from_parent(
        parent, path=file_path, name=escape(file_path.name), nodeid=name
    )
    return collected


def _is_behind_link(file: Path, parent: pytest.Collector) -> bool:
    """Whether a folder that is a link lies between a path of the command line and a file."""
    session = parent.session
    if session.isinitpath(file):
        return False
    for node in parent.iter_parents():
        if session.isinitpath(node.path):
            return False
        if node.path.is_symlink():
            return True
    return False


def _node_path(file: Path, root: Path) -> str:
    """Name a file for node ids: below the root of pytest by its path there, elsewhere in full.

    pytest itself calls every file that is given from elsewhere by no name at all, so that their
    cases could not be told apart.
    """
    from tvc.domain.words import escape

    return escape((file.relative_to(root) if file.is_relative_to(root) else file).as_posix())


class Scenarios(pytest.Collector):
    """The cases of a scenario file."""

    def collect(self) -> Iterator["CaseItem"]:
        """Yield its cases."""
        from tvc.domain.words import escape
        from tvc.harness.collect import Loading, load

        folder = self.config.invocation_params.dir
        path = Path(os.path.relpath(self.path, folder))
        # Names are those of the command, which is run in the same folder.
        loaded = load(path, Loading({}, unbounded=self.config.getoption("tvc_unbounded")))
        if isinstance(loaded, tuple):
            raise self.CollectError("\n".join(escape(str(fault)) for fault in loaded))
        for tag in dict.fromkeys(tag for case in loaded.cases for tag in case.tags):
            self.config.addinivalue_line("markers", f"{tag}: a tag of scenario files")
        for case in loaded.cases:
            # Of a name alone pytest takes no brackets, and then finds no case that failed before.
            item: CaseItem = CaseItem.from_parent(
                self, name=case.id, nodeid=f"{self.nodeid}::{case.id}", case=case
            )
            yield item


class ScenarioFile(Scenarios, pytest.File):
    """A scenario file whose node id leads back to it.

    ``pytest --lf`` looks for the files of failed tests by their node ids, and leaves all others
    out. A file whose name holds ``::``, or must be escaped, is not found in this way.
    """


class CaseItem(pytest.Item):
    """A case of a scenario file."""

    def __init__(self, *, case: "Case", **parts: Any) -> None:  # noqa: ANN401 - pytest's own
        super().__init__(**parts)
        self.case = case
        self.outcome: Outcome | None = None
        for tag in case.tags:
            if tag not in _MARKS_THAT_ACT:
                self.add_marker(tag)

    def runtest(self) -> None:
        """Run the case as the command does; anything but a pass is raised."""
        from tvc.harness.outcomes import Outcome
        from tvc.harness.runner import run_guarded

        case = self.case
        if self.config.getoption("runxfail"):
            case = replace(case, xfail=None)
        result = run_guarded(case, simulating=True)
        self.outcome = result.outcome
        if result.outcome is Outcome.SKIPPED:
            pytest.skip(result.note)
        if result.outcome is Outcome.XFAILED:
            pytest.xfail(result.note)
        if result.outcome is not Outcome.PASSED:
            raise CaseFailed(result)

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], *args: Any) -> Any:  # noqa: ANN401
        """Show where in the file, what was expected and what came, and how to run it again."""
        if not isinstance(excinfo.value, CaseFailed):
            return super().repr_failure(excinfo, *args)
        from tvc.harness.excerpts import failure_block
        from tvc.harness.sources import lines_of

        result = excinfo.value.result
        lines = lines_of(result.file)
        blocks = (failure_block(result, failure, lines) for failure in result.failures)
        return "\n\n".join("\n".join(block) for block in blocks)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Say where the case stands; pytest counts lines from 0."""
        from tvc.domain.words import show_path

        return Path(show_path(self.path)), self.case.line - 1, self.name


# Exit codes. Reports cross from the workers of pytest-xdist with their attributes.


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """Mark the report of an invalid file."""
    report = yield
    if report.failed and isinstance(collector, Scenarios):
        setattr(report, _INVALID, True)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Mark the report of a case with its outcome, and a skipped one with its place."""
    report = yield
    if isinstance(item, CaseItem):
        from tvc.harness.outcomes import Outcome

        outcome = item.outcome if report.when == "call" else None
        if report.failed and (call.excinfo is None or not call.excinfo.errisinstance(CaseFailed)):
            outcome = Outcome.ERROR
        if outcome is not None:
            setattr(report, _OUTCOME, str(outcome))
        if report.skipped and isinstance(report.longrepr, tuple):
            path, line, _ = item.reportinfo()
            report.longrepr = (str(path), line + 1, report.longrepr[2])
    return report


class _Counter:
    """Counts on the process that reports: the only one, or the controller of the workers."""

    def __init__(self, tally: _Tally) -> None:
        self._tally = tally

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Count a collection that failed."""
        if report.failed:
            invalid = hasattr(report, _INVALID)
            self._tally.invalid |= invalid
            self._tally.other_collection_errors |= not invalid

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Count a case, or a test of another kind."""
        outcome = getattr(report, _OUTCOME, None)
        if outcome is not None:
            self._tally.outcomes.append(outcome)
        elif report.when == "call" or report.failed:
            self._tally.others_ran = True
            self._tally.other_failures |= report.failed

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
    if not tally.outcomes and not tally.invalid:
        return status
    from tvc.harness.exits import Exit, code_of, strongest
    from tvc.harness.outcomes import Outcome

    if status not in list(Exit):
        # A test asked for a code of its own.
        return status
    found = [code_of(Outcome(outcome)) for outcome in tally.outcomes]
    codes = [code for code in found if code is not None]
    codes += [Exit.INVALID] if tally.invalid else []
    codes += [Exit.PASS] if tally.others_ran else []
    codes += [Exit.FAILED] if tally.other_failures else []
    by_files_alone = status == Exit.INTERRUPTED and not (
        tally.interrupted or tally.other_collection_errors
    )
    if not by_files_alone and status not in (Exit.PASS, Exit.FAILED):
        codes.append(Exit(status))
    return int(strongest(codes))
