"""What doors may ask about conversations."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.actor import Actor
from orchestrator.conversations.replaying import Replayed, judge_again, replay
from orchestrator.errors import BadInput
from orchestrator.ids import ConversationId, HandoffId, OutboxId, ScriptVersionId
from orchestrator.ports.answers import WrittenAt
from orchestrator.ports.conversations import (
    ConversationDetail,
    ConversationRow,
    ConversationState,
    Handoff,
    TurnRecord,
)
from orchestrator.ports.interpreting import Rejudge
from orchestrator.stage import Stage
from personas.checks import length_objections
from personas.scripts.model import Script
from personas.scripts.parts import TELEGRAM_TEXT_LIMIT


@dataclass(frozen=True, slots=True)
class Conversations:
    """Shows conversations, and lets people take part; `reply` implements `ReplyThroughAccount`."""

    stage: Stage

    async def list(
        self, state: ConversationState | None, account: str | None, limit: int
    ) -> Sequence[ConversationRow]:
        """Return conversations, the liveliest first; raises NotFound for an unknown account."""
        if account is not None:
            await self.stage.stores.accounts.account_named(account)
        desk = self.stage.stores.conversation_desk
        return await desk.conversations(state=state, account=account, limit=limit)

    async def show(self, conversation: ConversationId) -> ConversationDetail:
        """Return one with its whole history; raises NotFound."""
        return await self.stage.stores.conversation_desk.conversation(conversation)

    async def explain(self, conversation: ConversationId) -> Sequence[TurnRecord]:
        """Return what was decided in it, oldest first; raises NotFound."""
        return await self.stage.stores.conversation_desk.turns(conversation)

    async def replay(
        self, conversation: ConversationId, rejudge: Rejudge | None = None
    ) -> Sequence[Replayed]:
        """Lead it again, offline, with the versions and seeds that it had; raises NotFound.

        With somebody who judges again, the choice of the strategy is compared too.
        """
        turns = await self.explain(conversation)
        versions = {one.turn.version for one in turns if one.turn.version is not None}
        versions |= {version for one in turns for version in one.turn.judged_among}
        scripts = {version: await self.script(version) for version in versions}
        found = replay(turns, scripts)
        if rejudge is None:
            return found
        led = {version: one.as_conversation for version, one in scripts.items()}
        return [await judge_again(one, led, rejudge) for one in found]

    async def script(self, version: ScriptVersionId) -> Script:
        """Return what a version says."""
        return (await self.stage.library.version(version)).script

    async def take_over(self, actor: Actor, conversation: ConversationId, reason: str) -> int:
        """Answer it oneself from now on; returns how many waiting answers were cancelled."""
        reason = reason.strip() or f"taken over by {actor.name}"
        desk = self.stage.stores.conversation_desk
        return await desk.take_over(actor, conversation, reason)

    async def pause(self, actor: Actor, conversation: ConversationId) -> int:
        """Let nobody answer; returns how many waiting answers were cancelled."""
        return await self.stage.stores.conversation_desk.pause(actor, conversation)

    async def resume(self, actor: Actor, conversation: ConversationId) -> bool:
        """Give it back to the script; returns whether something waits for an answer."""
        return await self.stage.stores.conversation_desk.resume(actor, conversation)

    async def close(self, actor: Actor, conversation: ConversationId, reason: str) -> int:
        """End it; returns how many waiting answers were cancelled."""
        reason = reason.strip() or f"closed by {actor.name}"
        return await self.stage.stores.conversation_desk.close(actor, conversation, reason)

    async def reply(
        self,
        conversation: ConversationId,
        text: str,
        actor: Actor,
        written: WrittenAt | None = None,
    ) -> OutboxId:
        """Answer the newest incoming message oneself; an act of the desk's does so once.

        Raises NotFound, BadInput for words that Telegram does not take, or NotAllowed.
        """
        objections = tuple(length_objections(text, TELEGRAM_TEXT_LIMIT))
        if objections:
            raise BadInput(" ".join(objection.sentence for objection in objections))
        desk, now = self.stage.stores.conversation_desk, self.stage.clock.now()
        expires_at = now + self.stage.tuning.conversations.answer_lasts
        return await desk.reply(actor, conversation, text, now, expires_at, written=written)

    async def handoffs(self, limit: int) -> Sequence[Handoff]:
        """Return what waits for a person, the longest waiting first."""
        return await self.stage.stores.handoffs.waiting_handoffs(limit)

    async def take_handoff(self, actor: Actor, handoff: HandoffId) -> Handoff:
        """Take what waits for a person; raises NotFound or NotAllowed."""
        return await self.stage.stores.handoffs.take_handoff(actor, handoff)
