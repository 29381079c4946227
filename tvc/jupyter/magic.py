"""``%%scenario``: a cell that holds a scenario and is run in place."""

import keyword
from typing import TYPE_CHECKING, Any, Final

from IPython.core.error import UsageError
from IPython.display import display

from tvc.domain.words import show
from tvc.files.faults import InvalidFile
from tvc.jupyter.cells import fault_text, run_cell
from tvc.jupyter.formatters import register_formatters

if TYPE_CHECKING:
    from IPython.core.interactiveshell import InteractiveShell


#: IPython says of neither what it takes and returns.
_show: Final[Any] = display


def load_ipython_extension(shell: "InteractiveShell") -> None:
    """Answer ``%load_ext tvc``: give a shell the ``%%scenario`` magic, and our values as tables.

    ``%%scenario [NAME]`` runs the YAML of the cell, a scenario file or a single scenario, and
    shows steps, verdicts and lives; what came of it is left in the variable NAME.
    """
    register_formatters(shell)
    register: Any = shell.register_magic_function
    variables: dict[str, Any] = shell.user_ns

    def scenario(line: str, cell: str) -> None:
        name, first_line = _variable(line), f"%%scenario {line}".rstrip()
        try:
            result = run_cell(cell, first_line)
        except InvalidFile as invalid:
            # Shown as it is, without a traceback; "Run All" stops here.
            raise UsageError(fault_text(invalid, cell, first_line)) from None
        if name:
            variables[name] = result
        for one in (result, *result.pictures()):
            _show(one)

    register(scenario, "cell", "scenario")


def _variable(line: str) -> str:
    """Read what the magic is given.

    Raises
    ------
    UsageError
        If it is more than the name of a variable.
    """
    name = line.strip()
    if name and (not name.isidentifier() or keyword.iskeyword(name)):
        raise UsageError(
            f"%%scenario {name}: expected the name of a variable for what comes of it, or "
            f"nothing, found {show(name)}"
        )
    return name
