"""What admins edit: menu, canned replies, texts, hours, SLA policies. Every change is audited."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from sqlalchemy import Row, TextClause, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction, write_json
from db.stores.audit import Facts, write_audit
from db.stores.base import one, rows, run
from db.stores.desk_clocks import POLICIES, calendar_numbered, to_policy
from orchestrator.errors import BadInput, NotAllowed
from support.actor import Actor
from support.calendar import Span, WorkCalendar
from support.catalogue import CANNED_VARIABLES, CannedReply, Flow, Hours, MenuTopic, Worded
from support.ids import MenuTopicId
from support.languages import Language
from support.sla import ClockKind, SlaPolicy
from support.texts.filling import variables_of
from support.texts.library import problem_with
from support.tickets import Priority

MENU = text(
    """
    SELECT id, key, position, is_active, flow, titles, answers, asks_phone, priority
    FROM menu_topics WHERE is_active OR NOT CAST(:active AS boolean) ORDER BY position, id
    """
)
TOPIC = text(
    """
    SELECT id, key, position, is_active, flow, titles, answers, asks_phone, priority
    FROM menu_topics WHERE key = :key
    """
)
PUT_TOPIC = text(
    """
    INSERT INTO menu_topics (key, position, is_active, flow, titles, answers, asks_phone, priority)
    VALUES (:key, :position, :is_active, :flow, CAST(:titles AS jsonb), CAST(:answers AS jsonb),
            :asks_phone, :priority)
    ON CONFLICT (key) DO UPDATE
    SET position = excluded.position, is_active = excluded.is_active, flow = excluded.flow,
        titles = excluded.titles, answers = excluded.answers, asks_phone = excluded.asks_phone,
        priority = excluded.priority
    """
)
REMOVE_TOPIC = text("DELETE FROM menu_topics WHERE key = :key")
CANNED = text("SELECT key, titles, texts FROM canned_replies ORDER BY key")
PUT_CANNED = text(
    """
    INSERT INTO canned_replies (key, titles, texts)
    VALUES (:key, CAST(:titles AS jsonb), CAST(:texts AS jsonb))
    ON CONFLICT (key) DO UPDATE SET titles = excluded.titles, texts = excluded.texts
    """
)
REMOVE_CANNED = text("DELETE FROM canned_replies WHERE key = :key")
TEXTS = text("SELECT key, language, text FROM desk_texts")
PUT_TEXT = text(
    """
    INSERT INTO desk_texts (key, language, text, changed_by) VALUES (:key, :language, :text, :by)
    ON CONFLICT (key, language) DO UPDATE
    SET text = excluded.text, changed_by = excluded.changed_by, changed_at = now()
    """
)
REMOVE_TEXT = text("DELETE FROM desk_texts WHERE key = :key AND language = :language")
CALENDARS = text("SELECT id, key, zone, is_desk FROM desk_calendars ORDER BY key")
HOURS = text("SELECT calendar_id, weekday, opens, closes FROM business_hours ORDER BY 1, 2, 3")
HOLIDAYS = text("SELECT calendar_id, day, name FROM holidays ORDER BY calendar_id, day")
DESK_CALENDAR = text("SELECT id FROM desk_calendars WHERE is_desk")
NO_OTHER_DESK = text("UPDATE desk_calendars SET is_desk = false WHERE is_desk AND key <> :key")
PUT_CALENDAR = text(
    """
    INSERT INTO desk_calendars (key, zone, is_desk) VALUES (:key, :zone, :is_desk)
    ON CONFLICT (key) DO UPDATE SET zone = excluded.zone, is_desk = excluded.is_desk
    RETURNING id
    """
)
CLEAR_HOURS = text("DELETE FROM business_hours WHERE calendar_id = :calendar")
CLEAR_HOLIDAYS = text("DELETE FROM holidays WHERE calendar_id = :calendar")
PUT_SPAN = text(
    """
    INSERT INTO business_hours (calendar_id, weekday, opens, closes)
    VALUES (:calendar, :weekday, :opens, :closes)
    """
)
PUT_HOLIDAY = text(
    """
    INSERT INTO holidays (calendar_id, day, name) VALUES (:calendar, :day, :name)
    ON CONFLICT (calendar_id, day) DO UPDATE SET name = excluded.name
    """
)
CALENDAR_KEYED = text("SELECT id FROM desk_calendars WHERE key = :key")
COUNTED_BY = text(
    """
    SELECT p.key FROM sla_policies p JOIN desk_calendars c ON c.id = p.calendar_id
    WHERE c.key = :key LIMIT 1
    """
)
REMOVE_CALENDAR = text("DELETE FROM desk_calendars WHERE key = :key")
PUT_POLICY = text(
    """
    INSERT INTO sla_policies (key, first_answer, next_answer, resolution, warn_before, calendar_id,
                              topic, priority, pauses_while_waiting, is_active)
    VALUES (:key, :first_answer, :next_answer, :resolution, :warn_before, :calendar, :topic,
            :priority, :pauses, :is_active)
    ON CONFLICT (key) DO UPDATE
    SET first_answer = excluded.first_answer, next_answer = excluded.next_answer,
        resolution = excluded.resolution, warn_before = excluded.warn_before,
        calendar_id = excluded.calendar_id, topic = excluded.topic, priority = excluded.priority,
        pauses_while_waiting = excluded.pauses_while_waiting, is_active = excluded.is_active
    """
)
REMOVE_POLICY = text("DELETE FROM sla_policies WHERE key = :key")


@dataclass(frozen=True, slots=True)
class PostgresCatalogue:
    """Implements `CatalogueStore`."""

    engine: AsyncEngine

    async def menu(self, *, only_active: bool = True) -> Sequence[MenuTopic]:
        """Return the start menu in its order."""
        async with transaction(self.engine) as connection:
            return [to_topic(row) for row in await rows(connection, MENU, active=only_active)]

    async def menu_topic(self, key: str) -> MenuTopic | None:
        """Return a topic."""
        async with transaction(self.engine) as connection:
            row = await one(connection, TOPIC, key=key)
        return None if row is None else to_topic(row)

    async def put_menu_topic(self, actor: Actor, topic: MenuTopic) -> MenuTopic:
        """Add a topic, or change the one with that key."""
        if not topic.key.strip() or not any(topic.titles.values()):
            raise BadInput("A menu topic needs a key and a title")
        async with transaction(self.engine) as connection:
            await run(
                connection,
                PUT_TOPIC,
                key=topic.key,
                position=topic.position,
                is_active=topic.is_active,
                flow=topic.flow,
                titles=write_json(dict(topic.titles)),
                answers=write_json(dict(topic.answers)),
                asks_phone=topic.asks_phone,
                priority=int(topic.priority),
            )
            after = {"titles": dict(topic.titles), "is_active": topic.is_active}
            subject = f"menu topic {topic.key}"
            await write_audit(connection, actor, "put_menu_topic", subject, after=after)
            [row] = await rows(connection, TOPIC, key=topic.key)
            return to_topic(row)

    async def remove_menu_topic(self, actor: Actor, key: str) -> bool:
        """Take a topic out for good."""
        return await self.remove(REMOVE_TOPIC, actor, "menu topic", key)

    async def canned_replies(self) -> Sequence[CannedReply]:
        """Return the canned replies by key."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, CANNED)
        return [CannedReply(row.key, in_words(row.titles), in_words(row.texts)) for row in found]

    async def put_canned_reply(self, actor: Actor, reply: CannedReply) -> None:
        """Add one or change it."""
        unknown = {
            name for text in reply.texts.values() for name in variables_of(text)
        } - CANNED_VARIABLES
        if unknown or not reply.key.strip() or not any(reply.texts.values()):
            filled = ", ".join(f"{{{name}}}" for name in sorted(CANNED_VARIABLES))
            raise BadInput(f"A canned reply needs a key and a text; it may hold {filled}")
        async with transaction(self.engine) as connection:
            values = {
                "titles": write_json(dict(reply.titles)),
                "texts": write_json(dict(reply.texts)),
            }
            await run(connection, PUT_CANNED, key=reply.key, **values)
            after = {"texts": dict(reply.texts)}
            subject = f"canned reply {reply.key}"
            await write_audit(connection, actor, "put_canned_reply", subject, after=after)

    async def remove_canned_reply(self, actor: Actor, key: str) -> bool:
        """Remove one."""
        return await self.remove(REMOVE_CANNED, actor, "canned reply", key)

    async def text_overrides(self) -> Mapping[tuple[str, Language], str]:
        """Return the texts that admins put in place of ours."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, TEXTS)
        return {(row.key, Language(row.language)): row.text for row in found}

    async def put_text(self, actor: Actor, key: str, language: Language, text: str | None) -> None:
        """Put a text in place of ours."""
        problem = problem_with(key, language, text)
        if problem is not None:
            raise BadInput(problem)
        async with transaction(self.engine) as connection:
            if text is None:
                await run(connection, REMOVE_TEXT, key=key, language=language)
            else:
                values = {"text": text, "by": actor.name}
                await run(connection, PUT_TEXT, key=key, language=language, **values)
            subject, after = f"text {key} {language}", {"text": text}
            await write_audit(connection, actor, "put_text", subject, after=after)

    async def hours(self) -> Sequence[Hours]:
        """Return the calendars by key."""
        async with transaction(self.engine) as connection:
            calendars = await rows(connection, CALENDARS)
            spans = await rows(connection, HOURS)
            days = await rows(connection, HOLIDAYS)
        return [to_hours(row, spans, days) for row in calendars]

    async def put_hours(self, actor: Actor, hours: Hours) -> None:
        """Add a calendar or change it."""
        check_zone(hours.zone)
        if not hours.key.strip() or not any(hours.week.values()):
            raise BadInput("Business hours need a name and at least one span, as mon 09:00-18:00")
        async with transaction(self.engine) as connection:
            if hours.is_desk:
                await run(connection, NO_OTHER_DESK, key=hours.key)
            values = {"key": hours.key, "zone": hours.zone, "is_desk": hours.is_desk}
            number = (await connection.execute(PUT_CALENDAR, values)).scalar_one()
            await put_days(connection, number, hours)
            after: Facts = {"zone": hours.zone, "is_desk": hours.is_desk}
            subject = f"business hours {hours.key}"
            await write_audit(connection, actor, "put_hours", subject, after=after)

    async def remove_hours(self, actor: Actor, key: str) -> bool:
        """Remove a calendar."""
        async with transaction(self.engine) as connection:
            used = await one(connection, COUNTED_BY, key=key)
        if used is not None:
            raise NotAllowed(f"SLA policy {used.key} counts by {key}: change or remove it first")
        return await self.remove(REMOVE_CALENDAR, actor, "business hours", key)

    async def add_holiday(self, actor: Actor, hours: str, day: date, name: str) -> None:
        """Close a calendar on a day."""
        async with transaction(self.engine) as connection:
            calendar = await calendar_keyed(connection, hours)
            await run(connection, PUT_HOLIDAY, calendar=calendar, day=day, name=name)
            subject, after = f"business hours {hours}", {"day": day.isoformat(), "name": name}
            await write_audit(connection, actor, "add_holiday", subject, after=after)

    async def desk_calendar(self) -> WorkCalendar | None:
        """Return the calendar that tells clients when the desk is open."""
        async with transaction(self.engine) as connection:
            row = await one(connection, DESK_CALENDAR)
            return None if row is None else await calendar_numbered(connection, row.id)

    async def policies(self) -> Sequence[SlaPolicy]:
        """Return the SLA policies by key."""
        async with transaction(self.engine) as connection:
            return [to_policy(row) for row in await rows(connection, POLICIES)]

    async def put_policy(self, actor: Actor, policy: SlaPolicy) -> None:
        """Add a policy or change it."""
        async with transaction(self.engine) as connection:
            named = policy.calendar
            calendar = None if named is None else await calendar_keyed(connection, named)
            await run(
                connection,
                PUT_POLICY,
                key=policy.key,
                first_answer=policy.first_answer,
                next_answer=policy.next_answer,
                resolution=policy.resolution,
                warn_before=policy.warn_before,
                calendar=calendar,
                topic=policy.topic,
                priority=None if policy.priority is None else int(policy.priority),
                pauses=policy.pauses_while_waiting,
                is_active=policy.is_active,
            )
            subject, after = f"SLA policy {policy.key}", facts_of(policy)
            await write_audit(connection, actor, "put_policy", subject, after=after)

    async def remove_policy(self, actor: Actor, key: str) -> bool:
        """Remove a policy."""
        return await self.remove(REMOVE_POLICY, actor, "SLA policy", key)

    async def remove(self, statement: TextClause, actor: Actor, what: str, key: str) -> bool:
        """Remove something, on record; False when it was not there."""
        async with transaction(self.engine) as connection:
            if not await run(connection, statement, key=key):
                return False
            await write_audit(connection, actor, "remove", f"{what} {key}")
            return True


async def put_days(connection: AsyncConnection, calendar: int, hours: Hours) -> None:
    """Write a calendar's week and holidays anew."""
    await run(connection, CLEAR_HOURS, calendar=calendar)
    await run(connection, CLEAR_HOLIDAYS, calendar=calendar)
    for weekday, spans in hours.week.items():
        for span in spans:
            values = {"weekday": weekday, "opens": span.opens, "closes": span.closes}
            await run(connection, PUT_SPAN, calendar=calendar, **values)
    for day, name in hours.holidays.items():
        await run(connection, PUT_HOLIDAY, calendar=calendar, day=day, name=name)


