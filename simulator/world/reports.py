"""What people complain of."""

from dataclasses import dataclass
from datetime import datetime

from simulator.world.peers import MessageId, Peer, UserId


@dataclass(frozen=True, slots=True)
class Report:
    """A complaint about a chat, or about some messages in it."""

    by: UserId
    about: Peer
    reason: str
    text: str
    at: datetime
    messages: tuple[MessageId, ...] = ()
