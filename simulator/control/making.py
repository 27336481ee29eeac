"""Makes people, bots, channels and groups."""

from fastapi import APIRouter, status

from simulator.control.lookup import chat_of, person_of
from simulator.control.models import (
    BotAsked,
    BotShown,
    ChannelAsked,
    ChatShown,
    GroupAsked,
    LinkAsked,
    PersonAsked,
    PersonShown,
)
from simulator.control.showing import show_bot, show_chat, show_person
from simulator.world.world import World


def people_routes(world: World) -> APIRouter:
    """Give the routes that make and show people and bots."""
    routes = APIRouter(tags=["people"])

    @routes.post("/people", status_code=status.HTTP_201_CREATED)
    async def add_person(asked: PersonAsked) -> PersonShown:
        """Let somebody be born; a phone number is what to sign in with."""
        person = world.add_person(asked.phone, asked.name, username=asked.username, bio=asked.bio)
        person.language = asked.language
        world.set_password(person, asked.password)
        return show_person(person)

    @routes.get("/people")
    async def list_people() -> list[PersonShown]:
        """List everybody, bots included."""
        return [show_person(each) for each in world.people]

    @routes.get("/people/{person}")
    async def one_person(person: int) -> PersonShown:
        """Show one person or bot."""
        return show_person(person_of(world, person))

    @routes.post("/bots", status_code=status.HTTP_201_CREATED)
    async def add_bot(asked: BotAsked) -> BotShown:
        """Let a bot be born."""
        bot = world.add_bot(asked.name, asked.username, asked.token)
        if asked.reads_all:
            world.bots.all_ears.add(bot.id)
        return show_bot(bot, world.bots.token_of(bot))

    return routes


def chat_routes(world: World) -> APIRouter:
    """Give the routes that make and show channels and groups."""
    routes = APIRouter(tags=["chats"])

    @routes.post("/channels", status_code=status.HTTP_201_CREATED)
    async def add_channel(asked: ChannelAsked) -> ChatShown:
        """Found a channel."""
        owner = person_of(world, asked.owner)
        options = asked.model_dump(exclude={"title", "owner"})
        return show_chat(world.add_channel(asked.title, owner=owner, **options))

    @routes.post("/groups", status_code=status.HTTP_201_CREATED)
    async def add_group(asked: GroupAsked) -> ChatShown:
        """Found a supergroup."""
        owner = person_of(world, asked.owner)
        head = None if asked.channel is None else chat_of(world, asked.channel, broadcast=True)
        options = asked.model_dump(exclude={"title", "owner", "channel", "forum"})
        group = world.add_group(asked.title, owner=owner, **options)
        if asked.forum:
            world.forums.toggle(group, enabled=True)
        if head is not None:
            world.link_group(head, group)
        return show_chat(group)

    @routes.get("/chats")
    async def list_chats() -> list[ChatShown]:
        """List all channels and groups."""
        return [show_chat(each) for each in world.channels]

    @routes.get("/chats/{chat}")
    async def one_chat(chat: int) -> ChatShown:
        """Show one channel or group."""
        return show_chat(chat_of(world, chat))

    @routes.put("/chats/{chat}/group")
    async def link(chat: int, asked: LinkAsked) -> ChatShown:
        """Give a channel another discussion group, or none."""
        channel = chat_of(world, chat, broadcast=True)
        group = None if asked.group is None else chat_of(world, asked.group, broadcast=False)
        world.link_group(channel, group)
        return show_chat(channel)

    add_upgrade(routes, world)
    return routes


def add_upgrade(routes: APIRouter, world: World) -> None:
    """Add the route by which a basic group becomes a supergroup."""

    @routes.post("/chats/{chat}/supergroup", status_code=status.HTTP_201_CREATED)
    async def upgrade(chat: int) -> ChatShown:
        """Make a supergroup of a basic group, which is another chat; gives the new one."""
        return show_chat(world.upgrade(chat_of(world, chat, broadcast=False)))
