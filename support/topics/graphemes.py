"""Texts cut between characters as people see them, never inside one.

What belongs together follows UAX #29 (extended grapheme clusters) as far as names and titles need
it: combining marks, joined and toned emoji, flags, Hangul syllables.
"""

import unicodedata
from collections.abc import Iterator

JOINER = "\u200d"
ELLIPSIS = "…"
MARKS = frozenset({"Mn", "Me", "Mc"})
STEERING = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
TONES = range(0x1F3FB, 0x1F400)
FLAG_LETTERS = range(0x1F1E6, 0x1F200)
TAGS = range(0xE0020, 0xE0080)
LEADING_JAMO = range(0x1100, 0x1160)
FOLLOWING_JAMO = range(0x1160, 0x1200)


def clusters(text: str) -> Iterator[str]:
    """Yield the characters of a text as people see them; joined they are the text."""
    held = ""
    for mark in text:
        if held and not belongs(held, mark):
            yield held
            held = ""
        held += mark
    if held:
        yield held


def belongs(held: str, mark: str) -> bool:
    """Tell whether a code point goes on with the cluster before it."""
    code, last = ord(mark), held[-1]
    if code in TONES or code in TAGS or mark == JOINER or unicodedata.category(mark) in MARKS:
        return True
    if last == JOINER or (last == "\r" and mark == "\n"):
        return True
    if code in FLAG_LETTERS:
        return len(held) % 2 == 1 and all(ord(one) in FLAG_LETTERS for one in held)
    jamo = ord(last) in LEADING_JAMO or ord(last) in FOLLOWING_JAMO
    return jamo and (code in FOLLOWING_JAMO or (code in LEADING_JAMO and ord(last) < 0x1160))


def units(text: str) -> int:
    """Count UTF-16 code units, in which Telegram measures texts."""
    return len(text) + sum(1 for mark in text if ord(mark) > 0xFFFF)


def cut(text: str, most: int) -> str:
    """Shorten a text to so many UTF-16 units; what was cut off is shown by an ellipsis."""
    if units(text) <= most:
        return text
    kept, room = "", most - units(ELLIPSIS)
    for cluster in clusters(text):
        if units(cluster) > room:
            break
        kept += cluster
        room -= units(cluster)
    return kept.rstrip() + ELLIPSIS if most > 0 else ""


def one_line(text: str) -> str:
    """Take out what could steer or break a line; joined emoji stay joined."""
    kept = (
        mark if mark == JOINER or unicodedata.category(mark) not in STEERING else " "
        for mark in text
    )
    return " ".join("".join(kept).split())
