"""Remember which messages were addressed by a post's copy that an earlier lane had looked up."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column(
        "outbox",
        sa.Column("by_known_copy", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
