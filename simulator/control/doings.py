"""What a person does besides speaking: edits, deletes, forwards, feels, votes, blocks, types."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from simulator.control.drafts import say
from simulator.control.lookup import Place, message_of, person_of, place_of
from simulator.control.models import PersonShown
from simulator.control.show_talk import show_message
from simulator.control.showing import show_person
from simulator.control.talk_models import (
    EditAsked,
    ForwardAsked,
    MessageShown,
    ReactionAsked,
    TypingAsked,
    VoteAsked,
)
from simulator.world.channels import Channel
from simulator.world.events import Typing
from simulator.world.messages import Draft, Message, Origin
from simulator.world.peers import MessageId, Peer, person_peer
from simulator.world.people import Person
from simulator.world.refusals import Refusal
from simulator.world.world import World

NOTHING = Response(status_code=status.HTTP_204_NO_CONTENT)
DONE = status.HTTP_204_NO_CONTENT


def message_routes(world: World) -> APIRouter:
    """Give the routes by which a person changes what was said."""
    routes = APIRouter(tags=["acting"])

    @routes.patch("/people/{person}/messages/{message}")
    async def edit(person: int, message: int, asked: EditAsked) -> MessageShown:
        """Put other words in the place of one's own; files and buttons stay."""
        editor, place = person_of(world, person), place_of(world, asked.chat)
        found = message_of(world, editor, asked.chat, message)
        draft = Draft(asked.text, markup=found.markup)
        if isinstance(place, Channel):
            world.channel_talk.edit(place, editor.id, found.id, draft)
        else:
            world.private_talk.edit(editor, found.id, draft)
        return show_message(world, found)

    @routes.delete("/people/{person}/messages/{message}", status_code=DONE)
    async def delete(person: int, message: int, chat: Annotated[int, Query()]) -> Response:
        """Delete a message for everybody."""
        author, place = person_of(world, person), place_of(world, chat)
        found = message_of(world, author, chat, message)
        if isinstance(place, Channel):
            world.channel_talk.delete(place, author.id, [found.id])
        else:
            world.private_talk.delete(author, [found.id], revoke=True)
        return NOTHING

    @routes.post("/people/{person}/forwards", status_code=status.HTTP_201_CREATED)
    async def forward(person: int, asked: ForwardAsked) -> list[MessageShown]:
        """Pass messages on."""
        author, to = person_of(world, person), place_of(world, asked.to)
        topic = None if asked.topic is None else MessageId(asked.topic)
        found = [message_of(world, author, asked.chat, each) for each in asked.messages]
        drafts = [passed_on(each, topic) for each in found]
        return [show_message(world, say(world, author, to, draft)) for draft in drafts]

    return routes


def feeling_routes(world: World) -> APIRouter:
    """Give the routes by which a person answers what was said without words."""
    routes = APIRouter(tags=["acting"])

    @routes.put("/people/{person}/reactions")
    async def react(person: int, asked: ReactionAsked) -> MessageShown:
        """Put one's feelings on a message, in place of earlier ones."""
        reader, place = person_of(world, person), place_of(world, asked.chat)
        found = message_of(world, reader, asked.chat, asked.message)
        felt = tuple(asked.reactions)
        if isinstance(place, Channel):
            world.channel_talk.react(place, reader.id, found.id, felt)
        else:
            world.private_talk.react(reader, found.id, felt)
        return show_message(world, found)

    @routes.put("/people/{person}/votes")
    async def vote(person: int, asked: VoteAsked) -> MessageShown:
        """Vote in a poll."""
        voter = person_of(world, person)
        found = message_of(world, voter, asked.chat, asked.message)
        world.polls.vote(voter, found, tuple(asked.options))
        return show_message(world, found)

    return routes


def passed_on(message: Message, topic: MessageId | None) -> Draft:
    """Make a message into one that says where it comes from."""
    if message.protected or message.action is not None:
        raise Refusal("CHAT_FORWARDS_RESTRICTED" if message.protected else "MESSAGE_ID_INVALID")
    post = message.id if message.post else None
    sender = message.chat if message.post else message.sender or person_peer(message.author)
    return Draft(
        message.text,
        entities=message.entities,
        media=message.media,
        origin=message.origin or Origin(sender, message.date, post),
        topic=topic,
    )


def stance_routes(world: World) -> APIRouter:
    """Give the routes of what a person thinks of another, and of being about to speak."""
    routes = APIRouter(tags=["acting"])

    @routes.put("/people/{person}/blocked/{other}")
    async def block(person: int, other: int) -> PersonShown:
        """Block somebody; a bot is told of it."""
        blocker = person_of(world, person)
        world.blocks.set(blocker, person_of(world, other), blocked=True)
        return show_person(blocker)

    @routes.delete("/people/{person}/blocked/{other}")
    async def unblock(person: int, other: int) -> PersonShown:
        """Forgive somebody; a bot is told of it."""
        blocker = person_of(world, person)
        world.blocks.set(blocker, person_of(world, other), blocked=False)
        return show_person(blocker)

    @routes.post("/people/{person}/typing", status_code=DONE)
    async def type_words(person: int, asked: TypingAsked) -> Response:
        """Show that one writes."""
        writer, place = person_of(world, person), place_of(world, asked.chat)
        world.bulletin.tell(Typing(writer.id, peer_of(place), "SendMessageTypingAction"))
        return NOTHING

    return routes


def peer_of(place: Place) -> Peer:
    """Name a place as a peer."""
    return person_peer(place.id) if isinstance(place, Person) else place.peer
