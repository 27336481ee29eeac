"""Messages of one chat in order, read page by page from either end."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from simulator.world.messages import Message
from simulator.world.peers import MessageId


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a history is wanted, in the words of `messages.getHistory`."""

    limit: int
    offset_id: int = 0
    offset_date: datetime | None = None
    add_offset: int = 0
    max_id: int = 0
    min_id: int = 0


class History:
    """Messages under growing ids; adding at the end and finding by id are cheap."""

    def __init__(self) -> None:
        self.ids: list[MessageId] = []
        self.by_id: dict[MessageId, Message] = {}

    def __len__(self) -> int:
        return len(self.ids)

    def __iter__(self) -> Iterator[Message]:
        return (self.by_id[i] for i in self.ids)

    @property
    def last(self) -> Message | None:
        """The newest message."""
        return self.by_id[self.ids[-1]] if self.ids else None

    def add(self, message: Message) -> None:
        """Keep a message; its id must be higher than all before."""
        self.ids.append(message.id)
        self.by_id[message.id] = message

    def get(self, message_id: int) -> Message | None:
        """Find a message that still exists."""
        return self.by_id.get(MessageId(message_id))

    def remove(self, message_id: MessageId) -> Message | None:
        """Forget a message and hand it back."""
        message = self.by_id.pop(message_id, None)
        if message is not None:
            del self.ids[bisect_left(self.ids, message_id)]
        return message

    def after(self, message_id: int) -> list[Message]:
        """List what is newer than that id, the oldest first."""
        return [self.by_id[i] for i in self.ids[bisect_right(self.ids, message_id) :]]

    def count_after(self, message_id: int) -> int:
        """Count what is newer than that id."""
        return len(self.ids) - bisect_right(self.ids, message_id)

    def page(self, page: Page) -> list[Message]:
        """Cut a page, the newest first.

        The offset stands before the first message that is older than it; `add_offset` moves the
        cut, backwards (towards newer messages) when negative (https://core.telegram.org/api/offsets).
        """
        top = self.position(page) - page.add_offset
        bottom = max(0, top - page.limit)
        chosen = self.ids[bottom : max(0, top)]
        if page.max_id:
            chosen = chosen[: bisect_left(chosen, page.max_id)]
        if page.min_id:
            chosen = chosen[bisect_right(chosen, page.min_id) :]
        return [self.by_id[i] for i in reversed(chosen)]

    def position(self, page: Page) -> int:
        """Count the messages that are older than the page's offset."""
        if page.offset_id:
            return bisect_left(self.ids, page.offset_id)
        if page.offset_date is not None:
            return bisect_left(self.ids, page.offset_date, key=lambda i: self.by_id[i].date)
        return len(self.ids)
