"""``tvc.explore()``: sliders for a policy and a workload, and a picture that answers them."""

import asyncio
from base64 import b64encode
from collections.abc import Mapping
from typing import Any, Final

from tvc.analysis.style import Picture
from tvc.files.faults import InvalidFile
from tvc.harness.collect import is_scenario_file
from tvc.jupyter.exploring import (
    PICTURES,
    Explored,
    NotSaved,
    Start,
    draw,
    explore_values,
    headline,
    save,
    shows_both,
)
from tvc.jupyter.knobs import KNOBS, Choice, Knob, Slider, Value
from tvc.jupyter.tables import text

try:
    import ipywidgets as widgets
except ImportError:
    raise ImportError(
        "tvc.explore() needs ipywidgets, which the extra brings along: tvc[notebooks]"
    ) from None

#: A slider that is dragged, or a key that is held, is answered once it has rested so long.
_REST_S: Final = 0.15
_LABEL: Final = {"description_width": "215px"}
_WIDTH: Final = "440px"
#: Of what stands above the picture.
_SHORT: Final = {"description_width": "60px"}
_SAVE: Final = "Save as scenario file"


def explore(policy: str = "salesforce", workload: Mapping[str, Any] | None = None) -> "Explorer":
    """Show sliders for a policy and a workload, with a picture that answers them.

    Parameters
    ----------
    policy
        The name of the shipped policy to start from.
    workload
        What happens at the start, in the form of scenario files, such as ``{"users": 2000}``; by
        default 5,000 users for four weeks, with a call by an impostor a day.

    Returns
    -------
    Explorer
        Shown where it is the last line of a cell.

    Raises
    ------
    LookupError
        If no shipped policy has that name.
    pydantic.ValidationError, ValueError
        If the workload is not one, or a slider has no place for what is said.
    """
    return Explorer(Start.of(policy, workload))


class Explorer:
    """Knobs of a policy and a workload, a picture, figures, and a file to go on with.

    Attributes
    ----------
    start
        Where exploring started; every picture and figure shows it beside what is now.
    knobs
        The widget of each knob, by its key.
    kind
        Which picture is looked at.
    picture, figures, message
        What is shown: HTML.
    file, save, reset
        The name of the file, and what writes it; what puts every knob back.
    widget
        All of it.
    """

    def __init__(self, start: Start) -> None:
        self.start = start
        self.knobs = {knob.key: _widget_of(knob, start.values[knob.key]) for knob in KNOBS}
        self.kind = widgets.Dropdown(
            options=PICTURES, description="Picture", style=_SHORT, layout={"width": "300px"}
        )
        self.kind.add_class("tvc-knob-picture")
        self.picture = widgets.HTML()
        self.figures = widgets.HTML()
        self.figures.add_class("tvc-headline")
        self.message = widgets.HTML()
        self.message.add_class("tvc-message")
        self.file = widgets.Text(
            "explored.tvc.yaml", description="File", style=_SHORT, layout={"width": "300px"}
        )
        self.file.add_class("tvc-file")
        self.save = widgets.Button(
            description=_SAVE, tooltip="Write these values as a file that tvc test runs",
            layout={"width": "auto"},
        )  # fmt: skip
        self.save.add_class("tvc-save")
        self.reset = widgets.Button(
            description="Reset", tooltip="Put every knob back to the start",
            layout={"width": "auto"},
        )  # fmt: skip
        self.reset.add_class("tvc-reset")
        self.widget = self._laid_out()
        self._at_start: dict[tuple[str, int], str] = {}
        self._pending: asyncio.TimerHandle | None = None
        self._replaces: str | None = None
        self._resetting = False
        self.refresh()
        for widget in (*self.knobs.values(), self.kind):
            widget.observe(self._turned, "value")
        self.save.on_click(self._save)
        self.reset.on_click(self._reset)

    @property
    def values(self) -> dict[str, Value]:
        """Where every knob stands, by its key."""
        return {key: widget.value for key, widget in self.knobs.items()}

    def refresh(self) -> None:
        """Run what the knobs say and show it; where that is refused, say why and show no more."""
        if self._pending is not None:
            self._pending.cancel()
            self._pending = None
        try:
            explored = explore_values(self.start, self.values)
        except InvalidFile as invalid:
            self._refuse(_sentences(invalid))
            return
        self.picture.value = self._drawn(explored)
        self.figures.value = headline(explored)
        self.message.value = ""

    def __repr__(self) -> str:
        return f"Explorer of the policy {self.start.policy!r}"

    def _repr_mimebundle_(self, **kwargs: object) -> dict[str, object]:
        bundle: dict[str, object] = self.widget._repr_mimebundle_(**kwargs)
        return {**bundle, "text/plain": repr(self)}

    # How it looks

    def _laid_out(self) -> Any:  # noqa: ANN401 - ipywidgets has no types
        groups = {"policy": f"Policy, from {self.start.policy}", "workload": "Workload", "run": ""}
        shown: list[Any] = []
        for part, title in groups.items():
            if title:
                shown.append(widgets.HTML(f"<strong>{text(title)}</strong>"))
            shown += [self.knobs[knob.key] for knob in KNOBS if knob.of == part]
        asked = [widgets.HBox([self.kind, self.reset]), widgets.HBox([self.file, self.save])]
        seen = widgets.VBox(
            [*asked, self.message, self.picture, self.figures],
            layout={"flex": "1 1 480px", "min_width": "0"},
        )
        turned = widgets.VBox(shown, layout={"flex": "0 0 auto"})
        root = widgets.Box([turned, seen], layout={"flex_flow": "row wrap"})
        root.add_class("tvc-explorer")
        return root

    def _drawn(self, explored: Explored) -> str:
        kind, seed = self.kind.value, explored.start.seed
        shown = _image(draw(kind, explored), kind, "tvc-picture")
        if shows_both(kind):
            return shown
        if not explored.moved:
            self._at_start[kind, seed] = shown
            return shown
        if (kind, seed) not in self._at_start:
            picture = draw(kind, Explored(explored.start, explored.start))
            self._at_start[kind, seed] = _image(picture, kind, "tvc-picture")
        at_start = self._at_start[kind, seed].replace("tvc-picture", "tvc-start", 1)
        return f"{shown}\n<p>At the start:</p>\n{at_start}"

    # What happens

    def _turned(self, _change: object) -> None:
        if self._resetting:
            return
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self.refresh()
            return
        if self._pending is not None:
            self._pending.cancel()
        self._pending = loop.call_later(_REST_S, self.refresh)

    def _reset(self, _button: object) -> None:
        self._resetting = True
        try:
            for key, value in self.start.values.items():
                self.knobs[key].value = value
        finally:
            self._resetting = False
        self.refresh()

    def _save(self, _button: object) -> None:
        name = self.file.value
        again, self._replaces = self._replaces == name, None
        try:
            path = save(self.start, self.values, name, replace=again)
        except FileExistsError as there:
            self._replaces = name
            self._refuse(f"{there} is there already. Press “{_SAVE}” again to replace it.")
        except NotSaved as why:
            self._refuse(str(why))
        except InvalidFile as invalid:
            self._refuse(_sentences(invalid))
        else:
            self._say(f"Saved. In a terminal: tvc test {path}")

    def _say(self, message: str) -> None:
        self.message.value = f'<p role="status">{text(message)}</p>'

    def _refuse(self, message: str) -> None:
        self.message.value = f'<p role="alert">{text(message)}</p>'


