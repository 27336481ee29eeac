"""Where a person stands in a dialogue with the bot: aiogram's storage, over what Redis remembers.

All of it may be lost: a person then starts again from the menu. Only whoever leads the desk writes
it, so that what was read or written a moment ago is not asked for again.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey

from desk.brief import Brief
from orchestrator.clock import Clock
from orchestrator.ports.desk import DeskMemory

LASTS = timedelta(days=2)
NOTHING = ""


@dataclass(slots=True)
class DialogueStorage(BaseStorage):
    """Keeps state and data of a dialogue under one key, `fsm:<bot>:<chat>:<user>`."""

    memory: DeskMemory
    clock: Clock
    lately: Brief[str, str] = field(init=False)
    """What is written under a name; nothing is written as nothing."""

    def __post_init__(self) -> None:
        """Begin to remember."""
        self.lately = Brief(self.clock)

    async def set_state(self, key: StorageKey, state: StateType = None) -> None:
        """Keep the state beside the data."""
        _, data = await self.read(key)
        await self.write(key, state.state if isinstance(state, State) else state, data)

    async def get_state(self, key: StorageKey) -> str | None:
        """Return the state."""
        return (await self.read(key))[0]

    async def set_data(self, key: StorageKey, data: Mapping[str, Any]) -> None:
        """Keep the data beside the state."""
        state, _ = await self.read(key)
        await self.write(key, state, dict(data))

    async def get_data(self, key: StorageKey) -> dict[str, Any]:
        """Return the data."""
        return (await self.read(key))[1]

    async def close(self) -> None:
        """Close nothing: the memory is somebody else's."""

    async def read(self, key: StorageKey) -> tuple[str | None, dict[str, Any]]:
        """Read what is remembered; nothing, where that cannot be read."""
        name = name_of(key)
        found = self.lately.get(name)
        if found is None:
            found = self.lately.keep(name, await self.memory.read(name) or NOTHING)
        if found == NOTHING:
            return None, {}
        try:
            state, data = json.loads(found)
        except ValueError:
            return None, {}
        return state, data

    async def write(self, key: StorageKey, state: str | None, data: dict[str, Any]) -> None:
        """Remember for two days; nothing to remember is forgotten."""
        value = json.dumps([state, data], ensure_ascii=False) if state or data else None
        self.lately.keep(name_of(key), value or NOTHING)
        await self.memory.keep(name_of(key), value, LASTS)


def name_of(key: StorageKey) -> str:
    """Name a dialogue."""
    return f"fsm:{key.bot_id}:{key.chat_id}:{key.user_id}"
