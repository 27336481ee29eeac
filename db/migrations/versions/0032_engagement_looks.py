"""Note on each comment when to look at it again, instead of as three jobs for each that is sent."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None

# Jobs were counted from the beginning of the transaction that stored the proof, looks are from the
# proof itself: a second later, so that the same look is not taken twice.
CARRY_OVER = """
    WITH planned AS (
        DELETE FROM jobs WHERE kind = 'RefreshEngagement' AND state = 'waiting'
        RETURNING CAST(payload ->> 'comment' AS bigint) AS comment, due_at
    )
    UPDATE comments c SET engagement_due_at = first.due_at + interval '1 second'
    FROM (SELECT comment, min(due_at) AS due_at FROM planned GROUP BY comment) AS first
    WHERE c.id = first.comment
"""


def upgrade() -> None:
    """Go forward; there is no way back but a backup."""
    op.add_column("comments", sa.Column("engagement_due_at", sa.DateTime(timezone=True)))
    op.execute(CARRY_OVER)
    op.create_index(
        "ix_comments_engagement_due_at",
        "comments",
        ["engagement_due_at"],
        postgresql_where=sa.text("engagement_due_at IS NOT NULL"),
    )
