"""Formatters: what makes a notebook show the values of this package as tables.

The values know nothing of HTML. Each is named here with the function that shows it, and a shell
of IPython is told these names; a class, and what shows it, is imported when the first of its
values is shown. Importing `tvc` in a notebook is enough, and so is ``%load_ext tvc``.
"""

from collections.abc import Callable, Mapping
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell

#: The function that shows a value, by the class of the value; both as ``module:name``.
SHOWN_BY: Final[Mapping[str, str]] = {
    "tvc.authority.decide:Decision": "tvc.jupyter.values.authority:show_decision",
    "tvc.authority.policy:Policy": "tvc.jupyter.values.authority:show_policy",
    "tvc.studies.comparison:Comparison": "tvc.jupyter.values.comparison:show_comparison",
    "tvc.timeline:Run": "tvc.jupyter.values.timeline:show_run",
    "tvc.trace.trace:Trace": "tvc.jupyter.values.trace:show_trace",
    "tvc.world.simulation:Run": "tvc.jupyter.values.run:show_run",
}


def register_formatters(shell: "InteractiveShell") -> None:
    """Make a shell of IPython show the values of this package as HTML.

    Parameters
    ----------
    shell
        The shell; where it has formatters for these classes, ours replace them.
    """
    formatters: Any = shell.display_formatter
    html = formatters.formatters["text/html"]
    for shown, shows in SHOWN_BY.items():
        # By name, so that nothing is imported before a value is there.
        html.for_type_by_name(*shown.split(":"), partial(_show, shows))


def html_of(value: object) -> str:
    """Return what a notebook shows of a value of this package.

    Parameters
    ----------
    value
        Of one of the classes in `SHOWN_BY`.

    Raises
    ------
    TypeError
        If its class is not one of them.

    Examples
    --------
    >>> from tvc.authority.policy import Policy
    >>> "every knob is at its default" in html_of(Policy())
    True
    """
    for base in type(value).__mro__:
        shows = SHOWN_BY.get(f"{base.__module__}:{base.__name__}")
        if shows is not None:
            return _show(shows, value)
    raise TypeError(f"a {type(value).__name__} has no table of its own")


def _show(shows: str, value: object) -> str:
    module, name = shows.split(":")
    show: Callable[[object], str] = getattr(import_module(module), name)
    return show(value)
