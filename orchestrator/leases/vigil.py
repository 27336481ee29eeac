"""Watching what others hold, on our own clock."""

from collections.abc import Collection, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from orchestrator.clock import Clock

K = TypeVar("K", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Watched:
    """What was seen, and since when on our clock it has been the same."""

    mark: Hashable
    since: float


@dataclass(slots=True)
class Vigil(Generic[K]):
    """Remembers since when each thing has stood still; nobody else's clock is asked."""

    clock: Clock
    watched: dict[K, Watched] = field(default_factory=dict)

    def still_for(self, key: K, mark: Hashable) -> float:
        """Look at a thing; returns for how many seconds it has been seen unmoved.

        The mark must have been read before this call: then what is counted began after the
        reading, and a move that the reading missed makes the count too short, never too long.
        """
        now = self.clock.monotonic()
        watched = self.watched.get(key)
        if watched is None or watched.mark != mark:
            self.watched[key] = Watched(mark, now)
            return 0.0
        return now - watched.since

    def forget(self, key: K) -> None:
        """Begin anew with this one at the next look."""
        self.watched.pop(key, None)

    def keep_only(self, keys: Collection[K]) -> None:
        """Forget all others."""
        self.watched = {key: seen for key, seen in self.watched.items() if key in keys}
