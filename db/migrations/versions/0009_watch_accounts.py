"""Keep what dialogues and comparisons with the server need."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""

    op.create_table(
        "account_watch",
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("dialogues_upto", sa.BigInteger(), nullable=True),
        sa.Column(
            "dialogues_progress",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="{}",
            nullable=False,
        ),
        sa.Column("dialogues_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("recovered_late", sa.BigInteger(), server_default="0", nullable=False),
        sa.Column("sessions", postgresql.JSONB(astext_type=sa.Text()), nullable=True),
        sa.Column("password_mark", sa.Text(), nullable=True),
        sa.Column("security_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"], ["accounts.id"], name=op.f("fk_account_watch_account_id")
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_account_watch")),
    )
    op.add_column(
        "channels",
        sa.Column("recovered_late", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.add_column(
        "conversations",
        sa.Column("read_upto", sa.BigInteger(), server_default="0", nullable=False),
    )
    op.add_column("messages", sa.Column("first_text", sa.Text(), nullable=True))
    op.add_column("messages", sa.Column("reply_to", sa.BigInteger(), nullable=True))
    op.add_column(
        "messages",
        sa.Column(
            "media",
            postgresql.JSONB(astext_type=sa.Text()),
            server_default="[]",
            nullable=False,
        ),
    )
    op.create_index("ix_messages_telegram_message_id", "messages", ["telegram_message_id"])
