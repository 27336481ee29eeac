"""A desk in mode topics: a forum with a topic for each ticket, and a technician's group."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from desk.door import Door
from desk.house import Accounts
from simulator.world.channels import Channel
from simulator.world.messages import Draft, Message
from simulator.world.peers import MessageId
from simulator.world.people import Person
from support.groups import DeskGroup, GroupUse
from support.ids import TgUserId
from support.people import NewStaff, NewTechnician, Role, Technician
from support.tickets import Mode
from tests.integration.desk.stand import BOSS, Stand, chat_id


@dataclass
class Forum:
    """The main group with Maria of the staff, and the group of Ivan the technician."""

    stand: Stand
    door: Door
    main: Channel
    workshop: Channel
    maria: Person
    ivan: Person
    technician: Technician

    async def titled(self, text: str, group: Channel | None = None) -> int:
        """Wait until a topic's title holds these words; gives its number."""
        where = group or self.main

        def look() -> int | None:
            found = [one.id for one in where.topics.values() if text in one.title and one.id != 1]
            return found[-1] if found else None

        number: int = await self.stand.until(look, f"a topic called {text!r}")
        return number

    async def stands(self, text: str, topic: int, group: Channel | None = None) -> Message:
        """Wait until words stand in a topic."""
        where = group or self.main

        def look() -> Message | None:
            said = reversed(list(where.history))
            return next((one for one in said if text in one.text and one.thread == topic), None)

        found: Message = await self.stand.until(look, f"topic {topic} shows {text!r}")
        return found

    def texts(self, topic: int, group: Channel | None = None) -> list[str]:
        """Return the words that stand in a topic."""
        return [one.text for one in (group or self.main).history if one.thread == topic]

    def write(
        self,
        person: Person,
        topic: int,
        text: str,
        group: Channel | None = None,
        *,
        reply_to: Message | None = None,
    ) -> Message:
        """Write into a topic."""
        draft = Draft(text, reply_to.id if reply_to else None, topic=MessageId(topic))
        return self.stand.world.channel_talk.send(group or self.main, person.id, draft).message

    async def ask(self, name: str, text: str, *, username: str = "") -> Person:
        """Let a client be born who asks for an operator and writes."""
        client = self.stand.person(name, username=username)
        self.stand.say(client, "/start")
        menu = await self.stand.shown(client, name)
        self.stand.press(client, menu, "v1:topic:other")
        await self.stand.shown(client, "Связаться с оператором?")
        self.stand.press(client, menu, "v1:ask:other")
        await self.stand.shown(client, "принято")
        self.stand.say(client, text)
        return client

    async def closed(self, topic: int, group: Channel | None = None) -> None:
        """Wait until a topic is closed."""
        where = group or self.main
        await self.stand.until(
            lambda: where.topics[MessageId(topic)].closed, f"topic {topic} is closed"
        )


@asynccontextmanager
async def forum_on(
    stand: Stand,
    *more: Channel,
    accounts: Accounts | None = None,
    prepare: Callable[[Door], object] = lambda _: None,
) -> AsyncIterator[Forum]:
    """Set up a main group and a technician's group, and run the desk on them and on `more`."""
    main, workshop = (forum_group(stand, title) for title in ("Tickets", "Workshop"))
    maria, ivan = stand.person("Maria", username="maria_s"), stand.person("Ivan")
    stand.world.join(main, maria)
    stand.world.join(workshop, ivan)
    async with stand.door(accounts=accounts) as door:
        for group in (main, *more):
            await door.desk.groups.put_group(
                BOSS, DeskGroup(chat_id(group), GroupUse.MAIN, group.title)
            )
        await door.desk.staff.add_staff(
            BOSS, NewStaff("Maria", TgUserId(maria.id), frozenset({Role.OPERATOR}), "maria_s")
        )
        technician = await door.desk.technicians.put_technician(
            BOSS, NewTechnician("Ivan", TgUserId(ivan.id), chat_id(workshop))
        )
        door.settings = replace(door.settings, mode=Mode.TOPICS)
        prepare(door)
        async with stand.running(door):
            yield Forum(stand, door, main, workshop, maria, ivan, technician)


def forum_group(stand: Stand, title: str) -> Channel:
    """Found a forum in which the bot is admin."""
    group = stand.world.add_group(title, owner=stand.boss)
    stand.world.forums.toggle(group, enabled=True)
    stand.world.join(group, stand.bot)
    stand.world.make_admin(group, stand.bot)
    return group
