"""What is remembered for a moment, so that not every message asks the database anew."""

from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from orchestrator.clock import Clock

K = TypeVar("K")
V = TypeVar("V")

FRESH = 20.0
"""Seconds for which a person is believed to be as they were."""
MOST = 5000


@dataclass(slots=True)
class Brief(Generic[K, V]):
    """Remembers for a moment."""

    clock: Clock
    lasts: float = FRESH
    kept: "OrderedDict[K, tuple[float, V]]" = field(default_factory=OrderedDict)

    def get(self, key: K) -> V | None:
        """Return what is remembered."""
        at, value = self.kept.get(key, (0.0, None))
        return value if value is not None and self.clock.monotonic() - at < self.lasts else None

    def keep(self, key: K, value: V) -> V:
        """Remember, and forget the oldest beyond a few thousand."""
        self.kept[key] = (self.clock.monotonic(), value)
        self.kept.move_to_end(key)
        if len(self.kept) > MOST:
            self.kept.popitem(last=False)
        return value

    def forget(self, key: K) -> None:
        """Forget one."""
        self.kept.pop(key, None)
