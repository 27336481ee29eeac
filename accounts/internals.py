"""All that we touch of Telethon 1.45's insides, and why; nothing else in this room does.

Its public face tells neither when all updates so far were handled nor how far it got, and its way
to disconnect flushes what we no longer want to be sent.
"""

import asyncio
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from telethon import TelegramClient
from telethon.tl.types import UpdateChannelTooLong

from orchestrator.ports.sessions import UpdateState

RESET_ON_CLOSE = struct.pack("ii", 1, 0)


@dataclass
class UnknownChannelTooLong:
    """Stands in for an UpdateChannelTooLong that Telethon would drop."""

    channel_id: int


class WatchedQueue(asyncio.Queue[Any]):
    """Telethon's queue of updates, which says when its reader comes back for more."""

    def __init__(self, client: TelegramClient, handled: Callable[[UpdateState], None]) -> None:
        super().__init__()
        self.client, self.handled = client, handled

    async def get(self) -> Any:  # noqa: ANN401 - the queue holds Telethon's updates
        """Say that the reader is idle, then wait for an item."""
        self.handled(update_state(self.client))
        item = await super().get()
        reveal_skips(self.client, getattr(item, "updates", None))
        return item


def watch_handled(client: TelegramClient, handled: Callable[[UpdateState], None]) -> None:
    """Call `handled` with the update state each time that everything up to it was handled.

    With `sequential_updates` Telethon asks its queue for more only when each update before has been
    awaited, differences included; what it still holds back as a possible gap is not yet in its pts.
    To be called before the client connects.
    """
    queue = WatchedQueue(client, handled)
    client._updates_queue = queue  # noqa: SLF001
    client._sender._updates_queue = queue  # noqa: SLF001


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
