"""What an act changed, told to people: values of before and after beside each other."""

import json
from collections.abc import Iterator

from cli.output import NOTHING

MISSING = object()


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
    """Write one value; true and false as they are typed."""
    if isinstance(value, dict):
        return ", ".join(f"{key} {in_words(below)}" for key, below in value.items()) or NOTHING
    if isinstance(value, list):
        return ", ".join(map(in_words, value)) or NOTHING
    if value is None or value == "":
        return NOTHING
    return str(value).lower() if isinstance(value, bool) else str(value)
