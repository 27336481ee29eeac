"""Spans of time as people type and read them."""

import re
from datetime import timedelta
from typing import Final

import typer

from orchestrator.spans import parse_span, write_span

LONGEST = timedelta(days=3660)
ISO_SPAN: Final = re.compile(r"-?P(\d|T\d)[\dWDTHMS.]*")
"""How spans are stored (ISO 8601)."""


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


def span_in_words(text: str) -> str:
    """Write a stored span as people read it, `30 s` for PT30S, and any other text as it is."""
    from pydantic import TypeAdapter

    if not ISO_SPAN.fullmatch(text):
        return text
    return write_span(TypeAdapter(timedelta).validate_python(text))
