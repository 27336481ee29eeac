"""Profiles, names, bios, contacts and blocks."""

from telethon.tl import types
from telethon.tl.functions import account, contacts, users

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import show_peer, show_user
from simulator.world.peers import person_peer
from simulator.world.people import Person, normalise_phone
from simulator.world.refusals import Refusal

topic = Topic()


@topic.handles(users.GetUsersRequest)
async def get_users(caller: Caller, request: users.GetUsersRequest) -> Result:
    """Show people; one who cannot be named is shown empty."""
    return [found_or_empty(caller, named) for named in request.id]


def found_or_empty(caller: Caller, named: types.TLObject) -> types.User | types.UserEmpty:
    """Show a person, or nobody under the same number."""
    try:
        return show_user(caller.world, caller.me.id, caller.person(named))
    except Refusal:
        return types.UserEmpty(getattr(named, "user_id", 0))


@topic.handles(users.GetFullUserRequest)
async def get_full_user(caller: Caller, request: users.GetFullUserRequest) -> Result:
    """Show a person's profile, the bio with it."""
    person = caller.person(request.id)
    full = types.UserFull(
        id=person.id,
        settings=types.PeerSettings(),
        notify_settings=types.PeerNotifySettings(),
        common_chats_count=len(person.inbox.channels & caller.me.inbox.channels),
        blocked=person.id in caller.me.blocked,
        about=person.bio or None,
        bot_info=show_bot(caller, person) if person.bot else None,
    )
    cast = caller.cast(person_peer(person.id))
    return types.users.UserFull(full_user=full, chats=[], users=cast.users())


def show_bot(caller: Caller, bot: Person) -> types.BotInfo:
    """Show what a bot says of itself."""
    known = caller.world.bots.commands_of(bot)
    commands = [types.BotCommand(each.name, each.description) for each in known]
    return types.BotInfo(user_id=bot.id, description=bot.bio or None, commands=commands)


@topic.handles(account.UpdateProfileRequest)
async def update_profile(caller: Caller, request: account.UpdateProfileRequest) -> Result:
    """Change names and bio; what is not given stays."""
    people, me = caller.world.people, caller.me
    if request.about is not None:
        people.describe(me, request.about)
    if request.first_name is not None or request.last_name is not None:
        people.rename(me, request.first_name, request.last_name)
    return show_user(caller.world, me.id, me)


@topic.handles(account.UpdateUsernameRequest)
async def update_username(caller: Caller, request: account.UpdateUsernameRequest) -> Result:
    """Take another username, or none."""
    caller.world.people.take_username(caller.me, request.username)
    return show_user(caller.world, caller.me.id, caller.me)


@topic.handles(account.CheckUsernameRequest)
async def check_username(caller: Caller, request: account.CheckUsernameRequest) -> Result:
    """Tell whether a username may be taken."""
    return caller.world.usernames.is_free(request.username)


@topic.handles(account.UpdateStatusRequest)
async def update_status(caller: Caller, request: account.UpdateStatusRequest) -> Result:
    """Come online or go away."""
    caller.world.people.be_seen(caller.me, online=not request.offline)
    return True


@topic.handles(contacts.ResolveUsernameRequest)
async def resolve_username(caller: Caller, request: contacts.ResolveUsernameRequest) -> Result:
    """Find who goes by a username."""
    peer = caller.world.usernames.find(request.username)
    cast = caller.cast(peer)
    return types.contacts.ResolvedPeer(peer=show_peer(peer), chats=cast.chats(), users=cast.users())


@topic.handles(contacts.ResolvePhoneRequest)
async def resolve_phone(caller: Caller, request: contacts.ResolvePhoneRequest) -> Result:
    """Find who has a phone number."""
    person = caller.world.people.by_phone.get(normalise_phone(request.phone))
    if person is None:
        raise Refusal("PHONE_NOT_OCCUPIED")
    peer = person_peer(person.id)
    return types.contacts.ResolvedPeer(
        peer=show_peer(peer), chats=[], users=caller.cast(peer).users()
    )


@topic.handles(contacts.BlockRequest)
async def block(caller: Caller, request: contacts.BlockRequest) -> Result:
    """Hear nothing more from a person."""
    return mark(caller, request.id, blocked=True)


@topic.handles(contacts.UnblockRequest)
async def unblock(caller: Caller, request: contacts.UnblockRequest) -> Result:
    """Hear from a person again."""
    return mark(caller, request.id, blocked=False)


def mark(caller: Caller, named: types.TLObject, *, blocked: bool) -> bool:
    """Put a person on the caller's list of the blocked, or take them off it."""
    person = caller.peer(named)
    if not isinstance(person, Person):
        raise Refusal("PEER_ID_INVALID")
    caller.world.blocks.set(caller.me, person, blocked=blocked)
    return True
