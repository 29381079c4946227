"""Reports: all that the writers of formats are told of what a command found."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import PurePath
from typing import Any, ClassVar, Final

from tvc import __version__
from tvc.domain.words import escape
from tvc.files.faults import Fault
from tvc.harness.excerpts import fault_excerpt
from tvc.harness.formats.findings import INVALID_FILE, Finding, Level, finding_of
from tvc.harness.sources import lines_of

#: Gives a text a rich style, or leaves it as it is.
Paint = Callable[[str, str], str]

#: The rule that every report has beside its own.
VALID_FILES: Final[Mapping[str, str]] = {INVALID_FILE: "A file is valid."}

_STYLES: Final = {Level.ERROR: "bold red", Level.WARNING: "yellow", Level.INFO: "cyan"}


@dataclass(frozen=True, slots=True)
class Mark:
    """What JUnit says inside of a test case: its tag, what names it, and the text."""

    tag: str
    attributes: Mapping[str, str]
    lines: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Check:
    """A test case of JUnit; without a mark it passed.

    Attributes
    ----------
    name, line
        What it is called, and where in its file it stands.
    mark
        What came of it; readers know at most one.
    seconds
        How long it took.
    properties
        What identifies it.
    """

    name: str
    line: int
    mark: Mark | None = None
    seconds: float = 0.0
    properties: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CheckedFile:
    """A test suite of JUnit: the checks of one file, and whether it says how many they are."""

    file: str
    checks: Sequence[Check]
    counted: bool = True


@dataclass(frozen=True, kw_only=True)
class Report:
    """What a command has to say.

    A command makes its own kind of report of its result. What it does not say otherwise comes of
    its findings: with those, a document and a summary it has every format.

    Attributes
    ----------
    command
        The word that follows ``tvc``.
    schema
        The version of the form of its document; a reader refuses others.
    rules
        What each rule asks for, by id.
    fingerprint
        The key of its fingerprints; its number rises when they are made in another way.
    runs_cases
        Whether it runs cases: they take time, and may be skipped.
    version
        The version of tvc.
    colour
        Whether people's output is coloured.
    lines
        Returns the lines of a file, by its name in the findings; none where it can't be read.
    source
        Returns the path by which readers elsewhere know a file, by default its name; None for
        what stands in no file of theirs.
    """

    command: ClassVar[str]
    schema: ClassVar[str]
    rules: ClassVar[Mapping[str, str]] = VALID_FILES
    fingerprint: ClassVar[str]
    runs_cases: ClassVar[bool] = False

    version: str = __version__
    colour: bool = False
    lines: Callable[[str], Sequence[str]] = lines_of
    source: Callable[[str], PurePath | None] = PurePath

    @property
    def faults(self) -> Sequence[Fault]:
        """Faults of files; where there are any, nothing else was looked at."""
        return ()

    @property
    def findings(self) -> Iterable[Finding]:
        """What was found, in the order of the files."""
        return ()

    @property
    def files(self) -> Iterable[str]:
        """The files that were looked at, for those in which nothing was found."""
        return ()

    @property
    def summary(self) -> str:
        """What came of it, on one line."""
        raise NotImplementedError

    @property
    def whole(self) -> bool:
        """Whether all was looked at that was asked for."""
        return not self.faults

    @property
    def summary_style(self) -> str:
        """The style of the summary."""
        failed = self.faults or any(map(self.fails, self.findings))
        return "bold red" if failed else "bold green"

    @property
    def properties(self) -> dict[str, str]:
        """What identifies the run, in each test suite of JUnit."""
        return {"tvc.version": self.version}

    def fails(self, finding: Finding) -> bool:
        """Say whether a finding makes the command fail."""
        return finding.level is Level.ERROR

    def class_name(self, source: PurePath) -> str:
        """Name the class of the test cases of a file, which JUnit asks for."""
        return source.as_posix()

    def document(self) -> dict[str, Any]:
        """Return what programs read, but for the name of the schema."""
        raise NotImplementedError

    # For people

    def text(self, paint: Paint) -> Iterator[str]:
        """Yield the lines that people read: faults with their places, the rest, the summary."""
        for fault in self.faults:
            yield paint(escape(str(fault)), "bold red")
            yield from fault_excerpt(fault, self.lines)
            yield ""
        yield from self.body(paint)
        yield paint(self.summary, self.summary_style)

    def body(self, paint: Paint) -> Iterator[str]:
        """Yield what stands between the faults and the summary: the findings, file by file."""
        for file, findings in groupby(self.findings, key=lambda finding: finding.place.file):
            for finding in findings:
                at = finding.place
                level = paint(finding.level, _STYLES[finding.level])
                # A case is called by its file, too, and stands there: its place names it.
                named = finding.about and not finding.about.startswith(f"{file}::")
                about = f"{escape(finding.about)}: " if named else ""
                yield (
                    f"{escape(f'{file}:{at.line}:{at.column}')}: {level}: {about}"
                    f"{escape(finding.message)} [{finding.rule}]"
                )
                yield f"    {escape(finding.help)}"
            yield ""

    # For CI servers

    def checked_files(self) -> Iterator[CheckedFile]:
        """Yield the test suites of JUnit: first the files that are not valid.

        A finding that makes the command fail is a failed check, so that the server and the exit
        code say the same; the others are the output of a check that passes.
        """
        yield from self.invalid_files()
        by_file: dict[str, list[Finding]] = {file: [] for file in self.files}
        for finding in self.findings:
            by_file.setdefault(finding.place.file, []).append(finding)
        for file, findings in by_file.items():
            yield CheckedFile(file, list(self._checks(findings)))

    def _checks(self, findings: Iterable[Finding]) -> Iterator[Check]:
        notes: list[str] = []
        failed = False
        for finding in findings:
            at = f"{finding.place.line}:{finding.place.column}"
            text = f"{finding.level}: {finding.text} [{finding.rule}]"
            if not self.fails(finding):
                notes.append(f"{at}: {text}")
                continue
            failed = True
            attributes = {"type": finding.rule, "message": finding.message}
            mark = Mark("failure", attributes, (text, finding.help))
            yield Check(f"{finding.rule} {at}", finding.place.line, mark)
        if notes or not failed:
            yield Check(self.command, 1, Mark("system-out", {}, notes) if notes else None)

    def invalid_files(self, in_full: bool = False) -> Iterator[CheckedFile]:
        """Yield a test suite of JUnit for each file that is not valid, with an error a fault.

        Parameters
        ----------
        in_full
            Whether they are counted, and come with excerpts.
        """
        for file, faults in groupby(self.faults, key=lambda fault: str(fault.file)):
            checks = []
            for fault in faults:
                attributes = {"type": INVALID_FILE, "message": fault.message}
                shown = [str(fault), *(fault_excerpt(fault, self.lines) if in_full else ())]
                # CI servers list the names of those that failed, and no more.
                name = f"line {fault.line}, column {fault.column}: {fault.message}"
                checks.append(Check(name, fault.line, Mark("error", attributes, shown)))
            yield CheckedFile(file, checks, counted=in_full)

    # For all

    def everything(self) -> Iterator[Finding]:
        """Yield the faults of files as findings, then the findings."""
        yield from map(finding_of, self.faults)
        yield from self.findings
