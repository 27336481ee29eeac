"""Keep what clients write before they have a ticket, and drop a mark that nobody made."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_table(
        "desk_pending",
        sa.Column("bot_id", sa.BigInteger(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("message_id", sa.BigInteger(), nullable=False),
        sa.Column("album", sa.Text(), server_default="", nullable=False),
        sa.Column("content", postgresql.JSONB(), nullable=False),
        sa.Column(
            "kept_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.Column("adopted_by", sa.Text()),
        sa.Column("adopted_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("bot_id", "chat_id", "message_id", name=op.f("pk_desk_pending")),
    )
    op.create_index("ix_desk_pending_kept_at", "desk_pending", ["kept_at"])
    # What was relayed is in `relays`; this mark was to say the same and was never set.
    op.drop_index("ix_ticket_messages_waiting", "ticket_messages")
    op.drop_column("ticket_messages", "handed_on_at")
    op.create_index(
        "ix_ticket_messages_waiting",
        "ticket_messages",
        ["ticket_id", "id"],
        postgresql_where=sa.text("sender_type = 'CLIENT'"),
    )
