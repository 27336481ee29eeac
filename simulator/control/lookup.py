"""Finds what a request names."""

from simulator.control.showing import unmark
from simulator.world.channels import Channel, ForumTopic
from simulator.world.markup import Button, InlineKeyboard
from simulator.world.messages import Message
from simulator.world.peers import MessageId, UserId
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

Place = Person | Channel


class NotThere(Exception):
    """What a request names does not exist; the text is a sentence for people."""


def person_of(world: World, number: int) -> Person:
    """Find a person or bot."""
    try:
        return world.people.get(UserId(number))
    except Refusal:
        raise NotThere(f"There is no person or bot with the id {number}.") from None


def bot_of(world: World, number: int) -> Person:
    """Find a bot."""
    found = world.people.by_id.get(UserId(number))
    if found is None or not found.bot:
        raise NotThere(f"There is no bot with the id {number}.")
    return found


def place_of(world: World, number: int) -> Place:
    """Find a person or bot, or a channel or group by a number below 0."""
    return chat_of(world, number) if number < 0 else person_of(world, number)


def topic_of(group: Channel, number: int) -> ForumTopic:
    """Find a topic of a forum."""
    found = group.topics.get(MessageId(number))
    if found is None:
        raise NotThere(f"There is no topic {number} in the chat.")
    return found


def chat_of(world: World, number: int, *, broadcast: bool | None = None) -> Channel:
    """Find a channel or group; `broadcast` says which of them it must be."""
    try:
        chat = world.channels.get(unmark(number))
    except Refusal:
        chat = None
    if chat is None or broadcast not in {None, chat.broadcast}:
        kind = {True: "channel", False: "group", None: "channel or group"}[broadcast]
        raise NotThere(f"There is no {kind} with the id {number} (ids look like -100…).")
    return chat


def message_of(world: World, reader: Person, chat: int, number: int) -> Message:
    """Find a message as somebody knows it, in a channel or group or in private."""
    if chat < 0:
        found = chat_of(world, chat).history.get(number)
    else:
        found = reader.inbox.messages.get(MessageId(number))
        found = found if found is not None and found.chat.id == chat else None
    if found is None:
        raise NotThere(f"There is no message {number} in the chat {chat}.")
    return found


def button_of(message: Message, words: str) -> Button:
    """Find a button under a message by its words."""
    rows = message.markup.rows if isinstance(message.markup, InlineKeyboard) else ()
    for button in (each for row in rows for each in row):
        if button.text == words:
            return button
    raise NotThere(f"The message {message.id} has no button {words!r}.")
