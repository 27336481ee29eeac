"""Study groups, what is said in them, lessons, and journeys through lessons and diagnostics."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Index,
    Integer,
    Interval,
    LargeBinary,
    Table,
    UniqueConstraint,
    text,
)

from db.tables.base import (
    identity,
    maybe_number,
    maybe_reference,
    maybe_words,
    metadata,
    moment,
    moment_now,
    moment_of,
    number,
    one_of,
    reference,
    several,
    words,
)
from orchestrator.ports.answers import GroupRole
from orchestrator.ports.journeys import ItemState, JourneyState
from orchestrator.ports.study_groups import Decision, GroupState, LessonState, RoleEnd
from personas.scripts.steps import Outcome

study_groups = Table(
    "study_groups",
    metadata,
    identity(),
    reference("account_id", "accounts.id"),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    words("title"),
    words("language", server_default="ru"),
    # The notice as it must stand, and the message that holds it.
    words("notice_text", server_default=""),
    maybe_number("notice_message_id"),
    number("notice_random_id", server_default="0"),
    # The same message once Telegram showed it pinned and unaltered; nothing is said without.
    maybe_number("pinned_notice_id"),
    maybe_words("doubt"),
    # Grows whenever something happened to the notice: an older look does not settle that.
    number("doubts", server_default="0"),
    moment("checked_at"),
    words("state", server_default="active"),
    moment_now("created_at"),
    moment("closed_at"),
    maybe_words("closed_by"),
    one_of("state", GroupState),
)

# Who is who in a study group; what was said in a role keeps its row.
study_group_roles = Table(
    "study_group_roles",
    metadata,
    reference("study_group_id", "study_groups.id", primary_key=True),
    reference("account_id", "accounts.id", primary_key=True, index=True),
    words("role"),
    moment_now("since"),
    moment("ended_at"),
    # A role that the bio does not name rests; one that was taken away does not come back.
    maybe_words("ended_for"),
    one_of("role", GroupRole),
    one_of("ended_for", RoleEnd),
)

study_group_members = Table(
    "study_group_members",
    metadata,
    reference("study_group_id", "study_groups.id", primary_key=True),
    reference("contact_id", "contacts.id", primary_key=True, index=True),
    moment_now("seen_at"),
    moment("left_at"),
)

group_messages = Table(
    "group_messages",
    metadata,
    identity(),
    reference("study_group_id", "study_groups.id"),
    number("telegram_message_id"),
    # One of ours, a member, or neither: a bot, or the group in its own name.
    maybe_reference("account_id", "accounts.id"),
    maybe_reference("contact_id", "contacts.id", index=True),
    words("text"),
    # What it said before it was changed.
    maybe_words("first_text"),
    maybe_number("reply_to"),
    moment_of("sent_at"),
    moment_now("recorded_at"),
    moment("edited_at"),
    moment("deleted_at"),
    # What came of it, where a member wrote it: an answer of one of ours, or a silence; and why.
    maybe_words("decision"),
    maybe_words("reason"),
    maybe_reference("answered_by", "accounts.id"),
    moment("decided_at"),
    one_of("decision", Decision),
    CheckConstraint("num_nonnulls(account_id, contact_id) <= 1", name="author"),
    UniqueConstraint("study_group_id", "telegram_message_id"),
)

lessons = Table(
    "lessons",
    metadata,
    identity(),
    reference("study_group_id", "study_groups.id", index=True),
    reference("script_version_id", "script_versions.id"),
    maybe_reference("journey_id", "journeys.id"),
    words("state", server_default=LessonState.RUNNING),
    moment_of("starts_at"),
    Column("said", Integer, nullable=False, server_default="0"),
    moment("said_at"),
    moment("answered_at"),
    # How much later than written the rest is.
    Column("delay", Interval, nullable=False, server_default="0"),
    words("started_by"),
    moment("ended_at"),
    maybe_words("reason"),
    one_of("state", LessonState),
    Index(
        "uq_lessons_running",
        "study_group_id",
        unique=True,
        postgresql_where=text("state = 'running'"),
    ),
)

# A line is queued in the transaction that makes its row: no line is ever doubled.
lesson_lines = Table(
    "lesson_lines",
    metadata,
    reference("lesson_id", "lessons.id", primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    # In `outbox`, whose rows are swept before it.
    number("outbox_id"),
    moment_now("queued_at"),
)

journeys = Table(
    "journeys",
    metadata,
    identity(),
    maybe_reference("contact_id", "contacts.id", index=True),
    maybe_reference("study_group_id", "study_groups.id"),
    several("scripts"),
    Column("position", Integer, nullable=False, server_default="0"),
    words("state", server_default=JourneyState.ACTIVE),
    words("started_by"),
    moment_now("started_at"),
    moment("ended_at"),
    maybe_words("reason"),
    one_of("state", JourneyState),
    CheckConstraint("num_nonnulls(contact_id, study_group_id) = 1", name="whose"),
    Index(
        "uq_journeys_of_group",
        "study_group_id",
        unique=True,
        postgresql_where=text("state = 'active' AND study_group_id IS NOT NULL"),
    ),
)

# One row for each item of a journey, and in a group for each member who takes a diagnostic.
journey_progress = Table(
    "journey_progress",
    metadata,
    identity(),
    reference("journey_id", "journeys.id"),
    Column("position", Integer, nullable=False),
    maybe_reference("contact_id", "contacts.id", index=True),
    reference("script_version_id", "script_versions.id"),
    maybe_reference("conversation_id", "conversations.id", index=True),
    words("state", server_default=ItemState.RUNNING),
    maybe_words("step"),
    words("outcome", server_default=Outcome.WAITING),
    number("turns", server_default="0"),
    number("misses", server_default="0"),
    words("heard", server_default=""),
    # What was answered so far.
    Column("slots_encrypted", LargeBinary),
    moment_now("started_at"),
    moment_now("updated_at"),
    moment("finished_at"),
    one_of("state", ItemState),
    one_of("outcome", Outcome),
    UniqueConstraint("journey_id", "position", "contact_id", postgresql_nulls_not_distinct=True),
)

diagnostic_results = Table(
    "diagnostic_results",
    metadata,
    identity(),
    reference("journey_progress_id", "journey_progress.id"),
    reference("contact_id", "contacts.id", index=True),
    reference("script_version_id", "script_versions.id"),
    Column("score", Integer, nullable=False),
    words("result"),
    moment_now("taken_at"),
    UniqueConstraint("journey_progress_id"),
)
