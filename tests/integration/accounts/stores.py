"""Session stores without a database; the tests hold them and PostgreSQL's to the same."""

import pickle
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from orchestrator.ids import AccountId
from orchestrator.ports.sessions import StoredEntity, StoredSession, UpdateState


class MemorySessions:
    """Implements `SessionStore` in a dictionary."""

    def __init__(self) -> None:
        self.sessions: dict[AccountId, StoredSession] = {}
        self.entities: dict[AccountId, dict[tuple[str, int], StoredEntity]] = {}

    async def load_session(self, account: AccountId) -> StoredSession | None:
        return self.sessions.get(account)

    async def save_session(self, account: AccountId, session: StoredSession) -> None:
        self.sessions[account] = session

    async def save_update_state(self, account: AccountId, state: UpdateState) -> None:
        if account in self.sessions:
            self.sessions[account] = replace(self.sessions[account], updates=state)

    async def forget_session(self, account: AccountId) -> None:
        self.sessions.pop(account, None)

    async def load_entities(self, account: AccountId) -> Sequence[StoredEntity]:
        return list(self.entities.get(account, {}).values())

    async def save_entities(self, account: AccountId, entities: Sequence[StoredEntity]) -> None:
        known = self.entities.setdefault(account, {})
        known.update({(entity.kind, entity.telegram_id): entity for entity in entities})


class FileSessions(MemorySessions):
    """The same in a file that two processes share, one after the other."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.file = folder / "sessions"
        if self.file.exists():
            self.sessions, self.entities = pickle.loads(self.file.read_bytes())  # noqa: S301

    def write(self) -> None:
        self.file.write_bytes(pickle.dumps((self.sessions, self.entities)))

    async def save_session(self, account: AccountId, session: StoredSession) -> None:
        await super().save_session(account, session)
        self.write()

    async def save_update_state(self, account: AccountId, state: UpdateState) -> None:
        await super().save_update_state(account, state)
        self.write()

    async def save_entities(self, account: AccountId, entities: Sequence[StoredEntity]) -> None:
        await super().save_entities(account, entities)
        self.write()
