"""Who wants to hear nothing more of whom."""

from dataclasses import dataclass

from simulator.world.events import Bulletin, PersonBlocked
from simulator.world.people import Person


@dataclass(frozen=True, slots=True)
class Blocks:
    """Blocks and forgives; a bot is told when it happens to it."""

    bulletin: Bulletin

    def set(self, person: Person, other: Person, *, blocked: bool) -> bool:
        """Block somebody or forgive; say whether that was news."""
        if (other.id in person.blocked) == blocked:
            return False
        if blocked:
            person.blocked.add(other.id)
        else:
            person.blocked.discard(other.id)
        self.bulletin.tell(PersonBlocked(person.id, other.id, blocked))
        return True
