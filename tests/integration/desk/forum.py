"""A desk in mode topics: a forum with a topic for each ticket, and a technician's group."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from desk.door import Door
from simulator.world.channels import Channel
from simulator.world.forums import TopicChange
from simulator.world.messages import Message
from simulator.world.people import Person
from support.groups import DeskGroup, GroupUse
from support.people import NewTechnician, Technician
from support.tickets import Mode
from tests.integration.desk.stand import BOSS, Stand, chat_id


@dataclass
class Forum:
    """The main group, and Ivan the technician's."""

    stand: Stand
    door: Door
    main: Channel
    workshop: Channel
    ivan: Person
    technician: Technician

    @property
    def world(self):  # type: ignore[no-untyped-def]  # noqa: ANN201 - the stand's own
        return self.stand.world

    def titles(self, group: Channel) -> list[str]:
        """Return what a group's topics are called, but for General."""
        return [one.title for one in group.topics.values() if one.id != 1]

    async def titled(self, text: str, group: Channel | None = None) -> int:
        """Wait until a topic's title holds these words; gives its number."""
        where = group or self.main

        def look() -> int | None:
            found = [one.id for one in where.topics.values() if text in one.title and one.id != 1]
            return found[-1] if found else None

        number: int = await self.stand.until(look, f"a topic called {text!r}")
        return number

    def said(self, group: Channel, topic: int) -> Sequence[Message]:
        """Return what stands in a topic."""
        return [one for one in group.history if one.id in group.threads.get(topic, ())]

    async def stands(self, text: str, topic: int, group: Channel | None = None) -> Message:
        """Wait until words stand in a topic."""
        where = group or self.main

        def look() -> Message | None:
            return next((m for m in where.history if text in m.text and topic_of(m) == topic), None)

        found: Message = await self.stand.until(look, f"topic {topic} shows {text!r}")
        return found

    def write(self, person: Person, topic: int, text: str, group: Channel | None = None) -> Message:
        """Write into a topic."""
        return self.world.comment_in_topic(group or self.main, person, topic, text)

    async def ask(self, name: str, text: str, *, username: str | None = None) -> Person:
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


def topic_of(message: Message) -> int | None:
    """Return in which topic a message stands."""
    return message.topic


@asynccontextmanager
async def forum_on(stand: Stand) -> AsyncIterator[Forum]:
    raise NotImplementedError
    yield


__all__ = ["BOSS", "DeskGroup", "GroupUse", "Mode", "NewTechnician", "TopicChange", "replace", "chat_id"]
