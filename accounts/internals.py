"""All that we touch of Telethon 1.45's insides, and why; nothing else in this room does.

Its public face tells neither when all updates so far were handled nor how far it got, and its way
to disconnect flushes what we no longer want to be sent.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

from telethon import TelegramClient
from telethon._updates.messagebox import ENTRY_ACCOUNT, MessageBox, PtsInfo
from telethon.network import ConnectionTcpFull
from telethon.tl.types import InputPeerChannel, UpdateChannelTooLong, UpdateDeleteMessages
from telethon.tl.types.updates import ChannelDifferenceEmpty, ChannelDifferenceTooLong

from orchestrator.ports.sessions import UpdateState

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class UnknownChannelTooLong:
    """Stands in for an UpdateChannelTooLong that Telethon would drop."""

    channel_id: int


class WatchedQueue(asyncio.Queue[Any]):
    """Telethon's queue of updates, which says when its reader comes back for more."""

    def __init__(self, client: TelegramClient, idle: Callable[[bool], None]) -> None:
        super().__init__()
        self.client, self.idle = client, idle
        self.about_channels = 0
        """How many requests about a channel are on their way."""
        self.is_awaited = False
        """Whether all that was told so far was dispatched."""

    async def get(self) -> Any:  # noqa: ANN401 - the queue holds Telethon's updates
        """Say that the reader is idle, then wait for an item."""
        self.idle(not self.empty())
        self.is_awaited = True
        try:
            item = await super().get()
        finally:
            self.is_awaited = False
        reveal_skips(self.client, getattr(item, "updates", None))
        return item

    def put_nowait(self, item: Any) -> None:  # noqa: ANN401 - the queue holds Telethon's updates
        """Take an item, unless Telethon took a channel's pts for the account's.

        It makes an update of the account of every answer that carries a pts, also of one about a
        channel. Where such a number happens to follow the account's, the next message was lost.
        """
        if self.about_channels == 0 or not is_made_up(item):
            super().put_nowait(item)


def is_made_up(item: Any) -> bool:  # noqa: ANN401
    """Tell what Telethon itself made of an answer that carries a pts."""
    update = getattr(item, "update", None)
    return (
        isinstance(update, UpdateDeleteMessages)
        and not update.messages
        and getattr(item, "_self_outgoing", False)
    )


def is_about_channel(request: Any) -> bool:  # noqa: ANN401 - one of Telethon's requests
    """Tell whether what is asked concerns a channel or supergroup."""
    return hasattr(request, "channel") or isinstance(
        getattr(request, "peer", None), InputPeerChannel
    )


class QuietBox(MessageBox):  # type: ignore[misc]  # Telethon has no types
    """Telethon's message box without its traces: three for each update, worded to log nothing.

    It means to leave them out itself, but only of a Python that runs without assertions.
    """

    __slots__ = ()

    def _trace(self, *_told: Any, **_more: Any) -> None:  # noqa: ANN401
        """Word nothing."""


def spare_traces(client: TelegramClient) -> None:
    """Give a client a message box that words no traces; to be called before it connects."""
    client._message_box = QuietBox(client._message_box._log)  # noqa: SLF001


def watch_idle(client: TelegramClient, idle: Callable[[bool], None]) -> WatchedQueue:
    """Call `idle` each time that everything told so far was dispatched; True: more is waiting.

    With `sequential_updates` Telethon asks its queue for more only when each update before has been
    awaited, differences included; what it still holds back as a possible gap is not yet in its pts.
    To be called before the client connects.
    """
    queue = WatchedQueue(client, idle)
    client._updates_queue = queue  # noqa: SLF001
    client._sender._updates_queue = queue  # noqa: SLF001
    return queue


def free_changes(request: Any, difference: Any) -> None:  # noqa: ANN401 - a difference, as asked
    """Let Telethon pass on the edits, deletions and read marks that come inside a difference.

    It moves its pts to the difference's end before it looks at them, and would drop them as old. An
    update without a pts is passed on whatever was handled before.
    """
    entry = getattr(getattr(request, "channel", None), "channel_id", None)
    for update in getattr(difference, "other_updates", None) or ():
        place = PtsInfo.from_update(update)
        if place is not None and has_entry(place, entry):
            update.pts = update.pts_count = 0
    if isinstance(difference, ChannelDifferenceEmpty | ChannelDifferenceTooLong):
        # It asserts what Telegram does not promise, and would end the connection.
        difference.final = True


def has_entry(place: PtsInfo, channel: int | None) -> bool:
    """Tell whether an update belongs to the log whose difference was taken."""
    return bool(place.entry == (ENTRY_ACCOUNT if channel is None else channel))


def update_state(client: TelegramClient) -> UpdateState:
    """Return how far Telethon's message box has come."""
    account, channels = client._message_box.session_state()  # noqa: SLF001
    date = int(account["date"].timestamp())
    return UpdateState(account["pts"], account["qts"], date, account["seq"], channels)


def reveal_skips(client: TelegramClient, updates: list[Any] | None) -> None:
    """Replace, in place, "too long" for channels that Telethon knows no pts of, and give it one.

    It can take no difference there (somebody who joins has no pts before the first update), and
    would drop the update without a word.
    """
    box = client._message_box  # noqa: SLF001
    for index, update in enumerate(updates or ()):
        if isinstance(update, UpdateChannelTooLong) and update.channel_id not in box.map:
            if update.pts:
                box.try_set_channel_state(update.channel_id, update.pts)
            updates[index] = UnknownChannelTooLong(update.channel_id)  # type: ignore[index]


def ended_by(client: TelegramClient) -> Exception | None:
    """Return the answer for which Telethon gave the connection up, if its update loop met one."""
    error: Exception | None = client._updates_error  # noqa: SLF001
    return error


class TcpWhileAllowed(ConnectionTcpFull):  # type: ignore[misc]  # Telethon has no types
    """A connection whose every packet is let out only while that is allowed."""

    def __init__(self, allowed: Callable[[], bool], *where: Any, **options: Any) -> None:  # noqa: ANN401
        super().__init__(*where, **options)
        self.allowed = allowed

    def _send(self, data: bytes) -> None:
        """Write a packet, or break the connection and say why."""
        if self.allowed():
            super()._send(data)
            return
        self._writer.transport.abort()
        ended = ConnectionError("the account is not this process's any more")
        # Telethon's reader would be cancelled without a word, and what is asked never answered.
        with suppress(asyncio.QueueFull):
            self._recv_queue.put_nowait((None, ended))
        raise ended


def ask_before_each_packet(client: TelegramClient, allowed: Callable[[], bool]) -> None:
    """Let no packet of a client leave while that is not allowed; to be called before it connects.

    What Telethon queued before its process was stopped would leave first when it goes on; no
    check further up comes before that. Its own option takes a class only, and a class for each
    client is heavy.
    """
    client._connection = partial(TcpWhileAllowed, allowed)  # noqa: SLF001


def cut(client: TelegramClient) -> None:
    """Break the connection at once, so that nothing still queued or buffered can leave.

    Closing would flush Telethon's and the kernel's buffers, and a message could go out long after
    its permission ended; a reset drops them.
    """
    connection = client._sender._connection  # noqa: SLF001
    writer = None if connection is None else connection._writer  # noqa: SLF001
    if writer is None:
        return
    raw = writer.get_extra_info("socket")
    if raw is not None and not writer.transport.is_closing():
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
    writer.transport.abort()
