"""Files are kept where that is wanted, beside what is known of them."""

import asyncio
from pathlib import Path

from desk.calls import open_bot
from desk.media import Keeper
from simulator.world.messages import Draft
from support.ids import TicketId
from tests.integration.desk.stand import Stand
from tests.integration.desk.test_relays import dialogue


async def test_a_file_is_kept_under_what_telegram_knows_it_by(stand: Stand, tmp_path: Path) -> None:
    async with dialogue(stand) as talk:
        document = stand.world.files.add_document(b"the bill", "../../bill.pdf", "application/pdf")
        talk.send(talk.client, Draft("my bill", media=document))
        await stand.shown(talk.operator, "my bill")
        bot = open_bot(stand.token, stand.url)
        try:
            house = await talk.door.open_house(bot)
            await Keeper(house, str(tmp_path)).keep_some()
        finally:
            await bot.session.close()
        (message,) = [
            one for one in await talk.door.desk.talk.messages(TicketId(1)) if one.attachments
        ]
        kept = message.attachments[0].local_path
        assert kept is not None
        assert kept.startswith(str(tmp_path))
        assert ".." not in kept
        assert await asyncio.to_thread(Path(kept).read_bytes) == b"the bill"
        assert not await talk.door.desk.talk.attachments_without_file(10)
