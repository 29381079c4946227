"""Progress of a study: replications done, of how many, and the time left."""

import sys
from types import TracebackType
from typing import Any, Self

_FORMAT = "{desc}: {n_fmt} of {total_fmt} replications |{bar}| {remaining} left"


class Progress:
    """A bar on standard error or in a notebook, and nothing where nobody looks.

    Parameters
    ----------
    what
        What runs, for people.
    total
        Replications of the study.
    done
        Those of an earlier session, which say nothing of the time left.
    shown
        False shows nothing anywhere.
    """

    def __init__(self, what: str, total: int, done: int = 0, *, shown: bool = True) -> None:
        self._bar = _make_bar(what, total, done) if shown else None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        wrong: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._bar is not None:
            self._bar.close()

    def advance(self) -> None:
        """Count one replication."""
        if self._bar is not None:
            self._bar.update()


def _make_bar(what: str, total: int, done: int) -> Any:  # noqa: ANN401 - a bar of either kind
    if _in_notebook():
        from tqdm.auto import tqdm as notebook_bar

        # A widget has a bar and a format of its own.
        return notebook_bar(desc=what, total=total, initial=done, unit=" replications")
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(file=sys.stderr, desc=what, total=total, initial=done, bar_format=_FORMAT)


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
