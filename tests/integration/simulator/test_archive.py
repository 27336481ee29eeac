"""A whole server saved, and loaded by another: clients and bots go on where they stood."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from simulator.mtproto.server_key import ServerKey
from simulator.server import TelegramServer, serve
from simulator.world.snapshot import SnapshotError

PATIENCE = 60


@asynccontextmanager
async def serving(port: int = 0) -> AsyncIterator[TelegramServer]:
    """Serve with a new RSA key, as a new process would."""
    async with serve(port=port, bot_api=True, control=True) as server:
        rsa.add_key(server.public_key, old=False)
        yield server


@asynccontextmanager
async def connected(server: TelegramServer, session: Any, **options: Any) -> AsyncIterator[Any]:
    client: Any = TelegramClient(session, server.api_id, server.api_hash, **options)
    await client.connect()
    try:
        yield client
    finally:
        await client.disconnect()


async def save(server: TelegramServer) -> dict[str, Any]:
    """Save a server over its control API, as bytes that went through a file."""
    async with httpx.AsyncClient(base_url=server.control_url, trust_env=False) as control:
        saved: dict[str, Any] = (await control.get("/world")).json()
    return saved


async def load(server: TelegramServer, saved: dict[str, Any]) -> None:
    async with httpx.AsyncClient(base_url=server.control_url, trust_env=False) as control:
        assert (await control.put("/world", json=saved)).status_code == 204


async def bot_call(server: TelegramServer, token: str, method: str, **params: Any) -> Any:
    assert server.bot_api is not None
    url = f"{server.bot_api.url}/bot{token}/{method}"
    async with httpx.AsyncClient(trust_env=False) as http:
        return (await http.post(url, json=params)).json()["result"]


async def test_a_session_file_goes_on_with_a_server_that_loaded_what_another_saved(
    tmp_path: Path,
) -> None:
    file = str(tmp_path / "anna.session")
    async with serving() as first:
        anna = first.world.add_person("9996620002", "Anna")
        boris = first.world.add_person("9996630003", "Boris")
        news = first.world.add_channel("News", "daily_news", owner=boris)
        first.world.join(news, anna)
        client: Any = TelegramClient(file, first.api_id, first.api_hash)
        client.session.set_dc(first.dc_id, first.host, first.port)
        await client.connect()
        await client.send_code_request(anna.phone)
        await client.sign_in(anna.phone, "22222")
        await client.get_dialogs()
        await client.disconnect()
        first.world.publish(news, "while she was away")
        saved, port = await save(first), first.port
    async with serving(port) as second:
        await load(second, saved)
        world = second.world
        world.send_private(world.people.get(boris.id), world.people.get(anna.id), "and then")
        heard: asyncio.Queue[str] = asyncio.Queue()
        client = TelegramClient(file, second.api_id, second.api_hash, catch_up=True)
        client.add_event_handler(
            lambda event: heard.put(event.raw_text), events.NewMessage(incoming=True)
        )
        await client.connect()
        try:
            assert (await client.get_me()).id == anna.id
            async with asyncio.timeout(PATIENCE):
                told = {await heard.get(), await heard.get()}
        finally:
            await client.disconnect()
        assert told == {"while she was away", "and then"}


async def test_a_client_that_knows_only_the_saved_rsa_key_can_make_a_new_auth_key() -> None:
    async with serving() as first:
        saved = await save(first)
        rsa._server_keys.clear()
    async with serve(control=True) as second:
        await load(second, saved)
        rsa.add_key(first.public_key, old=False)
        session = MemorySession()
        session.set_dc(second.dc_id, second.host, second.port)
        async with connected(second, session) as client:
            assert not await client.is_user_authorized()


async def test_those_who_are_connected_come_again_after_a_load() -> None:
    async with serving() as server:
        anna = server.world.add_person("9996620002", "Anna")
        session = MemorySession()
        session.set_dc(server.dc_id, server.host, server.port)
        async with connected(server, session) as client:
            await client.send_code_request(anna.phone)
            await client.sign_in(anna.phone, "22222")
            lines = set(server.listener.connections)
            await load(server, await save(server))
            async with asyncio.timeout(PATIENCE):
                await asyncio.wait(lines)
                assert (await client.get_me()).id == anna.id


async def test_what_waits_for_a_bot_and_what_it_said_of_itself_is_loaded_too() -> None:
    chat = {"type": "chat", "chat_id": 7}
    async with serving() as first:
        world = first.world
        bot = world.add_bot("Helper", "helper_bot")
        token = world.bots.token_of(bot)
        anna = world.add_person("9996620002", "Anna")
        await bot_call(first, token, "getUpdates")
        offered = [{"command": "start", "description": "Begin"}]
        await bot_call(first, token, "setMyCommands", commands=offered, scope=chat)
        await bot_call(first, token, "setMyDescription", description="At your service")
        world.send_private(anna, bot, "hello")
        waiting = await bot_call(first, token, "getUpdates")
        saved = await save(first)
    assert [each["message"]["text"] for each in waiting] == ["hello"]
    async with serving() as second:
        await load(second, saved)
        assert await bot_call(second, token, "getUpdates") == waiting
        assert await bot_call(second, token, "getMyCommands", scope=chat) == offered
        described = await bot_call(second, token, "getMyDescription")
        assert described == {"description": "At your service"}
        people = second.world.people
        second.world.send_private(people.get(anna.id), people.get(bot.id), "again")
        (fresh,) = await bot_call(second, token, "getUpdates", offset=waiting[0]["update_id"] + 1)
        assert fresh["update_id"] == waiting[0]["update_id"] + 1


async def test_a_webhook_goes_on_after_a_load_with_what_was_not_delivered() -> None:
    brought: asyncio.Queue[bytes] = asyncio.Queue()
    open_now = asyncio.Event()

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        fields = dict(line.split(": ", 1) for line in head.decode().split("\r\n")[1:-2])
        named = {name.lower(): value for name, value in fields.items()}
        assert named["x-telegram-bot-api-secret-token"] == "quiet"
        await brought.put(await reader.readexactly(int(named["content-length"])))
        status = b"200 OK" if open_now.is_set() else b"503 Closed"
        writer.write(b"HTTP/1.1 %s\r\nContent-Length: 0\r\nConnection: close\r\n\r\n" % status)
        await writer.drain()
        writer.close()

    async with await asyncio.start_server(take, "127.0.0.1", 0) as address:
        url = f"http://127.0.0.1:{address.sockets[0].getsockname()[1]}/hook"
        async with asyncio.timeout(PATIENCE), serving() as first:
            world = first.world
            bot, anna = world.add_bot("Helper", "helper_bot"), world.add_person("", "Anna")
            token = world.bots.token_of(bot)
            await bot_call(first, token, "setWebhook", url=url, secret_token="quiet")
            world.send_private(anna, bot, "before")
            refused = await brought.get()
            saved = await save(first)
        open_now.set()
        async with asyncio.timeout(PATIENCE), serving() as second:
            await load(second, saved)
            assert await brought.get() == refused
            assert json.loads(refused)["message"]["text"] == "before"


@pytest.mark.parametrize(
    "broken",
    [
        {"wires": {"rsa_keys": ["no key"]}},
        {"wires": {"auth_keys": [5]}},
        {"mailrooms": [{"bot": 1}]},
        {"form": 0},
    ],
)
async def test_a_damaged_snapshot_leaves_the_server_as_it_was(
    server_key: ServerKey, broken: dict[str, Any]
) -> None:
    async with serve(server_key=server_key, bot_api=True) as server:
        assert server.bot_api is not None
        server.world.add_person("9996620002", "Anna")
        archive = server.archive(server.bot_api)
        saved = archive.save()
        with pytest.raises(SnapshotError, match="save the world again"):
            await archive.load(saved | broken)
        assert archive.save() == saved
