"""The memory of what was asked to be sent, without expiry."""

from dataclasses import dataclass
from datetime import datetime

from simulator.world.messages import Message
from simulator.world.peers import MessageId, Peer, UserId


@dataclass(frozen=True, slots=True)
class Attempt:
    """Somebody asked to send; `repeated` says that it had been sent before."""

    author: UserId
    peer: Peer
    random_id: int | None
    text: str
    message_id: MessageId
    repeated: bool
    at: datetime


@dataclass(frozen=True, slots=True)
class Sent:
    """What came of an earlier request: the message and the pts at which it arrived."""

    message: Message
    pts: int


class RandomIds:
    """Random ids by account and peer, and the record of every attempt."""

    def __init__(self) -> None:
        self.sent: dict[tuple[UserId, Peer, int], Sent] = {}
        self.attempts: list[Attempt] = []

    def recall(self, author: UserId, peer: Peer, random_id: int | None) -> Sent | None:
        """Find what the same request did before."""
        return None if random_id is None else self.sent.get((author, peer, random_id))

    def record(self, peer: Peer, sent: Sent, at: datetime, *, repeated: bool) -> None:
        """Keep an attempt, and its outcome when it was the first."""
        m = sent.message
        self.attempts.append(Attempt(m.author, peer, m.random_id, m.text, m.id, repeated, at))
        if m.random_id is not None and not repeated:
            self.sent[m.author, peer, m.random_id] = sent
