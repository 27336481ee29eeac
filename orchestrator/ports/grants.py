"""Grants: who let us comment where, how that was proved, and until when (charter rule 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import AccountId, ChannelId, CommentId, GrantId, MessageId, TelegramId
from orchestrator.ports.telegram import Role


class GrantScope(StrEnum):
    """What a grant allows."""

    COMMENTS = "comments"
    STUDY_GROUP = "study_group"


class GrantProof(StrEnum):
    """How it was proved that the giver may give it."""

    CREATOR = "creator"
    ADMIN = "admin"
    BOT = "bot"


PROOF_BY_ROLE = {Role.CREATOR: GrantProof.CREATOR, Role.ADMIN: GrantProof.ADMIN}
"""Which roles of our own account in a channel prove a grant for it."""


class Review(StrEnum):
    """Whether a person looks at each comment before it goes out."""

    REQUIRED = "required"
    AUTOMATIC = "automatic"


@dataclass(frozen=True, slots=True)
class NewGrant:
    """A grant whose proof was just read from Telegram."""

    channel: ChannelId
    account: AccountId | None
    """Whose role in the channel proves it; None for what a person gave through the bot."""
    granted_by: str
    proof: GrantProof
    scope: GrantScope
    comments_per_post: int
    review: Review
    linked_group: TelegramId
    starts_at: datetime
    expires_at: datetime | None
    granted_by_id: TelegramId | None = None
    """Who gave it through the bot."""
    proof_detail: str = ""


@dataclass(frozen=True, slots=True)
class Grant:
    """A grant on record."""

    id: GrantId
    channel: ChannelId
    channel_title: str
    channel_telegram_id: TelegramId
    account: AccountId | None
    granted_by: str
    proof: GrantProof
    scope: GrantScope
    comments_per_post: int
    review: Review
    linked_group: TelegramId
    starts_at: datetime
    expires_at: datetime | None
    verified_at: datetime
    suspended_at: datetime | None
    suspended_reason: str | None
    revoked_at: datetime | None
    revoked_by: str | None
    granted_by_id: TelegramId | None = None


@dataclass(frozen=True, slots=True)
class InFlight:
    """A message that had left the gate when its grant was revoked."""

    comment: CommentId
    account: str
    text: str
    message: MessageId | None
    settled: bool
    """False as long as its outcome is not known."""


@dataclass(frozen=True, slots=True)
class Revocation:
    """What a revoke did."""

    grant: GrantId
    cancelled: int
    """Messages that waited in the outbox."""
    withdrawn: int
    """Drafts that waited for review; they are rejected."""
    in_flight: tuple[InFlight, ...]


class GrantStore(Protocol):
    """Grants; a revoke is one transaction with the cancelling of what waits."""

    async def add_grant(self, actor: Actor, grant: NewGrant) -> Grant:
        """Record a grant.

        Raises AlreadyExists while another of that scope lives for the channel.
        """

    async def grants(self, channel: ChannelId | None = None) -> Sequence[Grant]:
        """Return all grants, newest first, of one channel or of all."""

    async def grant(self, grant: GrantId) -> Grant:
        """Return the grant; raises NotFound."""

    async def revoke_and_cancel(self, actor: Actor, grant: GrantId) -> Revocation:
        """End the grant for good, fail what waits under it, and list what was in flight."""

    async def in_flight_under(self, grant: GrantId) -> Sequence[InFlight]:
        """Return what has been claimed under the grant and is not settled."""

    async def suspend_grant(self, actor: Actor, grant: GrantId, reason: str) -> None:
        """Let nothing out under the grant until it is verified again."""

    async def record_verified(self, grant: GrantId, proof: GrantProof) -> None:
        """Store that the proof was read from Telegram again now.

        Lifts no suspension for a changed group.
        """

    async def grants_to_verify(self, older_than: datetime) -> Sequence[GrantId]:
        """Return the live grants whose proof was last read before that moment."""
