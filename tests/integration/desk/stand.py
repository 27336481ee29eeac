"""A desk at work: the real door on PostgreSQL and Valkey, and people of a simulated Telegram."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from db.desk_memory import desk_memory
from db.encryption import Cipher
from db.engine import Engine, create_engine
from db.keys import Keyring, new_key, read_keys
from db.notify import Notices
from db.stores import postgres_stores
from db.stores.calendar import PostgresCalendar
from db.stores.desk_relays import door_stores
from desk.door import Door
from desk.house import DeskSettings
from desk.pace import BotLimits
from orchestrator.clock import SystemClock
from orchestrator.ids import NodeName
from orchestrator.leases.leader import Candidate
from orchestrator.service.bot_grants import BotGrants
from orchestrator.service.settings import SettingsDesk
from orchestrator.tuning import Tuning
from simulator.bot_api.api import BotApi
from simulator.bot_api.webhook import Delays
from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.people import Person
from simulator.world.queries import CallbackQuery
from simulator.world.world import World
from support.actor import Actor
from support.ids import ChatId, TgUserId
from support.people import NewStaff, Role, StaffMember
from support.terms import DeskTerms

PATIENCE = 120.0
BOSS = Actor("boss")


def chat_id(group: Channel) -> ChatId:
    """Return a group's number as the Bot API writes it."""
    return ChatId(-1_000_000_000_000 - group.id)


@dataclass
class Stand:
    """The world and its Bot API; a desk can be opened on it, closed, and opened again."""

    world: World
    api: BotApi
    url: str
    bot: Person
    boss: Person
    group: Channel
    engine: Engine
    redis_url: str
    database_url: str
    keyring: Keyring
    terms: DeskTerms = field(default_factory=DeskTerms)
    limits: BotLimits | None = None
    webhook_url: str | None = None
    numbers: int = 0
    changed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        """Hear whatever happens in the world."""
        self.world.bulletin.subscribe(lambda _event: self.changed.set())

    @property
    def token(self) -> str:
        return self.world.bots.token_of(self.bot)

    @asynccontextmanager
    async def door(self, name: str = "node", **options: Any) -> AsyncIterator[Door]:
        """Make a door that does not run."""
        clock = SystemClock()
        async with (
            Notices(self.database_url).run() as notices,
            desk_memory(self.redis_url) as memory,
        ):
            cipher = Cipher(self.keyring)
            stores = postgres_stores(self.engine, cipher, notices)
            leader = PostgresCalendar(self.engine, role="desk")
            yield Door(
                token=self.token,
                base=self.url,
                by=name,
                desk=stores.desk,
                door=door_stores(self.engine, cipher, memory),
                candidate=Candidate(NodeName(name), leader, clock, 3.0),
                bell=notices,
                clock=clock,
                settings=self.settings(),
                terms=lambda: self.terms,
                limits=self.limits,
                grants=BotGrants(stores.bot_grants, stores.grants, clock, Tuning),
                numbers=SettingsDesk(stores.settings),
                **options,
            )

    def settings(self) -> DeskSettings:
        return DeskSettings(operators_chat=chat_id(self.group), webhook_url=self.webhook_url)

    @asynccontextmanager
    async def open(self, name: str = "node", **options: Any) -> AsyncIterator[Door]:
        """Run a door until the block ends."""
        async with self.door(name, **options) as door, self.running(door):
            yield door

    @asynccontextmanager
    async def running(self, door: Door) -> AsyncIterator[None]:
        """Run a door that was made until the block ends."""
        running = asyncio.create_task(door.run(), name=f"door {door.by}")
        try:
            async with asyncio.timeout(PATIENCE):
                await door.leading.wait()
            yield
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)

    def person(self, name: str, *, username: str = "", language: str = "ru") -> Person:
        """Let somebody be born."""
        self.numbers += 1
        phone = f"9996{600000 + self.numbers}"
        person = self.world.add_person(phone, name, username=username)
        person.language = language
        return person

    async def operator(self, door: Door, name: str, *, started: bool = True) -> Person:
        """Let an operator be born who is in the group and has pressed /start."""
        person = self.person(name)
        self.world.join(self.group, person)
        await door.desk.staff.add_staff(
            BOSS, NewStaff(name, TgUserId(person.id), frozenset({Role.OPERATOR}))
        )
        if started:
            self.say(person, "/start")
            await self.shown(person, "Вы оператор")
        return person

    async def staff(self, door: Door, person: Person) -> StaffMember:
        found = await door.desk.staff.staff_of(TgUserId(person.id))
        assert found is not None
        return found

    def say(self, person: Person, text: str) -> Message:
        """Write to the bot; gives the author's copy."""
        return self.world.send_private(person, self.bot, text)

    def told(self, person: Person) -> Sequence[Message]:
        """Return what lies between a person and the bot."""
        return self.world.messages_of((person, self.bot))

    async def shown(self, person: Person, text: str, *, after: int = 0) -> Message:
        """Wait until the bot shows a person these words; gives the person's copy."""

        def look() -> Message | None:
            for message in reversed(list(person.inbox.messages.values())):
                if text in message.text and message.id > after and message.author != person.id:
                    return message
            return None

        found: Message = await self.until(look, f"{person.first_name} reads {text!r}")
        return found

    async def in_group(self, text: str, group: Channel | None = None) -> Message:
        """Wait until words stand in the group."""

        def look() -> Message | None:
            history = (group or self.group).history
            return next((m for m in reversed(list(history)) if text in m.text), None)

        found: Message = await self.until(look, f"the group reads {text!r}")
        return found

    async def until(self, look: Callable[[], Any], what: str = "") -> Any:
        """Look after each thing that happens, until it is there."""
        try:
            async with asyncio.timeout(PATIENCE):
                while not (found := look()):
                    self.changed.clear()
                    await self.changed.wait()
        except TimeoutError:
            raise AssertionError(f"never: {what}") from None
        return found

    def press(self, person: Person, message: Message, begin: str) -> CallbackQuery:
        """Press the first button whose data begins so."""
        data = next(one for one in buttons_of(message) if one.startswith(begin))
        return self.world.callbacks.press(person, message, data.encode())


def buttons_of(message: Message) -> list[str]:
    """Return what the buttons under a message carry."""
    rows = getattr(message.markup, "rows", ())
    return [
        (one.data or b"").decode() if isinstance(one.data, bytes) else (one.data or "")
        for row in rows
        for one in row
    ]


@asynccontextmanager
async def stand_on(database_url: str, redis_url: str) -> AsyncIterator[Stand]:
    """Set the stage: a bot that is admin in the operators' group."""
    world = World()
    bot = world.add_bot("Desk", "desk_bot")
    boss = world.add_person("9996610001", "Boss")
    group = world.add_group("Operators", owner=boss)
    world.join(group, bot)
    world.make_admin(group, bot)
    api = BotApi(world, delays=Delays(first=0.01))
    engine = create_engine(database_url, pool_size=10, overflow=10)
    keyring = Keyring(read_keys(new_key(), "test"), "test")
    try:
        async with api.serving() as url:
            yield Stand(world, api, url, bot, boss, group, engine, redis_url, database_url, keyring)
            assert not api.crashed
    finally:
        await engine.dispose()
