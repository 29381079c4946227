"""Pictures: each takes tidy frames of runs or studies and returns a figure.

A frame without rows gives a figure that says so; a frame without a column that is needed is
refused with a `ValueError`. A million rows are drawn in the time of a thousand.
"""

from tvc.analysis.plots.along import Limit, along
from tvc.analysis.plots.attackers import outsider_access
from tvc.analysis.plots.clocks import clock_readings, overstay
from tvc.analysis.plots.codes import exposure, live_codes
from tvc.analysis.plots.desk import desk
from tvc.analysis.plots.guessing import guessing, guessing_chance
from tvc.analysis.plots.lifelines import lifelines
from tvc.analysis.plots.rates import rate_strip
from tvc.analysis.plots.refusals import denials, stranded
from tvc.analysis.plots.sensitivity import paired_delta, tornado
from tvc.analysis.plots.tradeoffs import heat_map, trade_off
from tvc.analysis.plots.waiting import ecdf

__all__ = [
    "Limit",
    "along",
    "clock_readings",
    "denials",
    "desk",
    "ecdf",
    "exposure",
    "guessing",
    "guessing_chance",
    "heat_map",
    "lifelines",
    "live_codes",
    "outsider_access",
    "overstay",
    "paired_delta",
    "rate_strip",
    "stranded",
    "tornado",
    "trade_off",
]
