"""Keep edits of copies on their way, and from which merged ticket words came."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0036"
down_revision = "0035"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column("desk_parcels", sa.Column("amendment", postgresql.JSONB(), nullable=True))
    op.add_column("ticket_messages", sa.Column("came_from", sa.BigInteger(), nullable=True))
