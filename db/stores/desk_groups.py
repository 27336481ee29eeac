"""The desk's groups, and invitations to its staff."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from hashlib import sha256

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from support.actor import SYSTEM, Actor
from support.groups import DeskGroup, DeskPulse, GroupUse, Invited, NewInvite
from support.ids import ChatId, TgUserId
from support.people import Role
from support.topics.budget import GroupLoad

DROP_OTHERS = text("DELETE FROM desk_groups WHERE use = :use AND chat_id <> :chat")
PUT = text(
    """
    INSERT INTO desk_groups (chat_id, use, title, added_by) VALUES (:chat, :use, :title, :by)
    ON CONFLICT (chat_id, use) DO UPDATE SET title = excluded.title
    WHERE desk_groups.title <> excluded.title
    """
)
REMOVE = text("DELETE FROM desk_groups WHERE chat_id = :chat AND use = :use")
GROUPS = text(
    """
    SELECT chat_id, use, title FROM desk_groups
    WHERE CAST(:use AS text) IS NULL OR use = :use
    ORDER BY added_at, chat_id
    """
)
PULSE = text(
    """
    SELECT
        (SELECT count(*) FROM desk_updates WHERE state = 'waiting') AS unhandled,
        (SELECT count(*) FROM desk_updates
         WHERE state = 'buried' AND handled_at > now() - interval '1 day') AS buried,
        (SELECT received_at FROM desk_updates ORDER BY id DESC LIMIT 1) AS last_update_at,
        (SELECT count(*) FROM desk_parcels WHERE state = 'due') +
        (SELECT count(*) FROM desk_parcels WHERE state = 'sending') AS to_send,
        (SELECT count(*) FROM desk_parcels
         WHERE state = 'unknown' AND settled_at > now() - interval '1 day') AS doubtful,
        (SELECT count(*) FROM desk_parcels
         WHERE state = 'failed' AND settled_at > now() - interval '1 day') AS failed,
        (SELECT count(*) FROM desk_parcels WHERE state = 'held') AS held,
        (SELECT node FROM leaders WHERE role = 'desk' AND NOT released) AS node
    """
)
LOADS = text(
    """
    SELECT g.chat_id,
        (SELECT count(*) FROM tickets t
         WHERE t.state IN ('new', 'work') AND t.main_chat_id = g.chat_id) AS open_tickets,
        (SELECT count(*) FROM desk_parcels p
         WHERE p.chat_id = g.chat_id AND p.state IN ('due', 'sending')) +
        (SELECT count(*) FROM desk_parcels p
         WHERE p.chat_id = g.chat_id AND p.state = 'sent'
           AND p.settled_at > now() - interval '1 minute') AS lately
    FROM unnest(CAST(:chats AS bigint[])) WITH ORDINALITY AS g (chat_id, place)
    ORDER BY g.place
    """
)
MOVE = text(
    """
    INSERT INTO desk_moved_groups (chat_id, moved_to) VALUES (:old, :new)
    ON CONFLICT (chat_id) DO NOTHING
    """
)
MOVED = text("SELECT chat_id, moved_to FROM desk_moved_groups")
# A group that was set up anew under its new number stands there already.
FOLLOW = (
    text(
        """
        DELETE FROM desk_groups o WHERE o.chat_id = :old
          AND EXISTS (SELECT FROM desk_groups n WHERE n.chat_id = :new AND n.use = o.use)
        """
    ),
    text("UPDATE desk_groups SET chat_id = :new WHERE chat_id = :old"),
    text("UPDATE technicians SET group_chat_id = :new WHERE group_chat_id = :old"),
    # Every ticket, not the open ones alone: a closed one may be opened again.
    text(
        """
        UPDATE tickets SET main_chat_id = NULL, card_message_id = NULL
        WHERE main_chat_id = :old AND main_thread_id IS NULL AND main_chat_id <> :new
        """
    ),
)
INVITE = text(
    """
    INSERT INTO desk_invites (code_hash, roles, invited_by, expires_at)
    VALUES (:code, :roles, :by, :expires)
    """
)
FORGET_OLD = text("DELETE FROM desk_invites WHERE expires_at < now() - interval '30 days'")
KNOWN = text(
    "SELECT roles, invited_by, used_by FROM desk_invites WHERE code_hash = :code FOR UPDATE"
)
ACCEPT = text(
    """
    UPDATE desk_invites SET used_by = :person, used_at = now()
    WHERE code_hash = :code AND used_by IS NULL AND expires_at > now()
    """
)


@dataclass(frozen=True, slots=True)
class PostgresGroups:
    """Implements `GroupStore`."""

    engine: AsyncEngine

    async def put_group(self, actor: Actor, group: DeskGroup) -> bool:
        """Use a group; a second operators' group takes the first one's place."""
        values = {"chat": group.chat, "use": group.use}
        async with transaction(self.engine) as connection:
            changed = 0
            if group.use is GroupUse.OPERATORS:
                changed += await run(connection, DROP_OTHERS, **values)
            changed += await run(connection, PUT, **values, title=group.title, by=actor.name)
            if changed:
                after = {"chat": group.chat, "title": group.title}
                await write_audit(connection, actor, "desk.group", group.use, after=after)
        return bool(changed)

    async def remove_group(self, actor: Actor, chat: ChatId, use: GroupUse) -> bool:
        """Use a group no more."""
        async with transaction(self.engine) as connection:
            removed = await run(connection, REMOVE, chat=chat, use=use)
            if removed:
                before = {"chat": chat}
                await write_audit(connection, actor, "desk.group_removed", use, before=before)
        return bool(removed)

    async def groups(self, use: GroupUse | None = None) -> Sequence[DeskGroup]:
        """Return the groups."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, GROUPS, use=use)
        return [DeskGroup(ChatId(row.chat_id), GroupUse(row.use), row.title) for row in found]

    async def move_group(self, old: ChatId, new: ChatId) -> bool:
        """Follow a group, in one transaction."""
        async with transaction(self.engine) as connection:
            if not await run(connection, MOVE, old=old, new=new):
                return False
            for statement in FOLLOW:
                await run(connection, statement, old=old, new=new)
            before, after = {"chat": old}, {"chat": new}
            await write_audit(
                connection, SYSTEM, "desk.group_moved", "", before=before, after=after
            )
        return True

    async def moved_groups(self) -> Mapping[ChatId, ChatId]:
        """Return what groups became."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, MOVED)
        return {ChatId(row.chat_id): ChatId(row.moved_to) for row in found}

    async def loads(self, chats: Sequence[ChatId]) -> Sequence[GroupLoad]:
        """Count open tickets, and what was and is to be sent."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LOADS, chats=list(chats))
        return [GroupLoad(ChatId(row.chat_id), row.lately, row.open_tickets) for row in found]


