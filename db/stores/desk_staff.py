"""Users and their roles, one table for bot and web, and what the desk knows of them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import by_statement, transaction, write_json
from db.gathering import Gathering
from db.stores.audit import write_audit
from db.stores.base import not_found, one, rows, run
from db.stores.desk_clocks import start_clocks
from db.stores.desk_holding import LOCK_USERS
from orchestrator.errors import AlreadyExists, BadInput, NotAllowed, NotFound
from support.actor import Actor
from support.ids import OperatorId, TgUserId, TicketId
from support.languages import Language
from support.people import AskedOf, NewStaff, Question, Role, StaffMember, UserStatus
from support.sla import ClockKind

LOOKS_AT_ONCE = 100

COLUMNS = """
    SELECT u.id, u.name, u.display_name, u.telegram_id, u.status, s.username,
           coalesce(s.language, 'ru') AS language, s.started_at IS NOT NULL AS has_started,
           coalesce(s.is_away, false) AS is_away,
           s.asked, ARRAY(SELECT r.role FROM roles r WHERE r.user_id = u.id) AS roles
    FROM users u LEFT JOIN desk_staff s ON s.user_id = u.id
"""
BY_ID = text(COLUMNS + " WHERE u.id = :user")
BY_TELEGRAM_ID = text(
    COLUMNS
    + """
    WHERE u.telegram_id = :telegram_id AND u.status <> 'removed'
      AND EXISTS (SELECT FROM roles r WHERE r.user_id = u.id)
    """
)
NAMED = text(
    COLUMNS
    + """
    WHERE u.id = ANY(CAST(:users AS bigint[]))
       OR (u.telegram_id = ANY(CAST(:people AS bigint[])) AND u.status <> 'removed'
           AND EXISTS (SELECT FROM roles r WHERE r.user_id = u.id))
    """
)
BY_NAME = text(
    COLUMNS
    + """
    WHERE lower(u.name) = lower(:name) OR lower(s.username) = lower(ltrim(:name, '@'))
       OR CAST(u.telegram_id AS text) = :name
    ORDER BY u.status = 'removed', u.id LIMIT 1
    """
)
ALL = text(
    COLUMNS
    + """
    WHERE u.status <> 'removed'
      AND EXISTS (SELECT FROM roles r WHERE r.user_id = u.id
                  AND (CAST(:role AS text) IS NULL OR r.role = :role))
    ORDER BY u.name
    """
)
# One at a time changes who may do what, so that the last admin is never counted twice.
ALONE = text("SELECT pg_advisory_xact_lock(:key)")
ROLES = 0x7472_6F75_7065_03
SAME_PERSON = text(
    """
    SELECT id, name, telegram_id FROM users
    WHERE name = :name OR telegram_id = CAST(:telegram_id AS bigint)
    """
)
INSERT = text("INSERT INTO users (name, telegram_id) VALUES (:name, :telegram_id) RETURNING id")
REVIVE = text(
    """
    UPDATE users SET telegram_id = coalesce(:telegram_id, telegram_id),
                     status = CASE WHEN status = 'removed' THEN 'active' ELSE status END
    WHERE id = :user
    """
)
GIVE_ROLES = text(
    """
    INSERT INTO roles (user_id, role, given_by)
    SELECT CAST(:user AS bigint), role, CAST(:by AS text)
    FROM unnest(CAST(:roles AS text[])) AS role
    ON CONFLICT DO NOTHING
    """
)
TAKE_ROLES = text("DELETE FROM roles WHERE user_id = :user AND role <> ALL(CAST(:roles AS text[]))")
SET_STATUS = text("UPDATE users SET status = :status WHERE id = :user")
ADMINS = text(
    """
    SELECT count(*) AS admins FROM users u JOIN roles r ON r.user_id = u.id
    WHERE r.role = 'admin' AND u.status = 'active'
    """
)
# A technician goes on with what they have, whoever of the operators leaves.
LET_GO = text(
    """
    UPDATE tickets
    SET state = CASE WHEN technician_id IS NULL THEN 'new' ELSE 'work' END,
        operator_id = NULL, is_current = false,
        taken_at = CASE WHEN technician_id IS NOT NULL THEN taken_at END
    WHERE operator_id = :user AND state = 'work' RETURNING id
    """
)
NOTE_LET_GO = text(
    """
    INSERT INTO ticket_events (ticket_id, actor, actor_name, action, payload, to_tell)
    VALUES (:ticket, 'SYSTEM', :by, 'return', jsonb_build_object('verdict', 'done', 'why', 'left'),
            true)
    """
)
KEEP = text(
    """
    INSERT INTO desk_staff (user_id, username) VALUES (:user, :username)
    ON CONFLICT (user_id) DO UPDATE SET username = coalesce(excluded.username, desk_staff.username)
    """
)
SEE = text(
    """
    INSERT INTO desk_staff (user_id, username, started_at)
    VALUES (:user, :username, CASE WHEN CAST(:started AS boolean) THEN now() END)
    ON CONFLICT (user_id) DO UPDATE
    SET username = excluded.username,
        started_at = coalesce(desk_staff.started_at, excluded.started_at)
    """
)
CALL = text(
    """
    UPDATE users SET last_seen_at = now(), display_name = coalesce(nullif(:name, ''), display_name)
    WHERE id = :user
    """
)
AWAY = text(
    """
    INSERT INTO desk_staff (user_id, is_away) VALUES (:user, :is_away)
    ON CONFLICT (user_id) DO UPDATE SET is_away = excluded.is_away
    """
)
LANGUAGE = text(
    """
    INSERT INTO desk_staff (user_id, language) VALUES (:user, :language)
    ON CONFLICT (user_id) DO UPDATE SET language = excluded.language
    """
)
ASK = text(
    """
    INSERT INTO desk_staff (user_id, asked) VALUES (:user, CAST(:asked AS jsonb))
    ON CONFLICT (user_id) DO UPDATE SET asked = excluded.asked
    """
)


@dataclass(frozen=True, slots=True)
class PostgresStaff:
    """Implements `StaffStore`; who is asked for at about the same time is read together."""

    engine: AsyncEngine
    alone: AsyncEngine = field(init=False)
    """For what is one statement."""
    looks: Gathering[OperatorId, StaffMember | None] = field(init=False)
    faces: Gathering[TgUserId, StaffMember | None] = field(init=False)

    def __post_init__(self) -> None:
        """Begin to gather."""
        object.__setattr__(self, "alone", by_statement(self.engine))
        object.__setattr__(self, "looks", Gathering("staff", self.look, limit=LOOKS_AT_ONCE))
        object.__setattr__(self, "faces", Gathering("staff", self.face, limit=LOOKS_AT_ONCE))

    async def look(self, users: Sequence[OperatorId]) -> Sequence[StaffMember | None]:
        """Find users by their numbers."""
        found = {one.id: one for one in await self.named(users, ())}
        return [found.get(user) for user in users]

    async def face(self, people: Sequence[TgUserId]) -> Sequence[StaffMember | None]:
        """Find users by their Telegram ids."""
        found = {one.telegram_id: one for one in await self.named((), people)}
        return [found.get(person) for person in people]

    async def named(
        self, users: Sequence[OperatorId], people: Sequence[TgUserId]
    ) -> list[StaffMember]:
        """Read users."""
        wanted = {"users": sorted(set(users)), "people": sorted(set(people))}
        async with transaction(self.alone) as connection:
            return [to_member(row) for row in await rows(connection, NAMED, **wanted)]

    async def seed_admins(
        self, actor: Actor, supreme: Sequence[TgUserId], dev: Sequence[TgUserId]
    ) -> int:
        """Make these people active admins where they are not."""
        made = 0
        for telegram_id in dict.fromkeys((*supreme, *dev)):
            known = await self.staff_of(telegram_id)
            if known is None or not known.is_admin:
                name = f"admin-{telegram_id}" if known is None else known.name
                await self.add_staff(actor, NewStaff(name, telegram_id, frozenset({Role.ADMIN})))
                made += 1
        return made

    async def add_staff(self, actor: Actor, new: NewStaff) -> StaffMember:
        """Add a user or give an existing one more roles."""
        if not new.roles or not new.name.strip():
            raise BadInput("Staff need a name and at least one role: admin, lead, operator …")
        async with transaction(self.engine) as connection:
            await run(connection, ALONE, key=ROLES)
            user = await find_or_add(connection, new)
            values = {"roles": sorted(new.roles), "by": actor.name}
            await run(connection, GIVE_ROLES, user=user, **values)
            await run(connection, KEEP, user=user, username=new.username)
            after = {"roles": sorted(new.roles), "telegram_id": new.telegram_id}
            await write_audit(connection, actor, "add_staff", f"user {new.name}", after=after)
            return await member(connection, user)

    async def set_roles(
        self, actor: Actor, user: OperatorId, roles: frozenset[Role]
    ) -> StaffMember:
        """Give exactly these roles."""
        async with transaction(self.engine) as connection:
            await run(connection, ALONE, key=ROLES)
            await run(connection, LOCK_USERS, users=[user])
            was = await member(connection, user)
            await run(connection, TAKE_ROLES, user=user, roles=sorted(roles))
            values = {"roles": sorted(roles), "by": actor.name}
            await run(connection, GIVE_ROLES, user=user, **values)
            now = await member(connection, user)
            await keep_an_admin(connection, was)
            await let_go(connection, actor, now)
            before, after = {"roles": sorted(was.roles)}, {"roles": sorted(roles)}
            await write_audit(
                connection, actor, "set_roles", f"user {was.name}", before=before, after=after
            )
            return now

    async def set_status(self, actor: Actor, user: OperatorId, status: UserStatus) -> StaffMember:
        """Let somebody act, or not."""
        async with transaction(self.engine) as connection:
            await run(connection, ALONE, key=ROLES)
            await run(connection, LOCK_USERS, users=[user])
            was = await member(connection, user)
            await run(connection, SET_STATUS, user=user, status=status)
            now = await member(connection, user)
            await keep_an_admin(connection, was)
            await let_go(connection, actor, now)
            before, after = {"status": was.status}, {"status": status}
            await write_audit(
                connection, actor, "set_status", f"user {was.name}", before=before, after=after
            )
            return now

    async def staff(self, role: Role | None = None) -> Sequence[StaffMember]:
        """Return users with roles, by name."""
        async with transaction(self.engine) as connection:
            return [to_member(row) for row in await rows(connection, ALL, role=role)]

    async def staff_member(self, user: OperatorId) -> StaffMember:
        """Return a user."""
        found = await self.looks.ask(user)
        if found is None:
            raise unknown(user)
        return found

    async def staff_named(self, name: str) -> StaffMember:
        """Return the user of that name, @username or Telegram id."""
        async with transaction(self.engine) as connection:
            row = await one(connection, BY_NAME, name=name)
            if row is None:
                names = [known.name for known in await rows(connection, ALL, role=None)]
                remedy = "add one with `troupe operators add`"
                raise not_found("operator", name, names, remedy)
            return to_member(row)

    async def staff_of(self, telegram_id: TgUserId) -> StaffMember | None:
        """Return the user with that Telegram id."""
        return await self.faces.ask(telegram_id)

    async def see_staff(
        self, telegram_id: TgUserId, username: str | None, full_name: str, *, started: bool
    ) -> StaffMember | None:
        """Remember how they are called now, and that they pressed /start."""
        async with transaction(self.engine) as connection:
            row = await one(connection, BY_TELEGRAM_ID, telegram_id=telegram_id)
            if row is None:
                return None
            await run(connection, SEE, user=row.id, username=username, started=started)
            await run(connection, CALL, user=row.id, name=full_name)
            return await member(connection, OperatorId(row.id))

    async def set_away(self, user: OperatorId, *, is_away: bool) -> None:
        """Let assignment pass somebody by, or not."""
        await self.keep(AWAY, user, is_away=is_away)

    async def set_staff_language(self, user: OperatorId, language: Language) -> None:
        """Remember in which language the bot speaks with them."""
        await self.keep(LANGUAGE, user, language=language)

    async def ask_staff(self, user: OperatorId, asked: AskedOf | None) -> None:
        """Remember what they were asked."""
        await self.keep(ASK, user, asked=None if asked is None else write_json(asdict(asked)))

    async def keep(self, statement: TextClause, user: OperatorId, **values: object) -> None:
        """Remember something of a user; raises NotFound."""
        async with transaction(self.engine) as connection:
            await member(connection, user)
            await run(connection, statement, user=user, **values)


async def find_or_add(connection: AsyncConnection, new: NewStaff) -> OperatorId:
    """Find the user of that name or Telegram id, or add one; raises AlreadyExists for two."""
    person = {"name": new.name.strip(), "telegram_id": new.telegram_id}
    known = await rows(connection, SAME_PERSON, **person)
    if len(known) > 1 or any(
        None not in {row.telegram_id, new.telegram_id} and row.telegram_id != new.telegram_id
        for row in known
    ):
        raise AlreadyExists(
            f"{new.name} and Telegram id {new.telegram_id} are not the same user: choose another "
            "name"
        )
    if known:
        await run(connection, REVIVE, user=known[0].id, telegram_id=new.telegram_id)
        return OperatorId(known[0].id)
    return OperatorId((await connection.execute(INSERT, person)).scalar_one())


async def keep_an_admin(connection: AsyncConnection, was: StaffMember) -> None:
    """Refuse a change after which nobody is admin any more."""
    if was.is_admin and not (await connection.execute(ADMINS)).scalar_one():
        raise NotAllowed(f"{was.name} is the last admin: make somebody else admin first")


async def let_go(connection: AsyncConnection, actor: Actor, now: StaffMember) -> None:
    """Let the tickets of somebody who may not answer any more wait again."""
    if now.takes_tickets:
        return
    for row in await rows(connection, LET_GO, user=now.id):
        await run(connection, NOTE_LET_GO, ticket=row.id, by=actor.name)
        await start_clocks(connection, TicketId(row.id), (ClockKind.NEXT_ANSWER,))


async def member(connection: AsyncConnection, user: OperatorId) -> StaffMember:
    """Read a user; raises NotFound."""
    row = await one(connection, BY_ID, user=user)
    if row is None:
        raise unknown(user)
    return to_member(row)


def unknown(user: OperatorId) -> NotFound:
    """Say that there is no such user."""
    return NotFound(f"There is no user {user}: see `troupe operators list`")


def to_member(row: Row[Any]) -> StaffMember:
    """Read a user from its row."""
    return StaffMember(
        id=OperatorId(row.id),
        name=row.display_name or row.name,
        telegram_id=None if row.telegram_id is None else TgUserId(row.telegram_id),
        username=row.username,
        roles=frozenset(Role(role) for role in row.roles),
        status=UserStatus(row.status),
        has_started=row.has_started,
        is_away=row.is_away,
        language=Language(row.language),
        asked=asked_in(row.asked),
    )


def asked_in(found: dict[str, str] | None) -> AskedOf | None:
    """Read what somebody was asked."""
    if found is None:
        return None
    return AskedOf(Question(found["question"]), found["about"], found["answered_by"])
