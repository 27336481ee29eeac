"""Where a person stands in a dialogue with the bot: aiogram's storage, over what Redis remembers.

All of it may be lost: a person then starts again from the menu.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from aiogram.fsm.state import State
from aiogram.fsm.storage.base import BaseStorage, StateType, StorageKey

from orchestrator.ports.desk import DeskMemory

LASTS = timedelta(days=2)


@dataclass(slots=True)
class DialogueStorage(BaseStorage):
    """Keeps state and data of a dialogue under one key, `fsm:<bot>:<chat>:<user>`."""

    memory: DeskMemory

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
        found = await self.memory.read(name_of(key))
        if found is None:
            return None, {}
        try:
            state, data = json.loads(found)
        except ValueError:
            return None, {}
        return state, data

    async def write(self, key: StorageKey, state: str | None, data: dict[str, Any]) -> None:
        """Remember for two days; nothing to remember is forgotten."""
        value = json.dumps([state, data], ensure_ascii=False) if state or data else None
        await self.memory.keep(name_of(key), value, LASTS)


def name_of(key: StorageKey) -> str:
    """Name a dialogue."""
    return f"fsm:{key.bot_id}:{key.chat_id}:{key.user_id}"
