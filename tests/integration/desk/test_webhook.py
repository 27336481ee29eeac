"""A desk whose updates are brought to it: stored before Telegram is told, by Telegram only."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import httpx
import pytest

from desk.door import Door
from tests.integration.desk.forum import forum_on
from tests.integration.desk.lives import life_in_topics, life_with_an_operator
from tests.integration.desk.stand import Stand
from web.health import create_app
from web.serving import serving
from web.webhook import Hook


class Healthy:
    """Answers every probe."""

    async def database(self) -> None: ...

    async def redis(self) -> None: ...

    async def migrations(self) -> None: ...

    async def node_takes(self) -> None: ...

    async def listener(self) -> None: ...

    def pacing(self) -> str:
        return "none"


@asynccontextmanager
async def web_door(stand: Stand, door: Door) -> AsyncIterator[str]:
    """Serve a door's webhook, as a node does that need not lead the desk."""
    hook = Hook(door.take_update, door.secrets.path, door.secrets.header)
    async with serving(create_app(Healthy(), None, hook), "127.0.0.1", 0) as port:
        stand.webhook_url = f"http://127.0.0.1:{port}"
        yield stand.webhook_url


async def test_a_ticket_lives_by_webhook_from_the_menu_to_the_survey(
    stand: Stand, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "desk.door")
    async with stand.door("web") as brought, web_door(stand, brought) as url, stand.open() as door:
        await life_with_an_operator(stand, door)
        assert_brought(stand)
        assert f"its updates are brought to {url}\n" in caplog.text
        assert brought.secrets.path not in caplog.text


async def test_a_ticket_lives_in_its_topics_by_webhook(stand: Stand) -> None:
    async with stand.door("web") as brought, web_door(stand, brought), forum_on(stand) as forum:
        await life_in_topics(forum)
        assert_brought(stand)


def assert_brought(stand: Stand) -> None:
    """Hold that no update was fetched."""
    calls = [call.method for call in stand.api.journal.of(stand.bot.id)]
    assert "getUpdates" not in calls
    assert calls.count("setWebhook") == 1


@pytest.mark.parametrize("wrong", ["path", "header"])
async def test_who_does_not_know_both_secrets_brings_nothing(stand: Stand, wrong: str) -> None:
    async with stand.door("web") as door, web_door(stand, door) as url:
        path = "another" if wrong == "path" else door.secrets.path
        token = "another" if wrong == "header" else door.secrets.header
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await client.post(
                f"{url}/webhook/{path}",
                json={"update_id": 1, "message": {"chat": {"id": 5}}},
                headers={"X-Telegram-Bot-Api-Secret-Token": token},
            )
        assert reply.status_code == 404
        assert not await door.door.updates.waiting_updates(door.bot_id, (), 10)


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b'{"update_id": "1"}', b"x" * 1_100_000])
async def test_what_is_no_update_is_refused(stand: Stand, body: bytes) -> None:
    async with stand.door("web") as door, web_door(stand, door) as url:
        async with httpx.AsyncClient(trust_env=False) as client:
            reply = await client.post(
                f"{url}/webhook/{door.secrets.path}",
                content=body,
                headers={"X-Telegram-Bot-Api-Secret-Token": door.secrets.header},
            )
        assert reply.status_code == 400