@dataclass(frozen=True, slots=True)
class PostgresPulse:
    """Implements `PulseStore`."""

    engine: AsyncEngine

    async def pulse(self) -> DeskPulse:
        """Count what waits and what went wrong."""
        async with transaction(self.engine) as connection:
            (row,) = await rows(connection, PULSE)
        return DeskPulse(**row._mapping)  # noqa: SLF001 - public by SQLAlchemy's own documentation


@dataclass(frozen=True, slots=True)
class PostgresInvites:
    """Implements `InviteStore`."""

    engine: AsyncEngine

    async def invite(self, actor: Actor, invite: NewInvite) -> None:
        """Record an invitation by the hash of its code."""
        roles = sorted(invite.roles)
        async with transaction(self.engine) as connection:
            await run(connection, FORGET_OLD)
            await run(
                connection,
                INVITE,
                code=hashed(invite.code),
                roles=roles,
                by=actor.name,
                expires=invite.expires_at,
            )
            after = {"roles": roles, "expires_at": invite.expires_at.isoformat()}
            await write_audit(connection, actor, "desk.invite", "", after=after)

    async def accept(self, code: str, person: TgUserId) -> Invited | None:
        """Let one person in."""
        async with transaction(self.engine) as connection:
            known = await one(connection, KNOWN, code=hashed(code))
            if known is None:
                return None
            accepted = await run(connection, ACCEPT, code=hashed(code), person=person)
        if not accepted and known.used_by != person:
            return None
        return Invited(frozenset(map(Role, known.roles)), known.invited_by, not accepted)


def hashed(code: str) -> bytes:
    """Return what is kept of a code."""
    return sha256(code.encode()).digest()
