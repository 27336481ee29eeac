"""Choices that look free and can be repeated: a seed and a salt decide, never the clock."""

import hashlib
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


def roll(seed: int, salt: str = "") -> int:
    """Return a number of 64 bits that depends on nothing but seed and salt."""
    digest = hashlib.sha256(f"{seed}:{salt}".encode()).digest()
    return int.from_bytes(digest[:8], "big")


def pick(options: Sequence[T], seed: int, salt: str = "") -> T:
    """Return one of the options; raises IndexError when there are none."""
    if not options:
        raise IndexError("there is nothing to pick from")
    return options[roll(seed, salt) % len(options)]


def shuffle(options: Sequence[T], seed: int, salt: str = "") -> tuple[T, ...]:
    """Return all options in an order that the seed decides."""
    order = sorted(range(len(options)), key=lambda place: roll(seed, f"{salt}:{place}"))
    return tuple(options[place] for place in order)
