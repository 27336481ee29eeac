"""The support desk beside a node: run where a bot's token is known."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from cli.compose import Company, cipher_for
from cli.settings import Settings
from db.desk_memory import desk_memory
from db.stores.calendar import PostgresCalendar
from db.stores.desk_relays import PostgresBots, door_stores
from orchestrator.errors import ServersUnavailable
from orchestrator.ids import NodeName
from orchestrator.leases.leader import Candidate
from orchestrator.service.bot_grants import BotGrants
from orchestrator.service.conversations import Conversations
from orchestrator.service.settings import SettingsDesk
from support.ids import ChatId, TgUserId

if TYPE_CHECKING:
    from desk.door import Door
    from desk.house import DeskSettings

log = logging.getLogger(__name__)

LOOK = 5.0
"""Seconds between two looks whether a desk was set up."""
GRACE = 9.0
"""Seconds in which the desk finishes what it has in hand when it is asked to stop."""


@asynccontextmanager
async def desk_door(found: Company, node: NodeName) -> "AsyncIterator[Door | None]":
    """Make the desk's door, which does nothing before it runs; None without a bot's token."""
    settings, stage = found.settings, found.stage
    cipher = cipher_for(settings, found.keyring)
    token = await bot_token(found)
    if token is None:
        yield None
        return
    await loaded("desk.door")
    from desk.door import Door
    from desk.house import Accounts

    lasts = stage.tuning.lease.total_seconds()
    leader = PostgresCalendar(found.engine, role="desk")
    async with desk_memory(found.servers.redis_url) as memory:
        yield Door(
            token=token,
            base=settings.bot_api_url,
            by=str(node),
            desk=stage.stores.desk,
            door=door_stores(found.engine, cipher, memory),
            candidate=Candidate(node, leader, stage.clock, lasts),
            bell=stage.bell,
            clock=stage.clock,
            settings=desk_settings(settings),
            terms=lambda: stage.tuning.desk,
            grants=BotGrants(
                stage.stores.bot_grants,
                stage.stores.grants,
                stage.clock,
                lambda: stage.tuning,
            ),
            accounts=Accounts(Conversations(stage), stage.stores.account_tickets),
            numbers=SettingsDesk(stage.stores.settings),
        )


async def loaded(module: str) -> None:
    """Import a module in a thread: seconds of it, on the loop, would cost a node its leases."""
    await asyncio.to_thread(import_module, module)


async def bot_token(found: Company) -> str | None:
    """Return the bot's token: from the environment, or as `troupe desk setup` kept it."""
    cipher = cipher_for(found.settings, found.keyring)
    return found.settings.bot_token or await PostgresBots(found.engine, cipher).token()


@asynccontextmanager
async def at_the_desk(door: "Door | None", found: Company, node: NodeName) -> AsyncIterator[None]:
    """Run the desk for as long as the block lasts; at its end, what is in hand is finished.

    A desk that is set up meanwhile is run from then on.
    """
    work = run_when_set_up(found, node) if door is None else door.run()
    running = asyncio.create_task(work, name="desk")
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait({running}, timeout=GRACE)


async def run_when_set_up(found: Company, node: NodeName) -> None:
    """Look now and then whether a desk was set up, and run it."""
    while not await is_set_up(found):
        await found.stage.clock.sleep(LOOK)
    async with desk_door(found, node) as door:
        if door is not None:
            log.info("a desk was set up: this node takes part in it")
            await door.run()


async def is_set_up(found: Company) -> bool:
    """Tell whether the bot and a group of its staff are known: the setup needs the bot to itself.

    While the database is away, nothing is.
    """
    try:
        if await bot_token(found) is None:
            return False
        settings = found.settings
        named = settings.operators_chat_id or settings.main_group_id
        return bool(named or await found.stage.stores.desk.groups.groups())
    except ServersUnavailable:
        return False


def desk_settings(settings: Settings) -> "DeskSettings":
    """Read what the environment says of the desk."""
    from desk.house import DeskSettings

    return DeskSettings(
        operators_chat=chat(settings.operators_chat_id),
        main_group=chat(settings.main_group_id),
        tech_groups={name: ChatId(one) for name, one in settings.tech_groups_mapping.items()},
        mode=settings.desk_mode,
        region=settings.default_region,
        supreme_admins=tuple(map(TgUserId, settings.supreme_admin_ids)),
        dev_admins=tuple(map(TgUserId, settings.dev_admin_ids)),
        media_root=media_root(settings) if settings.store_media_local else None,
        webhook_url=settings.webhook_url,
    )


def media_root(settings: Settings) -> str:
    """Return where files are kept; a bare path lies in the data folder."""
    root = settings.media_root
    return root if "://" in root or Path(root).is_absolute() else str(settings.home / root)


def chat(number: int | None) -> ChatId | None:
    """Return the chat that a setting names."""
    return None if number is None else ChatId(number)
