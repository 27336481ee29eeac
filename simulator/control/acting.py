"""Acts as a person: writes, comments, presses buttons, blocks."""

from typing import Annotated

from fastapi import APIRouter, Query, status

from simulator.control.lookup import button_of, chat_of, message_of, person_of
from simulator.control.models import (
    CommentAsked,
    MessageShown,
    PersonShown,
    PressAsked,
    PressShown,
    PrivateAsked,
    SayingAsked,
    WordsAsked,
)
from simulator.control.showing import show_message, show_person
from simulator.world.messages import Draft
from simulator.world.peers import MessageId, UserId
from simulator.world.world import World


def draft_of(world: World, asked: WordsAsked, reply_to: int | None = None) -> Draft:
    """Make a draft of what is to be said."""
    answered = asked.reply_to if reply_to is None else reply_to
    picture = None if asked.photo is None else world.files.add_picture(asked.photo)
    number = None if answered is None else MessageId(answered)
    return Draft(asked.text, number, media=picture)


def talk_routes(world: World) -> APIRouter:
    """Give the routes by which something is said and read in channels and groups."""
    routes = APIRouter(tags=["talk"])

    @routes.post("/chats/{chat}/messages", status_code=status.HTTP_201_CREATED)
    async def say(chat: int, asked: SayingAsked) -> MessageShown:
        """Post into a channel, or write into a group."""
        found = chat_of(world, chat)
        creator = next(each.user for each in found.members.values() if each.creator)
        author = person_of(world, asked.author or creator)
        sent = world.channel_talk.send(found, author.id, draft_of(world, asked))
        return show_message(sent.message)

    @routes.get("/chats/{chat}/messages")
    async def read(chat: int) -> list[MessageShown]:
        """List the messages, the oldest first."""
        return [show_message(each) for each in chat_of(world, chat).history]

    @routes.post("/chats/{chat}/posts/{post}/comments", status_code=status.HTTP_201_CREATED)
    async def comment(chat: int, post: int, asked: CommentAsked) -> MessageShown:
        """Comment on a post."""
        author = person_of(world, asked.author)
        group, head = world.channel_talk.discussion(chat_of(world, chat, broadcast=True), post)
        draft = draft_of(world, asked, asked.reply_to or head.id)
        return show_message(world.channel_talk.send(group, author.id, draft).message)

    @routes.get("/chats/{chat}/posts/{post}/comments")
    async def comments(chat: int, post: int) -> list[MessageShown]:
        """List the comments on a post, the oldest first."""
        channel = chat_of(world, chat, broadcast=True)
        return [show_message(each) for each in world.comments_under(channel, MessageId(post))]

    return routes


def private_routes(world: World) -> APIRouter:
    """Give the routes of what passes between two people, or a person and a bot."""
    routes = APIRouter(tags=["private"])

    @routes.post("/people/{person}/messages", status_code=status.HTTP_201_CREATED)
    async def write(person: int, asked: PrivateAsked) -> MessageShown:
        """Write to somebody; gives the author's copy."""
        author, to = person_of(world, person), person_of(world, asked.to)
        return show_message(world.private_talk.send(author, to, draft_of(world, asked)).message)

    @routes.get("/people/{person}/messages")
    async def read(person: int, other: Annotated[int, Query(alias="with")]) -> list[MessageShown]:
        """List what two people said, as the first one keeps it."""
        pair = (person_of(world, person), person_of(world, other))
        return [show_message(each) for each in world.messages_of(pair)]

    @routes.post("/people/{person}/presses", status_code=status.HTTP_201_CREATED)
    async def press(person: int, asked: PressAsked) -> PressShown:
        """Press a button."""
        presser = person_of(world, person)
        message = message_of(world, presser, asked.chat, asked.message)
        button = button_of(message, asked.button)
        query = world.callbacks.press(presser, message, button.data)
        return PressShown(id=query.id, bot=query.bot)

    @routes.put("/people/{person}/blocked/{other}")
    async def block(person: int, other: int) -> PersonShown:
        """Block somebody."""
        blocker = person_of(world, person)
        blocker.blocked.add(person_of(world, other).id)
        return show_person(blocker)

    @routes.delete("/people/{person}/blocked/{other}")
    async def unblock(person: int, other: int) -> PersonShown:
        """Forgive somebody."""
        blocker = person_of(world, person)
        blocker.blocked.discard(UserId(other))
        return show_person(blocker)

    return routes
