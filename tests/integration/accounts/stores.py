"""A session store in memory; the tests hold it and PostgreSQL's to the same."""

from collections.abc import Sequence
from dataclasses import replace

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
