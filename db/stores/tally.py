"""What has come of everything so far: counts from the ledger, and the newest decisions."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction
from db.stores.base import STEADY, one, rows, run
from orchestrator.ports.logs import Decision, Tally

COUNTS = text(
    """
    SELECT what, key, sum(count)::bigint AS total FROM ledger
    GROUP BY what, key HAVING sum(count) <> 0
    """
)
UNDECIDED = text(
    """
    WITH open_jobs AS (
        SELECT payload FROM jobs
        WHERE kind = 'ConsiderPost' AND state IN ('waiting', 'taken')
        UNION ALL
        SELECT payload FROM jobs WHERE kind = 'ConsiderPost' AND state = 'buried'
    ), considered AS (
        SELECT DISTINCT (payload -> 'post' ->> 0)::bigint AS channel_id,
                        (payload -> 'post' ->> 1)::bigint AS message_id
        FROM open_jobs
    )
    SELECT count(*) AS undecided FROM considered p
    WHERE NOT EXISTS (
        SELECT FROM silences s WHERE s.channel_id = p.channel_id AND s.message_id = p.message_id
    ) AND NOT EXISTS (
        SELECT FROM drafts d WHERE d.channel_id = p.channel_id AND d.message_id = p.message_id
    )
    """
)
"""A post waits for its decision as long as its job is not done; a buried job leaves it without."""
DECISIONS = text(
    """
    select * from (
        select p.text as post_text, ch.title as channel, 'silence' as outcome,
               null as account, s.detail as text, 'silence' as status, s.at
        from silences s
        join posts p using (channel_id, message_id)
        join channels ch on ch.id = s.channel_id
        order by s.at desc limit :limit
    ) silent
    union all select * from (
        select p.text, ch.title,
               case when d.state = 'review' then 'review' else 'comment' end,
               a.name, d.text, coalesce(c.status, d.state),
               coalesce(c.sent_at, d.created_at)
        from drafts d
        join posts p using (channel_id, message_id)
        join channels ch on ch.id = d.channel_id
        join accounts a on a.id = d.account_id
        left join comments c on c.draft_id = d.id
        order by d.id desc limit :limit
    ) spoken
    order by at desc limit :limit
    """
)
IN_REVIEW = text("SELECT count(*) AS waiting FROM drafts WHERE state = 'review'")
FIRST_COMMENT = text("SELECT min(sent_at) AS at FROM comments")


class PostgresTally:
    """Counts, read from PostgreSQL; implements `TallyStore`."""

    def __init__(self, engine: AsyncEngine) -> None:
        self.engine = engine

    async def tally(self) -> Tally:
        """Count posts, comments by status, silences by reason: none of their rows are read.

        All counts are of one moment: a decision between two of them would be in neither, and
        whoever waits for the end would see it too early.
        """
        async with transaction(self.engine) as connection:
            await run(connection, STEADY)
            counts: dict[str, dict[str, int]] = {}
            for row in await rows(connection, COUNTS):
                counts.setdefault(row.what, {})[row.key] = row.total
            undecided = await one(connection, UNDECIDED)
            in_review = await one(connection, IN_REVIEW)
            first = await one(connection, FIRST_COMMENT)
        return Tally(
            posts_seen=counts.get("posts", {}).get("", 0),
            undecided=undecided.undecided if undecided else 0,
            comments=counts.get("comments", {}),
            silences=counts.get("silences", {}),
            in_review=in_review.waiting if in_review else 0,
            first_comment_at=first.at if first else None,
        )

    async def decisions(self, limit: int) -> Sequence[Decision]:
        """Return the newest decisions about posts, newest first."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, DECISIONS, limit=limit)
        return [Decision(**row._mapping) for row in found]  # noqa: SLF001 - SQLAlchemy's public name
