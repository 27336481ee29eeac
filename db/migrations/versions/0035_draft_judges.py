"""Keep with each draft which selector judged its post; of what was drafted before, none is known."""

import sqlalchemy as sa
from alembic import op

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column("drafts", sa.Column("judge", sa.Text(), nullable=True))
