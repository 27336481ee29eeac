"""Stretches that Telegram marks by itself: commands, mentions, links, hashtags, addresses."""

import re

from simulator.bot_api.formatting import units
from simulator.world.messages import Entity, EntityKind

PATTERNS = (
    (EntityKind.BOT_COMMAND, re.compile(r"(?<![\w/])/[A-Za-z0-9_]{1,64}(@[A-Za-z]\w{3,31})?\b")),
    (EntityKind.EMAIL, re.compile(r"\b[\w.+-]+@[\w-]+\.[\w.]*\w\b")),
    (EntityKind.URL, re.compile(r"\bhttps?://[^\s<>\"]*[^\s<>\".,;:!?)]|\bt\.me/[\w+/]+")),
    (EntityKind.MENTION, re.compile(r"(?<![\w@./])@[A-Za-z]\w{3,31}\b")),
    (EntityKind.HASHTAG, re.compile(r"(?<![\w#])#\w*[^\W\d]\w*")),
)


def with_found(text: str, given: tuple[Entity, ...]) -> tuple[Entity, ...]:
    """Add what can be found in a text to what its author marked; nothing is marked twice."""
    found = list(given)
    for kind, pattern in PATTERNS:
        for match in pattern.finditer(text):
            entity = Entity(kind, units(text[: match.start()]), units(match.group()))
            if not any(overlap(entity, other) for other in found):
                found.append(entity)
    return tuple(sorted(found, key=lambda e: (e.offset, -e.length)))


def overlap(one: Entity, other: Entity) -> bool:
    """Tell whether two stretches share a character."""
    return one.offset < other.offset + other.length and other.offset < one.offset + one.length
