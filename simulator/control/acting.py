"""What is said in channels, groups and private chats, and read there."""

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from simulator.control.drafts import draft_of, file_of, say
from simulator.control.lookup import NotThere, chat_of, person_of, place_of
from simulator.control.show_talk import show_message
from simulator.control.talk_models import (
    AlbumAsked,
    CommentAsked,
    LetterAsked,
    MessageShown,
    SayingAsked,
)
from simulator.control.waiting import Waits
from simulator.world.history import History
from simulator.world.messages import Draft, Message
from simulator.world.peers import MessageId
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

After = Annotated[int, Query(description="Only messages with a greater number", ge=0)]
Wait = Annotated[float, Query(description="How many seconds to wait for one", ge=0, le=60)]
Thread = Annotated[int | None, Query(description="Only those of one thread or topic")]


class Reading:
    """Reads chats for requests that may wait for something new."""

    def __init__(self, world: World, waits: Waits) -> None:
        self.world, self.waits = world, waits

    async def read(self, newer: Callable[[], list[Message]], wait: float) -> list[MessageShown]:
        """Show what `newer` lists, once that is something or the time is over."""
        await self.waits.until(lambda: bool(newer()), wait)
        return [show_message(self.world, each) for each in newer()]


def talk_routes(world: World, waits: Waits) -> APIRouter:
    """Give the routes by which something is said and read in channels and groups."""
    routes, reading = APIRouter(tags=["talk"]), Reading(world, waits)

    @routes.post("/chats/{chat}/messages", status_code=status.HTTP_201_CREATED)
    async def post(chat: int, asked: SayingAsked) -> MessageShown:
        """Post into a channel, or write into a group."""
        found = chat_of(world, chat)
        creator = next(each.user for each in found.members.values() if each.creator)
        author = person_of(world, asked.author or creator)
        return show_message(world, say(world, author, found, draft_of(world, asked)))

    @routes.get("/chats/{chat}/messages")
    async def read(
        chat: int, after: After = 0, wait: Wait = 0, thread: Thread = None
    ) -> list[MessageShown]:
        """List the messages, the oldest first."""
        found = chat_of(world, chat)

        def newer() -> list[Message]:
            return [m for m in found.history.after(after) if thread in {None, m.thread}]

        return await reading.read(newer, wait)

    @routes.post("/chats/{chat}/posts/{post}/comments", status_code=status.HTTP_201_CREATED)
    async def comment(chat: int, post: int, asked: CommentAsked) -> MessageShown:
        """Comment on a post."""
        author = person_of(world, asked.author)
        group, head = world.channel_talk.discussion(chat_of(world, chat, broadcast=True), post)
        draft = draft_of(world, asked, asked.reply_to or head.id)
        return show_message(world, say(world, author, group, draft))

    @routes.get("/chats/{chat}/posts/{post}/comments")
    async def comments(chat: int, post: int) -> list[MessageShown]:
        """List the comments on a post, the oldest first."""
        channel = chat_of(world, chat, broadcast=True)
        found = world.comments_under(channel, MessageId(post))
        return [show_message(world, each) for each in found]

    return routes


def person_routes(world: World, waits: Waits) -> APIRouter:
    """Give the routes by which a person speaks anywhere, and reads private chats."""
    routes, reading = APIRouter(tags=["acting"]), Reading(world, waits)

    @routes.post("/people/{person}/messages", status_code=status.HTTP_201_CREATED)
    async def write(person: int, asked: LetterAsked) -> MessageShown:
        """Write to somebody or into a group; gives the author's copy."""
        author, place = person_of(world, person), place_of(world, asked.to)
        return show_message(world, say(world, author, place, draft_of(world, asked)))

    @routes.post("/people/{person}/albums", status_code=status.HTTP_201_CREATED)
    async def album(person: int, asked: AlbumAsked) -> list[MessageShown]:
        """Send files that are shown together."""
        author, place = person_of(world, person), place_of(world, asked.to)
        sent = [say(world, author, place, draft) for draft in album_of(world, asked)]
        return [show_message(world, each) for each in sent]

    @routes.get("/people/{person}/messages")
    async def read(
        person: int,
        other: Annotated[int, Query(alias="with")],
        after: After = 0,
        wait: Wait = 0,
    ) -> list[MessageShown]:
        """List what two people said, as the first one keeps it."""
        reader, writer = person_of(world, person), person_of(world, other)

        def newer() -> list[Message]:
            return said_between(reader, writer).after(after)

        return await reading.read(newer, wait)

    @routes.get("/files/{number}", response_class=Response)
    async def download(number: int) -> Response:
        """Give the bytes of a file."""
        try:
            stored = world.files.get(number)
        except Refusal:
            raise NotThere(f"There is no file {number}.") from None
        return Response(stored.data, media_type="application/octet-stream")

    return routes


def said_between(reader: Person, other: Person) -> History:
    """Find what two people said, as the first one keeps it."""
    return reader.inbox.chats.get(other.id) or History()


def album_of(world: World, asked: AlbumAsked) -> list[Draft]:
    """Make the messages of an album; the first answers what the album answers."""
    files = [(file_of(world, each), each.caption) for each in asked.files]
    number = world.files.number()
    topic = None if asked.topic is None else MessageId(asked.topic)
    drafts = [Draft(words, media=media, album=number, topic=topic) for media, words in files]
    if asked.reply_to is not None:
        drafts[0] = replace(drafts[0], reply_to=MessageId(asked.reply_to))
    return drafts
