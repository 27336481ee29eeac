"""`troupe simulate` as a process of its own, met from outside."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from telethon import TelegramClient, events
from telethon.crypto import rsa
from telethon.sessions import MemorySession

from cli.compose import server_named
from cli.settings import Settings
from cli.simulate.options import read_speed
from cli.simulate.pointing import check_free
from cli.simulate.replaying import pauses, publish, read_posts
from orchestrator.errors import BadInput
from simulator.world.world import World

PATIENCE = 180.0
EXPORT = {
    "name": "Rockets",
    "messages": [
        {"type": "message", "text": "First", "date_unixtime": "1700000000"},
        {"type": "service"},
        {"type": "message", "text": "Second", "date_unixtime": "1700000090"},
        {"type": "message", "text": ""},
    ],
}


@asynccontextmanager
async def simulated(*words: str) -> AsyncIterator[dict[str, Any]]:
    """Run a simulated Telegram and give the one line that it says; it must end in order."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "simulate", "--json", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        async with asyncio.timeout(PATIENCE):
            yield json.loads(await process.stdout.readline())
            process.send_signal(signal.SIGTERM)
            rest, err = await process.communicate()
        assert (process.returncode, rest, err) == (0, b"", b"")
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def director(told: dict[str, Any]) -> httpx.AsyncClient:
    """Direct a simulated Telegram over its control API."""
    return httpx.AsyncClient(base_url=told["control"]["url"], trust_env=False)


def export_in(folder: Path) -> Path:
    file = folder / "result.json"
    file.write_text(json.dumps(EXPORT))
    return file


async def test_one_line_leads_a_client_a_bot_and_a_director_in() -> None:
    async with simulated("--login-code", "12321") as told:
        place = told["mtproto"]
        rsa.add_key(place["public_key"], old=False)
        session = MemorySession()
        session.set_dc(place["dc_id"], place["host"], place["port"])
        async with httpx.AsyncClient(trust_env=False) as http:
            asked = {"phone": "+49151000001", "name": "Anna"}
            person = (await http.post(f"{told['control']['url']}/people", json=asked)).json()
            asked = {"name": "Helper", "username": "helper_bot"}
            bot = (await http.post(f"{told['control']['url']}/bots", json=asked)).json()
            me = (await http.get(f"{told['bot_api']['url']}/bot{bot['token']}/getMe")).json()
        client: Any = TelegramClient(session, told["api_id"], told["api_hash"])
        await client.connect()
        await client.send_code_request("+49151000001")
        signed_in = await client.sign_in("+49151000001", "12321")
        await client.disconnect()
        assert signed_in.id == person["id"]
        assert me["result"]["id"] == bot["id"]


async def test_a_session_outlives_the_process_that_it_was_made_with(tmp_path: Path) -> None:
    file = str(tmp_path / "anna.session")
    async with simulated() as told, director(told) as control:
        place = told["mtproto"]
        rsa.add_key(place["public_key"], old=False)
        await control.post("/people", json={"phone": "+9996620002", "name": "Anna"})
        client: Any = TelegramClient(file, told["api_id"], told["api_hash"])
        client.session.set_dc(place["dc_id"], place["host"], place["port"])
        await client.connect()
        await client.send_code_request("+9996620002")
        me = await client.sign_in("+9996620002", "22222")
        await client.disconnect()
        saved = (await control.get("/world")).json()
    async with simulated("--port", str(place["port"])) as told, director(told) as control:
        assert (await control.put("/world", json=saved)).status_code == 204
        boris = (await control.post("/people", json={"name": "Boris"})).json()
        asked = {"to": me.id, "text": "meanwhile"}
        said = await control.post(f"/people/{boris['id']}/messages", json=asked)
        assert said.is_success
        heard: asyncio.Queue[str] = asyncio.Queue()
        client = TelegramClient(file, told["api_id"], told["api_hash"], catch_up=True)
        client.add_event_handler(lambda event: heard.put(event.raw_text), events.NewMessage)
        await client.connect()
        async with asyncio.timeout(PATIENCE):
            assert await heard.get() == "meanwhile"
        await client.disconnect()


