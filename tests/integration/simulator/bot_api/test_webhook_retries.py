"""A webhook that is down, answers wrongly or not at all is tried again, in order."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from simulator.bot_api.faults import WEBHOOK, BotFault, BotFaultKind
from simulator.world.people import Person
from tests.integration.simulator.bot_api.conftest import Place, Raw, in_time

SECRET = "s3cret"


@dataclass
class Hook:
    """An address that refuses until it has been asked often enough."""

    refusals: list[int]
    asked: list[tuple[int, str]] = field(default_factory=list)
    taken: "asyncio.Queue[dict[str, Any]]" = field(default_factory=asyncio.Queue)
    url: str = ""

    async def hear(self, request: web.Request) -> web.Response:
        update: dict[str, Any] = await request.json()
        secret = request.headers.get("X-Telegram-Bot-Api-Secret-Token", "")
        self.asked.append((update["update_id"], secret))
        if self.refusals:
            return web.Response(status=self.refusals.pop(0))
        self.taken.put_nowait(update)
        return web.Response()


@asynccontextmanager
async def listening(hook: Hook) -> AsyncIterator[Hook]:
    app = web.Application()
    app.router.add_post("/hook", hook.hear)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    hook.url = f"http://127.0.0.1:{runner.addresses[0][1]}/hook"
    try:
        yield hook
    finally:
        await runner.cleanup()


async def test_an_update_is_tried_until_it_is_taken_and_the_next_waits(
    place: Place, raw: Raw, anna: Person
) -> None:
    async with listening(Hook([500, 503, 429])) as hook:
        await raw.do("setWebhook", url=hook.url, secret_token=SECRET)
        for text in ("one", "two"):
            place.world.send_private(anna, place.bot, text)
        heard = [await in_time(hook.taken.get()) for _ in range(2)]
        await raw.do("deleteWebhook")
    assert [each["message"]["text"] for each in heard] == ["one", "two"]
    assert hook.asked == [(1, SECRET)] * 4 + [(2, SECRET)]
    assert await raw.do("getUpdates") == []


async def test_what_a_webhook_did_not_take_is_left_for_polling(
    place: Place, raw: Raw, anna: Person
) -> None:
    async with listening(Hook([500] * 1000)) as hook:
        await raw.do("setWebhook", url=hook.url)
        place.world.send_private(anna, place.bot, "kept")
        async with asyncio.timeout(10):
            while not (await raw.do("getWebhookInfo")).get("last_error_message"):
                continue
        info = await raw.do("getWebhookInfo")
        await raw.do("deleteWebhook")
    assert (info["pending_update_count"], "500" in info["last_error_message"]) == (1, True)
    assert [each["message"]["text"] for each in await raw.do("getUpdates")] == ["kept"]


async def test_an_update_whose_answer_is_lost_comes_twice(
    place: Place, raw: Raw, anna: Person
) -> None:
    place.api.faults.add(BotFault(BotFaultKind.BROKEN))
    await raw.ask("getMe")
    place.api.faults.add(BotFault(BotFaultKind.LOST_ANSWER, WEBHOOK))
    place.api.faults.add(BotFault(BotFaultKind.TIME_OUT, WEBHOOK))
    async with listening(Hook([])) as hook:
        await raw.do("setWebhook", url=hook.url)
        place.world.send_private(anna, place.bot, "once")
        heard = [await in_time(hook.taken.get()) for _ in range(2)]
        async with asyncio.timeout(10):
            while (await raw.do("getWebhookInfo"))["pending_update_count"]:
                continue
        await raw.do("deleteWebhook")
    assert heard[0] == heard[1]
    assert [each.kind for each in place.api.faults.met] == ["broken", "lost_answer", "time_out"]
