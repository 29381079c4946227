"""One look for all pictures: the style sheet, colours by meaning, and the figure they share.

The colours are told apart by people of any colour vision; what matters is also told by shape,
place or words. The page is light and solid, so that a picture reads the same in a dark notebook.

SOURCE: Okabe & Ito (2008), "Color Universal Design: how to make figures and presentations that
are friendly to colorblind people".
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import wraps
from io import BytesIO
from textwrap import wrap
from typing import Any, Final, ParamSpec

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backend_bases import RendererBase
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure

# The palette

_BLUE: Final = "#0072B2"
_SKY: Final = "#56B4E9"
_GREEN: Final = "#009E73"
_ORANGE: Final = "#E69F00"
_VERMILLION: Final = "#D55E00"
_PURPLE: Final = "#CC79A7"

PAGE: Final = "#FFFFFF"
INK: Final = "#1F2328"
GREY: Final = "#6A6F76"
PALE: Final = "#C9CDD2"
FAINT: Final = "#ECEEF0"

#: A temporary verification code, and whatever it brings about.
CODE: Final = _BLUE
#: A method that is enrolled on an account.
METHOD: Final = _GREEN
#: Whatever is refused.
REFUSED: Final = _VERMILLION
#: Outsiders.
ATTACKER: Final = _PURPLE
#: A device, lost or back.
DEVICE: Final = _ORANGE
#: The desk and its admins.
DESK: Final = _SKY

#: Arms in the order in which they are given.
ARMS: Final = (_BLUE, _VERMILLION, _GREEN, _PURPLE, _ORANGE, _SKY, INK)
#: The lines of arms, so that they are told apart in print.
DASHES: Final = ("-", (0, (5, 1.5)), (0, (1.5, 1.2)), (0, (6, 1.5, 1.5, 1.5)))
#: Kinds that have no colour of their own, the most frequent first.
KINDS: Final = (_BLUE, _ORANGE, _GREEN, _PURPLE, _SKY)

#: Of every picture, in inches: what fits a notebook's page.
WIDTH_IN: Final = 7.2

#: The style sheet; whoever saves a figure does so within it (``matplotlib.rc_context``).
STYLE: Final[Mapping[Any, Any]] = {  # matplotlib types keys as one long list of words
    "axes.axisbelow": True,
    "axes.formatter.useoffset": False,
    "axes.edgecolor": GREY,
    "axes.facecolor": PAGE,
    "axes.grid": True,
    "axes.labelcolor": INK,
    "axes.labelsize": 9,
    "axes.linewidth": 0.8,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "axes.titlecolor": INK,
    "axes.titlelocation": "left",
    "axes.titlepad": 6,
    "axes.titlesize": 9.5,
    "axes.titleweight": "bold",
    "figure.constrained_layout.h_pad": 0.06,
    "figure.constrained_layout.w_pad": 0.08,
    "figure.dpi": 100,
    "figure.facecolor": PAGE,
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "grid.color": FAINT,
    "grid.linewidth": 0.8,
    "legend.fontsize": 8,
    "legend.frameon": False,
    "lines.linewidth": 1.6,
    "savefig.facecolor": "auto",
    "svg.hashsalt": "tvc",
    "text.color": INK,
    "xtick.color": GREY,
    "xtick.labelcolor": INK,
    "xtick.labelsize": 8,
    "ytick.color": GREY,
    "ytick.labelcolor": INK,
    "ytick.labelsize": 8,
}

_TITLE_PT: Final = 12
_NOTE_PT: Final = 8.5
_TITLE_WIDTH: Final = 72
_NOTE_WIDTH: Final = 112
_MARGIN_IN: Final = 0.1
_LINE: Final = 1.3 / 72
_SHARPNESS: Final = 2
_LABEL_PT: Final = 8
#: The height of a line of a label, and what stands above and below the axes, in inches.
_LABEL_LINE: Final = _LABEL_PT * _LINE
_AROUND_IN: Final = 1.0
#: The least contrast of text against its page. SOURCE: WCAG 2.2, success criterion 1.4.3.
_CONTRAST: Final = 4.5

#: Of dark text, with the glare of a screen.
_INK_LUMINANCE: Final = 0.066

_Given = ParamSpec("_Given")


class Picture(Figure):
    """A figure in the style of the project that notebooks show without any backend."""

    def draw(self, renderer: RendererBase) -> None:
        """Draw in the style: matplotlib makes ticks only now."""
        with mpl.rc_context(dict(STYLE)):
            super().draw(renderer)

    def _repr_png_(self) -> tuple[bytes, dict[str, int]]:
        page = BytesIO()
        self.savefig(page, format="png", dpi=_SHARPNESS * self.dpi)
        return page.getvalue(), {"width": round(self.get_figwidth() * self.dpi)}


def styled(draw: Callable[_Given, Picture]) -> Callable[_Given, Picture]:
    """Let a function draw in the style; matplotlib's own settings stay as they are."""

    @wraps(draw)
    def drawn(*args: _Given.args, **kwargs: _Given.kwargs) -> Picture:
        with mpl.rc_context(dict(STYLE)):
            return draw(*args, **kwargs)

    return drawn


