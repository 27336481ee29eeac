"""Channels that are watched, who may read them, who let us speak there, and what they published."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    SmallInteger,
    Table,
    UniqueConstraint,
    text,
    true,
)

from db.tables.base import (
    document,
    identity,
    maybe_document,
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
    words,
)
from orchestrator.ports.grants import GrantProof, GrantScope, Review
from orchestrator.ports.telegram import Role

POST_PARTITIONS = 16

SUSPENDED_FOR = ("proof", "group", "telegram", "person")
"""Why a grant is suspended; only a lost proof is mended by proving it again."""

channels = Table(
    "channels",
    metadata,
    identity(),
    Column("telegram_id", BigInteger, nullable=False, unique=True),
    words("title"),
    words("description", server_default=""),
    maybe_words("username"),
    Column("members_count", Integer),
    Column("is_active", Boolean, nullable=False, server_default=true()),
    maybe_words("paused_reason"),
    moment("last_checked"),
    # In minutes; a rehearsal may ask more often than once in one.
    Column("monitoring_interval", Double, nullable=False, server_default="10"),
    maybe_number("linked_group_id"),
    number("last_message_id", server_default="0"),
    # Everything up to here was compared with the server; above it, updates may have left gaps.
    number("compared_upto", server_default="0"),
    # What no update told of and a comparison found: posts, their edits and their deletions.
    number("recovered_late", server_default="0"),
    maybe_reference("reader_account_id", "accounts.id", index=True),
    moment_now("created_at"),
    moment("removed_at"),
    CheckConstraint("monitoring_interval > 0", name="monitoring_interval"),
)

channel_access = Table(
    "channel_access",
    metadata,
    reference("account_id", "accounts.id", primary_key=True),
    reference("channel_id", "channels.id", primary_key=True, index=True),
    words("role"),
    maybe_words("lost_reason"),
    moment_now("since"),
    one_of("role", Role),
)

grants = Table(
    "grants",
    metadata,
    identity(),
    # A grant speaks of a channel, or of a study group.
    maybe_reference("channel_id", "channels.id", index=True),
    maybe_reference("study_group_id", "study_groups.id"),
    maybe_reference("account_id", "accounts.id"),
    maybe_number("granted_by_telegram_id"),
    words("granted_by_name"),
    words("proof"),
    words("proof_detail", server_default=""),
    words("scope"),
    Column("comments_per_post", SmallInteger, nullable=False, server_default="1"),
    words("review", server_default=Review.REQUIRED),
    number("linked_group_id"),
    moment_now("starts_at"),
    moment("expires_at"),
    moment_now("verified_at"),
    moment("suspended_at"),
    maybe_words("suspended_reason"),
    maybe_words("suspended_for"),
    moment("revoked_at"),
    maybe_words("revoked_by"),
    moment_now("created_at"),
    one_of("proof", GrantProof),
    one_of("scope", GrantScope),
    one_of("review", Review),
    CheckConstraint("comments_per_post > 0", name="comments_per_post"),
    CheckConstraint("expires_at > starts_at", name="expires_at"),
    one_of("suspended_for", SUSPENDED_FOR),
    CheckConstraint(
        "num_nonnulls(suspended_at, suspended_reason, suspended_for) IN (0, 3)", name="suspended"
    ),
    CheckConstraint("(revoked_at IS NULL) = (revoked_by IS NULL)", name="revoked"),
    CheckConstraint("num_nonnulls(channel_id, study_group_id) = 1", name="one_place"),
    CheckConstraint("(scope = 'study_group') = (study_group_id IS NOT NULL)", name="place"),
    UniqueConstraint("id", "study_group_id"),
    Index(
        "uq_grants_live",
        "channel_id",
        "scope",
        unique=True,
        postgresql_where=text("revoked_at IS NULL AND scope = 'comments'"),
    ),
    Index(
        "uq_grants_study_group_live",
        "study_group_id",
        unique=True,
        postgresql_where=text("revoked_at IS NULL AND study_group_id IS NOT NULL"),
    ),
    Index(
        "ix_grants_granted_by_telegram_id",
        "granted_by_telegram_id",
        postgresql_where=text("granted_by_telegram_id IS NOT NULL"),
    ),
)

posts = Table(
    "posts",
    metadata,
    Column("channel_id", BigInteger, ForeignKey("channels.id"), primary_key=True),
    Column("message_id", BigInteger, primary_key=True, autoincrement=False),
    words("text"),
    document("media", default="[]"),
    maybe_document("summary"),
    document("engagement"),
    maybe_number("album"),
    # The post's copy in the linked group, under which comments go.
    maybe_number("group_id"),
    maybe_number("group_message_id"),
    maybe_reference("seen_by", "accounts.id"),
    moment_of("created_at"),
    moment_now("seen_at"),
    moment("edited_at"),
    moment("deleted_at"),
    Index("ix_posts_created_at", "created_at"),
    postgresql_partition_by="HASH (channel_id)",
)
