"""Search, transcripts and figures of the desk."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from db.engine import transaction
from db.stores.base import one, rows
from db.stores.desk_clients import BY_ID as CLIENT
from db.stores.desk_clients import to_client
from db.stores.desk_places import TAGS
from db.stores.desk_rows import COLUMNS, find_ticket, to_ticket
from db.stores.desk_surveys import SURVEY, to_survey
from db.stores.desk_talk import OF_TICKET, read_messages
from support.ids import TicketId
from support.reports import DeskFigures, DeskStats, Found, Transcript
from support.tickets import Note

ASIDES = text(
    """
    SELECT author, text, created_at FROM ticket_notes WHERE ticket_id = :ticket
    UNION ALL
    SELECT actor_name, payload ->> 'text', ts FROM ticket_events
    WHERE ticket_id = :ticket AND action = 'call'
    ORDER BY created_at
    """
)
"""What staff wrote for one another: notes, and calls for help."""
WHOLE = 1_000_000

# Words said are found first by index; of each ticket the best message is shown.
BY_WORDS = text(
    """
    WITH hits AS MATERIALIZED (
        SELECT id, ticket_id,
               ts_rank(found_by, websearch_to_tsquery('russian', :query)) AS rank
        FROM ticket_messages
        WHERE found_by @@ websearch_to_tsquery('russian', :query) AND deleted_at IS NULL
        ORDER BY id DESC LIMIT 1000
    ),
    best AS MATERIALIZED (
        SELECT ticket_id, id, rank FROM (
            SELECT DISTINCT ON (ticket_id) ticket_id, id, rank FROM hits
            ORDER BY ticket_id, rank DESC, id DESC) AS of_each
        ORDER BY rank DESC, ticket_id DESC LIMIT :limit
    )
    SELECT b.ticket_id,
           ts_headline('russian', coalesce(m.message_text, m.caption, ''),
                       websearch_to_tsquery('russian', :query),
                       'StartSel="", StopSel="", MaxWords=20, MinWords=5') AS excerpt
    FROM best b JOIN ticket_messages m ON m.id = b.id
    ORDER BY b.rank DESC, b.ticket_id DESC
    """
)
BY_CLIENT = text(
    """
    WITH people AS MATERIALIZED (
        SELECT id FROM clients
        WHERE to_tsvector('simple'::regconfig, full_name) @@ plainto_tsquery('simple', :query)
           OR lower(username) = lower(ltrim(:query, '@'))
           OR telegram_id = CAST(:number AS bigint)
        LIMIT 50
    )
    SELECT t.id AS ticket_id, '' AS excerpt
    FROM people p JOIN tickets t ON t.client_id = p.id
    ORDER BY t.id DESC LIMIT :limit
    """
)
BY_NUMBER = text("SELECT id AS ticket_id, '' AS excerpt FROM tickets WHERE id = :number")
NAMED = text(
    COLUMNS.replace("SELECT t.id,", "SELECT c.full_name AS client, t.id,").replace(
        "FROM tickets t", "FROM tickets t JOIN clients c ON c.id = t.client_id"
    )
    + " WHERE t.id = ANY(CAST(:tickets AS bigint[]))"
)
# Now, and since a moment, for the whole desk (`who` is missing) and for each who worked on tickets.
FIGURES = text(
    """
    WITH counted AS MATERIALIZED (
        SELECT coalesce(u.display_name, u.name, h.name) AS who, t.state, t.created_at,
               t.closed_at, t.first_answer_at, t.id
        FROM tickets t
        LEFT JOIN users u ON u.id = t.operator_id
        LEFT JOIN technicians h ON h.id = t.technician_id
        WHERE t.merged_into IS NULL
          AND (t.state IN ('new', 'work') OR t.created_at >= :since
               OR t.state = 'closed' AND t.closed_at >= :since)
    ),
    promises AS (
        SELECT ticket_id,
               count(*) FILTER (WHERE met_at IS NOT NULL AND breached_at IS NULL) AS met,
               count(*) FILTER (WHERE breached_at IS NOT NULL OR due_at < now()
                                AND met_at IS NULL AND dropped_at IS NULL) AS broken
        FROM ticket_clocks
        WHERE ticket_id IN (SELECT id FROM counted) AND started_at >= :since
        GROUP BY ticket_id
    )
    SELECT c.who, GROUPING(c.who) = 1 AS is_whole,
           count(*) FILTER (WHERE c.state = 'new') AS waiting,
           count(*) FILTER (WHERE c.state = 'work') AS in_work,
           count(*) FILTER (WHERE c.created_at >= :since) AS opened,
           count(*) FILTER (WHERE c.closed_at >= :since) AS closed,
           avg(c.first_answer_at - c.created_at)
               FILTER (WHERE c.created_at >= :since) AS to_answer,
           avg(c.closed_at - c.created_at) FILTER (WHERE c.closed_at >= :since) AS to_close,
           coalesce(sum(p.met), 0) AS met, coalesce(sum(p.broken), 0) AS broken,
           avg((coalesce(f.q1, 0) + coalesce(f.q2, 0) + coalesce(f.q3, 0))::float
               / nullif(num_nonnulls(f.q1, f.q2, f.q3), 0))
               FILTER (WHERE f.asked_at >= :since) AS score
    FROM counted c
    LEFT JOIN promises p ON p.ticket_id = c.id
    LEFT JOIN feedback f ON f.ticket_id = c.id
    GROUP BY GROUPING SETS ((), (c.who))
    ORDER BY is_whole DESC, c.who
    """
)


@dataclass(frozen=True, slots=True)
class PostgresReports:
    """Implements `ReportStore`."""

    engine: AsyncEngine

    async def search(self, query: str, limit: int = 20) -> Sequence[Found]:
        """Find tickets by number, client or words."""
        asked = " ".join(query.replace("\0", " ").split())[:200]
        if not asked:
            return []
        number = asked.removeprefix("#")
        as_number = (
            int(number) if number.isascii() and number.isdigit() and len(number) < 19 else None
        )
        async with transaction(self.engine) as connection:
            hits: dict[int, str] = {}
            if as_number is not None:
                hits |= excerpts(await rows(connection, BY_NUMBER, number=as_number))
            values = {"query": asked, "limit": limit}
            found = await rows(connection, BY_CLIENT, number=as_number, **values)
            hits = excerpts(found) | hits
            hits |= excerpts(await rows(connection, BY_WORDS, **values))
            return await name_all(connection, hits, limit)

    async def transcript(self, ticket: TicketId) -> Transcript:
        """Return everything said in a ticket."""
        async with transaction(self.engine) as connection:
            known = await find_ticket(connection, ticket)
            [client] = await rows(connection, CLIENT, client=known.client)
            said = await read_messages(
                connection, OF_TICKET, ticket=ticket, after=None, limit=WHOLE
            )
            notes = await rows(connection, ASIDES, ticket=ticket)
            tags = await rows(connection, TAGS, ticket=ticket)
            survey = await one(connection, SURVEY, ticket=ticket)
        return Transcript(
            ticket=known,
            client=to_client(client),
            # Those who wrote at the same time are recorded in any order.
            messages=sorted(said, key=lambda one: one.sent_at),
            notes=[Note(row.author, row.text, row.created_at) for row in notes],
            tags=[row.tag for row in tags],
            survey=None if survey is None else to_survey(survey),
        )

    async def stats(self, since: datetime) -> DeskStats:
        """Return the desk's figures since then, and each operator's."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, FIGURES, since=since)
        figures = [to_figures(row) for row in found if row.is_whole or row.who is not None]
        return DeskStats(since, figures[0], figures[1:])


def excerpts(found: Sequence[Row[Any]]) -> dict[int, str]:
    """Read which tickets were found, with the words."""
    return {row.ticket_id: row.excerpt for row in found}


async def name_all(
    connection: AsyncConnection, hits: dict[int, str], limit: int
) -> Sequence[Found]:
    """Read the tickets that were found, in their order."""
    wanted = list(hits)[:limit]
    known = {row.id: row for row in await rows(connection, NAMED, tickets=wanted)}
    return [
        Found(to_ticket(known[number]), known[number].client, hits[number]) for number in wanted
    ]


def to_figures(row: Row[Any]) -> DeskFigures:
    """Read somebody's figures from their row."""
    return DeskFigures(
        name="" if row.is_whole else row.who,
        waiting=row.waiting,
        in_work=row.in_work,
        opened=row.opened,
        closed=row.closed,
        mean_to_answer=row.to_answer,
        mean_to_close=row.to_close,
        promises_met=int(row.met),
        promises_broken=int(row.broken),
        mean_score=row.score,
    )
