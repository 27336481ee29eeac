"""What is said: drafts, silences, comments, and the outbox through which everything leaves."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    Double,
    ForeignKeyConstraint,
    Index,
    Numeric,
    SmallInteger,
    Table,
    UniqueConstraint,
    false,
    text,
)

from db.tables.base import (
    document,
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
from orchestrator.ports.drafting import DraftState
from orchestrator.ports.outbox import CommentStatus, OutboxState
from orchestrator.ports.writing import Source
from personas.silence import SilenceReason
from personas.strategy import Strategy


def under_a_post() -> ForeignKeyConstraint:
    """Tie a row to its post."""
    return ForeignKeyConstraint(
        ["channel_id", "message_id"], ["posts.channel_id", "posts.message_id"]
    )


drafts = Table(
    "drafts",
    metadata,
    identity(),
    number("channel_id"),
    number("message_id"),
    reference("campaign_id", "campaigns.id"),
    reference("schedule_id", "schedules.id", index=True),
    reference("account_id", "accounts.id"),
    maybe_reference("persona_id", "personas.id"),
    reference("grant_id", "grants.id", index=True),
    words("text"),
    words("strategy"),
    words("reason"),
    words("source"),
    Column("fit", Double, nullable=False),
    maybe_words("trigger"),
    maybe_reference("script_version_id", "script_versions.id"),
    # Which selector judged, by the hash of what it learnt.
    maybe_words("judge"),
    maybe_words("model"),
    maybe_words("prompt_hash"),
    Column("cost_usd", Numeric(12, 6)),
    words("state"),
    several("objections"),
    moment_of("due_at"),
    moment_of("expires_at"),
    maybe_words("decided_by"),
    moment("decided_at"),
    maybe_words("edited_by"),
    moment_now("created_at"),
    under_a_post(),
    one_of("state", DraftState),
    one_of("strategy", Strategy),
    one_of("source", Source),
    CheckConstraint("fit >= 0 AND fit <= 1", name="fit"),
    CheckConstraint("(state = 'review') = (decided_at IS NULL)", name="decided"),
    Index("ix_drafts_channel_id_message_id", "channel_id", "message_id"),
    Index("ix_drafts_review", "id", postgresql_where=text("state = 'review'")),
)

silences = Table(
    "silences",
    metadata,
    Column("channel_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    maybe_reference("campaign_id", "campaigns.id"),
    words("reason"),
    words("detail"),
    moment_now("at"),
    under_a_post(),
    one_of("reason", SilenceReason),
    Index("ix_silences_at", "at"),
)

comments = Table(
    "comments",
    metadata,
    identity(),
    number("channel_id"),
    number("message_id"),
    Column("slot", SmallInteger, nullable=False),
    reference("account_id", "accounts.id"),
    maybe_reference("persona_id", "personas.id"),
    reference("draft_id", "drafts.id", index=True),
    reference("grant_id", "grants.id", index=True),
    reference("campaign_id", "campaigns.id"),
    reference("schedule_id", "schedules.id"),
    words("text"),
    words("status", server_default=CommentStatus.PENDING),
    maybe_words("failed_reason"),
    maybe_number("sent_message_id"),
    # The campaign's own day on which it is to be said, and the one on which it left the gate.
    Column("planned_on", Date, nullable=False),
    Column("counted_on", Date),
    moment_now("created_at"),
    moment("sent_at"),
    document("engagement"),
    moment("engagement_checked_at"),
    # When it is time to look again how it was received.
    moment("engagement_due_at"),
    moment("deleted_at"),
    maybe_words("deleted_by"),
    under_a_post(),
    one_of("status", CommentStatus),
    CheckConstraint("slot > 0", name="slot"),
    CheckConstraint(
        "status NOT IN ('sent', 'deleted') OR num_nulls(sent_at, sent_message_id) = 0",
        name="sent",
    ),
    # Charter rule 4. Only what certainly was never said frees its slot: `unknown` and
    # `deleted` hold it.
    Index(
        "uq_comments_slot",
        "channel_id",
        "message_id",
        "slot",
        unique=True,
        postgresql_where=text("status <> 'failed'"),
    ),
    Index("ix_comments_schedule_id_planned_on", "schedule_id", "planned_on"),
    Index("ix_comments_schedule_id_counted_on", "schedule_id", "counted_on"),
    Index("ix_comments_channel_id_id", "channel_id", "id"),
    Index("ix_comments_account_id_id", "account_id", "id"),
    Index("ix_comments_created_at", "created_at"),
    Index("ix_comments_sent_at", "sent_at", postgresql_where=text("sent_at IS NOT NULL")),
    Index(
        "ix_comments_engagement_due_at",
        "engagement_due_at",
        postgresql_where=text("engagement_due_at IS NOT NULL"),
    ),
)

outbox = Table(
    "outbox",
    metadata,
    identity(),
    reference("account_id", "accounts.id"),
    words("kind"),
    maybe_reference("comment_id", "comments.id"),
    maybe_reference("grant_id", "grants.id"),
    maybe_reference("inbound_message_id", "messages.id"),
    maybe_reference("study_group_id", "study_groups.id"),
    maybe_number("answer_id"),
    maybe_number("line_id"),
    maybe_words("peer_kind"),
    maybe_number("peer_id"),
    maybe_number("peer_access_hash"),
    maybe_number("reply_to"),
    # The address was taken from what an earlier lane had found, and not asked of Telegram.
    Column("by_known_copy", Boolean, nullable=False, server_default=false()),
    words("text"),
    number("random_id"),
    words("state", server_default=OutboxState.DUE),
    # An earlier attempt has no known outcome: whatever follows, it cannot end as `failed`.
    Column("unsettled", Boolean, nullable=False, server_default=false()),
    moment_of("due_at"),
    moment_of("expires_at"),
    Column("attempts", SmallInteger, nullable=False, server_default="0"),
    moment("first_attempt_at"),
    maybe_words("claimed_by"),
    maybe_number("claimed_fence"),
    moment("claimed_at"),
    maybe_words("last_error"),
    maybe_number("sent_message_id"),
    moment_now("created_at"),
    moment("finished_at"),
    one_of("kind", ("comment", "direct", "study_group")),
    one_of("state", OutboxState),
    one_of("peer_kind", ("channel", "user")),
    CheckConstraint(
        "num_nonnulls(grant_id, inbound_message_id, study_group_id) = 1", name="one_basis"
    ),
    CheckConstraint("(kind = 'comment') = (comment_id IS NOT NULL)", name="comment"),
    CheckConstraint("(kind = 'comment') = (grant_id IS NOT NULL)", name="comment_basis"),
    # Charter rule 3: nothing private without the incoming message that it answers.
    CheckConstraint("(kind = 'direct') = (answer_id IS NOT NULL)", name="direct"),
    CheckConstraint("(kind = 'direct') = (inbound_message_id IS NOT NULL)", name="direct_basis"),
    ForeignKeyConstraint(
        ["answer_id", "account_id", "inbound_message_id"],
        ["answers.id", "answers.account_id", "answers.inbound_message_id"],
    ),
    CheckConstraint("(kind = 'study_group') = (line_id IS NOT NULL)", name="study_group"),
    ForeignKeyConstraint(
        ["line_id", "account_id", "study_group_id"],
        ["group_lines.id", "group_lines.account_id", "group_lines.study_group_id"],
    ),
    CheckConstraint(
        "num_nonnulls(peer_kind, peer_id, peer_access_hash) IN (0, 3)", name="peer_whole"
    ),
    CheckConstraint("attempts >= 0", name="attempts"),
    CheckConstraint("state <> 'sending' OR claimed_fence IS NOT NULL", name="claimed"),
    CheckConstraint(
        "(state IN ('sent', 'failed', 'cancelled', 'unresolved')) = (finished_at IS NOT NULL)",
        name="finished",
    ),
    UniqueConstraint("account_id", "random_id"),
    Index("uq_outbox_comment_id", "comment_id", unique=True),
    Index(
        "uq_outbox_answer_id",
        "answer_id",
        unique=True,
        postgresql_where=text("answer_id IS NOT NULL"),
    ),
    Index(
        "uq_outbox_line_id", "line_id", unique=True, postgresql_where=text("line_id IS NOT NULL")
    ),
    Index(
        "ix_outbox_due",
        "account_id",
        "due_at",
        "id",
        postgresql_where=text("state IN ('due', 'unknown')"),
    ),
    Index("ix_outbox_sending", "account_id", postgresql_where=text("state = 'sending'")),
    Index("ix_outbox_grant_id", "grant_id", "finished_at"),
    Index(
        "ix_outbox_inbound_message_id",
        "inbound_message_id",
        postgresql_where=text("inbound_message_id IS NOT NULL"),
    ),
)
