"""Find messages that are kept no longer, and the answers that refer to them, by index."""

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_index("ix_messages_recorded_at", "messages", ["recorded_at"])
    op.create_index(
        "ix_outbox_inbound_message_id",
        "outbox",
        ["inbound_message_id"],
        postgresql_where=sa.text("inbound_message_id IS NOT NULL"),
    )
