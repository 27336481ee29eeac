"""Find what a deleted topic did not take without looking through all that was ever said."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_index(
        "ix_desk_parcels_refused",
        "desk_parcels",
        ["chat_id", "thread_id", "id"],
        postgresql_where=sa.text("state = 'failed'"),
    )