def _sentences(invalid: InvalidFile) -> str:
    """Return what is wrong; the file is named where it is not the one that nobody has seen yet."""
    return "; ".join(
        fault.message if is_scenario_file(fault.file) else f"{fault.file}: {fault.message}"
        for fault in invalid.faults
    )


def _widget_of(knob: Knob, value: Value) -> Any:  # noqa: ANN401 - ipywidgets has no types
    common = {
        "description": knob.label, "tooltip": f"{knob.key}: {knob.meaning}", "style": _LABEL,
        "layout": {"width": _WIDTH},
    }  # fmt: skip
    if isinstance(knob, Slider):
        whole = isinstance(value, int)
        kind = widgets.IntSlider if whole else widgets.FloatSlider
        ends = [int(end) if whole else end for end in (knob.low, knob.high, knob.step)]
        low, high, step = ends
        made = kind(value, min=low, max=high, step=step, continuous_update=False, **common)
    elif isinstance(knob, Choice):
        # The start may be something that is not offered otherwise.
        words = tuple(dict.fromkeys((*knob.choices, value)))
        made = widgets.Dropdown(options=words, value=value, **common)
    else:
        made = widgets.Checkbox(value, **common)
    made.add_class("tvc-knob-" + knob.key.replace(".", "-").replace("_", "-"))
    return made


def _image(picture: Picture, kind: str, name: str) -> str:
    """Return a picture as HTML, with what is to be seen in it for those who do not see it."""
    png, size = picture._repr_png_()
    title = picture.texts[0].get_text().replace("\n", " ")
    return (
        f'<img class="{name}" alt="{text(f"{kind}: {title}")}" width="{size["width"]}" '
        f'style="max-width: 100%; height: auto" src="data:image/png;base64,{_base64(png)}">'
    )


def _base64(png: bytes) -> str:
    return b64encode(png).decode("ascii")
