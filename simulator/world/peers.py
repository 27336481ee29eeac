"""Who and where: the identifiers of the world."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

UserId = NewType("UserId", int)
ChannelId = NewType("ChannelId", int)
MessageId = NewType("MessageId", int)
Pts = NewType("Pts", int)

# Clients keep people and channels in one table by bare number, so the ranges must not meet.
FIRST_USER = 7_000_000_001
FIRST_CHANNEL = 2_000_000_001


class PeerKind(StrEnum):
    """What a peer's number counts."""

    USER = "user"
    CHANNEL = "channel"


@dataclass(frozen=True, slots=True)
class Peer:
    """A person, or a channel or supergroup."""

    kind: PeerKind
    id: int


def person_peer(user: UserId) -> Peer:
    """Name a person as a peer."""
    return Peer(PeerKind.USER, user)


def channel_peer(channel: ChannelId) -> Peer:
    """Name a channel or supergroup as a peer."""
    return Peer(PeerKind.CHANNEL, channel)
