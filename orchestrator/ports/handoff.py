"""Handing a conversation to people: what the desk picks up, and how it answers.

The row of a handoff is written in the same transaction as the turn that asked for it, so that it
outlives whoever wrote it. Whoever picks it up reads the history through `ConversationDesk`.
"""

from collections.abc import Sequence
from typing import Protocol

from orchestrator.actor import Actor
from orchestrator.ids import ConversationId, HandoffId, OutboxId
from orchestrator.ports.conversations import Handoff


class HandoffStore(Protocol):
    """Conversations that wait for a person."""

    async def waiting_handoffs(self, limit: int) -> Sequence[Handoff]:
        """Return what nobody took yet, the longest waiting first."""

    async def take_handoff(self, actor: Actor, handoff: HandoffId) -> Handoff:
        """Take one; raises NotFound, or NotAllowed when somebody else has it."""


class ReplyThroughAccount(Protocol):
    """Says something to a person through the account that they wrote to."""

    async def reply(self, conversation: ConversationId, text: str, actor: Actor) -> OutboxId:
        """Queue an answer to the newest incoming message; raises NotFound, BadInput, NotAllowed."""
