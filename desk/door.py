"""The desk as one thing that runs: whichever node leads it takes updates in and sends parcels."""

import asyncio
import hmac
import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from hashlib import sha256

from aiogram import Bot
from pydantic import JsonValue

from desk.arrival import arrival
from desk.calls import CallFailed, call, open_bot
from desk.courier import Courier
from desk.dispatch import Switchboard
from desk.handling import Handling
from desk.house import Accounts, DeskSettings, House, MakeWing, Wing
from desk.notices import Notices
from desk.pace import BotLimits, Pace
from desk.places import until_others_are_needed, with_stored_groups
from desk.updates import WANTED, Poller, raw_update
from desk.wings import make_wings
from desk.words import make_words
from orchestrator.clock import Clock
from orchestrator.errors import BadInput, ServersUnavailable, TroupeError
from orchestrator.leases.leader import Candidate
from orchestrator.ports.desk import BotId, DoorStores
from orchestrator.ports.work import Bell, Topic
from orchestrator.service.bot_grants import BotGrants
from orchestrator.service.settings import SettingsDesk
from support.actor import SYSTEM
from support.ports.stores import DeskStores
from support.terms import DeskTerms

log = logging.getLogger(__name__)

CONNECTIONS_AT_ONCE = 40
"""Webhook deliveries that Telegram makes side by side."""
PAUSES = (1.0, 5.0, 15.0, 60.0)


@dataclass(frozen=True, slots=True)
class Secrets:
    """What only Telegram and we know: the webhook's path and its header, made from the token."""

    path: str
    header: str

    @classmethod
    def of(cls, token: str) -> "Secrets":
        """Derive both, so that every node knows them."""
        made = [
            hmac.digest(token.encode(), f"troupe webhook {what}".encode(), sha256).hex()[:48]
            for what in ("path", "header")
        ]
        return cls(*made)


