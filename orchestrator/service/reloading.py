"""What people may ask about which node uses which script version."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.errors import NotFound
from orchestrator.ports.labels import LabelStanding, LabelStore


@dataclass(frozen=True, slots=True)
class Reloading:
    """What is in use, as nodes acknowledge it."""

    labels: LabelStore

    async def standings(self, key: str | None = None) -> Sequence[LabelStanding]:
        """Return where each label points and who uses it; raises NotFound for an unknown key."""
        found = await self.labels.standings()
        if key is None:
            return found
        chosen = [standing for standing in found if standing.key == key]
        if not chosen:
            keys = ", ".join(dict.fromkeys(standing.key for standing in found))
            known = f"there are {keys}" if keys else "there are none yet"
            raise NotFound(f'no label points at a script "{key}"; {known}')
        return chosen
