"""Judging turns by what a limit says, not by how it is kept."""

from collections.abc import Sequence

from orchestrator.pacing.gcra import Limit


def conforms(limit: Limit, times: Sequence[int], apart: int | None = None) -> bool:
    """Tell whether every window holds at most its share: a burst, and one more each `apart`."""
    apart = limit.apart if apart is None else apart
    ordered = sorted(times)
    return all(
        last - first >= (count + 1 - limit.burst) * apart
        for index, first in enumerate(ordered)
        for count, last in enumerate(ordered[index:])
    )
