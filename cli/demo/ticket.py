"""A client's ticket in the demo: asked for in a bot, answered by an operator, rated in the end."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import TypeVar

from cli.compose import Company
from cli.desk import at_the_desk, desk_door
from cli.settings import Settings
from orchestrator.actor import Actor
from orchestrator.errors import NotAllowed
from orchestrator.ids import NodeName
from simulator.server import TelegramServer
from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.people import Person
from simulator.world.world import World
from support.ids import TgUserId
from support.languages import Language
from support.people import NewStaff, Role

T = TypeVar("T")

DESK = NodeName("demo-desk")
PATIENCE = 30.0
"""Seconds that each step of the ticket may take."""
LOOK_AGAIN = 0.25
"""Some things show a moment after the world told of them."""
MARKS = (5, 5, 4)
QUESTION = "My copy of the magazine has not come. Where is it?"
ANSWER = "It left us this morning and reaches you tomorrow."
THANKS = "Thank you, that was quick!"
IMPROVE = "Tell me when it leaves."
CHANNEL_IDS = -1_000_000_000_000
"""What the Bot API counts groups down from (https://core.telegram.org/api/bots/ids)."""


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happened to the ticket."""

    name: str
    seconds: float
    """Since the ticket's play began."""
    text: str
    """What a person reads of it."""


@dataclass(slots=True)
class TicketPlay:
    """The bot, a client who asks, an operator who answers, and what came of it."""

    world: World
    api_url: str
    bot: Person
    group: Channel
    client: Person
    operator: Person
    steps: list[Step] = field(default_factory=list)
    marks: tuple[int, ...] = ()
    number: int | None = None
    over: bool = False
    failed: str = ""
    changed: asyncio.Event = field(default_factory=asyncio.Event)
    begun: float = field(default_factory=time.monotonic)

    @classmethod
    def build(cls, server: TelegramServer, owner: Person) -> "TicketPlay":
        """Let the bot be born, the operators' group, a client and an operator."""
        world, api = server.world, server.bot_api
        if api is None:
            raise NotAllowed("a ticket needs the Bot API: serve(bot_api=True)")
        bot = world.add_bot("Lantern desk", "demo_desk_bot")
        group = world.add_group("Operators", owner=owner)
        client = world.add_person("+9996628001", "Clara Client", username="clara_c")
        operator = world.add_person("+9996628002", "Otto Operator", username="otto_op")
        client.language = operator.language = "en"
        world.join(group, bot, operator)
        world.make_admin(group, bot)
        play = cls(world, api.url, bot, group, client, operator)
        world.bulletin.subscribe(lambda _: play.changed.set())
        return play

    def settings(self, settings: Settings) -> Settings:
        """Point settings at the bot."""
        desk = {
            "bot_token": self.world.bots.token_of(self.bot),
            "bot_api_url": self.api_url,
            "operators_chat_id": CHANNEL_IDS - self.group.id,
            "main_group_id": None,
            "webhook_url": None,
        }
        return settings.model_copy(update=desk)

    @property
    def is_over(self) -> bool:
        """Whether nothing more happens to the ticket."""
        return self.over or bool(self.failed)

    def as_json(self) -> dict[str, object]:
        """Return what came of the ticket, with the second of each step."""
        return {
            "number": self.number,
            "is_over": self.over,
            "steps": {step.name: round(step.seconds, 2) for step in self.steps},
            "marks": list(self.marks),
            "failed": self.failed,
        }

    async def run(self, company: Company) -> None:
        """Play the ticket on a desk of its own; what fails is said, and ends nothing else."""
        self.begun = time.monotonic()
        try:
            async with desk_at_work(company, self):
                await self.play()
        except TimeoutError:
            self.failed = f"nothing happened after {self.steps[-1].name if self.steps else 'start'}"

    async def play(self) -> None:
        """Go from the menu to the survey."""
        self.say(self.operator, "/start")
        self.say(self.client, "/start")
        menu = await self.offered(self.client, "v1:topic:other")
        self.note("menu", f"{self.client.first_name} opens the bot's menu")
        self.press(self.client, menu, "v1:topic:other")
        await self.until(lambda: offers(menu, "v1:ask:other"))
        self.press(self.client, menu, "v1:ask:other")
        card = await self.until(self.card)
        self.number = int(data_of(card, "v1:take").rpartition(":")[2])
        self.say(self.client, QUESTION)
        self.note("asked", QUESTION)
        await self.answer(card)
        await self.rate()
        self.over = True

    async def answer(self, card: Message) -> None:
        """Let the operator take the ticket, talk with the client, and finish."""
        await self.until(lambda: any(one.author == self.bot.id for one in self.read(self.operator)))
        self.press(self.operator, card, "v1:take")
        begun = await self.offered(self.operator, "v1:finish")
        self.note("taken", f"{self.operator.first_name} takes ticket #{self.number}")
        await self.reads(self.operator, QUESTION)
        self.note("to_operator", f"{self.operator.first_name} reads it in private")
        self.say(self.operator, ANSWER)
        await self.reads(self.client, ANSWER)
        self.note("to_client", ANSWER)
        self.say(self.client, THANKS)
        await self.reads(self.operator, THANKS)
        self.press(self.operator, begun, "v1:finish")

    async def rate(self) -> None:
        """Let the client answer the survey, and staff read it."""
        survey = await self.offered(self.client, "v1:rate:")
        self.note("finished", f"{self.operator.first_name} finishes the dialogue")
        for question, mark in enumerate(MARKS, 1):
            data = f"v1:rate:{self.number}:{question}:{mark}"
            await self.until(partial(offers, survey, data))
            self.press(self.client, survey, data)
            self.marks += (mark,)
        await self.until(lambda: offers(survey, "v1:enough:"))
        self.say(self.client, IMPROVE)
        await self.until(lambda: any(IMPROVE in one.text for one in self.group.history))
        self.note("survey", f"{' · '.join(map(str, self.marks))}: {IMPROVE}")

    def note(self, name: str, text: str) -> None:
        """Write down that something happened."""
        self.steps.append(Step(name, time.monotonic() - self.begun, text))

    def say(self, person: Person, text: str) -> None:
        """Write to the bot."""
        self.world.send_private(person, self.bot, text)

    def press(self, person: Person, message: Message, begin: str) -> None:
        """Press the button whose data begin so."""
        self.world.callbacks.press(person, message, data_of(message, begin).encode())

    def read(self, person: Person) -> list[Message]:
        """Return what lies between a person and the bot, as they see it."""
        return list(person.inbox.messages.values())

    def card(self) -> Message | None:
        """Return the ticket's card in the group, once it is there."""
        return next((one for one in self.group.history if offers(one, "v1:take")), None)

    async def offered(self, person: Person, begin: str) -> Message:
        """Wait until the bot offers somebody a button."""
        return await self.until(
            lambda: next((one for one in self.read(person) if offers(one, begin)), None)
        )

    async def reads(self, person: Person, text: str) -> None:
        """Wait until somebody reads words that another wrote."""
        await self.until(
            lambda: any(text in one.text and one.author != person.id for one in self.read(person))
        )

    async def until(self, look: Callable[[], T | None]) -> T:
        """Look after each thing that happens, and again a little later; raises TimeoutError."""
        async with asyncio.timeout(PATIENCE):
            while not (found := look()):
                self.changed.clear()
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self.changed.wait(), LOOK_AGAIN)
        return found


@asynccontextmanager
async def desk_at_work(company: Company, play: TicketPlay) -> AsyncIterator[None]:
    """Run the desk; on a Telegram of its own it need not spare anybody's limits."""
    staff = company.stage.stores.desk.staff
    member = NewStaff(
        play.operator.first_name,
        TgUserId(play.operator.id),
        frozenset({Role.OPERATOR}),
    )
    await staff.add_staff(Actor("demo"), member)
    async with desk_door(company, DESK) as door:
        if door is None:
            raise NotAllowed("the demo's desk has no bot")
        door.limits = None
        door.settings = replace(door.settings, language=Language.EN)
        async with at_the_desk(door, company, DESK):
            yield


def offers(message: Message, begin: str) -> bool:
    """Tell whether a button under a message carries data that begin so."""
    return any(one.startswith(begin) for one in buttons_of(message))


def data_of(message: Message, begin: str) -> str:
    """Return what the first button carries whose data begin so."""
    return next(one for one in buttons_of(message) if one.startswith(begin))


def buttons_of(message: Message) -> list[str]:
    """Return what the buttons under a message carry."""
    rows = getattr(message.markup, "rows", ())
    return [bytes(one.data or b"").decode() for row in rows for one in row]
