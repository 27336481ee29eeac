"""Let nodes find what nobody holds without reading what others hold."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.create_index(
        "ix_leases_released", "leases", ["account_id"], postgresql_where=sa.text("released")
    )