@dataclass(slots=True)
class Door:
    """One bot's desk; `run` stands for leader and does the work while it leads."""

    token: str
    base: str
    by: str
    desk: DeskStores
    door: DoorStores
    candidate: Candidate
    bell: Bell
    clock: Clock
    settings: DeskSettings
    terms: Callable[[], DeskTerms] = DeskTerms
    grants: BotGrants | None = None
    accounts: Accounts | None = None
    numbers: SettingsDesk | None = None
    limits: BotLimits | None = field(default_factory=BotLimits)
    wings: Sequence[MakeWing] = ()
    point: Callable[[str], None] = lambda _: None
    leading: asyncio.Event = field(default_factory=asyncio.Event)
    """Set while updates are taken in by this process."""

    @property
    def bot_id(self) -> BotId:
        """Read the bot's number from its token."""
        return BotId(int(self.token.partition(":")[0]))

    @property
    def secrets(self) -> Secrets:
        """Return what the webhook is told apart by."""
        return Secrets.of(self.token)

    async def take_update(self, update: JsonValue) -> bool:
        """Store an update that the webhook brought; False for what is none."""
        raw = raw_update(update)
        if raw is None:
            return False
        await self.door.updates.record_updates(self.bot_id, [raw])
        return True

    async def run(self) -> None:
        """Stand for leader for ever; failures are told and tried again."""
        failures = 0
        pause = self.candidate.lasts / 6
        try:
            while True:
                if not await self.stand(pause * 2):
                    await self.bell.wait(Topic.LEASES, pause)
                elif await self.lead_safely(pause):
                    failures = 0
                else:
                    await self.clock.sleep(PAUSES[min(failures, len(PAUSES) - 1)])
                    failures += 1
        finally:
            await self.step_down()

    async def lead_safely(self, pause: float) -> bool:
        """Lead until the leadership is lost; False when something failed, which is told."""
        try:
            await self.lead(pause)
        except (CallFailed, TroupeError) as failed:
            log.warning("the desk waits: %s", failed)
        except Exception:
            log.exception("the desk begins anew")
        else:
            return True
        return False

    async def stand(self, limit: float) -> bool:
        """Renew, or try to become leader."""
        try:
            async with asyncio.timeout(limit):
                return await self.candidate.stand()
        except (ServersUnavailable, TimeoutError, OSError):
            return self.candidate.leads

    async def step_down(self) -> None:
        """Leave the desk to whoever comes first."""
        try:
            async with asyncio.timeout(3.0):
                await self.candidate.step_down()
        except (ServersUnavailable, TimeoutError, OSError) as away:
            log.warning("another node takes the desk over when the lease is over: %s", away)

    async def lead(self, pause: float) -> None:
        """Run the desk until the leadership is lost."""
        bot = open_bot(self.token, self.base)
        try:
            house = await self.open_house(bot)
            wings = [make(house) for make in (*self.wings, *make_wings(house))]
            switchboard = Switchboard.of(house, wings)
            work = self.begin(bot, house, switchboard, wings)
            way = arrival(self.settings.webhook_url)
            log.info("@%s is at the desk; its updates are %s", house.username, way)
            self.leading.set()
            try:
                await self.stay(work, pause)
            finally:
                self.leading.clear()
                await end(work)
                await switchboard.close()
        finally:
            await bot.session.close()

    async def stay(self, work: "list[asyncio.Task[None]]", pause: float) -> None:
        """Wait as long as this node leads, or until the desk needs other parts.

        Raises what a part failed with.
        """
        while await self.stand(pause * 2):
            done, _ = await asyncio.wait(work, timeout=pause, return_when="FIRST_COMPLETED")
            for ended in done:
                ended.result()
            if done:
                log.info("the desk begins anew with the groups that it has now")
                return

    def begin(
        self, bot: Bot, house: House, switchboard: Switchboard, wings: Sequence[Wing]
    ) -> "list[asyncio.Task[None]]":
        """Start everything that the leader does, what ends first being the first."""
        number, stores = self.bot_id, self.door
        handling = Handling(
            number,
            stores.updates,
            self.bell,
            self.clock,
            switchboard.handle,
            switchboard.apologise,
            self.point,
        )
        courier = Courier(
            bot,
            number,
            self.by,
            stores.parcels,
            self.bell,
            self.clock,
            Pace(self.clock, self.limits),
            Notices(house),
            stores.memory,
            self.point,
        )
        tasks = [
            asyncio.create_task(until_others_are_needed(house), name="desk groups"),
            asyncio.create_task(handling.run(), name="desk handling"),
            asyncio.create_task(courier.run(), name="desk courier"),
        ]
        if self.settings.webhook_url is None:
            poller = Poller(bot, number, stores.updates, self.clock)
            tasks.insert(0, asyncio.create_task(poller.run(), name="desk polling"))
        for wing in wings:
            for name, (every, chore) in wing.chores.items():
                keeping = self.keep(number, name, every, chore)
                tasks.insert(0, asyncio.create_task(keeping, name=f"desk {name}"))
        return tasks

    async def keep(
        self, bot: BotId, name: str, every: timedelta, chore: Callable[[], object]
    ) -> None:
        """Do a chore again and again; what fails is told and tried next time."""
        while True:
            try:
                parcels = await chore()  # type: ignore[misc]
                await self.door.parcels.queue_parcels(bot, parcels)
            except ServersUnavailable as away:
                log.warning("%s waits: %s", name, away)
            except Exception:
                log.exception("%s failed", name)
            await self.clock.sleep(every.total_seconds())

    async def open_house(self, bot: Bot) -> House:
        """Learn who the bot is, and tell Telegram how it wants its updates."""
        me = await call(bot, "getMe", {})
        if not isinstance(me, dict) or me.get("id") != self.bot_id:
            raise BadInput("BOT_TOKEN is no bot's: ask @BotFather for one")
        await self.choose_way(bot)
        found = await with_stored_groups(self.settings, self.desk.groups)
        await self.desk.technicians.apply_mapping(SYSTEM, found.tech_groups)
        if found.supreme_admins or found.dev_admins:
            await self.desk.staff.seed_admins(SYSTEM, found.supreme_admins, found.dev_admins)
        return House(
            bot=bot,
            bot_id=self.bot_id,
            username=str(me.get("username", "")),
            desk=self.desk,
            door=self.door,
            words=await make_words(self.desk.catalogue),
            terms=self.terms,
            settings=found,
            environment=self.settings,
            clock=self.clock,
            grants=self.grants,
            accounts=self.accounts,
            numbers=self.numbers,
        )

    async def choose_way(self, bot: Bot) -> None:
        """Have updates brought, or let them be fetched."""
        url = self.settings.webhook_url
        if url is None:
            await call(bot, "deleteWebhook", {})
            return
        params: dict[str, JsonValue] = {
            "url": f"{url.rstrip('/')}/webhook/{self.secrets.path}",
            "secret_token": self.secrets.header,
            "allowed_updates": list(WANTED),
            "max_connections": CONNECTIONS_AT_ONCE,
        }
        await call(bot, "setWebhook", params)


async def end(tasks: "list[asyncio.Task[None]]") -> None:
    """End the parts one after the other: nothing comes in while the rest goes out."""
    for task in tasks:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
