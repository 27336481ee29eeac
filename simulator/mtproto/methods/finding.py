"""Finding people and channels by name, and messages in all of one's chats."""

from collections.abc import Iterator

from telethon.tl import types
from telethon.tl.functions import contacts, messages

from simulator.mtproto.call import Result
from simulator.mtproto.methods.caller import Caller
from simulator.mtproto.methods.reading import MOST_MESSAGES, matches, named_peer
from simulator.mtproto.methods.topic import Topic
from simulator.mtproto.translate import show_peer
from simulator.world.messages import Message
from simulator.world.peers import Peer, person_peer
from simulator.world.refusals import Refusal

MOST_FOUND = 50
SHORTEST_QUERY = 3

topic = Topic()


@topic.handles(contacts.SearchRequest)
async def search_names(caller: Caller, request: contacts.SearchRequest) -> Result:
    """Find whom one knows by name, and public ones by the beginning of a username too."""
    words = request.q.strip().removeprefix("@").casefold()
    if len(words) < SHORTEST_QUERY:
        raise Refusal("SEARCH_QUERY_EMPTY" if not words else "QUERY_TOO_SHORT")
    limit = max(0, min(request.limit, MOST_FOUND))
    found = [peer for peer, names in known_names(caller) if any(words in name for name in names)]
    mine = found[:limit]
    public = (
        holder
        for name, holder in sorted(caller.world.usernames.holders.items())
        if name.startswith(words) and holder not in mine
    )
    others = list(public)[:limit]
    cast = caller.cast(*mine, *others)
    return types.contacts.Found(
        my_results=[show_peer(peer) for peer in mine],
        results=[show_peer(peer) for peer in others],
        chats=cast.chats(),
        users=cast.users(),
    )


def known_names(caller: Caller) -> Iterator[tuple[Peer, tuple[str, str]]]:
    """Give the contacts and chats of an account by their names, in small letters."""
    people, me = caller.world.people, caller.me
    for user in sorted(me.contacts | {u for u, chat in me.inbox.chats.items() if len(chat)}):
        person = people.get(user)
        yield person_peer(user), (person.name.casefold(), person.username.casefold())
    for number in sorted(me.inbox.channels):
        channel = caller.world.channels.get(number)
        yield channel.peer, (channel.title.casefold(), channel.username.casefold())


@topic.handles(messages.SearchGlobalRequest)
async def search_everywhere(caller: Caller, request: messages.SearchGlobalRequest) -> Result:
    """Search all of one's chats, the newest message first."""
    found = [each for each in own_messages(caller, request) if matches(each, request, None)]
    found.sort(key=lambda each: (each.date, each.chat.id, each.id), reverse=True)
    limit = max(0, min(request.limit, MOST_MESSAGES))
    start = place_after(caller, request, found)
    page = found[start : start + limit]
    cast = caller.cast(*(each.chat for each in page))
    shown = cast.messages(page)
    peers = {"topics": [], "chats": cast.chats(), "users": cast.users()}
    if start + limit >= len(found):
        return types.messages.Messages(shown, **peers)
    rate = int(page[-1].date.timestamp()) if page else 0
    return types.messages.MessagesSlice(len(found), shown, next_rate=rate, **peers)


def own_messages(caller: Caller, request: messages.SearchGlobalRequest) -> Iterator[Message]:
    """Give what was said in the chats that are to be searched."""
    chosen = (request.users_only, request.groups_only, request.broadcasts_only)
    people, groups, broadcasts = chosen if any(chosen) else (True, True, True)
    if people:
        for chat in caller.me.inbox.chats.values():
            yield from chat
    for number in caller.me.inbox.channels:
        channel = caller.world.channels.get(number)
        if broadcasts if channel.broadcast else groups:
            yield from channel.history


def place_after(caller: Caller, request: messages.SearchGlobalRequest, found: list[Message]) -> int:
    """Find where the page begins: after the last message of the page before."""
    if isinstance(request.offset_peer, types.InputPeerEmpty) or not request.offset_id:
        return 0
    peer = named_peer(caller, request.offset_peer)
    places = (n for n, m in enumerate(found) if (m.chat, m.id) == (peer, request.offset_id))
    return next(places, len(found) - 1) + 1
