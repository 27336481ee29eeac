"""What doors may ask about grants (charter rule 1)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from orchestrator.actor import Actor
from orchestrator.commands import LookAtChannel
from orchestrator.errors import BadInput, NotAllowed
from orchestrator.ids import AccountId, GrantId
from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.channels import Channel
from orchestrator.ports.grants import (
    PROOF_BY_ROLE,
    Grant,
    GrantScope,
    NewGrant,
    Review,
    Revocation,
)
from orchestrator.ports.telegram import ChannelSeen
from orchestrator.service.revoking import revoke_and_wait
from orchestrator.stage import Stage

LONGEST = timedelta(days=3650)


@dataclass(frozen=True, slots=True)
class GrantTerms:
    """What a person asks for when recording a grant."""

    comments_per_post: int = 1
    review: Review = Review.REQUIRED
    lasts: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Grants:
    """Records grants whose proof Telegram itself gave, and ends them."""

    stage: Stage
    door: AccountDoor

    async def add(self, actor: Actor, channel: str, account: str, terms: GrantTerms) -> Grant:
        """Record a grant, proved by `account` being creator or admin with the right to post."""
        if not 1 <= terms.comments_per_post <= 10:
            raise BadInput("a grant allows between 1 and 10 comments under a post")
        if terms.lasts and not timedelta(0) < terms.lasts <= LONGEST:
            raise BadInput(f"a grant lasts between 1 and {LONGEST.days} days, or until revoked")
        watched = await self.stage.stores.channels.channel_named(channel)
        prover = await self.stage.stores.accounts.account_named(account)
        seen = await self.door.ask(prover.id, LookAtChannel(watched.telegram_id))
        if not isinstance(seen, ChannelSeen) or not seen.role.may_grant:
            raise NotAllowed(
                f"{account} is neither creator nor an admin who may post in {watched.title}: "
                "nothing was granted"
            )
        await self.stage.stores.channels.record_channel_seen(
            prover.id, seen, self.stage.clock.now()
        )
        return await self.stage.stores.grants.add_grant(
            actor, self.new_grant(actor, watched, prover.id, seen, terms)
        )

    def new_grant(
        self,
        actor: Actor,
        watched: Channel,
        prover: AccountId,
        seen: ChannelSeen,
        terms: GrantTerms,
    ) -> NewGrant:
        """Put the proof and the terms together; raises NotAllowed where nobody can comment."""
        if seen.linked_group is None:
            raise NotAllowed(
                f"{watched.title} has no linked discussion group, so nobody can comment there"
            )
        now = self.stage.clock.now()
        return NewGrant(
            channel=watched.id,
            account=prover,
            granted_by=actor.name,
            proof=PROOF_BY_ROLE[seen.role],
            scope=GrantScope.COMMENTS,
            comments_per_post=terms.comments_per_post,
            review=terms.review,
            linked_group=seen.linked_group,
            starts_at=now,
            expires_at=now + terms.lasts if terms.lasts else None,
        )

    async def list(self, channel: str | None) -> Sequence[Grant]:
        """Return grants, newest first."""
        if channel is None:
            return await self.stage.stores.grants.grants()
        watched = await self.stage.stores.channels.channel_named(channel)
        return await self.stage.stores.grants.grants(watched.id)

    async def revoke(self, actor: Actor, grant: GrantId) -> Revocation:
        """End a grant. Once this returns no send starts under it; what was in flight is listed."""
        stage = self.stage
        return await revoke_and_wait(
            stage.stores.grants, stage.clock, stage.tuning.claim, actor, grant
        )
