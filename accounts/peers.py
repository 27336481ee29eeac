"""How peers are addressed: an access hash belongs to one account."""

from typing import Any

from telethon import types as tl
from telethon import utils

from accounts.connection import Connection, look_at_dialogs
from accounts.errors import refusal_named
from orchestrator.ids import TelegramId
from orchestrator.ports.telegram import Peer
from orchestrator.refusals import TelegramRefused


def input_peer(peer: Peer) -> Any:  # noqa: ANN401 - one of Telethon's input peers
    """Word a peer for Telethon."""
    if peer.kind == "user":
        return tl.InputPeerUser(peer.telegram_id, peer.access_hash)
    return tl.InputPeerChannel(peer.telegram_id, peer.access_hash)


def peer_of(chat: tl.Channel) -> Peer:
    """Address a channel or group that Telegram just showed us."""
    return Peer("channel", TelegramId(chat.id), chat.access_hash or 0)


async def find_channel(connection: Connection, channel: TelegramId) -> tl.InputChannel:
    """Address a channel by its number; raises TelegramRefused when the account never saw it.

    What the session does not know is looked for once among the account's chats. A public channel
    that it is no member of becomes known by asking for it by name.
    """
    marked = utils.get_peer_id(tl.PeerChannel(channel))
    if marked not in connection.session.known:
        await look_at_dialogs(connection.call, connection.patience)
    known = connection.session.known.get(marked)
    if known is None:
        raise TelegramRefused(refusal_named("CHANNEL_INVALID"))
    return tl.InputChannel(channel, known.access_hash)
