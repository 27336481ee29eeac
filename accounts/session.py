"""Telethon's session, fed from what is stored and collecting what changes; it touches no disk."""

from collections.abc import ItemsView, Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

from telethon import utils
from telethon.crypto import AuthKey
from telethon.sessions import MemorySession
from telethon.tl.types import (
    InputPeerUser,
    PeerChannel,
    PeerChat,
    PeerUser,
    User,
    contacts,
    messages,
    updates,
    users,
)

from orchestrator.ids import TelegramId
from orchestrator.ports.sessions import StoredEntity, StoredSession, UpdateState

KINDS = {PeerUser: "user", PeerChat: "chat", PeerChannel: "channel"}
PEERS = {name: kind for kind, name in KINDS.items()}
OURSELVES = 0
"""Telethon keeps the account's own id as the access hash of an entity numbered 0."""

ABOUT_PEOPLE = messages.Dialogs | messages.DialogsSlice | messages.PeerDialogs | users.UserFull
"""Answers whose people are worth remembering."""

Row = tuple[int, int, str | None, str | None, str | None]


class CollectingSession(MemorySession):  # type: ignore[misc]  # Telethon has no types
    """A session in memory; its owner saves `fresh_entities` and, after signing in, `stored`.

    The update state goes in but never out: what Telethon would save has run ahead of what was
    handled (see `accounts.updates`), so `set_update_state` is deaf.
    """

    def __init__(
        self, stored: StoredSession | None = None, entities: Iterable[StoredEntity] = ()
    ) -> None:
        super().__init__()
        self.known: dict[int, StoredEntity] = {}
        self.usernames: dict[str, int] = {}
        self.changed: set[int] = set()
        self.user_id = stored.user_id if stored else None
        self.update_state = stored.updates if stored else None
        for entity in entities:
            self.keep(marked_id(entity), entity)
        if stored is not None:
            self.set_dc(stored.dc_id, stored.address, stored.port)
            self.auth_key = AuthKey(stored.auth_key)

    def stored(self, user_id: TelegramId, state: UpdateState | None) -> StoredSession:
        """Return all that the same session needs another time."""
        return StoredSession(
            self.dc_id, self.server_address, self.port, self.auth_key.key, user_id, state
        )

    def fresh_entities(self) -> tuple[StoredEntity, ...]:
        """Return what was learned and is not stored yet."""
        return tuple(self.known[marked] for marked in self.changed)

    def note_stored(self, entities: Iterable[StoredEntity]) -> None:
        """Take note that these are stored, unless they changed meanwhile."""
        for entity in entities:
            marked = marked_id(entity)
            if self.known[marked] is entity:
                self.changed.discard(marked)

    def keep(self, marked: int, entity: StoredEntity) -> None:
        """Remember how a peer is addressed."""
        self.known[marked] = entity
        if entity.username:
            self.usernames[entity.username] = marked

    def process_entities(self, tlo: Any) -> None:  # noqa: ANN401 - whatever Telegram answered
        """Remember the peers in an answer; those already known cost nothing.

        Of people, only those whom the answer is about: a discussion group shows us thousands to
        whom we shall never write.
        """
        rows: Sequence[Row] = self._entities_to_rows(tlo)
        about_people = is_about_people(tlo)
        for row in rows:
            if about_people or row[0] < OURSELVES or row[0] == self.user_id:
                self.remember(row)

    def remember_person(self, user: User) -> None:
        """Remember how to write to somebody."""
        for row in self._entities_to_rows([user]):
            self.remember(row)

    def remember(self, row: Row) -> None:
        """Remember how a peer is addressed, if that is new."""
        marked, access_hash, username, phone, _name = row
        known = self.known.get(marked)
        if marked != OURSELVES and (known is None or told_of(known) != row[1:4]):
            bare, kind = utils.resolve_id(marked)
            entity = StoredEntity(TelegramId(bare), KINDS[kind], access_hash, username, phone)
            self.keep(marked, entity)
            self.changed.add(marked)

    def get_entity_rows_by_id(self, id: int, exact: bool = True) -> tuple[int, int] | None:  # noqa: A002 - Telethon's signature
        """Return the marked id and access hash; an unmarked id may be of any kind."""
        if id == OURSELVES:
            return None
        candidates = (id,) if exact else tuple(utils.get_peer_id(kind(id)) for kind in KINDS)
        return next(
            (
                (marked, self.known[marked].access_hash)
                for marked in candidates
                if marked in self.known
            ),
            None,
        )

    def get_entity_rows_by_username(self, username: str) -> tuple[int, int] | None:
        """Return the marked id and access hash of whoever was last seen under that name."""
        marked = self.usernames.get(username.lower())
        return None if marked is None else (marked, self.known[marked].access_hash)

    def get_entity_rows_by_phone(self, phone: str) -> tuple[int, int] | None:
        """Return the marked id and access hash of whoever has that number."""
        found = (marked for marked, entity in self.known.items() if entity.phone == phone)
        marked = next(found, None)
        return None if marked is None else (marked, self.known[marked].access_hash)

    def get_entity_rows_by_name(self, name: str) -> None:
        """Return nothing: a display name addresses nobody."""

    def get_input_entity(self, key: Any) -> Any:  # noqa: ANN401 - Telethon's own types
        """Return the input peer; 0 asks who we are."""
        if key == OURSELVES and self.user_id in self.known:
            return InputPeerUser(OURSELVES, self.user_id)
        return super().get_input_entity(key)

    def get_update_states(self) -> ItemsView[int, Any]:
        """Return the state that was stored; 0 stands for the account."""
        return telethon_states(self.update_state).items()

    def set_update_state(self, entity_id: int, state: Any) -> None:  # noqa: ANN401
        """Do nothing: Telethon's own state has run ahead of what was handled."""


def is_about_people(answer: Any) -> bool:  # noqa: ANN401
    """Tell whether an answer names people because they were asked for, or are in our chats.

    Telethon's update loop hands over everybody in an update as a ResolvedPeer of nobody.
    """
    if isinstance(answer, contacts.ResolvedPeer):
        return answer.peer is not None
    return isinstance(answer, list | ABOUT_PEOPLE)


def told_of(entity: StoredEntity) -> tuple[int, str | None, str | None]:
    """Return what may change of an entity, as Telethon tells it: hash, username and phone."""
    return entity.access_hash, entity.username, entity.phone


def marked_id(entity: StoredEntity) -> int:
    """Return the id with Telethon's mark for its kind."""
    return int(utils.get_peer_id(PEERS[entity.kind](entity.telegram_id)))


def telethon_states(state: UpdateState | None) -> dict[int, Any]:
    """Word a stored update state as Telethon loads it."""
    if state is None:
        return {}
    date = datetime.fromtimestamp(state.date, UTC)
    account = updates.State(state.pts, state.qts, date, state.seq, unread_count=0)
    channels = {
        channel: updates.State(pts, 0, date, 0, unread_count=0)
        for channel, pts in state.channels.items()
    }
    return {OURSELVES: account, **channels}
