"""How operators answer clients: what `troupe desk setup` chooses among."""

from enum import StrEnum


class Way(StrEnum):
    """How operators answer clients."""

    TAKE = "take"
    """In private, after taking a ticket from a card in their group."""
    TOPICS = "topics"
    """In a group in which every ticket has a topic of its own."""
    BOTH = "both"
