"""Files are kept where that is wanted, beside what is known of them."""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import fsspec
from sqlalchemy import text

from db.housekeeping import sweep
from desk.calls import open_bot
from desk.door import Door
from desk.media import Keeper
from orchestrator.tuning import Retention
from simulator.world.messages import Draft
from support.ids import TicketId
from tests.integration.desk.stand import Stand
from tests.integration.desk.test_relays import dialogue

ROOT = os.environ.get("TROUPE_TEST_MEDIA_ROOT", "memory://desk")
"""A place that is no folder; a trial names another one, such as `s3://bucket/desk`."""
# The second message moves into a ticket that is still open; the first one's is swept.
OLD = (
    """
    INSERT INTO tickets (client_id, mode, state, closed_at)
    SELECT client_id, mode, 'closed', now() - interval '3 years' FROM tickets
    """,
    """
    UPDATE ticket_messages SET ticket_id = (SELECT max(id) FROM tickets)
    WHERE id IN (SELECT message_id FROM attachments)
    """,
    """
    INSERT INTO attachments (message_id, file_id, file_unique_id, local_path)
    SELECT min(m.id), 'again', 'again', CAST(:path AS text) FROM ticket_messages m
    WHERE m.ticket_id = 1
    """,
)


async def paths(stand: Stand) -> list[str]:
    """Return where files are kept, in the order in which they came."""
    async with stand.engine.connect() as connection:
        found = await connection.execute(text("SELECT local_path FROM attachments ORDER BY id"))
        return [row.local_path for row in found]


def content(path: str) -> bytes:
    """Read a kept file."""
    with fsspec.open(path, "rb") as file:
        read: bytes = file.read()
        return read


def exists(path: str) -> bool:
    """Tell whether a file is kept there."""
    system, inside = fsspec.core.url_to_fs(path)
    there: bool = system.exists(inside)
    return there


@asynccontextmanager
async def keeping(stand: Stand, door: Door, root: str) -> AsyncIterator[Keeper]:
    """Make what keeps files, beside a door that runs."""
    bot = open_bot(stand.token, stand.url)
    try:
        yield Keeper(await door.open_house(bot), root)
    finally:
        await bot.session.close()


async def test_a_file_goes_with_its_ticket_but_for_one_that_another_message_came_with(
    stand: Stand,
) -> None:
    async with dialogue(stand) as talk, keeping(stand, talk.door, ROOT) as keeper:
        for name in ("bill.pdf", "photo.pdf"):
            document = stand.world.files.add_document(name.encode(), name, "application/pdf")
            talk.send(talk.client, Draft(name, media=document))
            await stand.shown(talk.operator, name)
        await keeper.keep_some()
        bill, photo = await paths(stand)
        assert await asyncio.to_thread(content, bill) == b"bill.pdf"
        async with stand.engine.begin() as connection:
            for statement in OLD:
                values = {"path": photo} if ":path" in statement else {}
                await connection.execute(text(statement), values)
        await sweep(stand.engine, Retention(), datetime.now(UTC))
        await keeper.keep_some()
        assert not await asyncio.to_thread(exists, bill)
        assert await asyncio.to_thread(content, photo) == b"photo.pdf"
        assert not await talk.door.desk.talk.gone_files(10)


async def test_a_file_is_kept_under_what_telegram_knows_it_by(stand: Stand, tmp_path: Path) -> None:
    async with dialogue(stand) as talk:
        document = stand.world.files.add_document(b"the bill", "../../bill.pdf", "application/pdf")
        talk.send(talk.client, Draft("my bill", media=document))
        await stand.shown(talk.operator, "my bill")
        async with keeping(stand, talk.door, str(tmp_path)) as keeper:
            await keeper.keep_some()
        (message,) = [
            one for one in await talk.door.desk.talk.messages(TicketId(1)) if one.attachments
        ]
        kept = message.attachments[0].local_path
        assert kept is not None
        assert kept.startswith(str(tmp_path))
        assert ".." not in kept
        assert await asyncio.to_thread(Path(kept).read_bytes) == b"the bill"
        assert not await talk.door.desk.talk.attachments_without_file(10)
