"""Make channels, grants and posts."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""

    op.create_table(
        "channels",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("telegram_id", sa.BigInteger(), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("username", sa.Text(), nullable=True),
        sa.Column("members_count", sa.Integer(), nullable=True),
        sa.Column("is_active", sa.Boolean(), server_default=sa.text("true"), nullable=False),
        sa.Column("paused_reason", sa.Text(), nullable=True),
        sa.Column("last_checked", sa.DateTime(timezone=True), nullable=True),
        sa.Column("monitoring_interval", sa.Double(), server_default="10", nullable=False),
        sa.Column("linked_group_id", sa.BigInteger(), nullable=True),
        sa.Column("last_message_id", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("compared_upto", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("reader_account_id", sa.BigInteger(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("removed_at", sa.DateTime(timezone=True), nullable=True),
        sa.CheckConstraint("monitoring_interval > 0", name=op.f("ck_channels_monitoring_interval")),
        sa.ForeignKeyConstraint(
            ["reader_account_id"], ["accounts.id"], name=op.f("fk_channels_reader_account_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_channels")),
        sa.UniqueConstraint("telegram_id", name=op.f("uq_channels_telegram_id")),
    )
    op.create_index(
        op.f("ix_channels_reader_account_id"), "channels", ["reader_account_id"], unique=False
    )
    op.create_table(
        "channel_access",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("lost_reason", sa.Text(), nullable=True),
        sa.Column(
            "since", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.CheckConstraint(
            "role IN ('creator', 'admin', 'member', 'public', 'none')",
            name=op.f("ck_channel_access_role"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_channel_access_account_id")
        ),
        sa.ForeignKeyConstraint(
            ["channel_id"], ["channels.id"], name=op.f("fk_channel_access_channel_id")
        ),
        sa.PrimaryKeyConstraint("account_id", "channel_id", name=op.f("pk_channel_access")),
    )
    op.create_index(
        op.f("ix_channel_access_channel_id"), "channel_access", ["channel_id"], unique=False
    )
    op.create_table(
        "grants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=True), nullable=False),
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_by_telegram_id", sa.BigInteger(), nullable=True),
        sa.Column("granted_by_name", sa.Text(), nullable=False),
        sa.Column("proof", sa.Text(), nullable=False),
        sa.Column("proof_detail", sa.Text(), server_default="", nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("comments_per_post", sa.SmallInteger(), server_default="1", nullable=False),
        sa.Column("review", sa.Text(), server_default="required", nullable=False),
        sa.Column("linked_group_id", sa.BigInteger(), nullable=False),
        sa.Column(
            "starts_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column(
            "verified_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.Column("suspended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("suspended_reason", sa.Text(), nullable=True),
        sa.Column("suspended_for", sa.Text(), nullable=True),
        sa.Column("revoked_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("revoked_by", sa.Text(), nullable=True),
        sa.Column(
            "created_at",
            sa.DateTime(timezone=True),
            server_default=sa.text("now()"),
            nullable=False,
        ),
        sa.CheckConstraint("proof IN ('creator', 'admin', 'bot')", name=op.f("ck_grants_proof")),
        sa.CheckConstraint("review IN ('required', 'automatic')", name=op.f("ck_grants_review")),
        sa.CheckConstraint("scope IN ('comments', 'study_group')", name=op.f("ck_grants_scope")),
        sa.CheckConstraint(
            "suspended_for IN ('proof', 'group', 'telegram', 'person')",
            name=op.f("ck_grants_suspended_for"),
        ),
        sa.CheckConstraint(
            "(revoked_at IS NULL) = (revoked_by IS NULL)", name=op.f("ck_grants_revoked")
        ),
        sa.CheckConstraint("comments_per_post > 0", name=op.f("ck_grants_comments_per_post")),
        sa.CheckConstraint("expires_at > starts_at", name=op.f("ck_grants_expires_at")),
        sa.CheckConstraint(
            "num_nonnulls(suspended_at, suspended_reason, suspended_for) IN (0, 3)",
            name=op.f("ck_grants_suspended"),
        ),
        sa.ForeignKeyConstraint(["account_id"], ["accounts.id"], name=op.f("fk_grants_account_id")),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_grants_channel_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants")),
    )
    op.create_index(op.f("ix_grants_channel_id"), "grants", ["channel_id"], unique=False)
    op.create_index(
        "uq_grants_live",
        "grants",
        ["channel_id", "scope"],
        unique=True,
        postgresql_where=sa.text("revoked_at IS NULL AND scope = 'comments'"),
    )
    op.create_table(
        "posts",
        sa.Column("channel_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column(
            "media", postgresql.JSONB(astext_type=sa.Text()), server_default="[]", nullable=False
        ),
        sa.Column("summary", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column(
            "engagement",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("album", sa.BigInteger(), nullable=True),
        sa.Column("group_id", sa.BigInteger(), nullable=True),
        sa.Column("group_message_id", sa.BigInteger(), nullable=True),
        sa.Column("seen_by", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column(
            "seen_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("edited_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("deleted_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["channel_id"], ["channels.id"], name=op.f("fk_posts_channel_id")),
        sa.ForeignKeyConstraint(["seen_by"], ["accounts.id"], name=op.f("fk_posts_seen_by")),
        sa.PrimaryKeyConstraint("channel_id", "message_id", name=op.f("pk_posts")),
        postgresql_partition_by="HASH (channel_id)",
    )
    op.create_index("ix_posts_created_at", "posts", ["created_at"], unique=False)

    for n in range(16):
        op.execute(
            f"CREATE TABLE posts_{n:02d} PARTITION OF posts "
            f"FOR VALUES WITH (MODULUS 16, REMAINDER {n})"
        )
