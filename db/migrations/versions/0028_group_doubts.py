"""Count what happens to a study group's notice, and find which of our lines answer whom."""

import sqlalchemy as sa
from alembic import op

revision = "0028"
down_revision = "0027"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column(
        "study_groups", sa.Column("doubts", sa.BigInteger(), nullable=False, server_default="0")
    )
    op.create_index(
        "ix_group_lines_answers",
        "group_lines",
        ["study_group_id", "answers_message"],
        postgresql_where=sa.text("answers_message IS NOT NULL"),
    )
