"""The files of offered scenarios, numbered as the survivors are."""

from pathlib import Path
from typing import Final

from tvc.files.outputs import write_output
from tvc.workbench.mutation.scoring import Study
from tvc.workbench.mutation.trials import Status

_OFFER: Final = "survivor-{}.tvc.yaml"


def offer_files(folder: Path) -> list[Path]:
    """Return the files of a folder that offers may replace: those of an earlier run."""
    return sorted(folder.glob(_OFFER.format("*")))


def write_offers(found: Study, folder: Path) -> dict[int, str]:
    """Write the offered scenarios to a folder; return the file of each verdict that has one."""
    written: dict[int, str] = {}
    survivors = 0
    for number, verdict in enumerate(found.verdicts):
        survivors += verdict.status is Status.SURVIVED
        if verdict.offer is not None:
            file = folder / _OFFER.format(survivors)
            write_output(file, verdict.offer)
            written[number] = str(file)
    return written
