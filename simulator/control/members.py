"""How people come into chats, rise in them and leave, and the topics of forums."""

from typing import Annotated

from fastapi import APIRouter, Query, Response, status

from simulator.control.lookup import chat_of, message_of, person_of, topic_of
from simulator.control.models import AdminAsked, ChatShown
from simulator.control.place_models import (
    ForumAsked,
    InviteAsked,
    InviteShown,
    JoinAsked,
    TopicAsked,
    TopicChangeAsked,
    TopicShown,
)
from simulator.control.show_talk import show_topic
from simulator.control.showing import show_chat
from simulator.world.channels import ALL_RIGHTS, Channel
from simulator.world.forums import TopicChange
from simulator.world.people import Person
from simulator.world.world import World

Aloud = Annotated[bool, Query(description="Whether a service message in a group tells of it")]
By = Annotated[int | None, Query(description="Who does it, without it the creator")]


def creator_of(world: World, chat: Channel) -> Person:
    """Find the creator of a chat."""
    return world.people.get(next(m.user for m in chat.members.values() if m.creator))


def doer(world: World, chat: Channel, by: int | None) -> Person:
    """Find who is to do something in a chat, its creator unless somebody is named."""
    return creator_of(world, chat) if by is None else person_of(world, by)


def membership_routes(world: World) -> APIRouter:
    """Give the routes by which people come, go and rise."""
    routes = APIRouter(tags=["members"])

    @routes.put("/chats/{chat}/members/{person}")
    async def join(chat: int, person: int, by: By = None, announce: Aloud = False) -> ChatShown:
        """Let somebody join, brought in by `by` or of their own will."""
        found, newcomer = chat_of(world, chat), person_of(world, person)
        host = newcomer if by is None else person_of(world, by)
        world.membership.admit(found, newcomer, by=host, announce=announce)
        return show_chat(found)

    @routes.delete("/chats/{chat}/members/{person}")
    async def leave(chat: int, person: int, announce: Aloud = False) -> ChatShown:
        """Let somebody leave."""
        found = chat_of(world, chat)
        world.membership.leave(found, person_of(world, person), announce=announce)
        return show_chat(found)

    @routes.put("/chats/{chat}/banned/{person}")
    async def ban(chat: int, person: int, by: By = None) -> ChatShown:
        """Throw somebody out for good."""
        found = chat_of(world, chat)
        world.membership.expel(found, person_of(world, person), by=doer(world, found, by))
        return show_chat(found)

    @routes.delete("/chats/{chat}/banned/{person}")
    async def forgive(chat: int, person: int, by: By = None) -> ChatShown:
        """Let somebody come back."""
        found, host = chat_of(world, chat), person_of(world, person)
        world.membership.restrict(found, host, silent=False, by=doer(world, found, by))
        return show_chat(found)

    @routes.put("/chats/{chat}/admins/{person}")
    async def promote(chat: int, person: int, asked: AdminAsked) -> ChatShown:
        """Make somebody an administrator."""
        found, rights = chat_of(world, chat), frozenset(asked.rights) or ALL_RIGHTS
        by = doer(world, found, asked.by)
        world.membership.promote(found, person_of(world, person), rights, by=by)
        return show_chat(found)

    @routes.delete("/chats/{chat}/admins/{person}")
    async def dismiss(chat: int, person: int, by: By = None) -> ChatShown:
        """Make a plain member of an administrator."""
        found, whom = chat_of(world, chat), person_of(world, person)
        world.membership.promote(found, whom, frozenset(), by=doer(world, found, by))
        return show_chat(found)

    return routes


def door_routes(world: World) -> APIRouter:
    """Give the routes of invite links and of requests to be let in."""
    routes = APIRouter(tags=["members"])

    @routes.post("/chats/{chat}/invites", status_code=status.HTTP_201_CREATED)
    async def invite(chat: int, asked: InviteAsked) -> InviteShown:
        """Make an invite link."""
        found = chat_of(world, chat)
        made = world.invites.create(
            found,
            doer(world, found, asked.by),
            asks=asked.asks,
            limit=asked.limit,
            title=asked.title,
        )
        return InviteShown(link=f"https://t.me/+{made.secret}")

    @routes.post("/people/{person}/joins", status_code=status.HTTP_201_CREATED)
    async def follow(person: int, asked: JoinAsked) -> ChatShown:
        """Follow an invite link; one that only lets people ask answers INVITE_REQUEST_SENT."""
        secret = asked.link.rpartition("+")[2]
        return show_chat(world.invites.follow(secret, person_of(world, person)))

    @routes.put("/chats/{chat}/pins/{message}", status_code=status.HTTP_204_NO_CONTENT)
    async def pin(chat: int, message: int, by: By = None) -> Response:
        """Pin a message."""
        found = chat_of(world, chat)
        person = doer(world, found, by)
        world.pins.set(found, person.id, message_of(world, person, chat, message).id, pinned=True)
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return routes


def forum_routes(world: World) -> APIRouter:
    """Give the routes of forums and their topics."""
    routes = APIRouter(tags=["topics"])

    @routes.put("/chats/{chat}/forum")
    async def toggle(chat: int, asked: ForumAsked) -> ChatShown:
        """Make a forum of a group, or a plain one again."""
        group = chat_of(world, chat, broadcast=False)
        world.forums.toggle(group, enabled=asked.enabled)
        return show_chat(group)

    @routes.get("/chats/{chat}/topics")
    async def topics(chat: int) -> list[TopicShown]:
        """List the topics of a forum."""
        group = chat_of(world, chat, broadcast=False)
        return [show_topic(group, each) for each in group.topics.values()]

    @routes.post("/chats/{chat}/topics", status_code=status.HTTP_201_CREATED)
    async def open_topic(chat: int, asked: TopicAsked) -> TopicShown:
        """Open a topic."""
        group = chat_of(world, chat, broadcast=False)
        by = doer(world, group, asked.by)
        opened = world.forums.open(group, by.id, asked.title)
        return show_topic(group, group.topics[opened.message.id])

    @routes.patch("/chats/{chat}/topics/{topic}")
    async def change(chat: int, topic: int, asked: TopicChangeAsked) -> TopicShown:
        """Rename, close, reopen, hide or show a topic."""
        group = chat_of(world, chat, broadcast=False)
        found = topic_of(group, topic)
        wanted = TopicChange(asked.title, asked.closed, asked.hidden)
        world.forums.edit(group, doer(world, group, asked.by).id, found.id, wanted)
        return show_topic(group, found)

    @routes.delete("/chats/{chat}/topics/{topic}", status_code=status.HTTP_204_NO_CONTENT)
    async def delete(chat: int, topic: int, by: By = None) -> Response:
        """Delete a topic with all that was said in it."""
        group = chat_of(world, chat, broadcast=False)
        found = topic_of(group, topic)
        world.forums.delete(group, doer(world, group, by).id, found.id)
        return Response(status_code=status.HTTP_204_NO_CONTENT)

    return routes
