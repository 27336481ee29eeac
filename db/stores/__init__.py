"""What the orchestrator asks to be stored, in PostgreSQL: one class for each port."""

from sqlalchemy.ext.asyncio import AsyncEngine

from db.cache import ContentCache
from db.encryption import Cipher
from db.housekeeping import PostgresHousekeeper
from db.notify import Notices
from db.stores.account_tickets import PostgresAccountTickets
from db.stores.accounts import PostgresAccounts
from db.stores.answering import PostgresAnswers
from db.stores.bot_grants import PostgresBotGrants
from db.stores.calendar import PostgresCalendar
from db.stores.campaigns import PostgresCampaigns
from db.stores.channels import PostgresChannels
from db.stores.comments import PostgresComments
from db.stores.conversation_desk import PostgresConversationDesk
from db.stores.conversing import PostgresConversations
from db.stores.desk import postgres_desk
from db.stores.drafting import PostgresDrafting
from db.stores.grants import PostgresGrants
from db.stores.intake import PostgresIntake
from db.stores.journeys import PostgresJourneys
from db.stores.labels import NO_CACHE, PostgresLabels
from db.stores.leases import PostgresLeases
from db.stores.library import PostgresLibrary
from db.stores.logs import PostgresLogs, PostgresSettings
from db.stores.model_calls import PostgresModelCalls
from db.stores.outbox import PostgresOutbox
from db.stores.persona_shelf import PersonaShelf
from db.stores.review import PostgresReview
from db.stores.security import PostgresSecurity
from db.stores.sessions import PostgresSessions
from db.stores.stats import PostgresStats
from db.stores.study_groups import PostgresStudyGroups
from db.stores.study_groups_lessons import PostgresLessons
from db.stores.study_groups_talk import PostgresGroupTalk
from db.stores.tally import PostgresTally
from db.stores.work import PostgresCommands, PostgresJobs
from orchestrator.ports.stores import Stores
from orchestrator.tuning import Tuning


def postgres_stores(
    engine: AsyncEngine,
    cipher: Cipher,
    notices: Notices,
    tuning: Tuning | None = None,
    cache: ContentCache = NO_CACHE,
) -> Stores:
    """Put every store together; they share the engine and know nothing of each other."""
    tuning = tuning or Tuning()
    parts = tuning.gate.answer_parts
    desk = PostgresConversationDesk(engine, cipher, parts)
    return Stores(
        accounts=PostgresAccounts(engine, cipher),
        sessions=PostgresSessions(engine, cipher),
        leases=PostgresLeases(engine),
        calendar=PostgresCalendar(engine),
        jobs=PostgresJobs(engine),
        commands=PostgresCommands(engine),
        channels=PostgresChannels(engine),
        grants=PostgresGrants(engine),
        bot_grants=PostgresBotGrants(engine),
        campaigns=PostgresCampaigns(engine),
        intake=PostgresIntake(engine, notices.hear, tuning.bursts, tuning.claim),
        security=PostgresSecurity(engine),
        drafting=PostgresDrafting(
            engine, PersonaShelf(engine, cache.of_personas()), tuning.recent_comments
        ),
        review=PostgresReview(engine),
        outbox=PostgresOutbox(engine, tuning.engagement_checks, tuning.claim),
        comments=PostgresComments(engine),
        answers=PostgresAnswers(engine, parts, tuning.claim),
        conversations=PostgresConversations(engine, cipher, parts, tuning.bursts.quiet),
        conversation_desk=desk,
        handoffs=desk,
        account_tickets=PostgresAccountTickets(engine),
        study_groups=PostgresStudyGroups(engine),
        group_talk=PostgresGroupTalk(engine, cipher),
        lessons=PostgresLessons(engine),
        journeys=PostgresJourneys(engine, cipher),
        library=PostgresLibrary(engine),
        labels=PostgresLabels(engine, cache),
        logs=PostgresLogs(engine),
        tally=PostgresTally(engine),
        stats=PostgresStats(engine),
        model_calls=PostgresModelCalls(engine),
        settings=PostgresSettings(engine),
        housekeeper=PostgresHousekeeper(engine, tuning.retention),
        desk=postgres_desk(engine, cipher),
    )
