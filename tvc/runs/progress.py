"""Progress of a study: replications done, of how many, and the time left."""

import sys
from importlib import import_module
from types import TracebackType
from typing import Any, Self

from tvc.domain.words import escape

_FORMAT = "{desc}: {n_fmt} of {total_fmt} replications |{bar}| {remaining} left"


class Progress:
    """A bar on standard error or in a notebook, and nothing where nobody looks.

    A notebook shows a widget, and keeps a line of text in its place: what is stored neither
    needs a kernel nor differs from run to run. Without ipywidgets it shows nothing.

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
        self._bar = _make_bar(escape(what), total, done) if shown else None

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
        return _NotebookBar(what, total, done) if _has_widgets() else None
    if not sys.stderr.isatty():
        return None
    from tqdm import tqdm

    return tqdm(file=sys.stderr, desc=what, total=total, initial=done, bar_format=_FORMAT)


class _NotebookBar:
    """A widget while it runs, and a line of text from then on."""

    def __init__(self, what: str, total: int, done: int) -> None:
        from tqdm.notebook import tqdm

        self._bar: Any = tqdm(
            desc=what, total=total, initial=done, unit=" replications", leave=False, display=False
        )
        display: Any = import_module("IPython.display").display  # which is not typed
        self._shown = display(self._bar.container, display_id=True)

    def update(self) -> None:
        self._bar.update()

    def close(self) -> None:
        bar = self._bar
        bar.close()
        # tqdm leaves the bar of an interrupted study.
        bar.container.close()
        told = f"{bar.desc.removesuffix(': ')}: {bar.n} of {bar.total} replications"
        self._shown.update({"text/plain": told}, raw=True)


def _has_widgets() -> bool:
    # Asked first, since tqdm says in a warning that there are none.
    try:
        import ipywidgets  # noqa: F401 - whether it is there
    except ImportError:
        return False
    return True


def _in_notebook() -> bool:
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return type(shell).__name__ == "ZMQInteractiveShell"
