"""`troupe run`: a node with its health door, until somebody asks it to stop."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from cli.compose import Company, company
from cli.desk import at_the_desk, bot_token, desk_door
from cli.figures import NodesFigures
from cli.offstage import REMEDY
from cli.output import counted
from cli.settings import Settings
from cli.signals import asked_by_signals
from db import migrate
from db.probes import ping_redis, server_time
from orchestrator.errors import BadInput, ServersUnavailable
from orchestrator.heap import spare_what_stays
from orchestrator.ports.accounts import RUNS
from orchestrator.supervisor.node import Node
from orchestrator.whereabouts import settle
from web.health import create_app
from web.serving import serving
from web.webhook import Hook

if TYPE_CHECKING:
    from desk.door import Door

log = logging.getLogger(__name__)

GRACE = 9.5
"""Seconds from being asked to stop until what still runs is cancelled."""


@dataclass(frozen=True, slots=True)
class CompanyProbes:
    """Answers /readyz from what the company works with; implements `web.health.Probes`."""

    company: Company
    node: Node

    async def node_takes(self) -> None:
        """See whether the node takes accounts; one that drains wants no more visitors."""
        if self.node.draining:
            raise ServersUnavailable("the node is draining: it gives its accounts to others")

    async def database(self) -> None:
        """Ask PostgreSQL for the time."""
        await server_time(self.company.engine)

    async def redis(self) -> None:
        """Ask Redis for its version."""
        await ping_redis(self.company.servers.redis_url)

    async def migrations(self) -> None:
        """Compare the schema with the one that this program knows."""
        if not await migrate.is_current(self.company.engine):
            raise ServersUnavailable("the schema is not the newest: run troupe db upgrade")

    async def listener(self) -> None:
        """See whether notices are being heard."""
        if not self.company.notices.listening.is_set():
            raise ServersUnavailable("notices from PostgreSQL are not heard; polling goes on")

    def pacing(self) -> str:
        """Say which pacing holds."""
        return self.company.stage.pacer.describe()


async def run_until_asked(settings: Settings, name: str | None) -> None:
    """Run one node until SIGINT or SIGTERM; raises BadInput when it could do nothing."""
    has_accounts = settings.telegram_api_id is not None and settings.telegram_api_hash
    asked = asyncio.Event()
    with asked_by_signals(asked):
        async with company(settings, migrate=True) as found:
            if not has_accounts:
                await check_without_application(found)
            await run_node(found, found.node(name), asked)


async def check_without_application(found: Company) -> None:
    """Warn of accounts that nobody can hold; raises BadInput where there is no desk either."""
    if await bot_token(found) is None:
        raise BadInput(REMEDY)
    accounts = await found.stage.stores.accounts.accounts()
    waiting = sum(account.state in RUNS for account in accounts)
    if waiting:
        log.warning("%s cannot be held by this node: %s", counted(waiting, "account"), REMEDY)


async def run_node(found: Company, node: Node, asked: asyncio.Event) -> None:
    """Run a node with its health door; from being asked to stop on, it is not ready."""
    settle(node=node.name)
    async with (
        desk_door(found, node.name) as door,
        health(found, node, door),
        at_the_desk(door, found, node.name),
    ):
        spare_what_stays()
        running = asyncio.create_task(node.run(), name=f"node:{node.name}")
        await wait_for_either(asked, running)
        node.asked.set()
        await finish(running)
        log.info("node %s has stopped", node.name)


async def wait_for_either(asked: asyncio.Event, running: asyncio.Task[None]) -> None:
    """Return when asked to stop, or when the node ended by itself."""
    waiting = asyncio.create_task(asked.wait(), name="asked to stop")
    try:
        await asyncio.wait({waiting, running}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        waiting.cancel()
        await asyncio.gather(waiting, return_exceptions=True)


async def finish(running: asyncio.Task[None]) -> None:
    """Let the node finish what was begun, for a bounded time; raises what it failed with."""
    try:
        async with asyncio.timeout(GRACE):
            await running
    except TimeoutError:
        log.warning("the node did not finish within %.1f s and was cancelled", GRACE)


def hook_of(door: "Door") -> Hook:
    """Return where the webhook brings updates."""
    return Hook(door.take_update, door.secrets.path, door.secrets.header)


@asynccontextmanager
async def health(found: Company, node: Node, door: "Door | None" = None) -> AsyncIterator[None]:
    """Serve /healthz, /readyz, /metrics and the webhook beside the node; WEB_PORT=0 serves none."""
    settings = found.settings
    if settings.web_port == 0:
        yield
        return
    figures = NodesFigures(node, found.operations, found.stage.stores.stats)
    hook = None if door is None else hook_of(door)
    app = create_app(CompanyProbes(found, node), figures, hook)
    async with serving(app, settings.web_host, settings.web_port) as port:
        log.info("health is served on http://%s:%d/readyz", settings.web_host, port)
        yield
