"""The one thing that every door holds."""

from collections.abc import Sequence
from dataclasses import dataclass

from orchestrator.lanes.door import AccountDoor
from orchestrator.ports.logs import AuditEntry, Decision, Tally
from orchestrator.service.accounts import Accounts
from orchestrator.service.campaigns import Campaigns
from orchestrator.service.channels import Channels
from orchestrator.service.comments import Comments, Outbox, ReviewQueue
from orchestrator.service.conversations import Conversations
from orchestrator.service.grants import Grants
from orchestrator.service.journeys import Journeys
from orchestrator.service.library import Library
from orchestrator.service.logs import Logs
from orchestrator.service.merging import Merging
from orchestrator.service.nodes import Nodes
from orchestrator.service.promises import Promises
from orchestrator.service.reloading import Reloading
from orchestrator.service.settings import SettingsDesk
from orchestrator.service.study_groups import StudyGroups
from orchestrator.service.support import SupportDesk
from orchestrator.stage import Stage


@dataclass(frozen=True, slots=True)
class Service:
    """Everything that people can do, by what it is about."""

    stage: Stage
    accounts: Accounts
    channels: Channels
    grants: Grants
    campaigns: Campaigns
    review: ReviewQueue
    outbox: Outbox
    comments: Comments
    conversations: Conversations
    groups: StudyGroups
    journeys: Journeys
    library: Library
    logs: Logs
    settings: SettingsDesk
    nodes: Nodes
    reloading: Reloading
    support: SupportDesk
    promises: Promises
    merging: Merging

    @classmethod
    def on(cls, stage: Stage, door: AccountDoor) -> "Service":
        """Build the service on a stage."""
        return cls(
            stage=stage,
            accounts=Accounts(stage, door),
            channels=Channels(stage, door),
            grants=Grants(stage, door),
            campaigns=Campaigns(stage),
            review=ReviewQueue(stage),
            outbox=Outbox(stage),
            comments=Comments(stage, door),
            conversations=Conversations(stage),
            groups=StudyGroups(stage, door),
            journeys=Journeys(stage),
            library=Library(stage),
            logs=Logs(stage),
            settings=SettingsDesk(stage.stores.settings),
            nodes=Nodes(
                stage.stores.leases, stage.stores.calendar, stage.clock, stage.tuning.lease
            ),
            reloading=Reloading(stage.stores.labels),
            support=SupportDesk(stage.stores.desk, stage.clock),
            promises=Promises(stage.stores.desk.catalogue),
            merging=Merging(stage.stores.desk.tickets),
        )

    async def tally(self) -> Tally:
        """Count what has come of everything so far."""
        return await self.stage.stores.tally.tally()

    async def decisions(self, limit: int) -> Sequence[Decision]:
        """Return the newest decisions about posts."""
        return await self.stage.stores.tally.decisions(limit)

    async def audit(self, limit: int) -> Sequence[AuditEntry]:
        """Return the newest changes that somebody made."""
        return await self.stage.stores.logs.audit_entries(limit)