async def test_an_export_is_published_at_once(tmp_path: Path) -> None:
    file = str(export_in(tmp_path))
    async with (
        simulated("--replay", file, "--speed", "all") as told,
        httpx.AsyncClient(base_url=told["control"]["url"], trust_env=False) as http,
    ):
        posts: list[str] = []
        while len(posts) < 3:
            chats = (await http.get("/chats")).json()
            for chat in (each for each in chats if each["kind"] == "channel"):
                shown = (await http.get(f"/chats/{chat['id']}/messages")).json()
                posts = [each["text"] for each in shown if not each["action"]]
        assert posts == ["First", "Second", ""]


def test_the_pace_of_a_replay_is_that_of_the_dates(tmp_path: Path) -> None:
    replay, waits = read_posts(export_in(tmp_path))
    assert replay.title == "Rockets"
    assert waits == (0.0, 90.0, 0.0)
    assert list(pauses([])) == [0.0]


@pytest.mark.parametrize(
    ("speed", "seconds"), [(1.0, [0, 90, 90]), (60.0, [0, 1.5, 1.5]), (None, [0, 0, 0])]
)
async def test_posts_come_out_at_the_moments_of_the_export_faster_by_the_factor(
    tmp_path: Path, speed: float | None, seconds: list[float]
) -> None:
    world = World()
    moments: list[datetime] = []

    async def let_pass(wait: float) -> None:
        """Let the world's time pass, and a little more: nobody wakes to the moment."""
        world.clock.advance(timedelta(seconds=wait + 0.25))
        moments.append(world.clock.exact())

    replay, waits = read_posts(export_in(tmp_path))
    begun = world.clock.exact()
    await publish(world, replay, waits, speed, let_pass)
    channel = next(each for each in world.channels if each.username == "replayed_channel")
    posts = [message for message in channel.history if message.action is None]
    assert [post.text for post in posts] == ["First", "Second", ""]
    due = [begun + timedelta(seconds=each) for each in seconds]
    late = [moment - wanted for moment, wanted in zip(moments, due, strict=True)]
    assert all(timedelta() < each < timedelta(seconds=1) for each in late)
    assert all(post.date <= moment for post, moment in zip(posts, moments, strict=True))


@pytest.mark.parametrize("words", ["0", "-1", "fast", "nan", "inf"])
def test_a_speed_that_is_none_is_refused(words: str) -> None:
    with pytest.raises(BadInput, match="--speed"):
        read_speed(words)


def test_a_speed_is_a_factor_or_all() -> None:
    assert (read_speed("60"), read_speed("all")) == (60.0, None)


async def test_people_are_told_where_everything_is_and_how_it_ended() -> None:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "cli.main", "simulate", "--login-code", "12321"),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    assert process.stdout is not None
    said = ""
    async with asyncio.timeout(PATIENCE):
        while "END RSA PUBLIC KEY" not in said:
            said += (await process.stdout.readline()).decode()
        bots = said.split("curl -s ")[1].split()[0]
        control = bots.removesuffix("/bots")
        async with httpx.AsyncClient(trust_env=False) as http:
            asked = {"name": "Desk", "username": "desk_bot"}
            shown = (await http.post(bots, json=asked)).json()
            api = next(line for line in said.splitlines() if "Bot API" in line).split()[3]
            await http.get(f"{api}/bot{shown['token']}/makeCoffee")
            assert (await http.get(f"{control}/bot-evidence")).json()["unknown_methods"]
        process.send_signal(signal.SIGINT)
        rest, err = await process.communicate()
    assert "any number, code 12321" in said
    assert "It ended. People: 0, bots: 1, channels and groups: 0." in rest.decode()
    assert "not known here: makeCoffee" in rest.decode()
    assert err == b""


async def test_the_settings_that_it_writes_point_troupe_at_it_and_nobodys_file_is_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TROUPE_HOME", str(tmp_path / "data"))
    written, mine = tmp_path / "sim.env", tmp_path / "my.env"
    mine.write_text("TELEGRAM_API_ID=5\n")
    async with simulated("--settings", str(written)) as told:
        settings = Settings(_env_file=written)  # type: ignore[call-arg]  # pydantic-settings' own
        place = told["mtproto"]
        assert settings.telegram_address == (place["host"], place["port"])
        server = server_named(settings)
        assert server is not None
        assert server.public_key == place["public_key"]
        with pytest.raises(BadInput, match="still runs"):
            check_free(written)
    assert settings.telegram_public_key_file is not None
    assert settings.telegram_public_key_file.parent == tmp_path / "data"
    with pytest.raises(BadInput, match="name another file"):
        check_free(mine)
    check_free(written)
