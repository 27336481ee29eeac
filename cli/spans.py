"""Spans of time as people type and read them."""

from datetime import timedelta

import typer

from orchestrator.spans import parse_span

LONGEST = timedelta(days=3660)


def read_span(text: str) -> timedelta:
    """Read 90s, 15m, 1h30m, 7d or 2w; raises typer's BadParameter."""
    span = parse_span(text)
    if span is None:
        raise typer.BadParameter('write a span like "15m", "1h30m" or "7d"')
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
