"""Study groups: who created them, who is who there, and whether their notices are known to stand.

Rows are locked in the gate's order: study group, role, grant, outbox; a lesson comes before the
outbox, jobs come last.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.answering import queue_group_line
from db.stores.audit import write_audit
from db.stores.base import one, rows, run
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed, NotFound
from orchestrator.ids import AccountId, MessageId, OutboxId, StudyGroupId, TelegramId
from orchestrator.ports.answers import GroupRole, LineRefused, NewGroupLine
from orchestrator.ports.study_groups import GroupState, HeldRole, RoleEnd, Seat, StudyGroup
from orchestrator.ports.telegram import GroupMember, GroupSeen, Peer
from personas.language import Language
from personas.persona import Persona

GROUPS = """
    SELECT g.*, e.access_hash,
           (SELECT count(*) FROM study_group_members m
            WHERE m.study_group_id = g.id AND m.left_at IS NULL) AS members
    FROM study_groups g
    JOIN account_entities e ON e.account_id = g.account_id AND e.kind = 'channel'
                           AND e.telegram_id = g.telegram_id
"""
FIND = text(f"{GROUPS} WHERE g.id = :group")
LIST = text(f"{GROUPS} WHERE CAST(:state AS text) IS NULL OR g.state = :state ORDER BY g.id DESC")
CAST = text(
    """
    SELECT r.study_group_id, r.account_id, r.role, r.ended_for, a.name, a.telegram_id, a.username,
           coalesce(nullif(a.first_name, ''), p.name, a.name) AS shown, to_jsonb(p) AS persona
    FROM study_group_roles r
    JOIN accounts a ON a.id = r.account_id
    LEFT JOIN personas p ON p.id = a.persona_id
    WHERE r.study_group_id = ANY(CAST(:groups AS bigint[]))
    ORDER BY r.role, r.account_id
    """
)
TO_CHECK = text(
    """
    SELECT id FROM study_groups
    WHERE state = 'active' AND (checked_at IS NULL OR checked_at < :before OR doubt IS NOT NULL)
    ORDER BY id
    """
)
GROUPS_OF = text(
    """
    SELECT g.id, g.telegram_id, e.access_hash,
           coalesce((SELECT max(m.telegram_message_id) FROM group_messages m
                     WHERE m.study_group_id = g.id), 0) AS last
    FROM study_groups g
    JOIN account_entities e ON e.account_id = g.account_id AND e.kind = 'channel'
                           AND e.telegram_id = g.telegram_id
    WHERE g.account_id = :account AND g.state = 'active'
    ORDER BY g.id
    """
)
KNOWN_TALK = text(
    """
    SELECT telegram_message_id AS message, text FROM group_messages
    WHERE study_group_id = :group AND telegram_message_id > :above AND deleted_at IS NULL
    """
)
ADD = text(
    """
    INSERT INTO study_groups (account_id, telegram_id, title, language, doubt)
    VALUES (:account, :telegram_id, :title, :language, 'its notice was not pinned yet')
    RETURNING id
    """
)
GRANT = text(
    """
    INSERT INTO grants (study_group_id, account_id, granted_by_name, proof, scope, linked_group_id,
                        starts_at)
    VALUES (:group, :account, :actor, 'creator', 'study_group', :telegram_id, now())
    """
)
ADDRESS = text(
    """
    INSERT INTO account_entities (account_id, kind, telegram_id, access_hash)
    VALUES (:account, 'channel', :telegram_id, :access_hash)
    ON CONFLICT (account_id, kind, telegram_id) DO UPDATE
    SET access_hash = excluded.access_hash, seen_at = now()
    """
)
SEAT = text(
    """
    INSERT INTO study_group_roles (study_group_id, account_id, role, ended_at, ended_for)
    VALUES (:group, :account, :role, now(), 'unnamed')
    ON CONFLICT (study_group_id, account_id) DO UPDATE
    SET role = excluded.role, since = now(), ended_at = now(), ended_for = 'unnamed'
    """
)
UNSEAT = text(
    """
    UPDATE study_group_roles SET ended_at = now(), ended_for = 'removed'
    WHERE study_group_id = :group AND account_id = :account
      AND ended_for IS DISTINCT FROM 'removed'
    """
)
ROLES_OF = text(
    """
    SELECT DISTINCT r.role, g.language
    FROM study_group_roles r JOIN study_groups g ON g.id = r.study_group_id
    WHERE r.account_id = :account AND g.state = 'active'
      AND r.ended_for IS DISTINCT FROM 'removed'
    ORDER BY r.role, g.language
    """
)
NOTE_BIO = text(
    """
    WITH changed AS MATERIALIZED (
        SELECT study_group_id, account_id, role = ANY(CAST(:named AS text[])) AS named
        FROM study_group_roles
        WHERE account_id = :account AND ended_for IS DISTINCT FROM 'removed'
          AND (ended_for IS NULL) <> (role = ANY(CAST(:named AS text[])))
        ORDER BY study_group_id FOR NO KEY UPDATE
    )
    UPDATE study_group_roles r
    SET ended_at = CASE WHEN c.named THEN NULL ELSE now() END,
        ended_for = CASE WHEN c.named THEN NULL ELSE 'unnamed' END
    FROM changed c
    WHERE r.study_group_id = c.study_group_id AND r.account_id = c.account_id
    """
)
WORD_NOTICE = text(
    """
    UPDATE study_groups
    SET notice_text = :text, pinned_notice_id = NULL, doubt = 'its notice is being written',
        notice_message_id = CASE WHEN CAST(:random_id AS bigint) IS NULL THEN notice_message_id END,
        notice_random_id = coalesce(CAST(:random_id AS bigint), notice_random_id)
    WHERE id = :group
    """
)
NOTE_NOTICE = text(
    """
    UPDATE study_groups
    SET notice_message_id = :notice, pinned_notice_id = :notice, doubt = NULL, checked_at = :at
    WHERE id = :group AND notice_text = :text AND doubts = :doubts AND state = 'active'
    """
)
PROVE = text(
    """
    UPDATE grants SET verified_at = now()
    WHERE study_group_id = :group AND revoked_at IS NULL
    """
)
DOUBT = text(
    """
    UPDATE study_groups SET pinned_notice_id = NULL, doubt = :why, doubts = doubts + 1
    WHERE id = :group
    """
)
KNOW_PEOPLE = text(
    """
    INSERT INTO contacts (telegram_id, username, name)
    SELECT p.telegram_id, p.username, p.name
    FROM unnest(CAST(:people AS bigint[]), CAST(:usernames AS text[]), CAST(:names AS text[]))
        AS p (telegram_id, username, name)
    WHERE NOT EXISTS (SELECT FROM accounts a WHERE a.telegram_id = p.telegram_id)
    ORDER BY p.telegram_id
    ON CONFLICT (telegram_id) DO NOTHING
    """
)
NOTE_MEMBERS = text(
    """
    INSERT INTO study_group_members (study_group_id, contact_id)
    SELECT :group, c.id FROM contacts c
    WHERE c.telegram_id = ANY(CAST(:people AS bigint[]))
    ORDER BY c.id
    ON CONFLICT (study_group_id, contact_id) DO UPDATE SET left_at = NULL
    WHERE study_group_members.left_at IS NOT NULL
    """
)
NOTE_LEFT = text(
    """
    UPDATE study_group_members m SET left_at = now()
    FROM contacts c
    WHERE m.study_group_id = :group AND m.left_at IS NULL AND c.id = m.contact_id
      AND c.telegram_id <> ALL(CAST(:people AS bigint[]))
    """
)
CLOSE = text(
    """
    UPDATE study_groups
    SET state = 'closed', closed_at = now(), closed_by = :actor, pinned_notice_id = NULL,
        doubt = 'the group is closed'
    WHERE id = :group AND state = 'active'
    """
)
REVOKE = text(
    """
    UPDATE grants SET revoked_at = now(), revoked_by = :actor
    WHERE study_group_id = :group AND revoked_at IS NULL
    """
)
STOP_LESSONS = text(
    """
    UPDATE lessons SET state = 'stopped', ended_at = now(), reason = :reason
    WHERE study_group_id = :group AND state = 'running'
    """
)
STOP_JOURNEYS = text(
    """
    UPDATE journeys SET state = 'stopped', ended_at = now(), reason = :reason
    WHERE study_group_id = :group AND state = 'active'
    """
)
# What was attempted may be on Telegram already and is settled by its lane.
CANCEL = text(
    """
    WITH waiting AS MATERIALIZED (
        SELECT id FROM outbox
        WHERE study_group_id = :group AND state = 'due' AND NOT unsettled
          AND (CAST(:account AS bigint) IS NULL OR account_id = :account)
        ORDER BY id FOR UPDATE
    )
    UPDATE outbox SET state = 'cancelled', finished_at = now(), last_error = :reason
    WHERE id = ANY(ARRAY(SELECT id FROM waiting)) AND state = 'due' AND NOT unsettled
    """
)


class LineNotQueuedError(Exception):
    """Undoes a transaction one of whose lines was refused; caught by whoever began it."""

    def __init__(self, refused: LineRefused) -> None:
        super().__init__(refused)
        self.refused = refused


@dataclass(frozen=True, slots=True)
class PostgresStudyGroups:
    """Implements `StudyGroupStore`."""

    engine: AsyncEngine

    async def add_group(
        self, actor: Actor, creator: AccountId, seen: GroupSeen, language: Language
    ) -> StudyGroup:
        """Record a group with its host and its grant."""
        telegram_id = seen.peer.telegram_id
        about = {"account": creator, "telegram_id": telegram_id}
        async with transaction(self.engine) as connection:
            await run(connection, ADDRESS, access_hash=seen.peer.access_hash, **about)
            added = await one(connection, ADD, title=seen.title, language=language, **about)
            if added is None:
                raise RuntimeError("PostgreSQL returned no row for an INSERT")
            group = StudyGroupId(added.id)
            await run(connection, SEAT, group=group, account=creator, role=GroupRole.HOST)
            await run(connection, GRANT, group=group, actor=actor.name, **about)
            after = {"title": seen.title, "account": creator}
            await write_audit(connection, actor, "add_group", f"group {group}", after=after)
            return await read_group(connection, group)

    async def groups(self, state: GroupState | None = None) -> Sequence[StudyGroup]:
        """Return groups, newest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, LIST, state=state)
            seats = await read_cast(connection, [row.id for row in found])
        return [group_of(row, seats) for row in found]

    async def group(self, group: StudyGroupId) -> StudyGroup:
        """Return the group."""
        async with transaction(self.engine) as connection:
            return await read_group(connection, group)

    async def groups_to_check(self, before: datetime) -> Sequence[StudyGroupId]:
        """Return active groups that nobody looked at since then, or that are in doubt."""
        async with transaction(self.engine) as connection:
            return [StudyGroupId(row.id) for row in await rows(connection, TO_CHECK, before=before)]

    async def groups_of(self, creator: AccountId) -> Sequence[tuple[StudyGroupId, Peer, MessageId]]:
        """Return the active groups that an account created."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, GROUPS_OF, account=creator)
        return [
            (
                StudyGroupId(row.id),
                Peer("channel", TelegramId(row.telegram_id), row.access_hash),
                MessageId(row.last),
            )
            for row in found
        ]

    async def known_talk(self, group: StudyGroupId, above: MessageId) -> dict[MessageId, str]:
        """Return what messages say that are not known to be deleted."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, KNOWN_TALK, group=group, above=above)
        return {MessageId(row.message): row.text for row in found}

    async def seat(
        self, actor: Actor, group: StudyGroupId, account: AccountId, role: GroupRole, peer: Peer
    ) -> None:
        """Give an account a role that rests until its bio names it."""
        async with transaction(self.engine) as connection:
            await run(
                connection,
                ADDRESS,
                account=account,
                telegram_id=peer.telegram_id,
                access_hash=peer.access_hash,
            )
            await give_role(connection, actor, group, account, role)

    async def change_role(
        self, actor: Actor, group: StudyGroupId, account: AccountId, role: GroupRole
    ) -> None:
        """Give an account another role that rests until its bio names it."""
        async with transaction(self.engine) as connection:
            await give_role(connection, actor, group, account, role)

    async def unseat(self, actor: Actor, group: StudyGroupId, account: AccountId) -> int:
        """Take a role away with what waits to be said in it."""
        async with transaction(self.engine) as connection:
            await run(connection, UNSEAT, group=group, account=account)
            why = f"the role was taken away by {actor.name}"
            cancelled = await cancel_lines(connection, group, why, account)
            after = {"account": account, "cancelled": cancelled}
            await write_audit(connection, actor, "unseat_account", f"group {group}", after=after)
        return cancelled

    async def roles_of(self, account: AccountId) -> Sequence[HeldRole]:
        """Return what an account is in active groups."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, ROLES_OF, account=account)
        return [HeldRole(GroupRole(row.role), row.language) for row in found]

    async def note_bio(self, account: AccountId, named: frozenset[GroupRole]) -> None:
        """Let roles speak that the bio names, and others rest."""
        async with transaction(self.engine) as connection:
            await run(connection, NOTE_BIO, account=account, named=sorted(named))

    async def word_notice(self, group: StudyGroupId, text: str, random_id: int | None) -> None:
        """Store how the notice must read."""
        async with transaction(self.engine) as connection:
            await run(connection, WORD_NOTICE, group=group, text=text, random_id=random_id)

    async def note_notice(
        self, looked: StudyGroup, text: str, notice: MessageId, at: datetime
    ) -> bool:
        """Store that the notice stands, and the grant with it."""
        seen = {"text": text, "notice": notice, "doubts": looked.doubts, "at": at}
        async with transaction(self.engine) as connection:
            noted = await run(connection, NOTE_NOTICE, group=looked.id, **seen)
            if noted:
                await run(connection, PROVE, group=looked.id)
        return noted == 1

    async def doubt(self, group: StudyGroupId, why: str) -> None:
        """Let nobody speak for now."""
        async with transaction(self.engine) as connection:
            await run(connection, DOUBT, group=group, why=why)

    async def note_members(self, group: StudyGroupId, people: Sequence[GroupMember]) -> None:
        """Store who is there besides our accounts and bots."""
        humans = {one.telegram_id: one for one in people if not one.is_bot}
        numbers = list(humans)
        async with transaction(self.engine) as connection:
            await run(
                connection,
                KNOW_PEOPLE,
                people=numbers,
                usernames=[one.username for one in humans.values()],
                names=[one.name for one in humans.values()],
            )
            await run(connection, NOTE_MEMBERS, group=group, people=numbers)
            await run(connection, NOTE_LEFT, group=group, people=numbers)

    async def close_group(self, actor: Actor, group: StudyGroupId) -> int:
        """End the group's talk with everything that belongs to it."""
        reason = f"the group was closed by {actor.name}"
        async with transaction(self.engine) as connection:
            if not await run(connection, CLOSE, group=group, actor=actor.name):
                known = await read_group(connection, group)
                raise NotAllowed(f"“{known.title}” is closed already")
            await run(connection, REVOKE, group=group, actor=actor.name)
            await run(connection, STOP_JOURNEYS, group=group, reason=reason)
            await run(connection, STOP_LESSONS, group=group, reason=reason)
            cancelled = await cancel_lines(connection, group, reason)
            after = {"cancelled": cancelled}
            await write_audit(connection, actor, "close_group", f"group {group}", after=after)
        return cancelled


