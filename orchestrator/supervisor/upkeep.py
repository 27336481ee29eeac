"""Jobs about what was said or granted before: how it was received, and whether it still holds."""

from dataclasses import dataclass

from orchestrator.actor import SYSTEM
from orchestrator.commands import EngagementRead, LookAtChannel, ReadEngagement
from orchestrator.errors import NotAllowed
from orchestrator.ids import CommentId, GrantId
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.grants import PROOF_BY_ROLE, Grant
from orchestrator.ports.telegram import ChannelSeen
from orchestrator.stage import Stage


@dataclass(frozen=True, slots=True)
class Upkeep:
    """Looks again, through the accounts' own lanes."""

    stage: Stage
    door: AccountDoor

    async def refresh_engagement(self, comment: CommentId) -> None:
        """Read how a comment was received.

        One that is gone from Telegram is recorded as deleted.
        """
        try:
            sent = await self.stage.stores.comments.sent_comment(comment)
        except NotAllowed:
            return
        result = await self.door.ask_holder(
            sent.account, ReadEngagement(sent.letter.peer, (sent.message,))
        )
        if not isinstance(result, EngagementRead):
            return
        received = dict(result.messages).get(sent.message)
        if received is None:
            await self.stage.stores.comments.record_deleted(SYSTEM, comment)
        else:
            await self.stage.stores.comments.record_engagement(comment, received)

    async def verify_grant(self, grant_id: GrantId) -> None:
        """Ask Telegram again for the proof of a grant; without it the grant is suspended."""
        grant = await self.stage.stores.grants.grant(grant_id)
        if grant.account is None or grant.revoked_at is not None:
            return
        result = await self.door.ask_holder(grant.account, LookAtChannel(grant.channel_telegram_id))
        if isinstance(result, ChannelSeen):
            await self.judge_proof(grant, result)

    async def judge_proof(self, grant: Grant, seen: ChannelSeen) -> None:
        """Confirm or suspend a grant by what its account is in the channel now."""
        grants = self.stage.stores.grants
        if not seen.role.may_grant:
            reason = f"the account that proved it is {seen.role} in {seen.title} now"
            await grants.suspend_grant(SYSTEM, grant.id, reason)
        elif seen.linked_group != grant.linked_group:
            await grants.suspend_grant(SYSTEM, grant.id, "another group was linked to the channel")
        else:
            await grants.record_verified(grant.id, PROOF_BY_ROLE[seen.role])
