"""What people are told of a hunt, beside the scenario file that it found."""

from tvc.workbench.hunt.search import NOT_SHORTEST, Exhausted, Find


def find_lines(found: Find, where: str = "") -> list[str]:
    """Return what is told of a find.

    Parameters
    ----------
    found
        The find.
    where
        The file that it was written to; empty where it was not.
    """
    count = len(found.history.events)
    written = f"; written to {where}" if where else ""
    lines = [
        f"{found.goal.text}: {found.seen.message}",
        f"found in {found.explored.seconds:.1f} s after {found.explored.text}; "
        f"{count} event{'s' if count > 1 else ''}{written}",
    ]
    if found.interrupted:
        lines.append("interrupted: a simpler history may show the same")
    elif not found.shortest:
        lines.append(f"{NOT_SHORTEST}; more --time may shorten it")
    return lines


def nothing_line(result: Exhausted, longest: int | None = None) -> str:
    """Return what is told of a hunt that found nothing.

    Parameters
    ----------
    result
        How far it came.
    longest
        The longest histories of an exhaustive search; None for one at random.
    """
    explored = f"{result.explored.text}, {result.explored.seconds:.1f} s"
    if result.interrupted:
        return f"interrupted; explored so far: {explored}"
    if longest is None:
        return f"not found: {result.goal.text}; explored: {explored}"
    if result.cut_after is not None:
        return (
            f"the time ended before the search: none with at most {result.cut_after} events, "
            f"of {longest}: {result.goal.text}; explored: {explored}"
        )
    return f"none with at most {longest} events: {result.goal.text}; explored: {explored}"
