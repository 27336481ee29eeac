"""Spans of time in the words in which people type and read them."""

import re
from datetime import timedelta

UNITS = {"s": 1, "m": 60, "min": 60, "h": 3600, "d": 86_400, "w": 604_800}
PART = re.compile(r"(\d{1,6})\s*(min|[smhdw])", re.I)
WHOLE = (("d", 86_400), ("h", 3600), ("min", 60))


def parse_span(text: str) -> timedelta | None:
    """Read 90s, 15 min, 1h30m, 7d or 2w; None when it is none of these."""
    parts = PART.findall(text)
    if not parts or PART.sub("", text).strip():
        return None
    return timedelta(seconds=sum(int(count) * UNITS[unit.lower()] for count, unit in parts))


def write_span(span: timedelta) -> str:
    """Write a span in the largest unit in which it is a whole number, else in seconds."""
    seconds = span.total_seconds()
    for unit, size in WHOLE:
        if seconds >= size and seconds % size == 0:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:g} s"