def picture(title: str, note: str = "", *, height_in: float = 3.2) -> Picture:
    """Return an empty figure with its title.

    Parameters
    ----------
    title
        What is seen, in a sentence.
    note
        How to read it, in small print.
    height_in
        Room for the axes.
    """
    titles = wrap(title, _TITLE_WIDTH, break_on_hyphens=False)
    notes = wrap(note, _NOTE_WIDTH, break_on_hyphens=False)
    head_in = _MARGIN_IN + _LINE * (_TITLE_PT * len(titles) + _NOTE_PT * len(notes)) + 0.06
    height_in += head_in
    figure = Picture(figsize=(WIDTH_IN, height_in), layout="constrained")
    engine = figure.get_layout_engine()
    assert engine is not None
    engine.set(rect=(0, 0, 1, 1 - head_in / height_in))  # type: ignore[call-arg] # of this layout
    left, top = _MARGIN_IN / WIDTH_IN, 1 - _MARGIN_IN / height_in
    figure.text(left, top, "\n".join(titles), size=_TITLE_PT, weight="bold", va="top")
    top -= _LINE * _TITLE_PT * len(titles) / height_in
    figure.text(left, top, "\n".join(notes), size=_NOTE_PT, color=GREY, va="top")
    return figure


def no_rows(title: str, why: str) -> Picture:
    """Return a figure that says that there is nothing to see, and why."""
    figure = picture(title, height_in=1.2)
    axes = figure.add_subplot()
    axes.set_axis_off()
    axes.text(
        0.5, 0.5, f"no rows: {why}", ha="center", va="center", color=GREY, transform=axes.transAxes
    )
    return figure


def ink(colour: str) -> str:
    """Return a colour, darkened as far as text in it needs to be read.

    Examples
    --------
    >>> ink("#1F2328"), ink("#56B4E9")
    ('#1f2328', '#3b7ca1')
    """
    red, green, blue = to_rgb(colour)
    share = 1.0
    while 1.05 / (_luminance(red * share, green * share, blue * share) + 0.05) < _CONTRAST:
        share -= 0.01
    return to_hex((red * share, green * share, blue * share))


def _luminance(*channels: float) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels]
    return sum(part * weight for part, weight in zip(linear, (0.2126, 0.7152, 0.0722), strict=True))


def is_light(colour: Iterable[float]) -> bool:
    """Return whether dark text is read better on a colour (red, green, blue) than light text."""
    luminance = _luminance(*colour) + 0.05
    return 1.05 / luminance < luminance / _INK_LUMINANCE


def label_right(
    axes: Axes, labels: Sequence[tuple[float, str, str]], *, leaders: bool = True
) -> None:
    """Write labels beside the axes, each as near as may be to its height.

    Parameters
    ----------
    axes
        With the limits of y that they are to keep.
    labels
        Height (in y), text of one or more lines, and colour of each.
    leaders
        Whether a line leads from each to its height.
    """
    axes.autoscale_view()
    from_axes, to_axes = axes.transData, axes.transAxes.inverted()
    figure = axes.get_figure()
    assert figure is not None
    line = _LABEL_LINE / (figure.get_figheight() - _AROUND_IN) * axes.get_gridspec().nrows  # type: ignore[union-attr] # all axes here stand on a grid
    heights = [float(to_axes.transform(from_axes.transform((0, y)))[1]) for y, _, _ in labels]
    order = sorted(range(len(labels)), key=lambda place: heights[place])
    sizes = [line * (labels[place][1].count("\n") + 1.35) for place in order]
    moved = spread([heights[place] for place in order], sizes)
    for place, height in zip(order, moved, strict=True):
        _, text, colour = labels[place]
        axes.annotate(
            text, xy=(1.0, heights[place]), xytext=(1.035, height), xycoords="axes fraction",
            textcoords="axes fraction", va="center", ha="left", size=_LABEL_PT, color=ink(colour),
            annotation_clip=False,
            arrowprops={
                "arrowstyle": "-", "color": colour, "lw": 0.8, "shrinkA": 0, "shrinkB": 0,
                "relpos": (0, 0.5),
            } if leaders else None,
        )  # fmt: skip


def spread(heights: Sequence[float], sizes: Sequence[float]) -> list[float]:
    """Move things apart that stand one above the other, as little as may be, and below 1.

    Parameters
    ----------
    heights
        Their middles, ascending.
    sizes
        How much room each takes.

    Examples
    --------
    >>> [round(height, 3) for height in spread([0.1, 0.5, 0.5, 0.5], [0.1] * 4)]
    [0.1, 0.4, 0.5, 0.6]
    >>> [round(height, 3) for height in spread([0.9, 1.0], [0.2, 0.2])]
    [0.7, 0.9]
    """
    # Those that touch form a block around the mean of their heights; blocks that touch merge.
    blocks: list[tuple[list[int], float]] = []
    for place, height in enumerate(heights):
        members, middle = [place], height
        while blocks and blocks[-1][1] + _room(blocks[-1][0], sizes) / 2 > (
            middle - _room(members, sizes) / 2
        ):
            earlier, other = blocks.pop()
            weight = len(earlier) + len(members)
            middle = (other * len(earlier) + middle * len(members)) / weight
            members = earlier + members
        blocks.append((members, middle))
    placed = []
    for members, middle in blocks:
        low = middle - _room(members, sizes) / 2
        for place in members:
            placed.append(low + sizes[place] / 2)
            low += sizes[place]
    ceiling = 1.0
    for place in reversed(range(len(placed))):
        placed[place] = min(placed[place], ceiling - sizes[place] / 2)
        ceiling = placed[place] - sizes[place] / 2
    return placed


def _room(members: Sequence[int], sizes: Sequence[float]) -> float:
    return sum(sizes[place] for place in members)