async def give_role(
    connection: AsyncConnection,
    actor: Actor,
    group: StudyGroupId,
    account: AccountId,
    role: GroupRole,
) -> None:
    """Seat an account, in somebody's transaction."""
    await run(connection, SEAT, group=group, account=account, role=role)
    after = {"account": account, "role": role}
    await write_audit(connection, actor, "seat_account", f"group {group}", after=after)


async def say_in_group(connection: AsyncConnection, line: NewGroupLine) -> OutboxId:
    """Queue a line in somebody's transaction; raises LineNotQueuedError, which undoes it."""
    queued = await queue_group_line(connection, line)
    if isinstance(queued, LineRefused):
        raise LineNotQueuedError(queued)
    return queued


async def cancel_lines(
    connection: AsyncConnection, group: StudyGroupId, reason: str, account: AccountId | None = None
) -> int:
    """Cancel what waits to be said in a group, by one account or by all."""
    return await run(connection, CANCEL, group=group, account=account, reason=reason)


async def read_group(connection: AsyncConnection, group: StudyGroupId) -> StudyGroup:
    """Read a group with its cast; raises NotFound."""
    row = await one(connection, FIND, group=group)
    if row is None:
        raise NotFound(f"there is no study group {group}: see `troupe groups list`")
    return group_of(row, await read_cast(connection, [group]))


