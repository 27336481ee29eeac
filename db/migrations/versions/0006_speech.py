"""Make drafts, silences, comments and the outbox."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""

    op.create_table(
        "drafts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("persona_id", sa.BigInteger(), nullable=True),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("strategy", sa.Text(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("source", sa.Text(), nullable=False),
        sa.Column("fit", sa.Double(), nullable=False),
        sa.Column("trigger", sa.Text(), nullable=True),
        sa.Column("script_version_id", sa.BigInteger(), nullable=True),
        sa.Column("model", sa.Text(), nullable=True),
        sa.Column("prompt_hash", sa.Text(), nullable=True),
        sa.Column("cost_usd", sa.Numeric(precision=12, scale=6), nullable=True),
        sa.Column("state", sa.Text(), nullable=False),
        sa.Column("objections", postgresql.ARRAY(sa.Text()), server_default="{}", nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Text(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("edited_by", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint(
            "(state = 'review') = (decided_at IS NULL)", name=op.f("ck_drafts_decided")
        ),
        sa.CheckConstraint("source IN ('local', 'model')", name=op.f("ck_drafts_source")),
        sa.CheckConstraint(
            "state IN ('review', 'queued', 'rejected')", name=op.f("ck_drafts_state")
        ),
        sa.CheckConstraint("strategy IN ('script_80', 'free_20')", name=op.f("ck_drafts_strategy")),
        sa.CheckConstraint("fit >= 0 AND fit <= 1", name=op.f("ck_drafts_fit")),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_drafts_account_id")),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_drafts_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id", "message_id"],
            ["posts.channel_id", "posts.message_id"],
            name=op.f("fk_drafts_channel_id_message_id"),
        ),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_drafts_grant_id")),
        sa.ForeignKeyConstraint(["persona_id"], ["personas.id"], name=op.f("fk_drafts_persona_id")),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_drafts_schedule_id")
        ),
        sa.ForeignKeyConstraint(
            ["script_version_id"], ["script_versions.id"], name=op.f("fk_drafts_script_version_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_drafts")),
    )
    op.create_index(
        "ix_drafts_channel_id_message_id", "drafts", ["channel_id", "message_id"], unique=False
    )
    op.create_index(op.f("ix_drafts_grant_id"), "drafts", ["grant_id"], unique=False)
    op.create_index(
        "ix_drafts_review",
        "drafts",
        ["id"],
        unique=False,
        postgresql_where=sa.text("state = 'review'"),
    )
    op.create_index(op.f("ix_drafts_schedule_id"), "drafts", ["schedule_id"], unique=False)
    op.create_table(
        "silences",
        sa.Column("channel_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=True),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column(
            "at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "reason IN ('post_gone', 'empty_post', 'post_too_old', 'no_grant', 'channel_paused', 'already_commented', 'no_campaign', 'no_account', 'outside_window', 'daily_limit', 'language_not_spoken', 'forbidden_topic', 'no_persona_follows_topic', 'no_script_fits', 'nothing_new', 'model_unavailable', 'model_declined', 'checks_failed', 'rejected', 'expired', 'cancelled')",
            name=op.f("ck_silences_reason"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_silences_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id", "message_id"],
            ["posts.channel_id", "posts.message_id"],
            name=op.f("fk_silences_channel_id_message_id"),
        ),
        sa.PrimaryKeyConstraint("channel_id", "message_id", name=op.f("pk_silences")),
    )
    op.create_index("ix_silences_at", "silences", ["at"], unique=False)
    op.create_table(
        "comments",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("slot", sa.SmallInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("persona_id", sa.BigInteger(), nullable=True),
        sa.Column("draft_id", sa.BigInteger(), nullable=False),
        sa.Column("grant_id", sa.BigInteger(), nullable=False),
        sa.Column("campaign_id", sa.BigInteger(), nullable=False),
        sa.Column("schedule_id", sa.BigInteger(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("status", sa.Text(), server_default="pending", nullable=False),
        sa.Column("failed_reason", sa.Text(), nullable=True),
        sa.Column("sent_message_id", sa.BigInteger(), nullable=True),
        sa.Column("planned_on", sa.Date(), nullable=False),
        sa.Column("counted_on", sa.Date(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("sent_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "engagement",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("engagement_checked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_by", sa.Text(), nullable=True),
        sa.CheckConstraint(
            "status IN ('pending', 'sent', 'failed', 'deleted', 'unknown', 'unresolved')",
            name=op.f("ck_comments_status"),
        ),
        sa.CheckConstraint(
            "status NOT IN ('sent', 'deleted') OR num_nulls(sent_at, sent_message_id) = 0",
            name=op.f("ck_comments_sent"),
        ),
        sa.CheckConstraint("slot > 0", name=op.f("ck_comments_slot")),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_comments_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["campaign_id"], ["campaigns.id"], name=op.f("fk_comments_campaign_id")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id", "message_id"],
            ["posts.channel_id", "posts.message_id"],
            name=op.f("fk_comments_channel_id_message_id"),
        ),
        sa.ForeignKeyConstraint(["draft_id"], ["drafts.id"], name=op.f("fk_comments_draft_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_comments_grant_id")),
        sa.ForeignKeyConstraint(
            ["persona_id"], ["personas.id"], name=op.f("fk_comments_persona_id")
        ),
        sa.ForeignKeyConstraint(
            ["schedule_id"], ["schedules.id"], name=op.f("fk_comments_schedule_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_comments")),
    )
    op.create_index("ix_comments_account_id_id", "comments", ["account_id", "id"], unique=False)
    op.create_index("ix_comments_channel_id_id", "comments", ["channel_id", "id"], unique=False)
    op.create_index("ix_comments_created_at", "comments", ["created_at"], unique=False)
    op.create_index(op.f("ix_comments_draft_id"), "comments", ["draft_id"], unique=False)
    op.create_index(op.f("ix_comments_grant_id"), "comments", ["grant_id"], unique=False)
    op.create_index(
        "ix_comments_schedule_id_counted_on",
        "comments",
        ["schedule_id", "counted_on"],
        unique=False,
    )
    op.create_index(
        "ix_comments_schedule_id_planned_on",
        "comments",
        ["schedule_id", "planned_on"],
        unique=False,
    )
    op.create_index(
        "uq_comments_slot",
        "comments",
        ["channel_id", "message_id", "slot"],
        unique=True,
        postgresql_where=sa.text("status <> 'failed'"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("comment_id", sa.BigInteger(), nullable=True),
        sa.Column("grant_id", sa.BigInteger(), nullable=True),
        sa.Column("inbound_message_id", sa.BigInteger(), nullable=True),
        sa.Column("study_group_id", sa.BigInteger(), nullable=True),
        sa.Column("peer_kind", sa.Text(), nullable=True),
        sa.Column("peer_id", sa.BigInteger(), nullable=True),
        sa.Column("peer_access_hash", sa.BigInteger(), nullable=True),
        sa.Column("reply_to", sa.BigInteger(), nullable=True),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("random_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), server_default="due", nullable=False),
        sa.Column("unsettled", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("attempts", sa.SmallInteger(), server_default="0", nullable=False),
        sa.Column("first_attempt_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("claimed_by", sa.Text(), nullable=True),
        sa.Column("claimed_fence", sa.BigInteger(), nullable=True),
        sa.Column("claimed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("last_error", sa.Text(), nullable=True),
        sa.Column("sent_message_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("finished_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint(
            "(kind = 'comment') = (comment_id IS NOT NULL)", name=op.f("ck_outbox_comment")
        ),
        sa.CheckConstraint(
            "(kind = 'comment') = (grant_id IS NOT NULL)", name=op.f("ck_outbox_comment_basis")
        ),
        sa.CheckConstraint(
            "(state IN ('sent', 'failed', 'cancelled', 'unresolved')) = (finished_at IS NOT NULL)",
            name=op.f("ck_outbox_finished"),
        ),
        sa.CheckConstraint(
            "kind IN ('comment', 'direct', 'study_group')", name=op.f("ck_outbox_kind")
        ),
        sa.CheckConstraint("peer_kind IN ('channel', 'user')", name=op.f("ck_outbox_peer_kind")),
        sa.CheckConstraint(
            "state <> 'sending' OR claimed_fence IS NOT NULL", name=op.f("ck_outbox_claimed")
        ),
        sa.CheckConstraint(
            "state IN ('due', 'sending', 'sent', 'unknown', 'failed', 'cancelled', 'unresolved')",
            name=op.f("ck_outbox_state"),
        ),
        sa.CheckConstraint("attempts >= 0", name=op.f("ck_outbox_attempts")),
        sa.CheckConstraint(
            "num_nonnulls(grant_id, inbound_message_id, study_group_id) = 1",
            name=op.f("ck_outbox_one_basis"),
        ),
        sa.CheckConstraint(
            "num_nonnulls(peer_kind, peer_id, peer_access_hash) IN (0, 3)",
            name=op.f("ck_outbox_peer_whole"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_outbox_account_id")),
        sa.ForeignKeyConstraint(["comment_id"], ["comments.id"], name=op.f("fk_outbox_comment_id")),
        sa.ForeignKeyConstraint(["grant_id"], ["grants.id"], name=op.f("fk_outbox_grant_id")),
        sa.ForeignKeyConstraint(
            ["inbound_message_id"], ["messages.id"], name=op.f("fk_outbox_inbound_message_id")
        ),
        sa.ForeignKeyConstraint(
            ["study_group_id"], ["study_groups.id"], name=op.f("fk_outbox_study_group_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_outbox")),
        sa.UniqueConstraint("account_id", "random_id", name=op.f("uq_outbox_account_id_random_id")),
    )
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["account_id", "due_at", "id"],
        unique=False,
        postgresql_where=sa.text("state IN ('due', 'unknown')"),
    )
    op.create_index("ix_outbox_grant_id", "outbox", ["grant_id", "finished_at"], unique=False)
    op.create_index(
        "ix_outbox_sending",
        "outbox",
        ["account_id"],
        unique=False,
        postgresql_where=sa.text("state = 'sending'"),
    )
    op.create_index("uq_outbox_comment_id", "outbox", ["comment_id"], unique=True)
