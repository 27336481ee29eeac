"""What a message is about, told by words alone; a scorer that has learnt tells it better."""

from collections.abc import Iterator

from personas.scripts.model import Script
from personas.texts import mentions_phrase, similarity, stems

ALIKE_FROM = 0.5
"""A message this like an example is about the same."""


def hear(script: Script, message: str) -> str | None:
    """Return the objection or trigger that the message is about, or None.

    It compares the message with every example, which takes its time with many thousands of them.
    """
    if named := hear_phrase(script, message):
        return named
    likeness, key = max(
        ((similarity(message, example), key) for key, example in examples_of(script)),
        default=(0.0, ""),
    )
    return key if likeness >= ALIKE_FROM else None


def hear_phrase(script: Script, message: str) -> str | None:
    """Return the objection that one of its phrases names in the message, or None."""
    said = stems(message)
    found = (one.key for one in script.objections if mentions_any(said, one.phrases))
    return next(found, None)


def examples_of(script: Script) -> Iterator[tuple[str, str]]:
    """Yield every example with the key of what it is one of; objections first."""
    for objection in script.objections:
        yield from ((objection.key, example) for example in objection.examples)
    for trigger in script.triggers:
        yield from ((trigger.key, example) for example in trigger.examples)


def mentions_any(said: tuple[str, ...], phrases: tuple[str, ...]) -> bool:
    """Whether a text of these stems holds one of the phrases."""
    return any(mentions_phrase(said, phrase) for phrase in phrases)
