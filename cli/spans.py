"""Spans of time as people type and read them."""

import re
from datetime import timedelta

import typer

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
PART = re.compile(r"(\d{1,6})\s*(min|[smhdw])", re.I)
LONGEST = timedelta(days=3660)


def read_span(text: str) -> timedelta:
    """Read 90s, 15m, 1h30m, 7d or 2w; raises typer's BadParameter."""
    parts = PART.findall(text)
    if not parts or PART.sub("", text).strip():
        raise typer.BadParameter('write a span like "15m", "1h30m" or "7d"')
    span = timedelta(seconds=sum(int(count) * UNITS[unit.lower()] for count, unit in parts))
    if not timedelta() < span <= LONGEST:
        raise typer.BadParameter("a span is longer than nothing and at most ten years")
    return span


def took(span: timedelta) -> str:
    """Write how long something took, in the unit in which it differs."""
    seconds = span.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"