async def read_cast(
    connection: AsyncConnection, groups: Sequence[int]
) -> dict[int, tuple[Seat, ...]]:
    """Read who is who in groups."""
    found: dict[int, tuple[Seat, ...]] = {}
    for row in await rows(connection, CAST, groups=list(groups)):
        found[row.study_group_id] = (*found.get(row.study_group_id, ()), seat_of(row))
    return found


def seat_of(row: Row[Any]) -> Seat:
    """Read one of our accounts in a group."""
    fields = Persona.model_fields
    persona = row.persona and {name: row.persona[name] for name in fields}
    return Seat(
        account=AccountId(row.account_id),
        name=row.name,
        telegram_id=None if row.telegram_id is None else TelegramId(row.telegram_id),
        username=row.username,
        shown=row.shown,
        persona=Persona.model_validate(persona) if persona else None,
        role=GroupRole(row.role),
        ended=None if row.ended_for is None else RoleEnd(row.ended_for),
    )


def group_of(row: Row[Any], seats: dict[int, tuple[Seat, ...]]) -> StudyGroup:
    """Read a group out of its row."""
    notice = row.notice_message_id
    return StudyGroup(
        id=StudyGroupId(row.id),
        title=row.title,
        language=row.language,
        state=GroupState(row.state),
        peer=Peer("channel", TelegramId(row.telegram_id), row.access_hash),
        creator=AccountId(row.account_id),
        notice=None if notice is None else MessageId(notice),
        notice_text=row.notice_text,
        notice_random_id=row.notice_random_id,
        notice_pinned=row.pinned_notice_id is not None,
        doubt=row.doubt,
        doubts=row.doubts,
        cast=seats.get(row.id, ()),
        members=row.members,
        created_at=row.created_at,
        checked_at=row.checked_at,
        closed_at=row.closed_at,
    )
