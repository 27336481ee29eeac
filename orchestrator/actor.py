"""Who did it: every change is somebody's."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Actor:
    """A person or a part of Troupe, as the audit log names it."""

    name: str


SYSTEM = Actor("troupe")
"""Troupe itself, acting on what Telegram or the clock told it."""
