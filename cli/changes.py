"""What an act changed, told to people: values of before and after beside each other."""

import json
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Final

from cli.output import NOTHING, cell_text
from cli.spans import span_in_words

MISSING = object()
MOST_TOLD = 5
"""How many of several values are told; JSON has all."""
LONGEST_TOLD = 80
"""Characters of a text that are told."""
HASH: Final = re.compile(r"[0-9a-f]{64}")
HASH_TOLD = 12
MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)")


def changes(before: str | None, after: str | None) -> str:
    """Write two states, given as JSON text, as `live: true → false`; what stayed goes unsaid."""
    was, now = stated(before), stated(after)
    return ", ".join(
        change(key, was.get(key, MISSING), now.get(key, MISSING))
        for key in {**was, **now}
        if was.get(key, MISSING) != now.get(key, MISSING)
    )


def change(key: str, was: object, now: object) -> str:
    """Write what became of one value; one that is new has nothing on its left."""
    if was is MISSING:
        return f"{key}: {in_words(now)}"
    return f"{key}: {in_words(was)} → {NOTHING if now is MISSING else in_words(now)}"


def stated(text: str | None) -> dict[str, object]:
    """Read a state by dotted keys; one that is no mapping is a `value`."""
    if text is None:
        return {}
    try:
        held = json.loads(text)
    except json.JSONDecodeError:
        held = text
    return dict(flat(held)) if isinstance(held, dict) else {"value": held}


def flat(held: dict[str, object], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Yield what stands in a mapping and in those below it."""
    for key, value in held.items():
        if isinstance(value, dict):
            yield from flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def in_words(value: object) -> str:
    """Write one value as people read it, long ones shortened; true and false as they are typed."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {in_words(below)}" for key, below in value.items()) or NOTHING
    if isinstance(value, list):
        return several_in_words(value)
    if value is None or value == "":
        return NOTHING
    if isinstance(value, str):
        return text_in_words(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


def several_in_words(values: Sequence[object]) -> str:
    """Write the first of several values, and how many there are besides."""
    told = [in_words(one) for one in values[:MOST_TOLD]]
    more = len(values) - len(told)
    return ", ".join([*told, f"{more} more"] if more else told) or NOTHING


def text_in_words(text: str) -> str:
    """Write a moment in local time, a span in its unit, the head of a hash or of a long text."""
    if MOMENT.fullmatch(text):
        return cell_text(datetime.fromisoformat(text))
    if HASH.fullmatch(text):
        return text[:HASH_TOLD]
    return span_in_words(text) if len(text) <= LONGEST_TOLD else f"{text[: LONGEST_TOLD - 1]}…"
