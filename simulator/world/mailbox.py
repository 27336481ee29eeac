"""The numbered log of what happened to one account or one channel."""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from simulator.world.messages import Message
from simulator.world.peers import MessageId, Peer, Pts

FIRST_PTS = Pts(1)


@dataclass(frozen=True, slots=True)
class Arrived:
    """A message is new."""

    message: Message


@dataclass(frozen=True, slots=True)
class Edited:
    """A message has another text now."""

    message: Message


@dataclass(frozen=True, slots=True)
class Deleted:
    """Messages are gone."""

    ids: tuple[MessageId, ...]


@dataclass(frozen=True, slots=True)
class ReadByMe:
    """The account has read a private chat up to `max_id`."""

    peer: Peer
    max_id: MessageId
    unread: int


@dataclass(frozen=True, slots=True)
class ReadByThem:
    """The other side has read a private chat up to `max_id`."""

    peer: Peer
    max_id: MessageId


@dataclass(frozen=True, slots=True)
class Pinned:
    """Messages of a chat are kept in sight, or no more."""

    peer: Peer
    ids: tuple[MessageId, ...]
    pinned: bool


Change = Arrived | Edited | Deleted | ReadByMe | ReadByThem | Pinned


@dataclass(frozen=True, slots=True)
class Entry:
    """One change and the state after it: `pts`, reached by `count` steps."""

    pts: Pts
    count: int
    change: Change


class Mailbox:
    """A log whose pts starts at 1 and grows without a hole."""

    def __init__(self, born: datetime) -> None:
        self.pts = FIRST_PTS
        self.changed_at = born
        self.entries: list[Entry] = []
        self.marks: list[int] = []

    def append(self, change: Change, at: datetime) -> Entry:
        """Write a change down and say where it stands."""
        count = len(change.ids) if isinstance(change, Deleted | Pinned) else 1
        self.pts = Pts(self.pts + count)
        self.changed_at = at
        entry = Entry(self.pts, count, change)
        self.entries.append(entry)
        self.marks.append(self.pts)
        return entry

    def since(self, pts: int, limit: int | None = None) -> Sequence[Entry]:
        """Give back what came after `pts`, the oldest first, at most `limit` entries."""
        start = bisect_right(self.marks, pts)
        return self.entries[start : None if limit is None else start + limit]

    def missing(self, pts: int) -> int:
        """Count the entries after `pts`."""
        return len(self.marks) - bisect_right(self.marks, pts)
