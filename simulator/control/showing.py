"""Shows the world's things as the control API's JSON."""

from simulator.control.models import (
    BotShown,
    ChatShown,
    CountsShown,
    DuplicateShown,
    MemberShown,
    PersonShown,
)
from simulator.world.channels import Channel
from simulator.world.duplicates import Duplicate
from simulator.world.peers import ChannelId, Peer, PeerKind
from simulator.world.people import Person
from simulator.world.world import World

MARK = -1_000_000_000_000


def mark(channel: int) -> int:
    """Write a channel's number as the Bot API does."""
    return MARK - channel


def unmark(chat: int) -> ChannelId:
    """Read a channel's number as the Bot API writes it."""
    return ChannelId(MARK - chat)


def number_of(peer: Peer) -> int:
    """Give the one number by which a peer is named here."""
    return mark(peer.id) if peer.kind is PeerKind.CHANNEL else peer.id


def show_person(person: Person) -> PersonShown:
    """Show a person or bot."""
    return PersonShown(
        id=person.id,
        name=person.name,
        phone=person.phone,
        username=person.username,
        bio=person.bio,
        bot=person.bot,
        language=person.language,
        blocked=sorted(person.blocked),
    )


def show_bot(bot: Person, token: str) -> BotShown:
    """Show a bot with its token."""
    return BotShown(**show_person(bot).model_dump(), token=token)


def show_chat(chat: Channel) -> ChatShown:
    """Show a channel or group."""
    return ChatShown(
        id=mark(chat.id),
        kind="channel" if chat.broadcast else "group",
        title=chat.title,
        username=chat.username,
        about=chat.about,
        linked=None if chat.linked is None else mark(chat.linked),
        members=[
            MemberShown(user=each.user, creator=each.creator, rights=sorted(each.rights))
            for each in chat.members.values()
        ],
        messages=len(chat.history),
        forum=chat.forum,
        banned=sorted(chat.banned),
        requests=list(chat.requests),
    )


def show_duplicate(duplicate: Duplicate) -> DuplicateShown:
    """Show what should have been one message."""
    return DuplicateShown(
        sameness=duplicate.sameness,
        author=duplicate.author,
        chat=number_of(duplicate.chat),
        messages=list(duplicate.ids),
    )


def show_counts(world: World) -> CountsShown:
    """Count what there is; a private message counts once."""
    people, chats = list(world.people), list(world.channels)
    private = sum(each.author == one.id for one in people for each in one.inbox.messages.values())
    attempts = list(world.attempts())
    return CountsShown(
        people=sum(not each.bot for each in people),
        bots=sum(each.bot for each in people),
        channels=sum(each.broadcast for each in chats),
        groups=sum(not each.broadcast for each in chats),
        messages=private + sum(len(each.history) for each in chats),
        attempts=len(attempts),
        repeated=sum(each.repeated for each in attempts),
        duplicates=len(world.duplicates()),
    )
