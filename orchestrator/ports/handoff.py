"""Handing a conversation to people: what the desk picks up, and how it answers.

The row of a handoff is written in the same transaction as the turn that asked for it, so that it
outlives whoever wrote it. Whoever picks it up reads the history through `ConversationDesk`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import ConversationId, HandoffId, InboundId, OutboxId
from orchestrator.ports.answers import WrittenAt
from orchestrator.ports.conversations import ConversationState, Handoff, Said
from orchestrator.ports.outbox import OutboxState
from support.ids import TgUserId, TicketId


class HandoffStore(Protocol):
    """Conversations that wait for a person."""

    async def waiting_handoffs(self, limit: int) -> Sequence[Handoff]:
        """Return what nobody took yet, the longest waiting first."""

    async def take_handoff(self, actor: Actor, handoff: HandoffId) -> Handoff:
        """Take one; raises NotFound, or NotAllowed when somebody else has it."""


class ReplyThroughAccount(Protocol):
    """Says something to a person through the account that they wrote to."""

    async def reply(
        self,
        conversation: ConversationId,
        text: str,
        actor: Actor,
        written: WrittenAt | None = None,
    ) -> OutboxId:
        """Queue an answer to the newest incoming message, once for each act of the desk's.

        Raises NotFound, BadInput, or NotAllowed (`AnswerNotAllowed`, where a rule says why).
        """


@dataclass(frozen=True, slots=True)
class HandedOver:
    """A conversation that waits for a person and has no ticket at the desk yet."""

    handoff: HandoffId
    conversation: ConversationId
    account: str
    person: TgUserId
    username: str | None
    name: str
    reason: str
    note: str
    suggestion: str
    history: Sequence[Said]
    """Oldest first."""
    upto: InboundId
    """The newest message that stands in it."""
    language: str | None = None
    """That of the script it was led by, else of the person's app, if either is known."""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a person wrote to an account after its conversation had become a ticket."""

    ticket: TicketId
    is_open: bool
    """Whether the ticket is; one that was closed must be opened again."""
    message: InboundId
    text: str
    media: tuple[str, ...]
    sent_at: datetime
    edited_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """What a person edited or deleted after it had become part of an open ticket."""

    ticket: TicketId
    conversation: ConversationId
    message: InboundId
    text: str
    media: tuple[str, ...]
    sent_at: datetime
    changed_at: datetime
    is_deleted: bool
    is_shown: bool
    """Whether it stands in the ticket by itself; else it is a line of the history at its start."""


@dataclass(frozen=True, slots=True)
class Ended:
    """An open ticket whose conversation is not the desk's any more."""

    ticket: TicketId
    state: ConversationState
    opted_out: bool


@dataclass(frozen=True, slots=True)
class AnswerFate:
    """What became of an answer that an operator gave through an account."""

    outbox: OutboxId
    written: WrittenAt
    account: str
    state: OutboxState
    error: str


class AccountTicketStore(Protocol):
    """Accounts' conversations as the desk follows them.

    What is said of each is put on record, under a key of its own, before it is marked: whoever dies
    in between says nothing twice and forgets nothing.
    """

    async def unseen_handoffs(self, limit: int) -> Sequence[HandedOver]:
        """Return conversations that were handed over and have no ticket yet."""

    async def mark_seen(self, handoff: HandoffId, ticket: TicketId, upto: InboundId) -> None:
        """Remember that a ticket stands for it, and holds what was written so far."""

    async def heard(self, limit: int) -> Sequence[Heard]:
        """Return what people wrote since, in order, as long as people answer it."""

    async def mark_heard(self, ticket: TicketId, upto: InboundId) -> None:
        """Remember up to which message a ticket holds what was written."""

    async def changed(self, limit: int, base: int) -> Sequence[Changed]:
        """Return edits and deletions that open tickets do not show yet, in order of messages.

        `base`: a conversation's messages stand in its ticket as those of chat `base` minus its
        number. What the ticket's own record shows is not returned again.
        """

    async def ended(self, limit: int) -> Sequence[Ended]:
        """Return open tickets whose conversations went back to their script, or are over."""

    async def fates(self, limit: int) -> Sequence[AnswerFate]:
        """Return answers whose fate is known and was not told."""

    async def mark_told(self, answers: Sequence[OutboxId]) -> None:
        """Remember that the fate of these was told."""
