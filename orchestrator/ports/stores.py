"""Every store in one hand, put together once at the start."""

from dataclasses import dataclass

from orchestrator.ports.accounts import AccountStore
from orchestrator.ports.answers import AnswerStore
from orchestrator.ports.bot_grants import BotGrantStore
from orchestrator.ports.calendar import CalendarStore
from orchestrator.ports.campaigns import CampaignStore
from orchestrator.ports.channels import ChannelStore
from orchestrator.ports.conversations import ConversationDesk, ConversationStore
from orchestrator.ports.drafting import DraftingStore, ReviewStore
from orchestrator.ports.grants import GrantStore
from orchestrator.ports.handoff import AccountTicketStore, HandoffStore
from orchestrator.ports.intake import IntakeStore
from orchestrator.ports.journeys import JourneyStore
from orchestrator.ports.labels import LabelStore
from orchestrator.ports.leases import LeaseStore
from orchestrator.ports.library import LibraryStore
from orchestrator.ports.logs import Housekeeper, LogStore, SettingsStore, TallyStore
from orchestrator.ports.models import ModelCallStore
from orchestrator.ports.outbox import CommentStore, OutboxStore
from orchestrator.ports.security import SecurityStore
from orchestrator.ports.sessions import SessionStore
from orchestrator.ports.stats import StatsStore
from orchestrator.ports.study_groups import GroupTalkStore, LessonStore, StudyGroupStore
from orchestrator.ports.work import CommandStore, JobStore
from support.ports.stores import DeskStores


@dataclass(frozen=True, slots=True)
class Stores:
    """What is stored, by what it is about."""

    accounts: AccountStore
    sessions: SessionStore
    leases: LeaseStore
    calendar: CalendarStore
    jobs: JobStore
    commands: CommandStore
    channels: ChannelStore
    grants: GrantStore
    bot_grants: BotGrantStore
    campaigns: CampaignStore
    intake: IntakeStore
    security: SecurityStore
    drafting: DraftingStore
    review: ReviewStore
    outbox: OutboxStore
    comments: CommentStore
    answers: AnswerStore
    conversations: ConversationStore
    conversation_desk: ConversationDesk
    handoffs: HandoffStore
    account_tickets: AccountTicketStore
    study_groups: StudyGroupStore
    group_talk: GroupTalkStore
    lessons: LessonStore
    journeys: JourneyStore
    library: LibraryStore
    labels: LabelStore
    logs: LogStore
    tally: TallyStore
    stats: StatsStore
    model_calls: ModelCallStore
    settings: SettingsStore
    housekeeper: Housekeeper
    desk: DeskStores
