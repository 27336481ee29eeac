"""The simulated Telegram in a process of its own: the place where things happen, and the judge.

What counts is what arrived in its world. It knows nothing of Troupe but a number in each text.
"""

import asyncio
import logging
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection

from simulator.mtproto.faults import Fault, FaultKind
from simulator.server import TelegramServer, serve
from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.peers import person_peer
from simulator.world.people import Person
from simulator.world.world import World
from tests.chaos.remote import answer_calls, write_to

BIO = "Speaks for Example Ltd; a machine helps it write"
VISITORS = 7
MARK = re.compile(r"^outbox (\d+)$")


@dataclass(frozen=True, slots=True)
class Pointers:
    """Where this Telegram is."""

    host: str
    port: int
    dc_id: int
    public_key: str
    api_id: int
    api_hash: str


@dataclass(frozen=True, slots=True)
class Enlisted:
    """Somebody who is signed in, and the channel with a discussion group that they run."""

    phone: str
    user: int
    auth_key: bytes
    channel: int
    username: str
    group: int
    posts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Stranger:
    """Somebody who may write to our people, and how each of these addresses them."""

    user: int
    hashes: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Evidence:
    """What Telegram saw of us."""

    arrived: dict[int, tuple[int, ...]]
    """The message ids under which each row of the outbox arrived; one is right."""
    strangers: int
    """Messages in the groups that no row of the outbox explains."""
    repeated: int
    """Requests to send that were asked again, and doubled nothing."""
    double_held: int
    """Keys that were used from two addresses at once."""
    unexplained: dict[str, int]
    """Methods that the simulator does not know, or at which it failed itself."""


class Judge:
    """What may be asked of the process."""

    def __init__(self, server: TelegramServer) -> None:
        self.server = server
        self.world: World = server.world
        self.people: list[Person] = []
        self.channels: list[Channel] = []
        self.groups: list[Channel] = []
        self.met: list[Person] = []
        self.owner = self.world.add_person("", "Olga Owner")
        self.visitors = [self.world.add_person("", f"Visitor {each}") for each in range(VISITORS)]

    def pointers(self) -> Pointers:
        """Say how to connect."""
        server = self.server
        return Pointers(
            server.host,
            server.port,
            server.dc_id,
            server.public_key,
            server.api_id,
            server.api_hash,
        )

    def enlist(self, people: int, posts: int) -> list[Enlisted]:
        """Let so many people sign in, each with a channel in which that many posts stand."""
        return [self.enlist_one(len(self.people), posts) for _ in range(people)]

    def enlist_one(self, number: int, posts: int) -> Enlisted:
        """Let one person sign in without an exchange of keys, and be admin of a new channel."""
        phone, username = f"+999661{number:04}", f"chaos_channel_{number}"
        person = self.world.add_person(phone, f"Player {number}", bio=BIO)
        key = self.server.keys.issue()
        self.world.logins.admit(key.id, person)
        channel = self.world.add_channel(
            f"Channel {number}", username, owner=self.owner, linked=True
        )
        self.world.join(channel, person)
        self.world.make_admin(channel, person)
        group = self.world.group_of(channel)
        published = [self.world.publish(channel, f"Post {post}") for post in range(posts)]
        self.people.append(person)
        self.channels.append(channel)
        self.groups.append(group)
        ids = tuple(post.id for post in published)
        return Enlisted(phone, person.id, key.data, channel.id, username, group.id, ids)

    def order(self, *faults: Fault) -> None:
        """Arm faults."""
        for fault in faults:
            self.server.faults.add(fault)

    def lose_answer_of(self, player: int) -> None:
        """Carry out the next request to send of one of the people, and never answer it."""
        person = self.people[player].id
        self.order(Fault("messages.SendMessage", FaultKind.LOST_ANSWER, account=person))

    def withdraw_all(self) -> dict[str, int]:
        """Disarm all faults; tell how often each kind happened of late."""
        self.server.faults.clear()
        return dict(Counter(str(fault.kind) for fault in self.server.faults.met))

    def cut(self) -> int:
        """Cut every connection; tell how many there were."""
        lines = {line for lines in self.server.listener.book.lines.values() for line in lines}
        for line in lines:
            line.cut()
        return len(lines)

    def connected(self) -> int:
        """Count the keys that are in use."""
        return len(self.server.listener.book.lines)

    def publish(self, channel: int, texts: list[str]) -> list[int]:
        """Publish posts in one of the channels."""
        return [self.world.publish(self.channels[channel], text).id for text in texts]

    def strangers(self, count: int) -> list[Stranger]:
        """Let so many people come whom nobody of ours has met."""
        return [self.stranger() for _ in range(count)]

    def stranger(self) -> Stranger:
        """Let one come."""
        person = self.world.add_person("", "Stranger")
        self.met.append(person)
        peer = person_peer(person.id)
        hashes = tuple(self.world.hashes.of(ours.id, peer) for ours in self.people)
        return Stranger(person.id, hashes)

    def write_in_private(self, texts: list[str]) -> None:
        """Let visitors write to the people in private, each text to somebody else."""
        for number, text in enumerate(texts):
            visitor = self.visitors[number % len(self.visitors)]
            self.world.send_private(visitor, self.people[number % len(self.people)], text)

    def count_arrived(self) -> int:
        """Count the messages that were sent by us, repeated requests aside."""
        return sum(
            not attempt.repeated and MARK.match(attempt.text) is not None
            for attempt in self.world.attempts()
        )

    def has_arrived(self, row: int) -> bool:
        """Tell whether a row of the outbox is in the world."""
        return any(attempt.text == f"outbox {row}" for attempt in self.world.attempts())

    def said_in_groups(self) -> Iterator[Message]:
        """Go through what stands in the groups."""
        for group in self.groups:
            yield from self.world.messages_of(group)

    def said_in_private(self) -> Iterator[Message]:
        """Go through what stands between our people and those who came."""
        for ours in self.people:
            for person in self.met:
                yield from self.world.messages_of((ours, person))

    def evidence(self) -> Evidence:
        """Look through every group, and through every private chat with somebody new."""
        arrived: dict[int, tuple[int, ...]] = {}
        strangers = 0
        for message in (*self.said_in_groups(), *self.said_in_private()):
            mark = MARK.match(message.text)
            if mark:
                row = int(mark[1])
                arrived[row] = (*arrived.get(row, ()), message.id)
            else:
                strangers += not message.text.startswith("Post ") and bool(message.text)
        return Evidence(
            arrived,
            strangers,
            sum(attempt.repeated for attempt in self.world.attempts()),
            len(self.server.seen_twice),
            {**self.server.crashed, **self.server.methods.unknown},
        )


async def live(pipe: Connection) -> None:
    """Serve until the other end of the pipe is closed."""
    async with serve() as server:
        await answer_calls(pipe, Judge(server))


def main(pipe: Connection, log: str) -> None:
    """Be a Telegram."""
    write_to(log)
    logging.basicConfig(level=logging.WARNING)
    asyncio.run(live(pipe))
