"""Say which selector judged a message, and among which versions, so that it can be judged again."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0031"
down_revision = "0030"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column("conversation_turns", sa.Column("judge", sa.Text()))
    op.add_column(
        "conversation_turns",
        sa.Column("judged_among", ARRAY(sa.BigInteger()), nullable=False, server_default="{}"),
    )
