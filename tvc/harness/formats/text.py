"""The format for people."""

from tvc.harness.formats.report import Paint, Report


def render(report: Report) -> str:
    """Render a report for people, in colour where it says so."""
    return "\n".join(report.text(_painter(report.colour))) + "\n"


def _painter(colour: bool) -> Paint:
    if not colour:
        return lambda text, _style: text
    from rich.color import ColorSystem
    from rich.style import Style

    # A style by itself looks at no terminal and no environment: the same report, the same text.
    return lambda text, style: Style.parse(style).render(text, color_system=ColorSystem.STANDARD)
