"""What doors may ask about drafts, the outbox and comments."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.commands import DeleteMessages
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ids import CommentId, DraftId, OutboxId
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.drafting import Draft, DraftState
from orchestrator.ports.outbox import (
    Comment,
    CommentStatus,
    Explanation,
    OutboxDetail,
    OutboxRow,
    OutboxState,
)
from orchestrator.stage import Stage
from personas.checks import CheckContext, check
from personas.language import language_of

MOST_AT_ONCE = 10_000
"""How many failed messages are tried again at once at most."""


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """Drafts that a person decides about."""

    stage: Stage

    async def list(self, state: DraftState | None = DraftState.REVIEW) -> Sequence[Draft]:
        """Return drafts, oldest first."""
        return await self.stage.stores.review.drafts(state)

    async def show(self, draft: DraftId) -> Draft:
        """Return one draft; raises NotFound."""
        return await self.stage.stores.review.draft(draft)

    async def approve(self, actor: Actor, draft: DraftId) -> CommentId:
        """Queue the draft's words; the gate still decides when they may go out."""
        now = self.stage.clock.now()
        return await self.stage.stores.review.approve_and_queue(
            actor, draft, now, now + self.stage.tuning.comment_lasts
        )

    async def edit(self, actor: Actor, draft: DraftId, text: str) -> Draft:
        """Change a draft's words; they pass the same checks as a writer's."""
        waiting = await self.stage.stores.review.draft(draft)
        if waiting.state is not DraftState.REVIEW:
            raise NotAllowed(f"draft {draft} is {waiting.state} already, so its words stay")
        objections = check(text, CheckContext(language=language_of(waiting.post_text)))
        if objections:
            raise BadInput(" ".join(objection.sentence for objection in objections))
        await self.stage.stores.review.edit_draft(actor, draft, text)
        return await self.stage.stores.review.draft(draft)

    async def reject(self, actor: Actor, draft: DraftId, reason: str) -> None:
        """Turn the draft into a silence with that reason."""
        if not reason.strip():
            raise BadInput("say why the draft is rejected: the reason stays on record")
        await self.stage.stores.review.reject_draft(actor, draft, reason)


@dataclass(frozen=True, slots=True)
class Outbox:
    """What waits to be said."""

    stage: Stage

    async def list(
        self, limit: int, *, open_only: bool = True, state: OutboxState | None = None
    ) -> Sequence[OutboxRow]:
        """Return messages, the next due first; with a state, those in it whether open or not."""
        return await self.stage.stores.outbox.outbox(limit, open_only=open_only, state=state)

    async def show(self, message: OutboxId) -> OutboxDetail:
        """Return one message with all that is known of it; raises NotFound."""
        return await self.stage.stores.outbox.message(message, self.stage.tuning.gate)

    async def retry(self, actor: Actor, message: OutboxId, *, looked: bool = False) -> None:
        """Let a message that was given up be tried again, unchanged, through the whole gate.

        One of which nobody knows whether it was said needs a person who `looked`. Raises NotFound,
        or NotAllowed with the reason why it stays unsaid.
        """
        lasts = self.stage.tuning.comment_lasts
        await self.stage.stores.outbox.retry_message(actor, message, lasts, looked=looked)

    async def retry_failed(self, actor: Actor) -> tuple[Sequence[OutboxId], Sequence[str]]:
        """Try every failed message again; returns which, and why the others stay unsaid."""
        again: list[OutboxId] = []
        refused: list[str] = []
        for row in await self.list(MOST_AT_ONCE, state=OutboxState.FAILED):
            try:
                await self.retry(actor, row.id)
                again.append(row.id)
            except NotAllowed as reason:
                refused.append(str(reason))
        return again, refused

    async def cancel(self, actor: Actor, message: OutboxId) -> None:
        """Cancel a message that has not left; raises NotAllowed for one that has."""
        await self.stage.stores.outbox.cancel_message(actor, message)


@dataclass(frozen=True, slots=True)
class Comments:
    """What was said."""

    stage: Stage
    door: AccountDoor

    async def list(self, status: CommentStatus | None, limit: int) -> Sequence[Comment]:
        """Return comments, newest first."""
        return await self.stage.stores.comments.comments(status=status, limit=limit)

    async def show(self, comment: CommentId) -> Comment:
        """Return one comment; raises NotFound."""
        return await self.stage.stores.comments.comment(comment)

    async def explain(self, comment: CommentId) -> Explanation:
        """Return everything that led to a comment (charter rule 6)."""
        return await self.stage.stores.comments.explain_comment(comment)

    async def delete(self, actor: Actor, comment: CommentId) -> Comment:
        """Take a comment back from Telegram."""
        sent = await self.stage.stores.comments.sent_comment(comment)
        await self.door.ask(sent.account, DeleteMessages(sent.letter.peer, (sent.message,)))
        await self.stage.stores.comments.record_deleted(actor, comment)
        return await self.stage.stores.comments.comment(comment)
