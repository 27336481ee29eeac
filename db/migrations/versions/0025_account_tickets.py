"""Let the desk stand for accounts' conversations: what it saw, heard and answered there."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column("handoffs", sa.Column("seen_at", sa.DateTime(timezone=True)))
    op.create_index(
        "ix_handoffs_unseen",
        "handoffs",
        ["asked_at"],
        postgresql_where=sa.text("taken_at IS NULL AND seen_at IS NULL"),
    )
    op.add_column("tickets", sa.Column("heard_upto", sa.BigInteger()))
    op.create_index(
        "ix_tickets_conversation",
        "tickets",
        ["conversation_id", "id"],
        postgresql_where=sa.text("conversation_id IS NOT NULL"),
    )
    op.create_index(
        "ix_conversations_with_people",
        "conversations",
        ["id"],
        postgresql_where=sa.text("state IN ('handed_over', 'paused')"),
    )
    op.create_table(
        "account_answers",
        sa.Column("outbox_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("ticket_id", sa.BigInteger(), nullable=False),
        sa.Column("act", sa.Text(), nullable=False),
        sa.Column("chat_id", sa.BigInteger(), nullable=False),
        sa.Column("thread_id", sa.BigInteger()),
        sa.Column("message_id", sa.BigInteger()),
        sa.Column("told_at", sa.DateTime(timezone=True)),
        sa.PrimaryKeyConstraint("outbox_id", name=op.f("pk_account_answers")),
        sa.ForeignKeyConstraint(
            ["ticket_id"],
            ["tickets.id"],
            name=op.f("fk_account_answers_ticket_id"),
            ondelete="CASCADE",
        ),
        sa.UniqueConstraint("act", name=op.f("uq_account_answers_act")),
    )
    op.create_index("ix_account_answers_ticket_id", "account_answers", ["ticket_id"])
    op.create_index(
        "ix_account_answers_untold",
        "account_answers",
        ["outbox_id"],
        postgresql_where=sa.text("told_at IS NULL"),
    )
