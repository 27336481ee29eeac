"""Remember with a label what becomes of conversations that live while it moves."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column(
        "script_labels",
        sa.Column("live_conversations", sa.Text(), nullable=False, server_default="stay"),
    )
    op.create_check_constraint(
        op.f("ck_script_labels_live_conversations"),
        "script_labels",
        "live_conversations IN ('stay', 'move', 'restart')",
    )
