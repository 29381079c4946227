"""Temporary verification codes: a reference implementation and a policy test harness.

``tvc.simulate`` runs a workload under a policy once; ``tvc.compare``, ``tvc.measure`` and
``tvc.sweep`` run arms in many replications; ``tvc.Policy`` is a policy, and ``tvc.explore`` shows
sliders for both in a notebook. Each is loaded when it is first asked for: most of what uses this
package does not simulate. In a notebook, values are shown as tables; ``%load_ext tvc`` gives it
the ``%%scenario`` cell magic.
"""

import sys
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tvc.authority.policy import Policy
    from tvc.jupyter.explorer import explore
    from tvc.jupyter.magic import load_ipython_extension
    from tvc.studies.shorthand import compare, measure, sweep
    from tvc.world.simulation import simulate

__version__ = "0.1.0"

__all__ = [
    "Policy",
    "__version__",
    "compare",
    "explore",
    "load_ipython_extension",
    "measure",
    "simulate",
    "sweep",
]

_HOMES: Final = {
    "Policy": "tvc.authority.policy",
    "compare": "tvc.studies.shorthand",
    "explore": "tvc.jupyter.explorer",
    "load_ipython_extension": "tvc.jupyter.magic",
    "measure": "tvc.studies.shorthand",
    "simulate": "tvc.world.simulation",
    "sweep": "tvc.studies.shorthand",
}


def __getattr__(name: str) -> object:
    """Load what the package offers by name when it is first asked for."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    found = globals()[name] = getattr(import_module(_HOMES[name]), name)
    return found


def _show_values_in_notebooks() -> None:
    """Tell the shell of IPython that we are imported in, where there is one, of our values."""
    find_shell = getattr(sys.modules.get("IPython"), "get_ipython", None)
    shell = None if find_shell is None else find_shell()
    if shell is not None:
        from tvc.jupyter.formatters import register_formatters

        register_formatters(shell)


_show_values_in_notebooks()