async def calendar_keyed(connection: AsyncConnection, key: str) -> int:
    """Return a calendar's number; raises BadInput."""
    row = await one(connection, CALENDAR_KEYED, key=key)
    if row is None:
        raise BadInput(f"There are no business hours {key}: add them first")
    number: int = row.id
    return number


def check_zone(name: str) -> None:
    """Refuse a time zone that there is not."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise BadInput(f"There is no time zone {name}: write one like Europe/Moscow") from None


def in_words(stored: Mapping[str, str]) -> Worded:
    """Read texts by language, leaving out languages that the desk does not speak."""
    return {Language(code): words for code, words in stored.items() if code in set(Language)}


def to_topic(row: Row[Any]) -> MenuTopic:
    """Read a topic from its row."""
    return MenuTopic(
        key=row.key,
        titles=in_words(row.titles),
        flow=Flow(row.flow),
        answers=in_words(row.answers),
        position=row.position,
        is_active=row.is_active,
        asks_phone=row.asks_phone,
        priority=Priority(row.priority),
        id=MenuTopicId(row.id),
    )


def to_hours(row: Row[Any], spans: Sequence[Row[Any]], days: Sequence[Row[Any]]) -> Hours:
    """Read a calendar from its rows."""
    week: dict[int, tuple[Span, ...]] = {}
    for span in spans:
        if span.calendar_id == row.id:
            week[span.weekday] = (*week.get(span.weekday, ()), Span(span.opens, span.closes))
    free = {day.day: day.name for day in days if day.calendar_id == row.id}
    return Hours(row.key, row.zone, week, free, row.is_desk)


def facts_of(policy: SlaPolicy) -> Facts:
    """Write what a policy promises, for the audit log."""
    told: dict[str, object] = {kind: policy.promise(kind) for kind in ClockKind}
    told |= {"warn_before": policy.warn_before, "priority": policy.priority}
    told |= {"calendar": policy.calendar, "topic": policy.topic}
    written = {name: str(one) for name, one in told.items() if one is not None}
    return {"is_active": policy.is_active, **written}
