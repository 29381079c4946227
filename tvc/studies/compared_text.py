"""What is told of a comparison with all that was asked beside it: lines for people, and JSON."""

import json
import math
from collections.abc import Sequence
from typing import Final

from tvc.runs.arms import assumptions
from tvc.studies.comparing import Compared
from tvc.studies.comparison_text import assumptions_line, comparison_lines, divergence_lines
from tvc.studies.divergence import DIFFERENCES
from tvc.studies.questions_text import flip_lines

SCHEMA: Final = "tvc.compare/1"


def compared_lines(compared: Compared, written: Sequence[str] = ()) -> list[str]:
    """Return what people read of a comparison.

    Parameters
    ----------
    compared
        What is told of.
    written
        Lines on the examples that were written.
    """
    planned, found = compared.planned, compared.found
    lines = [f"{planned.subject.name}: {found.baseline.name} -> {found.candidate.name}", ""]
    lines += comparison_lines(found, found.measured_ms)
    lines += ["", *divergence_lines(compared.divergences)]
    lines += ["", *written] if written else []
    if compared.bars is not None and planned.flipped is not None:
        flips = flip_lines(compared.bars, planned.flipped, found.measured_ms)
        lines += ["", *flips] if flips else []
    return [*lines, "", assumptions_line((found.baseline, found.candidate))]


def compared_json(compared: Compared) -> str:
    """Return a comparison as JSON; numbers that are infinite or missing are null."""
    found, divergences = compared.found, compared.divergences
    rows = [
        {key: _plain(value) for key, value in row.items()}
        for row in found.frame().to_dict("records")
    ]
    arms = {"baseline": found.baseline, "candidate": found.candidate}
    report = {
        "schema": SCHEMA,
        "on": compared.planned.subject.name,
        "seed": found.seed,
        "replications": found.replications,
        "arms": {side: {"name": arm.name, "digest": arm.digest} for side, arm in arms.items()},
        "metrics": rows,
        "differences": {name: sum(of.counts[name] for of in divergences) for name in DIFFERENCES},
        "unpaired": [sum(of.unpaired[side] for of in divergences) for side in (0, 1)],
        "assumptions": assumptions(tuple(arms.values())),
    }
    return json.dumps(report, indent=2) + "\n"


def _plain(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value
