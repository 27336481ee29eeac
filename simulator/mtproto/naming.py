"""Which chats a request or an update speaks of, as ids marked in the way of the Bot API."""

from telethon import utils
from telethon.tl import TLObject, TLRequest, types

NAMES_CHANNEL = (types.PeerChannel, types.InputPeerChannel, types.InputChannel)
NAMES_USER = (types.PeerUser, types.InputPeerUser, types.InputUser)
NAMES_SEEN = (
    types.InputPeerChannelFromMessage,
    types.InputChannelFromMessage,
    types.InputPeerUserFromMessage,
    types.InputUserFromMessage,
)


def chats_of_request(request: TLRequest) -> frozenset[int]:
    """Return the chats and people that a request names as such, not those inside of objects."""
    marked = map(mark, vars(request).values())
    return frozenset(each for each in marked if each is not None)


def chats_of_update(update: TLObject) -> frozenset[int]:
    """Return the chat in which an update happened."""
    channel = getattr(update, "channel_id", None)
    if channel is not None:
        return frozenset({marked_channel(channel)})
    message = getattr(update, "message", None)
    place = getattr(message, "peer_id", None) or getattr(update, "peer", None)
    marked = mark(place)
    if marked is None:
        marked = getattr(update, "user_id", None)
    return frozenset() if marked is None else frozenset({marked})


def updates_within(updates: TLObject) -> list[TLObject]:
    """Take updates out of what they are sent in."""
    if isinstance(updates, types.Updates | types.UpdatesCombined):
        return list(updates.updates)
    return [updates.update] if isinstance(updates, types.UpdateShort) else [updates]


def mark(named: object) -> int | None:
    """Return the marked id of what a value names, None if that is no chat."""
    if isinstance(named, (*NAMES_CHANNEL, *NAMES_SEEN)) and hasattr(named, "channel_id"):
        return marked_channel(named.channel_id)
    if isinstance(named, (*NAMES_USER, *NAMES_SEEN)):
        return int(named.user_id)
    return None


def marked_channel(channel: int) -> int:
    """Mark a channel's number."""
    return int(utils.get_peer_id(types.PeerChannel(channel)))
