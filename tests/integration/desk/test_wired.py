"""The desk as `troupe run` puts it together: its token from the environment, or kept encrypted."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from cli.compose import cipher_for, company
from cli.desk import at_the_desk, desk_door
from cli.settings import Settings
from db.stores.desk_relays import PostgresBots
from orchestrator.ids import NodeName
from orchestrator.ports.desk import BotId
from support.groups import DeskGroup, GroupUse
from tests.integration.desk.stand import BOSS, PATIENCE, Stand, chat_id

NORTH = NodeName("north")


def settings_for(stand: Stand, home: Path, **more: Any) -> Settings:
    """Return what the environment would say, and nothing that stands in a file."""
    places = {"database_url": stand.database_url, "redis_url": stand.redis_url}
    return Settings.model_validate({**places, "TROUPE_HOME": home, **more})


@pytest.mark.parametrize("kept", [False, True])
async def test_a_node_that_knows_a_token_runs_the_desk(
    stand: Stand, tmp_path: Path, kept: bool
) -> None:
    settings = settings_for(
        stand,
        tmp_path,
        bot_token=None if kept else stand.token,
        bot_api_url=stand.url,
        operators_chat_id=chat_id(stand.group),
    )
    async with company(settings) as found:
        if kept:
            bots = PostgresBots(found.engine, cipher_for(settings, found.keyring))
            await bots.keep_token(BotId(stand.bot.id), "desk_bot", stand.token)
        async with desk_door(found, NORTH) as door, at_the_desk(door, found, NORTH):
            assert door is not None
            async with asyncio.timeout(PATIENCE):
                await door.leading.wait()
            anna = stand.person("Anna")
            stand.say(anna, "/start")
            await stand.shown(anna, "Здравствуйте, Anna")


async def test_a_node_without_a_token_has_no_desk(stand: Stand, tmp_path: Path) -> None:
    settings = settings_for(stand, tmp_path)
    async with company(settings) as found, desk_door(found, NORTH) as door:
        assert door is None


async def test_a_node_that_runs_already_takes_up_a_desk_that_is_set_up_then(
    stand: Stand, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cli.desk.LOOK", 0.05)
    settings = settings_for(stand, tmp_path, bot_api_url=stand.url)
    async with company(settings) as found, at_the_desk(None, found, NORTH):
        bots = PostgresBots(found.engine, cipher_for(settings, found.keyring))
        await bots.keep_token(BotId(stand.bot.id), "desk_bot", stand.token)
        group = DeskGroup(chat_id(stand.group), GroupUse.OPERATORS, "Operators")
        await found.stage.stores.desk.groups.put_group(BOSS, group)
        anna = stand.person("Anna")
        stand.say(anna, "/start")
        await stand.shown(anna, "Здравствуйте, Anna")
