"""Tell of acts that no update asked for, remember what staff were asked, follow groups that moved."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0029"
down_revision = "0028"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column(
        "ticket_events",
        sa.Column("to_tell", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    op.create_index(
        "ix_ticket_events_to_tell",
        "ticket_events",
        ["id"],
        postgresql_where=sa.text("to_tell"),
    )
    op.add_column("desk_staff", sa.Column("asked", postgresql.JSONB()))
    op.create_table(
        "desk_moved_groups",
        sa.Column("chat_id", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("moved_to", sa.BigInteger(), nullable=False),
        sa.Column(
            "moved_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False
        ),
        sa.PrimaryKeyConstraint("chat_id", name=op.f("pk_desk_moved_groups")),
    )
    # What people change in a conversation that is a ticket is shown to operators.
    op.create_index(
        "ix_messages_changed",
        "messages",
        ["conversation_id", "id"],
        postgresql_where=sa.text(
            "direction = 'incoming' AND (edited_at IS NOT NULL OR deleted_at IS NOT NULL)"
        ),
    )
