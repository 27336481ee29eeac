"""Where a person stands in a dialogue with the bot: aiogram's storage, over what Redis remembers.

All of it may be lost: a person then starts again from the menu. Only whoever leads the desk writes
it, so that what was read or written a moment ago is not asked for again.

Redis knows no transactions with PostgreSQL. What an update wrote therefore keeps what was there
before: a handler that is killed half way and runs again finds the dialogue as it found it first.
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
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


Stood = tuple[str | None, dict[str, Any]]
"""Where somebody stands: state and data."""
NOWHERE: Stood = (None, {})


@dataclass(frozen=True, slots=True)
class Attempt:
    """One try to handle an update, and what it wrote so far."""

    name: str
    written: set[str] = field(default_factory=set)


TRYING: ContextVar[Attempt | None] = ContextVar("TRYING", default=None)


@contextmanager
def trying(name: str) -> Iterator[None]:
    """Let dialogues in this block be those of one try to handle an update."""
    token = TRYING.set(Attempt(name))
    try:
        yield
    finally:
        TRYING.reset(token)


@dataclass(frozen=True, slots=True)
class Kept:
    """What is remembered of a dialogue, which update wrote it, and how it was before that."""

    now: Stood = NOWHERE
    by: str = ""
    before: Stood = NOWHERE

    def seen(self, name: str) -> Stood:
        """Return what the update in hand finds under a name."""
        attempt = TRYING.get()
        if attempt is None or self.by != attempt.name or name in attempt.written:
            return self.now
        return self.before

    def after(self, name: str, now: Stood) -> "Kept":
        """Return what is remembered once the update in hand has written."""
        attempt = TRYING.get()
        if attempt is None:
            return Kept(now)
        before = self.before if self.by == attempt.name else self.now
        attempt.written.add(name)
        return Kept(now, attempt.name, before)

    def wire(self) -> str:
        """Write it; nothing to remember is nothing."""
        if not any((*self.now, *self.before)):
            return NOTHING
        return json.dumps([*self.now, self.by, *self.before], ensure_ascii=False)


def kept_in(wire: str) -> Kept:
    """Read what was written, by an older version too."""
    if wire == NOTHING:
        return Kept()
    try:
        state, data, *more = json.loads(wire)
    except ValueError:
        return Kept()
    by, state_before, data_before = more or ("", *NOWHERE)
    return Kept((state, data), by, (state_before, data_before))


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

    async def read(self, key: StorageKey) -> Stood:
        """Read what is remembered; nothing, where that cannot be read."""
        name = name_of(key)
        return (await self.kept(name)).seen(name)

    async def kept(self, name: str) -> Kept:
        """Return what is remembered under a name."""
        found = self.lately.get(name)
        if found is None:
            found = self.lately.keep(name, await self.memory.read(name) or NOTHING)
        return kept_in(found)

    async def write(self, key: StorageKey, state: str | None, data: dict[str, Any]) -> None:
        """Remember for two days; nothing to remember is forgotten."""
        name = name_of(key)
        value = (await self.kept(name)).after(name, (state, data)).wire()
        self.lately.keep(name, value)
        await self.memory.keep(name, value or None, LASTS)


def name_of(key: StorageKey) -> str:
    """Name a dialogue."""
    return f"fsm:{key.bot_id}:{key.chat_id}:{key.user_id}"
