"""The sink of all facts: each is recorded once, and what follows from it is a job."""

import logging

from orchestrator.facts import (
    ChannelLost,
    DirectMessageSeen,
    Fact,
    PostEdited,
    PostsDeleted,
    PostSeen,
    UpdatesSkipped,
)
from orchestrator.ports.channels import ChannelStore
from orchestrator.ports.intake import IntakeStore

log = logging.getLogger(__name__)


class Reception:
    """Takes facts from all accounts; `take` returns when the fact is committed."""

    def __init__(self, intake: IntakeStore, channels: ChannelStore) -> None:
        self.intake, self.channels = intake, channels

    async def take(self, fact: Fact) -> None:
        """Record one fact."""
        match fact:
            case PostSeen():
                await self.intake.record_post_and_queue(fact)
            case PostEdited():
                await self.intake.record_post_edit(fact)
            case PostsDeleted():
                await self.intake.record_posts_deleted(fact)
            case DirectMessageSeen():
                await self.intake.record_direct_message(fact)
            case ChannelLost():
                log.warning("account %s lost channel %s", fact.account, fact.channel)
                await self.channels.record_channel_lost(fact)
            case UpdatesSkipped():
                await self.channels.ask_for_comparison(fact)
