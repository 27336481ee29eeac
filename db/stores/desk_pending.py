"""What clients write before they have a ticket, until it is known whose it is."""

from dataclasses import dataclass

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from db.engine import transaction, write_json
from db.stores.base import one, rows, run
from orchestrator.ports.desk import BotId, Json, MessageAt
from support.ids import ActKey, ChatId

MOST = 300
"""Messages that a ticket begins with; of more, the last."""

KEEP = text(
    """
    INSERT INTO desk_pending (bot_id, chat_id, message_id, album, content)
    VALUES (:bot, :chat, :message, :album, CAST(:content AS jsonb))
    ON CONFLICT (bot_id, chat_id, message_id) DO NOTHING
    """
)
RENEW = text(
    """
    UPDATE desk_pending SET content = CAST(:content AS jsonb)
    WHERE bot_id = :bot AND chat_id = :chat AND message_id = :message AND adopted_by IS NULL
    """
)
EARLIER_PART = text(
    """
    SELECT 1 FROM desk_pending
    WHERE bot_id = :bot AND chat_id = :chat AND message_id < :message AND album = :album LIMIT 1
    """
)
ADOPT = text(
    """
    WITH adopted AS (
        UPDATE desk_pending SET adopted_by = :act, adopted_at = coalesce(adopted_at, now())
        WHERE bot_id = :bot AND chat_id = :chat AND (adopted_by IS NULL OR adopted_by = :act)
        RETURNING message_id, content
    ), latest AS (
        SELECT message_id, content FROM adopted ORDER BY message_id DESC LIMIT :most
    )
    SELECT content FROM latest ORDER BY message_id
    """
)


@dataclass(frozen=True, slots=True)
class PostgresPending:
    """Implements `PendingStore`."""

    engine: AsyncEngine

    async def keep(self, bot: BotId, at: MessageAt, content: Json, album: str = "") -> bool:
        """Keep a message once."""
        values = {"bot": bot, "chat": at.chat, "message": at.message, "album": album}
        async with transaction(self.engine) as connection:
            await run(connection, KEEP, **values, content=write_json(content))
            return not album or await one(connection, EARLIER_PART, **values) is None

    async def renew(self, bot: BotId, at: MessageAt, content: Json) -> None:
        """Keep the new words."""
        values = {"bot": bot, "chat": at.chat, "message": at.message}
        async with transaction(self.engine) as connection:
            await run(connection, RENEW, **values, content=write_json(content))

    async def adopt(self, bot: BotId, chat: ChatId, act: ActKey) -> list[Json]:
        """Mark what waits as the act's, which finds the same when it is carried out again."""
        async with transaction(self.engine) as connection:
            found = await rows(connection, ADOPT, bot=bot, chat=chat, act=act, most=MOST)
        return [row.content for row in found]
