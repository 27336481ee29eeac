"""Grants given through the bot (charter rule 1): Telegram says who pressed and what they may."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from orchestrator.actor import SYSTEM, Actor
from orchestrator.clock import Clock
from orchestrator.errors import AlreadyExists, NotAllowed, NotFound
from orchestrator.ids import GrantId, TelegramId
from orchestrator.ports.bot_grants import BotChannel, BotGrantStore
from orchestrator.ports.grants import (
    Grant,
    GrantProof,
    GrantScope,
    GrantStore,
    NewGrant,
    Review,
    Revocation,
)
from orchestrator.service.revoking import revoke_and_wait
from orchestrator.tuning import Tuning


@dataclass(frozen=True, slots=True)
class Giver:
    """The person who pressed, as Telegram shows them."""

    id: TelegramId
    name: str

    @property
    def actor(self) -> Actor:
        """Name them for the audit log."""
        return Actor(f"{self.name} ({self.id})")


@dataclass(frozen=True, slots=True)
class BotGrants:
    """Records, confirms, suspends and ends what is granted through the bot."""

    store: BotGrantStore
    grants: GrantStore
    clock: Clock
    tuning: Callable[[], Tuning]

    async def give(
        self, giver: Giver, channel: BotChannel, proof: str, lasts: timedelta | None
    ) -> Grant:
        """Record a grant, proved by `proof`; whoever gave the one that lives gets that one back.

        Raises NotAllowed where nobody can comment, and AlreadyExists for another's grant.
        """
        if channel.linked_group is None:
            raise NotAllowed(f"{channel.title} has no linked discussion group")
        place = await self.store.place_channel(channel)
        now = self.clock.now()
        new = NewGrant(
            channel=place,
            account=None,
            granted_by=giver.name,
            proof=GrantProof.BOT,
            scope=GrantScope.COMMENTS,
            comments_per_post=1,
            review=Review.REQUIRED,
            linked_group=channel.linked_group,
            starts_at=now,
            expires_at=now + lasts if lasts else None,
            granted_by_id=giver.id,
            proof_detail=proof,
        )
        try:
            return await self.grants.add_grant(giver.actor, new)
        except AlreadyExists:
            for grant in await self.store.grants_given_by(giver.id):
                if grant.channel == place:
                    return grant
            raise

    async def revoke(self, giver: Giver, grant: GrantId) -> Revocation:
        """End a grant of this person's; once this returns no send starts under it.

        Raises NotFound for what is not theirs; ending an ended one changes nothing.
        """
        found = await self.grants.grant(grant)
        if found.granted_by_id != giver.id:
            raise NotFound(f"there is no grant {grant} of {giver.name}")
        if found.revoked_at is not None:
            return Revocation(grant, 0, 0, ())
        return await revoke_and_wait(
            self.grants, self.clock, self.tuning().claim, giver.actor, grant
        )

    async def due(self) -> Sequence[Grant]:
        """Return the grants whose proof has grown old."""
        oldest: datetime = self.clock.now() - self.tuning().verification_check
        return await self.store.bot_grants_to_verify(oldest)

    async def confirm(self, grant: Grant, channel: BotChannel) -> None:
        """Store that the proof was read again; another linked group suspends."""
        await self.store.place_channel(channel)
        if channel.linked_group != grant.linked_group:
            await self.suspend(grant, "another group was linked to the channel")
        else:
            await self.grants.record_verified(grant.id, GrantProof.BOT)

    async def suspend(self, grant: Grant, reason: str) -> None:
        """Let nothing out under a grant until its proof can be read again."""
        await self.grants.suspend_grant(SYSTEM, grant.id, reason)
