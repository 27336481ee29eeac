"""Words by which a person asks us to stop writing (charter rule 3), in all our languages."""

import re

LETTERS = re.compile(r"[^\W\d_]+")

STOP_PHRASES = (
    "не пишите",
    "не пиши",
    "не надо писать",
    "хватит писать",
    "прекратите писать",
    "удалите мой",
    "stop writing",
    "stop messaging",
    "stop texting",
    "do not write",
    "don t write",
    "do not message",
    "don t message",
    "leave me alone",
    "remove me",
)
"""These end the conversation wherever they stand."""

STOP_WORDS = frozenset(
    {
        "stop",
        "unsubscribe",
        "стоп",
        "отписка",
        "отписаться",
        "отпишите",
        "отпишись",
        "отстань",
        "отстаньте",
    }
)
"""These end it in a message of a few words; in a longer one they may mean anything."""

FEW = 4


def asks_to_stop(text: str) -> bool:
    """Tell whether a message asks us to write no more; in doubt it does."""
    words = LETTERS.findall(text.casefold().replace("ё", "е"))
    if len(words) <= FEW and not STOP_WORDS.isdisjoint(words):
        return True
    line = f" {' '.join(words)} "
    return any(f" {phrase}" in line for phrase in STOP_PHRASES)
