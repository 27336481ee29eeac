"""Looks through the world for what was said twice."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from simulator.world.channels import Channel
from simulator.world.messages import Message
from simulator.world.peers import MessageId, Peer, UserId
from simulator.world.people import Person

Key = tuple[object, ...]


class Sameness(StrEnum):
    """In what two messages are the same."""

    RANDOM_ID = "random_id"
    AUTHOR_AND_THREAD = "author_and_thread"


@dataclass(frozen=True, slots=True)
class Duplicate:
    """Messages of one author in one chat that should have been one."""

    sameness: Sameness
    author: UserId
    chat: Peer
    ids: tuple[MessageId, ...]


def find_duplicates(channels: Iterable[Channel], people: Iterable[Person]) -> list[Duplicate]:
    """List what was sent twice: under one random id, or in one thread with the same words."""
    found: list[Duplicate] = []
    for messages in said(channels, people):
        found += same(messages, Sameness.RANDOM_ID)
        found += same(messages, Sameness.AUTHOR_AND_THREAD)
    return found


def said(channels: Iterable[Channel], people: Iterable[Person]) -> Iterator[list[Message]]:
    """Give every chat's messages, a private one as its author keeps it."""
    for channel in channels:
        yield list(channel.history)
    for person in people:
        for chat in person.inbox.chats.values():
            yield [message for message in chat if message.author == person.id]


def same(messages: list[Message], sameness: Sameness) -> Iterator[Duplicate]:
    """Group one chat's messages by what must not repeat."""
    groups: defaultdict[Key, list[Message]] = defaultdict(list)
    for message in messages:
        key = key_of(message, sameness)
        if key is not None:
            groups[key].append(message)
    for twice in groups.values():
        if len(twice) > 1:
            first = twice[0]
            ids = tuple(message.id for message in twice)
            yield Duplicate(sameness, first.author, first.chat, ids)


def key_of(message: Message, sameness: Sameness) -> Key | None:
    """Say what must not repeat of a message, None when it may."""
    if message.action is not None or message.forward is not None:
        return None
    if sameness is Sameness.RANDOM_ID:
        return None if message.random_id is None else (message.author, message.random_id)
    return None if message.thread is None else (message.author, message.thread, message.text)
